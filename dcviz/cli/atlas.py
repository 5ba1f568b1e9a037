"""`dcviz atlas`: condense the bundled data in every cell of the map, and show what came out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from dcviz.cli.common import AsJson, print_json, store
from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.atlas.grid import Cell
    from dcviz.atlas.measure import Result


def atlas(
    only: Annotated[
        list[str] | None, Argument(metavar="[TEXT]...", help="Only cells whose name contains one of these.")
    ] = None,
    device: Annotated[str, Option(metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    again: Annotated[bool, Option("--again", help="Measure also what the package already knows.")] = False,
    as_json: AsJson = False,
) -> None:
    """Condense the digits in every cell of the map, regime by divergence, and measure each result.

    What is measured is kept: broken off with Ctrl-C, the same command goes on where it was. Every cell is also a run,
    to be opened in the Lab.
    """
    from dcviz.atlas.grid import entries
    from dcviz.atlas.measure import known, measure_cell

    chosen = [cell for cell in entries() if not only or any(text in cell.key for text in only)]
    if not chosen:
        raise Refused(f"no cell contains {', '.join(only or [])}; names look like data/energy or preset/dm.")
    place, found = store(), []
    with Bar(len(chosen), as_json) as bar:
        for i, cell in enumerate(chosen):
            bar.begin(i, cell.key)
            result = None if again else known(place, cell)
            if result is None:
                result = measure_cell(place, cell, bar.move, device, again=again)
            found.append(result)
            if not as_json:
                typer.echo(_line(cell, result))
    if as_json:
        print_json([{k: v for k, v in asdict(r).items() if k != "picture"} for r in found])


def _line(cell: Cell, result: Result) -> str:
    if result.refused:
        return f"{cell.key:<40}  {result.refused}"
    accuracy = f"{100 * result.mean:5.1f} ± {100 * result.spread:.1f} %"
    return f"{cell.key:<40}  {accuracy}  {result.seconds:6.1f} s  {', '.join(cell.presets)}".rstrip()


class Bar:
    """A progress bar in a terminal; nothing elsewhere, where the lines tell."""

    def __init__(self, cells: int, quiet: bool) -> None:
        self.cells, self.shown = cells, sys.stderr.isatty() and not quiet

    def __enter__(self) -> Bar:
        if self.shown:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (
                BarColumn(),
                TextColumn("{task.percentage:3.0f} %"),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
            )
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task("", total=self.cells)
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown:
            self.bar.stop()

    def begin(self, done: int, what: str) -> None:
        """The next cell."""
        self.done = done
        self.move(what, 0.0)

    def move(self, what: str, part: float) -> None:
        """A fraction of this cell is done."""
        if self.shown:
            self.bar.update(self.task, completed=self.done + part, description=what)
