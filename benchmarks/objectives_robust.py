"""What the robust objectives do for networks trained on S: clean and attacked accuracy, and transfer.

    python -m benchmarks.objectives_robust                  # both data sets: about half an hour on two busy cores
    python -m benchmarks.objectives_robust moons --seeds 5  # one; more seeds

Every objective at two strengths beside the same run without it, each condensed anew with every seed; networks of the
same seed start alike, so that differences are of pairs. Attacks are PGD-L∞ of 20 steps from a random start, on test
samples, ε in pixels (planar: coordinates). Ten per class: 20 points of two moons, 100 digits. Beside them what
everything gives: networks trained on all of T, plainly and on attacked batches. No limits: the figures are the result.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from benchmarks._report import Figure, printed
from dcviz.records import EvaluationProtocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from dcviz.training import Sample
    from dcviz.types import Batch, Dataset

Classify = Callable[["Tensor"], "Tensor"]  # samples in model space (B, *shape) -> (B, C), the largest being the answer

STEPS = 20  # of PGD
SEEDS = 3
CONVNET = EvaluationProtocol()
MLP = EvaluationProtocol(network="mlp", width=128)


@dataclass(frozen=True)
class Setting:
    """One data set: what is condensed without an objective, who is trained on it, and how hard it is attacked."""

    data: str
    plain: Mapping[str, Any]  # choices of `configure`
    judges: Mapping[str, EvaluationProtocol]  # the first is whose robustness is the aim
    strengths: tuple[float, ...]
    middle: float  # of the strengths, the one that figures are of
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Case:
    """A run with objectives, or in the place of the plain one."""

    title: str
    objectives: tuple[Mapping[str, Any], ...] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)  # instead of those of the setting


def _cases(*given: tuple[str, Mapping[str, Any]]) -> tuple[Case, ...]:
    return tuple(Case(_title(name, params), ({"name": name, **params},)) for name, params in given)


def _title(name: str, params: Mapping[str, Any]) -> str:
    return ", ".join([name, *(f"{key} {value:g}" if key != "against" else str(value) for key, value in params.items())])


def _alone(radius: float) -> tuple[Mapping[str, Any], ...]:
    return ({"name": "adversarial-ridge", "radius": radius, "share": 1.0},)


# An energy distance with half a ridge regression is another method before anything is attacked: so what a ridge brings.
CONTROL = ({"name": "adversarial-ridge", "radius": 1e-6},)
KIP = {"discrepancy": {"name": "infinite-ridge", "batch": 256}, "budget": 10, "steps": 300}
SETTINGS = (
    Setting(
        "moons",
        {"divergence": "energy", "regime": "data", "budget": 10, "steps": 500},
        {"MLP": MLP},
        (0.05, 0.1, 0.13, 0.2, 0.3),
        0.13,  # of moons 2 wide; 0.2 of moons 3 wide, as scikit-learn draws them
        (
            Case("the regression beside it, not attacked", CONTROL),
            *_cases(
                ("adversarial-real", {"radius": 0.15}),
                ("adversarial-real", {"radius": 0.15, "share": 1.0}),
                ("adversarial-synthetic", {"radius": 0.05}),
                ("adversarial-synthetic", {"radius": 0.15}),
                ("adversarial-ridge", {"radius": 0.1}),
                ("adversarial-ridge", {"radius": 0.2}),
                ("input-gradient", {"weight": 0.1}),
                ("input-gradient", {"weight": 1.0}),
                ("curvature", {"weight": 10.0}),
                ("curvature", {"weight": 100.0}),
                ("wasserstein-ball", {"gamma": 10.0}),
                ("wasserstein-ball", {"gamma": 4.0}),
            ),
            Case("KIP", (), KIP),
            *(Case(f"KIP, adversarial-ridge alone, radius {r:g}", _alone(r), KIP) for r in (0.05, 0.13)),
            Case("KIP, adversarial-ridge, radius 0.13", ({"name": "adversarial-ridge", "radius": 0.13},), KIP),
        ),
    ),
    Setting(
        "digits",
        {"discrepancy": {"name": "ridge", "batch": 256}, "budget": 10, "steps": 200},
        {"ConvNet": CONVNET, "MLP": MLP},
        (0.025, 0.05, 0.1, 0.2, 0.3),
        0.1,
        _cases(
            ("adversarial-real", {"radius": 0.05}),
            ("adversarial-real", {"radius": 0.1}),
            ("adversarial-synthetic", {"radius": 0.05}),
            ("adversarial-synthetic", {"radius": 0.1}),
            ("adversarial-ridge", {"radius": 0.05}),
            ("adversarial-ridge", {"radius": 0.1}),
            ("input-gradient", {"weight": 0.1}),
            ("input-gradient", {"weight": 1.0}),
            ("curvature", {"weight": 10.0}),
            ("curvature", {"weight": 100.0}),
            ("wasserstein-ball", {"gamma": 1.0}),
            ("wasserstein-ball", {"gamma": 0.1}),
        ),
    ),
)


@dataclass(frozen=True)
class Found:
    """What one set gives with one seed: accuracy by (judge, ε), in per cent; 0 is clean."""

    accuracy: Mapping[tuple[str, float], float]
    seconds: float = 0.0


def figures(
    settings: Sequence[Setting] = SETTINGS, *, quick: bool = False, seeds: int = SEEDS, only: str = ""
) -> Iterator[Figure]:
    """All figures, as they are found; of cases with some words in their titles. The short way: moons, one objective."""
    if quick:
        settings, seeds, only = SETTINGS[:1], 1, "adversarial-ridge, radius 0.1"
    for setting in (replace(s, cases=tuple(_asked(s.cases, only))) for s in settings):
        plain = [_condensed(setting, Case("plain"), seed) for seed in range(seeds)]
        for title, adversarial in (("all of T", False), ("all of T, adversarially", True)):
            found = [_everything(setting, adversarial, seed) for seed in range(seeds)]
            yield from _told(setting, title, found, None)
        yield from _told(setting, "plain", plain, None)
        rivals = plain
        for case in setting.cases:
            found = [_condensed(setting, case, seed) for seed in range(seeds)]
            rivals = found if case.choices and not case.objectives else rivals
            yield from _told(setting, case.title, found, rivals if rivals is not found else None)


def _asked(cases: Sequence[Case], only: str) -> Iterator[Case]:
    """Those with some words in their titles, and what they are compared with."""
    own = [case.choices for case in cases if only in case.title and case.choices]
    return (case for case in cases if only in case.title or (case.choices in own and not case.objectives))


def _told(setting: Setting, title: str, found: list[Found], plain: list[Found] | None) -> Iterator[Figure]:
    """Accuracy under every judge, clean and attacked; in the note the curve and the difference to the plain run."""
    for judge in dict.fromkeys(judge for judge, _ in found[0].accuracy):
        for strength in (0.0, setting.middle):
            values = [f.accuracy[judge, strength] for f in found]
            what = f"PGD {strength:g}" if strength else "clean"
            note = ""
            if plain is not None:
                note = _difference(values, [f.accuracy[judge, strength] for f in plain])
            if strength:
                curve = [sum(f.accuracy[judge, e] for f in found) / len(found) for e in setting.strengths]
                note += "  curve " + " ".join(f"{e:g}:{a:.1f}" for e, a in zip(setting.strengths, curve, strict=True))
            elif (judge, 0.0) == next(iter(found[0].accuracy)):
                note += f"  {max(f.seconds for f in found):.0f} s"
            yield Figure(f"{setting.data} {title}: {judge} {what}", tuple(values), "%", note=note)


def _difference(values: list[float], plain: list[float]) -> str:
    """The mean of the differences of pairs, and its standard error."""
    gaps = [a - b for a, b in zip(values, plain, strict=True)]
    mean = sum(gaps) / len(gaps)
    error = (sum((g - mean) ** 2 for g in gaps) / max(len(gaps) - 1, 1) / len(gaps)) ** 0.5
    return f"{mean:+.1f} ± {error:.1f} to plain"


def _condensed(setting: Setting, case: Case, seed: int) -> Found:
    import dcviz
    from dcviz.objectives.robust.terms import regression
    from dcviz.runs.configure import configure
    from dcviz.training import shuffles

    choices = {**(case.choices or setting.plain), "objectives": case.objectives}
    began = time.perf_counter()
    config = configure(data=setting.data, seed=seed, live=None, **choices)
    *_, last = dcviz.condense(config)
    seconds = time.perf_counter() - began
    batch, kind = last.synthetic.decode(), last.synthetic.label_kind
    accuracy = {}
    for judge, protocol in setting.judges.items():
        net = _network(setting, protocol, shuffles(batch.x, batch.y), seed, kind)
        accuracy |= _curve(setting, judge, net.eval().requires_grad_(False), seed)
    own = regression(config)
    if own["name"] == "infinite-ridge":  # nothing in it is random, so that it can be attacked itself
        accuracy |= _curve(setting, "own regression", _own(own, batch, _data(setting.data)), seed)
    return Found(accuracy, seconds)


def _own(params: Mapping[str, Any], batch: Batch, data: Dataset) -> Classify:
    """The regression that a set defines."""
    import torch

    from dcviz import registry
    from dcviz.discrepancies.predictions.ridge import one_hot
    from dcviz.types import Space

    space = Space(data.shape, len(data.classes), torch.device("cpu"))
    predict = registry.build("discrepancy", params).regression(space, torch.Generator())
    return lambda x: predict(x, batch.x, one_hot(batch.y, len(data.classes)))


def _everything(setting: Setting, adversarial: bool, seed: int) -> Found:
    """Networks trained on all of T, plainly or on batches attacked as they are drawn."""
    from dcviz.evaluation.measure import whole

    accuracy = {}
    for judge, protocol in setting.judges.items():
        sample = whole(_data(setting.data), "cpu")
        net = _network(setting, protocol, sample, seed, attacked=setting.middle if adversarial else 0.0)
        accuracy |= _curve(setting, judge, net.eval().requires_grad_(False), seed)
    return Found(accuracy)


def _network(
    setting: Setting, protocol: EvaluationProtocol, sample: Sample, seed: int, kind: str = "hard", attacked: float = 0.0
) -> nn.Module:
    """A fresh network of a protocol, trained on what is drawn, which is attacked first where a strength is given."""
    from dcviz.nets import network
    from dcviz.randomness import generator
    from dcviz.training import Training, run

    data = _data(setting.data)
    net = network(
        protocol.network, data.shape, len(data.classes), generator(seed, "evaluation network"), width=protocol.width
    )

    def drawn(size: int, at: torch.Generator) -> tuple[Tensor, Tensor]:
        x, y = sample(size, at)
        if not attacked:
            return x, y
        return _attacked(data, net, x, y, attacked, at, steps=5), y

    return run(net, drawn, Training.of(protocol, kind), generator(seed, "evaluation training"))


def _curve(setting: Setting, judge: str, classify: Classify, seed: int) -> dict[tuple[str, float], float]:
    from dcviz.evaluation.measure import in_model_space
    from dcviz.randomness import generator

    data = _data(setting.data)
    x, y = in_model_space(data, data.test, slice(None))
    found = {}
    for strength in (0.0, *setting.strengths):
        there = _attacked(data, classify, x, y, strength, generator(seed, "attack"), steps=STEPS) if strength else x
        found[judge, strength] = 100 * float((classify(there).argmax(1) == y).float().mean())
    return found


def _attacked(  # noqa: PLR0913  (an attack has so many parts)
    data: Dataset, classify: Classify, x: Tensor, y: Tensor, strength: float, at: torch.Generator, *, steps: int
) -> Tensor:
    """Samples in model space, moved by PGD in pixels or coordinates."""
    from dcviz.attacks import UNIT, climb, last, slope

    u = data.transform.inverse(x)
    box = None if data.planar else UNIT
    moves = climb(
        lambda v: slope(lambda w: classify(data.transform.forward(w)), v, y),
        u, strength, norm="linf", steps=steps, start=at, box=box,
    )  # fmt: skip
    return data.transform.forward(last(moves))


@cache
def _data(name: str) -> Dataset:
    from dcviz.data import dataset

    return dataset(name)


def main() -> int:
    """Print the table; the exit status is the number of limits that were missed: there are none."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="*", help=", ".join(s.data for s in SETTINGS) + "; all by default")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", default="", help="cases whose title contains this")
    chosen = parser.parse_args()
    if strange := set(chosen.data) - {s.data for s in SETTINGS}:
        parser.error(f"no data set {', '.join(strange)}; there are {', '.join(s.data for s in SETTINGS)}")
    settings = [s for s in SETTINGS if not chosen.data or s.data in chosen.data]
    return printed(figures(settings, seeds=chosen.seeds, only=chosen.only))


if __name__ == "__main__":
    sys.exit(main())
