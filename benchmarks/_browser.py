"""A server with a store of its own, a real Chromium that looks at it, and what both cost."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks._report import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from dcviz.runs.store import Store

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
SIZE = {"width": 1440, "height": 900}
SLOW = 120_000  # ms until a wait is given up
MAP, CURVES = ".dcv-map .dcv-plot", ".dcv-curves .dcv-plot"

READY = f"""() => {{
  const button = [...document.querySelectorAll('button')].find((b) => b.innerText.includes('Condense'));
  const sheet = document.querySelector('.dcv-image');
  const map = document.querySelector('{MAP}');
  return button && !button.disabled && sheet?.complete && sheet.naturalWidth > 0 && map?.calcdata?.length > 0;
}}"""  # the button can be pressed, the real examples are there, and so is the map


@dataclass
class Served:
    """A running server."""

    address: str
    home: Path
    process: psutil.Process
    began: float  # time.time() just before it was started

    @cached_property
    def store(self) -> Store:
        """Its store, read from here."""
        from dcviz.runs.store import Store

        return Store(self.home)

    def settle(self, seconds: float = 120) -> None:
        """Wait until it has nothing left to prepare: less than a fifth of a core for three seconds."""
        end, calm = time.monotonic() + seconds, 0
        self.process.cpu_percent()
        while calm < 3 and time.monotonic() < end:
            time.sleep(1)
            calm = calm + 1 if self.process.cpu_percent() < 20 else 0

    def stop(self, run: str, seconds: float = 30) -> None:
        """End a run and wait until its worker is free."""
        from dcviz.errors import Refused

        try:
            self.store.command(run, "stop")
        except Refused:  # it has just ended by itself
            return
        end = time.monotonic() + seconds
        while self.store.run(run).status in ("queued", "running") and time.monotonic() < end:
            time.sleep(0.05)

    def launch(self, **choices: Any) -> str:
        """Queue a run of the defaults without live accuracy; the server's worker takes it. Returns its id."""
        from dcviz.runs.configure import configure

        return self.store.create(configure(live=None, **choices))


@contextmanager
def served(program: Sequence[str] = ("-m", "streamlit"), **environment: str) -> Iterator[Served]:
    """`streamlit run app.py` on a free port of this machine, with an empty DCVIZ_HOME; ended by its id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["run", "app.py", "--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}"]
    with tempfile.TemporaryDirectory(prefix="dcviz-bench-", ignore_cleanup_errors=True) as folder:
        log, began = Path(folder) / "server.log", time.time()
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *program, *options],
                cwd=ROOT,
                env={**os.environ, "DCVIZ_HOME": folder, **environment},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/_stcore/health", process, log)
            yield Served(address, Path(folder), psutil.Process(process.pid), began)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SLOW / 1000
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"the server did not come up: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Playwright's own browser, or one on the PATH."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(args=FLAGS)
        except Error:
            names = ("chromium", "chromium-browser", "google-chrome")
            found = next(filter(None, map(shutil.which, names)), None)
            if found is None:
                raise
            browser = driver.chromium.launch(args=FLAGS, executable_path=found)
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, address: str = "about:blank") -> Iterator[Page]:
    """A fresh window: no cache, no cookies."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    page.set_default_timeout(SLOW)
    page.goto(address)
    try:
        yield page
    finally:
        context.close()


def wait_for_step(page: Page, step: int) -> None:
    """Until a step not before this one is on the stage."""
    page.wait_for_function(f"parseInt(document.querySelector('.dcv-step')?.textContent.split(' ')[1]) >= {step}")


def browser_seconds() -> float:
    """CPU seconds that the browser started by this process has used so far, all its processes together."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            if "chrom" in child.name():
                used = child.cpu_times()
                total += used.user + used.system
        except psutil.NoSuchProcess:  # a tab that has just been closed
            continue
    return total


def process_seconds(process: psutil.Process) -> float:
    """CPU seconds of one process so far."""
    used = process.cpu_times()
    return float(used.user + used.system)
