"""Numbers explain themselves without a mouse, and every text can be read: by keyboard, and in both themes."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from .stage import SLOW, address, after, opened

pytestmark = pytest.mark.browser

TIP = ".dcv-tip:not([hidden])"
FOCUSED = "document.activeElement.innerText"
OUTLINE = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
PALE = (Path(__file__).parent / "pale.js").read_text(encoding="utf-8")


def told(page):
    """What is explained now, empty where nothing is."""
    shown = page.locator(TIP)
    return shown.inner_text() if shown.count() else ""


def test_tab_leads_from_number_to_number_of_the_status_line(page, done):
    opened(page, done)
    page.wait_for_selector(".dc-result", timeout=SLOW)
    page.locator(".dc-status [data-why=state]").focus()
    seen = {}
    for _ in range(5):
        page.keyboard.press("Tab")
        seen[page.evaluate(FOCUSED)] = told(page)
        assert page.evaluate(OUTLINE) == 2
    assert list(seen)[:2] == ["12 / 12 steps", next(text for text in seen if "worked" in text)]
    assert seen["12 / 12 steps"] == "One step is one update of the synthetic set."
    assert "5th nearest" in next(why for text, why in seen.items() if text.startswith("off-manifold"))
    assert "fresh ConvNets" in next(why for text, why in seen.items() if text.startswith("test accuracy"))
    number = page.get_by_role("button", name="12 / 12 steps")  # what a screen reader calls it
    number.focus()
    assert number.get_attribute("aria-describedby") == page.locator(TIP).get_attribute("id")
    page.keyboard.press("Escape")
    assert told(page) == ""
    page.keyboard.press("Enter")
    assert told(page) == seen["12 / 12 steps"]
    box, inside = page.locator(TIP).bounding_box(), page.viewport_size
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= inside["width"]
    assert page.errors == []


def test_escape_closes_the_explanation_first_and_clears_the_selection_next(page, done):
    opened(page, done)
    page.locator(".dcv-pane").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".dcv-detail:not(.dcv-none)")
    page.locator(".dcv-map .dcv-caption").focus()
    assert "placed by their nearest real neighbours" in told(page) or "vary most" in told(page)  # UMAP, or PCA still
    page.keyboard.press("Escape")
    assert (told(page), page.locator(".dcv-detail.dcv-none").count()) == ("", 0)
    page.keyboard.press("Escape")
    page.wait_for_selector(".dcv-detail.dcv-none", state="attached")


def test_a_number_keeps_the_focus_and_its_explanation_while_a_run_goes_on(page, server):
    opened(page, address(server, data="moons", regime="data", divergence="energy", steps=200_000))
    page.get_by_role("button", name="Condense").click()
    first = after(page, 0)
    page.keyboard.press("Tab")  # from here on by keyboard
    page.locator(".dc-status [data-why=steps]").focus()
    for _ in range(3):
        first = after(page, first)
        page.wait_for_timeout(300)
        assert page.evaluate("document.activeElement.dataset.why") == "steps"
        assert told(page) == "One step is one update of the synthetic set."
    page.locator(".st-key-dc-steer button:visible").filter(has_text="Stop").click()
    page.wait_for_function("document.querySelector('.dc-state').innerText.includes('cancelled')", timeout=SLOW)


def test_the_numbers_of_compare_are_reached_by_arrows_and_explained(page, server, done):
    run = parse_qs(urlsplit(done).query)["run"][0]
    page.goto(f"{server}/Compare?runs={run}&view=numbers")
    head = page.get_by_role("columnheader", name="accuracy, ConvNet, %").get_by_role("button")
    head.focus(timeout=SLOW)
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert told(page).endswith("Click to sort.")
    page.keyboard.press("ArrowDown")
    assert "networks ± their standard deviation" in told(page)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.tagName") == "A"  # the run, a link to it


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_text_is_pale(chromium, server, done, scheme):
    run = parse_qs(urlsplit(done).query)["run"][0]
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    window = context.new_page()
    found = {}
    for path, ready in {
        f"?run={run}": ".dc-result",
        "Atlas?cell=random-features/energy": ".dcv-part[aria-pressed=true]",
        f"Compare?runs={run}&view=race": "text=Repeats",
        "Runs": ".dcv-run img",
        "Learn": ".st-key-dc-lesson",
    }.items():
        window.goto(f"{server}/{path}")
        window.wait_for_selector(ready, timeout=SLOW)
        window.wait_for_timeout(400)
        found[path] = window.evaluate(PALE)
    context.close()
    assert not any(found.values()), found
