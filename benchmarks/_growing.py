"""One cell of `benchmarks.growth`: what it measures is printed as JSON. Started as a process of its own.

python -m benchmarks._growing rows 100000 FOLDER
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

STEPS = 5  # timed, after a first one
ROUND = 0.03  # seconds of what is shorter
BATCH = 16  # real images of each class and step


def main() -> None:
    """Measure one cell."""
    name, value, folder = sys.argv[1:]
    print(json.dumps(MEASURED[name](int(value), Path(folder))))


def rows(n: int, folder: Path) -> dict[str, float]:
    """N real rows in a file."""
    import numpy as np

    tile = np.random.default_rng(0).integers(0, 256, (1000, 3, 32, 32), dtype=np.uint8)
    with (folder / "x_train.npy").open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (n, 3, 32, 32)}
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(n // 1000):
            file.write(tile.data)
    np.save(folder / "y_train.npy", np.arange(n) % 10)
    return _condensed({"name": "custom", "path": str(folder)}, {"budget": 1})


def images(m: int, folder: Path) -> dict[str, float]:
    """M synthetic images."""
    return _condensed(_random(folder, 10, 600, (1, 8, 8)), {"budget": m // 10}, "mean", "random-features")


def pairs(m: int, folder: Path) -> dict[str, float]:
    """M synthetic images of which each meets each of its class."""
    return _condensed(_random(folder, 10, 600, (1, 8, 8)), {"budget": m // 10}, "energy", "data")


def classes(c: int, folder: Path) -> dict[str, float]:
    """C classes."""
    return _condensed(_random(folder, c, 20, (1, 8, 8)), {"budget": 1})


def side(s: int, folder: Path) -> dict[str, float]:
    """Images of a side."""
    return _condensed(_random(folder, 10, 20, (3, s, s)), {"budget": 1})


def runs(n: int, folder: Path) -> dict[str, float]:
    """N stored runs, each with two curves and a score."""
    from dcviz.runs.store import Store

    store = Store(folder / "home")
    for i in range(n):
        _stored(store, i)
    store.db.close()
    # what writing took is not what reading takes: a process of its own reads
    command = [sys.executable, "-m", "benchmarks._growing", "reading", "0", str(folder / "home")]
    environment = {**os.environ, "DCVIZ_HOME": str(folder / "home")}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def reading(_: int, home: Path) -> dict[str, float]:
    """What a window and the command line ask of a store."""
    from contextlib import redirect_stdout
    from io import StringIO

    from dcviz.cli.results import runs as listed
    from dcviz.runs.store import Store

    Store(home).search("energy seed", limit=24)  # imports, and what SQLite reads once
    before = _peak()

    def opened() -> None:
        Store(home).runs(limit=1)

    def listing() -> None:
        with redirect_stdout(StringIO()):
            listed(limit=30)

    store = Store(home)
    found = {
        "opening": _seconds(opened),
        "page": _seconds(lambda: store.search(limit=24)),
        "words": _seconds(lambda: store.search("energy seed", limit=24)),
        "listing": _seconds(listing),
        "creating": _seconds(lambda: _stored(store, 0)),
    }
    return {**found, "memory": _peak() - before}


def _stored(store: Any, i: int) -> None:
    from dcviz.records import EvaluationProtocol, Score
    from dcviz.runs.configure import configure

    config = configure(divergence="energy", regime="random-features", seed=i)
    run = store.create(config, name=f"seed {i}", queue=False)
    store.record(
        run, [(step, name, 1 / (step + 1)) for step in range(0, 100, 10) for name in ("objective", "accuracy")]
    )
    store.save_score(run, Score(0.9, 0.01, (0.9,), EvaluationProtocol(split="test")))


def _random(folder: Path, classes: int, each: int, shape: tuple[int, ...]) -> dict[str, str]:
    """Random images in a file."""
    import numpy as np

    n = classes * each
    x = np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)
    np.savez(folder / "images.npz", x_train=x, y_train=np.arange(n) % classes)
    return {"path": str(folder / "images.npz")}


def _condensed(
    data: dict[str, str], choices: dict[str, Any], divergence: str = "mean", regime: str = "random-features"
) -> dict[str, float]:
    """Seconds of opening and of an update, and the memory that they take beyond a run of the digits."""
    from dcviz.condensing.loop import begin, step
    from dcviz.data import dataset
    from dcviz.records import DataConfig
    from dcviz.runs import problem
    from dcviz.runs.configure import configure

    problem.BUDGETS = (1, 500)  # five times what is offered
    given: dict[str, Any] = {
        "divergence": divergence,
        "regime": regime,
        "live": None,
        "start": "noise",
        "settings": {"batch": BATCH},
    }
    setup = problem.build(configure(**given, budget=1))  # imports, and what is compiled once
    step(setup.problem, begin(setup.problem, setup.start))
    before = _peak()
    config = configure(data=DataConfig(**data), **given, **choices)
    began = time.process_time()
    loaded = dataset(config.data)
    opening = time.process_time() - began
    setup = problem.build(config, data=loaded)
    state = begin(setup.problem, setup.start)
    state = step(setup.problem, state)
    taken = []
    for _ in range(STEPS):
        began = time.process_time()
        state = step(setup.problem, state)
        taken.append(time.process_time() - began)
    return {"step": median(taken), "opening": opening, "memory": _peak() - before}


def _seconds(function: Callable[[], Any]) -> float:
    """Of one call: the median of rounds that are long enough to be timed."""
    began = time.process_time()
    function()
    calls = max(1, int(ROUND / max(time.process_time() - began, 1e-6)))
    taken = []
    for _ in range(STEPS):
        began = time.process_time()
        for _ in range(calls):
            function()
        taken.append((time.process_time() - began) / calls)
    return median(taken)


def _peak() -> float:
    """The most memory that this process had so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # what the resource module says may be of the process that started this one
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


MEASURED: dict[str, Callable[[int, Path], dict[str, float]]] = {
    "rows": rows,
    "images": images,
    "pairs": pairs,
    "classes": classes,
    "side": side,
    "runs": runs,
}


if __name__ == "__main__":
    MEASURED["reading"] = reading
    main()
