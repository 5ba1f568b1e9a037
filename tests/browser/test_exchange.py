"""Away and back in a real browser: curves, a chart, what repeats a run, the whole run, and a set of somebody else's."""

import csv
import io
import re

import numpy as np
import pytest
from PIL import Image

from .stage import SLOW, address, opened

pytestmark = pytest.mark.browser


def saved(page, press):
    """The name and the bytes of what a press downloads."""
    with page.expect_download() as coming:
        press()
    with open(coming.value.path(), "rb") as file:
        return coming.value.suggested_filename, file.read()


def popover(page, url):
    opened(page, url)
    page.locator(".st-key-dc-export button:visible").filter(has_text="download").click()
    page.wait_for_selector("[class*='st-key-dc-wide-share']")
    return lambda name: page.get_by_test_id("stPopoverBody").get_by_role("button", name=name, exact=True).click()


def run_of(page):
    return re.search(r"run=([\w-]+)", page.url)[1]


def test_the_curves_an_animation_and_the_command_are_taken_along(page, done):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press = popover(page, done)
    name, data = saved(page, lambda: press("CSV of curves"))
    assert name == f"dcviz-{run_of(page)}.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert [int(row["step"]) for row in rows] == list(range(13))
    assert all(float(row["objective"]) > 0 for row in rows[1:])
    name, data = saved(page, lambda: press("GIF"))
    assert (name[-4:], Image.open(io.BytesIO(data)).n_frames) == (".gif", 13)
    code = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").first
    code.hover()
    code.get_by_role("button").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('dcviz condense'))")
    assert page.errors == []


@pytest.mark.parametrize("chart", ["map", "curves"])
def test_a_chart_is_saved_as_it_stands_with_title_and_ground(page, done, chart):
    opened(page, done)
    page.wait_for_function("document.querySelector('.dcv-curves .dcv-plot')?.layout !== undefined", timeout=SLOW)
    panel = page.locator(f".dcv-{chart}")
    panel.hover()
    width = panel.locator(".dcv-plot").evaluate("(box) => box.clientWidth")
    name, data = saved(page, lambda: panel.locator(".dcv-take button", has_text="SVG").click())
    assert name == f"dcviz-{run_of(page)}-{chart}.svg"
    text = data.decode()
    assert text.startswith("<svg")
    assert f">{chart.title()}</tspan>" in text
    assert "rgb(251, 251, 252)" in text, "the ground of the light theme"
    assert "@font-face" in text
    assert "<image" not in text
    assert text.count("<path") > 20
    name, data = saved(page, lambda: panel.locator(".dcv-take button", has_text="PNG").click())
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    assert name.endswith(".png")
    assert picture.size[0] == 2 * width
    assert picture.getpixel((2, 2)) == (251, 251, 252)
    assert len(set(np.asarray(picture).reshape(-1, 3)[::7].astype(int).sum(1).tolist())) > 30
    assert page.errors == []


def importing(page, server, *files):
    """The Runs page with files given to its import; a function that presses the button."""
    page.goto(f"{server}/Runs")
    menu = page.locator("[class*='st-key-importing-menu']").get_by_role("button").first
    menu.wait_for(timeout=SLOW)
    menu.click()
    page.set_input_files("input[type=file]", files)
    go = page.locator("[class*='st-key-importing-go'] button")
    go.wait_for(timeout=SLOW)
    return go.click


def own_errors(page):
    """Of a page of its own, streamlit asks for two files of its that are not there."""
    return [error for error in page.errors if "404" not in error]


def test_a_whole_run_travels(page, done, server, tmp_path):
    press = popover(page, done)
    name, data = saved(page, lambda: press("whole run"))
    first = run_of(page)
    (tmp_path / name).write_bytes(data)
    importing(page, server, tmp_path / name)()
    page.wait_for_function(
        f"/runs=[\\w-]+/.test(location.search) && !location.search.includes('{first}')", timeout=SLOW
    )
    note = "[...document.querySelectorAll('textarea')].some((area) => area.value.startsWith('Imported from dcviz-'))"
    page.wait_for_function(note, timeout=SLOW)
    assert own_errors(page) == []


def test_somebody_elses_set_arrives_and_is_judged(page, server, tmp_path):
    import torch

    torch.save(torch.rand(20, 1, 8, 8), tmp_path / "images_best.pt")
    torch.save(torch.arange(10).repeat_interleave(2), tmp_path / "labels_best.pt")
    go = importing(page, server, tmp_path / "images_best.pt", tmp_path / "labels_best.pt")
    go()
    body = page.get_by_test_id("stPopoverBody")
    body.get_by_role("alert").wait_for(timeout=SLOW)
    assert "which data the images were made from" in body.get_by_role("alert").inner_text()
    body.get_by_role("combobox").first.click()
    page.get_by_role("option", name="digits").click()
    go()
    page.wait_for_function("/runs=[\\w-]+imported/.test(location.search)", timeout=SLOW)
    run = re.search(r"runs=([\w-]+imported)", page.url)[1]
    opened(page, address(server, run=run))
    page.wait_for_selector(".dcv-image")
    page.wait_for_selector(".dc-result", timeout=SLOW)  # the worker has judged it
    assert "test accuracy" in page.locator(".dc-status").inner_text()
    assert own_errors(page) == []
