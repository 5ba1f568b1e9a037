"""A real Chromium on a real server with a store of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from .stage import SLOW, address, opened

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    """Playwright's own browser, or one on the PATH; without either the browser tests are skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(args=FLAGS)
        except playwright.Error:
            if found is None:
                pytest.skip("there is no Chromium: install one, or run: playwright install chromium")
            browser = driver.chromium.launch(args=FLAGS, executable_path=found)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home):
    """`streamlit run app.py` on a free port of this machine only; its address."""
    with serving(home, free_port()) as (address, _):
        yield address


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(home, port):
    """The app with a store; its address and process. It may be killed meanwhile."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "DCVIZ_HOME": str(home)}, stdout=log, stderr=subprocess.STDOUT
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/_stcore/health", process, home / "server.log")
        yield address, process
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _wait_for(url, process, log, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not answer: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def done(server, chromium):
    """A short run that was started with a click and has ended; its address."""
    window = chromium.new_page(viewport={"width": 1440, "height": 900})
    opened(window, address(server, budget=1, steps=12))
    window.get_by_role("button", name="Condense").click()
    window.wait_for_selector(".dc-result", timeout=SLOW)  # before the rivals are measured, too
    window.wait_for_selector(".dc-state.dc-done", timeout=SLOW)
    url = window.url
    window.close()
    return url


@pytest.fixture
def page(chromium):
    """A window of 1440×900 that notes every error of its console, and every address outside this machine."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    window = context.new_page()
    window.errors = []
    window.on("console", lambda m: window.errors.append(m.text) if m.type == "error" else None)
    window.on("pageerror", lambda e: window.errors.append(str(e)))
    window.on("request", lambda r: None if _local(r.url) else window.errors.append(f"asked for {r.url}"))
    yield window
    context.close()


def _local(url):
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
