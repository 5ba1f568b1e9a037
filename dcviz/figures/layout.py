"""Placing things: where cells of a sheet go, and labels that never overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least ``gap`` apart, in the same order, as close as possible to those wanted, within bounds.

    Least squares by pooling adjacent violators: with ``u_i = y_i - i·gap`` the constraint is that u rises. Where
    the span cannot hold them all, the gap shrinks to what fits.

    >>> spread([1.0, 1.0, 5.0], gap=1.0, low=0.0, high=10.0)
    [0.5, 1.5, 5.0]
    """
    if not len(wanted):
        return []
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[list[float]] = []  # [sum of u, members]
    for rank, i in enumerate(order):
        blocks.append([wanted[i] - rank * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, members = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += members
    shifted = [total / members for total, members in blocks for _ in range(int(members))]
    top = high - (len(order) - 1) * gap
    placed = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        placed[i] = float(np.clip(shifted[rank], low, top)) + rank * gap
    return placed


@dataclass(frozen=True)
class Grid:
    """How a sheet is laid out: classes stand in ``groups`` columns of blocks, ``rows`` rows of images per class."""

    groups: int
    rows: int
    columns: int  # synthetic images in a row
    examples: int  # real images left of the line
    tag: float = 0.0  # cells for the class label at the left of each block; 0 where it stands outside the sheet

    def size(self, classes: int) -> tuple[float, float]:
        """Width and height in cells, with room for the class label and the line."""
        width = self.tag + self.columns + self.examples + EXTRA
        return self.groups * width, -(-classes // self.groups) * self.rows

    def cell(self, classes: int, aspect: float) -> float:
        """The side of a cell where the panel is 1 high and ``aspect`` wide."""
        width, height = self.size(classes)
        return min(aspect / width, 1 / height)


EXTRA = 0.5  # cells: the line between real and synthetic, and the gap between groups
LONGEST = 9  # letters of a class label for which a block has room
HEIGHT = 400  # pixels of a sheet, about; letters do not shrink with their cells


@lru_cache(256)  # every picture of a run asks for the same one
def choose_grid(classes: int, budget: int, aspect: float = 1.15, letters: int = 1) -> Grid:
    """The layout that makes cells largest in a panel ``aspect`` times as wide as high.

    Args:
        classes: how many.
        budget: synthetic images per class.
        aspect: width over height of the panel.
        letters: of the longest class label, which costs room where blocks stand side by side.
    """
    best, found = -1.0, Grid(1, 1, budget, 1)
    for examples in (2, 1) if classes <= 20 else (1,):
        gain = 1.02 if examples == 2 else 1.2  # a second example is worth a little size
        for groups in range(1, min(classes, 12) + 1):
            for rows in range(1, min(budget, 12) + 1):
                grid = Grid(groups, rows, -(-budget // rows), examples)
                cell = grid.cell(classes, aspect)
                if groups > 1:
                    grid = replace(grid, tag=_tag(cell * HEIGHT, min(letters, LONGEST)))
                    cell = grid.cell(classes, aspect)
                if cell > best * gain:  # a plainer layout wins a near tie
                    best, found = cell, grid
                    gain = 1.02
    return found


def _tag(cell: float, letters: int) -> float:
    """Cells that a class label of so many letters takes, where a cell has so many pixels."""
    return 0.3 + letters * min(max(0.28 * cell, 5.5), 8.0) / cell
