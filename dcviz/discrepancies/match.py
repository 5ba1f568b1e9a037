"""Any divergence in any regime of vectors: the grid of the unified view in one declaration."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from dcviz.discrepancies.random_features.networks import RandomFeatures
from dcviz.divergences.energy import Energy
from dcviz.types import (
    ClassBatch,
    Discrepancy,
    Divergence,
    Needs,
    Plan,
    Progress,
    RealSampler,
    Regime,
    Source,
    Space,
    SyntheticSet,
    Terms,
    Tree,
    hyper,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CHUNK = 1024  # real samples that go through a map at once which looks at the whole batch
MOST = 4096  # through one that takes each by itself
FEW = 64  # samples below which an operation is too short to share
CACHED, HELD = 2**23, 2**26  # bytes of activations at once, of many and of a few samples: what the cache holds of them
DEVICE = 2**29  # the same on an accelerator, where starting an operation costs more than what misses the cache


@dataclass(frozen=True)
class Match(Discrepancy):
    r"""Class by class, a divergence between the real and the synthetic vectors of a regime.

    .. math:: \sum_{c=1}^{C} D\bigl(\psi(A_\omega T_c),\ \psi(A_\omega S_c)\bigr)

    Where the maps of the regime are fixed and nothing is augmented, the real side is fitted once, on up to
    ``cap`` samples per class; otherwise on a fresh batch every step. Augmentation is siamese: one draw of
    parameters serves both sides.
    """

    name = "match"
    title = "divergence in a regime"
    sentence = "Makes each class of the synthetic set look like the real class to one divergence in one regime."
    formula = r"\sum_c D\bigl(\psi(T_c),\psi(S_c)\bigr)"
    source = Source(
        "T. Chen, R. Selvan",
        "A Discrepancy-Based Perspective on Dataset Condensation (our reading)",
        2025,
        "https://arxiv.org/abs/2509.10367",
    )
    where = "any"
    partial = True

    divergence: Divergence = hyper(Energy(), "How two clouds of vectors are compared.", part="divergence")
    regime: Regime = hyper(RandomFeatures(), "Where they are compared.", part="regime")
    batch: int = hyper(
        128,
        "Real samples per class and step, where the real side is not prepared once.",
        low=1,
        high=4096,
        log=True,
    )
    cap: int = hyper(500, "Real samples per class, where the real side is prepared once.", low=2, high=20000, log=True)
    augment: str = hyper("", "Siamese augmentation, e.g. color_crop_cutout_flip_scale_rotate; empty for none.")

    @property
    def fixed(self) -> bool:
        """Whether the real side can be prepared once."""
        return self.regime.members > 0 and not self.augment

    @property
    def needs(self) -> Needs:
        """From the regime and the augmentation."""
        return Needs(
            real_per_class=0 if self.fixed else self.batch,
            space="fixed" if self.regime.members == 1 else "fresh",
            planar=self.regime.planar and not self.augment,
            images=self.regime.images,
            score=self.divergence.needs_score,
        )

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """What the regime learned, and its fixed maps with their fitted real sides (None if they are not fixed)."""
        learned = self.regime.learn(real, generator, progress)
        members = []
        batch = real.batch(self.cap) if self.fixed else None
        for i in range(self.regime.members):
            progress("preparing the real side", i / self.regime.members)
            embed = self.regime.draw(Space.of(real), generator, learned, i)
            side = None
            if batch is not None:
                at = present(batch)
                x, weights = batch.x[at], batch.weights[at]
                side = self._fit(real, self._embed_classes(embed, x), generator, weights)
            members.append((embed, side))
        return {"learned": learned, "members": members, "present": None if batch is None else present(batch)}

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """A divergence's warm state for every member whose real side is fixed; else one, if it can be carried on."""
        return [None for _ in context["members"]] if self.fixed else None

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """One term, named after the divergence: the sum over classes; one that T lacks counts as their mean."""
        from dcviz.augment import draw

        fake = synthetic.by_class()
        if self.fixed:
            at = context["present"]
            turn = _draw(len(context["members"]), generator)
            embed, side = context["members"][turn]
            y = self._embed_classes(embed, fake.x[at])
            values, warm = self.divergence.value(side, y, fake.weights[at], state[turn])
            state = [warm if i == turn else kept for i, kept in enumerate(state)]
        else:
            embed = self._map(context, real, generator)
            augment = draw(self.augment, real.shape, generator)
            batch = real.batch(self.batch)
            at = present(batch)
            x, y = (self._embed_classes(lambda z: embed(augment(z)), part.x[at]) for part in (batch, fake))
            side = self._fit(real, x, generator, batch.weights[at])
            values, warm = self.divergence.value(side, y, fake.weights[at], state)
            state = warm if self.divergence.carries else None
        return {self.divergence.name: values.sum() * (len(fake.x) / len(values))}, state

    def _fit(self, real: RealSampler, x: Tensor, generator: torch.Generator, weights: Tensor) -> Tree:
        """The real side of vectors ``x (C, N, D)``, with the score of their density where that is known."""
        score = real.score if self.divergence.needs_score and self.regime.identity and not self.augment else None
        if score is None:
            return self.divergence.fit(x, generator, weights)
        return self.divergence.fit_scored(partial(_score_classes, score), x, generator, weights)

    def _embed_classes(self, embed: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Map ``x (C, n, *shape)`` to ``(C, n, D)``, the real side (no gradient) in chunks."""
        import torch

        flat = x.flatten(0, 1)  # (C·n, *shape)
        if x.requires_grad:
            return embed(flat).unflatten(0, x.shape[:2])
        with torch.no_grad():
            parts = [embed(part) for part in flat.split(self._together(x.shape[2:], x.device.type))]
        return torch.cat(parts).unflatten(0, x.shape[:2])

    def _together(self, shape: tuple[int, ...], device: str = "cpu") -> int:
        """How many real samples go through the map at once: a power of two; maps of the next layer find them cached."""
        if not self.regime.singly:
            return CHUNK
        one = 4 * self.regime.floats(shape)
        most = max(CACHED / one, min(FEW, HELD / one), 1) if device == "cpu" else max(DEVICE / one, 1)
        return min(MOST, 1 << int(math.log2(most)))

    def _map(self, context: Tree, real: RealSampler, generator: torch.Generator) -> Callable[[Tensor], Tensor]:
        if context["members"]:
            return context["members"][_draw(len(context["members"]), generator)][0]
        return self.regime.draw(Space.of(real), generator, context["learned"])

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward passes of the real batch, forward and backward of S, and the distances between them."""
        real = (self.cap if self.fixed else self.batch) * classes
        passes = (0 if self.fixed else real) + 3 * classes * per_class
        pairs = real * per_class
        size = math.prod(shape)
        held = (min(real, self._together(shape)) + 2 * classes * per_class) * self.regime.floats(shape)
        return passes * self.regime.flops(shape) + 6 * pairs * size, 4.0 * (held + 4 * pairs)


def present(batch: ClassBatch) -> Any:
    """What picks the classes that have real samples; a slice, which costs nothing, where all have."""
    return slice(None) if batch.present is None else list(batch.present)


def _score_classes(score: Callable[[Tensor, Tensor], Tensor], y: Tensor) -> Tensor:
    """∇ log p of each class at its own points ``y (C, M, 2)``."""
    import torch

    classes = torch.arange(len(y), device=y.device).repeat_interleave(y.shape[1])
    return score(y.flatten(0, 1), classes).unflatten(0, y.shape[:2])


def _draw(members: int, generator: torch.Generator) -> int:
    import torch

    return int(torch.randint(members, (), generator=generator)) if members > 1 else 0
