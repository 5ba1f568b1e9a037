"""`dcviz export` and `dcviz import`: runs and sets away from here, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Option

from dcviz.cli.common import AsJson, TheRun, find, print_json, store
from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.runs.store import Run, Store

Theme = Literal["light", "dark"]


def export(  # noqa: PLR0913  (one parameter for each option)
    run: TheRun,
    to: Annotated[
        Path | None,
        Option(help="A file whose ending says the format, or a folder; dcviz-RUN with that ending unless given."),
    ] = None,
    format: Annotated[
        str | None,
        Option(help="npz, safetensors, folder (PNG by class), sheet (PNG), gif, webp, csv, html (replay) or archive."),
    ] = None,
    html: Annotated[bool, Option("--html", help="The same as --format html: one file that plays offline.")] = False,
    command: Annotated[bool, Option("--command", help="Print the command that makes the same run.")] = False,
    python: Annotated[bool, Option("--python", help="Print a script that makes the same run.")] = False,
    seconds: Annotated[float, Option(help="That an animation takes.")] = 8.0,
    theme: Annotated[Theme, Option(help="Of a replay.")] = "light",
    force: Annotated[bool, Option("--force", help="Replace what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a run's set, pictures, curves, replay or all of it to a file or folder, or print what repeats it."""
    place = store()
    row = find(place, run)
    if sum((html, command, python, format is not None)) > 1:
        raise Refused("give one of --format, --html, --command and --python: they say what is exported.")
    if command or python:
        _print_source(place, row, python)
        return
    written = _written(place, row, to, "html" if html else format, seconds=seconds, theme=theme, force=force)
    script = written / "train.py" if written.is_dir() else written.with_name(f"{written.name}.train.py")
    if as_json:
        print_json({"path": str(written.absolute()), "script": str(script.absolute()) if script.exists() else None})
        return
    typer.echo(f"{written}" + (f"  (train on it: python {script})" if script.exists() else ""))


def _written(  # noqa: PLR0913  (the rest by keyword)
    place: Store, row: Run, to: Path | None, format: str | None, *, seconds: float, theme: Theme, force: bool
) -> Path:
    from dcviz.runs import export as exporting
    from dcviz.runs.export.places import write_files

    if to is None:
        ending = ".html" if format == "html" else exporting.ENDINGS.get(format or "npz", "")
        to = Path(f"dcviz-{row.id}{ending}")
    if format != "html" and to.suffix.lower() != ".html":
        return exporting.export(place, row.id, to, format, force=force, seconds=seconds)
    if format not in (None, "html") or to.suffix.lower() != ".html":
        raise Refused(f"{to.name} does not end as its format does: give .html for a replay, and for nothing else.")
    from dcviz.replay import replay

    to = to.expanduser()
    write_files(to, {to.name: replay(place, row.id, theme)}, force)
    return to


def _print_source(place: Store, row: Run, python: bool) -> None:
    from dcviz.runs.export.commands import changes_of, command_line, remarks
    from dcviz.runs.export.commands import python as script_of

    typer.echo(script_of(row.config, changes_of(place, row.id)) if python else command_line(row.config), nl=not python)
    for remark in remarks(place, row.id):
        typer.echo(remark, err=True)


def bring(  # noqa: PLR0913  (one parameter for each option)
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="A .dcviz.zip; or a published set: .pt, .npz, .npy or .safetensors (images and labels in one file or "
            "two), a zip of these, or a folder or zip of class folders.",
        ),
    ],
    data: Annotated[
        str | None, Option(metavar="NAME", help="The data that a set was made from, such as mnist.")
    ] = None,
    path: Annotated[str | None, Option(metavar="PATH", help="Instead: your own images, as for condense.")] = None,
    classes: Annotated[str | None, Option(metavar="NAMES", help="Only these classes of them, by name: 0,1,2.")] = None,
    normalised: Annotated[
        str,
        Option(
            metavar="HOW",
            help="How its pixels are scaled: auto (from the values), no, yes (by the usual mean and deviation of the "
            "data), zca (MTT's whitening), or MEAN/STD such as 0.1307/0.3081 or 0.49,0.48,0.45/0.2,0.2,0.2.",
        ),
    ] = "auto",
    labels: Annotated[str, Option(metavar="KIND", help="auto, hard, probabilities, logits or values.")] = "auto",
    number: Annotated[int | None, Option(metavar="N", help="Which of several sets in a file; the last.")] = None,
    parameterisation: Annotated[
        str, Option(metavar="NAME", help="How stored images decode: pixels, or multi-formation-2 for IDC's.")
    ] = "pixels",
    name: Annotated[str, Option(metavar="TEXT", help="A name for the run it becomes.")] = "",
    evaluate: Annotated[bool, Option("--evaluate/--no-evaluate", help="Judge a set on real test data.")] = True,
    as_json: AsJson = False,
) -> None:
    """Read an exported run, or a published synthetic set, which becomes a run without steps, to look at and judge."""
    from dcviz.cli import condense as condensing
    from dcviz.records import DataConfig, from_dict
    from dcviz.runs import importing

    place = store()
    source = condensing.data_source({}, data, path, classes, None)
    config = from_dict(DataConfig, source, "data") if data is not None or path is not None else None
    taken = importing.Taken(config, normalised, labels, number, parameterisation)
    brought = importing.bring(place, files, taken, name=name, status="paused" if evaluate else "done")
    row = place.run(brought.run)
    if not as_json:
        typer.echo(f"{row.id}: {brought.said}", err=True)
    if evaluate and not brought.whole:
        from dcviz.cli.work import work_on

        work_on(place, row.id, as_json)
        return
    if as_json:
        from dcviz.cli.common import summary

        print_json(summary(place, row))
    else:
        typer.echo(f"{row.id}  {row.status}")
