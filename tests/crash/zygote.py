"""A process with everything imported that forks one child per task, so that a kill costs no start of Python.

Each line it reads is a JSON list of tasks ``{"task", "arguments", "after", "at"}``: they run at once, each in a child
that is killed after so many seconds, or at its n-th change of the disk (before, or in the middle of it). Each line it
answers is a JSON list of ``{"pid", "killed", "changes", "error"}``.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import threading
import time
import traceback
from pathlib import Path

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir")  # what Python's audit calls them
WRITES = ("INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ALTER", "CREATE", "PRAGMA user_version =")
HALVED = 256  # bytes: a longer write is a change in its middle, too


class Counter:
    """Counts changes of the disk, and ends the process at one of them as a crash would."""

    def __init__(self, at: int | None) -> None:
        self.at, self.seen = at, 0
        self._guard = threading.Lock()

    def __call__(self) -> None:
        with self._guard:
            self.seen += 1
            if self.seen == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)  # the signal comes

    def watch(self) -> None:
        """Look at files and statements from now on, until the process ends."""
        sys.addaudithook(self._on_audit)
        real_open, real_connect, real_sync = Path.open, sqlite3.connect, os.fsync

        def opened(path, mode="r", *args, **kwargs):
            file = real_open(path, mode, *args, **kwargs)
            if not set(mode) & set("wxa"):
                return file
            self()
            return _Halved(file, self) if "b" in mode else file

        def connect(*args, **kwargs):
            connection = real_connect(*args, **kwargs)
            connection.set_trace_callback(lambda text: text.lstrip().startswith(WRITES) and self())
            return connection

        def sync(file):
            self()
            real_sync(file)

        Path.open, sqlite3.connect, os.fsync = opened, connect, sync

    def _on_audit(self, event, _arguments) -> None:
        if event in CHANGES:
            self()


class _Halved:
    """A file whose long writes come in two halves, with a change between them."""

    def __init__(self, file, changed) -> None:
        self._file, self._changed = file, changed

    def write(self, data):
        if len(data) > HALVED:
            self._file.write(data[: len(data) // 2])
            self._file.flush()
            self._changed()
            data = data[len(data) // 2 :]
        return self._file.write(data)

    def __enter__(self):
        self._file.__enter__()
        return self

    def __exit__(self, *error):
        return self._file.__exit__(*error)

    def __getattr__(self, name):
        return getattr(self._file, name)


def child(order, answer):
    from tests.crash import tasks

    counter = Counter(order.get("at"))
    error = ""
    try:
        counter.watch()
        getattr(tasks, order["task"])(*order["arguments"])
    except BaseException:  # noqa: BLE001  (the parent tells)
        error = traceback.format_exc()
    os.write(answer, json.dumps({"changes": counter.seen, "error": error}).encode())
    os._exit(0)


def fork(order):
    """The child's pid, and the pipe that it answers through."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        child(order, write)
    os.close(write)
    return pid, read


def answered(pid, pipe):
    told = b""
    while part := os.read(pipe, 2**16):
        told += part
    os.close(pipe)
    _, status = os.waitpid(pid, 0)
    return {"pid": pid, "killed": os.WIFSIGNALED(status), **json.loads(told or b'{"changes": null, "error": ""}')}


def main():
    import torch

    torch.set_num_threads(1)
    from tests.crash import tasks

    tasks.warm()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        orders = json.loads(line)
        children = [(order, *fork(order)) for order in orders]
        timers = [threading.Timer(o["after"], os.kill, (pid, signal.SIGKILL)) for o, pid, _ in children if "after" in o]
        for timer in timers:
            timer.start()
        answers = [answered(pid, pipe) for _, pid, pipe in children]
        for timer in timers:
            timer.cancel()
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
