import threading

import pytest

from dcviz.errors import Refused
from dcviz.ui import assets


def test_the_script_is_copied_whole_once_and_leaves_nothing_behind(tmp_path):
    threads = [threading.Thread(target=assets.ensure_plotly, args=(tmp_path,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [p.name for p in tmp_path.iterdir()] == ["plotly.min.js"]
    before = (tmp_path / "plotly.min.js").stat().st_mtime_ns
    assert assets.ensure_plotly(tmp_path).stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_refused_with_the_command_to_run(tmp_path):
    with pytest.raises(Refused, match="cp .*plotly.min.js"):
        assets.ensure_plotly(tmp_path / "missing")


def test_a_view_from_the_browser_is_read_with_care():
    from dcviz.ui.stage import View, read_view

    assert read_view(None) == View()
    assert read_view({"step": 12, "want": [1, "x", 2], "film": 4}) == View(12, (1, 2), 4)
    assert read_view({"step": "12", "want": None, "film": {}}) == View()
    assert len(read_view({"want": list(range(1000))}).want) <= 200
