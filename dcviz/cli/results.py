"""`dcviz runs` and `dcviz evaluate`: what there is, and how good it is."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer import Option

from dcviz.cli.common import (
    AsJson,
    TheRun,
    among,
    final_score,
    find,
    percent,
    print_json,
    score_json,
    store,
    summary,
    tell_score,
)
from dcviz.errors import Refused
from dcviz.records import EvaluationProtocol
from dcviz.runs.search import ORDERS

if TYPE_CHECKING:
    from dcviz.runs.store import Run

SUITE = ("generalisation", "fair-scores", "robustness", "privacy", "fairness", "backdoor", "cost")
COLUMNS = ("id", "name", "status", "data", "discrepancy", "budget", "steps", "accuracy", "when")


def runs(  # noqa: PLR0913  (one parameter for each option)
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORD…", help="Only runs with these words: method, data, tag, note.")
    ] = None,
    limit: Annotated[int, Option(help="Show at most so many, the newest first; 0 for all.")] = 30,
    status: Annotated[list[str] | None, Option(help="Only runs that are done, failed and so on.")] = None,
    tag: Annotated[list[str] | None, Option(help="Only runs with this tag; several: with all of them.")] = None,
    sort: Annotated[str, Option(help=f"By {', '.join(ORDERS)}.")] = "newest",
    as_json: AsJson = False,
) -> None:
    """List the runs of the store (DCVIZ_HOME), newest first."""
    place = store()
    _, entries = place.search(
        " ".join(words or []), status=status or (), tags=tag or (), order=sort, limit=limit or None
    )
    rows = [entry.run for entry in entries]
    if as_json:
        print_json([{**summary(place, run), "config": json.loads(run.config_text)} for run in rows])
        return
    if not rows:
        none = f"No runs in {place.home} yet. Start one: dcviz condense --data digits --budget 10"
        typer.echo("No run fits: leave out a word or an option." if place.runs(limit=1) else none)
        return
    table: list[tuple[str, ...]] = [COLUMNS]
    for run in rows:
        score = final_score(run, place.scores(run.id))
        accuracy = percent(score) if score is not None else "-"
        progress = f"{run.step}/{run.steps}"
        table.append((run.id, run.name or "-", run.status, *_what(run), progress, accuracy, _when(run.created)))
    typer.echo(columns(table))
    for spent in place.spent_together().values():
        typer.echo(f"spent on the private rows of {spent.data} by all runs together: {spent}", err=True)


def _what(run: Run) -> tuple[str, str, str]:
    """Data, method and budget; a record of another version must not hide the others."""
    from dcviz.runs.words import method

    try:
        config = run.config
    except Refused:
        return "?", "of another version", "-"
    return config.data.name, method(config), str(config.budget)


def evaluate(  # noqa: PLR0913  (one parameter for each option)
    run: TheRun,
    network: Annotated[str | None, Option(help="convnet, mlp, linear, resnet18 or vit.")] = None,
    width: Annotated[int | None, Option(help="Channels or units; by default the network's usual width.")] = None,
    updates: Annotated[int | None, Option(help="Optimiser steps of each network.")] = None,
    batch: Annotated[int | None, Option(help="Samples in each of them.")] = None,
    rate: Annotated[float | None, Option(help="Learning rate.")] = None,
    augment: Annotated[str | None, Option(help="Such as crop_scale_rotate.")] = None,
    seeds: Annotated[int | None, Option(help="Fresh networks to train.")] = None,
    selections: Annotated[bool, Option("--selections", help="Measure every selection method beside it.")] = False,
    suite: Annotated[
        str | None,
        Option(metavar="NAMES", help=f"What else it is good for: all, or some of {', '.join(SUITE)}."),
    ] = None,
    scale: Annotated[Literal["quick", "full"], Option(help="How hard the suite looks.")] = "quick",
    groups: Annotated[
        Path | None, Option(metavar="FILE", help="An npz with the group of every sample: train, test; for the suite.")
    ] = None,
    device: Annotated[str, Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Train fresh networks on a run's result and test them on real data; the accuracy is kept with the run.

    With --suite it is measured property by property, beside random, herding, medoids, centroids and the whole set.
    """
    from dcviz.cli.suite import evaluate_suite
    from dcviz.evaluation import BASELINES
    from dcviz.nets import WIDTHS
    from dcviz.runs.service import evaluate_run, rival_of

    place = store()
    row = find(place, run)
    protocol = row.config.evaluation
    if network is not None and network != protocol.network:
        width = width if width is not None else WIDTHS.get(network, 0)
    given = {"network": network, "width": width, "updates": updates, "batch": batch, "rate": rate}
    given |= {"augment": augment, "seeds": seeds}
    protocol = _checked(replace(protocol, **{k: v for k, v in given.items() if v is not None}))  # type: ignore[arg-type]
    if suite is not None:
        evaluate_suite(place, row.id, suite, scale, protocol, groups=groups, device=device, as_json=as_json)
        return
    score = evaluate_run(place, row.id, protocol, device=device)
    kinds = [kind for kind in BASELINES if kind != "whole set"] if selections else ["random"]
    found = [rival_of(place, row.id, kind, score.protocol, device=device) for kind in kinds]
    rivals = [rival for rival in found if rival is not None]
    if as_json:
        print_json({"id": row.id, "accuracy": score_json(score), "baselines": {s.of: score_json(s) for s in rivals}})
    else:
        typer.echo(f"{row.id}  {tell_score(score, rivals)}")
        for one in rivals[1:]:
            typer.echo(f"  {one.of}: {percent(one)}{among(one)}")


def _checked(protocol: EvaluationProtocol) -> EvaluationProtocol:
    for field in fields(protocol):
        value: Any = getattr(protocol, field.name)
        if field.name in ("updates", "batch", "seeds") and value < 1:
            raise Refused(f"--{field.name} is {value}: give at least 1.")
    return protocol


def _when(seconds: float) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def columns(table: list[tuple[str, ...]]) -> str:
    """Rows as aligned columns; nothing is cut, so that ids can be copied."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join(lines)
