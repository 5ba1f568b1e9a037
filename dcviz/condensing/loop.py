"""The algorithm: one update of S, and the loop around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from dcviz.condensing.optimise import Optimiser
from dcviz.condensing.save_at import SaveAt
from dcviz.randomness import generator
from dcviz.records import Outcome
from dcviz.types import Discrepancy, RealSampler, SyntheticSet, Terms, Tree

if TYPE_CHECKING:
    from torch import Tensor


KEEP = SaveAt()
DIVERGED = 1e6  # standard deviations of the real pixels: nothing that anybody would call an image


class RealSource(Protocol):
    """T, from which each step draws with its own generator."""

    def at(self, step: int) -> RealSampler:
        """The sampler of one step."""


@dataclass(frozen=True)
class Problem:
    """What is to be condensed, how, and from which seed."""

    real: RealSource
    discrepancy: Discrepancy
    context: Tree  # what discrepancy.prepare returned
    optimiser: Optimiser
    steps: int
    seed: int = 0


@dataclass(frozen=True)
class State:
    """Everything that the next step depends on, besides the problem. `step` consumes it."""

    step: int
    synthetic: SyntheticSet
    inner: Tree  # of the discrepancy
    moments: Tree  # of the optimiser
    terms: Terms = field(default_factory=dict)  # of the last step, at S before its update
    objective: Tensor | None = None


@dataclass(frozen=True)
class Saved:
    """One kept step; the last of a run carries the outcome."""

    state: State
    objectives: tuple[float, ...]  # of the steps since the last kept one
    outcome: Outcome | None = None


def begin(problem: Problem, synthetic: SyntheticSet) -> State:
    """The state before the first step."""
    inner = problem.discrepancy.begin(problem.context, synthetic, generator(problem.seed, "begin"))
    return State(0, synthetic, inner, problem.optimiser.begin(synthetic))


def step(problem: Problem, state: State) -> State:
    """One update of S: gradient of the discrepancy, a move against it, then the discrepancy's own advance."""
    n, seed, d = state.step + 1, problem.seed, problem.discrepancy
    real = problem.real.at(n)
    terms, gradients, inner = d.gradient(
        problem.context, state.inner, real, state.synthetic, generator(seed, "loss", n)
    )
    synthetic, moments = problem.optimiser.move(state.synthetic, gradients if d.follows(terms) else {}, state.moments)
    inner = d.advance(problem.context, inner, real, synthetic, generator(seed, "advance", n))
    return State(n, synthetic, inner, moments, terms, d.objective(terms).detach())


def finish(problem: Problem, state: State) -> State:
    """What the discrepancy does once at the end."""
    real, at_end = problem.real.at(problem.steps + 1), generator(problem.seed, "finish")
    return replace(
        state,
        synthetic=problem.discrepancy.finish(problem.context, state.inner, real, state.synthetic, at_end),
    )


def condense(problem: Problem, start: SyntheticSet, *, save_at: SaveAt = KEEP) -> Iterator[Saved]:
    """All steps of a run, yielding the kept ones; a loss that is no longer finite ends it with the remedy."""
    import torch

    kept = set(save_at.of(problem.steps))
    before = start.map(torch.clone)  # steps consume it
    state = begin(problem, start)
    recent: list[Tensor] = []
    yield Saved(state, ())
    while state.step < problem.steps:
        state = step(problem, state)
        recent.append(state.objective)  # type: ignore[arg-type]
        if state.step in kept:
            objectives = tuple(torch.stack(recent).tolist())  # the only wait for the device
            lost = not_finite(objectives, state.step) or spoilt(state.synthetic, state.step)
            last = state.step == problem.steps
            remark = unmoved(before, state.synthetic) if last else ""
            if lost is None and last:
                state = finish(problem, state)
                lost = spoilt(state.synthetic, state.step) or diverged(state.synthetic)
            yield Saved(state, objectives, lost or (Outcome("done", remark) if last else None))
            if lost is not None:
                return
            recent.clear()


def not_finite(objectives: tuple[float, ...], step: int) -> Outcome | None:
    """The outcome of a run whose recent objectives, the last at ``step``, are not all finite."""
    import math

    for i, value in enumerate(objectives):
        if not math.isfinite(value):
            at = step - len(objectives) + 1 + i
            cure = "lower the learning rate or raise the bandwidth"
            return Outcome("failed", f"the loss became non-finite at step {at}: {cure}.")
    return None


def spoilt(synthetic: SyntheticSet, step: int) -> Outcome | None:
    """The outcome of a run whose S is no set of finite numbers after a step; waits for the device.

    A gradient may be NaN where the loss is not: at the square root of 0, say.
    """
    import torch

    for name, value in synthetic.parameters.items():
        if not bool(torch.isfinite(value).all()):
            cure = "lower the learning rate, or take another divergence or start"
            return Outcome("failed", f"the {name} became non-finite at step {step}, though the loss was not: {cure}.")
    return None


def diverged(synthetic: SyntheticSet) -> Outcome | None:
    """The outcome of a run that ended with numbers, but with none that are images; waits for the device."""
    largest = float(synthetic.stored.abs().max()) if synthetic.stored.numel() else 0.0
    if largest <= DIVERGED:
        return None
    cure = "lower the learning rate, or fork it at an earlier step"
    return Outcome("failed", f"the images diverged: they reach {largest:.1g} standard deviations of real ones; {cure}.")


def unmoved(before: SyntheticSet, after: SyntheticSet) -> str:
    """What to say where all steps together changed nothing; empty otherwise. Waits for the device."""
    import torch

    first = before.parameters
    if any(key not in first or not torch.equal(value, first[key]) for key, value in after.parameters.items()):
        return ""
    return (
        "the synthetic set ended where it began, as its gradient was 0 or left out at every step: it is at its best "
        "already, or out of reach. Another start, a wider bandwidth or another divergence may move it."
    )
