"""Numbers on axes and labels."""

from __future__ import annotations

import math
from typing import Any


def log_ticks(low: float, high: float) -> dict[str, Any]:
    """Labels at 1, 2, 5 of every decade; whole decades, not all of them, over many; even steps within less than one."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    every = -(-len(decades) // 5)
    if high - low > 2:
        values = [10.0**d for d in decades if d % every == 0]
    elif high - low > 0.8:
        values = [m * 10.0**d for d in decades for m in (1, 2, 5)]
    else:
        values = _even_ticks(10**low, 10**high)
    shown = [v for v in values if low <= math.log10(v) <= high]
    return {"tickvals": shown, "ticktext": [_number(v) for v in shown]}


def _even_ticks(low: float, high: float) -> list[float]:
    """Two to six multiples of 1, 2 or 5 times a power of ten between two positive numbers."""
    rough = (high - low) / 5 or high
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough * (1 - 1e-9))
    return [step * i for i in range(max(1, math.ceil(low / step)), math.floor(high / step) + 1)]


def _number(value: float) -> str:
    """A tick's number: powers of ten that would need many zeros are written as such."""
    power = math.log10(value)
    if abs(power) > 3.5 and abs(power - round(power)) < 1e-9:
        return f"10<sup>{round(power)}</sup>".replace("-", "−")
    return f"{value:.6g}"


def three(value: float) -> str:
    """Three digits, always as many, so that a label does not change its width at every update."""
    return f"{value:#.3g}".rstrip(".")
