"""Which steps are kept: a value, decided before the run, so that nothing need be thinned later."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.errors import Refused


@dataclass(frozen=True)
class SaveAt:
    """Keep at most ``frames`` steps of a run: dense early, where S changes fast, and evenly later.

    Half of the frames are spaced geometrically and half evenly; first and last are always kept.

    >>> SaveAt(frames=8).of(100)
    (0, 1, 3, 10, 32, 33, 67, 100)
    """

    frames: int = 120

    def __post_init__(self) -> None:
        """Refuse a policy that cannot keep the start and the end."""
        if not 2 <= self.frames <= 200:
            raise Refused(f"a run keeps from 2 to 200 frames, not {self.frames}.")

    def of(self, steps: int) -> tuple[int, ...]:
        """The kept steps of a run of ``steps`` steps, ascending."""
        if steps < self.frames:
            return tuple(range(steps + 1))
        even = self.frames // 2
        kept = {round(i * steps / (even - 1)) for i in range(even)} if even > 1 else {0, steps}
        slots = self.frames - len(kept)
        kept |= {round(steps ** (i / max(slots, 1))) for i in range(slots)}
        return tuple(sorted(kept))
