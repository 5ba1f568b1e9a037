"""What there is to see of a run just now: the line of its numbers, and what the stage draws of it.

A look of the live fragment shows it, and so does the feed, which hands it to a window without running its page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcviz.errors import Refused
from dcviz.figures import Theme, curves, marked
from dcviz.records import FINAL, DataConfig, EvaluationProtocol, RunConfig, Score, to_json
from dcviz.runs import service
from dcviz.runs.store import Run
from dcviz.ui import status
from dcviz.ui.reader import ENDED, LIVE, Reader
from dcviz.ui.spent import together
from dcviz.ui.stage import View
from dcviz.yardsticks import parted


@dataclass(frozen=True)
class Real:
    """The real layer: its arrays, and the key under which the browser holds it."""

    key: str
    view: Mapping[str, Any] | None
    trouble: str = ""  # why there is none
    mark: str = ""  # of what is drawn beside the samples


@dataclass(frozen=True)
class Look:
    """How somebody looks at a run."""

    theme: Theme
    view: View = View()
    likeness: bool = False  # the curves show it in the yardsticks' place


def real_of(reader: Reader, data: DataConfig, theme: Theme) -> Real:
    """The real view as far as it is prepared; asking for it starts its preparation in the background."""
    try:
        view = service.real_view(reader.store, data)
    except Refused as refusal:
        return Real(f"{to_json(data)}|refused|{theme}", None, str(refusal))
    ready = "none" if view is None else "umap" if view.get("umap") is not None else "pca"
    return Real(f"{to_json(data)}|{ready}|{theme}", view)


def shown(reader: Reader, row: Run, real: Real, look: Look) -> tuple[str, dict[str, Any]]:
    """The line of numbers as HTML, and that part of the stage's message which changes while the run goes on."""
    latest, kept = reader.newest(row), reader.kept(row)
    measured = reader.metrics(row)
    parting = parted(measured)
    scores = service.baselines(reader.store, row.config)
    known = means(scores)
    frame = reader.points(row.id, latest) if latest is not None else {}
    numbers = status.Numbers(
        reader.pace(row),
        status.newest(measured, "accuracy"),
        known,
        _count(status.newest(measured, "off")),
        len(frame.get("ids", ())),
        _protocol(row.config, real),
        status.final_of(reader.store.scores(row.id)) if row.step >= row.steps or row.cut_short else None,
        parting,
        status.newest(measured, "bytes"),
        status.newest(measured, "epsilon"),
        status.among_of(scores.values()),
        together(reader.store, row.config.data),
    )
    view, theme = look.view, look.theme
    room = ENDED if row.status in FINAL else LIVE
    until = view.step if view.step is not None else latest or 0
    film = view.film is not None and reader.film(row.id, view.film, [s for s in kept if s <= until], real.view, theme)
    drawn = curves(
        measured,
        known,
        latest or 0,
        theme,
        steps=row.steps,
        parting=parting.step if parting else None,
        likeness=look.likeness,
    )
    return status.line(row, numbers), {
        "alive": row.status not in FINAL,
        "title": _title(row),
        "frames": reader.scenes(row.id, _steps(view, latest, kept), real.view, (real.key, theme), room),
        "steps": sorted({*kept, *([latest] if latest is not None else [])}),
        "latest": latest,
        "total": row.steps,
        "step": view.step,
        "curves": marked(drawn, reader.rates(row), theme),
        "film": film or None,
    }


def means(scores: Mapping[str, Score]) -> dict[str, float]:
    """The accuracies of rivals, by name."""
    return {name: score.mean for name, score in scores.items()}


def _protocol(config: RunConfig, real: Real) -> EvaluationProtocol | None:
    from dcviz.evaluation import fitting

    return fitting(config.live, tuple(real.view["shape"])) if config.live and real.view else None


def _steps(view: View, latest: int | None, kept: list[int]) -> list[int]:
    """The frames to send: the shown one first, then those asked for ahead; while following, the newest."""
    if latest is None:
        return []
    wanted = [s for s in (view.step, *view.want) if s is not None and s in kept]
    return [*wanted, latest] if view.step is not None and wanted else [latest, *wanted]


def _title(row: Run) -> str:
    if row.status == "running":
        return f"{row.step}/{row.steps} · dcviz"
    return f"{'✓ done' if row.status == 'done' else row.status} · dcviz"


def _count(value: float | None) -> int | None:
    return None if value is None else round(value)
