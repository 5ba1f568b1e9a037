"""The line that says how a run is doing, in words and numbers."""

from __future__ import annotations

import html
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcviz.runs.store import Run

STALE = 3.0  # seconds without a sign of life before the line says so
CURES = {
    "interrupted": "The process that worked on it ended. Press resume to go on from its last checkpoint.",
    "failed": "Fork it at an earlier step with other parameters, or start a new run.",
}


@dataclass(frozen=True)
class Numbers:
    """What is measured beside the run's own row."""

    pace: float | None = None  # steps per second
    accuracy: float | None = None  # fraction
    baselines: Mapping[str, float] | None = None  # fractions
    off: int | None = None  # synthetic images off the manifold
    images: int | None = None


def line(run: Run, numbers: Numbers, now: float | None = None) -> str:
    """The status of a run as HTML; every number carries its explanation."""
    parts = [_state(run)]
    if run.status == "queued":
        return _box([*parts, _words("waits until the device is free: other runs are before it.")])
    if run.status in ("failed", "interrupted"):
        return _box([*parts, _words(" ".join(filter(None, [run.text, CURES[run.status]])))])
    parts.append(_fact(f"{run.step:,}", f"/ {run.steps:,} steps", "One step is one update of the synthetic set."))
    parts += _speed(run, numbers)
    parts += _quality(numbers)
    if run.status == "running" and run.heartbeat is not None:
        age = (now if now is not None else time.time()) - run.heartbeat
        if age > STALE:
            parts.append(_fact(f"{age:.0f} s", "since the last sign of life", "The worker writes one at every step."))
    return _box(parts)


def sentence(text: str) -> str:
    """A line that holds one sentence."""
    return _box([_words(text)])


def _state(run: Run) -> str:
    phase = f" · {run.phase}" if run.status == "running" and run.phase not in ("", "condensing") else ""
    title = html.escape(run.text or "How the run is doing.", quote=True)
    return f'<span class="dc-state dc-{run.status}" title="{title}"><i></i>{run.status}{html.escape(phase)}</span>'


def _speed(run: Run, numbers: Numbers) -> list[str]:
    if run.status != "running" or not numbers.pace or run.step >= run.steps:
        return [_fact(duration(run.seconds), "worked", "Seconds of condensing.")] if run.seconds else []
    left = (run.steps - run.step) / numbers.pace
    return [
        _fact(f"{numbers.pace:.3g}", "steps/s", "Over the last seconds, evaluation not counted."),
        _fact(duration(left), "left", "Steps left at this pace."),
    ]


def _quality(numbers: Numbers) -> list[str]:
    parts = []
    if numbers.accuracy is not None:
        why = "A fresh network trained on the synthetic images, tested on held-out real ones; one seed while it runs."
        parts.append(_fact(f"{100 * numbers.accuracy:.1f} %", "accuracy", why, before=True))
    if numbers.off is not None and numbers.images:
        why = "Farther from the real images of their class than 95 % of held-out real images are."
        parts.append(_fact(f"{numbers.off} of {numbers.images}", "off-manifold", why, before=True))
    if numbers.baselines:
        text = " · ".join(f"{html.escape(name)} {100 * value:.1f}" for name, value in numbers.baselines.items())
        parts.append(f'<span title="The same test after training on as many real samples chosen so.">{text}</span>')
    return parts


def _fact(value: str, unit: str, why: str, *, before: bool = False) -> str:
    text = f"{unit} <b>{value}</b>" if before else f"<b>{value}</b> {unit}"
    return f'<span title="{html.escape(why, quote=True)}">{text}</span>'


def _words(text: str) -> str:
    return f'<span class="dc-words">{html.escape(text)}</span>'


def _box(parts: list[str]) -> str:
    return f'<div class="dc-status" role="status">{"".join(parts)}</div>'


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(17.4), duration(95), duration(7300)
    ('17 s', '1 min 35 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole >= 3 else f"{seconds:.1g} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """Bytes as people say them.

    >>> size(210e6), size(1.5e9)
    ('210 MB', '1.5 GB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def newest(curves: Mapping[str, Any], name: str) -> float | None:
    """The last value of a curve; None where there is none."""
    _, values = curves.get(name, ((), ()))
    return float(values[-1]) if len(values) and values[-1] == values[-1] else None
