"""The eleven lessons, in their order: a file each."""

from __future__ import annotations

from dcviz.learn.lessons.bandwidth import LESSON as BANDWIDTH
from dcviz.learn.lessons.condensing import LESSON as CONDENSING
from dcviz.learn.lessons.fairness import LESSON as FAIRNESS
from dcviz.learn.lessons.maps import LESSON as MAPS
from dcviz.learn.lessons.means import LESSON as MEANS
from dcviz.learn.lessons.numbers import LESSON as NUMBERS
from dcviz.learn.lessons.parting import LESSON as PARTING
from dcviz.learn.lessons.paths import LESSON as PATHS
from dcviz.learn.lessons.places import LESSON as PLACES
from dcviz.learn.lessons.privacy import LESSON as PRIVACY
from dcviz.learn.lessons.robustness import LESSON as ROBUSTNESS

LESSONS = (
    CONDENSING, MEANS, BANDWIDTH, PLACES, PATHS, PARTING, MAPS, NUMBERS, FAIRNESS, PRIVACY, ROBUSTNESS,
)  # fmt: skip
