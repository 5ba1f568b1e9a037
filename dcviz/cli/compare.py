"""`dcviz compare`: what several runs cost and reach, and what differs among them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from dcviz.cli.common import AsJson, find, in_words, print_json, store
from dcviz.cli.results import columns
from dcviz.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dcviz.runs.comparing import Measure, Row, Table, Value
    from dcviz.runs.store import Run, Store

Runs = Annotated[list[str], Argument(metavar="RUN...", help="Ids, beginnings of ids, names, or `last`.")]


def compare(
    runs: Runs,
    each: Annotated[bool, Option("--each", help="Every repeat in a column of its own.")] = False,
    to: Annotated[Path | None, Option("--csv", help="Write every number of every run to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print what runs cost and reach, and what differs; runs that differ only in the seed are taken together."""
    from dcviz.runs.comparing import as_csv
    from dcviz.runs.differing import groups, labels

    place = store()
    found = groups(list({run.id: run for run in (find(place, text) for text in runs)}.values()))
    names, table = labels(found), measured(place, found)
    if to is not None:
        try:
            to.write_text(as_csv(table, names, in_words), encoding="utf-8")
        except OSError as error:
            raise Refused(f"{to} cannot be written ({error.strerror}): choose another place.") from error
    if as_json:
        print_json(_json(table, names, found))
        return
    typer.echo(columns(_lines(table, names, each)))
    _protocols(table)
    _differences(found, names)


def measured(store: Store, groups: Sequence[Sequence[Run]]) -> Table:
    """The table of these groups."""
    from dcviz.runs.comparing import compare

    runs = [run for group in groups for run in group]
    made = {run.id: size for run in runs if (size := _made(store, run)) is not None}
    metrics = {run.id: store.metrics(run.id) for run in runs}
    scores = {run.id: store.scores(run.id) for run in runs}
    return compare(groups, metrics, scores, made)


def _made(store: Store, run: Run) -> int | None:
    """M, its synthetic samples; None before its first picture."""
    kept = store.frames(run.id)
    return len(store.frame(run.id, kept[-1])[1]["ids"]) if kept else None


def _lines(table: Table, names: Sequence[str], each: bool) -> list[tuple[str, ...]]:
    """A line for each measure and a column for each group, which fits a terminal."""
    from dcviz.runs.comparing import mixed

    shown: list[tuple[str, Row]] = []
    for name, row, single in zip(names, table.rows, table.single, strict=True):
        shown.append((name, row))
        shown += [(one.runs[0].id, one) for one in single if each and len(single) > 1]
    unlike = mixed(table)
    lines = [("", *(name for name, _ in shown)), ("repeats", *(str(len(row.runs)) for _, row in shown))]
    for key, measure in table.measures.items():
        lines.append((measure.title, *(_cell(row.values.get(key), measure, key in unlike) for _, row in shown)))
    return [*lines, ("parting", *(_parting(row) for _, row in shown))]


def _cell(value: Value | None, measure: Measure, unlike: bool) -> str:
    if value is None:
        return "-"
    mark = f" [{value.protocol + 1}]" if unlike else ""
    return f"{measure.written(value)} {measure.spread(value)}".rstrip() + mark


def _parting(row: Row) -> str:
    if row.parting is not None:
        return f"after step {row.parting.step}"
    return f"in {row.parts} of {len(row.runs)}" if row.parts else "no"


def _protocols(table: Table) -> None:
    from dcviz.runs.comparing import mixed

    unlike = mixed(table)
    for name, known in table.protocols.items():
        if name not in unlike:
            typer.echo(f"\n{table.measures[name].title}, same protocol: {in_words(known[0])}")
            continue
        typer.echo(f"\n{table.measures[name].title}: not the same protocol, so these numbers do not compare")
        for number, protocol in enumerate(known, 1):
            typer.echo(f"  [{number}] {in_words(protocol)}")


def _differences(groups: Sequence[Sequence[Run]], names: Sequence[str]) -> None:
    from dcviz.runs.differing import differences, said

    found = [d for d in differences([group[0].config for group in groups]) if d.path not in ("seed", "device")]
    if not found:
        typer.echo("\nnothing differs but the seed")
        return
    typer.echo("\nwhat differs")
    typer.echo(columns([("", *names), *((d.words, *map(said, d.values)) for d in found)]))


def _json(table: Table, names: Sequence[str], groups: Sequence[Sequence[Run]]) -> dict[str, Any]:
    from dcviz.runs.differing import ABSENT, differences

    def plain(row: Row) -> dict[str, Any]:
        values: dict[str, Any] = {
            name: {"mean": v.mean, "spread": v.spread, "n": v.n} for name, v in row.values.items()
        }
        for name, known in table.protocols.items():
            if name in values:
                values[name]["protocol"] = in_words(known[row.values[name].protocol])
        return {"runs": [run.id for run in row.runs], "parts": row.parts, "measures": values}

    rows = [
        {"label": name, **plain(row), "each": [plain(one) for one in single]}
        for name, row, single in zip(names, table.rows, table.single, strict=True)
    ]
    found = differences([group[0].config for group in groups])
    return {
        "groups": rows,
        "differences": {d.path: [None if v is ABSENT else v for v in d.values] for d in found},
    }
