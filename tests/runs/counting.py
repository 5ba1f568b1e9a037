"""A small real job for the tests: an iterated map whose every step depends on all before it, with all its savings.

Run as a program it works on a store like a window or the command line would:
``python counting.py HOME worker|drive|claim|save RUN …``.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from dcviz.records import Recipe
from dcviz.runs.store import Owner, Store
from dcviz.runs.worker import background, drive

RECIPE = Recipe(classes=("a", "b"), shape=(1, 8, 8))


def start():
    return np.linspace(-1, 1, 20 * 64).reshape(20, 64)


def after(x, step):
    return np.cos(1.7 * x + 0.01 * step)


def picture(x):
    return {"images": (127 * (x + 1)).astype(np.uint8), "points": x[:, :2].astype(np.float32)}


class CountingJob:
    """Steps of ``pause`` seconds; a checkpoint every ten."""

    remark = ""

    def __init__(self, store, run, pause=0.01):
        self.store, self.run, self.pause = store, run, pause
        self.step, self.seconds, self.phase, self.x, self.rates = 0, 0.0, "condensing", start(), []
        found = store.load_checkpoint(run.id)
        if found is not None:
            self.step, arrays, meta = found
            self.x, self.seconds = arrays["x"], meta["seconds"]
        store.truncate(run.id, self.step if found else -1)
        store.log_event(run.id, self.step, "opened")

    def advance(self, seconds):
        end = time.monotonic() + seconds
        while True:
            if self.step == self.run.steps:
                self.store.save_final(self.run.id, {"x": self.x}, RECIPE)
                return True
            self.one()
            if time.monotonic() >= end:
                return False

    def one(self):
        time.sleep(self.pause)
        self.step, self.x, self.seconds = self.step + 1, after(self.x, self.step + 1), self.seconds + self.pause
        self.store.record(self.run.id, [(self.step, "objective", float(self.x.sum()))])
        self.store.save_latest(self.run.id, self.step, picture(self.x))
        if self.step % 5 == 0:
            self.store.save_frame(self.run.id, self.step, picture(self.x))
        if self.step % 10 == 0:
            self.checkpoint()

    def checkpoint(self):
        self.store.save_checkpoint(self.run.id, self.step, {"x": self.x}, {"seconds": self.seconds})

    def apply(self, command):
        self.rates.append(command.payload)

    def close(self, status, text):
        self.store.log_event(self.run.id, self.step, "closed", status=status)
        if status != "failed":
            self.checkpoint()


def main(home, task, *rest):
    store = Store(home)
    if task == "worker":  # as a window does, until it is closed
        background(store, lambda run: CountingJob(store, run), "cpu")
        say("ready")
        sys.stdin.readline()
    elif task == "drive":
        run, pause = rest
        drive(store, lambda r: CountingJob(store, r, float(pause)), run, on_progress=lambda at: say(at.step))
    elif task == "claim":  # as many as there are, each released at once
        say("ready")
        sys.stdin.readline()
        owner = Owner.here()
        while store.runs(status="queued"):
            run = store.claim(owner, f"device{rest[0]}")
            if run is not None:
                say(run.id)
                store.release(run.id, "done", owner=owner)
    elif task == "save":  # without end
        store.claim(Owner.here(), "cpu", rest[0])
        rng = np.random.default_rng(0)
        for step in range(10**6):
            arrays = {"images": rng.integers(0, 255, (400, 1, 28, 28), dtype=np.uint8)}
            store.save_latest(rest[0], step, arrays)
            store.save_frame(rest[0], step, arrays)
            store.save_checkpoint(rest[0], step, {"x": rng.normal(size=(100, 784))}, {"step": step})
            say(step)


def say(what):
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
