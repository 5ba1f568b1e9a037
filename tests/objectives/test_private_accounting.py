"""How much noise a promise takes: the closed form against Google's accountant, and what the accounts refuse."""

import math

import pytest

from dcviz.discrepancies.private import accounting
from dcviz.discrepancies.private.accounting import (
    check_promise,
    delta_of,
    epsilon_of,
    noise_for,
    noise_for_steps,
    schedule,
    so_far,
    spent,
)
from dcviz.errors import Refused


@pytest.mark.parametrize("epsilon", [0.1, 0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("delta", [1e-5, 1e-3])
def test_one_release_agrees_with_dp_accounting(epsilon, delta):
    from dp_accounting import GaussianDpEvent
    from dp_accounting.pld import PLDAccountant

    sigma = noise_for(epsilon, delta)
    theirs = PLDAccountant().compose(GaussianDpEvent(sigma)).get_epsilon(delta)
    assert theirs == pytest.approx(epsilon, abs=1e-3)
    assert epsilon_of(sigma, delta) == pytest.approx(epsilon, abs=1e-9)
    assert delta_of(sigma, epsilon) == pytest.approx(delta, rel=1e-6)


def test_the_noise_for_one_is_known_and_less_than_the_classical_formula_takes():
    assert noise_for(1.0, 1e-5) == pytest.approx(3.7306, abs=1e-4)
    assert noise_for(1.0, 1e-5) < math.sqrt(2 * math.log(1.25 / 1e-5))
    assert epsilon_of(1e6, 1e-5) == 0.0


def test_many_steps_together_keep_the_promise_and_the_curve_never_says_too_little():
    sigma = noise_for_steps(1.0, 1e-5, 0.1, 100)
    table = schedule(sigma, 1e-5, 0.1, 100)
    assert 0.995 < table[-1][1] <= 1.0
    assert spent(0.97 * sigma, 1e-5, 0.1, 100) > 1.0, "not more noise than it takes"
    told = [so_far(table, n) for n in range(101)]
    assert told[0] == 0
    assert told == sorted(told)
    for n in (1, 13, 50, 99):
        assert told[n] >= spent(sigma, 1e-5, 0.1, n) - 1e-12
    assert spent(sigma, 1e-5, 0.1, 100) <= spent(sigma, 1e-5, 0.1, 100, tightly=False), "the Rényi account is above"


def test_without_sampling_many_releases_are_one_of_less_noise():
    sigma = noise_for_steps(1.0, 1e-5, 1.0, 25)
    assert sigma == pytest.approx(5 * noise_for(1.0, 1e-5), rel=2e-3)


@pytest.mark.parametrize(
    ("epsilon", "delta", "text"),
    [(0.0, 1e-5, "ε is 0: nothing"), (-1.0, 1e-5, "ε is -1"), (1.0, 0.0, "δ is 0"), (1.0, 1e-3, "publish one of them")],
)
def test_promises_that_say_nothing_are_refused(epsilon, delta, text):
    with pytest.raises(Refused, match=text):
        check_promise(epsilon, delta, 1000)


def test_a_missing_library_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Refused, match=r'pip install "dcviz\[private\]"'):
        accounting.require_library()
