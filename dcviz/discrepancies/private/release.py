"""One noisy release of class-wise mean features; all that is made from it afterwards is free."""

from __future__ import annotations

import dataclasses
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dcviz.caching import kept
from dcviz.discrepancies.private.accounting import check_promise, noise_for
from dcviz.errors import Refused
from dcviz.types import Discrepancy, Plan, Progress, RealSampler, Space, SyntheticSet, Terms, Tree, hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Features = Callable[["Tensor"], "Tensor"]  # (n, *shape) -> (n, D)

ROUNDING = 1e-5  # by which float32 may exceed the bounds that the sensitivities rest on
LEAST = 0.1  # of an equal share: a released class share below it is taken as this


@dataclass(frozen=True)
class Released(Discrepancy):
    r"""Mean features of every class, of which one noisy copy is released.

    .. math:: \tilde\Phi_c = \frac1N\sum_{i:y_i=c}\varphi(x_i) + \mathcal N\bigl(0,(\sigma\Delta)^2\bigr),\quad
              \lVert\varphi\rVert\le 1

    To replace one row of N moves the whole matrix by at most Δ = 2/N: by |φ - φ'|/N ≤ 2/N in its own class, by
    √(|φ|² + |φ'|²)/N ≤ √2/N where its class changes. S is compared by the squared distance of the weighted means of
    its classes, which is a function of the release and of nothing else in T.
    """

    serves = "private"
    accounted = True
    properties = frozenset({"nonnegative"})
    neighbours: ClassVar[str] = "one row replaced by any other"

    epsilon: float = hyper(
        1.0, "ε: how much may be learned of any one row; smaller is more private.", low=1e-3, high=100.0, log=True
    )
    delta: float = hyper(
        1e-5, "δ: the probability that this is exceeded; far below 1/N.", low=1e-12, high=0.1, log=True
    )
    weights: str = hyper(
        "equal",
        "Shares of the classes: declared equal, or released too, with half of the budget.",
        choices=("equal", "released"),
    )

    @abstractmethod
    def features(self, space: Space, generator: torch.Generator) -> Features:
        """The map, which no row has a part in; that its norm is at most 1 is seen to by `bounded`."""

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The map and the release, which is made once for these rows, this map and this promise, and then found again.

        The number of synthetic samples has no part in it: runs that differ in that, or in steps and rates, share it.
        """
        check_promise(self.epsilon, self.delta, real.size)
        progress("releasing noisy means", 0.0)
        question = ("release", self.name, *dataclasses.astuple(self), generator.initial_seed(), real.shape, real.size)
        phi = bounded(self.features(Space.of(real), generator))
        mark = real.secret.mark(*question)
        held = kept(real.cache, "noisy-release", mark, lambda: self._release(real, phi, question), real.device)
        return {**held, "map": phi, "mark": mark, "size": real.size}

    def noise(self, size: int) -> dict[str, float]:
        """The deviation of the noise of every number that is released about ``size`` rows."""
        sigma = noise_for(self.epsilon, self.delta) * (1 + ROUNDING)
        if self.weights == "equal":
            return {"means": 2 * sigma / size}
        both = math.sqrt(2)  # two releases of deviation √2 σ tell as much as one of σ
        return {"means": both * 2 * sigma / size, "shares": both * math.sqrt(2) * sigma / size}

    def _release(self, real: RealSampler, phi: Features, question: tuple[object, ...]) -> dict[str, Tensor]:
        """What leaves this function is noisy; the sums do not."""
        import torch

        C, deviation = len(real.counts), self.noise(real.size)
        total = shares = None
        for batch in real.whole():
            onehot = torch.nn.functional.one_hot(batch.y, C).to(torch.float32)  # (n, C)
            part = onehot.T @ phi(batch.x)  # (C, D)
            total = part if total is None else total + part
            shares = onehot.sum(0) if shares is None else shares + onehot.sum(0)  # (C,)
        assert total is not None
        assert shares is not None
        noise = real.secret.normal(tuple(total.shape), *question).float().to(real.device)
        means = total / real.size + deviation["means"] * noise
        if self.weights == "equal":
            return {"means": means, "shares": torch.full((C,), 1 / C, device=real.device)}
        noise = real.secret.normal((C,), *question, "shares").float().to(real.device)
        noisy = (shares / real.size + deviation["shares"] * noise).clamp_min(LEAST / C)
        return {"means": means, "shares": noisy / noisy.sum()}

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """Which release this is."""
        return {"mark": context["mark"]}

    def refuse_stale(self, context: Tree, state: Tree) -> None:
        """Another release would tell of the rows a second time."""
        if state["mark"] != context["mark"]:
            raise Refused(
                "the private rows, or the key of their noise, are not those that this run's release was made of: going "
                "on would release them a second time. Start a new run, whose ε adds to this one's."
            )

    def loss(
        self, context: Tree, state: Tree, real: RealSampler, synthetic: SyntheticSet, generator: torch.Generator
    ) -> tuple[Terms, Tree]:
        """One term: the squared distance of the means of S from the release."""
        fake = synthetic.by_class()
        z = context["map"](fake.x.flatten(0, 1)).unflatten(0, fake.weights.shape)  # (C, K, D)
        means = (fake.weights.unsqueeze(-1) * z).sum(1)  # (C, D)
        return {"release": (context["means"] - context["shares"][:, None] * means).square().sum()}, state

    def spent(self, context: Tree, state: Tree) -> float:
        """All of ε, with the release."""
        return self.epsilon

    def guarantee(self, context: Tree) -> Mapping[str, str | float]:
        """The promise, and what is taken as public."""
        public = "class names, shape, N, the held-out and the test part, and a part that is shown"
        shares = "; that classes are equally large" if self.weights == "equal" else ""
        return {
            "epsilon": self.epsilon,
            "delta": self.delta,
            "rows": context["size"],
            "release": context["mark"],
            "neighbours": self.neighbours,
            "public": public + shares,
        }


def bounded(features: Features) -> Features:
    """The same features, those longer than 1 cut to that, and 0 where a row has none that are finite."""

    def phi(x: Tensor) -> Tensor:
        z = features(x).nan_to_num(0, 0, 0)
        return z / z.norm(dim=1, keepdim=True).clamp_min(1)

    return phi
