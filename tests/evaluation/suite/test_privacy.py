"""Privacy games against sets whose privacy is known: a copy of the data has none, a set that ignores it has all."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from dcviz.evaluation import run_to_end
from dcviz.evaluation.suite import Judge, assess, synthetic
from dcviz.evaluation.suite.canaries import DECOYS, game, nearest_distance, ranks
from dcviz.evaluation.suite.privacy import Privacy, margin, ridge_outputs
from dcviz.evaluation.suite.subject import rival
from dcviz.randomness import generator
from tests.evaluation.suite.conftest import SHORT

FAST = Privacy(coins=12, steps=3, targets=60, learner="ridge")


@pytest.fixture
def planar(moons):
    return Judge(moons, SHORT, budget=5)


def ignoring(x, y):
    """A set that is made without looking at the data."""

    def remake(data, seed, steps):
        yield 0.0
        return ignoring(torch.randn(x.shape, generator=generator(seed, "blind")), y)

    return synthetic(x, y, remake=remake)


def figures(report):
    return {(f.quantity, f.at.get("by") or f.at.get("space")): f for f in report.figures}


def test_games_have_complementary_halves_and_plant_what_the_coins_say(digits):
    one, other = game(digits, 0), game(digits, 1)
    assert torch.equal(one.member, ~other.member)
    assert one.data.fingerprint != other.data.fingerprint
    for played in (one, other):
        size = int(played.member.sum())
        planted = played.data.train.x[size:]
        assert torch.equal(planted, played.canaries[played.coins])
        assert torch.equal(played.data.train.y[size:], played.coins.nonzero()[:, 0])
        assert len(set(played.data.train.id.tolist())) == len(played.data.train)
        assert 0.4 < played.member.float().mean() < 0.6
    bytes_ = replace(digits, train=replace(digits.train, x=(digits.train.x * 255).byte()))
    assert set(game(bytes_, 0).data.train.x[-1].unique().tolist()) == {0, 255}


def test_ranks_are_uniform_for_a_set_that_has_not_seen_the_canary(moons):
    found = []
    for number in range(150):
        s = torch.randn(10, 2, generator=generator(number, "s"))
        found += ranks(game(moons, number), s, torch.arange(10) % 2).tolist()
    assert kstest(found, "uniform").pvalue > 0.01
    played = game(moons, 0)
    assert ranks(played, played.canaries, torch.arange(2)).tolist() == [1.0, 1.0]
    assert len({round(v * DECOYS, 6) % 1 for v in found}) == 1


def test_distance_to_a_copy_is_0(digits):
    x = digits.train.x[:30]
    assert nearest_distance(x[5:6], x).item() == 0


def test_a_copy_of_the_data_gives_everything_away(planar):
    found = figures(run_to_end(assess(planar, [rival("whole set", planar.dataset, 5)], FAST)))
    auc = found["canary-auc", None]
    assert auc.mean > 0.95
    assert found["epsilon-bound", None].mean > 0.5
    assert found["membership-tpr", "distance to the set"].mean == 1
    assert found["memorised", "plane"].mean > 0.5
    assert found["nearest-distance", "plane"].mean == 0


def test_a_set_that_ignores_the_data_gives_nothing_away(planar):
    y = torch.arange(10) % 2
    subject = ignoring(torch.randn(10, 2, generator=generator(0, "x")), y)
    report = run_to_end(assess(planar, [subject], replace(FAST, coins=40, targets=400)))
    found = figures(report)
    assert abs(found["canary-auc", None].mean - 0.5) < 2.5 * found["canary-auc", None].std
    assert found["epsilon-bound", None].mean == 0
    for by in ("distance to the set", "what a model trained on the set says"):
        assert found["membership-auc", by].mean == pytest.approx(0.5, abs=0.05)
        assert found["membership-tpr", by].mean < 0.04
    assert any("never a guarantee" in note for note in report.notes)


def test_outliers_are_what_k_centre_takes_and_random_misses(planar):
    centre, random = (
        figures(run_to_end(assess(planar, [rival(kind, planar.dataset, 5)], replace(FAST, coins=48))))
        for kind in ("k-centre", "random")
    )
    assert centre["canary-auc", None].mean >= 0.95
    assert centre["epsilon-bound", None].mean > 1
    assert abs(random["canary-auc", None].mean - 0.5) < 2.5 * random["canary-auc", None].std
    assert random["epsilon-bound", None].mean == 0


def test_regression_is_scikit_learn_s(judge, few, digits):
    from sklearn.linear_model import Ridge

    made = run_to_end(few.made(0))
    x = digits.transform.forward(digits.test.x[:50])
    targets = np.eye(10)[made.classes] - 0.1
    ones = [np.c_[v.flatten(1).double().numpy(), np.ones(len(v))] for v in (made.x, x)]
    theirs = Ridge(1.0, fit_intercept=False).fit(ones[0], targets).predict(ones[1])
    torch.testing.assert_close(ridge_outputs(made, x, 10), torch.from_numpy(theirs), atol=1e-8, rtol=1e-6)
    outputs = torch.tensor([[1.0, 3.0, 2.0], [5.0, 1.0, 1.0]])
    assert margin(outputs, torch.tensor([2, 0])).tolist() == [-1.0, 4.0]


def test_networks_can_be_attacked_too(planar):
    network = replace(FAST, learner="network", targets=30)
    found = figures(run_to_end(assess(planar, [rival("random", planar.dataset, 5)], network)))
    assert len(found["membership-auc", "what a model trained on the set says"].values) == 6


def test_what_cannot_be_played_is_said(planar, judge, few):
    report = run_to_end(assess(judge, [few], FAST))  # nothing says how it was made
    assert {f.quantity for f in report.figures} == {"nearest-distance", "nearest-ratio", "memorised"}
    assert any("Condense it with dcviz" in note for note in report.notes)
    assert figures(report)["memorised", "pixels"].mean == 1  # real samples
    large = replace(planar, budget=900)
    assert any("choose a smaller budget" in n for n in FAST.notes(large, rival("random", planar.dataset, 900)))
