"""The accuracy of a set's own regression."""

import pytest
import torch
from sklearn.kernel_ridge import KernelRidge

from dcviz import registry
from dcviz.condensing.start import start
from dcviz.data import dataset
from dcviz.data.transforms import pixels
from dcviz.discrepancies.predictions.ridge import one_hot
from dcviz.errors import Refused
from dcviz.evaluation import run_to_end
from dcviz.evaluation.own_ridge import own_ridge
from dcviz.randomness import generator


@pytest.fixture(scope="module")
def digits():
    return dataset("digits")


@pytest.fixture(scope="module")
def few(digits):
    return start("real", digits, 2, generator(0, "start"))


def test_it_is_the_accuracy_of_scikit_learns_regression(digits, few):
    x, y = few
    d = registry.build("discrepancy", {"name": "infinite-ridge", "network": "mlp", "ridge": 0.01})
    score = run_to_end(own_ridge(x, y, digits, d))
    k = d.infinite(digits.shape)
    test = digits.transform.forward(pixels(digits.test.x)).double()
    among = k(x.double(), x.double())
    model = KernelRidge(alpha=0.01 * float(among.diagonal().mean()), kernel="precomputed")
    model.fit(among.numpy(), one_hot(y, 10).numpy())
    theirs = torch.from_numpy(model.predict(k(test, x.double()).numpy())).argmax(1)
    assert score.values == (float((theirs == digits.test.y).double().mean()),)
    assert score.std == 0


def test_random_kernels_are_drawn_anew_and_repeat_with_the_seed(digits, few):
    d = registry.build("discrepancy", {"name": "ridge", "width": 8})
    one, two = (run_to_end(own_ridge(*few, digits, d, draws=2, seed=3)) for _ in range(2))
    assert one == two
    assert one.values[0] != one.values[1]
    assert one.mean > 0.3  # chance is a tenth
    held = run_to_end(own_ridge(*few, digits, d, draws=1, split="held_out"))
    assert held.split == "held_out"


def test_soft_labels_are_values(digits, few):
    x, y = few
    d = registry.build("discrepancy", {"name": "infinite-ridge", "network": "mlp"})
    hard, soft = (run_to_end(own_ridge(x, labels, digits, d)).mean for labels in (y, one_hot(y, 10)))
    assert hard == soft


def test_what_solves_no_regression_is_refused(digits, few):
    with pytest.raises(Refused, match="solves no regression of its own"):
        run_to_end(own_ridge(*few, digits, registry.build("discrepancy", "match")))
