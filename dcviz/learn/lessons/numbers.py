"""Lesson 8: how to read published numbers."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, source
from dcviz.types import Source

MEAN = r"\bar a\pm s,\qquad \bar a=\tfrac1n\sum_{i=1}^n a_i,\quad s^2=\tfrac1{n-1}\sum_{i=1}^n(a_i-\bar a)^2"
RUN = "digits-ten"

LESSON = Lesson(
    name="Numbers",
    question="How should a published number be read?",
    text="An accuracy belongs to a **protocol**: which network is trained on S, for how long, with which augmentation, "
    "and whether its mean or its best is told. Here one S is judged in {protocols.ways} ways: from "
    "{protocols.lowest} to {protocols.highest}. Random real samples, judged in the kindest way "
    "({protocols.random_best}), beat S judged in dcviz's usual one ({protocols.usual}). So compare within one "
    "protocol, look at the spread, and ask for the baselines under the same protocol: random samples of the same "
    "number, and the whole set.",
    control="Numbers",
    variants=(
        Variant(
            "protocols", "{protocols.ways} protocols", "One set. Diamonds: networks trained on it. Circles: on random "
            "real samples.", RUN, MEAN, "protocols",
        ),
        Variant(
            "mnist", "MNIST", "Published, 1 per class, beside ours: smaller constants, another protocol.",
            RUN, MEAN, "mnist",
        ),
        Variant("cifar10", "CIFAR-10", "Published, 10 per class; bars: the spread, where it is told.", RUN, MEAN,
        "cifar10"),
    ),
    looks=(
        Look("The best of {protocols.networks} networks is no result: it is the right end of each row.", "protocols"),
        Look("KIP twice: ridge regression and a network. One method, two questions.", "mnist"),
        Look("Rows without a bar: no spread was told, so a small lead says nothing.", "cifar10"),
    ),
    about="a accuracy of one of n fresh networks, s the spread over networks (and over subsets, for random samples).",
    check=(
        "Method A reports 70.1, method B 69.4 ± 0.6, each in its own paper. Is A better?",
        "Nobody knows: A tells no spread, and the protocols may differ by more than 0.7. Run both under one protocol, "
        "with several sets and networks each.",
    ),
    sources=(
        Source(
            "J. Cui, R. Wang, S. Si, C.-J. Hsieh", "DC-BENCH: Dataset Condensation Benchmark", 2022,
            "https://arxiv.org/abs/2207.09639",
        ),
        source("discrepancy", "gradient-matching"),
        source("preset", "kip"),
    ),
    panels=("sheet", "curves"),
)  # fmt: skip
