"""The runs of the lessons, by name: small enough to be shipped, and made anew by ``python -m dcviz.learn.make``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from dcviz.records import EvaluationProtocol, RunConfig, SavingConfig

FRAMES = 50  # kept steps, at most
LIVE = EvaluationProtocol(updates=150, seeds=3, split="held_out")  # of the accuracy through time


def _run(**choices: Any) -> RunConfig:
    from dcviz.runs.configure import configure

    return replace(configure(**choices), saving=SavingConfig(frames=FRAMES), live=LIVE)


def _digits(divergence: str, regime: str, **more: Any) -> Callable[[], RunConfig]:
    return partial(_run, divergence=divergence, regime=regime, **{"start": "noise", "steps": 300, **more})


def _plane(divergence: str, **settings: Any) -> Callable[[], RunConfig]:
    own = {f"divergence.{name}": value for name, value in settings.items()}
    place = {"data": "eight-gaussians", "regime": "data", "start": "noise", "steps": 300}
    return partial(_run, divergence=divergence, settings=own, **place)


MINORITY: dict[str, Any] = {
    "data": "moons-minority",
    "divergence": "energy",
    "regime": "data",
    "start": "noise",
    "steps": 300,
}
RUNS: dict[str, Callable[[], RunConfig]] = {
    "digits-ten": _digits("energy", "random-features"),
    "digits-one": _digits("energy", "random-features", budget=1),
    "digits-pixels": _digits("energy", "data"),
    "digits-trained": _digits("energy", "trained-features"),
    "digits-statistics": _digits("energy", "batch-norm"),
    "digits-gradients": partial(_run, preset="dc", start="noise"),
    "digits-trajectories": partial(_run, preset="mtt", start="noise"),
    "digits-fisher": _digits("fisher", "data"),
    "digits-ksd": _digits("ksd", "data"),
    "plane-mean": _plane("mean"),
    "plane-spread": _plane("central-moments"),
    "plane-energy": _plane("energy"),
    "plane-narrow": _plane("mmd", scales="one", bandwidth=0.03),
    "plane-right": _plane("mmd", scales="one", bandwidth=0.1),
    "plane-wide": _plane("mmd", scales="one", bandwidth=1.0),
    "plane-minority": partial(_run, **MINORITY),
    "plane-minority-weighed": partial(_run, **MINORITY, objectives=[{"name": "group-weights", "equality": 0.5}]),
}
GOOD = {  # what of the evaluation suite is measured of a run, too
    "plane-minority": "fairness",
    "plane-minority-weighed": "fairness",
}
