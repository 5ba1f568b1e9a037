"""Cost: what it takes to store the set, to make it, and to train a network on it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from dcviz.evaluation.measure import Work, scaled
from dcviz.evaluation.suite.declared import OWN, Figure, Property, Quantity, figure
from dcviz.evaluation.suite.energy import meter
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.subject import Subject
from dcviz.evaluation.suite.words import training_in_words
from dcviz.nets import flops
from dcviz.randomness import generator
from dcviz.types import hyper

SEEDS = 3
PASSES = 3  # forward, backward to the inputs, backward to the weights: each costs about as much


@dataclass(frozen=True)
class Cost(Property):
    """Bytes, seconds, operations, and energy where the machine tells."""

    name = "cost"
    title = "Cost"
    sentence = "Adds up what the set costs: to store, to make, and to train on."
    formula = r"\text{bytes}=\text{images}+\text{labels}+\text{networks}"
    source = OWN
    quantities = (
        Quantity(
            "bytes",
            "bytes in all",
            "Everything that training on the set needs: images or codes, labels and views, networks that decode.",
            r"\text{images}+\text{labels}+\text{networks}",
            unit="bytes",
            better="lower",
            details={"images": "as stored", "labels": "soft labels, views; else class numbers", "networks": "weights"},
        ),
        Quantity(
            "part",
            "part of the whole set's bytes",
            "Those bytes as a share of what the real training set takes.",
            r"\text{bytes}(S)/\text{bytes}(T)",
            better="lower",
        ),
        Quantity("count", "stored images", "How many images or codes are stored.", "M", unit="count", better="lower"),
        Quantity(
            "seconds",
            "seconds to make",
            "How long condensing took, or how long choosing takes.",
            "t",
            unit="seconds",
            better="lower",
        ),
        Quantity(
            "operations",
            "operations to make",
            "Steps times the operations of a step, roughly, as its declaration counts them.",
            r"\text{steps}\times\text{FLOP}",
            unit="operations",
            better="lower",
        ),
        Quantity(
            "training-seconds",
            "seconds to train a network",
            "How long one network of the protocol takes to train on the set, on this machine, now.",
            "t",
            unit="seconds",
            better="lower",
        ),
        Quantity(
            "training-operations",
            "operations to train a network",
            "Updates times samples in a batch times three passes of the network; the same for all sets.",
            r"3\cdot\text{updates}\cdot\text{batch}\cdot\text{FLOP}",
            unit="operations",
            better="lower",
        ),
        Quantity(
            "training-energy",
            "joules to train a network",
            "What the chip used meanwhile, other programs included; only where the machine tells.",
            "E",
            unit="joules",
            better="lower",
        ),
    )
    cuts = "the time of training is that of 60 updates, scaled up"
    usual = 2.0

    timed: int = hyper(0, "Updates whose time is taken; 0 for all of the protocol's.", low=0)

    @classmethod
    def quick(cls) -> Cost:
        """The time of a few updates."""
        return cls(timed=60)

    def measure(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        """What is known of the set, and the time of training on it."""
        c, of = subject.costs, subject.of
        labels = c.bytes_labels or c.count * class_bytes(len(judge.dataset.classes))
        total = c.bytes_images + labels + c.bytes_networks
        stored = "As stored: float32 where images are learned, as the data has them where they are chosen"
        parts = {"images": c.bytes_images, "labels": labels, "networks": c.bytes_networks}
        found = [
            figure("bytes", of, [total], stored, detail=parts),
            figure("part", of, [total / whole_bytes(judge)], stored),
            figure("count", of, [c.count], stored),
        ]
        began = time.perf_counter()
        yield from scaled(subject.make(0), 0.0, 0.1)  # anew, whatever is known: its time counts
        chosen = time.perf_counter() - began
        if c.seconds is not None:
            found.append(figure("seconds", of, [c.seconds], "As the run recorded it, preparation included"))
        elif of != "synthetic":
            found.append(figure("seconds", of, [chosen], "The choice of the samples, timed now"))
        if c.operations is not None:
            said = "Estimated from the declarations, without preparation"
            found.append(figure("operations", of, [c.operations], said))
        training = yield from scaled(self._training(judge, subject), 0.1, 0.9)
        return found + training

    def notes(self, judge: Judge, subject: Subject) -> list[str]:
        """What the machine does not tell."""
        found = []
        if meter(str(judge.device)) is None:
            found.append("Energy is left out: this machine does not let its counter be read (RAPL, NVML).")
        if subject.costs.seconds is None:
            found.append("How long the set took to make is not on record.")
        return found

    def _training(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        from dcviz.nets import network
        from dcviz.training import Training, fit

        p, data, start = judge.protocol, judge.dataset, meter(str(judge.device))
        updates = min(self.timed or p.updates, p.updates)
        training = replace(Training.of(p, subject.label_kind), updates=updates)
        seconds, joules = [], []
        for i in range(SEEDS):
            made = yield from subject.made(i)
            at = generator(judge.seed, "evaluation network", i)
            net = network(p.network, data.shape, len(data.classes), at, width=p.width).to(judge.device)
            stop, spent = (start() if start is not None else None), 0.0
            began = time.perf_counter()
            for done in fit(net, made.sample, training, generator(judge.seed, "evaluation training", i)):
                spent += time.perf_counter() - began
                yield (i + done / updates) / SEEDS
                began = time.perf_counter()
            seconds.append(spent * p.updates / updates)
            if stop is not None:
                joules.append(stop() * p.updates / updates)
        words = training_in_words(replace(p, seeds=SEEDS))
        words += f"; time of {updates} updates, scaled up" if updates < p.updates else ""
        each = PASSES * flops(p.network, data.shape, p.width, classes=len(data.classes))
        found = [
            figure("training-seconds", subject.of, seconds, words),
            figure("training-operations", subject.of, [each * p.updates * min(p.batch, _size(subject, judge))], words),
        ]
        return found + ([figure("training-energy", subject.of, joules, words)] if joules else [])


def class_bytes(classes: int) -> int:
    """What one class number takes.

    >>> class_bytes(10), class_bytes(1000)
    (1, 2)
    """
    return 1 if classes <= 256 else 2


def whole_bytes(judge: Judge) -> int:
    """What the real training set takes, as it is held: pixels in bytes where they came as bytes."""
    train = judge.dataset.train
    return train.x.numel() * train.x.element_size() + len(train) * class_bytes(len(judge.dataset.classes))


def _size(subject: Subject, judge: Judge) -> int:
    """Decoded samples that a batch is drawn from; a set that fits into one batch is one."""
    if subject.of == "whole set":
        return len(judge.dataset.train)
    held = subject.known(0)
    return judge.protocol.batch if held is None else len(held.x)
