"""Every published method at its scale ``small`` beside the selections: accuracy and seconds, by data set and budget.

    python -m benchmarks.methods                                   # digits and MNIST at 1 and 10 per class: hours
    python -m benchmarks.methods --data mnist --budget 1 dm kip    # some
    python -m benchmarks.methods --data mnist --size 2000 mtt      # from fewer real ones: its experts train in epochs

One condensation each, judged by three fresh ConvNets under the default protocol (soft labels, stored views and learned
step sizes are honoured as their run's own evaluation does). Selections come first and are kept in DCVIZ_HOME.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol, Score
from dcviz.types import SyntheticSet

SELECTIONS = ("random", "herding", "medoids", "centroids", "kernel herding", "k-centre", "support points")
PROTOCOL = EvaluationProtocol()


def selections(data: str, budget: int) -> str:
    """The rivals in one line."""
    import dcviz
    from dcviz.evaluation import baseline, run_to_end
    from dcviz.runs.store import Store

    found, real, cache = [], dcviz.dataset(data), Store()
    for kind in SELECTIONS:
        score = run_to_end(baseline(kind, real, budget, PROTOCOL, cache=cache))
        found.append(f"{kind} {100 * score.mean:.1f}" if score is not None else f"{kind} –")
    return ", ".join(found)


def method(preset: str, data: str, budget: int, size: int | None = None) -> str:
    """One line: accuracy, spread over networks, seconds of condensing."""
    import dcviz
    from dcviz.runs.configure import configure

    began = time.perf_counter()
    source = DataConfig(name=data, size=size)
    *_, last = dcviz.condense(configure(data=source, preset=preset, budget=budget, live=None))
    seconds = time.perf_counter() - began
    if last.outcome is not None and last.outcome.status != "done":
        return last.outcome.text
    score = accuracy(last.synthetic, data)
    return f"{100 * score.mean:5.1f} ± {100 * score.std:.1f}   {seconds:6.0f} s"


def accuracy(s: SyntheticSet, data: str) -> Score:
    """What fresh networks reach on the test set that were trained on a finished S."""
    import dcviz
    from dcviz.evaluation import measure, run_to_end

    batch, how = s.decode(), {"label_kind": s.label_kind, "views": s.views, "step_size": s.step_size()}
    score = run_to_end(measure(batch.x, batch.y, dcviz.dataset(data), PROTOCOL, **how))
    assert score is not None
    return score


def table(presets: Sequence[str], sets: Sequence[str], budgets: Sequence[int], size: int | None = None) -> None:
    """Print it, line by line as it comes."""
    for data in sets:
        for budget in budgets:
            print(f"\n{data}, {budget} per class: {selections(data, budget)}", flush=True)
            for preset in presets:
                try:
                    line = method(preset, data, budget, size)
                except Refused as refusal:
                    line = str(refusal)
                print(f"  {preset:<14}{line}", flush=True)


def main() -> None:
    """Read what is asked for."""
    from dcviz import registry

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", help="all unless given")
    parser.add_argument("--data", nargs="+", default=["digits", "mnist"])
    parser.add_argument("--budget", nargs="+", type=int, default=[1, 10])
    parser.add_argument("--size", type=int, help="condense from so many real samples; the test set stays whole")
    asked = parser.parse_args()
    table(asked.presets or list(registry.known("preset")), asked.data, asked.budget, asked.size)


if __name__ == "__main__":
    main()
