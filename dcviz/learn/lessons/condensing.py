"""Lesson 1: what condensing is."""

from __future__ import annotations

from dcviz.learn.lesson import Lesson, Look, Variant, source
from dcviz.types import Source

LEAST = r"S^\star=\arg\min_S\,D(T,S),\qquad |S|=K\cdot C\ll|T|"

LESSON = Lesson(
    name="Condensing",
    question="What is condensing?",
    text="It makes a tiny labelled set S that teaches a network nearly what a large set T teaches. S is not picked "
    "from T: its pixels are moved, step by step, so that a **discrepancy**, a number for how far S is from T, "
    "falls. Here {ten.many} images that began as noise come to stand for {ten.real} digits. Networks that see "
    "only these reach **{ten.accuracy}** on real test digits; with as many random real ones {ten.random}, with "
    "all {ten.whole}.",
    control="Budget: images per class",
    variants=(
        Variant("ten", "10", "{ten.many} images: {ten.accuracy}; random real ones {ten.random}.", "digits-ten", LEAST),
        Variant("one", "1", "{one.many} images: {one.accuracy}; random real ones {one.random}.", "digits-one", LEAST),
    ),
    looks=(
        Look("The start is noise: no network learns much from it ({ten.began}).", "ten", "start"),
        Look("Step {ten.arrived}: half of the images lie among real digits.", "ten", "arrived"),
        Look("One image on its way: below the sheet its history, on the map its trail.", "ten", label=8),
    ),
    about="T real set, S synthetic set, D discrepancy, K images for each of C classes.",
    check=(
        "Is any image of S one of the real digits?",
        "No. Choose one and compare it with its nearest real images: it is a compromise that stands for many of them. "
        "Picking real images is selection, the rival that condensing has to beat.",
    ),
    sources=(
        Source(
            "T. Wang, J.-Y. Zhu, A. Torralba, A. A. Efros",
            "Dataset Distillation",
            2018,
            "https://arxiv.org/abs/1811.10959",
        ),
        source("discrepancy", "match"),
    ),
)
