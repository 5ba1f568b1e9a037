"""The public functions: condense in a loop, load what was condensed, judge it, list the runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.records import EvaluationProtocol, Outcome, RunConfig, Score

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from dcviz.condensing.loop import Saved
    from dcviz.loaded import CondensedSet
    from dcviz.runs.problem import Setup
    from dcviz.runs.store import Run
    from dcviz.types import SyntheticSet


@dataclass(frozen=True)
class Condensed:
    """S at one kept step, as a program wants it; shows itself as a sheet in a notebook."""

    step: int
    images: np.ndarray  # (M, channels, height, width) float32 in [0, 1], decoded; planar (M, 2)
    labels: np.ndarray  # (M,) int64, or (M, C) soft
    objective: float | None  # at this step; None before the first
    classes: tuple[str, ...]
    synthetic: SyntheticSet  # model space, parameters and all
    outcome: Outcome | None = None  # with the last step

    def _repr_png_(self) -> bytes | None:
        from dcviz.runs.export import png, sheet

        if self.images.ndim != 4:
            return None
        return png(sheet(self.images, self.labels if self.labels.ndim == 1 else self.labels.argmax(1)))


def condense(config: RunConfig | None = None, **choices: Any) -> Iterator[Condensed]:
    """Condense, yielding the kept steps from the start (0) to the end, without writing anything down.

    Args:
        config: a whole configuration; or leave it out and give the choices of `dcviz.runs.configure.configure`,
            e.g. ``data="digits", divergence="energy", regime="random-features", budget=10, steps=300, seed=0``
            or ``preset="m3d"``.
        **choices: those choices; with ``config``, none.

    Yields:
        The steps that the configuration's saving policy keeps. The last carries the outcome.

    Raises:
        Refused: a name, value, data set or device that does not fit; the text says how to mend it.

    >>> import dcviz
    >>> steps = list(dcviz.condense(data="moons", divergence="energy", regime="data", budget=5, steps=20))
    >>> steps[-1].step, steps[-1].images.shape, steps[-1].outcome.status
    (20, (10, 2), 'done')
    """
    from dcviz.condensing.loop import condense as loop
    from dcviz.condensing.save_at import SaveAt
    from dcviz.runs.configure import configure
    from dcviz.runs.problem import build

    if config is not None and choices:
        raise Refused("give a whole configuration or single choices, not both; dataclasses.replace changes one.")
    config = config if config is not None else configure(**choices)
    setup = build(config)
    for saved in loop(setup.problem, setup.start, save_at=SaveAt(config.saving.frames)):
        yield _condensed(saved, setup)


def load(run: str, home: str | Path | None = None) -> CondensedSet:
    """What a finished run condensed, as a ``torch.utils.data.Dataset`` in model space, with its recipe.

    >>> import dcviz, tempfile
    >>> dcviz.load("no-such-run", home=tempfile.mkdtemp())
    Traceback (most recent call last):
    ...
    dcviz.errors.Refused: ...
    """
    from dcviz.loaded import CondensedSet

    return CondensedSet.of_run(_store(home), run)


def evaluate(run: str, protocol: EvaluationProtocol | None = None, home: str | Path | None = None) -> Score:
    """Train fresh networks on a run's result and test them on real data; the score is also stored with the run."""
    from dcviz.runs.service import evaluate_run

    return evaluate_run(_store(home), run, protocol)


def list_runs(home: str | Path | None = None) -> list[Run]:
    """All runs of the store, newest first."""
    return _store(home).runs()


def _store(home: str | Path | None) -> Any:
    from pathlib import Path

    from dcviz.runs.store import Store

    return Store(Path(home) if home is not None else None)


def _condensed(saved: Saved, setup: Setup) -> Condensed:
    synthetic = saved.state.synthetic
    batch = synthetic.decode()
    x = setup.dataset.transform.inverse(batch.x.detach().cpu())
    return Condensed(
        step=saved.state.step,
        images=(x if setup.dataset.planar else x.clamp(0, 1)).numpy(),
        labels=batch.y.detach().cpu().numpy(),
        objective=saved.objectives[-1] if saved.objectives else None,
        classes=setup.dataset.classes,
        synthetic=synthetic,
        outcome=saved.outcome,
    )
