"""One image under the magnifying glass in a real browser: opened by a link, scrubbed, compared, pulled at."""

from urllib.parse import parse_qs, urlsplit

import pytest

from .stage import SLOW, opened

pytestmark = pytest.mark.browser

GLASS = "[...globalThis.dcviz.stages].find((s) => s.pulls)"
LARGE = "document.querySelector('.dcv-large').toDataURL()"
SHOWN = "document.querySelector('.dcv-step').textContent"


def at(page):
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def inspected(page, server, done, **query):
    run = parse_qs(urlsplit(done).query)["run"][0]
    page.goto(f"{server}/Inspect?" + "&".join(f"{k}={v}" for k, v in {"run": run, **query}.items()))
    page.wait_for_selector(".dcv-glass", timeout=SLOW)


def known(page):
    """Wait until everything has come that is asked for of an image."""
    page.wait_for_function(f"{GLASS}?.here?.film && document.querySelectorAll('.dcv-rank').length >= 10", timeout=SLOW)
    page.wait_for_function("document.querySelectorAll('.dcv-pull img').length >= 7", timeout=SLOW)


def wrong(page):
    """Errors of the page's own: streamlit asks for two of its own addresses below a deep link first, in vain."""
    return [error for error in page.errors if "404" not in error]


def test_a_link_shows_the_image_its_neighbours_and_what_pulls_at_it(page, server, done):
    inspected(page, server, done, image=4, step=3)
    known(page)
    assert page.evaluate(SHOWN) == "step 3"
    assert "Image 4 · class 4" in page.locator(".dcv-subject").inner_text()
    before = page.evaluate(LARGE)
    page.evaluate(f"{GLASS}.bar.on.show(12)")
    page.wait_for_function(f"{SHOWN} === 'step 12'")
    assert page.evaluate(LARGE) != before
    page.wait_for_function("location.search.includes('step=12')", timeout=SLOW)
    page.wait_for_function(f"{GLASS}.here?.pulls.step === 12 && {GLASS}.here.pulls.tiles.length >= 7", timeout=SLOW)
    tile = page.locator(".dcv-pull button").first
    plain = page.evaluate(LARGE)
    tile.click()
    page.wait_for_selector(".dcv-large.dcv-after")
    page.wait_for_function(f"{LARGE} !== '{plain}'")
    assert tile.get_attribute("aria-pressed") == "true"
    assert wrong(page) == []


def test_its_class_the_film_and_the_keys_lead_on(page, server, done):
    inspected(page, server, done, image=4)
    known(page)
    page.locator(".dcv-frame").first.click()
    page.wait_for_function(f"{SHOWN} === 'step 0'")
    assert page.locator(".dcv-badge.dcv-memorised").count() == 2  # it starts as a copy of a real image
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{SHOWN} === 'step 1'")
    assert page.locator(".dcv-mate").count() == 1  # one image per class
    page.keyboard.press("Escape")
    page.wait_for_selector(
        ".dcv-all:not([hidden]) .dcv-leaks .js-plotly-plot, .dcv-leaks .dcv-plot .main-svg", timeout=SLOW
    )
    page.wait_for_function("!location.search.includes('image=')", timeout=SLOW)
    page.locator(".dcv-all .dcv-pane").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function("location.search.includes('image=0')", timeout=SLOW)
    assert wrong(page) == []


def test_the_lab_leads_here_and_the_run_may_be_chosen_here(page, server, done):
    opened(page, done)
    page.locator(".dcv-pane").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".dcv-way", timeout=SLOW)
    page.locator(".dcv-way").click()
    page.wait_for_selector(".dcv-glass", timeout=SLOW)
    assert at(page)["run"] == parse_qs(urlsplit(done).query)["run"][0]
    assert "image" in at(page)
    known(page)
    page.goto(f"{server}/Inspect")
    page.locator("[class*='st-key-inspect-run-'] button").first.click(timeout=SLOW)
    page.wait_for_selector(".dcv-glass .dcv-all:not([hidden]) .dcv-image", timeout=SLOW)
    assert "run" in at(page)
    assert wrong(page) == []
