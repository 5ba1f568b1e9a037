"""The command line, ``dcviz condense|evaluate|nearest|compare|runs|export|import|…``: the engine needs no screen."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dcviz.cli import atlas, compare, condense, doctor, exchange, frontier, nearest, results, shelf
from dcviz.cli.common import Commands
from dcviz.cli.names import WithNames

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: quick to start, and the same in every terminal
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command(cls=WithNames)(condense.condense)
app.command()(results.runs)
app.command()(condense.resume)
app.command()(results.evaluate)
app.command()(nearest.nearest)
app.command()(compare.compare)
app.command()(exchange.export)
app.command("import")(exchange.bring)
for command in (shelf.label, shelf.delete, shelf.restore, shelf.queue, shelf.sweep):
    app.command()(command)
app.command()(frontier.frontier)
app.command()(atlas.atlas)
app.command()(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from dcviz import __version__

        typer.echo(f"dcviz {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Condense data sets and judge the result. `streamlit run app.py` shows the same runs in a browser, live."""


def main() -> None:
    """Run the command line of this process."""
    sys.exit(app())
