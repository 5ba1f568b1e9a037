"""The main job in a real browser, on the bundled digits."""

import pytest

from .stage import (
    MAP,
    SELECTED,
    SLOW,
    address,
    after,
    one_selected,
    opened,
    picture,
    pointed,
    selected,
    status,
    step,
    zoomed,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(server, chromium):
    """A run that was started with a click and is left going; its address."""
    window = chromium.new_page(viewport={"width": 1440, "height": 900})
    opened(window, address(server, regime="random-features", steps=5000))
    window.get_by_role("button", name="Condense").click()
    window.wait_for_function("location.search.includes('run=')", timeout=SLOW)
    after(window, 0)
    url = window.url
    window.close()
    return url


def test_before_the_first_run_the_real_data_is_there(page, server):
    opened(page, address(server))
    assert "press Condense" in page.locator(".dc-status").inner_text()
    assert picture(page).startswith("data:image/")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.errors == []


def test_zoom_and_selection_survive_ten_live_updates(page, run):
    opened(page, run)
    first = after(page, 0)
    page.locator(".dcv-pane").click(position={"x": 180, "y": 60})
    page.wait_for_selector(".dcv-detail:not(.dcv-none)")
    pointed(page)
    chosen = one_selected(page)
    box = page.locator(MAP).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    whole = zoomed(page)
    page.mouse.wheel(0, -500)
    page.wait_for_function(f"document.querySelector('{MAP}').layout.xaxis.range[0] !== {whole[0]}")
    page.wait_for_timeout(300)
    near, node, seen = zoomed(page), page.locator(MAP).element_handle(), {picture(page)}
    kind = page.locator(".dcv-map .dcv-switch [aria-checked=true]").all_inner_texts()
    for _ in range(10):
        first = after(page, first)
        seen.add(picture(page))
    if page.locator(".dcv-map .dcv-switch [aria-checked=true]").all_inner_texts() == kind:
        assert zoomed(page) == near
    assert page.evaluate("node => node.isConnected", node)
    assert selected(page) == [chosen]
    assert len(seen) > 5
    assert "/" in page.title()
    assert page.errors == []


def lasso(page):
    """Draw around the right half of the map; returns how many points were caught."""
    page.locator(".dcv-map [data-title='Lasso Select']").click(force=True)
    box = page.locator(f"{MAP} .nsewdrag").first.bounding_box()
    left, right = box["x"] + 0.5 * box["width"], box["x"] + box["width"] - 4
    top, bottom = box["y"] + 4, box["y"] + box["height"] - 4
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(x, y, steps=6)
    page.mouse.up()
    page.wait_for_function(f"document.querySelector('{MAP}').data.some(t => t.selectedpoints?.length)")
    return sorted(selected(page))


def updates(page, run, count):
    """Wait for so many live updates with the lasso drawn; it must stay as it was."""
    opened(page, run)
    first = after(page, 0)
    pointed(page)
    caught = lasso(page)
    assert 0 < len(caught) < 100
    for _ in range(count):
        first = after(page, first)
    assert sorted(selected(page)) == caught
    assert page.errors == []


def test_a_lasso_survives_live_updates(page, run):
    updates(page, run, 5)


@pytest.mark.slow
def test_a_lasso_survives_thirty_live_updates(page, run):
    updates(page, run, 30)


DRAWN = f"""(() => {{
  const data = document.querySelector('{MAP} + .dcv-ink').toDataURL();
  return {{ ink: data, plotly: document.querySelector('{MAP}').data.filter((t) => t.meta?.layer !== 'real').length }};
}})()"""


def test_the_map_of_a_run_is_drawn_over_plotly_with_each_picture_until_somebody_points_at_it(page, run):
    """Plotly would draw all real samples again to move a hundred points; a hover or a lasso needs it, though."""
    opened(page, run)
    page.mouse.move(5, 5)
    first = after(page, 0)
    page.wait_for_function(
        f"{DRAWN}.plotly === 0 && document.querySelector('{MAP} + .dcv-ink').width > 100", timeout=SLOW
    )
    inks = set()
    for _ in range(4):
        first = after(page, first)
        page.wait_for_timeout(200)  # until it is drawn
        drawn = page.evaluate(DRAWN)
        inks.add(drawn["ink"])
        assert drawn["plotly"] == 0
    assert len(inks) == 4
    pointed(page)
    page.wait_for_function(
        f"!document.querySelector('{MAP} + .dcv-ink').getContext('2d').getImageData(0, 0, 400, 400).data.some((v) => v)"
    )  # nothing is drawn twice
    caught = lasso(page)
    page.mouse.move(5, 5)
    page.wait_for_function(f"{DRAWN}.plotly === 0", timeout=SLOW)
    after(page, first)
    pointed(page)
    assert sorted(selected(page)) == caught
    assert page.errors == []


def test_pause_scrub_and_reload_find_the_run_again(page, run):
    opened(page, run)
    after(page, 0)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function("document.querySelector('.dc-state').textContent.startsWith('paused')", timeout=SLOW)
    page.wait_for_timeout(2000)  # until the last step before the pause is on the stage, too
    end, last = step(page), picture(page)
    bar = page.locator(".dcv-range").bounding_box()
    page.mouse.click(bar["x"] + 2, bar["y"] + bar["height"] / 2)
    page.wait_for_function("document.querySelector('.dcv-step').textContent === 'step 0'")
    page.wait_for_timeout(500)
    assert picture(page) != last
    assert not page.locator(".dcv-follow input").is_checked()
    page.keyboard.press("ArrowRight")
    assert after(page, 0) < end
    page.locator(".dcv-follow").click()
    after(page, end - 1)
    page.reload()
    page.wait_for_selector(".dcv-step")
    page.wait_for_function(f"document.querySelector('.dcv-step').textContent === 'step {end}'", timeout=SLOW)
    assert status(page) == "paused"
    assert picture(page) == last
    page.locator(".st-key-dc-steer button:visible").filter(has_text="Step").click()
    assert after(page, end) == end + 1
    page.wait_for_function("document.querySelector('.dc-state').innerText === 'paused'", timeout=SLOW)
    page.wait_for_timeout(1500)
    assert step(page) == end + 1  # exactly one
    assert page.errors == []


def test_keys_and_escape(page, run):
    opened(page, run)
    page.wait_for_function("document.querySelector('.dcv-image').naturalWidth > 0", timeout=SLOW)
    page.locator(".dcv-pane").focus()
    page.keyboard.press("ArrowRight")
    first = one_selected(page)
    page.keyboard.press("ArrowDown")
    assert one_selected(page, other_than=first) != first
    page.keyboard.press("Escape")
    page.wait_for_function(f"{SELECTED}.length === 0")
    assert page.locator(".dcv-detail").get_attribute("class").endswith("dcv-none")


STRONG = f"""document.querySelector('{MAP}').data.filter((t) => t.meta?.layer === 'real' && t.marker.opacity > 0.3)
    .map((t) => t.meta.class)"""


def test_the_name_of_a_class_shows_it_alone_and_so_does_a_key(page, run):
    opened(page, run)
    after(page, 0)
    page.locator(".dcv-names span").nth(3).click()
    page.wait_for_function(f"{SELECTED}.length === 10")
    assert sorted(selected(page)) == list(range(30, 40))
    page.wait_for_function(f"JSON.stringify({STRONG}) === '[3]'")
    page.locator(".dcv-names span").nth(3).click()
    page.wait_for_function(f"{SELECTED}.length === 0 && {STRONG}.length === 10")
    page.locator(".dcv-pane").focus()
    page.keyboard.press("ArrowRight")
    one_selected(page)
    page.keyboard.press("c")
    page.wait_for_function(f"{SELECTED}.length === 10 && JSON.stringify({STRONG}) === '[0]'")
    assert page.errors == []


def test_a_live_update_and_the_real_layer_are_small(page, run):
    sizes = []
    page.on("websocket", lambda s: s.on("framereceived", lambda data: sizes.append(len(data))))
    opened(page, run)
    page.wait_for_timeout(3000)
    assert max(sizes) < 1_000_000  # the real layer, once
    assert sorted(sizes)[-2] < 200_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_and_a_small_screen(chromium, run, scheme):
    context = chromium.new_context(viewport={"width": 1024, "height": 768}, color_scheme=scheme)
    window = context.new_page()
    opened(window, run)
    ground = window.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert ground == {"light": "rgb(251, 251, 252)", "dark": "rgb(15, 18, 23)"}[scheme]
    for name in (".dcv-sheet", ".dcv-map", ".dcv-curves"):
        box = window.locator(name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1024
        assert box["width"] > 200
    context.close()


def test_the_gallery_leads_back_to_the_run(page, server, run):
    opened(page, address(server))
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("link", name="Open").first.click()
    page.wait_for_selector(".dcv-stage", timeout=SLOW)
    page.wait_for_function("location.search.includes('run=')", timeout=SLOW)
    assert page.errors == []


def test_what_draws_plots_is_fetched_before_there_is_a_stage(page, server):
    page.goto(server + "/Runs")  # a page without plots
    files = "performance.getEntriesByType('resource').map((file) => file.name)"
    own = f"{files}.find((name) => new URL(name).pathname.endsWith('/main.js'))"
    page.wait_for_function(f"Boolean({own})", timeout=SLOW)
    page.wait_for_timeout(1500)
    assert page.evaluate("globalThis.Plotly === undefined")
    page.evaluate(f"import({own}).then((main) => main.default({{ data: {{ kind: 'coming' }} }}))")
    page.wait_for_function("globalThis.Plotly !== undefined", timeout=SLOW)
