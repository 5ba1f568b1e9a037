"""Memory is kept between steps, and given back after a run."""

import subprocess
import sys

import pytest

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


def test_what_is_freed_is_kept_until_it_is_given_back():
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)  # noqa: S603
    if "not glibc" in done.stdout:
        pytest.skip("another C library than glibc keeps memory in its own way")
    kept, after = map(int, done.stdout.split())
    assert kept > 200
    assert after < 50
