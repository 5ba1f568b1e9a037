"""What the labels alone are worth: random real samples under the labels that the same run would store for them.

Soft labels for many views carry most of what a teacher knows, whatever the images are. A set that has them is judged
fairly only beside real samples that have them too ("Hard Truths about Soft Labels", 2026).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dcviz.condensing.loop import State, finish
from dcviz.records import SAME_LABELS, RunConfig, Score
from dcviz.types import SyntheticSet

if TYPE_CHECKING:
    from dcviz.runs.problem import Setup


def same_labels(setup: Setup, state: State, config: RunConfig) -> Generator[Any, None, Score]:
    """The score of random real samples, anew for every network, labelled as S was; under the run's protocol."""
    from dcviz.evaluation import fitting
    from dcviz.evaluation.measure import measure_each
    from dcviz.training import shuffles
    from dcviz.views import viewed

    protocol, samples, kind = fitting(config.evaluation, setup.dataset.shape), [], state.synthetic.label_kind
    for i in range(protocol.seeds):
        labelled = finish(setup.problem, replace(state, synthetic=_random(setup, config, i))).synthetic
        batch = labelled.decode()
        samples.append(shuffles(batch.x, batch.y) if labelled.views is None else viewed(batch.x, labelled.views))
        yield
    score: Score = yield from measure_each(
        lambda i: samples[i], setup.dataset, protocol, device=setup.device, of=SAME_LABELS, label_kind=kind
    )
    return score


def _random(setup: Setup, config: RunConfig, number: int) -> SyntheticSet:
    """As many real samples of each class as S stores images, on the device."""
    from dcviz.condensing.parameterise import Pixels, synthetic_set
    from dcviz.condensing.start import start
    from dcviz.randomness import generator

    data = setup.dataset
    x, y = start("real", data, config.budget, generator(config.seed, SAME_LABELS, number))
    made = synthetic_set(x, y, len(data.classes), Pixels()).map(lambda t: t.to(setup.device))
    return replace(made, classes=made.classes.to(setup.device), ids=made.ids.to(setup.device))
