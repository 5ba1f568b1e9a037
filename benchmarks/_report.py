"""What a benchmark prints: the machine in the head, then one line for each figure beside its limit."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
PACKAGES = ("torch", "streamlit", "plotly", "numpy", "playwright")


@dataclass(frozen=True)
class Figure:
    """One measured number. Without a limit it explains the others."""

    name: str
    values: tuple[float, ...]  # of the trials; their median is judged
    unit: str
    limit: float | None = None
    at_least: bool = False  # whether the limit is the least that is good, not the most
    note: str = ""

    @property
    def value(self) -> float:
        """The median of the trials."""
        return median(self.values)

    @property
    def missed(self) -> bool:
        """Whether the limit was not held."""
        if self.limit is None:
            return False
        return self.value < self.limit if self.at_least else self.value > self.limit

    def __str__(self) -> str:
        """One line of the table."""
        spread = f"{min(self.values):.3g}–{max(self.values):.3g}" if len(self.values) > 1 else ""
        limit = ratio = verdict = ""
        if self.limit is not None:
            limit = f"{'≥' if self.at_least else '≤'} {self.limit:.4g}"
            ratio = f"{self.value / self.limit:.2f}" if self.limit else ""
            verdict = "✗ MISSED" if self.missed else "✓"
        cells = f"{self.value:>8.3g} {self.unit:<10}{spread:<15}{limit:>8}{ratio:>8}  {verdict:<9}"
        return f"{self.name:<54}{cells}{self.note}".rstrip()


COLUMNS = f"{'what':<54}{'figure':>8} {'':<10}{'spread':<15}{'limit':>8}{'ratio':>8}"


def head() -> str:
    """The machine, how busy it is, and the versions."""
    import psutil

    load = ", ".join(f"{x:.1f}" for x in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    memory = psutil.virtual_memory().total / 2**30
    packages = " · ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return (
        f"{_processor()} · {os.cpu_count()} cores · {memory:.1f} GiB · {platform.platform(terse=True)}\n"
        f"load {load} (1, 5, 15 min; on a quiet machine near 0)\n"
        f"python {platform.python_version()} · {packages} · dcviz {_version('dcviz')} {_commit()}".rstrip()
    )


def told(figures: Iterable[Figure]) -> int:
    """Print figures as they come; returns how many missed their limit."""
    missed = 0
    for figure in figures:
        print(figure, flush=True)
        missed += figure.missed
    return missed


def printed(figures: Iterable[Figure]) -> int:
    """The whole table of a benchmark: the machine, the columns, the figures; returns how many missed their limit."""
    print(f"{head()}\n\n{COLUMNS}\n{'─' * len(COLUMNS)}")
    return told(figures)


def quantile(values: Sequence[float], q: float) -> float:
    """A quantile without interpolation: a value that was seen."""
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    """The commit that is measured, and whether anything differs from it."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
