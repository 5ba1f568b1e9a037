import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Zygote:
    """The process that forks; see `tests.crash.zygote`."""

    def __init__(self) -> None:
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def __call__(self, *orders):
        """Run tasks at once and say how each ended; one that failed by itself fails the test."""
        answers = self._ask(*orders)
        assert [a["error"] for a in answers] == [""] * len(orders), "\n".join(a["error"] for a in answers)
        return answers

    def _ask(self, *orders):
        self.process.stdin.write(json.dumps(orders) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def do(self, task, *arguments, **when):
        """One task; ``after`` seconds or ``at`` which change of the disk it is killed."""
        (answer,) = self({"task": task, "arguments": list(map(_plain, arguments)), **when})
        return answer

    def fail(self, task, *arguments):
        """One task that may fail: how it ended, with its traceback."""
        (answer,) = self._ask({"task": task, "arguments": list(map(_plain, arguments))})
        return answer


def _plain(value):
    return str(value) if isinstance(value, Path) else value


@pytest.fixture(scope="session")
def zygote():
    if not hasattr(os, "fork"):
        pytest.skip("needs os.fork")
    made = Zygote()
    yield made
    made.process.stdin.close()
    made.process.wait(timeout=10)


@pytest.fixture(scope="session")
def truths(zygote, tmp_path_factory):
    """A run of each kind that was never killed, its store, and how many changes of the disk a run like it makes."""
    from dcviz.runs import service
    from dcviz.runs.store import Store
    from tests.crash import tasks

    home, found = tmp_path_factory.mktemp("crash") / "home", {}
    store = Store(home)
    for kind in tasks.KINDS:
        run = service.launch(store, tasks.config(kind))
        changes = zygote.do("run", home, run)["changes"]
        assert store.run(run).status == "done", store.run(run).text
        found[kind] = run, changes
    store.db.close()
    return home, found


@pytest.fixture
def home(truths, tmp_path):
    """A copy of the store with the runs that were never killed, and all that they left in the cache."""
    shutil.copytree(truths[0], tmp_path / "home")
    return tmp_path / "home"
