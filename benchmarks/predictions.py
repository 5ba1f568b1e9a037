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

import platform
import sys
import time
from dataclasses import dataclass, field
from typing import Any

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


def main(names: list[str]) -> int:
    """Print the table; the exit status is the number of methods that missed something."""
    import torch

    methods = [m for m in METHODS if not names or m.name in names]
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, {len(SEEDS)} seeds")
    print(f"{'method':<9}" + "".join(f"{column:<14}" for column in COLUMNS) + "seconds, and what was reached")
    missed = 0
    for method in methods:
        found, used = judge(method)
        means, seconds = found["class means"].mean, found["own ridge"].seconds
        reached = {
            "time": seconds <= LIMIT,
            "own ridge": found["own ridge"].mean > means,
            "ConvNet": found["ConvNet"].mean > means,
        }
        missed += not all(reached.values())
        cells = "".join(f"{found[column]!s:<14}" for column in COLUMNS)
        verdict = " · ".join(f"{key} {'✓' if ok else '✗ MISSED'}" for key, ok in reached.items())
        print(f"{method.name:<9}{cells}{seconds:4.1f} of {LIMIT:.0f} (processor {used:.1f})  {verdict}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
