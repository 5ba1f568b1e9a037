"""What every command shares: how errors end, where runs are found, how results are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from dcviz.errors import Cancelled, Refused, unknown
from dcviz.records import SAME_LABELS, EvaluationProtocol, Score

if TYPE_CHECKING:
    from dcviz.runs.store import Run, Store

FAILED, REFUSED, INTERRUPTED = 1, 2, 130  # exit codes; 0 is done

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
StopAfter = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="Stop after so many seconds of condensing; `dcviz resume` goes on, bit for bit."
    ),
]
TheRun = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of it, its name, or `last`.")]


class Commands(TyperGroup):
    """The commands. What is refused ends as one sentence and exit code 2, Ctrl-C with 130: never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except Refused as refusal:
            typer.echo(f"dcviz: {refusal}", err=True)
            raise typer.Exit(REFUSED) from refusal
        except (KeyboardInterrupt, Cancelled):
            typer.echo("dcviz: interrupted.", err=True)
            raise typer.Exit(INTERRUPTED) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command by name; an unknown one is refused with the nearest."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise unknown("command", args[0], self.commands)
        return super().resolve_command(ctx, args)


def store() -> Store:
    """The store of ``DCVIZ_HOME``, runs whose process is gone marked as interrupted, the bin rid of what is old."""
    from dcviz.runs.store import Store

    opened = Store()
    opened.sweep()
    opened.expire()
    return opened


def find(store: Store, text: str) -> Run:
    """A run by id, beginning of its id, name, or ``last``."""
    if text == "last":
        newest = store.runs(limit=1)
        if not newest:
            raise Refused(f"there is no run in {store.home} yet: start one with dcviz condense.")
        return newest[0]
    named = store.runs(name=text)
    if len(named) > 1:
        raise Refused(f"{len(named)} runs are named {text!r}: give an id, one of {', '.join(r.id for r in named[:9])}.")
    return named[0] if named else store.find(text)


def final_score(run: Run, scores: Sequence[Score]) -> Score | None:
    """The accuracy on the test set that belongs to the run: under its own protocol, else the first there is."""
    found = [s for s in scores if s.of == "synthetic" and s.protocol.split == "test"]
    return next((s for s in found if s.protocol == run.config.evaluation), found[0] if found else None)


def rival(scores: Sequence[Score], kind: str, like: Score) -> Score | None:
    """The score of a baseline under the same protocol as another."""
    return next((s for s in scores if s.of == kind and s.protocol == like.protocol), None)


def percent(score: Score) -> str:
    """Mean and spread in per cent.

    >>> percent(Score(0.9123, 0.004, (0.91, 0.92), EvaluationProtocol()))
    '91.2 ± 0.4 %'
    """
    spread = f" ± {100 * score.std:.1f}" if len(score.values) > 1 else ""
    return f"{100 * score.mean:.1f}{spread} %"


def among(score: Score) -> str:
    """Of how many real samples a baseline was chosen, in words; empty where of all.

    >>> among(Score(0.9, 0.0, (0.9,), EvaluationProtocol(), of="herding", among=21399))
    ', chosen from at most 21,399 samples of each class'
    """
    return "" if score.among is None else f", chosen from at most {score.among:,} samples of each class"


def in_words(protocol: EvaluationProtocol) -> str:
    """How an accuracy was measured.

    >>> in_words(EvaluationProtocol())
    '3 fresh ConvNets of width 32, each trained for 300 updates of 64 (Adam, rate 0.003, cosine), on the test set'
    """
    p = protocol
    name = {"convnet": "ConvNet", "mlp": "MLP", "linear": "linear classifier"}.get(p.network, p.network)
    name += "s" if p.seeds > 1 else ""
    width = f" of width {p.width}" if p.width else ""
    each = "each " if p.seeds > 1 else ""
    optimiser = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}[p.optimiser]
    augment = f", augmented by {p.augment.replace('_', ', ')}" if p.augment else ""
    where = "the test set" if p.split == "test" else "the held-out tenth of the training set"
    how = f"{optimiser}, rate {p.rate:g}, {p.schedule}{augment}"
    return f"{p.seeds} fresh {name}{width}, {each}trained for {p.updates} updates of {p.batch} ({how}), on {where}"


def tell_score(score: Score, scores: Sequence[Score]) -> str:
    """An accuracy with the random baseline beside it and the protocol below."""
    random = rival(scores, "random", score)
    same = rival(scores, SAME_LABELS, score)
    beside = f" (random real samples: {percent(random)})" if random is not None else ""
    if random is not None and same is not None:
        beside = f" (random real samples: {percent(random)}, with labels like these: {percent(same)})"
    learned = "" if score.step_size is None else f", at the learned step size {score.step_size:.3g}"
    return f"accuracy {percent(score)}{beside}\n  {in_words(score.protocol)}{learned}"


def score_json(score: Score | None) -> dict[str, Any] | None:
    """A score as plain values."""
    import dataclasses

    return None if score is None else dataclasses.asdict(score)


def summary(store: Store, run: Run) -> dict[str, Any]:
    """A run with its accuracy and rivals as plain values: what --json prints."""
    scores = store.scores(run.id)
    score = final_score(run, scores)
    rivals = [] if score is None else [s for s in scores if s.of != "synthetic" and s.protocol == score.protocol]
    return {
        "id": run.id,
        "name": run.name,
        "tags": list(run.tags),
        "note": run.note,
        "status": run.status,
        "text": run.text,
        "step": run.step,
        "steps": run.steps,
        "seconds": round(run.seconds, 3),
        "device": run.device,
        "created": run.created,
        "accuracy": score_json(score),
        "baselines": {s.of: score_json(s) for s in rivals},
    }


def print_json(value: Any) -> None:
    """One JSON value on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))
