"""`dcviz evaluate RUN --suite …`: what a set is good for, property by property, beside its rivals."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dcviz.cli.atlas import Bar
from dcviz.cli.common import print_json

if TYPE_CHECKING:
    from dcviz.evaluation.suite import Figure, Report
    from dcviz.evaluation.suite.assess import Scale
    from dcviz.records import EvaluationProtocol
    from dcviz.runs.store import Store

SHORT = {"synthetic": "this set"}  # as columns are called
WIDEST = 60  # characters of a row's name


def evaluate_suite(  # noqa: PLR0913  (what `dcviz evaluate` was given)
    store: Store,
    run: str,
    suite: str,
    scale: Scale,
    protocol: EvaluationProtocol,
    *,
    groups: Path | None,
    device: str,
    as_json: bool,
) -> None:
    """Measure, and print a table for every property, or one JSON object."""
    from dcviz.evaluation.suite import chosen
    from dcviz.runs.suite import measure_suite

    wanted = chosen(suite, scale)
    with Bar(1, as_json) as bar:
        bar.begin(0, "")
        work = measure_suite(store, run, wanted, protocol=protocol, device=device, groups=groups)
        while True:
            try:
                what, fraction = next(work)
            except StopIteration as end:
                reports, refusals = end.value
                break
            bar.move(what, fraction)
    if as_json:
        print_json({"id": run, "reports": [dataclasses.asdict(r) for r in reports], "refused": refusals})
        return
    for report in reports:
        typer.echo("\n".join(told(report)))
    for refusal in refusals:
        typer.echo(refusal, err=True)


def told(report: Report) -> list[str]:
    """A report as lines: title, one table, notes and protocols."""
    from dcviz.cli.results import columns
    from dcviz.evaluation.suite import PROPERTIES
    from dcviz.evaluation.suite.words import place, shown

    kind = PROPERTIES[report.property]
    of = list(dict.fromkeys(f.of for f in report.figures))
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in report.figures:
        rows.setdefault((figure.quantity, place(figure.at)), {})[figure.of] = figure
    table: list[tuple[str, ...]] = [("", *(SHORT.get(o, o) for o in of))]
    for (name, where), by in rows.items():
        quantity = kind.quantity(name)
        title = f"{quantity.title}{f', {where}' if where else ''}"[:WIDEST]
        table.append((title, *(shown(by[o], quantity) if o in by else "-" for o in of)))
    protocols = list(dict.fromkeys(f.protocol for f in report.figures if f.of == of[0]))
    return [
        f"{kind.title} ({report.seconds:.0f} s)",
        columns(table),
        *(f"  {note}" for note in report.notes),
        *(f"  · {protocol}" for protocol in protocols),
        "",
    ]
