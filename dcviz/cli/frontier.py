"""`dcviz frontier`: what an objective gains and what it costs, over its strengths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer import Option

from dcviz.cli.common import AsJson, StopAfter, TheRun, find, print_json, store
from dcviz.cli.condense import Plugins
from dcviz.cli.shelf import Work, work_through
from dcviz.errors import Refused

if TYPE_CHECKING:
    from dcviz.evaluation.suite.assess import Scale
    from dcviz.records import RunConfig
    from dcviz.runs.frontier import Point, Strength
    from dcviz.runs.store import Store
    from dcviz.runs.vary import Plan


def frontier(  # noqa: PLR0913  (one parameter for each option)
    run: TheRun,
    objective: Annotated[
        str | None, Option(metavar="NAME", help="What to ask more and less of; the run's own unless given.")
    ] = None,
    strengths: Annotated[
        str, Option(metavar="VALUES", help="Such as 0.1,1,10; by default a few from little to much of it.")
    ] = "",
    seeds: Annotated[str, Option(metavar="NUMBERS", help="Repeats of each, such as 0-2; the run's own seed.")] = "",
    scale: Annotated[Literal["quick", "full"], Option(help="How hard the suite looks at what is aimed at.")] = "quick",
    out: Annotated[Path | None, Option(metavar="FILE", help="Draw the front, as SVG.")] = None,
    stop_after: StopAfter = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what would be queued.")] = False,
    work: Work = False,
    plugin: Plugins = None,
    as_json: AsJson = False,
) -> None:
    """Spread runs over the strength of an objective, measure what it aims at, and tell what it costs.

    The run gives everything else; one without the objective is among them. What is there already is not run again:
    the same command goes on where it was broken off. With --work all is condensed and measured here and now; without
    it runs are queued for an open window, and what is known so far is told.
    """
    from dcviz.registry import load_plugin
    from dcviz.runs import frontier as engine
    from dcviz.runs import vary

    for file in plugin or []:
        load_plugin(file)
    place = store()
    config = find(place, run).config
    name = _chosen(config, objective)
    if out is not None and out.suffix != ".svg":
        raise Refused(f"--out {out.name} is drawn as SVG: give a name that ends with .svg.")
    wanted = [None, *_values(name, strengths)]
    plan = engine.plan(place, config, name, wanted, vary.whole_numbers(seeds, "seeds"))
    if dry_run:
        _tell_plan(plan, as_json)
        return
    queued = vary.start(place, plan, time_limit=stop_after, tags=[f"frontier {name}"])
    if not as_json:
        _tell_plan(plan, as_json)
    if work:
        work_through(place)
        _measure(place, config, name, scale, as_json)
    known = engine.points(place, config, name, scale)
    if as_json:
        print_json({"objective": name, "queued": queued, "refused": plan.refused, "points": _plain(known, name)})
    else:
        typer.echo("\n".join(_told(place, known, name, scale)))
    if out is not None:
        _draw(known, name, out)


def _chosen(config: RunConfig, given: str | None) -> str:
    """The objective by name: what is asked for, else the run's own where it has one."""
    from dcviz import registry

    if given is not None:
        return str(registry.find("objective", given).name)
    own = [o.name for o in config.objectives]
    if len(own) != 1:
        what = f"pursues {len(own)} objectives" if own else "pursues no objective"
        known = own or list(registry.known("objective"))
        raise Refused(f"this run {what}: say which with --objective, one of {', '.join(known) or 'none here'}.")
    return own[0]


def _values(name: str, text: str) -> list[Strength]:
    """Strengths from a text with commas, of the type that the objective has; the usual ones where it is empty."""
    from dcviz import registry
    from dcviz.runs import frontier as engine

    kind = registry.find("objective", name)
    if not text.strip():
        return engine.strengths(kind)
    found: list[Any] = []
    for part in filter(None, map(str.strip, text.split(","))):
        usual = kind.default(kind.strength)
        try:
            found.append(type(usual)(part))
        except ValueError:
            raise Refused(
                f"{part!r} is no strength of {name}: give numbers with commas between, such as 0.1,1."
            ) from None
    return list(dict.fromkeys(found))


def _measure(place: Store, config: RunConfig, name: str, scale: Scale, quiet: bool) -> None:
    """What is aimed at, for all that is done; broken off, it goes on where it was."""
    from dcviz.cli.atlas import Bar
    from dcviz.evaluation.suite import chosen
    from dcviz.runs import frontier as engine
    from dcviz.runs.suite import measure_suite

    asked = engine.lacking(place, engine.points(place, config, name, scale), name, scale)
    with Bar(len(asked), quiet) as bar:
        for i, one in enumerate(asked):
            bar.begin(i, "")
            for what, fraction in measure_suite(place, one.run, chosen(one.property, scale)):
                bar.move(f"{what} of {one.run}", fraction)


def _tell_plan(plan: Plan, as_json: bool) -> None:
    if as_json:
        print_json({"count": len(plan.configs), "there": plan.there, "seconds": round(plan.seconds, 1)})
        return
    for text in plan.refused:
        typer.echo(f"left out: {text}", err=True)
    basis = "measured here" if plan.measured else "calculated"
    there = f", {plan.there} more are there already" if plan.there else ""
    typer.echo(f"{len(plan.configs)} runs{there}: about {plan.seconds:.0f} s of condensing in all ({basis})", err=True)


def _told(place: Store, known: Sequence[Point], name: str, scale: Scale) -> list[str]:
    """A table of what is known, then what is missing and how to come by it."""
    from dcviz import registry
    from dcviz.cli.results import columns
    from dcviz.runs import frontier as engine

    kind, aim = registry.find("objective", name), engine.quantity(name)
    if not known:
        return ["Nothing of it is done yet: an open window works on it, or give --work."]
    table: list[tuple[str, ...]] = [("strength", "runs", "test accuracy", aim.title)]
    for point in known:
        numbers = engine.number(point.accuracy, "fraction"), engine.number(point.aimed, aim.unit)
        table.append((engine.said(name, point.strength), str(len(point.runs)), *numbers))
    lines = [columns(table), f"  {kind.caution}"]
    if missing := engine.lacking(place, known, name, scale):
        lines.append(f"  not measured yet: {len(missing)} runs; give --work, or measure them on the page Objectives.")
    return lines


def _plain(known: Sequence[Point], name: str) -> list[dict[str, Any]]:
    """The points as plain values, with whether they are on the front."""
    import dataclasses

    on = iter(_on_front([p for p in known if p.whole], name))
    return [
        {
            "strength": point.strength,
            "runs": [run.id for run in point.runs],
            "accuracy": None if point.accuracy is None else dataclasses.asdict(point.accuracy),
            "aimed": None if point.aimed is None else dataclasses.asdict(point.aimed),
            "on_front": next(on) if point.whole else None,
        }
        for point in known
    ]


def _on_front(whole: Sequence[Point], name: str) -> list[bool]:
    from dcviz.figures.front import undominated
    from dcviz.runs import frontier as engine

    if not whole:
        return []
    better = "low" if engine.quantity(name).better == "lower" else "high"
    aimed = [p.aimed.mean for p in whole if p.aimed is not None]
    accuracy = [p.accuracy.mean for p in whole if p.accuracy is not None]
    return [bool(kept) for kept in undominated(aimed, accuracy, (better, "high"))]


def _draw(known: Sequence[Point], name: str, out: Path) -> None:
    from dcviz.figures.costs import Aim, costs, stands
    from dcviz.figures.vector import as_svg
    from dcviz.runs import frontier as engine

    aim = engine.quantity(name)
    drawn = stands([(engine.said(name, p.strength), p.strength is None, p.aimed, p.accuracy) for p in known], aim.unit)
    if not drawn:
        raise Refused("there is nothing to draw yet: give --work, so that runs are condensed and measured.")
    spec = costs(drawn, Aim.of(aim.title, aim.unit, aim.better), "light")
    out.write_text(as_svg(spec, "light"), encoding="utf-8")
    typer.echo(f"drawn: {out}", err=True)
