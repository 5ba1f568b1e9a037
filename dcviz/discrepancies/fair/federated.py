"""Clients that keep their samples and send sums: class means of features, put together by a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.discrepancies.fair.around import CLIENT, again, draw, minimised
from dcviz.discrepancies.random_features.networks import RandomFeatures
from dcviz.errors import Refused
from dcviz.types import (
    Discrepancy,
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
    import numpy as np
    import torch
    from torch import Tensor

FLOAT, COUNT = 4, 8  # bytes of a number in a sum, and of a count
POOL = 20  # fixed networks whose features are summed, unless asked otherwise


@dataclass(frozen=True)
class Federated(Discrepancy):
    r"""The distance of class means, T's put together from what clients send once.

    .. math:: \sum_c\Bigl\lVert\frac{\sum_k s_{kc}}{\sum_k n_{kc}}-\frac1{|S_c|}\sum_{s\in S_c}\psi(s)\Bigr\rVert^2,
        \qquad s_{kc}=\sum_{i\in k,\,y_i=c}\psi(x_i)

    A client k sends, for every class and every fixed map of the regime, the sum of features and the count:
    C·(D·4 + 8) bytes a map; nothing else leaves it. T is split among clients by a Dirichlet law: of each class, shares
    p ~ Dir(α) over clients. Small α: most clients hold few classes. When all take part, the means are those of T.
    """

    name = "federated"
    title = "class means from clients"
    sentence = "Matches class means of features that clients put together from sums and counts, keeping their samples."
    formula = (
        r"\sum_c\bigl\lVert\textstyle\sum_ks_{kc}/\sum_kn_{kc}-\overline{\psi(S_c)}\bigr\rVert^2,"
        r"\quad s_{kc}=\sum_{i\in k,\,y_i=c}\psi(x_i)"
    )
    source = Source(
        "T.-M. H. Hsu, H. Qi, M. Brown",
        "Measuring the Effects of Non-Identical Data Distribution for Federated Visual Classification",
        2019,
        "https://arxiv.org/abs/1909.06335",
        "section 3 (the split by a Dirichlet law)",
    )
    where = "any"
    serves = "fair"
    properties = frozenset({"nonnegative"})
    reads = "whole"

    alpha: float = hyper(
        0.1, "How alike clients are (α): 0.01 one class each, 100 all the same.", low=0.01, high=1000.0, log=True
    )
    clients: int = hyper(10, "Among how many T is split.", low=1, high=1000, log=True)
    part: float = hyper(1.0, "The share of clients that take part, at least one.", low=0.0, high=1.0)
    regime: Regime = hyper(RandomFeatures(pool=POOL), "Where means are compared; its maps are fixed.", part="regime")

    def __post_init__(self) -> None:
        """Refuse a regime whose maps change at every step, or that learns from all of T."""
        super().__post_init__()
        if self.regime.members == 0:
            raise Refused(
                f"clients send their sums once, and {self.regime.title} has a fresh map at every step: give it a pool "
                "of fixed ones (pool=20)."
            )
        if type(self.regime).learn is not Regime.learn:
            raise Refused(
                f"{self.regime.title} learns from all samples at one place, which clients do not give: choose the "
                "regime data, or random-features with a pool."
            )

    @property
    def needs(self) -> Needs:
        """Those of the regime."""
        return Needs(planar=self.regime.planar, images=self.regime.images)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The maps, and for each what the clients that take part send.

        Raises:
            Refused: they hold no sample.
        """
        import torch

        space, seed = Space.of(real), draw(generator)
        client, here = self._clients(real, again(seed))
        maps = [self.regime.draw(space, generator, None, i) for i in range(self.regime.members)]
        sent = []
        for i, embed in enumerate(maps):
            progress("clients are summing up", i / len(maps))
            sent.append(sums(real, embed, client, self.clients))
        held = sent[0][1][here].sum()
        if not held.is_meta and not bool(held > 0):
            raise Refused(
                f"the {len(here)} of {self.clients} clients that take part hold no sample: let more of them take part, "
                "or make them more alike (a larger alpha)."
            )
        dimensions = sum(s.shape[-1] for s, _ in sent)
        bytes_ = bytes_sent(len(real.counts), dimensions, len(maps))
        told = torch.tensor(bytes_ / 1000, device=real.device)
        return {"maps": maps, "sent": [(s[here], n[here]) for s, n in sent], "kilobytes": told}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """The distance in one of the maps; how far the nearest and the farthest client is, and what each has sent."""
        import torch

        maps = context["maps"]
        turn = int(torch.randint(len(maps), (), generator=generator)) if len(maps) > 1 else 0
        fake, (total, counts) = synthetic.by_class(), context["sent"][turn]
        y = maps[turn](fake.x.flatten(0, 1)).unflatten(0, fake.x.shape[:2])  # (C, K, D)
        own = (fake.weights.unsqueeze(-1) * y).sum(1)  # (C, D)
        held = counts.sum(0) > 0  # (C,): classes that nobody holds say nothing
        mean = total.sum(0) / counts.sum(0).clamp_min(1)[:, None]
        value = ((mean - own).square().sum(1) * held).sum()
        apart = client_distances(total, counts, own.detach())
        terms = {
            "class means": value,
            f"{CLIENT}nearest": apart.amin(),
            f"{CLIENT}farthest": apart.amax(),
            f"{CLIENT}sent (kB)": context["kilobytes"],
        }
        return terms, state

    def objective(self, terms: Terms) -> Tensor:
        """The distance alone."""
        return super().objective(minimised(terms))

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Forward and backward of S; the real side is summed up once."""
        fake = classes * per_class
        return 3 * fake * self.regime.flops(shape), 8.0 * fake * self.regime.floats(shape)

    def _clients(self, real: RealSampler, generator: torch.Generator) -> tuple[Tensor, list[int]]:
        """The client of every sample ``(N,)``, in the order they come in, and who takes part.

        An attacked sample, which follows the chunk of its origin, lies with the client of its origin.
        """
        import numpy as np
        import torch

        at = np.random.default_rng(draw(generator))
        shares = torch.from_numpy(split_shares(len(real.counts), self.clients, self.alpha, at))  # (C, clients)
        ends = shares.cumsum(1).to(real.device, torch.float32)
        classes, origins, before, different = [], [], None, 0
        for batch in real.whole():
            different += 0 if batch.id is before else len(batch.id)
            origins.append(torch.arange(different - len(batch.id), different))
            classes.append(batch.y)
            before = batch.id
        u = torch.rand(different, generator=generator)[torch.cat(origins)].to(real.device)
        y = torch.cat(classes)
        client = (u[:, None] > ends[y]).sum(1).clamp_max(self.clients - 1)
        count = max(1, round(self.part * self.clients))
        return client, sorted(torch.randperm(self.clients, generator=generator)[:count].tolist())


def split_shares(classes: int, clients: int, alpha: float, at: np.random.Generator) -> np.ndarray:
    """The share of each class that each client holds ``(C, clients)``; rows are draws of Dir(α)."""
    return at.dirichlet([alpha] * clients, size=classes)


def sums(real: RealSampler, embed: Callable[[Tensor], Tensor], client: Tensor, clients: int) -> tuple[Tensor, Tensor]:
    """What clients send: sums of features ``(clients, C, D)`` and counts ``(clients, C)``, from ``client (N,)``."""
    import torch

    classes, first = len(real.counts), 0
    total = counts = None
    for batch in real.whole():
        with torch.no_grad():
            z = embed(batch.x)  # (B, D)
        cell = client[first : first + len(z)] * classes + batch.y
        if total is None or counts is None:
            total, counts = z.new_zeros(clients * classes, z.shape[1]), z.new_zeros(clients * classes)
        total.index_add_(0, cell, z)
        counts.index_add_(0, cell, z.new_ones(len(z)))
        first += len(z)
    assert total is not None
    assert counts is not None
    return total.unflatten(0, (clients, classes)), counts.unflatten(0, (clients, classes))


def client_distances(total: Tensor, counts: Tensor, own: Tensor) -> Tensor:
    """How far S's class means ``(C, D)`` are from each client's own ``(clients,)``, its classes weighed by its counts.

    A client without any sample is at the mean distance of the others.
    """
    mean = total / counts.clamp_min(1).unsqueeze(-1)  # (clients, C, D)
    held = counts.sum(1)
    apart = ((mean - own).square().sum(-1) * counts).sum(1) / held.clamp_min(1)
    usual = (apart * held).sum() / held.sum().clamp_min(1)
    return apart.where(held > 0, usual)


def bytes_sent(classes: int, dimensions: int, maps: int = 1) -> int:
    """What one client sends: a sum in single precision for every class and dimension of all maps, and counts.

    >>> bytes_sent(10, 2048)
    82000
    """
    return classes * (dimensions * FLOAT + maps * COUNT)
