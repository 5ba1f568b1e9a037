"""Compare in a real browser: two runs on one clock, one selection, the divider, the table."""

import numpy as np
import pytest

from dcviz.records import RunConfig, Score
from dcviz.runs.store import Owner, Store

from .stage import SLOW

pytestmark = pytest.mark.browser

TOGETHER = "[...(globalThis.dcviz?.stages ?? [])].find((s) => s.sheets)"
FRAMES = f"""{TOGETHER}?.ticks?.length > 2 && globalThis.dcviz.real.has({TOGETHER}.data.real)
    && {TOGETHER}.chosen.length === 2
    && {TOGETHER}.chosen.every(({{ run }}) => {TOGETHER}.ticks.every((t) => {TOGETHER}.has(t)))"""
SHOWN = f"({TOGETHER}?.data ? {TOGETHER}.chosen : []).map(({{ run }}) => {TOGETHER}.frame(run.id)?.step)"
SOURCES = "[...document.querySelectorAll('.dcv-many .dcv-image')].map((image) => image.src)"


@pytest.fixture(scope="module")
def runs(home):
    """Two finished runs of other budgets with made-up frames; their ids."""
    store, found = Store(home), []
    for budget in (1, 2):
        run = store.create(RunConfig(budget=budget, steps=12))
        owner, draw = Owner.here(), np.random.default_rng(budget)
        store.claim(owner, "cpu", run)
        labels = np.repeat(np.arange(10), budget)
        held = {"labels": labels, "ids": np.arange(len(labels)), "off": np.full(len(labels), 50.0, np.float32)}
        for step in range(0, 13, 2):
            images = draw.integers(0, 255, (len(labels), 1, 8, 8), np.uint8)
            store.save_frame(run, step, {**held, "images": images, "pca": draw.random((len(labels), 2), np.float32)})
        store.record(run, [(step, "objective", 1 / (1 + step)) for step in range(1, 13)])
        store.record(run, [(step, "accuracy", 0.5 + step / 50) for step in (4, 8, 12)])
        store.save_score(run, Score(0.7 + budget / 10, 0.01, (0.7, 0.8), store.run(run).config.evaluation))
        store.beat(run, owner, step=12, seconds=1.0)
        store.release(run, "done", "", owner)
        found.append(run)
    return found


@pytest.fixture
def compared(page, server, runs):
    """The window with both runs and all their frames."""
    page.goto(f"{server}/?data=digits&budget=1&steps=12")
    page.wait_for_selector("text=Compare", timeout=SLOW)
    page.get_by_role("link", name="Compare").click()
    page.get_by_label("Runs").first.wait_for(timeout=SLOW)
    page.get_by_role("button", name="2 budgets").click()
    page.wait_for_function(FRAMES, timeout=SLOW)
    page.wait_for_function("document.querySelector('.dcv-map .dcv-plot')?.layout !== undefined", timeout=SLOW)
    return page


def scrubbed(page, tick):
    page.locator(".dcv-range").evaluate(
        "(range, tick) => { range.value = tick; range.dispatchEvent(new Event('input', { bubbles: true })); "
        "range.dispatchEvent(new Event('change', { bubbles: true })); }",
        str(tick),
    )


def test_one_scrubber_moves_both_runs_and_the_address(compared, runs):
    assert compared.locator(".dcv-many .dcv-sheet:visible").count() == 2
    last = compared.evaluate(SOURCES)
    scrubbed(compared, 0)
    compared.wait_for_function(f"{SHOWN}.join() === '0,0'")
    first = compared.evaluate(SOURCES)
    assert all(a != b for a, b in zip(first, last, strict=True))
    compared.wait_for_function("new URLSearchParams(location.search).get('step') === '0'")
    assert set(compared.evaluate("new URLSearchParams(location.search).get('runs')").split(",")) == set(runs)
    compared.keyboard.press("ArrowRight")
    compared.wait_for_function(f"{SHOWN}.every((step) => step > 0)")
    assert len(set(compared.evaluate(SHOWN))) == 1
    assert compared.errors == []


def test_it_plays_both_without_asking(compared):
    scrubbed(compared, 0)
    asked = compared.evaluate(f"""async () => {{
      const stage = {TOGETHER};
      const [say, asked] = [stage.say, []];
      stage.say = (name, view) => asked.push(...view.want);
      stage.bar.faster(4);
      stage.bar.toggle();
      while (stage.bar.playing) await new Promise(requestAnimationFrame);
      stage.say = say;
      return asked;
    }}""")
    assert asked == []
    assert compared.evaluate(f"{TOGETHER}.moment === {TOGETHER}.ticks.at(-1)")


def test_a_click_selects_the_same_place_in_every_run(compared):
    pane = compared.locator(".dcv-many .dcv-pane").nth(1)
    pane.focus()
    compared.keyboard.press("ArrowRight")
    compared.wait_for_function(f"{TOGETHER}.selected.size === 1")
    both = f"{TOGETHER}.chosen.map(({{ run }}) => [...{TOGETHER}.ids(run.id)].length)"
    assert compared.evaluate(both) == [1, 1]
    assert compared.locator(".dcv-zoom figure").count() == 2
    drawn = "document.querySelector('.dcv-map .dcv-plot').data.filter((t) => t.meta?.layer === 'selection')"
    compared.wait_for_function(f"{drawn}.length === 2 && {drawn}.every((t) => t.x.length === 1)", timeout=SLOW)
    compared.keyboard.press("Escape")
    compared.wait_for_function(f"{TOGETHER}.selected.size === 0")


def test_the_divider_is_dragged_and_moved_by_keys(compared):
    compared.get_by_text("A | B").click()
    divider = compared.get_by_role("slider", name="Divider")
    divider.wait_for()
    box = divider.bounding_box()
    compared.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    compared.mouse.down()
    compared.mouse.move(box["x"] - 60, box["y"] + 30, steps=3)
    compared.mouse.up()
    dragged = int(divider.get_attribute("aria-valuenow"))
    assert dragged < 50
    step = compared.locator(".dcv-step").inner_text()
    divider.press("ArrowRight")
    assert int(divider.get_attribute("aria-valuenow")) == dragged + 2
    assert compared.locator(".dcv-step").inner_text() == step  # the keys are the divider's
    clips = "[...document.querySelectorAll('.dcv-many .dcv-pane')].map((pane) => pane.style.clipPath)"
    assert all("inset" in clip for clip in compared.evaluate(clips))


def test_the_table_is_sorted_by_its_heads(compared):
    compared.get_by_text("Numbers", exact=True).click()
    head = compared.locator(".dcv-table thead button", has_text="images per class")
    head.click(timeout=SLOW)
    cells = (
        f"[...document.querySelectorAll('.dcv-table tbody tr')].map((row) => row.cells[{_column(compared)}].innerText)"
    )
    up = compared.evaluate(cells)
    head.click()
    assert compared.evaluate(cells) == up[::-1]
    compared.wait_for_selector(".dc-differ", timeout=SLOW)
    assert compared.errors == []


def test_the_race_and_the_front_are_drawn(compared):
    compared.get_by_text("Budget race", exact=True).click()
    compared.wait_for_selector(".st-key-compare-race-figure .main-svg", timeout=SLOW)
    drawn = "document.querySelector('.st-key-compare-race-figure .js-plotly-plot').data"
    assert compared.evaluate(f"{drawn}.some((trace) => trace.error_y)")  # accuracy by budget, with its spread
    compared.get_by_text("Trade-offs", exact=True).click()
    compared.wait_for_selector("text=On the front", timeout=SLOW)
    compared.wait_for_selector("[class*='st-key-compare-front'] .main-svg", timeout=SLOW)
    assert compared.errors == []


def _column(page):
    heads = page.locator(".dcv-table thead tr:last-child th").all_inner_texts()
    return next(i for i, text in enumerate(heads) if "images" in text)


TIP = ".dcv-tip:not([hidden])"


def told(page):
    """What is explained now, empty where nothing is."""
    shown = page.locator(TIP)
    return shown.inner_text() if shown.count() else ""


def by_keyboard(page, selector):
    """Come upon something as Tab does."""
    page.keyboard.press("Tab")
    page.locator(selector).first.focus()


def test_the_heads_of_sheets_explain_themselves_to_the_keyboard(compared):
    by_keyboard(compared, ".dcv-many .dcv-head [data-why]")
    assert "12 of 12 steps" in told(compared)
    compared.keyboard.press("Escape")
    assert told(compared) == ""
    compared.keyboard.press("Enter")
    assert "12 of 12 steps" in told(compared)
    by_keyboard(compared, ".dcv-sheets > .dcv-head .dcv-caption")
    assert "5th nearest" in told(compared)
    compared.locator(".dcv-many .dcv-pane").first.focus()
    compared.keyboard.press("ArrowRight")
    by_keyboard(compared, ".dcv-zoom figcaption")
    assert "image 0, class 0" in told(compared)
    compared.keyboard.press("Escape")
    assert compared.evaluate(f"{TOGETHER}.selected.size") == 1  # the explanation alone
    compared.keyboard.press("Escape")
    compared.wait_for_function(f"{TOGETHER}.selected.size === 0")
    assert compared.errors == []


def test_the_curves_tell_the_keyboard_what_hovering_tells(compared, runs):
    by_keyboard(compared, ".dcv-curves h3 [data-why]")
    said = told(compared).splitlines()
    assert said[0] == "step 12"
    objective, accuracy = (next(line for line in said if line.startswith(name)) for name in ("objective", "held-out"))
    drawn = compared.evaluate("document.querySelector('.dcv-curves .dcv-plot').data.map((trace) => trace.name)")
    assert all(f"{name} 0.1538" in objective for name in drawn[:2])  # 1/13 of 1/2
    assert accuracy.count(" 74") == len(runs)
    compared.keyboard.press("ArrowLeft")
    compared.wait_for_function(f"{SHOWN}.join() === '10,10'")
    assert "step 10" in told(compared)
    assert told(compared).count(" 66") == len(runs)  # the newest that is known there
    assert "0.1818" in told(compared)
    by_keyboard(compared, ".dcv-curves .dcv-caption")
    assert "divided by where it began" in told(compared)
    assert compared.errors == []


def test_the_race_is_told_in_numbers(compared):
    compared.get_by_text("Budget race", exact=True).click()
    compared.get_by_text("The same in numbers").click(timeout=SLOW)
    rows = compared.locator("table.dc-differ tr")
    rows.nth(2).wait_for(timeout=SLOW)
    assert [text.split("\t")[1:] for text in rows.all_inner_texts()[1:3]] == [
        ["1", "80.0 ± 1.0 %"],
        ["2", "90.0 ± 1.0 %"],
    ]
