"""`dcviz doctor`: what this machine has, what dcviz makes of it, and how fast a step is here."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import typer

from dcviz.cli.common import FAILED, AsJson, print_json
from dcviz.errors import Refused

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "scikit-learn",
    "safetensors",
    "streamlit",
    "plotly",
    "umap-learn",
)
OPTIONAL = ("streamlit", "plotly", "umap-learn", "torchvision")  # for the screen and for downloads
STEP_SECONDS = 1.0  # how long a test step is repeated


def doctor(as_json: AsJson = False) -> None:
    """Check versions, devices, the store and the data folder, and measure a step; exit code 1 if something is wrong."""
    checks: dict[str, Callable[[], dict[str, Any]]] = {
        "versions": _versions,
        "device": _device,
        "store": _store,
        "data": _data,
        "private": _private,
        "memory": _memory,
        "test step": _test_step,
    }
    found: dict[str, Any] = {}
    for name, check in checks.items():
        try:
            found[name] = {"ok": True, **check()}
        except (Refused, ImportError, OSError, RuntimeError) as error:
            found[name] = {"ok": False, "error": str(error)}
        if not as_json:
            typer.echo(_line(name, found[name]))
    if as_json:
        print_json({**found, "ok": all(part["ok"] for part in found.values())})
    if not all(part["ok"] for part in found.values()):
        raise typer.Exit(FAILED)


def _line(name: str, part: dict[str, Any]) -> str:
    values = [str(v) if k in ("error", "note") else f"{k} {v}" for k, v in part.items() if k != "ok"]
    return f"{'ok' if part['ok'] else '!!'}  {name:<10} {', '.join(values)}"


def _versions() -> dict[str, Any]:
    from dcviz import __version__

    found = {"dcviz": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            if package not in OPTIONAL:
                raise Refused(f"{package} is not installed: pip install {package}.") from None
            found[package] = "missing (the engine works without it)"
    return found


def _device() -> dict[str, Any]:
    import torch

    from dcviz.runs.problem import device_of

    found: dict[str, Any] = {
        "auto": str(device_of("auto")),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    found["cuda"] = torch.version.cuda or "not in this build of torch"
    for i in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(i)
        found[f"cuda:{i}"] = f"{torch.cuda.get_device_name(i)}, {_gigabytes(free)} of {_gigabytes(total)} free"
    return found


def _store() -> dict[str, Any]:
    from dcviz.runs.database import MIGRATIONS
    from dcviz.runs.store import Store

    store = Store()  # opens for writing, and refuses what it cannot use
    store.set_fact("doctor", time.time())
    free = shutil.disk_usage(store.home).free
    return {
        "place": str(store.home),
        "schema": len(MIGRATIONS),
        "runs": store.search(limit=0)[0],
        "free": _gigabytes(free),
    }


def _data() -> dict[str, Any]:
    from dcviz.data import catalogue, data_folder

    folder = data_folder()
    here = [info.name for info in catalogue() if info.available]
    given = "set" if os.environ.get("DCVIZ_DATA") else "not set"
    free = shutil.disk_usage(_existing(folder)).free
    return {"DCVIZ_DATA": given, "place": str(folder), "free": _gigabytes(free), "here": " ".join(here)}


def _private() -> dict[str, Any]:
    """What has been told of private rows so far, by data."""
    from dcviz.runs.ledger import RULE
    from dcviz.runs.store import Store

    spent = Store().spent_together()
    if not spent:
        return {"note": "no run has released anything of private rows"}
    return {**{f"rows of {data}:": str(of) for data, of in spent.items()}, "note": f"({RULE})"}


def _memory() -> dict[str, Any]:
    import psutil

    memory = psutil.virtual_memory()
    return {"free": _gigabytes(memory.available), "of": _gigabytes(memory.total)}


def _test_step() -> dict[str, Any]:
    """Steps of the default run, as long as `STEP_SECONDS`, after one that warms up."""
    from dcviz.condensing.loop import begin, step
    from dcviz.runs.configure import configure
    from dcviz.runs.problem import build

    setup = build(configure())
    state = step(setup.problem, begin(setup.problem, setup.start))
    float(state.objective)  # type: ignore[arg-type]  # waits for the device
    began, first = time.perf_counter(), state.step
    while time.perf_counter() - began < STEP_SECONDS:
        state = step(setup.problem, state)
        value = float(state.objective)  # type: ignore[arg-type]
    steps = state.step - first
    milliseconds = 1000 * (time.perf_counter() - began) / steps
    if value != value:
        raise Refused("the loss of a test step is not a number on this device: choose another with --device.")
    return {"milliseconds": round(milliseconds, 2), "note": "a step of the default run on digits, 10 per class"}


def _existing(path: Path) -> Path:
    """The nearest folder that is there."""
    return path if path.exists() else _existing(path.parent)


def _gigabytes(count: float) -> str:
    return f"{count / 2**30:.1f} GiB"
