"""Fair scores: what of an accuracy is the images, and not their labels, the augmentation, or a lucky learning rate.

As DD-Ranking defines them, on fractions. Unlike its released code: the last update counts, not the best, and the
learning rate is chosen on a held-out tenth of the training data, not on the test set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.evaluation.measure import Work, scaled
from dcviz.evaluation.suite.declared import Figure, Property, Quantity, figure
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.subject import Made, Subject, content, rival
from dcviz.evaluation.suite.words import training_in_words
from dcviz.records import EvaluationProtocol
from dcviz.training import shuffles
from dcviz.types import Source, hyper

if TYPE_CHECKING:
    from torch import Tensor

SEEDS = 3
GREY, COLOUR = "color_crop_cutout_scale_rotate", "color_crop_cutout_flip_scale_rotate"
SOURCE = Source(
    "Z. Li, X. Zhong, S. Khaki and others",
    "DD-Ranking: Rethinking the Evaluation of Dataset Distillation",
    2025,
    "https://arxiv.org/abs/2505.13300",
)


@dataclass(frozen=True)
class FairScores(Property):
    """LRS from HLR and IOR, and ARS: each accuracy under the best of several rates, chosen on held-out samples."""

    name = "fair-scores"
    title = "Fair scores"
    sentence = "Asks what is left of the accuracy once labels, augmentation and learning rate are the same for all."
    formula = r"\mathrm{LRS}=\frac{e^{\alpha}-e^{-1}}{e-e^{-1}},\quad\alpha=\tfrac12\mathrm{IOR}-\tfrac12\mathrm{HLR}"
    source = SOURCE
    quantities = (
        Quantity(
            "hard-accuracy",
            "accuracy, hard labels",
            "The accuracy where every image has its class and nothing else for a label.",
            r"a_{\text{hard}}",
            SOURCE,
        ),
        Quantity(
            "own-accuracy",
            "accuracy, own labels",
            "The accuracy with the labels that the set brings.",
            r"a_{\text{any}}",
            SOURCE,
        ),
        Quantity(
            "hlr",
            "hard label recovery (HLR)",
            "What hard labels lose against the whole set: how much the images alone are worth.",
            r"a^{T}_{\text{hard}}-a^{S}_{\text{hard}}",
            SOURCE,
            better="lower",
        ),
        Quantity(
            "ior",
            "improvement over random (IOR)",
            "What the set gains on as many random real images with labels of the same kind.",
            r"a^{S}_{\text{any}}-a^{\text{random}}_{\text{any}}",
            SOURCE,
        ),
        Quantity(
            "lrs",
            "label-robust score (LRS)",
            "Both in one number between 0 and 1; a perfect set stays well below 1.",
            r"\frac{e^{\alpha}-e^{-1}}{e-e^{-1}},\ \alpha=w\,\mathrm{IOR}-(1-w)\,\mathrm{HLR}",
            SOURCE,
            unit="score",
        ),
        Quantity(
            "ars",
            "augmentation-robust score (ARS)",
            "The gain on random real images with augmentation and without, in one number between 0 and 1.",
            r"\frac{e^{\beta}-e^{-1}}{e-e^{-1}},\ \beta=\gamma\,\Delta a_{\text{aug}}+(1-\gamma)\,\Delta a",
            SOURCE,
            unit="score",
        ),
    )
    cuts = "the learning rate is chosen among three instead of five"
    usual = 45.0

    rates: int = hyper(5, "Learning rates tried around the protocol's, each √10 from the next.", low=1, high=9)
    weight: float = hyper(0.5, "Of IOR against HLR, and of augmented against plain training.", low=0.0, high=1.0)

    @classmethod
    def quick(cls) -> FairScores:
        """Fewer rates."""
        return cls(rates=3)

    def measure(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        """Every accuracy that the scores need, each at its own best rate; then the scores, seed by seed."""
        whole = rival("whole set", judge.dataset, judge.budget, seed=judge.seed, device=judge.device)
        random = yield from _random_like(judge, subject, whole)
        real = yield from scaled(self._tuned(judge, whole, ""), 0.0, 0.15)
        hard = yield from scaled(self._tuned(judge, hardened(subject), ""), 0.15, 0.15)
        own = yield from scaled(self._tuned(judge, subject, ""), 0.3, 0.15)
        chance = yield from scaled(self._tuned(judge, random, ""), 0.45, 0.15)
        hlr, ior = _less(real, hard), _less(own, chance)
        labels = "hard labels" if subject.label_kind == "hard" else "labels by a network trained on the whole set"
        words = f"{self._in_words(judge, '')}; random real images have {labels}"
        found = [
            figure("hard-accuracy", subject.of, hard, words),
            figure("own-accuracy", subject.of, own, words),
            figure("hlr", subject.of, hlr, words),
            figure("ior", subject.of, ior, words),
            figure("lrs", subject.of, [label_robust(i, h, self.weight) for i, h in zip(ior, hlr, strict=True)], words),
        ]
        if judge.dataset.planar:
            return found
        strategy = COLOUR if judge.dataset.shape[0] == 3 else GREY
        moved = yield from scaled(self._tuned(judge, subject, strategy), 0.6, 0.2)
        other = yield from scaled(self._tuned(judge, random, strategy), 0.8, 0.2)
        values = [augmentation_robust(a, b, self.weight) for a, b in zip(_less(moved, other), ior, strict=True)]
        return [*found, figure("ars", subject.of, values, self._in_words(judge, strategy))]

    def notes(self, judge: Judge, subject: Subject) -> list[str]:
        """What does not fit."""
        if judge.dataset.planar:
            return ["The augmentation-robust score needs images: left out for points of the plane."]
        return []

    def _tuned(self, judge: Judge, subject: Subject, augment: str) -> Work[list[float]]:
        """Test accuracies of fresh networks at the rate that does best on the held-out tenth with the first."""
        own = replace(judge.protocol, augment=augment, split="held_out")
        held, rates = judge.dataset.held_out.y, self.tried(own, subject.step_size)
        tuned, best = replace(subject, step_size=None), (-1.0, 0.0)
        for i, rate in enumerate(rates):
            work = judge.logits(tuned, replace(own, rate=rate), 0)
            logits = yield from scaled(work, 0.6 * i / len(rates), 0.6 / len(rates))
            best = max(best, (_accuracy(logits, held), rate))  # of equal ones the larger
        found = []
        for i in range(SEEDS):
            work = judge.logits(tuned, replace(own, rate=best[1], split="test"), i)
            logits = yield from scaled(work, 0.6 + 0.4 * i / SEEDS, 0.4 / SEEDS)
            found.append(_accuracy(logits, judge.dataset.test.y))
        return found

    def tried(self, protocol: EvaluationProtocol, step_size: float | None = None) -> list[float]:
        """Learning rates, ascending: around the protocol's, and the one learned with the set where SGD takes it."""
        middle = (self.rates - 1) // 2
        around = [protocol.rate * 10 ** ((i - middle) / 2) for i in range(self.rates)]
        return sorted({*around, step_size} if step_size and protocol.optimiser == "sgd" else around)

    def _in_words(self, judge: Judge, augment: str) -> str:
        protocol = replace(judge.protocol, augment=augment, seeds=SEEDS)
        rates = ", ".join(f"{rate:.2g}" for rate in self.tried(protocol))
        tested = f"{len(judge.dataset.test):,} test samples"
        return f"{training_in_words(protocol)}, but at the best rate of {rates} on held-out samples; {tested}"


def label_robust(improvement: float, recovery: float, weight: float = 0.5) -> float:
    """LRS from IOR and HLR, both fractions.

    >>> round(label_robust(0.229, 0.359), 3)  # the worked example: real .848, set .489, random .26
    0.242
    """
    return normalised(weight * improvement - (1 - weight) * recovery)


def augmentation_robust(augmented: float, plain: float, weight: float = 0.5) -> float:
    """ARS from the gains on random real images with augmentation and without, both fractions.

    >>> augmentation_robust(1.0, 1.0), augmentation_robust(-1.0, -1.0)
    (1.0, 0.0)
    """
    return normalised(weight * augmented + (1 - weight) * plain)


def normalised(value: float) -> float:
    """A number from -1 to 1 stretched to 0 to 1, gains more than losses."""
    return (math.exp(value) - math.exp(-1)) / (math.e - math.exp(-1))


def hardened(subject: Subject) -> Subject:
    """The same images with their classes for labels, seen as they are."""
    if subject.label_kind == "hard" and subject.views is None:
        return subject

    def make(number: int) -> Work[Made]:
        made = yield from subject.made(number)
        return Made(made.x, made.classes, made.classes, shuffles(made.x, made.classes))

    return replace(subject, key=content(subject.key, "hard"), make=make, label_kind="hard", views=None, _made={})


def _random_like(judge: Judge, subject: Subject, whole: Subject) -> Work[Subject]:
    """Random real images with labels of the subject's kind: soft ones by a network trained on the whole set."""
    yield 0.0
    random = rival("random", judge.dataset, judge.budget, seed=judge.seed, device=judge.device)
    if subject.label_kind == "hard":
        return random

    def make(number: int) -> Work[Made]:
        import torch

        teacher = yield from judge.network(whole, judge.protocol, 0)
        made = yield from random.made(number)
        with torch.no_grad():
            y = teacher(made.x)
        return Made(made.x, y, made.classes, shuffles(made.x, y))

    return replace(random, key=content(random.key, "taught"), make=make, label_kind="logits", _made={})


def _accuracy(logits: Tensor, y: Tensor) -> float:
    return float((logits.argmax(1) == y).double().mean())


def _less(one: list[float], other: list[float]) -> list[float]:
    return [a - b for a, b in zip(one, other, strict=True)]
