"""Memory is kept between steps, and given back after a run."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from dcviz.runs import allocator, job, service
from dcviz.runs.configure import configure
from dcviz.runs.store import Store
from dcviz.runs.worker import drive

HELD = """
import ctypes, psutil
from dcviz.runs.allocator import give_back, keep_memory
if not keep_memory():
    print("not glibc")
    raise SystemExit
held = lambda: psutil.Process().memory_info().rss / 2**20
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
before = held()
block, above = libc.malloc(2**28), libc.malloc(2**20)
ctypes.memset(block, 1, 2**28)
libc.free(block)
kept = held()
give_back()
print(round(kept - before), round(held() - before))
"""

KERNELS = """
from dcviz.runs.allocator import keep_memory
keep_memory()
import torch
with torch.no_grad():
    for n in (*range(2, 400), 2):
        torch.conv2d(torch.ones(n, 1, 8, 8), torch.ones(8, 1, 3, 3))
"""


def test_what_is_freed_is_kept_until_it_is_given_back():
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)  # noqa: S603
    if "not glibc" in done.stdout:
        pytest.skip("another C library than glibc keeps memory in its own way")
    kept, after = map(int, done.stdout.split())
    assert kept > 200
    assert after < 50


@pytest.mark.parametrize(("given", "compiled"), [({}, 2), ({"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "1024"}, 1)])
def test_kernels_of_many_shapes_ago_are_not_kept_unless_asked_for(given, compiled):
    env = {**os.environ, **given, "ONEDNN_VERBOSE": "profile_create"}
    done = subprocess.run([sys.executable, "-c", KERNELS], capture_output=True, text=True, check=True, env=env)  # noqa: S603
    misses = [line for line in done.stdout.splitlines() if "create:cache_miss" in line]
    if not misses:
        pytest.skip("torch convolves without oneDNN here")
    assert len([line for line in misses if ",mb2_" in line]) == compiled


def test_it_is_given_back_after_a_run(tmp_path, monkeypatch):
    store, times = Store(tmp_path), []
    monkeypatch.setattr(job, "give_back", lambda: times.append(1))
    run = service.launch(store, configure(regime="data", divergence="energy", budget=1, steps=0, live=None))
    assert drive(store, lambda row: service.open_job(store, row), run).status == "done"
    assert times == [1]


def test_the_server_sets_it_before_anything_runs(monkeypatch):
    times = []
    monkeypatch.setattr(allocator, "keep_memory", lambda: times.append(1))
    runpy.run_path(str(Path(__file__).parents[2] / "app.py"), run_name="served")
    assert times == [1]
