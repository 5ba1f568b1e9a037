"""Where the objective and everything else part: S goes on getting better at one thing and worse at the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.yardsticks.declared import PREFIX

if TYPE_CHECKING:
    import numpy as np

CLEAR = 1.25  # the middle yardstick rose from its minimum by at least this factor
LEAST = 6  # measured steps, fewer of which say nothing
LATER = 3  # of these after the minimum, at least: one high value is no rise


@dataclass(frozen=True)
class Parting:
    """The objective went on falling after ``step`` while the middle yardstick rose by ``factor``."""

    step: int
    factor: float

    @property
    def sentence(self) -> str:
        """What is seen, and what to make of it."""
        return (
            f"After step {self.step:,} the objective falls while the middle yardstick rises ({self.factor:.2g}-fold): "
            "S is fitted ever closer to this objective alone and moves away from the real data by the other measures. "
            "Whether that helps or harms a network trained on S, the accuracy says."
        )


def parted(metrics: Mapping[str, tuple[Any, Any]]) -> Parting | None:
    """Whether, and where, a falling objective and the yardsticks part; from the curves by name as (steps, values).

    At each step the middle (the median) of the yardsticks is taken. They part at the step of its minimum if

    * what it has come to (the median of the last three values) is at least 1.25 times the minimum, and
    * the objective fell after that step: the median of the later third of its values lies below the lower quartile of
      the first third. A noisy or level objective does not pass.

    >>> import numpy as np
    >>> steps = np.arange(20)
    >>> overfitted = {"objective": (steps, 0.9**steps), "yardstick:energy": (steps, 1 + abs(steps - 8) / 10)}
    >>> parted(overfitted).step
    8
    >>> parted(overfitted | {"yardstick:energy": (steps, 2 - steps / 20)}) is None
    True
    """
    import numpy as np

    steps, middle = _middle(metrics)
    if len(steps) < LEAST:
        return None
    lowest = int(np.argmin(middle))
    if len(steps) - 1 - lowest < LATER or not middle[lowest] > 0:
        return None
    factor = float(np.median(middle[-LATER:]) / middle[lowest])
    if factor < CLEAR or not _fell(metrics.get("objective"), int(steps[lowest])):
        return None
    return Parting(int(steps[lowest]), factor)


def _middle(metrics: Mapping[str, tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """The steps at which every yardstick was measured, and the median over yardsticks at each."""
    import numpy as np

    curves = [dict(zip(*map(np.ndarray.tolist, map(np.asarray, c)), strict=True)) for c in _yardsticks(metrics)]
    common = sorted(set.intersection(*map(set, curves))) if curves else []
    table = np.array([[curve[step] for curve in curves] for step in common]).reshape(len(common), len(curves))
    return np.array(common), np.median(table, axis=1) if len(common) else np.array([])


def _yardsticks(metrics: Mapping[str, tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    return [curve for name, curve in metrics.items() if name.startswith(PREFIX)]


def _fell(objective: tuple[Any, Any] | None, since: int) -> bool:
    """Whether the objective clearly fell from a step on."""
    import numpy as np

    if objective is None:
        return False
    steps, values = map(np.asarray, objective)
    later = values[steps > since]
    third = len(later) // 3
    return third > 0 and bool(np.median(later[-third:]) < np.quantile(later[:third], 0.25))
