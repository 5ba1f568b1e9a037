import numpy as np
import pytest

from dcviz.yardsticks import parted

STEPS = np.arange(0, 400, 10)
FALLING = np.arange(1, 401), np.exp(-np.arange(400) / 100)


def curves(objective=FALLING, **yardsticks):
    return {"objective": objective} | {f"yardstick:{name}": curve for name, curve in yardsticks.items()}


def bowl(at, rise=0.02):
    return STEPS, np.where(at > STEPS, 1 + (at - STEPS) / 50, 1 + rise * (STEPS - at))


def test_they_part_where_the_middle_yardstick_is_lowest():
    found = parted(curves(a=bowl(100), b=bowl(100), c=(STEPS, 3 - STEPS / 200)))
    assert found is not None
    assert found.step == 100
    assert found.factor > 3
    assert "After step 100 the objective falls" in found.sentence


@pytest.mark.parametrize(("objective", "yardsticks"), [
    (FALLING, {"a": (STEPS, 3 - STEPS / 200)}),  # all get better
    (FALLING, {"a": bowl(100, 0.0005)}),  # a rise of 15 %
    (FALLING, {"a": bowl(100), "b": (STEPS, 3 - STEPS / 200), "c": (STEPS, 4 - STEPS / 200)}),  # the middle one falls
    ((FALLING[0], FALLING[1][::-1]), {"a": bowl(100)}),  # the objective rises too: S diverges
    ((FALLING[0], np.ones(400)), {"a": bowl(100)}),  # it is level
    (FALLING, {"a": bowl(380)}),  # too few later steps
    (FALLING, {"a": (STEPS[:4], bowl(10)[1][:4])}),  # too few at all
    (FALLING, {}),
    (FALLING, {"a": (STEPS[:0], STEPS[:0])}),
])  # fmt: skip
def test_otherwise_they_do_not(objective, yardsticks):
    assert parted(curves(objective, **yardsticks)) is None


def test_noise_that_does_not_fall_is_no_fall():
    at = np.random.default_rng(0)
    found = [parted(curves((FALLING[0], 1 + 0.1 * at.normal(size=400)), a=bowl(100))) for _ in range(50)]
    assert found == [None] * 50


def test_a_fall_is_seen_through_noise_and_below_zero():
    at = np.random.default_rng(0)
    noisy = FALLING[0], FALLING[1] - 0.5 + 0.05 * at.normal(size=400)
    found = parted(curves(noisy, a=bowl(100)))
    assert found is not None
    assert found.step == 100


def test_one_high_value_at_the_end_is_no_rise():
    flat = np.ones(len(STEPS))
    flat[-1] = 9.0
    assert parted(curves(a=(STEPS, flat))) is None


def test_only_steps_that_all_were_measured_at_count():
    some = bowl(100)[0][::2], bowl(100)[1][::2]
    assert parted(curves(a=bowl(100), b=some)).step == 100


def test_without_an_objective_there_is_no_parting():
    assert parted({"yardstick:a": bowl(100)}) is None
