"""What bfloat16 inside the networks does to the accuracy of S: pairs of condensations from the same seeds.

    python -m benchmarks.precision                    # DM and DSA on the digits, five seeds each: minutes
    python -m benchmarks.precision dm --data mnist --seeds 3

Limit: the mean difference lies within two of its standard errors, or half a point.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from statistics import fmean, stdev

from benchmarks._report import COLUMNS, Figure, head, told
from benchmarks.methods import accuracy
from benchmarks.step import PRECISION


def main() -> int:
    """Read what is asked for; returns how many limits were missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", help=f"of {', '.join(PRECISION)}; dm and dsa unless given")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--budget", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    print(head(), COLUMNS, sep="\n")
    return told(difference(preset, asked.data, asked.budget, asked.seeds) for preset in asked.presets or ["dm", "dsa"])


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """DM and DSA on the digits."""
    for preset in ("dm", "dsa"):
        yield difference(preset, "digits", 1, 2 if quick else 5)


def difference(preset: str, data: str, budget: int, seeds: int) -> Figure:
    """Points of accuracy that bfloat16 adds, over the seeds."""
    pairs = [
        [condensed(preset, data, budget, seed, precision) for precision in ("float32", "bfloat16")]
        for seed in range(seeds)
    ]
    gains = [rough - exact for exact, rough in pairs]
    gain, error = round(fmean(gains), 6) + 0.0, stdev(gains) / len(gains) ** 0.5  # no -0.0
    exact, rough = (fmean(side) for side in zip(*pairs, strict=True))
    return Figure(
        f"{preset}, {data}, {budget} per class: bfloat16 less float32",
        (abs(gain),),
        "points",
        max(2 * error, 0.5),
        note=f"{exact:.1f} and {rough:.1f}; difference {gain:+.1f} ± {error:.1f} over {seeds} seeds",
    )


def condensed(preset: str, data: str, budget: int, seed: int, precision: str) -> float:
    """The accuracy of one condensation at scale small, in per cent."""
    import dcviz
    from dcviz.runs.configure import configure

    config = configure(
        data=data, preset=preset, budget=budget, seed=seed, live=None, settings={PRECISION[preset]: precision}
    )
    *_, last = dcviz.condense(config)
    return 100 * accuracy(last.synthetic, data).mean


if __name__ == "__main__":
    sys.exit(main())
