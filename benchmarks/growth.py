"""How time and memory grow with the data, the set, the classes, the images and the store, beside what they must.

    python -m benchmarks.growth                        # everything: about seven minutes on two cores
    python -m benchmarks.growth rows runs --to growth.html

Each cell is a process of its own on one thread. Seconds are the processor's, which other programs hardly change: the
median of five updates of S after a first one. Memory is the peak of the process beyond a tiny run in it. From the last
three cells of a row comes the exponent, the slope of a line through their logarithms, beside the one that the
mathematics needs; a limit leaves 0.15 for noise.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._growing import MEASURED
from benchmarks._report import ROOT, Figure, printed

NOISE = 0.15  # of an exponent
LAST = 3  # cells that it is taken from
LEAST = 4.0  # MB: below this the memory of a process says nothing


@dataclass(frozen=True)
class Row:
    """One thing that grows, and the exponents that time and memory may have."""

    name: str
    title: str
    values: tuple[int, ...]
    needs: dict[str, tuple[str, str, float]]  # by what a cell measures: what it is, its unit, the exponent


STEP = ("an update of S", "s")
ROWS = (
    Row(
        "rows",
        "real rows, 3×32×32 bytes in a file, ten classes",
        (1_000, 10_000, 100_000, 1_000_000),
        {"step": (*STEP, 0), "opening": ("opening, each row once", "s", 1), "memory": ("memory", "MB", 0)},
    ),
    Row(
        "images",
        "synthetic images, 1×8×8, ten classes",
        (10, 100, 1_000, 5_000),
        {"step": (*STEP, 1), "memory": ("memory", "MB", 1)},
    ),
    Row(
        "pairs",
        "synthetic images, each compared with all of its class",
        (10, 100, 1_000, 5_000),
        {"step": (*STEP, 2), "memory": ("memory", "MB", 2)},
    ),
    Row(
        "classes",
        "classes of 20 real images, one synthetic image each, 1×8×8",
        (2, 10, 100, 1_000),
        {"step": (*STEP, 1), "opening": ("opening", "s", 1), "memory": ("memory", "MB", 1)},
    ),
    Row(
        "side",
        "side of the images, 3 channels, ten classes: as the pixels do",
        (8, 16, 32, 64, 128),
        {"step": (*STEP, 2), "memory": ("memory", "MB", 2)},
    ),
    Row(
        "runs",
        "stored runs",
        (1, 30, 100, 1_000, 10_000),  # a list shows twenty at a time
        {
            "opening": ("opening the store", "s", 0),
            "page": ("a gallery page, all counted", "s", 1),
            "words": ("a page found by words", "s", 1),
            "listing": ("dcviz runs", "s", 0),
            "creating": ("creating one more", "s", 0),
            "memory": ("memory", "MB", 0),
        },
    ),
)


def figures(parts: Sequence[str] = (), *, quick: bool = False, to: Path | None = None) -> Iterator[Figure]:
    """The cells of each row, and the exponents; ``quick`` leaves the largest cell of each row out."""
    found = {}
    for row in ROWS:
        if not parts or row.name in parts:
            cells = found[row.name] = {}
            for value in row.values[:-1] if quick else row.values:
                cells[value] = _cell(row.name, value)
                yield from _measured(row, value, cells[value])
            yield from _exponents(row, cells)
    if to is not None:
        _drawn(found, to)


def _cell(name: str, value: int) -> dict[str, Any]:
    """What one cell measures, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="dcviz-growth-") as home:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "DCVIZ_HOME": home}
        command = [sys.executable, "-m", "benchmarks._growing", name, str(value), home]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _measured(row: Row, value: int, cell: dict[str, Any]) -> Iterator[Figure]:
    for key, (what, unit, _) in row.needs.items():
        yield Figure(f"  {row.name} {value:,}: {what}", (cell[key],), unit)


def _exponents(row: Row, cells: dict[int, dict[str, Any]]) -> Iterator[Figure]:
    for key, (what, _, needed) in row.needs.items():
        least = LEAST if key == "memory" else 0.0
        last = [(value, max(cell[key], least)) for value, cell in cells.items()][-LAST:]
        note = f"the mathematics needs {needed:g}; {row.title}"
        yield Figure(f"{row.name}: exponent of {what}", (slope(last),), "", needed + NOISE, note=note)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of a line through the logarithms, by least squares.

    >>> round(slope([(1, 3), (10, 300), (100, 30000)]), 6)
    2.0
    """
    x, y = ([math.log(p[i]) for p in points] for i in (0, 1))
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


def _drawn(found: dict[str, dict[int, dict[str, Any]]], to: Path) -> None:
    """All rows as lines in logarithms, one page with a plot each for seconds and megabytes."""
    from plotly.subplots import make_subplots

    rows = [row for row in ROWS if row.name in found]
    titles = [title for row in rows for title in (f"{row.title}: s", "MB")]
    plot = make_subplots(rows=len(rows), cols=2, subplot_titles=titles, vertical_spacing=0.35 / max(len(rows), 1) / 2)
    for i, row in enumerate(rows, 1):
        cells = found[row.name]
        for key, (what, unit, _) in row.needs.items():
            column = 1 if unit == "s" else 2
            line = {"x": list(cells), "y": [cell[key] for cell in cells.values()], "name": f"{row.name}: {what}"}
            plot.add_scatter(**line, mode="lines+markers", row=i, col=column)
    plot.update_xaxes(type="log", dtick=1).update_yaxes(type="log", dtick=1, range=[-4.5, 1.2])  # decades
    plot.update_yaxes(range=[0, 3.5], col=2)
    plot.update_layout(height=320 * len(rows), template="plotly_white", font_size=11)
    if to.suffix == ".html":
        plot.write_html(to, include_plotlyjs=True)
    else:
        plot.write_image(to)


def main() -> int:
    """Print the tables; the exit status is the number of exponents that are too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(MEASURED)}; all unless given")
    parser.add_argument("--quick", action="store_true", help="without the largest cell of each row")
    parser.add_argument("--to", type=Path, metavar="FILE", help="also as a picture: .html, or .svg where kaleido is")
    asked = parser.parse_args()
    if strange := set(asked.parts) - set(MEASURED):
        parser.error(f"no part {', '.join(sorted(strange))}; there are {', '.join(MEASURED)}")
    return printed(figures(asked.parts, quick=asked.quick, to=asked.to))


if __name__ == "__main__":
    sys.exit(main())
