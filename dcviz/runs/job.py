"""One claimed run, worked on in slices: prepare, condense, evaluate; everything it does is on record."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from dcviz.condensing.loop import State, begin, diverged, finish, not_finite, spoilt, step, unmoved
from dcviz.condensing.save_at import SaveAt
from dcviz.errors import Cancelled, Refused
from dcviz.randomness import generator
from dcviz.records import EvaluationProtocol, Recipe, RunConfig, Score, Status
from dcviz.runs import problem as building
from dcviz.runs.clock import SECONDS
from dcviz.runs.frames import Framer, flagged, frame_bytes
from dcviz.runs.held import Held
from dcviz.runs.kept import setup_of
from dcviz.runs.measuring import Measuring
from dcviz.runs.relabelled import same_labels
from dcviz.runs.service import speed_key
from dcviz.runs.side import SideWork
from dcviz.runs.store import Command, Run, Store
from dcviz.training import Diverged
from dcviz.types import SyntheticSet, Terms

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    Numbers = tuple[int, Tensor, Terms, float | None]  # step, objective, terms, ε spent

LATEST_SECONDS = 0.25  # between live pictures
SIDE_SHARE = 0.2  # of the time, at most, for live accuracy and baselines while condensing
EPSILON = "epsilon"  # the curve of what a private run has spent
GUARANTEE = "guarantee"  # the event that says what it promises
ACCURACY_SECONDS = 2.0  # between live accuracies, at least


class RunJob:
    """The work of one run. The worker calls `advance` again and again, `apply` between, and `close` at the end."""

    def __init__(self, store: Store, run: Run) -> None:
        self.store, self.run, self.config = store, run, run.config
        self.step, self.seconds, self.phase, self.remark = run.step, run.seconds, "preparing", ""
        self._state: State | None = None
        self._setup: building.Setup | None = None
        self._unwritten: list[Numbers] = []  # of recent steps, still on the device
        self._side = SideWork(SIDE_SHARE)
        self._live = run.config.live
        self._limit = run.time_limit  # seconds of condensing
        self._changes: dict[int, list[tuple[str, float]]] = {}  # live learning rates, by the step they follow
        self._measured = 0.0  # when the last live accuracy was begun
        self._checkpointed = -1
        self._held = Held()
        self._script = self._work()

    # -------------------------------------------------------------------------------- what the worker calls

    def advance(self, seconds: float) -> bool:
        """Work for about ``seconds``; True when nothing is left."""
        end, more = time.monotonic() + seconds, True
        while more:
            if next(self._script, "end") == "end":
                return True
            more = time.monotonic() < end
        self._secure()
        self._write_numbers()
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
        if status == "failed":
            self._leave_last_whole()
        elif self._state is not None and self._setup is not None:
            self._write_numbers()
            if status != "done":
                self._checkpoint(self._state)
                self.store.save_latest(self.run.id, self.step, self._framer.arrays(self._state.synthetic))
                self._yardsticks.leave()
        self._state = self._setup = None
        _free_device()

    # ------------------------------------------------------------------------------------------ the script

    def _work(self) -> Generator[Any, None, None]:
        yield
        self._setup = setup = setup_of(self.store, self.run, self._progress)
        self.store.settle_device(self.run.id, str(setup.device))
        yield
        state = yield from self._first_state(setup)
        before = self._setup.start.map(lambda t: t.clone())  # steps consume it
        self._state, self.step = state, state.step
        self._framer = Framer(self.store, setup.dataset)
        self._yardsticks = Measuring(self.store, self.run, self._framer, setup.device)
        self._yardsticks.forget(state.step)
        self._promise(setup, state)
        training = yield from self._framer.prepare_if_known()
        if training is not None:
            self._side.add(training)
        self._side.add(self._yardsticks.prepare())
        if self._live is not None:
            self._side.add(self._while_it_lasts(self._baselines(self._live)))
        self.phase = "condensing"
        yield from self._condense(setup, state)
        if self.step < self.config.steps:
            did = f"after {self.step:,} of {self.config.steps:,} steps"
            self.remark = f"stopped at its time limit of {self._limit:g} s, {did}: resume it to go on."
        elif self.config.steps:
            self.remark = unmoved(before, self._state.synthetic)
        self._checkpoint(self._state)  # before finishing, so that a run resumed from here is finished once
        result = finish(setup.problem, self._state)
        self._held.refuse(spoilt(result.synthetic, result.step) or diverged(result.synthetic))
        if result.synthetic is not self._state.synthetic:
            self._keep(result)
        self._save_final(result)
        yield from self._yardsticks.to_end()
        yield from self._evaluate(result)

    def _first_state(self, setup: building.Setup) -> Generator[None, None, State]:
        """From the newest readable checkpoint, from the parent of a fork, or from the start."""
        found = self.store.load_checkpoint(self.run.id)
        if setup.problem.discrepancy.asks_each_step:
            refuse_repeating(self.store, self.run.id, found[0] if found is not None else 0)
        if found is not None:
            at, arrays, meta = found
            self.store.truncate(self.run.id, at)
            self._changes |= rate_changes(self.store, self.run.id, at)
            self.seconds = float(meta["seconds"])
            if any(event.kind == "reopened" and event.step == at for event in self.store.events(self.run.id)):
                self.store.drop_frames(self.run.id, [at])  # which shows S as it was finished there
            if meta["machine"] != self._machine():
                text = "continued on another device, thread count or version of torch: not bit-exact"
                self.store.log_event(self.run.id, at, "resumed", text=text)
            state = unpack_state(arrays, meta, setup)
            setup.problem.discrepancy.refuse_stale(setup.problem.context, state.inner)
            return state
        self.store.truncate(self.run.id, -1)
        if self.run.parent is not None:
            from dcviz.runs.fork import inherited

            parent = yield from inherited(self.store, self.run)
            setup = self._setup = _started_from(parent, setup)
        return begin(setup.problem, setup.start)

    def _condense(self, setup: building.Setup, state: State) -> Iterator[None]:
        size = frame_bytes(setup.start, setup.dataset.shape)
        kept = set(SaveAt(self.config.saving.frames).within(size).of(self.config.steps))
        if state.step in kept and state.step not in self.store.frames(self.run.id):
            self._keep(state)
        shown = saved = time.monotonic()
        while state.step < self.config.steps and not self._time_is_up():
            began = time.monotonic()
            for group, rate in self._changes.pop(state.step, ()):
                state.moments["rates"][group] = rate
            self._state = state = step(setup.problem, state)
            spent = setup.problem.discrepancy.spent(setup.problem.context, state.inner)
            self._unwritten.append((state.step, cast("Tensor", state.objective), state.terms, spent))
            self.step = state.step
            now = time.monotonic()
            if state.step in kept:
                self._secure()
                self._write_numbers()
                self._keep(state, self.seconds + now - began)
                shown = now
            elif now - shown > LATEST_SECONDS:
                self._refuse_spoilt(state)
                self._secure()
                self.store.save_latest(self.run.id, state.step, self._framer.arrays(state.synthetic))
                shown = now
            if now - saved > self.config.saving.checkpoint_seconds:
                self._checkpoint(state)
                saved = now
            spent = time.monotonic() - began
            self.seconds += spent
            yield
            self._measure_at_times(state)
            yield from self._side.turn(spent)
            yield from self._yardsticks.turn()
        if state.step not in kept:  # the last one, where time was up before the steps were done
            self._keep(state)

    def _time_is_up(self) -> bool:
        return self._limit is not None and self.seconds >= self._limit

    def _measure_at_times(self, state: State) -> None:
        """Queue a live accuracy when nothing else waits and the last is old enough."""
        if self._live is None or self._side or time.monotonic() - self._measured < ACCURACY_SECONDS:
            return
        self._measured = time.monotonic()
        self._secure()
        self._side.add(self._while_it_lasts(self._live_accuracy(state.step, state.synthetic, self._live)))

    def _secure(self) -> None:
        """Where each step releases something of private rows, keep it before it is shown: no step is released twice.

        What was lost with a crash was seen by nobody, and may be released anew.
        """
        if self._state is not None and self._setup is not None and self._setup.problem.discrepancy.asks_each_step:
            self._checkpoint(self._state)

    def _promise(self, setup: building.Setup, state: State) -> None:
        """Put on record what a private run promises, and what is spent before its next step."""
        discrepancy, context = setup.problem.discrepancy, setup.problem.context
        guarantee, spent = discrepancy.guarantee(context), discrepancy.spent(context, state.inner)
        if guarantee is None or spent is None:
            return
        if not any(event.kind == GUARANTEE for event in self.store.events(self.run.id)):
            self.store.log_event(self.run.id, state.step, GUARANTEE, **guarantee)
        self.store.record(self.run.id, [(state.step, EPSILON, spent)])

    def _live_accuracy(
        self, at: int, synthetic: SyntheticSet, protocol: EvaluationProtocol
    ) -> Generator[Any, None, None]:
        score = yield from self._measure(synthetic, protocol)
        self.store.record(self.run.id, [(at, "accuracy", score.mean)])

    def _while_it_lasts(self, work: Generator[Any, None, None]) -> Generator[Any, None, None]:
        """Live measuring, which is no part of the run: it ends, and says so, where a network that judges diverges."""
        try:
            yield from work
        except Diverged as error:
            self._live = None
            self.store.log_event(self.run.id, self.step, "refused", command="live accuracy", text=str(error))

    def _measure(self, synthetic: SyntheticSet, protocol: EvaluationProtocol) -> Generator[Any, None, Score]:
        from dcviz.evaluation import fitting, measure

        assert self._setup is not None
        protocol = fitting(protocol, self._setup.dataset.shape)
        batch = synthetic.map(lambda t: t.detach().clone()).decode()
        score: Score = yield from measure(
            batch.x,
            batch.y,
            self._setup.dataset,
            protocol,
            device=self._setup.device,
            label_kind=synthetic.label_kind,
            views=synthetic.views,
            step_size=synthetic.step_size(),
        )
        return score

    def _baselines(self, protocol: EvaluationProtocol) -> Generator[Any, None, None]:
        """The rivals under the same protocol, from the cache where they are known; further ones only if they are."""
        from dcviz.evaluation import BASELINES, FURTHER, baseline, fitting
        from dcviz.evaluation.baselines import key_of, known

        assert self._setup is not None
        protocol = fitting(protocol, self._setup.dataset.shape)
        at = self._setup.dataset.fingerprint, self.config.budget, protocol
        for kind in BASELINES:
            if kind in FURTHER and known(key_of(kind, *at), self.store) is None:
                continue
            score = yield from baseline(
                kind, self._setup.dataset, self.config.budget, protocol, cache=self.store, device=self._setup.device
            )
            if score is not None:
                self.store.save_score(self.run.id, score)

    def _evaluate(self, state: State) -> Iterator[None]:
        """The test set, once; then the rivals under the same protocol."""
        self.phase = "evaluating"
        score = yield from self._measure(state.synthetic, self.config.evaluation)
        self.store.save_score(self.run.id, score)
        self.phase = "measuring baselines"
        yield from self._side.to_end()
        if "off" not in self.store.frame(self.run.id, state.step)[1]:  # the reference came too late for a short run
            self._keep(state)
        yield from self._yardsticks.to_end()  # the reference may have come late, and the share has grown meanwhile
        yield from self._baselines(self.config.evaluation)
        if state.synthetic.views is not None and self._setup is not None:
            rival = yield from same_labels(self._setup, state, self.config)
            self.store.save_score(self.run.id, rival)

    # ------------------------------------------------------------------------------------- what is recorded

    def _progress(self, what: str, fraction: float) -> None:
        self.phase = f"{what} {100 * fraction:.0f} %" if 0 < fraction < 1 else what
        if self.store.asked(self.run.id):  # the worker looks at the commands as soon as this work is left
            raise Cancelled

    def _write_numbers(self) -> None:
        """Bring the numbers of recent steps from the device, all at once, and record them."""
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
        self.store.record(self.run.id, [row for row in rows if math.isfinite(row[2])])
        self._held.refuse(not_finite(tuple(table[:, 0].tolist()), steps[-1]))
        if self._state is not None:
            self._held.take(self._state)

    def _refuse_spoilt(self, state: State) -> None:
        """End the run where S is no set of finite numbers: that is neither shown nor kept."""
        self._held.refuse(spoilt(state.synthetic, state.step))

    def _leave_last_whole(self) -> None:
        """What a run that failed can be forked from, beside its frames."""
        whole = self._held.state
        if whole is None:
            return
        if whole.step > self._checkpointed:
            self._save_checkpoint(whole)
        self.step = max([whole.step, *self.store.frames(self.run.id)])  # what came after is no step to start from

    def _keep(self, state: State, seconds: float | None = None) -> None:
        """A frame, and when it was reached; after ``seconds`` of work, those so far unless given."""
        self._refuse_spoilt(state)
        arrays = self._framer.arrays(state.synthetic)
        self.store.save_frame(self.run.id, state.step, arrays)
        rows = [(state.step, SECONDS, self.seconds if seconds is None else seconds)]
        off = flagged(arrays)
        if off is not None:
            rows.append((state.step, "off", float(off)))
        self.store.record(self.run.id, rows)
        self._yardsticks.add(state.step, state.synthetic)

    def _checkpoint(self, state: State) -> None:
        if state.step == self._checkpointed:
            return
        if self._setup is None or not self._setup.problem.discrepancy.asks_each_step:
            self._write_numbers()
        self._refuse_spoilt(state)
        self._save_checkpoint(state)
        self._write_numbers()

    def _save_checkpoint(self, state: State) -> None:
        arrays, meta = pack_state(state)
        self.store.save_checkpoint(
            self.run.id, state.step, arrays, {**meta, "seconds": self.seconds, "machine": self._machine()}
        )
        self._checkpointed = state.step

    def _machine(self) -> dict[str, Any]:
        """What bit-exactness depends on."""
        import torch

        assert self._setup is not None
        return {"torch": torch.__version__, "device": str(self._setup.device), "threads": torch.get_num_threads()}

    def _save_final(self, state: State) -> None:
        assert self._setup is not None
        self.store.save_final(self.run.id, *final_of(state, self._setup, self.config))
        self.store.record(self.run.id, [(state.step, "bytes", float(state.synthetic.bytes()))])
        if state.step:  # a start kept as it is says nothing of a step
            self.store.set_fact(speed_key(self.config), self.seconds / state.step)


def _started_from(parent: SyntheticSet, setup: building.Setup) -> building.Setup:
    """The set-up of a fork: S of the parent with what it lacks; what the fork does not learn stays as it is."""
    problem = setup.problem
    own = problem.discrepancy.extend(problem.context, parent, generator(problem.seed, "extend"))
    config = problem.optimiser.config
    kept = {key: 0.0 for key in own.parameters if key not in config.rates}
    optimiser = replace(problem.optimiser, config=replace(config, rates={**config.rates, **kept}))
    # Views show images as they were when they were labelled.
    return replace(setup, start=replace(own, views=None), problem=replace(problem, optimiser=optimiser))


def refuse_repeating(store: Store, run: str, at: int) -> None:
    """Refuse to go on from a step where later ones, which released something each, were shown already."""
    steps, _ = store.metrics(run).get(EPSILON, ((), ()))
    shown = max(map(int, steps), default=0)
    if shown > at:
        raise Refused(
            f"steps up to {shown} were shown, and the newest checkpoint that can be read is of step {at}: to take the "
            "steps between again would release private rows twice. Start a new run, whose ε adds to this one's."
        )


def rate_changes(store: Store, run: str, since: int = 0) -> dict[int, list[tuple[str, float]]]:
    """The live learning rates on record, (group, rate) by the step that they follow, from step ``since`` on."""
    found: dict[int, list[tuple[str, float]]] = {}
    for event in store.events(run):
        if event.kind == "rate" and event.step >= since:
            found.setdefault(event.step, []).append((event.payload["group"], event.payload["rate"]))
    return found


def pack_state(state: State) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A state as arrays and the JSON that says what they are."""
    from dcviz.condensing.checkpoint import pack

    tree = {"parameters": dict(state.synthetic.parameters), "inner": state.inner, "moments": state.moments}
    arrays, skeleton = pack(tree)
    return arrays, {"step": state.step, "skeleton": skeleton, "labels": state.synthetic.label_kind}


def unpack_state(arrays: dict[str, np.ndarray], meta: dict[str, Any], setup: building.Setup) -> State:
    """The state of a checkpoint, on the set-up's device."""
    from dcviz.condensing.checkpoint import unpack

    tree = unpack(arrays, meta["skeleton"], setup.device)
    kind = meta.get("labels", setup.start.label_kind)  # a fork may have those of its parent
    synthetic = replace(setup.start, parameters=tree["parameters"], label_kind=kind)
    return State(int(meta["step"]), synthetic, tree["inner"], tree["moments"])


def final_of(state: State, setup: building.Setup, config: RunConfig) -> tuple[dict[str, np.ndarray], Recipe]:
    """S in full precision with all that is needed to use it."""
    s, data = state.synthetic, setup.dataset
    arrays = {key: value.detach().cpu().numpy() for key, value in s.parameters.items()}
    arrays |= {"classes": s.classes.cpu().numpy(), "ids": s.ids.cpu().numpy()}
    arrays |= {f"transform.{key}": value.cpu().numpy() for key, value in data.transform.arrays().items()}
    if s.views is not None:
        arrays |= {"views": s.views.labels.cpu().numpy(), "maps": s.views.maps.cpu().numpy()}
    recipe = Recipe(
        classes=data.classes,
        shape=data.shape,
        labels=s.label_kind,  # type: ignore[arg-type]
        step_size=s.step_size(),
        transform=data.transform.name,
        decoder=s.decoder.name,
        expand=s.decoder.expand,
        augment=config.evaluation.augment,
        updates=config.evaluation.updates,
        views=0 if s.views is None else len(s.views.labels),
    )
    return arrays, recipe


def _free_device() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
