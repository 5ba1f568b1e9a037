"""One set, many learners: what a linear model, neighbours, a tree or a network make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dcviz.evaluation.measure import Work, in_model_space, measure
from dcviz.nets import WIDTHS
from dcviz.records import EvaluationProtocol
from dcviz.types import Dataset

if TYPE_CHECKING:
    from torch import Tensor

LEARNERS = {
    "linear": "Logistic regression on the pixels (L2 penalty 1, lbfgs to convergence).",
    "k-NN": "The label of the nearest synthetic image in pixels (k = 1).",
    "ridge": "Ridge regression on the pixels (penalty 1), the largest output wins.",
    "tree": "A decision tree, grown until its leaves are pure; the mean over five orders of the features.",
    "MLP": "A fully connected network of two hidden layers, under the evaluation's protocol.",
    "ConvNet": "The field's convolutional network, under the evaluation's protocol.",
}
TREES = 5


def learned(x: Tensor, y: Tensor, dataset: Dataset, protocol: EvaluationProtocol) -> Work[dict[str, float]]:
    """The test accuracy of every learner that fits the data, trained on ``x (M, *shape)``, ``y (M,)`` or ``(M, C)``.

    Soft labels are read as their largest class. All learners see model space, flattened where they want vectors.
    """
    import numpy as np

    hard = y if y.dim() == 1 else y.argmax(1)
    flat, classes = x.flatten(1).cpu().numpy(), hard.cpu().numpy()
    test_x, test_y = in_model_space(dataset, dataset.test, slice(None))
    test = test_x.flatten(1).numpy(), test_y.numpy()
    found: dict[str, float] = {}
    for i, (name, models) in enumerate(classical().items()):
        found[name] = float(np.mean([model.fit(flat, classes).score(*test) for model in models]))
        yield 0.3 * (i + 1) / 4
    networks = ("mlp",) if dataset.planar else ("mlp", "convnet")
    for i, network in enumerate(networks):
        own = replace(protocol, network=network, width=WIDTHS[network])
        score = yield from _scaled(measure(x, hard, dataset, own), 0.3 + 0.35 * i)
        found[{"mlp": "MLP", "convnet": "ConvNet"}[network]] = score
    return found


def classical() -> Mapping[str, list[Any]]:
    """Fresh scikit-learn models by name; of several, the mean counts."""
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier

    return {
        "linear": [LogisticRegression(max_iter=1000)],
        "k-NN": [KNeighborsClassifier(1)],
        "ridge": [RidgeClassifier(1.0)],
        "tree": [DecisionTreeClassifier(random_state=seed) for seed in range(TREES)],
    }


def _scaled(work: Work[Any], base: float) -> Work[float]:
    while True:
        try:
            fraction = next(work)
        except StopIteration as end:
            return float(end.value.mean)
        yield base + 0.35 * fraction
