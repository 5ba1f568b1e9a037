"""What regressions on S promise, and what networks trained on S keep: digits at one per class, in ten seconds.

    python -m benchmarks.predictions            # all methods, three seeds: about two minutes on two cores
    python -m benchmarks.predictions kip rfad   # some

Each method condenses the digits with its small preset, cut to steps that fit the limit. Printed beside the seconds,
each as mean ± standard error over the seeds: the accuracy of its own regression (`dcviz.evaluation.own_ridge`, where
the protocol is stated), of a ConvNet and of an MLP trained on the set (the default protocol), of the same regression
on the class means, and of the same regression on random images. Both the regression and the ConvNet should be above
the regression on class means. The limit is of the wall clock; on a busy machine the processor's time says more.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks._report import Figure, printed
from benchmarks.quality import Sets
from dcviz.records import EvaluationProtocol

LIMIT = 10.0  # seconds of condensing, wall clock
SEEDS = range(3)
NETWORKS = {"ConvNet": ("convnet", 32), "MLP": ("mlp", 128)}
COLUMNS = ("own ridge", *NETWORKS, "class means", "random")


@dataclass(frozen=True)
class Method:
    """A configuration that is judged."""

    name: str
    choices: dict[str, Any] = field(default_factory=dict)


METHODS = (
    Method("ridge", {"discrepancy": "ridge", "steps": 400}),
    Method("kip", {"preset": "kip", "steps": 100}),
    Method("rfad", {"preset": "rfad", "steps": 400}),
    Method("frepo", {"preset": "frepo", "steps": 400}),
)


def judge(method: Method) -> tuple[dict[str, Sets], float]:
    """The figures of one method, in per cent, by column; the processor's seconds of its slowest condensation."""
    from dcviz.condensing.loop import condense
    from dcviz.condensing.start import start
    from dcviz.evaluation import measure, run_to_end
    from dcviz.evaluation.own_ridge import own_ridge
    from dcviz.randomness import generator
    from dcviz.runs.configure import configure
    from dcviz.runs.problem import build

    found: dict[str, list[float]] = {column: [] for column in COLUMNS}
    slowest = (0.0, 0.0)
    for seed in SEEDS:
        began, used = time.perf_counter(), time.process_time()
        setup = build(configure(data="digits", budget=1, seed=seed, live=None, **method.choices))
        *_, last = condense(setup.problem, setup.start)
        slowest = max(slowest, (time.perf_counter() - began, time.process_time() - used))
        data, s, (part,) = setup.dataset, last.state.synthetic, setup.problem.discrepancy.parts  # type: ignore[attr-defined]
        (state,), batch = last.state.inner, s.decode()
        rivals = {
            "class means": start("centroids", data, 1, generator(seed, "start")),
            "random": start("real", data, 1, generator(seed, "rival")),
        }
        for column, (x, y) in {"own ridge": (batch.x, batch.y), **rivals}.items():
            work = own_ridge(x.to(setup.device), y.to(setup.device), data, part, state=state, seed=seed)
            found[column].append(100 * run_to_end(work).mean)
        for column, (network, width) in NETWORKS.items():
            protocol = EvaluationProtocol(network=network, width=width)
            work = measure(
                batch.x, batch.y, data, protocol, seed=seed, device=setup.device, label_kind=s.label_kind, views=s.views
            )
            found[column].append(100 * run_to_end(work).mean)
    return {column: Sets(tuple(values), slowest[0]) for column, values in found.items()}, slowest[1]


def figures(methods: Sequence[str] = (), *, quick: bool = False) -> Iterator[Figure]:
    """Seconds and accuracies of each method, beside the same regression on the class means; quick: of the first."""
    for method in METHODS[:1] if quick else METHODS:
        if methods and method.name not in methods:
            continue
        found, used = judge(method)
        means, name = found["class means"].mean, method.name
        seconds = found["own ridge"].seconds
        yield Figure(f"{name}: slowest condensation", (seconds,), "s", LIMIT, note=f"{used:.1f} s of processor time")
        for column in COLUMNS:
            limit = means if column in ("own ridge", "ConvNet") else None
            note = f"± {found[column].error:.1f}" + ("; above the regression on class means" if limit else "")
            yield Figure(f"{name}: {column}", (found[column].mean,), "%", limit, at_least=True, note=note)


def main(names: list[str]) -> int:
    """Print the table; the exit status is the number of limits that were missed."""
    if strange := set(names) - {method.name for method in METHODS}:
        print(f"no method {', '.join(sorted(strange))}; there are {', '.join(method.name for method in METHODS)}")
        return 2
    return printed(figures(names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
