"""The Runs page in a real browser: find, choose by mouse and keyboard, delete and undo, queue and put in order."""

import numpy as np
import pytest

from dcviz.runs.configure import configure
from dcviz.runs.store import Owner, Store

from .stage import SLOW

pytestmark = pytest.mark.browser

NAMES = ("alpha", "beta", "gamma", "delta")


@pytest.fixture(scope="module")
def runs(home, server):
    """Four runs with pictures; the first is worked on for ever by this process, so that the others wait."""
    store, made = Store(home), {}
    rng = np.random.default_rng(0)
    for seed, name in enumerate(NAMES):
        run = made[name] = store.create(configure(budget=1, seed=seed, steps=40), name=name, queue=False)
        frame = {"images": rng.integers(0, 255, (10, 1, 8, 8), dtype=np.uint8), "labels": np.arange(10)}
        store.save_frame(run, 0, frame | {"ids": np.arange(10)})
    store.claim(Owner.here(), "auto", made["alpha"])
    return store, made


def opened(page, server, **query):
    words = "&".join(f"{key}={value}" for key, value in query.items())
    page.goto(f"{server}/Runs?{words}")
    page.wait_for_selector(".dcv-run", timeout=SLOW)
    page.wait_for_selector(".dcv-run img", timeout=SLOW)


def card(page, name):
    return page.locator(".dcv-run", has=page.locator(".dcv-title", has_text=name))


def shown(page):
    return page.locator(".dcv-shelf .dcv-title").all_inner_texts()


def asked_for(page, *names):
    """Waits until the address has these runs as chosen."""
    test = "ids => ids.every(id => new URLSearchParams(location.search).get('runs')?.split(',').includes(id))"
    page.wait_for_function(test, arg=list(names), timeout=SLOW)


def own_errors(page):
    """Those that are not streamlit's own search for its server behind a deep link."""
    return [error for error in page.errors if "404" not in error]


def test_find_choose_and_go_to_compare(page, server, runs):
    _, made = runs
    opened(page, server)
    assert shown(page) == ["delta", "gamma", "beta", "alpha"]
    page.get_by_label("Find", exact=True).fill("ta")
    page.wait_for_function("document.querySelectorAll('.dcv-run').length === 2", timeout=SLOW)
    assert shown(page) == ["delta", "beta"]
    card(page, "beta").locator(".dcv-face").click()
    asked_for(page, made["beta"])
    page.get_by_label("Name", exact=True).wait_for(timeout=SLOW)
    assert page.get_by_label("Name", exact=True).input_value() == "beta"
    card(page, "delta").locator(".dcv-face").click(modifiers=["Control"])
    asked_for(page, made["beta"], made["delta"])
    link = page.get_by_role("link", name="Compare 2 runs")
    link.wait_for(timeout=SLOW)
    link.click()
    page.wait_for_function("location.pathname.endsWith('Compare')", timeout=SLOW)
    asked_for(page, made["beta"], made["delta"])
    assert own_errors(page) == []


def test_the_keyboard_chooses_deletes_and_undoes(page, server, runs):
    store, made = runs
    opened(page, server)
    page.locator(".dcv-face").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    asked_for(page, made["gamma"])
    assert card(page, "gamma").locator(".dcv-face").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Delete")
    page.get_by_text("Deleted gamma.").wait_for(timeout=SLOW)
    page.wait_for_function("document.querySelectorAll('.dcv-run').length === 3", timeout=SLOW)
    assert [run.name for run in store.bin()] == ["gamma"]
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelectorAll('.dcv-run').length === 4", timeout=SLOW)
    assert store.bin() == []
    page.locator(".dcv-face").first.focus()
    page.keyboard.press("Control+a")
    page.get_by_text("4 runs chosen").wait_for(timeout=SLOW)
    page.keyboard.press("Escape")
    page.wait_for_function("!location.search.includes('runs=')", timeout=SLOW)
    assert own_errors(page) == []


def test_repeats_are_queued_and_put_in_order(page, server, runs):
    store, made = runs
    opened(page, server, runs=made["beta"])
    page.get_by_role("button", name="Repeat, sweep").click()
    page.get_by_role("button", name="Queue 3 runs").click(timeout=SLOW)
    rows = page.locator(".dcv-line-up li")
    page.wait_for_function("document.querySelectorAll('.dcv-line-up li').length === 4", timeout=SLOW)
    first, second, third = store.waiting()
    assert [rows.nth(i).get_attribute("data-id") for i in range(4)] == [made["alpha"], first, second, third]
    rows.nth(1).locator("[data-act=later]").click()
    page.wait_for_function(f"document.querySelectorAll('.dcv-line-up li')[1].dataset.id === '{second}'", timeout=SLOW)
    assert store.waiting() == [second, first, third]
    rows.nth(3).drag_to(rows.nth(1), target_position={"x": 60, "y": 4})
    page.wait_for_function(f"document.querySelectorAll('.dcv-line-up li')[1].dataset.id === '{third}'", timeout=SLOW)
    assert store.waiting() == [third, second, first]
    for run in (third, second, first):
        page.locator(f"[data-id='{run}'] [data-act=cancel]").click()
        page.wait_for_function(f"!document.querySelector('.dcv-line-up [data-id=\"{run}\"]')", timeout=SLOW)
    assert store.waiting() == []
    assert store.run(first).status == "paused"
    assert own_errors(page) == []
