"""How particles move: one step against the gradient of a divergence between them and the real points."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from dcviz.condensing.optimise import Optimiser
from dcviz.condensing.parameterise import Pixels
from dcviz.condensing.start import MAKE, PICK
from dcviz.errors import Refused
from dcviz.playground.targets import Target, target
from dcviz.randomness import generator
from dcviz.records import OptimiserConfig
from dcviz.types import Divergence, SyntheticSet, Tree

if TYPE_CHECKING:
    from torch import Tensor

HEAP = 0.1  # standard deviation of a start in one place
WIDE = 1.4  # radii to which a start everywhere reaches
CORNER = (-1.35, -1.35)
LENGTH = 0.5  # radii by which real points are moved to see how hard a divergence pulls
SAMPLE = 64  # of them
TINY = 1e-12  # a pull below which there is none


@dataclass(frozen=True, eq=False)
class Problem:
    """What moves the particles."""

    target: Target
    divergence: Divergence
    side: Tree  # the whole real side, fitted
    unit: float  # root mean square pull that counts as 1
    rate: float
    move: str
    batch: int  # real points of each step; 0 for all
    seed: int


@dataclass(frozen=True, eq=False)
class State:
    """The particles at one step, with what the divergence says of them."""

    step: int
    y: Tensor  # (M, 2) float64
    value: float
    pull: Tensor  # (M, 2): minus the gradient, times M: what the arrows show
    warm: Tree  # of the divergence
    moments: Tree  # of the move


def problem(at: Target, divergence: Divergence, *, rate: float, move: str, batch: int, seed: int) -> Problem:
    """A divergence on a distribution, its real side fitted.

    Raises:
        Refused: whatever the divergence cannot do with these points.
    """
    side = fitted(at.key, divergence)
    return Problem(at, divergence, side, unit_of(at.key, type(divergence)), rate, move, batch, seed)


@lru_cache(maxsize=16)
def fitted(key: tuple[str, str, int], divergence: Divergence) -> Tree:
    """The whole real side of a distribution."""
    at = target(*key)
    return fit(at, divergence, at.x)


def fit(at: Target, divergence: Divergence, x: Tensor) -> Tree:
    """The real side of some of a target's points ``x (N, 2)``; with the score where it is known and needed."""
    draw = generator(0, "playground fit")
    if divergence.needs_score and at.score is not None:
        return divergence.fit_scored(at.score, x, draw)
    return divergence.fit(x, draw)


@lru_cache(maxsize=128)
def unit_of(key: tuple[str, str, int], kind: type[Divergence]) -> float:
    """How hard a divergence, with its usual parameters, pulls points that lie half a radius off the real ones.

    The speed of the flow is counted in it, so that one learning rate serves all. A bandwidth that is chosen too
    small does not change it: its pull then *is* weak.
    """
    import torch

    at, divergence = target(*key), kind()
    angle = torch.tensor(math.pi / 8)  # between the axes
    off = LENGTH * torch.stack([angle.cos(), angle.sin()]).to(at.x)
    some = at.x[torch.randperm(len(at.x), generator=generator(0, "playground unit"))[:SAMPLE]]
    pull = _value(divergence, fitted(key, divergence), some + off, None)[1] * len(some)
    found = float(pull.square().sum(1).mean().sqrt())
    return found if math.isfinite(found) and found > TINY else 1.0


def begin(of: Problem, y: Tensor, step: int = 0, moments: Tree = None) -> State:
    """The state with particles at ``y (M, 2)``."""
    return _look(of, y, step, None, moments if moments is not None else {"scale": of.unit, "adam": None})


def step(of: Problem, state: State) -> State:
    """One step of all particles, and a look at where they are then."""
    y, moments = MOVE[of.move](of, state)
    return _look(of, y, state.step + 1, state.warm, moments)


def _look(of: Problem, y: Tensor, step: int, warm: Tree, moments: Tree) -> State:
    import torch

    side = of.side
    if of.batch and of.batch < len(of.target.x):
        some = torch.randperm(len(of.target.x), generator=generator(of.seed, "playground batch", step))[: of.batch]
        side, warm = fit(of.target, of.divergence, of.target.x[some]), None
    value, gradient, warm = _value(of.divergence, side, y, warm)
    return State(step, y, value, -len(y) * gradient, warm, moments)


def _value(divergence: Divergence, side: Tree, y: Tensor, warm: Tree) -> tuple[float, Tensor, Tree]:
    import torch

    leaf = y.detach().requires_grad_()
    value, warm = divergence.value(side, leaf, None, warm)
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    return float(value.detach()), gradient, detached(warm)


def detached(tree: Tree) -> Tree:
    """The same tree without the history of its tensors."""
    if isinstance(tree, dict):
        return {key: detached(part) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(detached(part) for part in tree)
    return tree.detach() if hasattr(tree, "detach") else tree


def _flow(of: Problem, state: State) -> tuple[Tensor, Tree]:
    """Along the arrows, at a speed that all points of a side share.

    The strongest mean pull so far, but at least the divergence's unit, is full speed: steps shrink as forces do.
    """
    strength = float(state.pull.square().sum(1).mean().sqrt())
    scale = max(state.moments["scale"], strength if math.isfinite(strength) else 0.0)
    return state.y + of.rate * state.pull / scale, {**state.moments, "scale": scale}


def _adam(of: Problem, state: State) -> tuple[Tensor, Tree]:
    import torch

    count = len(state.y)
    moved = state.y.clone()  # the optimiser moves it in place
    held = SyntheticSet({"images": moved}, torch.zeros(count).long(), torch.arange(count), (count,), Pixels())
    optimiser = Optimiser(OptimiserConfig("adam", {"images": of.rate}), steps=1)
    before = state.moments["adam"] or optimiser.begin(held)
    before = {**before, "rates": {"images": of.rate}}
    after, moments = optimiser.move(held, {"images": -state.pull / count}, before)
    return after.parameters["images"], {**state.moments, "adam": moments}


MOVE: dict[str, Callable[[Problem, State], tuple[Tensor, Tree]]] = {"flow": _flow, "adam": _adam}


def start(kind: str, at: Target, budget: int, seed: int) -> Tensor:
    """The first particles ``(M, 2)``.

    Raises:
        Refused: a selection of more points than there are.
    """
    import torch

    draw = generator(seed, "playground start")
    if kind in PLACES:
        noise = torch.randn(budget, 2, generator=draw, dtype=torch.float64)
        return PLACES[kind](noise)
    if budget > len(at.x):
        raise Refused(
            f"a start from {budget} of {len(at.x)} real points is not possible: choose fewer synthetic points, or a "
            "start from noise."
        )
    return at.x[PICK[kind](at.x, budget, draw)] if kind in PICK else MAKE[kind](at.x, budget, draw)


def _spread(noise: Tensor) -> Tensor:
    import torch

    return WIDE * (2 * torch.special.ndtr(noise) - 1)


PLACES: dict[str, Callable[[Tensor], Tensor]] = {
    "centre": lambda noise: HEAP * noise,
    "wide": _spread,
    "far": lambda noise: HEAP * noise + noise.new_tensor(CORNER),
}


def resized(y: Tensor, more: Tensor) -> Tensor:
    """Particles of another number: the first of those there are, then further ones of a start ``more (M, 2)``."""
    import torch

    kept = y[: len(more)]
    return torch.cat([kept, more[len(kept) :]])
