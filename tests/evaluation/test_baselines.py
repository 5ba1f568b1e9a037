from dataclasses import replace

import pytest

from dcviz.condensing.start import STARTS
from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.evaluation import BASELINES, baseline, run_to_end
from dcviz.evaluation.baselines import afresh, bundled, key_of, known
from dcviz.evaluation.bundle import BUDGETS, protocols
from dcviz.records import EvaluationProtocol, RunConfig

SHORT = EvaluationProtocol(updates=60, seeds=2)


class Memory:
    def __init__(self):
        self.held, self.saves = {}, 0

    def load_cached(self, kind, key):
        return self.held.get((kind, key))

    def save_cached(self, kind, key, arrays, meta):
        self.saves += 1
        self.held[kind, key] = (arrays, meta)


@pytest.fixture(scope="module")
def digits():
    return dataset("digits")


def test_rivals_rank_as_published(digits):
    """Chosen samples beat random ones at one image per class; the whole set beats all."""
    found = {k: run_to_end(baseline(k, digits, 1, SHORT)) for k in BASELINES}
    assert all(score.of == kind for kind, score in found.items())
    assert found["random"].mean + 0.08 < min(found["medoids"].mean, found["centroids"].mean)
    assert found["whole set"].mean > max(found[k].mean for k in BASELINES if k != "whole set")


def test_every_selection_method_stands_among_the_rivals():
    starts = {kind for kind, _ in BASELINES.values()}
    assert {s.name for s in STARTS if s.name != "noise"} | {""} == starts


def test_random_draws_a_subset_for_every_network(digits):
    random = run_to_end(afresh("random", digits, 1, replace(SHORT, seeds=3)))
    herding = run_to_end(afresh("herding", digits, 1, replace(SHORT, seeds=3)))
    assert random.std > 2 * herding.std


def test_measured_once_then_taken_from_the_cache(digits):
    cache = Memory()
    first = run_to_end(baseline("medoids", digits, 2, SHORT, cache=cache))
    work = baseline("medoids", digits, 2, SHORT, cache=cache)
    with pytest.raises(StopIteration) as end:
        next(work)
    assert end.value.value == first
    assert cache.saves == 1
    run_to_end(baseline("medoids", digits, 2, SHORT, seed=1, cache=cache))
    assert cache.saves == 2


def test_keys_tell_apart_what_differs():
    at = ("random", "print", 10, SHORT)
    keys = {
        key_of(*at),
        key_of("herding", *at[1:]),
        key_of("random", "other", 10, SHORT),
        key_of("random", "print", 1, SHORT),
        key_of("random", "print", 10, replace(SHORT, rate=0.1)),
        key_of(*at, seed=1),
    }
    assert len(keys) == 6
    assert key_of("whole set", "print", 1, SHORT) == key_of("whole set", "print", 50, SHORT)


def test_the_package_brings_those_of_the_digits(digits):
    assert len(bundled()) == 4 * (1 + 7 * len(BUDGETS))  # seven selections, and the whole set without a budget
    for protocol in protocols():
        for kind in BASELINES:
            score = known(key_of(kind, digits.fingerprint, 10, protocol))
            assert score is not None, "run python -m dcviz.evaluation.bundle"
            assert (score.of, score.protocol) == (kind, protocol)
            assert 0.8 < score.mean < 1


def test_what_comes_with_the_package_is_what_would_be_measured(digits):
    protocol = RunConfig().live
    brought = run_to_end(baseline("centroids", digits, 5, protocol))
    assert run_to_end(afresh("centroids", digits, 5, protocol)).mean == pytest.approx(brought.mean, abs=0.03)


def test_no_rival_where_a_class_is_smaller_than_the_budget(digits):
    assert run_to_end(baseline("random", digits, 5000, SHORT)) is None
    with pytest.raises(Refused, match="baseline"):
        run_to_end(baseline("best", digits, 1, SHORT))
