"""Two divergences from one start, with all that has happened so far; steps come in batches, when asked for."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.playground import fields, flow
from dcviz.playground.flow import SAMPLE, TINY, Problem, State
from dcviz.playground.names import DRAWN
from dcviz.playground.numbers import measure, random_distance
from dcviz.playground.setup import SIDES, Setup
from dcviz.playground.targets import Target, target
from dcviz.types import Tree

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

LAST = 1200  # steps, after which a race ends
BATCH = 20  # steps at once, at most
APART = 16  # steps between two pictures of force and witness
WARM = 60  # latest steps that keep what makes the next one exact; older ones keep only points and numbers
STILL = 2e-5  # radii a step: a side whose points all move less is at rest
SMALL = 0.02  # of its first value: a discrepancy below has all but reached its goal
EMPTY = "Draw some points: with the mouse, a finger or a pen, in either panel."


@dataclass(frozen=True, eq=False)
class Picture:
    """Force and witness at one step, None where the divergence has none, and the largest of each so far."""

    force: Tensor | None  # (ARROWS², 2)
    heat: Tensor | None  # (CELLS²,)
    tops: tuple[float, float]


@dataclass(eq=False)
class Lane:
    """One side of the race."""

    problem: Problem | None = None
    states: list[State] = field(default_factory=list)  # by step
    pictures: dict[int, Picture] = field(default_factory=dict)
    reach: tuple[Tensor, Tensor] | None = None  # the pull at distances
    bases: list[tuple[int, float]] = field(default_factory=list)  # from a step on, the value that counts as 1
    tops: tuple[float, float] = (0.0, 0.0)  # strongest force and witness since the last change
    trouble: str = ""  # why it does not move
    warm: dict[str, Tree] = field(default_factory=dict)  # what the last picture left behind
    seconds: float = 0.0  # that the last picture took

    @property
    def head(self) -> int:
        """The newest step."""
        return len(self.states) - 1

    @property
    def resting(self) -> bool:
        """Whether nothing moves any more."""
        if len(self.states) < 3:
            return False
        a, b = self.states[-2], self.states[-1]
        return a.y.shape == b.y.shape and float((b.y - a.y).abs().max()) < STILL

    def based(self) -> Iterable[tuple[State, float]]:
        """Every state with the value that counts as 1 there."""
        for state in self.states:
            yield state, next(base for start, base in reversed(self.bases) if start <= state.step)

    def due(self, step: int) -> bool:
        """Whether the next picture is."""
        return not self.pictures or step - max(self.pictures) >= APART

    def cut(self, at: int) -> None:
        """Forget everything after a step."""
        del self.states[at + 1 :]
        self.pictures = {step: picture for step, picture in self.pictures.items() if step < at}
        self.bases = [base for base in self.bases if base[0] <= at]
        self.warm, self.reach, self.seconds, self.tops = {}, None, 0.0, (0.0, 0.0)


class Race:
    """What a window of the Playground holds. `turn` counts the changes; steps after `since` are of the last one."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.turn, self.since = 0, 0
        self.bent = False  # whether something was changed on the way: its steps cannot be had from the address alone
        self.lanes = {side: Lane() for side in SIDES}
        self.change(setup, 0, afresh=True)

    @property
    def target(self) -> Target:
        """The distribution."""
        return target(self.setup.data, self.setup.points if self.setup.data == DRAWN else "", self.setup.seed)

    @property
    def head(self) -> int:
        """The newest step of both sides."""
        return max(0, min(lane.head for lane in self.lanes.values()))

    @property
    def ended(self) -> str:
        """Why no further step is taken; empty while they are."""
        if not len(self.target.x):
            return "nothing drawn yet"
        moving = [lane for lane in self.lanes.values() if not lane.trouble]
        if not moving:
            return "stopped"
        if self.head >= LAST:
            return f"{LAST:,} steps"
        return "at rest" if all(lane.resting for lane in moving) else ""

    # ------------------------------------------------------------------------------------------ what is chosen

    def change(self, setup: Setup, at: int, *, afresh: bool = False) -> None:
        """Go on from a step with another set-up; from the start where that, or the draw of it, has changed.

        Raises:
            Refused: values that do not fit together; everything is then as before.
        """
        before = self.setup
        divergences = {side: setup.divergence(side) for side in SIDES}
        at = 0 if afresh or (setup.start, setup.seed) != (before.start, before.seed) else min(max(at, 0), self.head)
        points = self._points(setup, at)
        self.setup, self.turn, self.since = setup, self.turn + 1, at
        self.bent = at > 0
        for side, lane in self.lanes.items():
            same_kind = getattr(before, side)["name"] == getattr(setup, side)["name"] and at > 0
            self._set(lane, divergences[side], points, at, same_kind)

    def _points(self, setup: Setup, at: int) -> Tensor | None:
        """Particles to begin with, or to add to those that go on; None where there is nothing to become like."""
        real, held = _target(setup), self.lanes["left"].states
        if not len(real.x):
            return None
        if 0 < at < len(held) and len(held[at].y) >= setup.budget:
            return held[at].y[: setup.budget]
        return flow.start(setup.start, real, setup.budget, setup.seed)

    def _set(self, lane: Lane, divergence: flow.Divergence, points: Tensor | None, at: int, same_kind: bool) -> None:
        lane.cut(at)
        lane.trouble, lane.problem = "", None
        if points is None:
            lane.states, lane.trouble = [], EMPTY
            return
        setup = self.setup
        last = lane.states[at] if at > 0 and len(lane.states) > at else None
        y = points if last is None else flow.resized(last.y, points)
        moments = last.moments if last is not None and same_kind and len(last.y) == len(y) else None
        try:
            lane.problem = flow.problem(
                self.target, divergence, rate=setup.rate, move=setup.move, batch=setup.batch, seed=setup.seed
            )
            state = flow.begin(lane.problem, y, at, moments)
        except Refused as refusal:
            lane.trouble = str(refusal)
            state = State(at, y, math.nan, y * 0, None, None)
        lane.states = [*lane.states[:at], state]
        if last is None or not same_kind:
            lane.bases = [*(b for b in lane.bases if b[0] < at), (at, max(abs(state.value), TINY))]
        self._check(lane)

    def same(self, at: int, side: str = "left") -> None:
        """Put the points of one side into both, to see which way each divergence pulls the very same ones."""
        y = self.lanes[side].states[at].y
        for lane in self.lanes.values():
            if lane.problem is not None:
                lane.states[at] = replace(lane.states[at], y=y)
        self.change(self.setup, at)
        self.bent = True

    # -------------------------------------------------------------------------------------------------- moving

    def advance(self, until: int, seconds: float) -> None:
        """Steps of both sides up to one, as far as the time allows; at least one."""
        end = time.perf_counter() + seconds
        until = min(until, self.head + BATCH, LAST)
        while self.head < until and not self.ended:
            for lane in self.lanes.values():
                self._step(lane)
            if time.perf_counter() > end:
                break

    def _step(self, lane: Lane) -> None:
        last = lane.states[-1]
        if lane.trouble or lane.problem is None:
            lane.states.append(replace(last, step=last.step + 1))
            return
        try:
            lane.states.append(flow.step(lane.problem, last))
        except Refused as refusal:
            lane.trouble = str(refusal)
            lane.states.append(replace(last, step=last.step + 1))
        self._check(lane)
        if len(lane.states) > WARM:
            old = lane.states[-1 - WARM]
            lane.states[-1 - WARM] = replace(old, warm=None, moments=None)

    def _check(self, lane: Lane) -> None:
        """Stop a side whose numbers are no longer finite, at the step before, and say what to do."""
        state = lane.states[-1]
        if lane.trouble or (math.isfinite(state.value) and bool(state.pull.isfinite().all())):
            return
        lane.trouble = (
            f"The discrepancy became non-finite at step {state.step}: lower the learning rate or raise the bandwidth, "
            "then start again."
        )
        before = lane.states[-2] if len(lane.states) > 1 else state
        y = before.y if bool(before.y.isfinite().all()) else before.y.nan_to_num(0, 0, 0)
        lane.states[-1] = replace(before, step=state.step, y=y, pull=y * 0)

    # ------------------------------------------------------------------------------------------------ pictures

    def paint(self, seconds: float, *, at: int | None = None) -> None:
        """Force and witness where they are due: at a step asked for, else at the newest one, the older picture first.

        The pull at distances comes once after the first picture. What would take longer than the time that is left
        waits for the next call, but one thing is done.
        """
        end, done = time.perf_counter() + seconds, False
        step = self.head if at is None else min(max(at, 0), self.head)
        lanes = [lane for lane in self.lanes.values() if lane.problem is not None]
        for lane in sorted(lanes, key=lambda lane: max(lane.pictures, default=-1)):
            exact = at is not None and step not in lane.pictures
            if exact or (at is None and lane.due(step) and (lane.reach is not None or not lane.pictures)):
                if done and not exact and time.perf_counter() + lane.seconds > end:
                    return
                begun, done = time.perf_counter(), True
                lane.pictures[step] = _picture(lane, step)
                lane.seconds = time.perf_counter() - begun
            if lane.reach is None and lane.problem is not None and not done:
                lane.reach, done = fields.pull_at_distances(lane.problem), True

    @property
    def owing(self) -> bool:
        """Whether a pull at distances is still to be found."""
        return any(lane.reach is None for lane in self.lanes.values() if lane.problem is not None)

    def frames(self, side: str, steps: Iterable[int]) -> dict[str, np.ndarray]:
        """Points and numbers of some steps: ``points (Σ M, 2)``, the rest by step.

        ``share`` is the value in those with which each divergence began. Where that is small, ``wrong`` is 1 if the
        points are farther from the real ones than random real points are, and 2 if half of them are off the data.
        """
        import numpy as np

        lane = self.lanes[side]
        states = [lane.states[i] for i in steps]
        found: dict[str, np.ndarray] = {"sizes": np.array([len(s.y) for s in states], np.int32)}
        found["points"] = np.concatenate([s.y.numpy() for s in states]) if states else np.zeros((0, 2))
        found["value"] = np.array([s.value for s in states])
        parts: list[list[np.ndarray]] = [[], [], []]
        for group in _alike(states):
            import torch

            for part, numbers in zip(parts, measure(self.target, torch.stack([s.y for s in group])), strict=True):
                part.append(numbers.numpy())
        for name, part in zip(("modes", "off", "distance"), parts, strict=True):
            found[name] = np.concatenate(part) if part else np.zeros(0)
        based = dict(lane.based())
        found["share"] = found["value"] / np.array([based[state] for state in states])
        random = random_distance(self.target.key, len(states[-1].y)) if states else None
        far = found["distance"] >= (math.inf if random is None else random)
        stray = 2 * found["off"] >= found["sizes"]
        found["wrong"] = np.where(found["share"] <= SMALL, np.where(far, 1, np.where(stray, 2, 0)), 0)
        return found


def _alike(states: list[State]) -> Iterable[list[State]]:
    """Runs of states with the same number of particles."""
    group: list[State] = []
    for state in states:
        if group and len(group[-1].y) != len(state.y):
            yield group
            group = []
        group.append(state)
    if group:
        yield group


def _picture(lane: Lane, step: int) -> Picture:
    of, y = lane.problem, lane.states[step].y
    assert of is not None  # noqa: S101  (a picture is due only where there is a problem)
    force = heat = None
    tops = list(lane.tops)
    if not fields.no_force(of.divergence):
        force, lane.warm["force"] = fields.force(
            of.divergence, of.side, y, fields.grid(fields.ARROWS), lane.warm.get("force")
        )
        tops[0] = max(tops[0], float(force.norm(dim=1).max()))
    if not fields.no_witness(of.divergence):
        some = of.target.x[:: max(1, len(of.target.x) // SAMPLE)]
        heat, lane.warm["heat"] = fields.witness(
            of.divergence, of.side, y, fields.grid(fields.CELLS), some, lane.warm.get("heat")
        )
        tops[1] = max(tops[1], float(heat.abs().max()))
    lane.tops = (tops[0], tops[1])
    return Picture(force, heat, lane.tops)


def _target(setup: Setup) -> Target:
    return target(setup.data, setup.points if setup.data == DRAWN else "", setup.seed)
