"""All charts stand on one ground, which is laid in one place."""

from pathlib import Path

import numpy as np
import pytest

from dcviz import figures
from dcviz.figures.leaks import leak_map
from dcviz.figures.palette import FONT, ground, tokens
from dcviz.figures.tables import heat

TWO = np.arange(2)
CHARTS = {
    "leaks": lambda theme: leak_map(
        ids=TWO,
        labels=TWO,
        names=["a", "b"],
        percentiles={"pixels": TWO * 1.0, "features": TWO * 1.0},
        memorised=TWO > 0,
        theme=theme,
    ),
    "table": lambda theme: heat(["a"], ["x", "y"], np.array([[1.0, 2.0]]), theme),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("chart", CHARTS)
def test_labels_and_ground_of_leaks_and_tables_are_those_of_all_charts(chart, theme):
    layout = CHARTS[chart](theme)["layout"]
    laid = ground(tokens(theme))
    assert {key: layout[key] for key in laid} == laid
    assert layout["hoverlabel"]["font"]["family"] == layout["font"]["family"] == FONT


def test_no_figure_lays_a_ground_of_its_own():
    own = [f.name for f in Path(figures.__file__).parent.glob("*.py") if "paper_bgcolor" in f.read_text("utf-8")]
    assert own == ["palette.py"]
