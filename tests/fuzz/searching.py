"""How the fuzz tests search: so many inputs, each within a time, and nothing written, called or run outside."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dcviz.errors import Refused

HANG = 20  # seconds for one input, at most
RUNS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect", "webbrowser.open")
PLACES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod")

_watched: list[tuple[str, list[str]]] = []  # the folder that may be written in, and what was done outside of it


def _audit(event, arguments):
    if not _watched:
        return
    folder, strays = _watched[-1]
    if event in RUNS:
        strays.append(f"{event}{arguments}")
    writes = event == "open" and (isinstance(arguments[1], str) and set(arguments[1]) & set("wxa+"))
    writes = writes or (event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR))
    if (writes or event in PLACES) and not isinstance(arguments[0], int):
        relative = arguments[-1] if event in PLACES and isinstance(arguments[-1], int) and arguments[-1] >= 0 else None
        inside = os.getcwd() if relative is None else os.readlink(f"/proc/self/fd/{relative}")
        path = os.path.abspath(os.path.join(inside, os.fsdecode(arguments[0])))
        if not path.startswith((folder, "/dev/", "/proc/")):
            strays.append(f"{event} {path}")


sys.addaudithook(_audit)


@contextmanager
def only_in(folder: Path):
    """Whatever is written elsewhere, started or called while this lasts fails the test."""
    strays: list[str] = []
    _watched.append((str(folder), strays))
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        _watched.pop()
    assert not strays, strays


def _hung(*_):
    raise AssertionError(f"no answer within {HANG} s")


def search(strategy, check, count, *, shrink=True):
    """Try so many inputs, always the same ones, and shrink one that fails, unless that would take minutes."""
    phases = [phase for phase in Phase if phase is not Phase.explain and (shrink or phase is not Phase.shrink)]

    @settings(
        phases=phases,
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def holds(case):
        before = signal.signal(signal.SIGALRM, _hung)
        signal.alarm(HANG)
        try:
            check(case)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)

    holds()


def answers(call):
    """What a call gives, or the sentence with which it refuses: one line, not a page."""
    try:
        return call()
    except Refused as refusal:
        text = str(refusal)
        assert text.strip(), "a refusal without words"
        assert "Traceback" not in text
        assert len(text) < 5000, text[:5000]
        return None


def inputs(few, many):
    """Parametrises ``count``: few by default, many by name."""
    return pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.fuzz)])


# ------------------------------------------------------------------------------------------------ what is made up

HOSTILE = (
    *("", " ", "\0", "nan", "NaN", "Infinity", "-Infinity", "1e999", "-0", "9" * 30, "9" * 5000, "1_0", "٣", "²", "½"),
    *("[" * 5000, '{"a":' * 3000, "[]", "{}", "null", "true", '"', "\ud800", "\u202e", "é" * 300, "a" * 20_000),
    *("../../etc/passwd", "/etc/passwd", "C:\\x", "~root", "<script>alert(1)</script>", "[x](javascript:alert(1))"),
    *("'; DROP TABLE runs; --", "%s%n", "{0.__class__}", "${x}", "`id`", "=cmd|' /C calc'!A0", "-1", "1e3", "0x10"),
)
texts = st.sampled_from(HOSTILE) | st.text(max_size=30) | st.sampled_from(["9" * 5000, "nan", "[" * 5000, "0" * 99])
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 70)
    | st.floats()
    | texts
    | st.sampled_from([10**400, -(2**63)])
)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)

edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "set", "cut", "drop", "double", "insert"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=9),
    ),
    max_size=4,
)


def edited(data: bytes, changes) -> bytes:
    """Bytes after some edits, each at a fraction of their length."""
    for kind, at, with_ in changes:
        i = min(int(at * len(data)), max(len(data) - 1, 0))
        n = len(with_)
        if kind == "flip" and data:
            data = data[:i] + bytes([data[i] ^ (1 << (with_[0] % 8))]) + data[i + 1 :]
        elif kind == "set":
            data = data[:i] + with_ + data[i + n :]
        elif kind == "cut":
            data = data[:i]
        elif kind == "drop":
            data = data[:i] + data[i + n :]
        elif kind == "double":
            data = data[:i] + data[i : i + 50 * n] + data[i:]
        elif kind == "insert":
            data = data[:i] + with_ + data[i:]
    return data


def grafted(tree, changes):
    """A tree of plain values in which some leaves or branches, found by fractions, are others."""
    for path, value in changes:
        tree = _graft(tree, list(path), value)
    return tree


def _graft(tree, path, value):
    if not path or not isinstance(tree, (dict, list)) or not tree:
        return value
    at = int(path[0] * len(tree)) % len(tree)
    if isinstance(tree, list):
        return [*tree[:at], _graft(tree[at], path[1:], value), *tree[at + 1 :]]
    key = list(tree)[at]
    return {**tree, key: _graft(tree[key], path[1:], value)}


grafts = st.lists(st.tuples(st.lists(st.floats(0, 0.999), min_size=1, max_size=5), trees), min_size=1, max_size=3)
