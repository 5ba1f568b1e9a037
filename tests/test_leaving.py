"""A program that ends while threads compute beside it: it waits a moment for them, and does not abort."""

import subprocess
import sys
import time

import pytest

from dcviz import leaving
from dcviz.errors import Cancelled

COMPUTING = """
import time
from dcviz.leaving import beside, slices

def rounds():
    import torch
    while True:
        torch.randn(300, 300) @ torch.randn(300, 300)  # lets go of the interpreter again and again
        yield

def work():
    try:
        slices(rounds())
    finally:
        print("left in order", flush=True)

beside("computing", work)
time.sleep(2.0)
"""


def test_a_program_that_ends_waits_until_its_threads_have_left_off():
    found = subprocess.run([sys.executable, "-c", COMPUTING], capture_output=True, text=True, timeout=120)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == "left in order\n"


VIEWED = """
import sys, time
from dcviz.records import DataConfig
from dcviz.runs import service
from dcviz.runs.store import Store
from dcviz.runs.view import real_view

store = Store(sys.argv[1])
service._warm(sys.argv[1])
while (view := real_view(store, DataConfig())) is None:  # then the reference is trained, in torch
    time.sleep(0.01)
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("after", [0.0, 0.5, 1.0])
def test_a_view_that_is_being_prepared_does_not_abort_the_program(tmp_path, after):
    began = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-c", VIEWED, tmp_path, str(after)], capture_output=True, text=True, timeout=120
    )
    assert (found.returncode, found.stderr) == (0, ""), time.monotonic() - began


def test_work_goes_on_until_the_program_ends(monkeypatch):
    def work():
        yield 1
        monkeypatch.setattr(leaving, "leaving", lambda: True)
        yield 2
        raise AssertionError("not reached")

    def short():
        yield 1
        return "done"

    assert leaving.slices(short()) == "done"
    with pytest.raises(Cancelled):
        leaving.slices(work())
