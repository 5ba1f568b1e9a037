"""What a run takes on the disk: a thousand steps of a hundred images of CIFAR-10, ten to a class.

    python -m benchmarks.disk                 # about two minutes on two cores
    python -m benchmarks.disk --steps 200

The run is worked on as the worker does, into a store of its own. Real images are those of DCVIZ_DATA (CIFAR-10 itself,
or cifar10-part.npz), else random ones, which no compression makes smaller. Frames are limited; checkpoints and the rest
are counted apart. The method is a cheap one, as what is kept does not depend on it: the mean of pixels, from real
images and from noise.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._report import Figure, printed

if TYPE_CHECKING:
    from dcviz.records import DataConfig
    from dcviz.runs.store import Store

STEPS = 1000
FRAMES = 30.0  # MB
CHECKPOINTS = 2
MB = 1e6


def figures(*, quick: bool = False, steps: int = STEPS) -> Iterator[Figure]:
    """Frames, checkpoints and the rest, from each start; quick: from noise alone, whose pictures are the largest."""
    with tempfile.TemporaryDirectory(prefix="dcviz-disk-") as folder:
        data, title = _data(Path(folder))
        for start in ("noise",) if quick else ("real", "noise"):
            yield from _taken(Path(folder) / start, data, start, steps, title)


def _taken(home: Path, data: DataConfig, start: str, steps: int, title: str) -> Iterator[Figure]:
    from dcviz.runs.configure import configure
    from dcviz.runs.store import Store

    store = Store(home)
    config = configure(
        data=data,
        divergence="mean",
        regime="data",
        budget=10,
        steps=steps,
        start=start,
        live=None,
        saving={"checkpoint_seconds": 2.0},  # often enough that there are some
    )
    run = store.create(config)
    seconds = _condense(store, run)
    kept = store.frames(run)
    frames = _bytes(store.folder(run) / "frames")
    checkpoints = _bytes(store.folder(run) / "checkpoints")
    note = f"{len(kept)} of them, first {kept[0]}, last {kept[-1]}; {title}; {seconds:.0f} s"
    yield Figure(f"{steps:,} steps of 100 images, from {start}: frames", (frames,), "MB", FRAMES, note=note)
    yield Figure("  checkpoints kept", (len(store.checkpoints(run)),), "", CHECKPOINTS, note=f"{checkpoints:.1f} MB")
    rest = _bytes(store.folder(run)) - frames - checkpoints
    yield Figure("  the rest of the run: latest picture, final set", (rest,), "MB")
    yield Figure("  the database", (store.db.path.stat().st_size / MB,), "MB")


def _condense(store: Store, run: str) -> float:
    """All steps of a run, in slices; it is left before it is judged. Returns the seconds."""
    from dcviz.runs.job import RunJob

    job = RunJob(store, store.run(run))
    while job.phase not in ("evaluating", "measuring baselines") and not job.advance(0.2):
        pass
    job.close("paused", "")
    return job.seconds


def _bytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MB


def _data(folder: Path) -> tuple[DataConfig, str]:
    """CIFAR-10, a part of it, or random images of its shape."""
    import numpy as np

    from dcviz.data.catalogue import catalogue
    from dcviz.records import DataConfig

    part = Path(os.environ.get("DCVIZ_DATA", "."), "cifar10-part.npz")
    if any(info.name == "cifar10" and info.available for info in catalogue()):
        return DataConfig("cifar10", size=5000), "CIFAR-10"
    if part.is_file():
        return DataConfig(path=str(part)), "a part of CIFAR-10"
    x = np.random.default_rng(0).integers(0, 256, (2000, 3, 32, 32), dtype=np.uint8)
    np.savez(folder / "random.npz", x_train=x, y_train=np.arange(2000) % 10)
    return DataConfig(path=str(folder / "random.npz")), "random images"


def main() -> int:
    """Print the table; the exit status is the number of limits that were missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS)
    return printed(figures(steps=parser.parse_args().steps))


if __name__ == "__main__":
    sys.exit(main())
