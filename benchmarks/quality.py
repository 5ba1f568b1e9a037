"""How good condensed sets are beside the rivals that cost nothing, under one protocol and a limit of time.

    python -m benchmarks.quality                     # all cases: about half an hour on two cores
    python -m benchmarks.quality digits-1 mnist-10   # some

Every case condenses with five seeds and the same configuration. Each set, condensed or chosen, trains three fresh
networks under the printed protocol; a set's accuracy is their mean, and the spread is over the five sets. MNIST and
the part of Fashion-MNIST are read from DCVIZ_DATA; a case whose data is missing is left out, in words. Rivals are
measured once and kept in DCVIZ_HOME.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks._report import Figure, printed
from dcviz.errors import Refused
from dcviz.records import EvaluationProtocol

SEEDS = range(5)
RIVALS = ("random", "herding", "medoids", "centroids", "kernel herding", "k-centre", "support points")
PROTOCOL = EvaluationProtocol()


@dataclass(frozen=True)
class Case:
    """One data set at one budget, the configuration that is judged, and what it must reach."""

    data: str
    budget: int
    limit: float  # seconds of condensing, wall clock
    above_random: float | None = None  # points over random
    above_best: float | None = None  # points over the best selection
    clearly: bool = False  # over the best selection by two standard errors
    choices: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the command line."""
        return f"{self.data}-{self.budget}"


RIDGE = {"name": "ridge", "batch": 256}
ENERGY = {"divergence": "energy", "regime": "random-features", "settings": {"batch": 64}}
LONG = {
    "discrepancy": {"name": "ridge", "batch": 512},
    "settings": {"optimiser.rates.images": 0.05},
    "start": "medoids",
}
CASES = (
    Case("digits", 1, 10, clearly=True),
    Case("digits", 10, 10, clearly=True),
    Case("mnist", 1, 60, above_random=22, above_best=10, choices={"discrepancy": RIDGE, "steps": 400}),
    Case("mnist", 10, 120, above_random=3, choices={**ENERGY, "steps": 400}),
    Case("fashion-mnist", 10, 60, above_best=6, choices={**LONG, "steps": 400}),
)


@dataclass(frozen=True)
class Sets:
    """Accuracies of several sets of one kind, in per cent."""

    values: tuple[float, ...]
    seconds: float  # of the slowest

    @property
    def mean(self) -> float:
        """Over the sets."""
        return sum(self.values) / len(self.values)

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        n = len(self.values)
        return math.sqrt(sum((v - self.mean) ** 2 for v in self.values) / (n - 1) / n)

    def __str__(self) -> str:
        """Mean and standard error."""
        return f"{self.mean:5.1f} ± {self.error:.1f}"


def judge(case: Case, protocol: EvaluationProtocol) -> tuple[Sets, dict[str, Sets]]:
    """The condensed sets of a case and its rivals."""
    import dcviz
    from dcviz.evaluation import baseline, measure, run_to_end
    from dcviz.runs.configure import configure
    from dcviz.runs.store import Store

    data = dcviz.dataset(case.data)
    ours, slowest = [], 0.0
    for seed in SEEDS:
        config = configure(data=case.data, budget=case.budget, seed=seed, live=None, **case.choices)
        began = time.perf_counter()
        *_, last = dcviz.condense(config)
        slowest = max(slowest, time.perf_counter() - began)
        s, batch = last.synthetic, last.synthetic.decode()
        soft = {"label_kind": s.label_kind, "views": s.views, "step_size": s.step_size()}
        ours.append(100 * run_to_end(measure(batch.x, batch.y, data, protocol, seed=seed, **soft)).mean)
    rivals, cache = {}, Store()
    for kind in RIVALS:
        scores = [run_to_end(baseline(kind, data, case.budget, protocol, seed=s, cache=cache)) for s in SEEDS]
        rivals[kind] = Sets(tuple(100 * s.mean for s in scores), max(s.seconds for s in scores))
    return Sets(tuple(ours), slowest), rivals


def figures(cases: Sequence[str] = (), *, quick: bool = False, network: str = "convnet") -> Iterator[Figure]:
    """Seconds, accuracy and what it must reach for each case; quick: digits at one per class."""
    width = 128 if network == "mlp" else PROTOCOL.width
    protocol = replace(PROTOCOL, network=network, width=width)
    print(f"protocol {json.dumps(protocol.__dict__)}", flush=True)
    for case in CASES[:1] if quick else CASES:
        if cases and case.name not in cases:
            continue
        try:
            ours, rivals = judge(case, protocol)
        except Refused as error:  # its data are missing
            print(f"{case.name} left out: {error}", flush=True)
            continue
        yield from _told(case, ours, rivals)


def _told(case: Case, ours: Sets, rivals: dict[str, Sets]) -> Iterator[Figure]:
    """The condensation beside its limits, then the rivals; accuracies are means over the sets."""
    yield Figure(f"{case.name}: slowest condensation", (ours.seconds,), "s", case.limit)
    yield Figure(f"{case.name}: condensed", (ours.mean,), "%", note=f"± {ours.error:.1f}")
    best = max(rivals, key=lambda kind: rivals[kind].mean)
    gain = ours.mean - rivals[best].mean
    if case.above_random is not None:
        over = ours.mean - rivals["random"].mean
        yield Figure(f"{case.name}: above random", (over,), "points", case.above_random, at_least=True)
    if case.above_best is not None:
        yield Figure(f"{case.name}: above {best}", (gain,), "points", case.above_best, at_least=True)
    if case.clearly:
        error = max(math.hypot(ours.error, rivals[best].error), 1e-9)
        yield Figure(
            f"{case.name}: above {best}", (gain / error,), "s.e.", 2.0, at_least=True, note=f"{gain:+.1f} points"
        )
    for kind, sets in rivals.items():
        yield Figure(f"  {case.name}: {kind}", (sets.mean,), "%", note=f"± {sets.error:.1f}")


def main(names: list[str]) -> int:
    """Print the table; the exit status is the number of limits that were missed."""
    known = [case.name for case in CASES]
    if strange := [name for name in names if name not in known]:
        print(f"no case {', '.join(strange)}; there are {', '.join(known)}")
        return 2
    return printed(figures(names, network="mlp" if "--mlp" in sys.argv else "convnet"))


if __name__ == "__main__":
    sys.exit(main([a for a in sys.argv[1:] if not a.startswith("--")]))
