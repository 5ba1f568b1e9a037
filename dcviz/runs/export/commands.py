"""A run's configuration as what one would type: a command line, or Python. Both are read back before they are given."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.records import DataConfig, RunConfig
from dcviz.runs.choices import objectives_of
from dcviz.runs.configure import configure

if TYPE_CHECKING:
    from dcviz.runs.store import Store

OPTIONS = ("steps", "seed", "start", "device")  # of the command line; the rest goes by path

LOOP = """\
from dcviz.condensing.loop import begin, finish, step
from dcviz.runs.configure import configure
from dcviz.runs.problem import build

config = configure({arguments})
changes = {changes}  # learning rates set while it ran, by the step they follow

setup = build(config)
state = begin(setup.problem, setup.start)
while state.step < config.steps:
    state.moments["rates"].update(changes.get(state.step, {{}}))
    state = step(setup.problem, state)
state = finish(setup.problem, state)
images = setup.dataset.transform.inverse(state.synthetic.decode().x.cpu())  # (M, *shape)
"""
ITERATED = """\
import dcviz

for saved in dcviz.condense({arguments}):
    print(saved.step, saved.objective)
images, labels = saved.images, saved.labels  # (M, *shape) in [0, 1], (M,) or (M, C)
"""


@dataclasses.dataclass(frozen=True)
class Said:
    """A configuration as arguments of `configure`: what has a name of its own, and all else by path."""

    data: DataConfig  # name or path, classes and size, imbalance and groups
    choices: Mapping[str, Any]
    settings: Mapping[str, Any]

    def config(self) -> RunConfig:
        """What the arguments mean."""
        return configure(data=self.data, settings=self.settings, **self.choices)


def said(config: RunConfig) -> Said:
    """The shortest arguments that mean exactly this configuration.

    Raises:
        Refused: it names what is not here, as of a plug-in; it was read from a file, not configured.
    """
    if not config.terms:
        raise Refused("these images were read from a file: no configuration makes them.")
    data = _data(config.data)
    plain: dict[str, Any] = {"budget": config.budget, **({"live": None} if config.live is None else {})}
    refusal = None
    for named, whole in _namings(config):
        try:
            other = _differences(configure(data=data, **plain, **named), config, whole)
            choices = {**named, **plain, **{key: other.pop(key) for key in OPTIONS if key in other}}
            found = Said(data, choices, other | objectives_of(config))
            if found.config() == config:
                return found
        except Refused as error:
            refusal = refusal or error
    raise refusal or Refused("this configuration was written by another version: take it along as JSON (run.json).")


def command_line(config: RunConfig) -> str:
    """The ``dcviz condense …`` that means exactly this configuration, quoted for a shell.

    >>> command_line(configure(divergence="energy", regime="data", seed=3))
    'dcviz condense --data digits --divergence energy --regime data --budget 10 --seed 3'
    """
    found = said(config)
    arguments = ["dcviz", "condense", *_data_options(found.data)]
    for key, value in found.choices.items():
        arguments += ["--no-live"] if key == "live" else [f"--{key}", str(value)]
    for path, value in found.settings.items():
        arguments += ["--set", f"{path}={_as_text(value)}"]
    return shlex.join(arguments)


def python(config: RunConfig, changes: Mapping[int, Mapping[str, float]] | None = None) -> str:
    """A script that condenses the same; ``changes`` are learning rates set while it ran, by step and group."""
    found = said(config)
    data = _python_data(found.data)
    given = [f"data={data}", *(f"{key}={value!r}" for key, value in found.choices.items())]
    if found.settings:
        lines = "".join(f"\n        {path!r}: {value!r}," for path, value in found.settings.items())
        given.append(f"settings={{{lines}\n    }}")
    arguments = "".join(f"\n    {one}," for one in given) + "\n"
    script = (LOOP if changes else ITERATED).format(arguments=arguments, changes=dict(changes or {}))
    return script if data.startswith(("'", '"')) else f"from dcviz.records import DataConfig\n{script}"


def changes_of(store: Store, run: str) -> dict[int, dict[str, float]]:
    """The learning rates that were set while a run went on, by step and group."""
    found: dict[int, dict[str, float]] = {}
    for event in store.events(run):
        if event.kind == "rate":
            found.setdefault(event.step, {})[event.payload["group"]] = event.payload["rate"]
    return found


def remarks(store: Store, run: str) -> list[str]:
    """What a run has had that its configuration alone does not repeat, in words."""
    row, found = store.run(run), []
    if row.parent is not None:
        found.append(f"It began as a fork of {row.parent} at step {row.parent_step}; this begins at its own start.")
    if row.cut_short:
        found.append(f"It stopped at step {row.step} as its time was up; this goes on to step {row.steps}.")
    steps = sorted(changes_of(store, run))
    if steps:
        at = ", ".join(map(str, steps))
        found.append(f"Its learning rate was changed after step {at}: the Python repeats that, the command does not.")
    return found


def _data(config: DataConfig) -> DataConfig:
    """What options can say of the data; the rest goes by path."""
    path, groups = (None if one is None or not _plain_path(one) else one for one in (config.path, config.groups))
    classes = config.classes
    if classes is not None and any("," in name or name != name.strip() for name in classes):
        classes = None
    name = config.name if path is None else DataConfig.name
    return DataConfig(name, path, classes, config.size, imbalance=config.imbalance, groups=groups)


def _plain_path(path: str) -> bool:
    """Whether the command line takes it as it is."""
    return str(Path(path).expanduser().absolute()) == path


def _namings(config: RunConfig) -> Iterator[tuple[dict[str, Any], bool]]:
    """How the terms can be named, the shortest first, and whether they are spelled out instead."""
    if config.preset:
        preset, _, scale = config.preset.partition("/")
        yield {"preset": preset, **({"scale": scale} if scale != "small" else {})}, False
    if len(config.terms) == 1:
        term = config.terms[0]
        parts = {key: term.params.get(key) for key in ("divergence", "regime")}
        cell = {key: part["name"] for key, part in parts.items() if isinstance(part, Mapping)}
        yield cell if term.discrepancy == "match" else {"discrepancy": term.discrepancy}, False
    yield {}, True


def _differences(usual: RunConfig, config: RunConfig, whole: bool) -> dict[str, Any]:
    """The values of a configuration that are not as usual, by the path that `configure` takes."""
    one = [(term.discrepancy, term.weight) for term in usual.terms] == [
        (term.discrepancy, term.weight) for term in config.terms
    ]
    by_parameter = one and len(config.terms) == 1 and not whole
    before, after = _flat(usual, by_parameter), _flat(config, by_parameter)
    return {path: value for path, value in after.items() if path not in before or before[path] != value}


def _flat(config: RunConfig, by_parameter: bool) -> dict[str, Any]:
    tree = json.loads(json.dumps(dataclasses.asdict(config)))  # tuples as lists
    terms = tree.pop("terms")
    for key in ("version", "budget", "objectives", *(("live",) if config.live is None else ())):
        tree.pop(key)
    return _leaves(tree) | (_leaves(terms[0]["params"]) if by_parameter else {"terms": terms})


def _leaves(tree: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= _leaves(value, f"{at}{key}.") if isinstance(value, dict) else {f"{at}{key}": value}
    return found


def _data_options(data: DataConfig) -> list[str]:
    found = ["--data", data.name] if data.path is None else ["--path", data.path]
    found += ["--classes", ",".join(data.classes)] if data.classes is not None else []
    found += ["--size", str(data.size)] if data.size is not None else []
    found += ["--imbalance", repr(data.imbalance)] if data.imbalance != DataConfig.imbalance else []
    return found + (["--groups", data.groups] if data.groups is not None else [])


def _as_text(value: Any) -> str:
    """A value as ``--set`` reads it: a text as it is, unless that reads as a number or the like."""
    if isinstance(value, str):
        try:
            json.loads(value)
        except json.JSONDecodeError:
            return value
    return json.dumps(value, ensure_ascii=False)


def _python_data(data: DataConfig) -> str:
    usual = DataConfig(path=data.path)
    given = {f.name: getattr(data, f.name) for f in dataclasses.fields(data)}
    if data == DataConfig(data.name):
        return repr(data.name)
    changed = {key: value for key, value in given.items() if value != getattr(usual, key) or (key == "path" and value)}
    return f"DataConfig({', '.join(f'{key}={value!r}' for key, value in changed.items())})"
