"""Working on a run in the foreground: what is shown meanwhile, and how it ends."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import typer

from dcviz.cli.common import FAILED, INTERRUPTED, final_score, print_json, summary, tell_score
from dcviz.records import RunConfig

if TYPE_CHECKING:
    from dcviz.runs.store import Run, Store
    from dcviz.runs.worker import OnProgress, Progress

LINE_SECONDS = 5.0  # between lines where there is no terminal
READ_SECONDS = 0.25  # between looks at the objective


def preflight(config: RunConfig, *, quiet: bool) -> None:
    """Refuse what does not fit before a run is written down; downloads data that is missing."""
    from dcviz.condensing.parameterise import parameterisation
    from dcviz.condensing.start import check as check_start
    from dcviz.data import dataset
    from dcviz.objectives.applying import effective
    from dcviz.runs.problem import budgets, check, device_of, discrepancy_of, refuse_unmet
    from dcviz.types import silent

    check(config)
    config = effective(config)
    device_of(config.device)
    data = dataset(config.data, silent if quiet else _Reading())
    decoder = parameterisation(config.parameterisation, data.shape)
    check_start(config.start, data, budgets(config, data, decoder.expand))
    refuse_unmet(discrepancy_of(config), data)


def announce(run: Run) -> None:
    """Say on stderr what begins, and how to stop it."""
    from dcviz.runs.words import method

    config = run.config
    data = config.data.path or config.data.name
    typer.echo(f"{run.id}: {method(config)} on {data}, {config.budget} per class, {config.steps} steps", err=True)


def work_on(store: Store, run: str, as_json: bool) -> None:
    """Take a run to its end in this process, then say how it went; the exit code says it too."""
    from dcviz.runs.service import open_job
    from dcviz.runs.worker import drive

    interrupted = False
    display = nullcontext(_silent) if as_json else _display(store, store.run(run))
    with display as show:
        try:
            drive(store, lambda claimed: open_job(store, claimed), run, on_progress=show)
        except KeyboardInterrupt:
            interrupted = True
    row = store.run(run)
    if as_json:
        print_json(summary(store, row))
    else:
        _tell(store, row)
    if interrupted or row.status in ("paused", "cancelled"):
        raise typer.Exit(INTERRUPTED)
    if row.status != "done":
        raise typer.Exit(FAILED)


def _tell(store: Store, run: Run) -> None:
    """How it went, the run's id and its accuracy last."""
    if run.status != "done":
        why = run.text.removeprefix(f"{run.status}: ") or f"go on with `dcviz resume {run.id}`."
        typer.echo(f"{run.id}  {run.status} at step {run.step} of {run.steps}: {why}", err=True)
        return
    scores = store.scores(run.id)
    score = final_score(run, scores)
    known = store.metrics(run.id, names=("bytes",))
    stored = f", {known['bytes'][1][-1]:,.0f} bytes stored" if "bytes" in known else ""
    typer.echo(f"{run.id}  done, {run.steps} steps in {run.seconds:.1f} s{stored}")
    if run.text:
        typer.echo(f"  {run.text}")
    if score is not None:
        typer.echo(tell_score(score, scores))


def _silent(at: Progress) -> None:
    """The display that shows nothing."""


class _Reading:
    """Says what is being read or downloaded, in lines: when it begins, and every tenth of it that takes long."""

    def __init__(self) -> None:
        self._what, self._said, self._at = "", 0.0, time.monotonic()

    def __call__(self, what: str, fraction: float) -> None:
        if time.monotonic() - self._at > 1 and (what != self._what or fraction >= self._said + 0.1):
            typer.echo(f"{what} {100 * fraction:.0f} %", err=True)
            self._what, self._said = what, fraction


def _display(store: Store, run: Run) -> AbstractContextManager[OnProgress]:
    return _Bar(store, run) if sys.stderr.isatty() else _Lines(store, run)


class _Lines(AbstractContextManager["OnProgress"]):
    """A line now and then, for logs."""

    def __init__(self, store: Store, run: Run) -> None:
        self.store, self.run = store, run
        self._begun: tuple[int, float] | None = None  # step and seconds when the first step was seen
        self._objective: float | None = None
        self._read = self._shown = time.monotonic()

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def __call__(self, at: Progress) -> None:
        """Take note of where the run is."""
        if self._begun is None or at.step < self._begun[0]:
            self._begun = at.step, at.seconds
        if time.monotonic() - self._read > READ_SECONDS:
            self._read = time.monotonic()
            found = self.store.metrics(self.run.id, ["objective"], at.step - 50).get("objective")
            if found is not None and len(found[1]):
                self._objective = float(found[1][-1])
        self.show(at)

    def show(self, at: Progress) -> None:
        """Write a line when the last one is old enough."""
        if time.monotonic() - self._shown > LINE_SECONDS:
            self._shown = time.monotonic()
            typer.echo(f"step {at.step}/{self.run.steps}  {self.numbers(at)}", err=True)

    def numbers(self, at: Progress) -> str:
        """Speed, objective, and what is being done."""
        step, seconds = self._begun or (0, 0.0)
        speed = f"{(at.step - step) / (at.seconds - seconds):.1f} steps/s  " if at.seconds > seconds else ""
        objective = f"objective {self._objective:.4g}  " if self._objective is not None else ""
        return f"{speed}{objective}{at.phase or 'waiting for the device'}"


class _Bar(_Lines):
    """A bar in the terminal."""

    def __enter__(self) -> _Bar:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[numbers]}"))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=self.run.steps, completed=self.run.step, numbers="preparing")
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, at: Progress) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=at.step, numbers=self.numbers(at))
