"""Fairness: whether the set teaches all groups alike. Groups are the classes, or a column of your own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.data.transforms import pixels
from dcviz.evaluation.measure import Work, scaled
from dcviz.evaluation.suite.declared import OWN, Figure, Property, Quantity, figure
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.subject import Subject
from dcviz.evaluation.suite.words import tested_in_words, training_in_words
from dcviz.randomness import generator
from dcviz.types import Groups, Source, hyper

if TYPE_CHECKING:
    from torch import Tensor

SEEDS = 3
COVERAGE = Source(
    "M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo",
    "Reliable Fidelity and Diversity Metrics for Generative Models",
    2020,
    "https://arxiv.org/abs/2002.09797",
    "Eq. 4",
)


@dataclass(frozen=True)
class Fairness(Property):
    """Accuracy, discrepancy and coverage in each group; the worst group, and how far it is from the best."""

    name = "fairness"
    title = "Fairness"
    sentence = "Looks at every group by itself: whom does the set forget?"
    formula = r"\min_g\Pr_{(x,y)\sim T_g}\left[\hat y(x)=y\right]"
    source = Source(
        "S. Sagawa, P. W. Koh, T. B. Hashimoto, P. Liang",
        "Distributionally Robust Neural Networks for Group Shifts",
        2020,
        "https://arxiv.org/abs/1911.08731",
        "Eq. 4",
    )
    quantities = (
        Quantity(
            "worst-group",
            "worst-group accuracy",
            "The accuracy in the group where it is lowest, for each network.",
            r"\min_g a_g",
            source,
            details={"group": "the group whose mean accuracy is lowest"},
        ),
        Quantity(
            "gap",
            "gap",
            "The best group's accuracy less the worst's.",
            r"\max_g a_g-\min_g a_g",
            source,
            better="lower",
        ),
        Quantity("group-accuracy", "accuracy", "The accuracy in one group.", r"a_g", source),
        Quantity(
            "group-discrepancy",
            "discrepancy",
            "The energy distance of the set from one group, in reference features, classes weighted as in the group.",
            r"2\,\mathbb{E}\lVert x-s\rVert-\mathbb{E}\lVert x-x'\rVert-\mathbb{E}\lVert s-s'\rVert,\ x\sim T_g",
            OWN,
            unit="distance",
            better="lower",
        ),
        Quantity(
            "group-coverage",
            "coverage",
            "The share of a group's samples that have one of the set as near as their fifth neighbour in the group.",
            r"\frac1{|T_g|}\sum_{x\in T_g}\mathbf{1}\left[\exists s:\lVert x-s\rVert<r_5(x)\right]",
            COVERAGE,
        ),
    )
    cuts = "at most 200 real samples of a group for discrepancy and coverage"
    usual = 4.0

    samples: int = hyper(1000, "Real samples of a group for discrepancy and coverage, at most.", low=10)

    @classmethod
    def quick(cls) -> Fairness:
        """Fewer samples of a group."""
        return cls(samples=200)

    def measure(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        """Groups by accuracy of fresh networks, and by distance in reference features."""
        groups = judge.groups or judge.dataset.groups
        trained = yield from scaled(_by_networks(judge, subject, groups), 0.0, 0.7)
        distances = yield from scaled(self._by_distance(judge, subject, groups), 0.7, 0.3)
        return trained + distances

    def _by_distance(self, judge: Judge, subject: Subject, groups: Groups) -> Work[list[Figure]]:
        from dcviz.embed import features

        reference = yield from judge.reference()
        drawn = SEEDS if subject.distinct else 1
        apart: dict[str, list[float]] = {name: [] for name in groups.names}
        covered: dict[str, list[float]] = {name: [] for name in groups.names}
        for i in range(drawn):
            made = yield from subject.made(i)
            s, classes = features(reference, made.x.cpu()), made.classes.cpu()
            for g, name in enumerate(groups.names):
                few = _some(groups.train == g, self.samples, g)
                x = features(reference, judge.dataset.transform.forward(pixels(judge.dataset.train.x[few])))
                y = judge.dataset.train.y[few]
                apart[name].append(group_discrepancy(x, y, s, classes))
                yield (i + g / len(groups.names)) / drawn
                share = group_coverage(x, y, s, classes)
                if share is not None:
                    covered[name].append(share)
        space = "the plane" if judge.dataset.planar else "features of the map's reference network"
        words = f"At most {self.samples} real samples of each group, in {space}"
        words += f"; spread over {drawn} random subsets" if drawn > 1 else "; nothing is random"
        found = [("group-discrepancy", name, values) for name, values in apart.items()]
        found += [("group-coverage", name, values) for name, values in covered.items() if values]
        return [figure(quantity, subject.of, values, words, {"group": name}) for quantity, name, values in found]


def group_accuracies(predicted: Tensor, y: Tensor, groups: Tensor, count: int) -> list[float]:
    """The accuracy in each of ``count`` groups, from classes named, true classes and groups, all ``(n,)``.

    >>> import torch
    >>> y = torch.zeros(4, dtype=torch.int64)
    >>> group_accuracies(torch.tensor([0, 1, 0, 0]), y, torch.tensor([0, 0, 1, 1]), 2)
    [0.5, 1.0]
    """
    right = (predicted == y).double()
    return [float(right[groups == g].mean()) for g in range(count)]


def group_discrepancy(x: Tensor, y: Tensor, s: Tensor, classes: Tensor) -> float:
    """The energy distance of ``s (M, D)`` from a group ``x (N, D)``, each class of s weighted as in the group.

    Classes that the group lacks have no weight; one that s lacks leaves its weight to the others.
    """
    from dcviz.divergences.energy import Energy

    count = int(max(y.max(), classes.max())) + 1
    there, here = y.bincount(minlength=count).double(), classes.bincount(minlength=count)
    weights = (there / here.clamp_min(1) * (here > 0))[classes]  # (M,)
    if not bool(weights.sum() > 0):  # s has none of the group's classes: all of it stands for the group
        weights = weights + 1
    energy, at = Energy(), generator(0, "group discrepancy")
    value, _ = energy.value(energy.fit(x.double(), at), s.double(), weights / weights.sum())
    return max(float(value), 0.0)  # rounding


def group_coverage(x: Tensor, y: Tensor, s: Tensor, classes: Tensor, k: int = 5) -> float | None:
    """The share of ``x (N, D)`` with one of ``s (M, D)`` of the group's classes nearer than its k-th neighbour in x.

    None where the group is too small to have balls.
    """
    import torch

    from dcviz.yardsticks.neighbours import prdc

    inside = s[torch.isin(classes, y.unique())]
    return prdc(x, inside, k)["coverage"] if len(inside) else 0.0


def _by_networks(judge: Judge, subject: Subject, groups: Groups) -> Work[list[Figure]]:
    protocol = replace(judge.protocol, seeds=max(SEEDS, judge.protocol.seeds))
    every: list[list[float]] = []
    for i in range(protocol.seeds):
        logits = yield from scaled(judge.logits(subject, protocol, i), i / protocol.seeds, 1 / protocol.seeds)
        every.append(group_accuracies(logits.argmax(1), judge.dataset.test.y, groups.test, len(groups.names)))
    words = f"{training_in_words(protocol)}; {tested_in_words(protocol, len(groups.test))}"
    return _of_groups(subject.of, every, groups.names, words)


def _of_groups(of: str, every: Sequence[Sequence[float]], names: Sequence[str], words: str) -> list[Figure]:
    """Figures from the accuracies by network and group."""
    lowest = min(range(len(names)), key=lambda g: sum(each[g] for each in every))
    return [
        figure("worst-group", of, [min(each) for each in every], words, detail={"group": names[lowest]}),
        figure("gap", of, [max(each) - min(each) for each in every], words),
        *(
            figure("group-accuracy", of, [each[g] for each in every], words, {"group": name})
            for g, name in enumerate(names)
        ),
    ]


def _some(inside: Tensor, most: int, group: int) -> Tensor:
    """Positions of at most ``most`` members, the same every time."""
    import torch

    at = inside.nonzero()[:, 0]
    return at[torch.randperm(len(at), generator=generator(0, "group sample", group))[:most]]
