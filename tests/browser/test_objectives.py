"""What a set is good for in a real browser: pursued, slid, measured beside the page, drawn; and looked into."""

from urllib.parse import parse_qs, urlsplit

import pytest

from dcviz import registry
from dcviz.evaluation.suite.properties import PROPERTIES

from .stage import SLOW, opened

pytestmark = pytest.mark.browser

SIDE = ".st-key-dc-costs-side"
SET_UP = "data=moons-minority&regime=data&divergence=energy&budget=2&steps=20"


def pursued():
    """An objective that can be measured in the plane, at its usual strength: (declaration, its setting)."""
    known = registry.known("objective").values()
    kind = next(of for of in known if of.kind == "fair" and not PROPERTIES[of.aims[0]].images_only)
    return kind, f"objective.{kind.name}.{kind.strength}={kind.default(kind.strength)}"


def asked(page):
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def condensed(page):
    page.get_by_role("button", name="Condense").click()
    page.wait_for_selector(".dc-result", timeout=SLOW)
    page.wait_for_selector(".dc-state.dc-done", timeout=SLOW)


def measured(page, both):
    """Have the page measure until ``both`` is so; where a press met a page that was just drawn anew, press again."""
    button = page.get_by_role("button", name="Measure")
    button.wait_for(timeout=SLOW)
    for _ in range(60):
        if page.evaluate(both):
            return
        if button.first.is_visible() and button.first.is_enabled():
            button.first.click()
        page.wait_for_timeout(3000)
    page.wait_for_function(both, timeout=1000)


def wrong(page):
    """Errors of the page's own: streamlit asks for two of its own addresses below a deep link first, in vain."""
    return [error for error in page.errors if "404" not in error]


def test_an_objective_is_slid_measured_and_stands_on_the_front(page, server):
    kind, setting = pursued()
    opened(page, f"{server}/Objectives?{SET_UP}&objective={kind.name}&{setting}")
    assert page.locator(SIDE).inner_text().count("–") >= 3  # nothing is known yet
    condensed(page)
    page.get_by_role("button", name="One more seed").wait_for(timeout=SLOW)
    slider = page.get_by_role("slider", name="Strength")
    for _ in range(9):  # down to the run without it
        if slider.get_attribute("aria-valuetext").startswith("without"):
            break
        slider.press("ArrowLeft")
        page.wait_for_timeout(300)
    page.wait_for_function("!location.search.includes('objective.')", timeout=SLOW)
    page.wait_for_function("!document.querySelector('.dc-result')", timeout=SLOW)
    condensed(page)
    drawn = f"document.querySelector('{SIDE} .js-plotly-plot')"
    measured(page, f"{drawn}?.data?.filter((t) => t.mode === 'markers').length === 2")
    names = page.evaluate(f"{drawn}.data.filter((t) => t.mode === 'markers').map((t) => t.name)")
    assert names[0] == "without"
    assert names[1].startswith(kind.strength.replace("_", " "))
    lines = page.locator(f"{SIDE} table.dc-gain tr")
    assert "±" in lines.nth(1).inner_text()
    assert asked(page)["objective"] == kind.name
    assert wrong(page) == []


def test_nothing_is_cut_beside_the_stage_of_a_small_screen(page, server):
    kind, setting = pursued()
    page.set_viewport_size({"width": 1024, "height": 768})
    opened(page, f"{server}/Objectives?{SET_UP}&objective={kind.name}&{setting}")
    again = page.get_by_role("button", name="One more seed")  # the longer of its two names
    if not again.count():
        condensed(page)
    again.wait_for(timeout=SLOW)
    cut = "[...document.querySelectorAll('.st-key-objectives-condense button *, .dcv-stage .dcv-caption')]"
    assert page.evaluate(f"{cut}.filter((n) => n.offsetWidth && n.scrollWidth > n.clientWidth + 1).length") == 0
    words, icon = (
        page.locator(f".st-key-objectives-condense button {part}").first.bounding_box()
        for part in ("p", "[data-testid=stIconMaterial]")
    )
    assert abs(words["y"] + words["height"] / 2 - icon["y"] - icon["height"] / 2) < 1.5  # on one line


def test_measuring_survives_leaving_the_page_and_stands_in_inspect(page, server, done):
    run = parse_qs(urlsplit(done).query)["run"][0]
    page.goto(f"{server}/Inspect?run={run}&view=good&property=cost")
    page.get_by_role("button", name="Measure cost").click(timeout=SLOW)
    page.locator(".st-key-good-stop").or_(page.locator(".dc-legend")).first.wait_for(timeout=SLOW)
    page.get_by_role("link", name="Runs").click()  # away, and back
    page.wait_for_url("**/Runs*", timeout=SLOW)
    page.goto(f"{server}/Inspect?run={run}&view=good&property=cost")
    page.wait_for_selector(".dc-legend", timeout=2 * SLOW)
    assert "whole set" in page.locator(".dc-legend").inner_text()
    page.get_by_text("All numbers").click()
    table = page.locator("table.dc-differ")
    table.wait_for(timeout=SLOW)
    assert "bytes in all" in table.inner_text()
    page.get_by_role("radio", name="Privacy").or_(page.get_by_role("button", name="Privacy")).first.click()
    page.wait_for_function("location.search.includes('property=privacy')", timeout=SLOW)
    page.get_by_text("Not measured yet").wait_for(timeout=SLOW)
    page.get_by_text("never a guarantee").or_(page.get_by_text("canary AUC")).first.wait_for(timeout=SLOW)
    assert wrong(page) == []
