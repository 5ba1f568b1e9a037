"""One update of S beside the field's own way of writing it, at the published sizes and at the Lab's.

    python -m benchmarks.step                                        # everything: about twenty minutes on two cores
    python -m benchmarks.step dm dsa --shapes 28 --budgets 1 10

Two processes with as many threads each take turns of half a second or one update, so that whatever else the machine
does meets both alike, and short updates run as they do in a run, one after another; the ratio is that of the medians.
Images are random: no operation looks at what is on them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from benchmarks._report import COLUMNS, Figure, head, told
from dcviz.records import RunConfig

SHAPES = {28: (1, 28, 28), 32: (3, 32, 32), 8: (1, 8, 8)}
ROUGH = 2.5  # with bfloat16, for DM and M3D
LIMITS = {"dm": 2.0, "m3d": 2.0, "dc": 1.8, "dsa": 1.8}  # how many times faster, on two CPU cores
PRECISION = {method: "precision" if method in ("dc", "dsa") else "regime.precision" for method in LIMITS}  # its path
SMALL = 2.2  # at the scale of the Lab
REAL = 600  # images of each class
TURN = 0.5  # seconds
CLASSES = 10


def main() -> int:
    """Read what is asked for; returns how many limits were missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", help="of dm, m3d, dc, dsa; all unless given")
    parser.add_argument("--shapes", nargs="+", type=int, default=[28, 32], choices=list(SHAPES))
    parser.add_argument("--budgets", nargs="+", type=int, default=[1, 10, 50])
    parser.add_argument("--scale", default="paper", choices=["paper", "small"])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"], help="of our networks")
    parser.add_argument("--child", nargs=6, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        who, method, shape, budget, scale, precision = asked.child
        serve(who, method, SHAPES[int(shape)], int(budget), scale, precision)
        return 0
    print(head(), COLUMNS, sep="\n")
    return told(
        compare(method, shape, budget, asked.scale, asked.precision, asked.pairs)
        for method in asked.methods or ["dm", "m3d", "dc", "dsa"]
        for shape in asked.shapes
        for budget in asked.budgets
    )


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """All methods at the published sizes and at the Lab's, or a few of them."""
    shapes, budgets, pairs = ([28], [10], 2) if quick else ([28, 32], [1, 10, 50], 5)
    for method in ("dm", "dsa") if quick else LIMITS:
        for shape in shapes:
            for budget in budgets:
                yield compare(method, shape, budget, "paper", "float32", pairs)
        if method in ("dm", "m3d"):
            yield compare(method, 28, 10, "paper", "bfloat16", pairs)
        yield compare(method, 8, 10, "small", "float32", pairs)


def compare(method: str, shape: int, budget: int, scale: str, precision: str, pairs: int) -> Figure:  # noqa: PLR0913
    """How many times faster dcviz is, by pairs of updates."""
    names = [method, str(shape), str(budget), scale, precision]
    command = [sys.executable, "-m", "benchmarks.step", "--child"]
    sides = [
        subprocess.Popen([*command, who, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for who in ("ours", "field")
    ]
    try:
        for side in sides:
            _ask(side)  # the first turn of each is warming up
        times = [[_ask(side) for side in sides] for _ in range(pairs)]
    finally:
        for side in sides:
            side.terminate()
            side.wait()
    ours, field = (median(column) for column in zip(*times, strict=True))
    size = "×".join(map(str, SHAPES[shape]))
    limit = ROUGH if precision == "bfloat16" and method in ("dm", "m3d") else LIMITS[method]
    return Figure(
        f"{method} ({scale}, {precision}), {size}, {budget} per class",
        (field / ours,),
        "×",
        limit if scale == "paper" else SMALL,
        at_least=True,
        note=f"{ours:.3f} s against {field:.3f} s a step",
    )


def _ask(side: subprocess.Popen[str]) -> float:
    assert side.stdin is not None
    assert side.stdout is not None
    side.stdin.write("\n")
    side.stdin.flush()
    return float(side.stdout.readline())


def serve(who: str, method: str, shape: tuple[int, ...], budget: int, scale: str, precision: str) -> None:  # noqa: PLR0913
    """A turn for each line that comes in; prints the seconds of one update in it, a mean."""
    made = ours(method, shape, budget, scale, precision) if who == "ours" else rival(method, shape, budget, scale)
    for _ in sys.stdin:
        found, began = [next(made)], time.perf_counter()
        while time.perf_counter() - began + found[-1] < TURN:
            found.append(next(made))
        print(sum(found) / len(found), flush=True)


def ours(method: str, shape: tuple[int, ...], budget: int, scale: str, precision: str) -> Iterator[float]:
    """Updates of a run as the worker makes them."""
    from dcviz.condensing.loop import begin, step
    from dcviz.runs.problem import build

    setup = build(configured(method, scale, budget, precision), data=images(shape))
    state = begin(setup.problem, setup.start)
    while True:
        began = time.perf_counter()
        state = step(setup.problem, state)
        yield time.perf_counter() - began


def configured(method: str, scale: str, budget: int, precision: str) -> RunConfig:
    """The run, with S as pixels from real images and nothing measured beside it."""
    from dcviz.runs.configure import configure

    return configure(
        preset=method,
        scale=scale,
        budget=budget,
        start="real",
        live=None,
        parameterisation="pixels",
        settings={PRECISION[method]: precision},
    )


def rival(method: str, shape: tuple[int, ...], budget: int, scale: str) -> Iterator[float]:
    """Updates as the field's code makes them."""
    from benchmarks._field import Field, seconds
    from dcviz.discrepancies.random_features.dm import SIAMESE

    data = images(shape)
    x = data.transform.forward(data.train.x[data.train.y.argsort(stable=True)].float() / 255)
    width, batch = (128, 256) if scale == "paper" else (32, 128)
    yield from seconds(Field(x, CLASSES, budget, width, batch, "" if method == "dc" else SIAMESE), method)


def images(shape: tuple[int, ...]):  # noqa: ANN201
    """A data set of random images."""
    import torch

    from dcviz.data.splits import Source, finish, make_split
    from dcviz.records import DataConfig
    from dcviz.types import silent

    at = torch.Generator().manual_seed(0)
    y = torch.arange(CLASSES).repeat_interleave(REAL)
    x = torch.randint(256, (len(y), *shape), generator=at, dtype=torch.uint8)
    names = tuple(map(str, range(CLASSES)))
    source = Source("random", "random images", names, make_split(x, y), make_split(x[::20], y[::20], len(y)))
    return finish(source, DataConfig("random"), silent)


if __name__ == "__main__":
    sys.exit(main())
