"""The sheet: every synthetic image, rows = classes, real examples left of a line; one composed picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dcviz.figures.layout import EXTRA, Grid, choose_grid
from dcviz.figures.pack import LOSSLESS, pack, picture, png
from dcviz.figures.palette import Theme, class_colours, tokens

SHOWN = 500_000  # pixels beyond which a live sheet is averaged down: twice what its panel has

Arrays = Mapping[str, Any]


def sheet(frame: Arrays, real: Arrays, theme: Theme, lossless: int = LOSSLESS) -> dict[str, Any]:
    """The composed picture of ``frame`` and where everything in it lies.

    Args:
        frame: ``images (M, channels, height, width)`` uint8, ``labels (M,)``, ``ids (M,)``.
        real: ``thumbs (n, channels, height, width)`` uint8, ``labels (n,)``, ``ids (n,)``, ``classes`` (names).
        theme: the theme's name.
        lossless: bytes up to which the picture is a PNG.

    Returns:
        ``src`` (data URL), ``width`` and ``height`` in native pixels, ``smooth`` (whether enlarging may blur),
        ``cells`` (ids with left, top in native pixels; cell side), ``rows`` (class labels), ``tag`` (room for these
        at the left of each block; 0 where they stand outside), ``lines``, ``alt``.
    """
    names = [str(c) for c in real["classes"]]
    images, labels, ids = (np.asarray(frame[k]) for k in ("images", "labels", "ids"))
    budget = int(np.bincount(labels, minlength=1).max())
    grid = choose_grid(len(names), budget, letters=max(map(len, names)))
    canvas = _Canvas(grid, len(names), images.shape[1:], inverted(real, theme))
    left, top = canvas.place(labels)
    canvas.draw(images, left, top)
    examples = example_rows(real["labels"], len(names), grid.examples).ravel()
    there, (x, y) = examples >= 0, canvas.margin(len(names))
    canvas.draw(np.asarray(real["thumbs"])[examples[there]], x[there], y[there])
    return {
        "src": picture(canvas.shrunk(), lossless),
        "width": canvas.width,
        "height": canvas.height,
        "side": [canvas.w, canvas.h],
        "cells": {"ids": pack(ids, "int32"), "left": pack(left, "uint16"), "top": pack(top, "uint16")},
        "tag": canvas.tag,
        "rows": canvas.labels(names, class_colours(len(names), theme)),
        "lines": canvas.lines(),
        "line": tokens(theme).hairline,
        "alt": f"{len(images)} synthetic images, {budget} per class, of {len(names)} classes, with real examples.",
    }


def thumbnail(frame: Arrays, theme: Theme = "light", columns: int = 10) -> bytes:
    """A small, nearly square PNG of the first images of the first ten classes, without margin."""
    return png(first_images(frame, theme, columns))


def first_images(frame: Arrays, theme: Theme, columns: int = 10) -> np.ndarray:
    """The first images of the first ten classes in a nearly square picture ``(H, W, channels + 1)``, uint8."""
    images, labels = np.asarray(frame["images"]), np.asarray(frame["labels"])
    classes = np.unique(labels)[:10]
    rows = [images[labels == c][:columns] for c in classes]
    width = max(len(r) for r in rows)
    per_line = max(1, round(math.sqrt(len(rows) / width)))  # classes side by side, where each has few images
    flip = inverted({"thumbs": images}, theme)
    canvas = _Canvas(Grid(1, 1, per_line * width, 0), -(-len(rows) // per_line), images.shape[1:], flip)
    for i, row in enumerate(rows):
        line, place = divmod(i, per_line)
        canvas.draw(row, (place * width + np.arange(len(row))) * canvas.w, np.full(len(row), line * canvas.h))
    return canvas.pixels[:, : per_line * width * canvas.w]


def atlas(thumbs: np.ndarray, theme: Theme, flip: bool | None = None) -> dict[str, Any]:
    """Images in one picture, 64 in a row: sent once, cut up by the browser.

    Args:
        thumbs: ``(n, channels, height, width)`` uint8.
        theme: the theme's name.
        flip: whether they are shown as ink on paper; by default as they themselves suggest.
    """
    n, _, h, w = thumbs.shape
    columns = min(64, n)
    flip = inverted({"thumbs": thumbs}, theme) if flip is None else flip
    padded = np.zeros((-(-n // columns) * columns, *thumbs.shape[1:]), np.uint8)
    padded[:n] = ~thumbs if flip else thumbs
    tiled = padded.reshape(-1, columns, *thumbs.shape[1:]).transpose(0, 3, 1, 4, 2)  # rows, h, columns, w, channels
    pixels = tiled.reshape(-1, columns * w, thumbs.shape[1])
    return {"src": picture(np.ascontiguousarray(pixels), 1_500_000), "columns": columns, "count": n, "side": [w, h]}


def inverted(real: Arrays, theme: Theme) -> bool:
    """Whether grey images on black (digits, letters) are shown as ink on paper: in the light theme."""
    thumbs = np.asarray(real["thumbs"])
    return theme == "light" and thumbs.shape[1] == 1 and float(thumbs[:256].mean()) < 0.42 * 255


def example_frame(real: Arrays, budget: int) -> dict[str, Any]:
    """Real samples in the place of synthetic ones: the next ``budget`` of each class after those in the margin."""
    labels = np.asarray(real["labels"])
    names = [str(c) for c in real["classes"]]
    skip = choose_grid(len(names), budget, letters=max(map(len, names))).examples
    rows = [np.flatnonzero(labels == c)[skip : skip + budget] for c in range(len(real["classes"]))]
    at = np.concatenate(rows)
    return {"images": np.asarray(real["thumbs"])[at], "labels": labels[at], "ids": np.arange(len(at))}


def example_rows(labels: Sequence[int] | np.ndarray, classes: int, count: int) -> np.ndarray:
    """Positions of the first ``count`` samples of each class ``(classes, count)``; -1 where there are too few."""
    labels = np.asarray(labels)
    found = np.full((classes, count), -1)
    for c in range(classes):
        first = np.flatnonzero(labels == c)[:count]
        found[c, : len(first)] = first
    return found


class _Canvas:
    """Transparent pixels with a grid of cells over them."""

    def __init__(self, grid: Grid, classes: int, shape: tuple[int, ...], flip: bool) -> None:
        channels, height, width = shape
        gap = max(1, round(height / 9))
        self.grid, self.classes, self.flip = grid, classes, flip
        self.w, self.h, self.image = width + gap, height + gap, (height, width)
        self.tag = round(grid.tag * self.w)
        self.x0 = self.tag + round((grid.examples + EXTRA) * self.w) if grid.examples else 0  # synthetic images begin
        self.group = self.x0 + grid.columns * self.w + round(EXTRA * self.w)  # width of one block of classes
        self.per_group = -(-classes // grid.groups)
        self.width = grid.groups * self.group - round(EXTRA * self.w)
        self.height = self.per_group * grid.rows * self.h
        self.pixels = np.zeros((self.height, self.width, channels + 1), np.uint8)

    def place(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Left and top ``(M,)`` of synthetic images, in their order within the class."""
        order = np.zeros(len(labels), int)
        for c in np.unique(labels):
            order[labels == c] = np.arange((labels == c).sum())
        block, row = labels // self.per_group, labels % self.per_group
        left = block * self.group + self.x0 + order % self.grid.columns * self.w
        return left, (row * self.grid.rows + order // self.grid.columns) * self.h

    def margin(self, classes: int) -> tuple[np.ndarray, np.ndarray]:
        """Left and top of the real examples, class by class."""
        c, j = (a.ravel() for a in np.indices((classes, self.grid.examples)))
        return c // self.per_group * self.group + self.tag + j * self.w, c % self.per_group * self.grid.rows * self.h

    def draw(self, images: np.ndarray, left: np.ndarray, top: np.ndarray) -> None:
        """Copy images ``(m, channels, height, width)`` to their places, opaque."""
        height, width = self.image
        for image, x, y in zip(images, left, top, strict=True):
            cell = self.pixels[y : y + height, x : x + width]
            cell[..., :-1] = (255 - image if self.flip else image).transpose(1, 2, 0)
            cell[..., -1] = 255

    def shrunk(self) -> np.ndarray:
        """The pixels, averaged down where they are more than a screen can show."""
        factor = math.ceil(math.sqrt(self.width * self.height / SHOWN))
        if factor <= 1:
            return self.pixels
        H, W = (s // factor * factor for s in self.pixels.shape[:2])
        blocks = self.pixels[:H, :W].reshape(H // factor, factor, W // factor, factor, -1)
        return blocks.mean((1, 3)).round().astype(np.uint8)

    def labels(self, names: list[str], colours: list[str]) -> list[dict[str, Any]]:
        """The class labels: text, colour, left edge and middle of the row in native pixels."""
        tall = self.grid.rows * self.h
        return [
            {
                "text": name,
                "colour": colour,
                "x": c // self.per_group * self.group,
                "y": (c % self.per_group) * tall + self.image[0] / 2,
            }
            for c, (name, colour) in enumerate(zip(names, colours, strict=True))
        ]

    def lines(self) -> list[float]:
        """Where the lines between real and synthetic stand."""
        if not self.grid.examples:
            return []
        inset = (self.x0 + self.tag + self.grid.examples * self.w - (self.w - self.image[1])) / 2
        return [g * self.group + inset for g in range(self.grid.groups)]
