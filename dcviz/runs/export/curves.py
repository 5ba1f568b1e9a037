"""The numbers of a run as one table: a row for each step, a column for each curve."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.runs.store import Store

Curves = Mapping[str, tuple[np.ndarray, np.ndarray]]  # by name: steps (n,) int64, values (n,) float64

FIRST = ("objective", "term:", "accuracy", "yardstick:", "off", "bytes")  # columns, by their beginning; others follow
NAME = re.compile(r"[A-Za-z][\w .:,×/()²-]{0,79}")  # of a curve: no formula for a spreadsheet to run
CELLS = 20_000_000  # that are read of one table, at most


def curves_csv(store: Store, run: str) -> str:
    """All curves of a run as CSV (UTF-8, comma, point).

    The first column is ``step``; the others are named as the store names them, with a slash for a comma
    (``yardstick:energy/pixels``), and ordered alike for all runs. A number is written so that reading it gives the
    same bits; an empty field was not measured at that step; ``nan`` was measured and is not a number.

    Raises:
        Refused: nothing was measured yet.
    """
    curves = {name.replace(", ", "/"): curve for name, curve in store.metrics(run).items() if len(curve[0])}
    if not curves:
        raise Refused(f"{run} has no curves: nothing has been measured yet.")
    return to_csv(curves)


def to_csv(curves: Curves) -> str:
    r"""Curves as a table.

    >>> to_csv({"objective": (np.array([1, 2]), np.array([0.5, 0.25])), "bytes": (np.array([2]), np.array([640.0]))})
    'step,objective,bytes\n1,0.5,\n2,0.25,640.0\n'
    """
    names = sorted(curves, key=_place)
    steps = sorted({step for name in names for step in curves[name][0].tolist()})
    cells = {name: dict(zip(*(part.tolist() for part in curves[name]), strict=True)) for name in names}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["step", *names])
    for step in steps:
        writer.writerow([step, *(repr(cells[name][step]) if step in cells[name] else "" for name in names)])
    return out.getvalue()


def from_csv(text: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The curves of `to_csv`.

    Raises:
        Refused: it is no such table.
    """
    reader = csv.reader(io.StringIO(text))
    try:
        first, *names = next(reader, [""])
        if first != "step" or len(set(names)) != len(names) or not all(map(NAME.fullmatch, names)):
            raise ValueError(f"the head of the table begins {','.join([first, *names])[:60]!r}")
        found: dict[str, list[tuple[int, float]]] = {name: [] for name in names}
        for i, row in enumerate(reader):
            if (i + 1) * len(row) > CELLS:
                raise ValueError("it is too long")
            step = _step(row[0])
            for name, cell in zip(names, row[1:], strict=True):
                if cell:
                    found[name].append((step, float(cell)))
    except (ValueError, IndexError, csv.Error) as error:
        raise Refused(f"the table of curves is damaged ({error}): export the run again.") from error
    return {name: _arrays(points) for name, points in found.items() if points}


def _arrays(points: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    steps, values = zip(*points, strict=True)
    return np.array(steps, np.int64), np.array(values, np.float64)


def _step(text: str) -> int:
    step = int(text)
    if not 0 <= step <= 10**9:
        raise ValueError(f"there is no step {step}")
    return step


def _place(name: str) -> tuple[float, str]:
    """Where a column stands."""
    return next((float(i) for i, begin in enumerate(FIRST) if name.startswith(begin)), math.inf), name
