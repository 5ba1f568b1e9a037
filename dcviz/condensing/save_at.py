"""Which steps are kept: a value, decided before the run, so that nothing need be thinned later."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dcviz.errors import Refused

BYTES = 28_000_000  # of all frames of a run, before they are compressed: 86 of 100 images of 32×32 in colour
FEWEST = 40  # frames that a run keeps however large they are


@dataclass(frozen=True)
class SaveAt:
    """Keep at most ``frames`` steps of a run: dense early, where S changes fast, and evenly later.

    Half of the frames are spaced geometrically and half evenly; first and last are always kept. Of a large set fewer
    are kept, so that a run takes no more than 28 MB for its frames, as long as that is 40 of them (`within`).

    >>> SaveAt(frames=8).of(100)
    (0, 1, 3, 10, 32, 33, 67, 100)
    """

    frames: int = 120

    def __post_init__(self) -> None:
        """Refuse a policy that cannot keep the start and the end."""
        if not 2 <= self.frames <= 200:
            raise Refused(f"a run keeps from 2 to 200 frames, not {self.frames}.")

    def within(self, size: int) -> SaveAt:
        """The same for frames of ``size`` bytes each: as many as have `BYTES` in all, but `FEWEST` at least.

        >>> SaveAt().within(8_000).frames, SaveAt().within(322_400).frames, SaveAt().within(10_000_000).frames
        (120, 86, 40)
        """
        return replace(self, frames=min(self.frames, max(FEWEST, BYTES // max(size, 1))))

    def of(self, steps: int) -> tuple[int, ...]:
        """The kept steps of a run of ``steps`` steps, ascending."""
        if steps < self.frames:
            return tuple(range(steps + 1))
        even = self.frames // 2
        kept = {round(i * steps / (even - 1)) for i in range(even)} if even > 1 else {0, steps}
        slots = self.frames - len(kept)
        kept |= {round(steps ** (i / max(slots, 1))) for i in range(slots)}
        return tuple(sorted(kept))
