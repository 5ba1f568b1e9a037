"""How often windows look, by how many there are."""

import pytest

from dcviz.ui.audience import AWAY, COMPANY, CROWD, QUICK, SLOW, Audience


@pytest.fixture
def audience():
    return Audience()


def look(audience, count, begin, seconds=2 * AWAY, every=0.5):
    """Each of some windows looks for a while; the pace of each at the end."""
    paces = {}
    for i in range(int(seconds / every)):
        for window in range(count):
            paces[window] = audience.pace(str(window), begin + i * every + 0.01 * window)
    return set(paces.values())


def test_ten_windows_look_quickly_and_eleven_slowly(audience):
    assert look(audience, CROWD, 0.0) == {QUICK}
    assert look(audience, CROWD + 1, 2 * AWAY) == {SLOW}


def test_a_window_that_comes_or_goes_does_not_have_all_others_change_to_and_fro(audience):
    look(audience, CROWD + 1, 0.0)
    assert look(audience, CROWD, 2 * AWAY) == {SLOW}
    assert look(audience, COMPANY + 1, 4 * AWAY) == {SLOW}
    assert look(audience, COMPANY, 6 * AWAY) == {QUICK}
    assert look(audience, CROWD, 8 * AWAY) == {QUICK}


def test_closed_windows_do_not_count(audience):
    look(audience, CROWD + 5, 0.0)
    assert audience.pace("new", 3 * AWAY) == QUICK
