"""One claimed run, worked on in slices: prepare, condense, evaluate; everything it does is on record."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Any

from dcviz.condensing.loop import State, begin, finish, step, unmoved
from dcviz.condensing.save_at import SaveAt
from dcviz.condensing.start import chosen_from
from dcviz.errors import Cancelled, Refused
from dcviz.records import Status
from dcviz.runs import problem as building
from dcviz.runs.allocator import give_back
from dcviz.runs.continuing import Rates, rate_changes, refuse_repeating, started_from
from dcviz.runs.frames import Framer, frame_bytes
from dcviz.runs.kept import setup_of
from dcviz.runs.measuring import Measuring
from dcviz.runs.recording import Recorder, machine_of
from dcviz.runs.relabelled import same_labels
from dcviz.runs.scoring import Scoring
from dcviz.runs.side import SideWork
from dcviz.runs.states import unpack_state
from dcviz.runs.store import Command, Run, Store
from dcviz.training import Diverged

LATEST_SECONDS = 0.25  # between live pictures
SIDE_SHARE = 0.2  # of the time, at most, for live accuracy and baselines while condensing


class RunJob:
    """The work of one run. The worker calls `advance` again and again, `apply` between, and `close` at the end."""

    def __init__(self, store: Store, run: Run) -> None:
        self.store, self.run, self.config = store, run, run.config
        self.step, self.seconds, self.phase, self.remark = run.step, run.seconds, "preparing", ""
        self._state: State | None = None
        self._record: Recorder | None = None
        self._side = SideWork(SIDE_SHARE)
        self._live = run.config.live
        self._limit = run.time_limit  # seconds of condensing
        self._changes: Rates = {}  # live learning rates
        self._script = self._work()

    # -------------------------------------------------------------------------------- what the worker calls

    def advance(self, seconds: float) -> bool:
        """Work for about ``seconds``; True when nothing is left."""
        end, more = time.monotonic() + seconds, True
        while more:
            if next(self._script, "end") == "end":
                return True
            more = time.monotonic() < end
        if self._record is not None and self._state is not None:
            self._record.secure(self._state, self.seconds)
            self._record.numbers(self._state)
        return False

    def apply(self, command: Command) -> None:
        """A live change: the learning rate of a parameter group from the next step on, or the time limit.

        Raises:
            Refused: for a rate that is not above 0, or a group that S does not have.
        """
        if command.kind == "limit":
            self._limit = command.payload["seconds"]
        if command.kind != "rate":
            return
        group, rate = str(command.payload.get("group", "images")), float(command.payload["rate"])
        if group not in self.config.optimiser.rates or not 0 < rate < float("inf"):
            known = ", ".join(self.config.optimiser.rates)
            raise Refused(f"a learning rate of {rate:g} for {group!r} cannot be set: give a positive rate for {known}.")
        self.store.log_event(self.run.id, self.step, "rate", group=group, rate=rate)
        self._changes.setdefault(self.step, []).append((group, rate))

    def close(self, status: Status, text: str) -> None:
        """Leave the run so that it can go on from here: the numbers, a picture, a checkpoint."""
        self._script.close()
        if self._record is not None and status == "failed":
            whole = self._record.last_whole(self.seconds)
            self.step = self.step if whole is None else whole  # what came after is no step to start from
        elif self._record is not None and self._state is not None:
            self._record.numbers(self._state)
            if status != "done":
                self._record.checkpoint(self._state, self.seconds)
                self._record.latest(self._state)
                self._record.yardsticks.leave()
        self._state = self._record = None
        _free_memory()

    # ------------------------------------------------------------------------------------------ the script

    def _work(self) -> Generator[Any, None, None]:
        yield
        setup = setup_of(self.store, self.run, self._progress)
        self.store.settle_device(self.run.id, str(setup.device))
        yield
        setup, state = yield from self._first_state(setup)
        before = setup.start.map(lambda t: t.clone())  # steps consume it
        self._state, self.step = state, state.step
        framer = Framer(self.store, setup.dataset)
        yardsticks = Measuring(self.store, self.run, framer, setup.device)
        self._record = record = Recorder(self.store, self.run.id, setup, framer, yardsticks)
        scoring = Scoring(self.store, self.run.id, self.config.budget, setup)
        yardsticks.forget(state.step)
        record.promise(state)
        training = yield from framer.prepare_if_known()
        if training is not None:
            self._side.add(training)
        self._side.add(yardsticks.prepare())
        if self._live is not None:
            self._side.add(self._while_it_lasts(scoring.baselines(self._live)))
        self.phase = "condensing"
        state = yield from self._condense(record, scoring)
        if self.step < self.config.steps:
            did = f"after {self.step:,} of {self.config.steps:,} steps"
            self.remark = f"stopped at its time limit of {self._limit:g} s, {did}: resume it to go on."
        elif self.config.steps:
            self.remark = unmoved(before, state.synthetic)
        record.checkpoint(state, self.seconds)  # before finishing, so that a run resumed from here is finished once
        result = finish(setup.problem, state)
        record.refuse_spoilt(result, finished=True)
        if result.synthetic is not state.synthetic:
            record.frame(result, self.seconds)
        record.final(result, self.seconds, self.config)
        yield from yardsticks.to_end()
        yield from self._evaluate(result, record, scoring)

    def _first_state(self, setup: building.Setup) -> Generator[None, None, tuple[building.Setup, State]]:
        """From the newest readable checkpoint, from the parent of a fork, or from the start."""
        found = self.store.load_checkpoint(self.run.id)
        if setup.problem.discrepancy.asks_each_step:
            refuse_repeating(self.store, self.run.id, found[0] if found is not None else 0)
        if found is not None:
            return setup, self._state_again(setup, *found)
        self.store.truncate(self.run.id, -1)
        if self.run.parent is not None:
            from dcviz.runs.fork import inherited

            parent = yield from inherited(self.store, self.run)
            setup = started_from(parent, setup)
        elif (among := chosen_from(self.config.start, setup.dataset, self.config.budget)) is not None:
            text = f"the start was chosen from at most {among:,} real samples of each class"
            self.store.log_event(self.run.id, 0, "start", among=among, text=text)
        return setup, begin(setup.problem, setup.start)

    def _state_again(self, setup: building.Setup, at: int, arrays: Any, meta: dict[str, Any]) -> State:
        """That of a checkpoint; what is on record of later steps is dropped."""
        self.store.truncate(self.run.id, at)
        self._changes |= rate_changes(self.store, self.run.id, at)
        self.seconds = float(meta["seconds"])
        if any(event.kind == "reopened" and event.step == at for event in self.store.events(self.run.id)):
            self.store.drop_frames(self.run.id, [at])  # which shows S as it was finished there
        if meta["machine"] != machine_of(setup):
            text = "continued on another device, thread count or version of torch: not bit-exact"
            self.store.log_event(self.run.id, at, "resumed", text=text)
        state = unpack_state(arrays, meta, setup)
        setup.problem.discrepancy.refuse_stale(setup.problem.context, state.inner)
        return state

    def _condense(self, record: Recorder, scoring: Scoring) -> Generator[None, None, State]:
        """All steps that are left; the state after the last."""
        assert self._state is not None
        state, problem = self._state, record.setup.problem
        size = frame_bytes(record.setup.start, record.setup.dataset.shape)
        kept = set(SaveAt(self.config.saving.frames).within(size).of(self.config.steps))
        if state.step in kept and state.step not in self.store.frames(self.run.id):
            record.frame(state, self.seconds)
        shown = saved = time.monotonic()
        while state.step < self.config.steps and not self._time_is_up():
            began = time.monotonic()
            for group, rate in self._changes.pop(state.step, ()):
                state.moments["rates"][group] = rate
            self._state = state = step(problem, state)
            record.note(state)
            self.step = state.step
            now = time.monotonic()
            if state.step in kept:
                record.secure(state, self.seconds)
                record.numbers(state)
                record.frame(state, self.seconds + now - began)
                shown = now
            elif now - shown > LATEST_SECONDS:
                record.refuse_spoilt(state)
                record.secure(state, self.seconds)
                record.latest(state)
                shown = now
            if now - saved > self.config.saving.checkpoint_seconds:
                record.checkpoint(state, self.seconds)
                saved = now
            spent = time.monotonic() - began
            self.seconds += spent
            yield
            self._score_at_times(state, record, scoring)
            yield from self._side.turn(spent)
            yield from record.yardsticks.turn()
        if state.step not in kept:  # the last one, where time was up before the steps were done
            record.frame(state, self.seconds)
        return state

    def _time_is_up(self) -> bool:
        return self._limit is not None and self.seconds >= self._limit

    def _score_at_times(self, state: State, record: Recorder, scoring: Scoring) -> None:
        """Queue a live accuracy when nothing else waits and the last is old enough."""
        if self._live is None or self._side or not scoring.due():
            return
        record.secure(state, self.seconds)
        self._side.add(self._while_it_lasts(scoring.live(state.step, state.synthetic, self._live)))

    def _while_it_lasts(self, work: Generator[Any, None, None]) -> Generator[Any, None, None]:
        """Live measuring, which is no part of the run: it ends, and says so, where a network that judges diverges."""
        try:
            yield from work
        except Diverged as error:
            self._live = None
            self.store.log_event(self.run.id, self.step, "refused", command="live accuracy", text=str(error))

    def _evaluate(self, state: State, record: Recorder, scoring: Scoring) -> Iterator[None]:
        """The test set, once; then the rivals under the same protocol."""
        self.phase = "evaluating"
        yield from scoring.final(state.synthetic, self.config.evaluation)
        self.phase = "measuring baselines"
        yield from self._side.to_end()
        if "off" not in self.store.frame(self.run.id, state.step)[1]:  # the reference came too late for a short run
            record.frame(state, self.seconds)
        yield from record.yardsticks.to_end()  # the reference may have come late; the share has grown meanwhile
        yield from scoring.baselines(self.config.evaluation)
        if state.synthetic.views is not None:
            rival = yield from same_labels(record.setup, state, self.config)
            self.store.save_score(self.run.id, rival)

    def _progress(self, what: str, fraction: float) -> None:
        self.phase = f"{what} {100 * fraction:.0f} %" if 0 < fraction < 1 else what
        if self.store.asked(self.run.id):  # the worker looks at the commands as soon as this work is left
            raise Cancelled


def _free_memory() -> None:
    import torch

    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
