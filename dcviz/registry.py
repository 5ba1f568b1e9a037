"""Names to declarations. Forms, flags, tables and tests are made from what is registered here.

A plug-in is a module that calls `register` (installed under the entry point group ``dcviz.discrepancies``, or a
file given with ``--plugin file.py``), or one class decorated with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from dcviz.errors import Refused, unknown
from dcviz.types import Declaration, Discrepancy, Divergence, Objective, Preset, Regime

D = TypeVar("D", bound="type[Declaration] | Preset")

KINDS: dict[str, type] = {
    "divergence": Divergence,
    "regime": Regime,
    "discrepancy": Discrepancy,
    "preset": Preset,
    "objective": Objective,
}

_added: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}


def register(declaration: D) -> D:
    """Add a declaration of your own; usable as a class decorator. A name that is taken is refused."""
    kind = _kind_of(declaration)
    if declaration.name in known(kind):
        raise Refused(f"there is already a {kind} named {declaration.name!r}; choose another name.")
    _added[kind][declaration.name] = declaration
    return declaration


def known(kind: str) -> dict[str, Any]:
    """All declarations of a kind by name, in the order of their lists: built in, installed plug-ins, added."""
    if kind not in KINDS:
        raise unknown("kind of declaration", kind, KINDS)
    return {**_built_in()[kind], **_installed()[kind], **_added[kind]}


def find(kind: str, name: str) -> Any:
    """The declaration under a name; an unknown name lists the known ones."""
    found = known(kind)
    if not isinstance(name, str) or name not in found:
        raise unknown(kind, name, found)
    return found[name]


def build(kind: str, params: Mapping[str, Any] | str) -> Any:
    """An instance from ``{"name": …, parameter: value, …}`` or a bare name; nested declarations likewise.

    >>> build("divergence", {"name": "mmd", "kernel": "gauss"}).kernel
    'gauss'
    """
    if not isinstance(params, (str, Mapping)):
        raise Refused(f"a {kind} is given by its name, or as named values with it, not as {params!r}.")
    given = {"name": params} if isinstance(params, str) else dict(params)
    if not isinstance(given.get("name"), str):
        raise Refused(f"a {kind} is missing its name. Known: {', '.join(known(kind))}.")
    declaration = find(kind, given.pop("name"))
    hypers = declaration.hypers()
    strange = sorted(set(given) - set(hypers))
    if strange:
        raise Refused(f"{declaration.name} has no parameter {strange[0]!r}. Known: {', '.join(hypers) or 'none'}.")
    values = {key: build(hypers[key].part, v) if hypers[key].part else v for key, v in given.items()}
    for key, value in values.items():
        values[key] = _same_type(f"{declaration.name}.{key}", value, declaration.default(key))
    return declaration(**values)


def describe(instance: Declaration) -> dict[str, Any]:
    """The inverse of `build`: all parameters of an instance as plain values, but for added ones at their default."""
    values = {
        key: getattr(instance, key)
        for key, fact in instance.hypers().items()
        if not (fact.added and getattr(instance, key) == instance.default(key))
    }
    return {"name": instance.name} | {
        key: describe(value) if isinstance(value, Declaration) else value for key, value in values.items()
    }


def load_plugin(path: str | Path) -> None:
    """Run a plug-in file once; a file that fails is refused with its own error."""
    import runpy

    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise Refused(f"there is no plug-in file {file}.")
    if file in _loaded:
        return
    try:
        runpy.run_path(str(file))
    except Exception as error:
        raise Refused(f"the plug-in {file.name} failed to load: {type(error).__name__}: {error}") from error
    _loaded.add(file)


_loaded: set[Path] = set()


def _kind_of(declaration: Any) -> str:
    if isinstance(declaration, Preset):
        return "preset"
    for kind, base in KINDS.items():
        if isinstance(declaration, type) and issubclass(declaration, base):
            return kind
    raise Refused(f"{declaration!r} is neither a divergence, a regime, a discrepancy, a preset nor an objective.")


@cache
def _built_in() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for module in ("dcviz.divergences", "dcviz.discrepancies", "dcviz.objectives"):
        for declaration in import_module(module).DECLARATIONS:
            found[_kind_of(declaration)][declaration.name] = declaration
    return found


@cache
def _installed() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for point in entry_points(group="dcviz.discrepancies"):
        loaded = point.load()
        for declaration in loaded if isinstance(loaded, (list, tuple)) else [loaded]:
            found[_kind_of(declaration)][declaration.name] = declaration
    return found


def _same_type(label: str, value: Any, default: Any) -> Any:
    """Plain values from flags and URLs take the type of the default, or are refused."""
    if isinstance(value, Declaration) or dataclasses.is_dataclass(value):
        return value
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise Refused(f"{label} must be true or false, not {value!r}.")
        return value
    if isinstance(default, int) and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return float(value)
    if isinstance(default, (int, float, str)) and type(value) is not type(default):
        kind = {int: "a whole number", float: "a number", str: "a text"}[type(default)]
        raise Refused(f"{label} must be {kind}, not {value!r}.")
    return value
