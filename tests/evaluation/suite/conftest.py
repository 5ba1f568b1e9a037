import pytest

from dcviz.condensing.start import start
from dcviz.evaluation.suite import Judge, synthetic
from dcviz.randomness import generator
from dcviz.records import EvaluationProtocol

SHORT = EvaluationProtocol(network="mlp", width=32, updates=40, seeds=3)


@pytest.fixture
def judge(digits):
    return Judge(digits, SHORT, budget=2)


@pytest.fixture
def few(digits):
    return synthetic(*start("medoids", digits, 2, generator(0, "start")))
