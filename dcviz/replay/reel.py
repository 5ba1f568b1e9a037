"""A whole run as the messages of the stage: the real layer, and every kept frame with its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dcviz.errors import Refused
from dcviz.figures import Theme, curves, frame_scene, marked, nothing, real_scene
from dcviz.records import FINAL, SAME_LABELS, DataConfig, Score
from dcviz.replay.page import page
from dcviz.runs.store import Run, Store
from dcviz.runs.words import describe
from dcviz.yardsticks import parted

BYTES = 7_500_000  # of a replay file, about; frames share what the code leaves
CODE, LAYER = 2_200_000, 400_000  # of it: plotly, packed; the real layer
PACKED = 0.75  # bytes of the file for one of a picture: base64 adds a third, packing takes it away again
UNCHOSEN = ("random", "whole set", SAME_LABELS)  # rivals for which nothing is selected
HINT = "Click an image or a point: it is shown here enlarged, with its history and its nearest real images."
HINT_PLANE = "Click a particle, or lasso several: they stand out, with their trails, while the others fade."


class Told(Protocol):
    """What is told of a run beside its frames: one of the store, or one that is shipped."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def steps(self) -> int:
        """Of condensing, in all."""


@dataclass(frozen=True)
class Reel:
    """What the stage needs to play a run alone."""

    title: str
    facts: tuple[str, ...]  # what a line above the stage says of the run
    theme: Theme
    real: Mapping[str, Any] | None  # the layer that does not change
    stage: Mapping[str, Any]  # the message with all frames


def replay(store: Store, run: str, theme: Theme = "light") -> bytes:
    """A run as one HTML file with scrubber, hover and lasso; it needs no network and no Python.

    Args:
        store: where the run is.
        run: its id.
        theme: light or dark, for good.

    Raises:
        Refused: if the run has no picture yet, or another version wrote it.
    """
    return page(reel_of(store, run, theme, real_of(store, store.run(run).config.data)))


def reel_of(store: Store, run: str, theme: Theme, real: Mapping[str, Any] | None) -> Reel:
    """The reel of a run in the store, with a real view or without."""
    row = store.run(run)
    kept = store.frames(run)
    if not kept:
        raise Refused(f"{run} has no picture yet: wait for its first step.")
    scores = store.scores(run)
    frames = [(step, store.frame(run, step)[1]) for step in kept]
    return Reel(
        describe(row),
        facts(row, scores),
        theme,
        None if real is None else real_scene(run, real, theme),
        message(row, frames, store.metrics(run), theme, real=real, rivals=rivals(scores), rates=store.rates(run)),
    )


def message(  # noqa: PLR0913  (all that a stage shows)
    row: Told,
    frames: Sequence[tuple[int, Mapping[str, Any]]],
    metrics: Mapping[str, tuple[Any, Any]],
    theme: Theme,
    *,
    real: Mapping[str, Any] | None,
    rivals: Mapping[str, float],
    rates: Mapping[int, float],
) -> dict[str, Any]:
    """The message of a stage that has everything from the start.

    Args:
        row: the run.
        frames: its kept frames as (step, arrays), ascending.
        metrics: its curves as (steps, values) by name.
        theme: the theme's name.
        real: the real view; without one there is no map.
        rivals: accuracies as fractions by label, drawn as lines.
        rates: learning rates that were set on the way, by step.
    """
    room = max(8_000, int((BYTES - CODE - LAYER) / PACKED / len(frames) / 2))  # half for the points and what is known
    last, parting = frames[-1][0], parted(metrics)
    drawn = curves(metrics, rivals, last, theme, steps=row.steps, parting=parting.step if parting else None)
    planar = "points" in frames[-1][1]
    return {
        **nothing(row.id, theme),
        "run": row.id,
        "offline": True,
        "planar": planar,
        "title": f"{row.title} · dcviz",
        "frames": [frame_scene(step, frame, real, theme, lossless=room) for step, frame in frames],
        "steps": [step for step, _ in frames],
        "latest": last,
        "total": row.steps,
        "curves": marked(drawn, rates, theme),
        "words": {
            "sheet": "left: real · ◥ off-manifold",
            "curves": "a step updates S once",
            "hint": HINT_PLANE if planar else HINT,
        },
    }


def facts(row: Run, scores: list[Score]) -> tuple[str, ...]:
    """What there is to say of a run in a line: how far it came, and how good it is beside its rivals."""
    tested = [s for s in scores if s.of == "synthetic" and s.protocol.split == "test"]
    said = [f"{row.step:,} steps" if row.status in FINAL else f"{row.step:,} of {row.steps:,} steps, {row.status}"]
    if not tested:
        return tuple(said)
    last = tested[-1]
    said.append(f"test accuracy {_percent(last)}")
    beside = {s.of: s for s in scores if s.of != "synthetic" and s.protocol == last.protocol}
    chosen = [s for kind, s in beside.items() if kind not in UNCHOSEN]
    said += [f"random {_percent(beside['random'])}"] if "random" in beside else []
    if chosen:
        best = max(chosen, key=lambda s: s.mean)
        said.append(f"best selection ({best.of}) {_percent(best)}")
    said += [f"whole set {_percent(beside['whole set'])}"] if "whole set" in beside else []
    return tuple(said)


def rivals(scores: list[Score]) -> dict[str, float]:
    """Accuracies on the held-out samples, which the live curve is measured on: those that the Lab shows, too."""
    from dcviz.evaluation.baselines import FURTHER

    held = (s for s in scores if s.protocol.split != "test")
    return {s.of: s.mean for s in held if s.of not in ("synthetic", *FURTHER)}


def real_of(store: Store, data: DataConfig) -> Mapping[str, Any] | None:
    """The real view, prepared now if it was not; None where the data is gone."""
    from dcviz.runs.view import prepare_view, ready_view

    try:
        found = ready_view(store, data)
        if found is None:
            prepare_view(store, data)
            found = ready_view(store, data)
    except Refused:
        return None
    return found


def _percent(score: Score) -> str:
    spread = f" ± {100 * score.std:.1f}" if len(score.values) > 1 else ""
    return f"{100 * score.mean:.1f}{spread} %"
