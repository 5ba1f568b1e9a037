"""From nothing to a usable Lab, and from a click to the first picture of a run.

python -m benchmarks.start
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks._browser import CURVES, READY, SLOW, Served, chromium, served, window
from benchmarks._report import Figure, told

if TYPE_CHECKING:
    from playwright.sync_api import Browser

COLD, CLICK, RESULT = 6.0, 0.7, 60.0  # seconds

# Notes the clock of every stage between the press and the moment when a picture of a step ≥ 1 is on the screen
# with the discrepancy of a step ≥ 1 beside it; looks before every repaint.
WATCH = f"""() => {{
  const button = [...document.querySelectorAll('button')].find((b) => b.innerText.includes('Condense'));
  const at = (globalThis.bench = {{}});
  const before = document.querySelector('.dcv-image').src;
  const note = (name, seen) => seen && (at[name] ??= performance.now());
  button.addEventListener('pointerdown', () => (at.press = performance.now()), {{ capture: true, once: true }});
  const look = () => {{
    const image = document.querySelector('.dcv-image');
    const step = parseInt(document.querySelector('.dcv-step')?.textContent.split(' ')[1]);
    const curves = document.querySelector('{CURVES}')?.calcdata ?? [];
    note('run', at.press && location.search.includes('run='));
    note('picture', at.run && image?.complete && image.src !== before);
    note('step', at.picture && step >= 1 && image.complete);
    note('curve', at.run && curves.some((c) => c[0]?.trace?.yaxis === 'y' && c.some((p) => p.x >= 1 && isFinite(p.y))));
    if (at.step && at.curve) requestAnimationFrame(() => note('done', true)); // it has been painted by then
    else requestAnimationFrame(look);
  }};
  requestAnimationFrame(look);
}}"""


def cold(browser: Browser, trials: int = 3) -> Iterator[Figure]:
    """A fresh process with an empty store and a window without a cache, each time."""
    up, usable = [], []
    for _ in range(trials):
        with served() as server:
            up.append(time.time() - server.began)
            with window(browser, server.address) as page:
                page.wait_for_function(READY, timeout=SLOW)
                usable.append(time.time() - server.began)
    yield Figure("cold streamlit run → usable Lab", tuple(usable), "s", COLD)
    yield Figure("  of that, until the server answers", tuple(up), "s")


def click(browser: Browser, server: Served, trials: int = 5) -> Iterator[Figure]:
    """The digits' defaults, another seed each time so that nothing is known from before; the server is warm."""
    with window(browser, server.address) as page:
        page.wait_for_function(READY, timeout=SLOW)
        server.settle()
    seen = [_press(browser, server, seed) for seed in range(1, trials + 1)]
    times = {name: tuple(s[name] - s["press"] for s in seen) for name in seen[0] if name != "press"}
    yield Figure("click on Condense → first picture with its discrepancy", times["done"], "s", CLICK)
    yield Figure("  the first of them", (times["done"][0],), "s")
    yield Figure("  of that, until the address names the run", times["run"], "s")
    yield Figure("  of that, until any picture of the run", times["picture"], "s")
    yield Figure("  of that, until a picture of a step ≥ 1", times["step"], "s")
    yield Figure("  of that, until its discrepancy", times["curve"], "s")


def _press(browser: Browser, server: Served, seed: int) -> dict[str, float]:
    """Seconds on the window's clock of all that happened."""
    with window(browser, f"{server.address}/?seed={seed}") as page:
        page.wait_for_function(READY, timeout=SLOW)
        page.wait_for_timeout(1500)  # until the first script has come to its end
        page.evaluate(WATCH)
        page.get_by_role("button", name="Condense").click()
        page.wait_for_function("globalThis.bench.done", timeout=SLOW)
        found: dict[str, float] = page.evaluate("globalThis.bench")
        page.wait_for_function("location.search.includes('run=')")
        run = page.evaluate("new URLSearchParams(location.search).get('run')")
    server.stop(run)
    return {name: at / 1000 for name, at in found.items()}


def result(browser: Browser, server: Served, trials: int = 2) -> Iterator[Figure]:
    """The digits' defaults from the press to the accuracy on the test set, which stands in the status line."""
    waits = []
    for seed in range(101, 101 + trials):
        with window(browser, f"{server.address}/?seed={seed}") as page:
            page.wait_for_function(READY, timeout=SLOW)
            page.wait_for_timeout(1500)
            began = time.perf_counter()
            page.get_by_role("button", name="Condense").click()
            page.wait_for_selector(".dc-result", timeout=SLOW)
            waits.append(time.perf_counter() - began)
    yield Figure("click on Condense → accuracy on the test set", tuple(waits), "s", RESULT)


def start(trials: int = 5) -> Iterator[Figure]:
    """All of them."""
    with chromium() as browser:
        yield from cold(browser, min(3, trials))
        with served() as server:
            yield from click(browser, server, trials)
            yield from result(browser, server)


if __name__ == "__main__":
    sys.exit(told(start()))
