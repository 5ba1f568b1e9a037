"""Generalisation: what learners of many kinds, trained on the set, know of real samples; and how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dcviz.data.transforms import pixels
from dcviz.evaluation.learners import LEARNERS, classical
from dcviz.evaluation.measure import Work, scaled
from dcviz.evaluation.suite.calibration import SOURCE, calibration_error, confusion, per_class, reliability
from dcviz.evaluation.suite.declared import Figure, Property, Quantity, figure
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.subject import AT_ONCE, Made, Subject
from dcviz.evaluation.suite.words import tested_in_words, training_in_words
from dcviz.nets import TITLES, WIDTHS
from dcviz.records import EvaluationProtocol
from dcviz.types import Dataset, Source, hyper

if TYPE_CHECKING:
    from torch import Tensor

NETWORKS = ("convnet", "mlp", "resnet18", "vit")
CLASSICAL = ("linear", "k-NN", "ridge")
SEEDS = 3  # at least, of every figure
CLASSICAL_CHUNK = 20_000  # test samples that a classical learner is asked about at once


@dataclass(frozen=True)
class Generalisation(Property):
    """Accuracy, confusion and calibration of seven learners; the first network is that of the run's own protocol."""

    name = "generalisation"
    title = "Generalisation"
    sentence = "Trains learners of many kinds on the set and tests them on real samples: does it teach them all?"
    formula = r"\Pr_{(x,y)\sim T_{\text{test}}}\left[\arg\max_c f_S(x)_c=y\right]"
    source = Source(
        "J. Cui, R. Wang, S. Si, C.-J. Hsieh",
        "DC-BENCH: Dataset Condensation Benchmark",
        2022,
        "https://arxiv.org/abs/2207.09639",
    )
    quantities = (
        Quantity(
            "accuracy",
            "accuracy",
            "The share of real test samples that a learner trained on the set names rightly.",
            r"\frac1n\sum_i\mathbf{1}[\hat y_i=y_i]",
            source,
            details={"per_class": "the same in each class", "confusion": "counts, rows true, columns named; all seeds"},
        ),
        Quantity(
            "calibration",
            "calibration error",
            "How far confidence and accuracy lie apart: 0 where four in five answers of 80 % confidence are right.",
            r"\sum_b\frac{|B_b|}{n}\left|\mathrm{acc}(B_b)-\mathrm{conf}(B_b)\right|",
            SOURCE,
            better="lower",
            details={"reliability": "confidence and accuracy by confidence, of the first seed"},
        ),
        Quantity(
            "overconfidence",
            "overconfidence",
            "Mean confidence less accuracy: above 0 the learner is surer than it should be.",
            r"\frac1n\sum_i\max_c\hat p_{ic}-\frac1n\sum_i\mathbf{1}[\hat y_i=y_i]",
            SOURCE,
            better="",
        ),
    )
    cuts = "ResNet-18 and ViT are narrower and train for fewer updates"
    usual = 180.0

    resnet_width: int = hyper(64, "Channels of ResNet-18's first stage; the field's has 64.", low=4, high=256)
    vit_width: int = hyper(64, "Width of the transformer's tokens.", low=4, high=512)
    deep_updates: int = hyper(0, "Updates of both; 0 for as many as the protocol has.", low=0)

    @classmethod
    def quick(cls) -> Generalisation:
        """Narrow, and few updates."""
        return cls(resnet_width=16, vit_width=64, deep_updates=80)

    def measure(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        """Accuracy of every learner; calibration of those that give probabilities."""
        found: list[Figure] = []
        protocols = list(self.protocols(judge))
        part = 0.9 / len(protocols)
        for i, protocol in enumerate(protocols):
            figures = yield from scaled(_of_networks(judge, subject, protocol), i * part, part)
            found += figures
        if subject.views is None:
            figures = yield from scaled(_of_classical(judge, subject), 0.9, 0.1)
            found += figures
        return found

    def protocols(self, judge: Judge) -> Iterator[EvaluationProtocol]:
        """One for each network: the run's own, then the others as its variants."""
        own = replace(judge.protocol, seeds=max(SEEDS, judge.protocol.seeds))
        yield own
        widths = {**WIDTHS, "resnet18": self.resnet_width, "vit": self.vit_width}
        for name in NETWORKS:
            if name == own.network or (judge.dataset.planar and name != "mlp"):
                continue
            deep = name in ("resnet18", "vit")
            updates = self.deep_updates if deep and self.deep_updates else own.updates
            yield replace(own, network=name, width=widths[name], updates=updates)

    def notes(self, judge: Judge, subject: Subject) -> list[str]:
        """What does not fit."""
        found = []
        if judge.dataset.planar:
            found.append("ConvNet, ResNet-18 and ViT need images: left out for points of the plane.")
        if subject.views is not None:
            found.append("The set trains through stored views, which linear, k-NN and ridge models cannot: left out.")
        elif subject.label_kind != "hard":
            found.append("Linear, k-NN and ridge models read a soft label as its largest class.")
        return found


def _of_networks(judge: Judge, subject: Subject, protocol: EvaluationProtocol) -> Work[list[Figure]]:
    y = judge.dataset.test.y
    every = []
    for i in range(protocol.seeds):
        logits = yield from scaled(judge.logits(subject, protocol, i), i / protocol.seeds, 1 / protocol.seeds)
        every.append(logits.softmax(1))
    words = f"{training_in_words(protocol)}; {tested_in_words(protocol, len(y))}"
    at = {"learner": TITLES.get(protocol.network, protocol.network)}
    predicted = [p.argmax(1) for p in every]
    return [_accuracy(subject, predicted, judge, words, at), *_calibration(subject, every, y, words, at)]


def _accuracy(subject: Subject, predicted: list[Tensor], judge: Judge, words: str, at: dict[str, Any]) -> Figure:
    import torch

    y, classes = judge.dataset.test.y, len(judge.dataset.classes)
    table = confusion(torch.cat(predicted), y.repeat(len(predicted)), classes)
    detail = {"per_class": per_class(table), "confusion": table.tolist()}
    return figure("accuracy", subject.of, [float((p == y).double().mean()) for p in predicted], words, at, detail)


def _calibration(subject: Subject, every: list[Tensor], y: Tensor, words: str, at: dict[str, Any]) -> list[Figure]:
    tables = [reliability(p, y) for p in every]
    over = [float((p.max(1).values - (p.argmax(1) == y).float()).double().mean()) for p in every]
    errors = [calibration_error(table) for table in tables]
    return [
        figure("calibration", subject.of, errors, words, at, {"reliability": tables[0]}),
        figure("overconfidence", subject.of, over, words, at),
    ]


def _of_test(data: Dataset, function: Callable[[Any], Any]) -> Tensor:
    """What a function of vectors in model space ``(n, D)`` says of all test samples, a part at a time."""
    import torch

    parts = (data.transform.forward(pixels(part)).flatten(1).numpy() for part in data.test.x.split(CLASSICAL_CHUNK))
    return torch.cat([torch.from_numpy(function(part)) for part in parts])


def _of_classical(judge: Judge, subject: Subject) -> Work[list[Figure]]:
    """Learners that take the whole set at once; one value, but for sets that are drawn anew for each seed."""
    data = judge.dataset
    y = data.test.y
    sets: list[Made] = []
    for i in range(SEEDS if subject.distinct else 1):
        made = yield from subject.made(i)
        sets.append(made)
    found = []
    for name in CLASSICAL:
        predicted, probabilities = [], []
        for made in sets:
            model = classical()[name][0].fit(made.x.flatten(1).cpu().numpy(), made.classes.cpu().numpy())
            predicted.append(_of_test(data, model.predict))
            if hasattr(model, "predict_proba") and name == "linear":  # one neighbour is always sure
                probabilities.append(_of_test(data, model.predict_proba))
            yield 0.5
        words = f"{LEARNERS[name]} {_random_in_words(subject, len(sets))}; tested on {len(y):,} test samples"
        found.append(_accuracy(subject, predicted, judge, words, {"learner": name}))
        if probabilities:
            found += _calibration(subject, probabilities, y, words, {"learner": name})
    return found


def _random_in_words(subject: Subject, sets: int) -> str:
    if subject.of == "whole set":
        return f"At most {AT_ONCE:,} real samples; nothing is random"
    return f"Spread over {sets} random subsets" if subject.distinct else "Nothing is random"
