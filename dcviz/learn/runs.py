"""The runs of the lessons, by name: small enough to be shipped, and made anew by ``python -m dcviz.learn.make``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from dcviz.records import EvaluationProtocol, RunConfig, SavingConfig

FRAMES, FEW = 50, 16  # kept steps, at most; fewer where a hundred images change little
LIVE = EvaluationProtocol(updates=150, seeds=3, split="held_out")  # of the accuracy through time


@dataclass(frozen=True)
class Looked:
    """A property of the evaluation suite that is measured of a run, too."""

    property: str
    settings: Mapping[str, Any] = field(default_factory=dict)  # other than those of the quick scale
    judge: EvaluationProtocol | None = None  # the run's own unless given; its network then stands before the quantities


def _run(frames: int = FRAMES, **choices: Any) -> RunConfig:
    from dcviz.runs.configure import configure

    return replace(configure(**choices), saving=SavingConfig(frames=frames), live=LIVE)


def _digits(divergence: str, regime: str, **more: Any) -> Callable[[], RunConfig]:
    return partial(_run, divergence=divergence, regime=regime, **{"start": "noise", "steps": 300, **more})


def _plane(divergence: str, **settings: Any) -> Callable[[], RunConfig]:
    own = {f"divergence.{name}": value for name, value in settings.items()}
    place: dict[str, Any] = {"data": "eight-gaussians", "regime": "data", "start": "noise", "steps": 300}
    return partial(_run, divergence=divergence, settings=own, **place)


MINORITY: dict[str, Any] = {
    "data": "moons-minority",
    "divergence": "energy",
    "regime": "data",
    "start": "noise",
    "steps": 300,
}
MOONS: dict[str, Any] = {"data": "moons", "regime": "data", "steps": 300}
ROBUST: dict[str, Any] = {"data": "digits", "discrepancy": {"name": "ridge", "batch": 256}, "steps": 200, "frames": FEW}


def _private(epsilon: float) -> Callable[[], RunConfig]:
    pursued = [{"name": "private-embedding", "epsilon": epsilon}]
    return partial(_run, **MOONS, divergence="energy", objectives=pursued)


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
    "moons-kernel": partial(
        _run, **MOONS, divergence={"name": "mmd", "scales": "one", "bandwidth": 0.1}, start="k-center"
    ),
    "moons-open": partial(_run, **MOONS, divergence="energy", start="noise"),
    "moons-private": _private(1.0),
    "moons-more-private": _private(0.1),
    "digits-ridge": partial(_run, **ROBUST),
    "digits-ridge-attacked": partial(_run, **ROBUST, objectives=[{"name": "adversarial-ridge", "radius": 0.1}]),
    "digits-real-attacked": partial(_run, **ROBUST, objectives=[{"name": "adversarial-real", "radius": 0.05}]),
}
GAMES = {"coins": 240, "steps": 300}  # all steps of the run
PGD = {"steps": 20, "samples": 450}  # all test digits
CONVNET, MLP = EvaluationProtocol(seeds=10), EvaluationProtocol(network="mlp", width=128, seeds=10)
_ROBUST = (Looked("robustness", PGD, CONVNET), Looked("robustness", PGD, MLP))
GOOD: dict[str, Sequence[Looked]] = {
    **dict.fromkeys(("plane-minority", "plane-minority-weighed"), (Looked("fairness"),)),
    **dict.fromkeys(("moons-kernel", "moons-open", "moons-private", "moons-more-private"), (Looked("privacy", GAMES),)),
    **dict.fromkeys(("digits-ridge", "digits-ridge-attacked", "digits-real-attacked"), _ROBUST),
}
