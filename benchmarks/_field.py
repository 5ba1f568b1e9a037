"""The rival of `benchmarks.step`: condensation as the field's code writes it, class by class, in plain PyTorch.

Written after the public code of DM, DSA and DC (github.com/VICO-UoE/DatasetCondensation) and of M3D: one pass through
the network for each class, fresh activations from the allocator, average pooling and instance normalisation by torch's
own layers. The augmentation is dcviz's, drawn for each class as there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from dcviz.augment import draw

SIZES = (0.25, 0.5, 1.0, 2.0, 4.0)  # of M3D's Gaussians, in joint mean squared distances
LOOPS = {1: (1, 1), 10: (10, 50), 50: (50, 20)}  # of DC and DSA: updates of S for each network, its steps between


class ConvNet(nn.Module):
    """Blocks of convolution, instance normalisation, ReLU and average pooling down to 4×4; one linear layer."""

    def __init__(self, channels: int, width: int, classes: int, side: int) -> None:
        """Random weights."""
        super().__init__()
        layers: list[nn.Module] = []
        for i in range({8: 1, 28: 3, 32: 3}[side]):
            padding = 3 if i == 0 and channels == 1 and side == 28 else 1  # 28 to 32
            layers += [nn.Conv2d(width if i else channels, width, 3, padding=padding)]
            layers += [nn.GroupNorm(width, width, affine=True), nn.ReLU(), nn.AvgPool2d(2, 2)]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width * 16, classes)

    def embed(self, x: Tensor) -> Tensor:
        """Features before the last layer."""
        return self.features(x).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.classifier(self.embed(x))


class Field:
    """A method's loop over real images ``x (N, …)`` sorted by class, equally many of each."""

    def __init__(self, x: Tensor, classes: int, budget: int, width: int, batch: int, strategy: str) -> None:
        """S from random real images."""
        self.x = x.unflatten(0, (classes, -1))  # (C, N, …)
        self.classes, self.budget, self.width, self.batch = classes, budget, width, batch
        self.at = torch.Generator().manual_seed(0)
        self.s = self.x[:, :budget].flatten(0, 1).clone().requires_grad_()
        self.y = torch.arange(classes).repeat_interleave(budget)
        self.optimiser = torch.optim.SGD([self.s], lr=1.0, momentum=0.5)
        self.strategy = strategy

    def network(self) -> ConvNet:
        """A fresh one."""
        return ConvNet(self.x.shape[2], self.width, self.classes, self.x.shape[3])

    def pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """A batch of each real class and the synthetic images of that class, augmented alike."""
        for c in range(self.classes):
            chosen = torch.randperm(self.x.shape[1], generator=self.at)[: self.batch]
            augment = draw(self.strategy, self.x.shape[2:], self.at)
            yield augment(self.x[c, chosen]), augment(self.s[c * self.budget : (c + 1) * self.budget])

    def update(self, loss: Tensor) -> None:
        """One step of S."""
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    def matched(self, distance: Callable[[Tensor, Tensor], Tensor]) -> Iterator[None]:
        """DM and M3D: a fresh network each step, features class by class."""
        while True:
            net = self.network()
            for parameter in net.parameters():
                parameter.requires_grad = False
            loss = torch.zeros(())
            for real, fake in self.pairs():
                loss = loss + distance(net.embed(real).detach(), net.embed(fake))
            self.update(loss)
            yield

    def gradients(self) -> Iterator[None]:
        """DC and DSA: class by class, the gradients of a network that trains on S between updates of S."""
        outer, inner = LOOPS[self.budget]
        while True:
            net = self.network()
            weights = list(net.parameters())
            descent = torch.optim.SGD(net.parameters(), lr=0.01)
            for turn in range(outer):
                loss = torch.zeros(())
                for c, (real, fake) in enumerate(self.pairs()):
                    asked = torch.autograd.grad(cross_entropy(net(real), torch.full((len(real),), c)), weights)
                    given = cross_entropy(net(fake), torch.full((len(fake),), c))
                    found = torch.autograd.grad(given, weights, create_graph=True)
                    loss = loss + sum(map(rows, [g.detach().clone() for g in asked], found))
                self.update(loss)
                if turn < outer - 1:
                    self.train(net, descent, inner)
                yield

    def train(self, net: ConvNet, descent: torch.optim.Optimizer, epochs: int) -> None:
        """Epochs on S, in batches of 256."""
        data = self.s.detach().clone()
        for _ in range(epochs):
            for part in torch.randperm(len(data), generator=self.at).split(256):
                x = draw(self.strategy, self.x.shape[2:], self.at)(data[part])
                descent.zero_grad()
                cross_entropy(net(x), self.y[part]).backward()
                descent.step()


def means(real: Tensor, fake: Tensor) -> Tensor:
    """DM: squared distance of the means."""
    return (real.mean(0) - fake.mean(0)).square().sum()


def gaussians(real: Tensor, fake: Tensor) -> Tensor:
    """M3D: a mixture of Gaussian kernels around the joint mean distance, all pairs of both sets together."""
    both = torch.cat([real, fake])  # (n + m, D)
    distance = (both[None] - both[:, None]).square().sum(2) if len(both) < 64 else torch.cdist(both, both).square()
    width = distance.detach().sum() / (len(both) ** 2 - len(both))
    kernel = sum((-distance / (width * size)).exp() for size in SIZES)
    n = len(real)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


def rows(real: Tensor, fake: Tensor) -> Tensor:
    """DC: 1 - cos for each output row of a weight; 0 for biases."""
    if real.dim() == 1:
        return torch.zeros(())
    a, b = real.flatten(1), fake.flatten(1)
    return (1 - (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-6)).sum()


def seconds(field: Field, method: str) -> Iterator[float]:
    """The time of one update of S after another."""
    loops = {"dm": lambda: field.matched(means), "m3d": lambda: field.matched(gaussians)}
    loop = loops.get(method, field.gradients)()
    while True:
        began = time.perf_counter()
        next(loop)
        yield time.perf_counter() - began
