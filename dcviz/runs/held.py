"""The last state of a run that was whole: what is left to fork when its numbers are lost."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from dcviz.condensing.checkpoint import copied, nbytes
from dcviz.condensing.loop import State, spoilt
from dcviz.errors import Refused
from dcviz.records import Outcome

BYTES = 1e7  # a second, that are copied for it at most: a thousandth of what memory can do


class Held:
    """A copy of a state, since steps consume theirs; made anew as often as that costs next to nothing."""

    def __init__(self) -> None:
        self.state: State | None = None
        self._at = -math.inf

    def take(self, state: State) -> None:
        """Copy a state, if the last copy is old enough.

        Raises:
            Refused: S is no set of finite numbers.
        """
        parts = state.inner, state.moments, dict(state.synthetic.parameters)
        if (time.monotonic() - self._at) * BYTES < nbytes(parts):
            return
        self.refuse(spoilt(state.synthetic, state.step))
        inner, moments, parameters = copied(parts)
        synthetic = replace(state.synthetic, parameters=parameters)
        self.state, self._at = replace(state, synthetic=synthetic, inner=inner, moments=moments), time.monotonic()

    def refuse(self, lost: Outcome | None) -> None:
        """End the run where its numbers are lost; the sentence says what is left.

        Raises:
            Refused: with the remedy.
        """
        if lost is not None:
            step = None if self.state is None else self.state.step
            left = "" if step is None else f" Its state of step {step} is whole and kept: fork it there."
            raise Refused(lost.text + left)
