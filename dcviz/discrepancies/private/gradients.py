"""Gradient matching against noisy gradients: each step asks a Poisson sample, row by row clipped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.discrepancies.gradients.distances import DISTANCES
from dcviz.discrepancies.private.accounting import (
    check_promise,
    noise_for_steps,
    require_library,
    schedule,
    so_far,
)
from dcviz.discrepancies.private.release import Released
from dcviz.discrepancies.random_features.networks import fitting, fresh_network
from dcviz.errors import Refused
from dcviz.types import (
    Discrepancy,
    Needs,
    Plan,
    Progress,
    RealSampler,
    Source,
    Space,
    SyntheticSet,
    Terms,
    Tree,
    hyper,
    hyper_of,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

FRESH: dict[str, Any] = {"weights": None, "velocity": None, "updates": 0}  # the next step draws a network
ROWS = 256  # whose gradients are held at once


@dataclass(frozen=True)
class PrivateGradients(Discrepancy):
    r"""The distance between a network's gradient on S and a noisy, clipped one on a Poisson sample of T.

    .. math:: \tilde g = \frac1{qN}\Bigl(\sum_{i\in B}g_i\min\bigl(1,\tfrac{\kappa}{\lVert g_i\rVert}\bigr)
              + \mathcal N(0,(\sigma\kappa)^2)\Bigr),\quad i\in B\text{ with probability }q

    The network is trained on S between updates, which is free; after ``outer`` of them a new one is drawn. ``releases``
    steps share the budget, and no step is taken beyond them. qN, not the size of the sample, divides: that size is
    private. The gradient of S is the plain mean.
    """

    name = "private-gradients"
    title = "private gradients"
    sentence = (
        "Makes the synthetic set push a network as noisy, clipped gradients of the private rows do, step by step."
    )
    formula = (
        r"D\Bigl(\tfrac1{qN}\bigl(\sum_{i\in B}\mathrm{clip}_\kappa\,g_i+\xi\bigr),\ \nabla_\theta\ell(S;\theta)\Bigr)"
    )
    source = Source(
        "D. Chen, R. Kerkouche, M. Fritz",
        "Private Set Generation with Discriminative Information",
        2022,
        "https://arxiv.org/abs/2211.04446",
        "Algorithm 1",
    )
    where = "gradients"
    serves = "private"
    accounted = True
    properties = frozenset({"nonnegative"})

    epsilon: float = hyper_of(Released, "epsilon")
    delta: float = hyper_of(Released, "delta")
    releases: int = hyper(
        500, "Steps that share the budget; at most so many are taken.", low=1, high=1_000_000, log=True
    )
    rate: float = hyper(0.1, "q: the probability with which a row is asked in a step.", low=1e-4, high=1.0, log=True)
    clip: float = hyper(1.0, "κ: the length to which the gradient of a row is cut.", low=1e-6, high=1e6, log=True)
    distance: str = hyper("cosine", "How gradients are compared.", choices=tuple(DISTANCES))
    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(16, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    outer: int = hyper(10, "Updates of S before a new network is drawn.", low=1, high=1000, log=True)
    inner: int = hyper(5, "Training steps of the network on S between updates.", low=0, high=1000)
    inner_batch: int = hyper(256, "Samples per such step.", low=1, high=4096, log=True)
    inner_rate: float = hyper(0.05, "Learning rate of the network (SGD).", low=1e-5, high=1.0, log=True)

    @property
    def needs(self) -> Needs:
        """A sample of all rows every step."""
        return Needs(space="fresh")

    @property
    def asks_each_step(self) -> bool:
        """Yes."""
        return True

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The noise that keeps the promise over all steps, and a network whose weights are replaced."""
        check_promise(self.epsilon, self.delta, real.size)
        progress("accounting for all steps", 0.0)
        sigma, table = self._account(real)
        mark = real.secret.mark("gradients", real.secret.run)
        net = self._network(real, generator)
        return {"net": net, "sigma": sigma, "table": table, "size": real.size, "mark": mark}

    def _account(self, real: RealSampler) -> tuple[float, list[tuple[int, float]]]:
        """Kept between runs: it takes seconds, and no row has a part in it."""
        from dcviz.caching import key_of

        require_library()
        promise = self.delta, self.rate, self.releases
        key = key_of("account", self.epsilon, *promise)
        found = real.cache.load_cached("account", key) if real.cache is not None else None
        if found is not None:
            return found[1]["sigma"], [(int(n), float(e)) for n, e in found[1]["table"]]
        sigma = noise_for_steps(self.epsilon, *promise)
        table = schedule(sigma, *promise)
        if real.cache is not None:
            real.cache.save_cached("account", key, {}, {"sigma": sigma, "table": table})
        return sigma, table

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """Nothing is spent, and the first step draws a network."""
        return {**FRESH, "releases": 0, "mark": context["mark"]}

    def refuse_stale(self, context: Tree, state: Tree) -> None:
        """Elsewhere, the same steps may have been taken already; and other rows have no part in what was spent."""
        if state["mark"] != context["mark"]:
            raise Refused(
                "the private rows, or the key of their noise, are not those of this run's steps so far: its account "
                "cannot be continued here. Start a new run, whose ε adds to this one's."
            )

    def loss(
        self, context: Tree, state: Tree, real: RealSampler, synthetic: SyntheticSet, generator: torch.Generator
    ) -> tuple[Terms, Tree]:
        """One term: the distance of both gradients."""
        if state["releases"] >= self.releases:
            raise Refused(
                f"all {self.releases:,} steps that share ε = {self.epsilon:g} are done: start a new run for more, "
                "whose ε adds to this one's."
            )
        if state["weights"] is None:
            fresh = self._network(real, generator)
            state = {**state, **FRESH, "weights": {k: v.detach() for k, v in fresh.named_parameters()}}
        weights = {k: v.detach() for k, v in state["weights"].items()}
        asked = real.poisson(self.rate)
        total = clipped_sum(context["net"], weights, asked.x, asked.y, self.clip)
        noisy = self._noisy(total, context["sigma"] * self.clip, state["releases"], real)
        live = {k: v.clone().requires_grad_() for k, v in weights.items()}
        distance = DISTANCES[self.distance](noisy, self._of_fake(context["net"], live, synthetic))
        after = {**state, "weights": weights, "releases": state["releases"] + 1}
        return {"gradients": distance}, after

    def _noisy(self, total: dict[str, Tensor], deviation: float, step: int, real: RealSampler) -> list[Tensor]:
        """The sum with noise, per expected row."""
        count = sum(v.numel() for v in total.values())
        question = "gradients", real.secret.run, step
        flat = (deviation * real.secret.normal((count,), *question)).float().to(real.device)
        noise = flat.split([v.numel() for v in total.values()])
        expected = self.rate * real.size
        return [(v + n.reshape(v.shape)) / expected for v, n in zip(total.values(), noise, strict=True)]

    def _of_fake(self, net: nn.Module, live: dict[str, Tensor], synthetic: SyntheticSet) -> list[Tensor]:
        import torch

        from dcviz.discrepancies.gradients.inner import losses

        loss = losses(net, live, synthetic.decode().x, synthetic.decoded_classes()).mean()
        return list(torch.autograd.grad(loss, list(live.values()), create_graph=True))

    def advance(
        self, context: Tree, state: Tree, real: RealSampler, synthetic: SyntheticSet, generator: torch.Generator
    ) -> Tree:
        """Train the network on S, or forget it when its turn is over."""
        from dcviz.discrepancies.gradients.inner import Descent, from_fake

        if state["updates"] + 1 >= self.outer:
            return {**state, **FRESH}
        weights, velocity = state["weights"], state["velocity"]
        descent = Descent(context["net"], self.inner_rate, 0.0, 0.0)
        for x, y in from_fake(synthetic, self.inner, self.inner_batch, generator):
            weights, velocity = descent.step(weights, velocity, x, y)
        return {**state, "weights": weights, "velocity": velocity, "updates": state["updates"] + 1}

    def spent(self, context: Tree, state: Tree) -> float:
        """The ε of the releases so far."""
        return so_far(context["table"], state["releases"])

    def guarantee(self, context: Tree) -> Mapping[str, str | float]:
        """The promise over all steps."""
        return {
            "epsilon": self.epsilon,
            "delta": self.delta,
            "rows": context["size"],
            "release": context["mark"],
            "neighbours": "one row left out, N counted as before",
            "public": "class names, shape, N, the held-out and the test part, and a part that is shown",
        }

    def _network(self, real: RealSampler, generator: torch.Generator) -> nn.Module:
        return fresh_network(self.network, Space.of(real), generator, width=self.width)

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Rows one by one, of some ten thousand; S with its second derivative; the inner training."""
        from dcviz.nets import activations, flops, weights

        name, fake = fitting(self.network, shape), classes * per_class
        one, held = (count(name, shape, self.width) for count in (flops, activations))
        asked = self.rate * 1e4
        size = weights(name, shape, self.width, classes)
        return one * (3 * asked + 9 * fake + 3 * self.inner * min(self.inner_batch, fake)), 4.0 * (
            ROWS * size + 4 * fake * held
        )


def clipped_sum(net: nn.Module, weights: dict[str, Tensor], x: Tensor, y: Tensor, clip: float) -> dict[str, Tensor]:
    """The sum over rows ``x (B, *shape)`` of their gradients, each cut to the length ``clip``; 0 of no rows."""
    import torch
    from torch.func import grad, vmap

    from dcviz.discrepancies.gradients.inner import losses

    def one(values: dict[str, Tensor], sample: Tensor, label: Tensor) -> Tensor:
        return losses(net, values, sample[None], label[None])[0]

    each = vmap(grad(one), in_dims=(None, 0, 0))
    total = {k: torch.zeros_like(v) for k, v in weights.items()}
    for xs, ys in zip(x.split(ROWS), y.split(ROWS), strict=True) if len(x) else ():
        rows = each(weights, xs, ys)  # each (b, *shape of the weight)
        rows = {k: g.nan_to_num(0, 0, 0) for k, g in rows.items()}  # one such row would show in the sum
        length = sum(g.flatten(1).square().sum(1) for g in rows.values()).sqrt()  # (b,)
        factor = clip / length.clamp_min(clip) if math.isfinite(clip) else torch.ones_like(length)
        total = {k: total[k] + torch.einsum("b,b...->...", factor, g) for k, g in rows.items()}
    return total
