"""Tables of numbers as heat maps: what is written, and what the colours say."""

import numpy as np
import pytest

from dcviz.figures.tables import heat


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_values_are_written_and_what_is_missing_stays_empty(theme):
    spec = heat(["a", "b"], ["x", "y"], np.array([[1.0, 0.25], [np.nan, 4.0]]), theme, centre=1.0, log=True, digits=2)
    (trace,) = spec["data"]
    assert trace["text"] == [["1.00", "0.25"], ["", "4.00"]]
    assert trace["z"][1][0] is None
    assert trace["z"][0][0] == 0
    assert trace["zmin"] == pytest.approx(-trace["zmax"])
    assert spec["layout"]["yaxis"]["autorange"] == "reversed"


def test_blue_is_better_whichever_way_better_is():
    values = np.array([[0.5, 2.0]])
    low = heat(["a"], ["x", "y"], values, "light", centre=1.0, better="low")["data"][0]["colorscale"]
    high = heat(["a"], ["x", "y"], values, "light", centre=1.0, better="high")["data"][0]["colorscale"]
    assert low[0][1] == high[-1][1]
    assert low[-1][1] == high[0][1]
    assert low[0][1] != low[-1][1]
    one = heat(["a"], ["x"], np.array([[3.0]]), "light")["data"][0]
    assert len(one["colorscale"]) == 2
