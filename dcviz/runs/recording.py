"""What a run puts on record while it works: numbers, frames, live pictures, checkpoints, the final set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from dcviz.condensing.loop import State, diverged, not_finite, spoilt
from dcviz.records import RunConfig
from dcviz.runs.clock import SECONDS
from dcviz.runs.frames import Framer, flagged
from dcviz.runs.held import Held
from dcviz.runs.ledger import EPSILON, GUARANTEE
from dcviz.runs.measuring import Measuring
from dcviz.runs.problem import Setup
from dcviz.runs.service import speed_key
from dcviz.runs.states import final_of, pack_state
from dcviz.runs.store import Store
from dcviz.types import Terms

if TYPE_CHECKING:
    from torch import Tensor

    Numbers = tuple[int, Tensor, Terms, float | None]  # step, objective, terms, ε spent


class Recorder:
    """The record of one run. Whatever is written shows a set of finite numbers; else the run ends there.

    ``seconds`` are always those of work so far.
    """

    def __init__(self, store: Store, run: str, setup: Setup, framer: Framer, yardsticks: Measuring) -> None:
        self.store, self.run, self.setup, self.framer, self.yardsticks = store, run, setup, framer, yardsticks
        self._discrepancy, self._context = setup.problem.discrepancy, setup.problem.context
        self._unwritten: list[Numbers] = []  # of recent steps, still on the device
        self._held = Held()
        self._checkpointed = -1

    def promise(self, state: State) -> None:
        """What a private run promises, and what is spent before its next step."""
        guarantee = self._discrepancy.guarantee(self._context)
        spent = self._discrepancy.spent(self._context, state.inner)
        if guarantee is None or spent is None:
            return
        if not any(event.kind == GUARANTEE for event in self.store.events(self.run)):
            self.store.log_event(self.run, state.step, GUARANTEE, **guarantee)
        self.store.record(self.run, [(state.step, EPSILON, spent)])

    def note(self, state: State) -> None:
        """Remember the numbers of a step, without waiting for the device."""
        spent = self._discrepancy.spent(self._context, state.inner)
        self._unwritten.append((state.step, cast("Tensor", state.objective), state.terms, spent))

    def secure(self, state: State, seconds: float) -> None:
        """Where each step releases something of private rows, keep it before it is shown: no step is released twice.

        What was lost with a crash was seen by nobody, and may be released anew.
        """
        if self._discrepancy.asks_each_step:
            self.checkpoint(state, seconds)

    def numbers(self, state: State) -> None:
        """Bring the numbers of recent steps, up to this state's, from the device, all at once, and record them."""
        import torch

        from dcviz.discrepancies.weighted import curve_names

        if not self._unwritten:
            return
        recent, self._unwritten = self._unwritten, []
        steps, objectives, terms, spent = zip(*recent, strict=True)
        names = curve_names(list(terms[-1]))
        table = torch.stack([torch.stack([o, *t.values()]).float() for o, t in zip(objectives, terms, strict=True)])
        rows: list[tuple[int, str, float]] = []
        for at, (objective, *parts) in zip(steps, table.tolist(), strict=True):
            rows.append((at, "objective", objective))
            if len(names) > 1:
                rows += [(at, f"term:{name}", part) for name, part in zip(names.values(), parts, strict=True)]
        rows += [(at, EPSILON, epsilon) for at, epsilon in zip(steps, spent, strict=True) if epsilon is not None]
        self.store.record(self.run, [row for row in rows if math.isfinite(row[2])])
        self._held.refuse(not_finite(tuple(table[:, 0].tolist()), steps[-1]))
        self._held.take(state)

    def frame(self, state: State, seconds: float) -> None:
        """A frame, and when it was reached."""
        self.refuse_spoilt(state)
        arrays = self.framer.arrays(state.synthetic)
        self.store.save_frame(self.run, state.step, arrays)
        rows = [(state.step, SECONDS, seconds)]
        off = flagged(arrays)
        if off is not None:
            rows.append((state.step, "off", float(off)))
        self.store.record(self.run, rows)
        self.yardsticks.add(state.step, state.synthetic)

    def latest(self, state: State) -> None:
        """The picture that a live view shows."""
        self.store.save_latest(self.run, state.step, self.framer.arrays(state.synthetic))

    def checkpoint(self, state: State, seconds: float) -> None:
        """All that going on needs, unless it is kept already."""
        if state.step == self._checkpointed:
            return
        if not self._discrepancy.asks_each_step:
            self.numbers(state)
        self.refuse_spoilt(state)
        self._save_checkpoint(state, seconds)
        self.numbers(state)

    def final(self, state: State, seconds: float, config: RunConfig) -> None:
        """S in full precision with all that is needed to use it; how long a step took, for the next estimate."""
        self.store.save_final(self.run, *final_of(state, self.setup, config))
        self.store.record(self.run, [(state.step, "bytes", float(state.synthetic.bytes()))])
        if state.step:  # a start kept as it is says nothing of a step
            self.store.set_fact(speed_key(config), seconds / state.step)

    def refuse_spoilt(self, state: State, *, finished: bool = False) -> None:
        """End the run where S is no set of finite numbers: that is neither shown nor kept."""
        self._held.refuse(spoilt(state.synthetic, state.step) or (diverged(state.synthetic) if finished else None))

    def last_whole(self, seconds: float) -> int | None:
        """Keep what a run that failed can be forked from, beside its frames; the last step to start from."""
        whole = self._held.state
        if whole is None:
            return None
        if whole.step > self._checkpointed:
            self._save_checkpoint(whole, seconds)
        return max([whole.step, *self.store.frames(self.run)])

    def _save_checkpoint(self, state: State, seconds: float) -> None:
        arrays, meta = pack_state(state)
        meta |= {"seconds": seconds, "machine": machine_of(self.setup)}
        self.store.save_checkpoint(self.run, state.step, arrays, meta)
        self._checkpointed = state.step


def machine_of(setup: Setup) -> dict[str, Any]:
    """What bit-exactness depends on."""
    import torch

    return {"torch": torch.__version__, "device": str(setup.device), "threads": torch.get_num_threads()}
