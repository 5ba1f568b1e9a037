"""The stage at its largest: 5,000 real and 500 synthetic points, and a replay of 200 frames of 100 digits.

    python -m benchmarks.stage

Random arrays in files of their own, opened in Chromium with software rendering, no server: what is measured is the
browser's work alone, and the size of the file.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._browser import MAP, SIZE, SLOW, chromium
from benchmarks._report import Figure, printed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CLASSES = 10
STAGE = "[...globalThis.dcviz.stages][0]"

SCRUB = f"""async (count) => {{
  const range = document.querySelector('.dcv-range');
  const {{ steps }} = {STAGE}.data;
  const taken = [];
  for (let i = 0; i < count; i += 1) {{
    const began = performance.now();
    range.value = String(steps[Math.floor((i * steps.length) / count)]);
    range.dispatchEvent(new Event('input', {{ bubbles: true }}));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    taken.push(performance.now() - began);
  }}
  return taken;
}}"""  # from the movement of the scrubber until the frame after the drawing

PLAY = f"""async () => {{
  const stage = {STAGE};
  stage.bar.faster(4);
  stage.show(stage.data.steps[0]);
  await new Promise((done) => setTimeout(done, 500));
  const [seen, began] = [new Set(), performance.now()];
  let drawn = 0;
  stage.bar.toggle();
  while (stage.bar.playing) {{
    await new Promise(requestAnimationFrame);
    drawn += 1;
    seen.add(stage.frame.step);
  }}
  const seconds = (performance.now() - began) / 1000;
  return [seen.size / seconds, drawn / seconds];
}}"""


@dataclass(frozen=True)
class Case:
    """How much there is to draw."""

    name: str
    real: int
    budget: int  # per class
    frames: int


DIGITS = Case("100 digits, 1,300 real points", 1_300, 10, 200)
LARGEST = Case("500 synthetic, 5,000 real points", 5_000, 50, 60)


def file_of(case: Case, folder: Path) -> Path:
    """A replay of noise, which packs worst."""
    from dcviz.records import RunConfig
    from dcviz.replay.page import page
    from dcviz.replay.reel import reel_of
    from dcviz.runs.store import Store

    generator = np.random.default_rng(0)
    place = generator.normal(size=(case.real, 2)).astype(np.float32)
    real = {
        "ids": np.arange(case.real),
        "labels": np.arange(case.real) % CLASSES,
        "thumbs": generator.integers(0, 256, (case.real, 1, 8, 8), dtype=np.uint8),
        "pca": place,
        "umap": place[::-1].copy(),
        "classes": [str(c) for c in range(CLASSES)],
    }
    store = Store(folder / "home")
    run = store.create(RunConfig(steps=case.frames - 1, budget=case.budget))
    for step in range(case.frames):
        store.save_frame(run, step, _frame(generator, case))
    store.record(run, [(step, "objective", 1 / (step + 1)) for step in range(case.frames)])
    path = folder / f"{case.frames}.html"
    path.write_bytes(page(reel_of(store, run, "light", real)))
    return path


def _frame(generator: np.random.Generator, case: Case) -> dict[str, Any]:
    labels = np.repeat(np.arange(CLASSES), case.budget)
    return {
        "images": generator.integers(0, 256, (len(labels), 1, 8, 8), dtype=np.uint8),
        "labels": labels,
        "ids": np.arange(len(labels)),
        "pca": generator.normal(size=(len(labels), 2)).astype(np.float32),
        "neighbours": generator.integers(0, case.real, (len(labels), 15)),
        "weights": generator.dirichlet(np.ones(15), len(labels)).astype(np.float32),
        "off": generator.uniform(0, 100, len(labels)).astype(np.float32),
    }


def stage(browser: Browser, case: Case, *, size: float | None = None) -> Iterator[Figure]:
    """One case: its file, its first picture, scrubbing, playing."""
    with tempfile.TemporaryDirectory() as folder:
        path = file_of(case, Path(folder))
        context = browser.new_context(viewport=SIZE, offline=True)
        window = context.new_page()
        firsts = []
        for _ in range(3):
            window.goto(path.as_uri())
            window.wait_for_function(f"document.querySelector('{MAP}')?.layout !== undefined", timeout=SLOW)
            firsts.append(window.evaluate("performance.getEntriesByName('dcviz-first')[0].startTime") / 1000)
        window.wait_for_timeout(1000)
        taken = window.evaluate(SCRUB, 60)
        window.wait_for_timeout(500)
        kept, drawn = window.evaluate(PLAY)
        context.close()
        yield Figure(f"{case.name}: file of {case.frames} frames", (path.stat().st_size / 1e6,), "MB", size)
        yield Figure("  opened until the first picture", tuple(firsts), "s", 1.0)
        yield Figure(
            "  scrubbing one frame", (median(taken),), "ms", 50, note=f"slowest of {len(taken)}: {max(taken):.0f}"
        )
        yield Figure("  playing at ×4: kept frames", (kept,), "/s", 30, at_least=True, note=f"{drawn:.0f} drawn /s")


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """Both cases, or that of the digits alone."""
    with chromium() as browser:
        yield from stage(browser, DIGITS, size=8.0)
        if not quick:
            yield from stage(browser, LARGEST)


if __name__ == "__main__":
    sys.exit(printed(figures()))
