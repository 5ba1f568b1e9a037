"""The Atlas in a real browser: a cell is chosen by mouse and keyboard, explained, and taken to the Lab."""

import pytest

from .stage import SLOW

pytestmark = pytest.mark.browser

CELL = "[data-key='random-features/mean']"


def opened(page, server):
    page.goto(f"{server}/?data=moons")
    page.wait_for_selector("text=Atlas", timeout=SLOW)
    page.get_by_role("link", name="Atlas").click()
    page.wait_for_selector(".dcv-grid [data-key]", timeout=SLOW)


def test_a_cell_is_chosen_explained_and_set_up_in_the_lab(page, server):
    opened(page, server)
    page.locator(CELL).click()
    page.wait_for_selector("text=Published: DM", timeout=SLOW)
    assert page.locator(CELL).get_attribute("aria-pressed") == "true"
    page.wait_for_function("decodeURIComponent(location.search).includes('cell=random-features/mean')", timeout=SLOW)
    page.get_by_text("Set it up in the Lab").click()
    page.wait_for_function("location.search.includes('divergence=mean')", timeout=SLOW)
    page.get_by_role("button", name="Condense").wait_for(timeout=SLOW)
    assert page.errors == []


def test_the_keyboard_moves_and_chooses(page, server):
    opened(page, server)
    first = page.locator(".dcv-grid [data-key]").first
    first.focus()
    at = "document.activeElement.dataset.key"
    regime, method = first.get_attribute("data-key").split("/")
    page.keyboard.press("ArrowRight")
    across = page.evaluate(at).split("/")
    assert (across[0] != regime, across[1]) == (True, method)  # along the row
    page.keyboard.press("ArrowDown")
    key = page.evaluate(at)
    assert (key.split("/")[0], key.split("/")[1] != method) == (across[0], True)
    assert page.locator(".dcv-grid [tabindex='0']").count() == 1  # Tab does not visit every cell
    page.keyboard.press("Enter")
    page.wait_for_function(f"decodeURIComponent(location.search).includes('cell={key}')", timeout=SLOW)


def test_the_other_views_are_a_click_away(page, server):
    opened(page, server)
    page.get_by_text("Published", exact=True).first.click()
    page.wait_for_selector(".dc-table", timeout=SLOW)
    assert page.locator(".dc-table tr").count() > 5
    page.get_by_text("Who learns from it").click()
    page.wait_for_selector(".js-plotly-plot, [data-testid='stAlert']", timeout=SLOW)
    assert page.errors == []
