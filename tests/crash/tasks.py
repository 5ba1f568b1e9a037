"""What the children of the zygote do with a store until they are killed: real runs, exports, deletions, imports."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from dcviz.errors import Refused
from dcviz.records import SavingConfig
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.store import Owner, Store
from dcviz.runs.work import work
from dcviz.runs.worker import drive

QUICK = {"network": "mlp", "width": 16, "updates": 6, "seeds": 1}
KINDS = {
    "digits": {"data": "digits", "budget": 1, "regime": {"name": "random-features", "width": 8, "pool": 2}},
    "moons": {"data": "moons", "budget": 4, "regime": "data"},
}


def config(kind, steps=25):
    """A run of a second in which something is written all the time: every frame, a checkpoint after every step."""
    from dataclasses import replace

    from dcviz.records import EvaluationProtocol

    made = configure(
        divergence="energy",
        steps=steps,
        live=None,
        settings={f"evaluation.{k}": v for k, v in QUICK.items()},
        **KINDS[kind],
    )
    live = EvaluationProtocol(**QUICK, split="held_out")
    return replace(made, saving=SavingConfig(checkpoint_seconds=0.0), live=live)


def warm():
    """Import what a run uses, so that the children need not; nothing that starts a thread."""
    import dcviz.condensing.loop
    import dcviz.evaluation
    import dcviz.runs.export
    import dcviz.runs.importing
    import dcviz.runs.job  # noqa: F401
    from dcviz.data import dataset
    from dcviz.runs.problem import build

    for kind in KINDS:
        build(config(kind))
        dataset(config(kind).data)


def run(home, id):
    """Drive a run to its end, as the command line does."""
    store = Store(home)
    drive(store, partial(service.open_job, store), id)


def queue(home, device):
    """Work on the queue until it is empty, as a window does; two of these share it."""
    store, owner = Store(home), Owner.here()
    while store.waiting():
        store.sweep()
        found = store.claim(owner, device)
        if found is None:
            return
        verdict = work(store, found, owner, partial(service.open_job, store), lambda: "", lambda at: None)
        if verdict is not None:
            store.release(found.id, *verdict, owner)


def export(home, id, to):
    """Every format, over and over what is there."""
    from dcviz.runs.export import ENDINGS, FORMATS
    from dcviz.runs.export import export as write

    store = Store(home)
    for _ in range(3):
        for name in FORMATS:
            try:
                write(store, id, Path(to, f"{name}{ENDINGS.get(name, '')}"), name, force=True)
            except Refused as refusal:
                if "points of the plane" not in str(refusal):
                    raise


def bring(home, path):
    """Import an archive a few times."""
    from dcviz.runs.importing import bring as read

    for _ in range(3):
        read(Store(home), [Path(path)])


def shelve(home, ids):
    """Delete, restore, delete again, and empty the bin of each run in turn."""
    store = Store(home)
    for id in ids:
        store.delete(id)
        store.restore(id)
        store.delete(id)
        store.empty_bin([id])


def reopen(home):
    """Open a store, which migrates it where it is old."""
    Store(home)


def leap(home, id):
    """Drive a run while the clock goes forward by a year and back by a day, again and again."""
    import itertools
    import time

    real, leaps = time.time, itertools.cycle([0.0, 3.2e7, -86_400.0])
    time.time = lambda: real() + next(leaps)
    run(home, id)
