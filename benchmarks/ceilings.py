"""How near a step comes to what the machine can do: operations and bytes of each stage against measured ceilings.

    python -m benchmarks.ceilings                          # DM at the published size, float32 and bfloat16
    python -m benchmarks.ceilings dm m3d dc dsa --budget 1

The ceilings are the fastest 128-wide convolution of a 16×16 map, which nothing but products slows down, and the fastest
copy, both in this process and with as many threads. Stages are told apart by torch's profiler; bytes are those of maps
that must be read and written once. A stage whose maps stay in the processor's cache may pass the ceiling of a copy.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from benchmarks._report import COLUMNS, Figure, head, told
from benchmarks.step import CLASSES, SHAPES, configured, images

GOAL = 0.6
STEPS = 3  # that are profiled
WIDTH, REAL = 128, 256  # of the published networks, and real images of each class
STAGES = {
    "normalisation": ("aten::native_group_norm", "aten::native_group_norm_backward"),
    "rectification": ("aten::relu_", "aten::clamp_min", "aten::clamp_min_", "aten::threshold_backward"),
    "pooling": ("aten::add", "aten::mul", "aten::cat", "aten::stack", "aten::mm"),
}
CONVOLUTION = ("aten::mkldnn_convolution", "aten::convolution_backward", "aten::bmm")  # the first, as a product


class Ceiling(NamedTuple):
    """What the machine can do."""

    operations: float  # a second
    bytes: float  # a second, read and written


def main() -> int:
    """Read what is asked for; returns how many goals were missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", help="of dm, m3d, dc, dsa; dm unless given")
    parser.add_argument("--shape", type=int, default=28, choices=[28, 32])
    parser.add_argument("--budget", type=int, default=10)
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    asked = parser.parse_args()
    print(head(), COLUMNS, sep="\n")
    return told(
        figure
        for method in asked.methods or ["dm"]
        for precision in asked.precision
        for figure in of(method, asked.shape, asked.budget, precision)
    )


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """DM with its stages, and the whole step of the others."""
    for method in ("dm",) if quick else ("dm", "m3d", "dc", "dsa"):
        for precision in ("float32", "bfloat16"):
            yield from of(method, 28, 10, precision)


def of(method: str, shape: int, budget: int, precision: str) -> Iterator[Figure]:
    """The whole step, and where all its maps are alike also its stages."""
    from dcviz.condensing.loop import begin, step
    from dcviz.runs.problem import build

    setup = build(configured(method, "paper", budget, precision), data=images(SHAPES[shape]))
    state = begin(setup.problem, setup.start)

    def advance() -> None:
        nonlocal state
        state = step(setup.problem, state)

    advance()
    top = ceiling(precision)
    operations, _ = setup.problem.discrepancy.cost(CLASSES, budget, SHAPES[shape])
    began = time.perf_counter()
    for _ in range(STEPS):
        advance()
    seconds = (time.perf_counter() - began) / STEPS
    name = f"{method}, {precision}, {budget} per class"
    note = f"{operations / 1e9:.0f} GF in {seconds:.3f} s; at most {top.operations / 1e9:.0f} GF/s"
    yield Figure(
        f"{name}: a step", (operations / top.operations / seconds,), "× ceiling", GOAL, at_least=True, note=note
    )
    if method in ("dm", "m3d"):
        yield from stages(advance, SHAPES[shape], budget, top, 2 if precision == "bfloat16" else 4)


def stages(
    advance: Callable[[], None], shape: tuple[int, ...], budget: int, top: Ceiling, size: int
) -> Iterator[Figure]:
    """Each stage of a step in which real maps go forward and synthetic ones forward and back."""
    from dcviz.nets import convnet_plan, flops

    spent = profiled(advance)
    real, fake = CLASSES * REAL, CLASSES * budget
    plan = convnet_plan(shape)
    maps = sum(WIDTH * (plan.side >> i) ** 2 for i in range(plan.depth)) * size  # bytes that one image's maps have
    once = flops("convnet", shape, WIDTH) * (real + 2 * fake)
    moved = {  # bytes: forward of both, backward of S
        "normalisation": maps * (2 * (real + fake) + 3 * fake),
        "rectification": maps * (2 * (real + fake) + 3 * fake),
        "pooling": maps * 1.25 * (real + 2 * fake),
    }
    needs = {"convolution": (CONVOLUTION, once / top.operations)}
    needs |= {stage: (STAGES[stage], b / top.bytes) for stage, b in moved.items()}
    rest = sum(spent.values())
    for stage, (names, least) in needs.items():
        took = sum(spent.get(name, 0.0) for name in names)
        rest -= took
        yield Figure(
            f"  {stage}", (least / took,), "× ceiling", note=f"{1e3 * took:.0f} ms, at least {1e3 * least:.0f}"
        )
    yield Figure("  all else", (1e3 * rest,), "ms")


def profiled(advance: Callable[[], None]) -> dict[str, float]:
    """Seconds a step of each operation by itself."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(STEPS):
            advance()
    events: Any = seen.key_averages()
    return {event.key: event.self_cpu_time_total / 1e6 / STEPS for event in events}


def ceiling(precision: str) -> Ceiling:
    """Measured now."""
    import torch
    from torch.nn.functional import conv2d

    dtype = getattr(torch, precision)
    x, weight = torch.randn(64, WIDTH, 16, 16).to(dtype), torch.randn(WIDTH, WIDTH, 3, 3).to(dtype)
    operations = 18 * WIDTH**2 * 256 * len(x)
    big = torch.ones(2**26)
    return Ceiling(
        operations / fastest(partial(conv2d, x, weight, padding=1)),
        2 * big.nbytes / fastest(partial(torch.empty_like(big).copy_, big)),
    )


def fastest(act: Callable[[], object], times: int = 15) -> float:
    """The least seconds of several."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
