import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for `counting`


@pytest.fixture
def store(tmp_path):
    from dcviz.runs.store import Store

    return Store(tmp_path / "home")


@pytest.fixture
def program():
    """Starts counting.py in a process of its own; whatever still runs at the end is killed."""
    started = []

    def start(*arguments):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])}
        process = subprocess.Popen(
            [sys.executable, str(HERE / "counting.py"), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def eventually():
    """Waits for something to become true, and says what it last was when it does not."""

    def wait(what, seconds=10.0):
        end = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < end, f"not within {seconds} s: {found!r}"
            time.sleep(0.01)
        return found

    return wait
