"""The Playground's main act in a real browser: it moves by itself, a slider acts while it runs, points are drawn."""

import pytest

from .stage import SLOW

pytestmark = pytest.mark.browser

PLANE = "[...globalThis.dcviz.planes][0]"


def opened(page, server, query=""):
    page.goto(f"{server}/Playground{query}")
    page.wait_for_selector(".dcv-plane .dcv-cloud", timeout=SLOW)
    until(page, "p.data && p.head > 0")


def until(page, condition):
    page.wait_for_function(f"(() => {{ const p = {PLANE}; return p && ({condition}); }})()", timeout=SLOW)


def read(page, expression):
    return page.evaluate(f"(() => {{ const p = {PLANE}; return {expression}; }})()")


def errors(page):
    """Without those of streamlit, which looks for its server below a deep link first."""
    return [error for error in page.errors if "404" not in error]


def test_it_plays_by_itself_and_tells_two_divergences_apart(page, server):
    opened(page, server)
    until(page, "p.playing && p.now > 70")
    left, right = (page.locator(".dcv-lane").nth(i) for i in (0, 1))
    assert "modes 0/8" in left.locator(".dcv-numbers").inner_text()
    assert int(right.locator(".dcv-numbers").inner_text().split("modes ")[1][0]) >= 5
    assert "farther from the real ones" in left.locator(".dcv-alarm").inner_text()
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert errors(page) == []


def test_pause_step_scrub_and_the_forces_of_what_stands_still(page, server):
    opened(page, server)
    until(page, "p.now > 15")
    page.keyboard.press("Space")
    until(page, "!p.playing")
    stood = read(page, "Math.round(p.now)")
    page.keyboard.press("ArrowLeft")
    assert read(page, "p.now") == stood - 1
    until(page, "['left', 'right'].every(s => p.lanes[s].film.pulls.has(Math.round(p.now)))")
    until(page, "['left', 'right'].every(s => p.lanes[s].film.has(Math.round(p.now)))")
    sent = read(page, "p.sent")
    page.wait_for_timeout(1000)
    assert read(page, "p.sent") == sent  # nothing is asked for, and so nothing computed
    bar = page.locator(".dcv-plane .dcv-bar .dcv-range").bounding_box()
    page.mouse.click(bar["x"] + 2, bar["y"] + bar["height"] / 2)
    until(page, "p.now === 0")
    assert page.locator(".dcv-plane .dcv-step").inner_text() == "step 0"
    assert errors(page) == []


def test_a_slider_acts_while_it_runs_and_stands_in_the_address(page, server):
    opened(page, server, "?tile=bandwidth")
    until(page, "p.now > 10")
    before = read(page, "p.turn")
    slider = page.get_by_role("slider", name="bandwidth").first
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    until(page, f"p.turn > {before} && p.orders.length === 0")
    assert read(page, "p.playing")
    assert read(page, "p.data.since") > 0  # it went on from there
    until(page, "p.now > p.data.since + 5")
    value = float(page.url.split("left.bandwidth=")[1].split("&")[0])
    assert value > 0.04
    page.reload()
    opened_again = ".dcv-plane .dcv-own .dcv-knob-range output"
    page.wait_for_selector(opened_again, timeout=SLOW)
    assert float(page.locator(opened_again).first.inner_text()) == pytest.approx(value, rel=0.01)
    assert errors(page) == []


def test_points_are_drawn_kept_and_chased(page, server):
    opened(page, server)
    page.get_by_role("button", name="Draw points").click()
    until(page, "p.data.drawn && p.data.ended === 'nothing drawn yet'")
    assert page.locator(".dcv-note").first.inner_text().startswith("Draw some points")
    box = page.locator(".dcv-cloud").first.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 90, steps=8)
    page.mouse.up()
    until(page, "p.data.kept.length > 10 && p.now > p.data.since + 25")
    assert "points=" in page.url
    mean = read(page, "[0, 1].map(k => p.data.kept.reduce((a, q) => a + q[k], 0) / p.data.kept.length)")
    assert mean[0] < -0.5
    assert mean[1] > 0.5  # the upper left
    first, last = (
        read(page, f"[...p.lanes.right.film.points[{at}]].filter((_, i) => i % 2 === 0)") for at in (0, "p.head")
    )
    assert sum(last) / len(last) < sum(first) / len(first) - 0.1
    kept = read(page, "p.data.kept.length")
    page.reload()
    opened(page, server, "?" + page.url.split("?")[1])
    assert read(page, "p.data.kept.length") == kept
    assert errors(page) == []


def test_a_picture_starts_its_set_up_from_the_beginning(page, server):
    opened(page, server)
    until(page, "p.now > 8")
    page.get_by_role("button", name="From transport to means").click()
    until(page, "p.data.lanes.left.title.startsWith('Sinkhorn') && p.data.since === 0")
    assert page.locator("[data-name=blur]").get_attribute("aria-pressed") == "true"
    assert "Very blurred" in page.locator(".dc-look").inner_text()
    assert errors(page) == []


def test_a_link_to_a_step_stands_there(page, server):
    opened(page, server, "?tile=one&step=30")
    until(page, "p.now === 30 && !p.playing")
    assert errors(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_small_screen_shows_both_sides(chromium, server, scheme):
    context = chromium.new_context(viewport={"width": 1024, "height": 768}, color_scheme=scheme)
    window = context.new_page()
    opened(window, server)
    boxes = [window.locator(".dcv-cloud").nth(i).bounding_box() for i in (0, 1)]
    assert all(box["width"] == pytest.approx(box["height"], abs=1) and box["width"] > 240 for box in boxes)
    assert all(box["y"] + box["height"] <= 768 for box in boxes)
    bar = window.locator(".dcv-plane .dcv-bar").bounding_box()
    assert bar["x"] + bar["width"] <= 1024
    context.close()
