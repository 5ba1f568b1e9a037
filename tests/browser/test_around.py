"""What surrounds the stage in a real browser: results, export, sharing, explanations, your own images, the plane."""

import io
import json
import re
import zipfile

import numpy as np
import pytest

from .stage import MAP, SLOW, address, after, opened, picture, pointed, step

pytestmark = pytest.mark.browser


def test_the_result_stands_beside_its_rivals(page, done):
    opened(page, done)
    text = page.locator(".dc-status").inner_text()
    assert re.search(r"test accuracy [\d.]+ ± [\d.]+ %, 3 networks", text)
    for rival in ("random", "best selection", "whole set"):
        assert re.search(rf"{rival}[^·]* [\d.]+ ± [\d.]+", text)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight <= innerHeight")


def test_no_chart_offers_to_be_sent_anywhere(page, done):
    opened(page, done)
    page.wait_for_selector(".dcv-curves .modebar-btn", state="attached", timeout=SLOW)
    buttons = page.evaluate("[...document.querySelectorAll('.modebar-btn')].map((button) => button.dataset.title)")
    assert {"Pan", "Lasso Select", "Reset axes"} <= set(buttons)
    assert not [title for title in buttons if re.search("share|cloud|edit|upload", title, re.IGNORECASE)]


def test_a_finished_run_is_exported_and_holds_what_was_shown(page, done):
    opened(page, done)
    page.locator(".st-key-dc-export button:visible").filter(has_text="download").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="npz").click()
    assert coming.value.suggested_filename.endswith("-npz.zip")
    with zipfile.ZipFile(coming.value.path()) as archive:
        names = {name.rpartition("/")[2]: name for name in archive.namelist()}
        assert {"condensed.npz", "recipe.json", "train.py"} <= set(names)
        with np.load(io.BytesIO(archive.read(names["condensed.npz"])), allow_pickle=False) as arrays:
            assert arrays["pixels"].shape == (10, 1, 8, 8)
    assert page.errors == []


PLACES = """(() => {
    const names = ['.dcv-panels', '.dcv-pane', '.dcv-bar', '.st-key-dc-steer'];
    const places = names.map((name) => document.querySelector(name));
    const note = () => {
        const now = places.map((n) => Object.values(n.getBoundingClientRect().toJSON()).map(Math.round).join());
        (globalThis.seen ??= new Set()).add(now.join(' '));
        requestAnimationFrame(note);
    };
    note();
})()"""


def test_nothing_on_screen_moves_while_a_run_comes_to_its_end(page, server):
    page.set_viewport_size({"width": 1280, "height": 800})  # where the line of numbers needs two rows at its end
    opened(page, address(server, regime="random-features", steps=20, budget=1, seed=3))
    page.get_by_role("button", name="Condense").click()
    page.wait_for_selector(".st-key-dc-steer", timeout=SLOW)
    after(page, 0)
    page.evaluate(PLACES)
    page.wait_for_selector(".dc-result + span:has-text('best selection')", timeout=SLOW)
    page.wait_for_timeout(1000)  # until the stage has found its height beside it
    assert len(page.evaluate("[...globalThis.seen]")) == 1


def test_sharing_copies_the_address_with_run_and_step_which_opens_there_again(page, done):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, done)
    end = after(page, 11)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"document.querySelector('.dcv-step').textContent === 'step {end - 1}'")
    page.wait_for_function("location.search.includes('step=')")
    page.wait_for_timeout(300)
    shown, seen = step(page), picture(page)
    page.locator(".dcv-bar button[aria-label^='Copy the address']").click()
    page.wait_for_function("document.querySelector('.dcv-bar [title=Copied]') !== null")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "run=" in link
    assert link.endswith(f"step={shown}")
    opened(page, link)
    page.wait_for_function(f"document.querySelector('.dcv-step').textContent === 'step {shown}'", timeout=SLOW)
    page.wait_for_timeout(500)
    assert picture(page) == seen
    assert not page.locator(".dcv-follow input").is_checked()
    page.locator(".dcv-follow").click()
    page.wait_for_function("!location.search.includes('step=')")
    assert step(page) == end
    assert page.errors == []


def test_a_bad_address_is_refused_in_words_and_the_lab_still_opens(page, server):
    opened(page, address(server, data="digts", budget=0, run="nowhere"))
    text = page.locator(".st-key-dc-refused").inner_text()
    for words in ("did you mean 'digits'", "from 1 to 100", "there is no run nowhere"):
        assert words in text
    assert page.errors == []


NAMELESS = """[...document.querySelectorAll('[data-testid=stMain] button')].filter((one) => {
    if (!one.offsetWidth) return false;
    const said = one.cloneNode(true);
    said.querySelectorAll('[data-testid=stIconMaterial], [aria-hidden]').forEach((icon) => icon.remove());
    return !one.ariaLabel && !said.textContent.trim() && !one.dataset.title;
}).map((one) => one.outerHTML)"""


def test_every_button_has_a_name_and_the_links_show_where_one_is(page, done):
    opened(page, done)
    page.wait_for_selector(".dc-result", timeout=SLOW)
    assert page.evaluate(NAMELESS) == []
    page.locator("a", has_text="Lab").first.focus()
    page.keyboard.press("Tab")
    at = "getComputedStyle(document.activeElement)"
    assert page.evaluate("document.activeElement.innerText") == "Atlas"
    assert page.evaluate(f"[{at}.outlineStyle, parseFloat({at}.outlineWidth)]") == ["solid", 2]


def test_a_formula_is_one_click_away(page, server):
    opened(page, address(server, regime="data", divergence="sinkhorn"))
    page.locator(".st-key-dc-why-divergence button:visible").click()
    page.wait_for_selector(".st-key-dc-text-divergence .katex")
    assert "Mini-batches of real data bias its gradient" in page.locator(".st-key-dc-text-divergence").inner_text()
    assert page.errors == []


OWN = ".st-key-lab-own-upload input[type=file]"


def test_images_of_your_own_are_uploaded_chosen_and_shown(page, server, tmp_path):
    opened(page, address(server))
    page.locator(".st-key-dc-why-data button:visible").click()
    few, pets = tmp_path / "few.npz", tmp_path / "pets.npz"
    x = np.random.default_rng(0).integers(0, 255, (60, 8, 8), np.uint8)
    np.savez(few, x_train=x[:4], y_train=np.zeros(4, int))
    np.savez(pets, x_train=x, y_train=np.arange(60) % 3, class_names=np.array(["cat", "dog", "owl"]))
    page.set_input_files(OWN, few)
    page.wait_for_selector(".st-key-dc-wide-data [role=alert]", timeout=SLOW)
    assert "few.npz has one class only" in page.locator(".st-key-dc-wide-data [role=alert]").inner_text()
    page.set_input_files(OWN, pets)
    page.wait_for_function("location.search.includes('name=pets')", timeout=SLOW)
    page.wait_for_function("document.querySelector('.dcv-names')?.textContent.includes('owl')", timeout=SLOW)
    assert page.errors == []


def test_a_planar_run_shows_particles_that_move(page, server):
    opened(page, address(server, data="moons", regime="data", divergence="energy", steps=50_000))
    assert not page.locator(".dcv-sheet").is_visible()
    page.get_by_role("button", name="Condense").click()
    places = f"""(() => {{ const t = document.querySelector('{MAP}').data.filter(t => t.meta?.layer === 'synthetic');
        return t.map(t => Array.from(t.x._inputArray ?? t.x)).flat(); }})()"""
    pointed(page)
    page.wait_for_function(f"{places}.length === 20", timeout=SLOW)
    began = page.evaluate(places)
    page.wait_for_function(f"JSON.stringify({places}) !== {json.dumps(json.dumps(began))}", timeout=SLOW)
    page.get_by_role("button", name="Stop", exact=True).click()  # the worker is needed by the tests that follow
    page.wait_for_function("document.querySelector('.dc-state').innerText.includes('cancelled')", timeout=SLOW)
    assert page.locator(".dcv-map h3").inner_text() == "Particles"
    assert page.errors == []
