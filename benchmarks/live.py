"""A run that is watched: how often its picture changes, how old it is, how big an update is, and what it leaves alone.

python -m benchmarks.live
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks._browser import CURVES, MAP, READY, SLOW, Served, chromium, served, wait_for_step, window
from benchmarks._report import Figure, quantile, told

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

PICTURES, AGE, WIRE = 2.0, 1.0, 200.0  # a second, s, kB
KEEPS = 30  # live updates that zoom and selection must outlive
STEPS = 100_000  # more than are done before the run is stopped
BEGUN = 20  # steps to be done before anything is measured

# Notes each change of what is shown, on the clock of the wall, once it has been painted.
RECORD = """() => {
  const seen = (globalThis.seen = []);
  const look = () => {
    const image = document.querySelector('.dcv-image');
    const step = parseInt(document.querySelector('.dcv-step').textContent.split(' ')[1]);
    if (image.complete && seen.at(-1)?.src !== image.src) {
      seen.push({ step, src: image.src, at: (performance.timeOrigin + performance.now()) / 1000 });
    }
    requestAnimationFrame(look);
  };
  look();
}"""

# What belongs to the person at the screen: axes, the lasso, the ids it chose, the enlarged image.
HELD = f"""() => {{
  const [map, curves] = ['{MAP}', '{CURVES}'].map((s) => document.querySelector(s));
  const round = (axis) => [...axis.range].map((v) => Number(v).toPrecision(9)); // as far as it can be seen
  const chosen = map.data.filter((t) => t.meta?.layer === 'synthetic' && t.selectedpoints).flatMap((t) => {{
    const ids = t.customdata?._inputArray ?? t.customdata;
    return t.selectedpoints.map((i) => ids[i]);
  }});
  return {{
    map: [round(map.layout.xaxis), round(map.layout.yaxis)],
    curves: round(curves.layout.xaxis),
    lasso: [...(map.layout.selections ?? []), ...(map.layout.shapes ?? [])].flatMap((s) => s.path ?? []),
    dragmode: map.layout.dragmode,
    chosen: chosen.sort((a, b) => a - b),
    enlarged: !document.querySelector('.dcv-detail').classList.contains('dcv-none'),
  }};
}}"""


def live(browser: Browser, server: Served, seconds: float = 20) -> Iterator[Figure]:
    """All of it, on one run of the digits' defaults with live accuracy off."""
    with window(browser, server.address) as page:
        page.wait_for_function(READY, timeout=SLOW)
        server.settle()
    run = server.launch(steps=STEPS)
    try:
        yield from _pace(browser, server, run, seconds)
        yield from _wire(browser, server, run, seconds)
        yield from _keeps(browser, server, run)
    finally:
        server.stop(run)


# ------------------------------------------------------------------------------------------------ pace and age


def _pace(browser: Browser, server: Served, run: str, seconds: float) -> Iterator[Figure]:
    """Distinct pictures a second; and, looked at every 50 ms, how long ago the step that is shown was done."""
    with Pictures(server.store.folder(run)) as made, window(browser, f"{server.address}/?run={run}") as page:
        wait_for_step(page, BEGUN)
        page.wait_for_timeout(2000)
        page.evaluate(RECORD)
        page.wait_for_timeout(1000 * seconds)
        seen = page.evaluate("globalThis.seen")
    begin, end = seen[1]["at"], seen[-1]["at"]
    gaps = [b["at"] - a["at"] for a, b in zip(seen[1:-1], seen[2:], strict=True)]
    yield Figure("pictures drawn", (len(gaps) / (end - begin),), "/s", PICTURES, at_least=True)
    yield Figure("  longest time without a new one", (max(gaps),), "s")
    ages = list(_ages(seen[1:], made.at, end))
    note = f"median {median(ages):.2f}, longest {max(ages):.2f}"
    yield Figure("age of what is shown, 95 % of the time below", (quantile(ages, 0.95),), "s", AGE, note=note)
    saved = sum(begin < at < end for at in made.at.values())
    yield Figure("  pictures saved by the run", (saved / (end - begin),), "/s")


class Pictures(threading.Thread):
    """Notes when each picture of a run was saved, by the times of its files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.at, self._over = folder, {}, threading.Event()

    def __enter__(self) -> Pictures:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        for file in (self.folder / "frames").glob("*.npz"):
            self.at[int(file.stem)] = file.stat().st_mtime

    def run(self) -> None:
        """Look at the newest picture, often."""
        from dcviz.runs.files import unpacked

        latest, known = self.folder / "latest.safetensors", 0.0
        while not self._over.wait(0.02):
            try:
                now = latest.stat().st_mtime
                if now == known:
                    continue
                self.at[unpacked(latest.read_bytes())[1]] = known = now
            except FileNotFoundError:
                continue


def _ages(seen: list[dict[str, Any]], made: dict[int, float], end: float) -> Iterator[float]:
    """At every 50 ms, how long ago the step on the screen was saved."""
    for shown, after in zip(seen, [*(s["at"] for s in seen[1:]), end], strict=True):
        at = shown["at"]
        while at < after and shown["step"] in made:
            yield at - made[shown["step"]]
            at += 0.05


# ------------------------------------------------------------------------------------------------- on the wire


def _wire(browser: Browser, server: Served, run: str, seconds: float) -> Iterator[Figure]:
    """The bytes that the browser receives in each answer of the feed, and in each run of a fragment."""
    messages: list[bytes] = []
    answers: list[int] = []

    def received(data: bytes | str) -> None:
        messages.append(data if isinstance(data, bytes) else data.encode())

    def answered(response: Response) -> None:
        if "/feed/" in response.url:
            answers.append(int(response.headers["content-length"]))

    with window(browser) as page:
        page.on("websocket", lambda socket: socket.on("framereceived", received))
        page.on("response", answered)
        page.goto(f"{server.address}/?run={run}")
        wait_for_step(page, BEGUN)
        page.wait_for_timeout(2000)
        first = list(messages)
        messages.clear()
        answers.clear()
        page.wait_for_timeout(1000 * seconds)
    sizes = [n / 1000 for n in (*answers, *_updates(messages)) if n > 10_000]  # smaller: the line about the device
    yield Figure("size of a live update", tuple(sizes), "kB", WIRE, note=f"largest {max(sizes):.0f}")
    yield Figure("  all bytes a second", ((sum(map(len, messages)) + sum(answers)) / 1000 / seconds,), "kB/s")
    yield Figure("  opening the page, with the real layer", (sum(map(len, first)) / 1000,), "kB")


def _updates(messages: list[bytes]) -> Iterator[int]:
    """Bytes of each script run that was seen from beginning to end."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    size = None
    for data in messages:
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            size = 0
        if size is not None:
            size += len(data)
            if kind == "script_finished":
                yield size
                size = None


# -------------------------------------------------------------------------------------------- what must stay


def _keeps(browser: Browser, server: Served, run: str) -> Iterator[Figure]:
    """Zoom the map and the curves, lasso points; after thirty pictures all is as it was."""
    with window(browser, f"{server.address}/?run={run}") as page:
        wait_for_step(page, BEGUN)
        page.wait_for_function(f"document.querySelector('{MAP}').calcdata?.length > 1")
        page.wait_for_timeout(2000)
        _zoom_and_lasso(page)
        before = page.evaluate(HELD)
        assert before["chosen"], "the lasso caught no synthetic point"
        page.evaluate(RECORD)
        page.wait_for_function(f"globalThis.seen.length > {KEEPS}")
        after, pictures = page.evaluate(HELD), page.evaluate("new Set(globalThis.seen.map((s) => s.src)).size - 1")
    changed = [name for name in before if before[name] != after[name]]
    note = f"{len(before['chosen'])} points in the lasso; {pictures} pictures"
    note += "".join(f"; {name} {_difference(before[name], after[name])}" for name in changed)
    yield Figure("changed by 30 updates: zoom, lasso, selection", (len(changed),), "of 6", 0, note=note)


def _difference(before: Any, after: Any) -> str:
    if not isinstance(before, list):
        return f"{before} → {after}"
    gone, new = [x for x in before if x not in after], [x for x in after if x not in before]
    return f"lost {gone}, gained {new}"


def _zoom_and_lasso(page: Page) -> None:
    box = page.locator(CURVES).bounding_box()
    assert box is not None
    y = box["y"] + box["height"] * 0.3
    page.mouse.move(box["x"] + box["width"] * 0.2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, y, steps=4)
    page.mouse.up()
    box = page.locator(MAP).bounding_box()
    assert box is not None
    x, y, w, h = box["x"], box["y"], box["width"], box["height"]
    page.mouse.move(x + w / 2, y + h / 2)
    page.mouse.wheel(0, -120)
    page.wait_for_timeout(500)
    page.mouse.move(x + w / 2, y + h / 2 + 5)  # the buttons show under the pointer
    page.locator(".dcv-map .modebar-btn[data-title='Lasso Select']").click()
    corners = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.25)]
    page.mouse.move(x + 0.2 * w, y + 0.2 * h)
    page.mouse.down()
    for right, down in corners[1:]:
        page.mouse.move(x + right * w, y + down * h, steps=6)
    page.mouse.up()
    page.wait_for_timeout(1000)


def main() -> int:
    """Only these figures."""
    with chromium() as browser, served() as server:
        return told(live(browser, server))


if __name__ == "__main__":
    sys.exit(main())
