"""What the machine tells of the energy it uses; many tell nothing.

Processors: the RAPL counters that Linux shows under ``/sys/class/powercap`` (often to the administrator alone).
NVIDIA devices: the driver's counter, where the package nvidia-ml-py is installed. Both count the whole chip, other
programs included.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
PACKAGE = re.compile(r"intel-rapl:\d+")  # whole packages: their parts have a second number

Read = Callable[[], list[tuple[float, float]]]  # joules of each counter, and where it begins again from 0


def meter(device: str = "cpu", powercap: Path = POWERCAP) -> Callable[[], Callable[[], float]] | None:
    """A stop watch for joules: ``stop = start(); …; stop()``. None where the machine does not tell.

    >>> meter(powercap=Path("/nowhere")) is None
    True
    """
    read = _nvidia(device) if device.startswith("cuda") else _rapl(powercap)
    if read is None:
        return None

    def start() -> Callable[[], float]:
        first = read()
        return lambda: sum(_since(a, b) for a, b in zip(first, read(), strict=True))

    return start


def _since(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Joules between two readings of a counter that begins again at its end."""
    joules = after[0] - before[0]
    return joules if joules >= 0 else joules + after[1]


def _rapl(folder: Path) -> Read | None:
    zones = [zone for zone in sorted(folder.glob("intel-rapl:*")) if PACKAGE.fullmatch(zone.name)]

    def read() -> list[tuple[float, float]]:
        parts = [[(zone / name).read_text() for name in ("energy_uj", "max_energy_range_uj")] for zone in zones]
        return [(float(now) / 1e6, float(most) / 1e6) for now, most in parts]

    try:
        return read if zones and read() else None
    except OSError:  # only the administrator may read it
        return None


def _nvidia(device: str) -> Read | None:
    if find_spec("pynvml") is None:
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(int(device.partition(":")[2] or 0))
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError:  # an older device, or no driver
        return None
    return lambda: [(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3, 0.0)]
