"""What a divergence would do with a particle anywhere in the plane: force, witness, and pull at a distance.

One more particle of mass δ at z changes a divergence by δ φ(z) (its first variation, up to a constant). The *force* is
-∇φ: where a particle at z would go. The *witness* is φ with the constant chosen so that its means over the particles
and over the real points are opposite: it is above 0 where particles are too many, below where they are missing. Both
come from the divergence's own ``value``: particles of almost no mass are put on a grid, and autograd is asked for the
gradient in their masses and in their places. No divergence is written a second time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dcviz import registry
from dcviz.errors import Refused
from dcviz.playground.drawing import EXTENT
from dcviz.playground.flow import Problem, detached, fit
from dcviz.playground.targets import target
from dcviz.types import Divergence, Tree

if TYPE_CHECKING:
    from torch import Tensor

ARROWS, CELLS = 13, 18  # grid points along a side of the plane: of the force, and of the witness
DUST = 1e-6  # mass of all grid points together
CLOSE = 0.03  # relative error up to which a probe counts as right
NEAREST, FARTHEST, DISTANCES = 0.02, 40.0, 28  # radii, for the pull at a distance


def grid(side: int) -> Tensor:
    """Centres ``(side², 2)`` of the cells of the plane, row by row from below."""
    import torch

    at = (2 * torch.arange(side, dtype=torch.float64) + 1 - side) / side * EXTENT
    return torch.stack(torch.meshgrid(at, at, indexing="xy"), -1).reshape(-1, 2)


def force(divergence: Divergence, side: Tree, y: Tensor, z: Tensor, warm: Tree = None) -> tuple[Tensor, Tree]:
    """Where particles of no mass at ``z (G, 2)`` would go beside those at ``y (M, 2)``: ``(G, 2)``, and the state."""
    import torch

    leaf = torch.cat([y, z]).requires_grad_()
    value, warm = divergence.value(side, leaf, _masses(y, z), warm)
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    return -gradient[len(y) :] * (len(z) / DUST), detached(warm)


def witness(
    divergence: Divergence, side: Tree, y: Tensor, z: Tensor, x: Tensor, warm: Tree = None
) -> tuple[Tensor, Tree]:
    """What mass at ``z (G, 2)`` changes, per unit, beside particles ``y (M, 2)``: ``(G,)``, and the state.

    Less the middle between its means over the particles and over real points ``x (R, 2)``. For an MMD, twice
    mean k(y,z) - mean k(x,z), less that middle.

    Raises:
        Refused: where the divergence is not differentiable in the masses.
    """
    import torch

    dust = torch.cat([z, x])
    masses = _masses(y, dust).requires_grad_()
    value, warm = divergence.value(side, torch.cat([y, dust]), masses, warm)
    if not value.requires_grad:
        raise Refused(f"{_title(divergence)} is solved outside of autograd: it has no gradient in the masses.")
    (slope,) = torch.autograd.grad(value.sum(), masses)
    own, there, real = slope.split([len(y), len(z), len(x)])
    return there - (own.mean() + real.mean()) / 2, detached(warm)


def _masses(y: Tensor, z: Tensor) -> Tensor:
    import torch

    return torch.cat([y.new_full((len(y),), (1 - DUST) / len(y)), y.new_full((len(z),), DUST / len(z))])


def no_force(divergence: Divergence) -> str:
    """Why there is no force field; empty where there is one."""
    return _no_force(_coarse(divergence))


def no_witness(divergence: Divergence) -> str:
    """Why there is no witness; empty where there is one."""
    return _no_witness(_coarse(divergence))


def _coarse(divergence: Divergence) -> Divergence:
    """With the usual numbers: what can be asked of a divergence depends on what it is, not on how much of it."""
    kinds = {k: v for k, v in registry.describe(divergence).items() if isinstance(v, (str, bool)) and k != "name"}
    return type(divergence)(**kinds)


@lru_cache(maxsize=256)
def _no_force(divergence: Divergence) -> str:
    """Found by trying: points of no mass together must be pulled as each is alone."""
    import torch

    side, y, z, _ = _trial(divergence, ARROWS)
    together = force(divergence, side, y, z)[0]
    alone = torch.cat([force(divergence, side, y, one)[0] for one in z.split(1)])
    if (together - alone).norm() <= CLOSE * alone.norm():
        return ""
    return f"{_title(divergence)} answers to the mere presence of a point: one of no mass has no arrow."


@lru_cache(maxsize=256)
def _no_witness(divergence: Divergence) -> str:
    """Found by trying: the same, and the gradient must say what moving mass does."""
    import torch

    side, y, z, x = _trial(divergence, CELLS)
    try:
        together = witness(divergence, side, y, z, x)[0]
    except Refused as refusal:
        return str(refusal)
    alone = torch.cat([witness(divergence, side, y, one, x[:1])[0] for one in z.split(1)])
    together, alone = together - together.mean(), alone - alone.mean()  # each has a constant of its own
    if (together - alone).norm() > CLOSE * alone.norm():
        return f"{_title(divergence)} answers to the mere presence of a point, however little it weighs."
    step = 0.2 * DUST / len(z)  # of the mass of one point, to another and back
    move = torch.zeros(len(y) + len(z), dtype=y.dtype)
    move[-2], move[-1] = -step, step
    ends = [float(divergence.value(side, torch.cat([y, z]), _masses(y, z) + w)[0]) for w in (move, -move)]
    moved, told = (ends[0] - ends[1]) / (2 * step), float(together[-1] - together[-2])
    if abs(moved - told) <= CLOSE * float(together.abs().max()):
        return ""
    return f"{_title(divergence)} is not smooth in the masses: its gradient there does not say what moving mass does."


def _title(divergence: Divergence) -> str:
    return divergence.title[:1].upper() + divergence.title[1:]


def _trial(divergence: Divergence, side: int) -> tuple[Tree, Tensor, Tensor, Tensor]:
    """A small problem: a heap of particles, neighbours on the grid, and a part of eight modes."""
    at = target("eight-gaussians")
    near = [*(k + side * j for j in (1, 2, 3) for k in (1, 2, 3)), (side // 2) * (side + 1)]
    return fit(at, divergence, at.x[:96]), 0.1 * at.x[100:112] + 0.1, grid(side)[near], at.x[:96]


def pull_at_distances(of: Problem) -> tuple[Tensor, Tensor]:
    """How hard a single particle is pulled at some distances from the real mean: both ``(28,)``, in radii.

    Along one direction between the axes; the pull is the length of the gradient.
    """
    import math

    import torch

    distances = torch.logspace(math.log10(NEAREST), math.log10(FARTHEST), DISTANCES, dtype=torch.float64)
    way = torch.tensor([math.cos(math.pi / 8), math.sin(math.pi / 8)], dtype=torch.float64)
    pulls, warm = [], None
    for place in of.target.x.mean(0) + distances.unsqueeze(1) * way:
        leaf = place.unsqueeze(0).requires_grad_()
        value, warm = of.divergence.value(of.side, leaf, None, detached(warm))
        pulls.append(torch.autograd.grad(value.sum(), leaf)[0].norm())
    return distances, torch.stack(pulls)
