"""The line that says how a run is doing, in words and numbers."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dcviz.records import SAME_LABELS, EvaluationProtocol, Score
from dcviz.runs.store import Run
from dcviz.ui.why import why
from dcviz.yardsticks import Parting

UNCHOSEN = ("random", "whole set", SAME_LABELS)  # rivals for which nothing is selected
STALE = 3.0  # seconds without a sign of life before the line says so
CURE = "Fork it at an earlier step with other parameters, or start a new run."  # for one that failed
PRESS = "Press resume to go on from its newest checkpoint."  # for one that was interrupted


RIVALS = "after training on as many real samples chosen so; whole set: on all of T."
OFF = (
    "Farther from the real images of their class, in the features of a network trained on T, than 95 % of "
    "held-out real images are: distance to the 5th nearest."
)

NETWORKS = {"convnet": "ConvNet", "mlp": "MLP"}  # as people write them


@dataclass(frozen=True)
class Final:
    """What the test set said at the end: of S, and of its rivals under the same protocol."""

    score: Score
    rivals: Mapping[str, Score]


@dataclass(frozen=True)
class Numbers:
    """What is measured beside the run's own row."""

    pace: float | None = None  # steps per second
    accuracy: float | None = None  # fraction
    baselines: Mapping[str, float] | None = None  # fractions
    off: int | None = None  # synthetic images off the manifold
    images: int | None = None
    protocol: EvaluationProtocol | None = None  # of the live accuracy
    final: Final | None = None
    parting: Parting | None = None  # of the objective and the yardsticks
    bytes: float | None = None  # stored, at the end
    epsilon: float | None = None  # spent, of a run of private data
    among: int | None = None  # samples of each class that the baselines were chosen from, if not from all
    together: str = ""  # what that comes to with all other runs on these rows, in a sentence


def final_of(scores: Sequence[Score]) -> Final | None:
    """The newest test of S among a run's scores, with what was measured likewise; None before there is one."""
    tested = [s for s in scores if s.of == "synthetic" and s.protocol.split == "test"]
    if not tested:
        return None
    last = tested[-1]
    return Final(last, {s.of: s for s in scores if s.of != "synthetic" and s.protocol == last.protocol})


SPENT = (
    "How much may have been learned of any one private row so far, by the account of the run's mechanism. Map, "
    "examples, accuracies and rivals are of a public part. Further runs on the same rows add their ε unless they share "
    "a release."
)


def line(run: Run, numbers: Numbers, now: float | None = None) -> str:
    """The status of a run as HTML; every number carries its explanation."""
    parts = [_state(run)]
    if run.status == "queued":
        return _box([*parts, _words("waits until the device is free: other runs are before it.")])
    if run.status == "failed":
        return _box([*parts, _words(" ".join(filter(None, [run.text, CURE])))])
    if run.status == "interrupted":
        parts.append(_words(run.text if "resume" in run.text else f"{run.text} {PRESS}".strip()))
    parts.append(_fact(f"{run.step:,}", f"/ {run.steps:,} steps", "One step is one update of the synthetic set."))
    parts += _speed(run, numbers)
    parts += _quality(numbers)
    if run.status == "done" and run.text:
        parts.append(_words(run.text))
    if numbers.parting is not None:
        parts.append(_parting(run, numbers.parting))
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
    text = f"<i></i>{run.status}{html.escape(phase)}"
    return why(text, run.text or "How the run is doing.", name="state", style=f"dc-state dc-{run.status}")


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
    if numbers.epsilon is not None:
        parts.append(_fact(f"ε {numbers.epsilon:.3g}", "spent", " ".join(filter(None, [SPENT, numbers.together]))))
    if numbers.accuracy is not None and numbers.final is None:
        how = protocol(numbers.protocol) if numbers.protocol else "Of fresh networks on held-out real samples."
        sentence = f"{how} The test set is not touched while the run goes on."
        parts.append(_fact(f"{100 * numbers.accuracy:.1f} %", "held-out accuracy", sentence, before=True))
    if numbers.off is not None and numbers.images:
        parts.append(_fact(f"{numbers.off} of {numbers.images}", "off-manifold", OFF, before=True))
    if numbers.final is not None:
        return parts + _result(numbers.final, numbers.bytes)
    if numbers.baselines:
        text = " · ".join(f"{html.escape(name)} {100 * value:.1f}" for name, value in numbers.baselines.items())
        parts.append(why(text, f"The same test {RIVALS}{_chosen_from(numbers.among)}", name="rivals"))
    return parts


def _parting(run: Run, parting: Parting) -> str:
    """The flag, which leads to the frame where objective and yardsticks part."""
    href = html.escape(f"?run={quote(run.id)}&step={parting.step}", quote=True)
    title = html.escape(f"{parting.sentence} Go to this step.", quote=True)
    text = f"after step {parting.step:,} <span>the objective falls, </span>the yardsticks rise"
    return f'<a class="dc-parting" href="{href}" title="{title}">{text}</a>'


def _result(final: Final, stored: float | None) -> list[str]:
    """The result of a finished run, beside its rivals."""
    score, networks = final.score, final.score.protocol.seeds
    learned = "" if score.step_size is None else f" SGD at the learned step size {score.step_size:.3g}."
    sentence = f"{protocol(score.protocol)}{learned} Mean ± standard deviation; the last update counts, never the best."
    if stored is not None:
        sentence += f" The set takes {stored:,.0f} bytes: images as 32-bit numbers, soft labels, stored views."
    text = f"test accuracy <b>{_spread(score)} %</b>, {networks} network{'' if networks == 1 else 's'}"
    parts = [why(text, sentence, name="result", style="dc-result")]
    rivals: dict[str, Score | None] = {name: s for name, s in final.rivals.items() if name in UNCHOSEN}
    picks = {name: s for name, s in final.rivals.items() if name not in UNCHOSEN}
    if picks:
        best = max(picks, key=lambda name: picks[name].mean)
        rivals = {"random": rivals.pop("random", None), f"best selection ({best})": picks[best], **rivals}
    text = " · ".join(f"{html.escape(name)} {_spread(s)}" for name, s in rivals.items() if s is not None)
    said = f"The same protocol {RIVALS}{_chosen_from(among_of(final.rivals.values()))}"
    return [*parts, why(text, said, name="rivals")] if text else parts


def among_of(scores: Iterable[Score]) -> int | None:
    """From how many samples of each class rivals were chosen at most; None where each is of all."""
    return max((score.among for score in scores if score.among is not None), default=None)


def _chosen_from(among: int | None) -> str:
    return "" if among is None else f" Chosen from at most {among:,} samples of each class."


def _spread(score: Score) -> str:
    mean = f"{100 * score.mean:.1f}"
    return f"{mean} ± {100 * score.std:.1f}" if len(score.values) > 1 else mean


def protocol(of: EvaluationProtocol) -> str:
    """How an accuracy is measured, in a sentence."""
    networks = f"{of.seeds} fresh {NETWORKS.get(of.network, of.network)}s of width {of.width}, each"
    if of.seeds == 1:
        networks = f"One fresh {NETWORKS.get(of.network, of.network)} of width {of.width},"
    augment = f" with augmentation ({of.augment.replace('_', ', ')})" if of.augment else ""
    where = "the test set" if of.split == "test" else "the held-out tenth of the real ones"
    return f"{networks} trained for {of.updates:,} updates{augment} on the synthetic samples and tested on {where}."


def _fact(value: str, unit: str, sentence: str, *, before: bool = False) -> str:
    text = f"{unit} <b>{value}</b>" if before else f"<b>{value}</b> {unit}"
    return why(text, sentence, name=unit.split()[-1])


def _words(text: str) -> str:
    return f'<span class="dc-words">{html.escape(text)}</span>'


def _box(parts: list[str]) -> str:
    return f'<div class="dc-status" role="status">{"".join(parts)}</div>'


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(17.4), duration(95), duration(180), duration(7300)
    ('17 s', '1 min 35 s', '3 min', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole >= 3 else f"{seconds:.1g} s"
    large, small = (f"{whole // 60} min", f"{whole % 60} s")
    if whole >= 3600:
        large, small = f"{whole // 3600} h", f"{whole % 3600 // 60} min"
    return large if small.startswith("0 ") else f"{large} {small}"


def roughly(seconds: float) -> str:
    """The same where there is little room.

    >>> roughly(17.4), roughly(95), roughly(7300)
    ('17 s', '2 min', '2 h')
    """
    if seconds < 90:
        return duration(seconds) if seconds < 60 else "1 min"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


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
