"""`dcviz label`, `delete`, `restore`, `queue` and `sweep`: what is done with many runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from dcviz.cli.common import FAILED, INTERRUPTED, AsJson, StopAfter, TheRun, find, print_json, store
from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.runs.store import Run, Store
    from dcviz.runs.vary import Plan

Runs = Annotated[list[str], typer.Argument(metavar="RUN…", help="Ids, beginnings of ids, or names.")]
Work = Annotated[bool, Option("--work", help="Work through the queue here and now.")]


def label(
    run: TheRun,
    name: Annotated[str | None, Option(metavar="TEXT", help="Another name; empty for none.")] = None,
    note: Annotated[str | None, Option(metavar="TEXT", help="Another note; empty for none.")] = None,
    tag: Annotated[list[str] | None, Option(metavar="TAG", help="A tag to add; may be given several times.")] = None,
    untag: Annotated[list[str] | None, Option(metavar="TAG", help="A tag to take off.")] = None,
) -> None:
    """Write a name, a note or tags on a run, or show them."""
    place = store()
    row = find(place, run)
    place.tag(row.id, *(tag or []))
    place.untag(row.id, *(untag or []))
    if name is not None:
        place.rename(row.id, name)
    if note is not None:
        place.annotate(row.id, note)
    row = place.run(row.id)
    typer.echo("  ".join(filter(None, [row.id, row.title, *(f"#{tag}" for tag in row.tags)])))
    if row.note:
        typer.echo(row.note)


def delete(runs: Runs) -> None:
    """Put runs into the bin: `dcviz restore` brings them back for seven days."""
    place = store()
    for row in [find(place, run) for run in runs]:  # all are found, or none is deleted
        place.delete(row.id)
        typer.echo(f"{row.id}  deleted; for seven days: dcviz restore {row.id}")


def restore(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="RUN…", help="Ids or names; none to list the bin.")
    ] = None,
    empty: Annotated[bool, Option("--empty", help="Instead: remove everything in the bin for good.")] = False,
) -> None:
    """Bring deleted runs back, list what is in the bin, or empty it."""
    place = store()
    if empty and runs:
        raise Refused("--empty removes all that is in the bin: give no runs with it.")
    if empty:
        count = len(place.empty_bin())
        typer.echo(f"{count} {'run' if count == 1 else 'runs'} removed for good.")
        return
    if not runs:
        _list_bin(place)
        return
    for row in [_in_bin(place, run) for run in runs]:
        place.restore(row.id)
        typer.echo(f"{row.id}  restored: {place.run(row.id).title}")


def _list_bin(place: Store) -> None:
    import time

    rows = place.bin()
    if not rows:
        typer.echo("The bin is empty.")
    for row in rows:
        typer.echo(f"{row.id}  {time.strftime('%Y-%m-%d %H:%M', time.localtime(row.deleted))}  {row.title}")


def _in_bin(place: Store, text: str) -> Run:
    """A run in the bin by id, beginning of its id, or name."""
    found = [row for row in place.bin() if row.id == text or row.name == text]
    found = found or [row for row in place.bin() if row.id.startswith(text)]
    if len(found) != 1:
        what = "no run" if not found else f"{len(found)} runs"
        raise Refused(
            f"there {'are' if len(found) > 1 else 'is'} {what} {text!r} in the bin; `dcviz restore` lists it."
        )
    return found[0]


def queue(
    first: Annotated[str | None, Option(metavar="RUN", help="Let this one be the next.")] = None,
    last: Annotated[str | None, Option(metavar="RUN", help="Let this one be the last.")] = None,
    cancel: Annotated[str | None, Option(metavar="RUN", help="Take this one out; it stays, paused.")] = None,
    work: Work = False,
    as_json: AsJson = False,
) -> None:
    """Show who waits, put the queue in order, or work through it."""
    place = store()
    if first is not None:
        place.move(find(place, first).id, next(iter(place.waiting()), None))
    if last is not None:
        place.move(find(place, last).id, None)
    if cancel is not None:
        _cancel(place, find(place, cancel))
    if work:
        work_through(place)
        return
    rows = [*place.runs(status="running", newest_first=False), *map(place.run, place.waiting())]
    if as_json:
        print_json([{"id": row.id, "name": row.name, "status": row.status, "step": row.step} for row in rows])
        return
    for row in rows:
        typer.echo(f"{row.id}  {row.status:<8}  {row.step}/{row.steps}  {row.title}")
    if not rows:
        typer.echo("Nothing runs, and nothing waits.")


def _cancel(place: Store, row: Run) -> None:
    if row.status != "queued":
        raise Refused(f"{row.id} is {row.status}: only a run that waits in the queue can be taken out of it.")
    place.command(row.id, "pause")


def sweep(  # noqa: PLR0913  (one parameter for each option)
    run: TheRun,
    repeats: Annotated[int, Option(metavar="N", help="So many further seeds, beside the run's own.")] = 0,
    seeds: Annotated[str, Option(metavar="NUMBERS", help="Instead: just these seeds, such as 0-4 or 1,7.")] = "",
    budgets: Annotated[str, Option(metavar="NUMBERS", help="Images per class, such as 1,10,50.")] = "",
    methods: Annotated[
        str, Option(metavar="NAMES", help="What may stand in the place of its divergence or preset: mmd,energy.")
    ] = "",
    stop_after: StopAfter = None,
    tag: Annotated[str, Option(metavar="TAG", help="For all of them; sweep 1, sweep 2 and so on unless given.")] = "",
    again: Annotated[bool, Option("--again", help="Also what is there already.")] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what would be queued.")] = False,
    work: Work = False,
    as_json: AsJson = False,
) -> None:
    """Queue every combination of methods, budgets and seeds, set up like a run; an open window works on them."""
    from dcviz.runs import vary

    place = store()
    config = find(place, run).config
    if repeats and seeds:
        raise Refused("give --repeats or --seeds: the one counts seeds, the other names them.")
    given = vary.whole_numbers(seeds, "seeds")
    if repeats:
        given = [config.seed, *vary.more_seeds(place, config, repeats)]
    names = [name.strip() for name in methods.split(",") if name.strip()]
    grid = vary.Grid(names, vary.whole_numbers(budgets, "budgets"), given)
    plan = vary.plan(place, config, grid, time_limit=stop_after, again=again)
    tag = tag or vary.next_tag(place)
    runs = [] if dry_run else vary.start(place, plan, time_limit=stop_after, tags=[tag])
    if as_json:
        print_json({"runs": runs, "count": len(plan.configs), "there": plan.there, "seconds": round(plan.seconds, 1)})
    else:
        _tell(plan, runs, tag, work)
    if work:
        work_through(place)


def _tell(plan: Plan, runs: list[str], tag: str, work: bool) -> None:
    from dcviz.runs.words import about

    for text in plan.refused:
        typer.echo(f"left out: {text}", err=True)
    basis = "measured here" if plan.measured else "calculated"
    there = f", {plan.there} more are there already" if plan.there else ""
    typer.echo(f"{len(plan.configs)} runs{there}: about {plan.seconds:.0f} s of condensing in all ({basis})")
    for i, config in enumerate(plan.configs):
        typer.echo(f"  {f'{runs[i]}  ' if runs else ''}{about(config)}")
    if runs and not work:
        typer.echo(f"queued, tagged {tag!r}: an open window works on them, or: dcviz queue --work")


def work_through(place: Store) -> None:
    """Work on the queue until it is empty; what fails is told, and the next one begins."""
    from dcviz.cli.work import announce, work_on

    failed = False
    while waiting := place.waiting():
        announce(place.run(waiting[0]))
        try:
            work_on(place, waiting[0], False)
        except typer.Exit as end:
            if end.exit_code == INTERRUPTED and place.run(waiting[0]).status in ("interrupted", "paused"):
                left = len(place.waiting())
                if left:
                    typer.echo(
                        f"{left} more are queued: dcviz queue --work goes on, and so does an open window.", err=True
                    )
                raise
            failed = True
    if failed:
        raise typer.Exit(FAILED)
