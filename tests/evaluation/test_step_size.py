"""A step size that was learned with S takes the place of the protocol's, for plain SGD only."""

from dataclasses import replace

import pytest

from dcviz.condensing.start import start
from dcviz.evaluation import measure, run_to_end
from dcviz.randomness import generator
from dcviz.records import EvaluationProtocol, Score, from_json, to_json

SGD = EvaluationProtocol(network="mlp", width=16, updates=20, optimiser="sgd", rate=0.01, seeds=1)


@pytest.fixture(scope="module")
def chosen(digits):
    return start("medoids", digits, 2, generator(0, "start"))


def test_sgd_takes_the_learned_step_size_and_the_score_says_so(digits, chosen):
    learned = run_to_end(measure(*chosen, digits, SGD, step_size=0.1))
    by_protocol = run_to_end(measure(*chosen, digits, replace(SGD, rate=0.1)))
    assert learned.values == by_protocol.values
    assert (learned.protocol, learned.step_size) == (SGD, 0.1)  # so that rivals are still found by the protocol
    assert from_json(Score, to_json(learned)) == learned


@pytest.mark.parametrize(("protocol", "step_size"), [(replace(SGD, optimiser="adam"), 0.1), (SGD, None), (SGD, 0.0)])
def test_other_optimisers_and_step_sizes_of_nothing_leave_the_protocol_alone(digits, chosen, protocol, step_size):
    score = run_to_end(measure(*chosen, digits, protocol, step_size=step_size))
    assert score.values == run_to_end(measure(*chosen, digits, protocol)).values
    assert score.step_size is None
