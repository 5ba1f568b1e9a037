"""A server that dies in the middle of a run: the link leads back to the same frame, and the run goes on."""

import pytest

from .conftest import free_port, serving
from .stage import MAP, SLOW, address, after, opened, step

pytestmark = pytest.mark.browser

PLACES = f"""JSON.stringify(document.querySelector('{MAP}').data.filter((t) => t.meta?.layer === 'synthetic')
    .map((t) => [...(t.x._inputArray ?? t.x), ...(t.y._inputArray ?? t.y)]))"""


def test_a_killed_server_loses_nothing_that_was_shown(page, tmp_path):
    port = free_port()
    with serving(tmp_path, port) as (server, process):
        opened(page, address(server, data="moons", regime="data", divergence="energy", steps=200_000))
        page.get_by_role("button", name="Condense").click()
        after(page, 3)
        page.locator(".dcv-range").focus()
        page.keyboard.press("ArrowLeft")  # stand still at a kept step
        page.wait_for_function("location.search.includes('step=')", timeout=SLOW)
        page.wait_for_timeout(500)
        link, shown, seen = page.url, step(page), page.evaluate(PLACES)
        process.kill()
        process.wait(10)
    with serving(tmp_path, port):
        opened(page, link)
        page.wait_for_function(f"document.querySelector('.dcv-step').textContent === 'step {shown}'", timeout=SLOW)
        page.wait_for_function(f"{PLACES} === '{seen}'", timeout=SLOW)
        page.wait_for_function("document.querySelector('.dc-state').innerText === 'interrupted'", timeout=SLOW)
        page.locator(".st-key-dc-steer button:visible").filter(has_text="Resume").click()
        page.wait_for_function("document.querySelector('.dc-state').innerText.startsWith('running')", timeout=SLOW)
        page.locator(".dcv-follow").click()
        after(page, shown + 1)
        page.locator(".st-key-dc-steer button:visible").filter(has_text="Stop").click()
        page.wait_for_function("document.querySelector('.dc-state').innerText.includes('cancelled')", timeout=SLOW)
