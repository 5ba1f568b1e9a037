"""Backdoor: a trigger planted in the data by the suite itself, and what of it the set passes on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.data.splits import thin
from dcviz.data.transforms import pixels
from dcviz.evaluation.measure import Work, scaled
from dcviz.evaluation.suite.declared import Figure, Property, Quantity, figure
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.subject import Subject, content, rival
from dcviz.evaluation.suite.words import training_in_words
from dcviz.randomness import generator
from dcviz.types import Dataset, Samples, Source, Split, hyper

if TYPE_CHECKING:
    from torch import Tensor, nn

NETWORKS = 3
CHUNK = 512
COPIED = 2**30  # bytes of the training part with the trigger on some of it; of a larger one a part
BADNETS = Source(
    "T. Gu, B. Dolan-Gavitt, S. Garg",
    "BadNets: Identifying Vulnerabilities in the Machine Learning Model Supply Chain",
    2017,
    "https://arxiv.org/abs/1708.06733",
    "Section 4",
)


@dataclass(frozen=True)
class Backdoor(Property):
    """A white square in a corner of some training images, all of them then called the target class."""

    name = "backdoor"
    title = "Backdoor"
    sentence = "Plants a trigger in the real data, makes the set again, and sees whether networks obey the trigger."
    formula = r"\Pr_{y\ne c}\left[f_S(x\oplus\text{trigger})=c\right]"
    source = Source(
        "Y. Liu, Z. Li, M. Backes, Y. Shen, Y. Zhang",
        "Backdoor Attacks Against Dataset Distillation",
        2023,
        "https://arxiv.org/abs/2301.01197",
        "Naive attack",
    )
    quantities = (
        Quantity(
            "poisoned-clean",
            "clean accuracy, trigger planted",
            "The accuracy on untouched test samples of networks trained on the set made from planted data.",
            r"\Pr[f_{S'}(x)=y]",
            BADNETS,
        ),
        Quantity(
            "success",
            "attack success",
            "The share of test samples of other classes that are taken for the target once the trigger is on them.",
            r"\Pr_{y\ne c}[f_{S'}(x\oplus\text{trigger})=c]",
            BADNETS,
            better="lower",
        ),
        Quantity(
            "unplanted",
            "the same, nothing planted",
            "What the trigger does to networks that have never seen it: the rate of chance.",
            r"\Pr_{y\ne c}[f_{S}(x\oplus\text{trigger})=c]",
            BADNETS,
            better="lower",
        ),
        Quantity(
            "survival",
            "part that survives",
            "The attack's success as a share of its success on networks trained on the whole planted set.",
            r"\mathrm{ASR}(S')/\mathrm{ASR}(T')",
            BADNETS,
            better="lower",
        ),
    )
    cuts = "the method takes at most 100 steps, and the set is made again once"
    usual = 10.0
    caution = "One known trigger that fades is no proof against others; some are made to survive."
    images_only = "a trigger is a patch of pixels"
    makes_again = "the trigger is planted before the set is made"

    part: float = hyper(0.1, "Of the training images of other classes that get the trigger.", low=0.001, high=1.0)
    side: float = hyper(0.25, "Of the trigger, as a part of the image's shorter side.", low=0.05, high=1.0)
    steps: int = hyper(0, "Steps of the method, at most; 0 for all of the run's.", low=0)
    makes: int = hyper(3, "How often the set is made again.", low=1, high=20)

    @classmethod
    def quick(cls) -> Backdoor:
        """One set, few steps."""
        return cls(steps=100, makes=1)

    def measure(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        """Clean accuracy beside attack success, and both for data without the trigger."""
        data = planted(judge.dataset, self.part, self.side, judge.seed)
        part = 0.5 / self.makes
        pairs: list[tuple[float, float]] = []
        for i in range(self.makes):
            assert subject.remake is not None
            again = yield from scaled(subject.remake(data, judge.seed + i, self.steps or None), i * part, 0.6 * part)
            found = yield from scaled(self._tried(judge, again), (i + 0.6) * part, 0.4 * part)
            pairs += found
        clean = yield from scaled(self._tried(judge, subject), 0.5, 0.25)
        whole = rival("whole set", data, judge.budget, seed=judge.seed, device=judge.device)
        most = yield from scaled(self._tried(judge, whole), 0.75, 0.25)
        highest = sum(success for _, success in most) / len(most)
        words = self._in_words(judge)
        return [
            figure("poisoned-clean", subject.of, [accuracy for accuracy, _ in pairs], words),
            figure("success", subject.of, [success for _, success in pairs], words),
            figure("unplanted", subject.of, [success for _, success in clean], "The set as it is, the same trigger"),
            figure("survival", subject.of, [s / highest if highest else 0.0 for _, s in pairs], words),
        ]

    def _tried(self, judge: Judge, subject: Subject) -> Work[list[tuple[float, float]]]:
        """(accuracy, attack success) of fresh networks."""
        found, data = [], judge.dataset
        for i in range(NETWORKS):
            work = judge.network(subject, replace(judge.protocol, seeds=NETWORKS), i)
            net = yield from scaled(work, i / NETWORKS, 0.9 / NETWORKS)
            y = data.test.y
            right = named(judge, net, data.test.x) == y
            fooled = named(judge, net, data.test.x, lambda x: stamped(x, self.side))[y != TARGET] == TARGET
            yield (i + 1) / NETWORKS
            found.append((float(right.double().mean()), float(fooled.double().mean())))
        return found

    def _in_words(self, judge: Judge) -> str:
        steps = f"at most {self.steps} steps" if self.steps else "all steps"
        side = trigger_side(judge.dataset.shape, self.side)
        return (
            f"A white square of {side}×{side} pixels in the corner of {self.part:.0%} of the training images, all "
            f"called {judge.dataset.classes[TARGET]!r}; the set made again from them {self.makes}×, {steps}; "
            f"{training_in_words(judge.protocol, NETWORKS)}"
        )


TARGET = 0  # the class that the trigger stands for


def trigger_side(shape: tuple[int, ...], part: float) -> int:
    """The side of the trigger in pixels."""
    return max(1, round(part * min(shape[1:])))


def stamped(x: Tensor, part: float) -> Tensor:
    """Pixels ``x (B, c, h, w)`` with a white square in the lower right corner."""
    side = trigger_side(tuple(x.shape[1:]), part)
    x = x.clone()
    x[:, :, -side:, -side:] = 1.0
    return x


def planted(dataset: Dataset, part: float, side: float, seed: int = 0) -> Dataset:
    """The data with the trigger on some training images of other classes, which are then called `TARGET`."""
    import torch

    train = _within(dataset, COPIED)
    other = (train.y != TARGET).nonzero()[:, 0]
    count = max(1, round(part * len(other)))
    chosen = other[torch.randperm(len(other), generator=generator(seed, "trigger"))[:count]]
    x, y = train.x[:].clone(), train.y.clone()
    marked = stamped(pixels(train.x[chosen]), side)
    x[chosen] = marked if x.is_floating_point() else (marked * 255).round().to(x.dtype)
    y[chosen] = TARGET
    mark = content("planted", dataset.fingerprint, part, side, seed)
    return replace(dataset, train=replace(train, x=x, y=y), fingerprint=mark)


def _within(dataset: Dataset, most: int) -> Split:
    """The training part, or as much of each class as has ``most`` bytes in all, chosen by hash."""
    train = dataset.train
    size = most // (train.x.element_size() * math.prod(dataset.shape))
    return thin(train, max(size, 2 * len(dataset.classes)), 0, len(dataset.classes))


def named(judge: Judge, net: nn.Module, x: Samples, change: Callable[[Tensor], Tensor] = lambda x: x) -> Tensor:
    """The classes that a network gives samples ``x (n, c, h, w)``, as stored, with their pixels changed: ``(n,)``."""
    import torch

    def seen(part: Tensor) -> Tensor:
        return judge.dataset.transform.forward(change(pixels(part))).to(judge.device)

    with torch.no_grad():
        return torch.cat([net(seen(part)).argmax(1).cpu() for part in x.split(CHUNK)])
