"""A replay file opens with no network and no server, plays, and can be looked into."""

import pytest

from dcviz.replay import replay
from dcviz.runs.store import Store

from .stage import MAP, SLOW, one_selected

pytestmark = pytest.mark.browser

STAGE = "[...globalThis.dcviz.stages][0]"


@pytest.fixture
def file(page, done, home, tmp_path):
    """The replay of a finished run in a window that is offline."""
    store = Store(home)
    path = tmp_path / "replay.html"
    path.write_bytes(replay(store, store.runs()[0].id))
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.wait_for_function("globalThis.dcviz?.stages?.size === 1", timeout=SLOW)
    page.wait_for_function(f"document.querySelector('{MAP}')?.layout !== undefined", timeout=SLOW)
    return page


def test_it_opens_offline_within_a_second(file):
    assert file.evaluate("performance.getEntriesByName('dcviz-first')[0].startTime") < 1000
    assert file.locator(".dcv-image").get_attribute("src").startswith("data:image/")
    assert [e for e in file.errors if "asked for file:" not in e] == []


def test_it_plays_and_is_scrubbed(file):
    file.keyboard.press("ArrowLeft")
    file.wait_for_function("document.querySelector('.dcv-step').textContent === 'step 11'")
    file.evaluate(f"{STAGE}.show(0)")
    file.keyboard.press("Space")
    file.wait_for_function("document.querySelector('.dcv-step').textContent === 'step 12'", timeout=SLOW)


def test_a_point_is_chosen_everywhere_with_its_history(file):
    box = file.locator(".dcv-pane").bounding_box()
    file.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.05 * box["height"])
    one_selected(file)
    file.wait_for_function("document.querySelectorAll('.dcv-strip:not([hidden]) .dcv-tile').length > 7")
    file.keyboard.press("Escape")
    file.wait_for_function("document.querySelector('.dcv-detail').classList.contains('dcv-none')")
