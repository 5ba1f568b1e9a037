"""Which method is best on the digits in ten seconds: what the Lab's default is chosen by.

    python -m benchmarks.default            # every cell, preset and method at 10 per class: about ten minutes
    python -m benchmarks.default --budget 1

Every method gets the same seconds of steps (its schedule is fitted to the number of steps they allow), the default
optimiser and start, or its own where it is a preset, and is judged on the test set by three fresh ConvNets and MLPs.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

SECONDS = 10.0
TRIAL = 8  # steps that are timed to know how many fit


def methods() -> dict[str, dict[str, Any]]:
    """What `configure` takes for everything that is declared."""
    from dcviz import registry

    cells = {
        f"{divergence} in {regime}": {"divergence": divergence, "regime": regime}
        for regime in registry.known("regime")
        for divergence in registry.known("divergence")
    }
    own = {name: {"discrepancy": name} for name in registry.known("discrepancy") if name != "match"}
    return cells | own | {f"{name} (small)": {"preset": name} for name in registry.known("preset")}


def condensed(choices: dict[str, Any], budget: int, seed: int) -> tuple[Any, int]:
    """S after about `SECONDS` of steps, and their number."""
    from dcviz.condensing.loop import begin, step
    from dcviz.runs.configure import configure
    from dcviz.runs.problem import build

    config = configure(data="digits", budget=budget, seed=seed, live=None, **choices)
    setup = build(config)
    state = begin(setup.problem, setup.start.map(lambda t: t.clone()))
    state = step(setup.problem, state)  # the first pays for imports
    began = time.perf_counter()
    for _ in range(TRIAL):
        state = step(setup.problem, state)
    steps = max(TRIAL, int(SECONDS * TRIAL / (time.perf_counter() - began)))
    setup = build(replace(config, steps=steps))
    state = begin(setup.problem, setup.start)
    for _ in range(steps):
        state = step(setup.problem, state)
    return state.synthetic, steps


def main() -> None:
    """Print the table, best first."""
    import torch

    from dcviz.data import dataset
    from dcviz.evaluation import measure, run_to_end
    from dcviz.records import EvaluationProtocol

    parser = argparse.ArgumentParser()
    parser.add_argument("--budget", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    budget, seeds = (chosen := parser.parse_args()).budget, range(chosen.seeds)
    data, judges = dataset("digits"), {"convnet": 32, "mlp": 128}
    print(f"digits, {budget} per class, {SECONDS:g} s of steps, {torch.get_num_threads()} threads, {len(seeds)} seeds")
    print(f"{'method':<28}{'steps':>7}{'convnet':>10}{'mlp':>8}", flush=True)
    rows = []
    for name, choices in methods().items():
        found: dict[str, list[float]] = {judge: [] for judge in judges}
        for seed in seeds:
            synthetic, steps = condensed(choices, budget, seed)
            batch = synthetic.decode()
            soft = {"label_kind": synthetic.label_kind, "views": synthetic.views}
            for judge, width in judges.items():
                protocol = EvaluationProtocol(network=judge, width=width)
                found[judge].append(run_to_end(measure(batch.x, batch.y, data, protocol, seed=seed, **soft)).mean)
        rows.append((*(100 * sum(v) / len(v) for v in found.values()), name, steps))
        print(f"{name:<28}{steps:>7}{rows[-1][0]:>10.1f}{rows[-1][1]:>8.1f}", flush=True)
    print("\nbest first, by the ConvNet:")
    for convnet, mlp, name, steps in sorted(rows, reverse=True):
        print(f"{name:<28}{steps:>7}{convnet:>10.1f}{mlp:>8.1f}")


if __name__ == "__main__":
    main()
