"""How fluent the Playground is: drawn frames, how soon a slider acts, and what one answer costs the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks._browser import SIZE, SLOW, Served
from benchmarks._report import Figure

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WATCHED = 5  # seconds
ANSWERS = 12  # of the server, timed in this process

DRAWN = """async (seconds) => {
  const plane = [...globalThis.dcviz.planes][0];
  const [frames, steps, begun] = [plane.drawn, plane.now, performance.now()];
  while (performance.now() - begun < 1000 * seconds) await new Promise(requestAnimationFrame);
  const took = (performance.now() - begun) / 1000;
  return [(plane.drawn - frames) / took, (plane.now - steps) / took];
}"""
SLID = """async (place) => {
  const plane = [...globalThis.dcviz.planes][0];
  const slider = document.querySelector('.dcv-own input[type=range]');
  const [turn, begun] = [plane.turn, performance.now()];
  slider.value = String(place);
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  while (plane.turn === turn) await new Promise(requestAnimationFrame);
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  return (performance.now() - begun) / 1000;
}"""  # until what it changed is on the screen


def playground(browser: Browser, server: Served, trials: int) -> Iterator[Figure]:
    """The figures of the page, two sides with force and witness at 1440×900."""
    window = browser.new_page(viewport=SIZE)
    yield Figure("Playground opened, to points that move", (_opened(window, server, "mean"),), "s", note="server warm")
    drawn, steps = window.evaluate(DRAWN, WATCHED)
    yield Figure("Playground: drawn frames", (drawn,), "a second", 20, at_least=True, note="software rendering")
    yield Figure("Playground: steps played", (steps,), "a second", note="30 at speed ×1")
    _opened(window, server, "bandwidth")
    slid = []
    for i in range(trials):
        slid.append(window.evaluate(SLID, 450 + 40 * i))
        window.wait_for_timeout(1500)
    yield Figure("Playground: a slider moved, to what it changes", tuple(slid), "s", 0.5)
    window.close()
    yield Figure("Playground: one answer of the server", tuple(_answers()), "ms", 60, note="20 steps, two pictures")


def _opened(window: Page, server: Served, tile: str) -> float:
    begun = time.monotonic()
    window.goto(f"{server.address}/Playground?tile={tile}")
    moving = "() => { const p = [...(globalThis.dcviz?.planes ?? [])][0]; return p?.data && p.now > %d; }"
    window.wait_for_function(moving % 1, timeout=SLOW)
    took = time.monotonic() - begun
    window.wait_for_function(moving % 40, timeout=SLOW)
    return took


def _answers() -> Iterator[float]:
    import torch

    from dcviz.playground.race import Race
    from dcviz.playground.tiles import find
    from dcviz.playground.window import Window
    from dcviz.ui.plane_message import message

    torch.set_num_threads(1)
    window = Window(Race(find("mean").setup))
    window.answer(None)
    for n in range(ANSWERS):
        head = window.race.head
        asked = {"who": "bench", "n": n + 1, "turn": window.race.turn, "have": head, "until": head + 20}
        begun = time.perf_counter()
        window.answer(asked)
        message(window, "light", None)
        yield 1000 * (time.perf_counter() - begun)
