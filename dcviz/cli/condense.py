"""`dcviz condense` and `dcviz resume`: from options to a configuration, and a run worked on in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from dcviz.cli.common import AsJson, StopAfter, TheRun, find, store
from dcviz.cli.work import announce, work_on
from dcviz.errors import Refused
from dcviz.records import FINAL, DataConfig, RunConfig, from_dict, parsed

USUAL = RunConfig.terms[0].discrepancy
Plugins = Annotated[list[Path] | None, Option(metavar="FILE", help="A file that registers discrepancies of your own.")]


def condense(  # noqa: PLR0913  (one parameter for each option)
    data: Annotated[str | None, Option(metavar="NAME", help="A data set by name; digits unless given.")] = None,
    path: Annotated[
        str | None,
        Option(metavar="PATH", help="Your own images: an npz, a zip, a folder of arrays or of class folders."),
    ] = None,
    classes: Annotated[str | None, Option(metavar="NAMES", help="Only these classes, by name: 0,1,2.")] = None,
    size: Annotated[int | None, Option(metavar="N", help="At most this many real training samples.")] = None,
    imbalance: Annotated[
        float | None, Option(metavar="X", help="Long-tailed: the first class X times as large as the last.")
    ] = None,
    groups: Annotated[
        Path | None, Option(metavar="FILE", help="An npz with the group of every sample: arrays train and test.")
    ] = None,
    divergence: Annotated[str | None, Option(metavar="NAME", help="How real and synthetic are compared.")] = None,
    regime: Annotated[str | None, Option(metavar="NAME", help="Where they are compared.")] = None,
    discrepancy: Annotated[
        str | None,
        Option(metavar="NAME", help=f"Instead: a discrepancy with a distance of its own; {USUAL} unless any is given."),
    ] = None,
    preset: Annotated[str | None, Option(metavar="NAME", help="Instead: a published method.")] = None,
    scale: Annotated[str | None, Option(metavar="NAME", help="Of the preset: small (default) or paper.")] = None,
    budget: Annotated[
        int | None, Option(metavar="K", help=f"Stored images per class; {RunConfig.budget} unless given.")
    ] = None,
    steps: Annotated[
        int | None, Option(metavar="N", help=f"Updates of the synthetic set; {RunConfig.steps}, or the preset's.")
    ] = None,
    seed: Annotated[int | None, Option(metavar="N", help="Of every random number; 0 unless given.")] = None,
    start: Annotated[str | None, Option(metavar="NAME", help="Where the synthetic set starts.")] = None,
    device: Annotated[str | None, Option(metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps.")] = None,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="PATH=VALUE", help="Any parameter: divergence.bandwidth=2, optimiser.rates.images=0.1"),
    ] = None,
    objective: Annotated[
        list[str] | None,
        Option(metavar="NAME=STRENGTH", help="What the set should be good for besides: may be given several times."),
    ] = None,
    plugin: Plugins = None,
    config: Annotated[
        Path | None, Option(metavar="FILE", help="A whole configuration as JSON; options given beside it win.")
    ] = None,
    name: Annotated[str, Option(metavar="TEXT", help="A name for the run.")] = "",
    live: Annotated[bool, Option("--live/--no-live", help="Measure accuracy while it runs.")] = True,
    stop_after: StopAfter = None,
    as_json: AsJson = False,
) -> None:
    """Condense a data set here and now; a browser window that is open on the same store shows it live.

    Ctrl-C leaves a run that `dcviz resume` continues. The last lines tell the run's id and its accuracy.
    """
    from dcviz.registry import load_plugin
    from dcviz.runs.configure import configure

    for file in plugin or []:
        load_plugin(file)
    tree = _read(config)
    if tree and (divergence or regime or discrepancy or preset or scale):
        raise Refused("--config already says what is minimised: leave out --divergence, --regime and the like.")
    if scale and not preset:
        raise Refused("--scale belongs to a preset: give --preset too, or leave it out.")
    source = data_source(tree.pop("data", {}), data, path, classes, size) | _unlike(imbalance, groups)
    origin = tree.pop("preset", "")  # of the file's run, for show
    tree |= _only({"budget": budget, "steps": steps, "seed": seed, "start": start, "device": device})
    chosen = configure(
        data=from_dict(DataConfig, source, "data"),
        divergence=divergence,
        regime=regime,
        discrepancy=discrepancy,
        preset=preset,
        scale=scale or "small",
        settings={**_objectives(objective or []), **_settings(settings or [])},
        **(tree if live else {**tree, "live": None}),
    )
    _condense(replace(chosen, preset=chosen.preset or origin), name, as_json, stop_after)


def resume(run: TheRun, plugin: Plugins = None, stop_after: StopAfter = None, as_json: AsJson = False) -> None:
    """Go on with a run that was left, or whose time was up, from its newest checkpoint, here and now."""
    from dcviz.registry import load_plugin
    from dcviz.runs.service import reopen

    for file in plugin or []:
        load_plugin(file)
    place = store()
    row = find(place, run)
    if row.status in FINAL and not row.cut_short:
        raise Refused(f"{row.id} is {row.status}: there is nothing left to go on with.")
    if row.status == "running":
        raise Refused(f"{row.id} is running in another process (id {row.pid}): pause or end it there first.")
    row = reopen(place, row.id, stop_after)
    if not as_json:
        announce(row)
    work_on(place, row.id, as_json)


def _condense(config: RunConfig, name: str, as_json: bool, stop_after: float | None) -> None:
    from dcviz.cli.work import preflight

    preflight(config, quiet=as_json)
    place = store()
    run = place.create(config, name=name, queue=False, time_limit=stop_after)  # not queued: no open window takes it
    if not as_json:
        announce(place.run(run))
    work_on(place, run, as_json)


def _read(file: Path | None) -> dict[str, Any]:
    """A configuration file as plain values, checked; empty without one."""
    from dataclasses import asdict

    from dcviz.records import from_json

    if file is None:
        return {}
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read as a configuration: {error}.") from error
    return asdict(from_json(RunConfig, text))


def data_source(
    known: dict[str, Any], data: str | None, path: str | None, classes: str | None, size: int | None
) -> dict[str, Any]:
    """Which real data: what a configuration file says, changed by the options."""
    if data is not None and path is not None:
        raise Refused("give --data, a data set by name, or --path, your own images: not both.")
    if data is not None:
        known = {**known, "name": data, "path": None}
    if path is not None:
        known = {key: value for key, value in known.items() if key != "name"}  # of what the file's run was made from
    given = {
        "path": str(Path(path).expanduser().absolute()) if path is not None else None,  # resume may be called elsewhere
        "classes": tuple(name.strip() for name in classes.split(",")) if classes is not None else None,
        "size": size,
    }
    return {**known, **_only(given)}


def _unlike(imbalance: float | None, groups: Path | None) -> dict[str, Any]:
    """How unlike classes and groups of the data are, as far as options say it."""
    file = None if groups is None else str(groups.expanduser().absolute())  # resume may be called elsewhere
    return _only({"imbalance": imbalance, "groups": file})


def _settings(pairs: list[str]) -> dict[str, Any]:
    """Single values by path; JSON where it is JSON, else text.

    >>> _settings(["batch=64", "divergence.kernel=gauss", "divergence.scales=[1, 2]"])
    {'batch': 64, 'divergence.kernel': 'gauss', 'divergence.scales': [1, 2]}
    """
    found = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        if not equals or not path.strip():
            raise Refused(f"--set {pair!r} is not PATH=VALUE, such as divergence.bandwidth=2.")
        try:
            found[path.strip()] = parsed(text)
        except Refused as refusal:
            raise Refused(f"--set {path.strip()}=…: {refusal}") from refusal
        except ValueError:
            found[path.strip()] = text
    return found


def _objectives(given: list[str]) -> dict[str, Any]:
    """Settings of ``NAME=STRENGTH``, or of a bare name at its usual strength."""
    from dcviz.registry import find
    from dcviz.runs.configure import OBJECTIVE

    found = {}
    for one in given:
        name, equals, text = one.partition("=")
        kind = find("objective", name.strip())
        at = f"{OBJECTIVE}{kind.name}.{kind.strength}"
        found[at] = _settings([f"{at}={text}"])[at] if equals else kind.default(kind.strength)
    return found


def _only(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}
