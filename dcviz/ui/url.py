"""The whole set-up in the address: written as it is chosen, read when a link is opened, refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dcviz import registry
from dcviz.data.catalogue import catalogue, refuse_meaningless
from dcviz.errors import Refused, unknown
from dcviz.records import parsed
from dcviz.runs.limits import check_limit
from dcviz.ui.choices import OWN, SCALES, Choices, config_of, methods, regimes

OURS = ("run", "step")  # which run is looked at, and which of its steps
NAMED = (
    "data",
    "path",
    "name",
    "regime",
    "divergence",
    "preset",
    "scale",
    "budget",
    "steps",
    "seed",
    "start",
    "time_limit",
)  # fields of `Choices`; what else there is goes by path


def write(choices: Choices) -> dict[str, str]:
    """The address of a set-up: only what differs from the default, so that links stay short."""
    plain, found = Choices(), {}
    for key in NAMED:
        value = getattr(choices, key)
        if value is not None and value != getattr(plain, key):
            found[key] = str(value)
    return found | {path: json.dumps(value) for path, value in sorted(choices.settings.items())}


def read(query: Mapping[str, str]) -> tuple[Choices, list[str]]:
    """The set-up of an address, and one sentence for each value that was refused and left at its default."""
    choices, refusals = Choices(), []
    checks = _checks()
    for key, check in checks.items():  # in this order: what fits a regime depends on the regime
        if key not in query:
            continue
        try:
            choices = replace(choices, **{key: check(query[key], choices)})
        except Refused as refusal:
            refusals.append(f"{key}={query[key]} in the address: {refusal}")
    if choices.data == OWN and not choices.path:
        refusals += [] if "path" in query else ["data=own in the address: give path=… with it."]
        choices = replace(choices, data=Choices.data)
    choices = _fitting(choices)
    choices, refused = _with_settings(choices, {p: query[p] for p in sorted(set(query) - set(checks) - set(OURS))})
    return choices, [*refusals, *(f"{path}={query[path]} in the address: {why}" for path, why in refused.items())]


def _with_settings(choices: Choices, given: Mapping[str, str]) -> tuple[Choices, dict[str, Refused]]:
    """The choices with each setting that fits, and why the others do not.

    One may fit beside another only: data are private where an objective keeps them so, and an objective may ask for
    groups. So those that were refused are tried again as long as another one has been taken.
    """
    refused: dict[str, Refused] = {}
    for path, text in given.items():
        try:
            tried = replace(choices, settings={**choices.settings, path: _value(text)})
            _refuse_second_name(path)
            _refuse_unknown_class(path, tried)
            refuse_meaningless(config_of(tried).data)
            choices = tried
        except Refused as refusal:
            refused[path] = refusal
    if refused and len(refused) < len(given):
        return _with_settings(choices, {path: given[path] for path in refused})
    return choices, refused


def _refuse_second_name(path: str) -> None:
    part, _, key = path.partition(".")
    if key == "name" and part in registry.KINDS:
        raise Refused(f"choose it with {part}=… instead.")


def _refuse_unknown_class(path: str, choices: Choices) -> None:
    """Where the classes are known without reading the data."""
    known = next((info.classes for info in catalogue() if info.name == choices.data), None)
    if path != "data.classes" or known is None:
        return
    for name in choices.settings[path] if isinstance(choices.settings[path], list) else ():
        if name not in known:
            raise unknown(f"class of {choices.data}", name, known)


def _fitting(choices: Choices) -> Choices:
    """A regime alone is enough: its first method is meant when the chosen one is not defined there."""
    known = methods(choices.regime)
    return choices if choices.divergence in known else replace(choices, divergence=next(iter(known)))


def _checks() -> dict[str, Callable[[str, Choices], Any]]:
    from dcviz.condensing.start import STARTS

    return {
        "data": lambda v, _: _known("data set", v, [*(info.name for info in catalogue()), OWN]),
        "path": _path,
        "name": lambda v, c: v if c.path else "",
        "regime": lambda v, _: _known("regime", v, regimes()),
        "divergence": lambda v, c: _known(f"method in the regime {c.regime}", v, methods(c.regime)),
        "preset": lambda v, _: _known("preset", v, registry.known("preset")) if v else "",
        "scale": lambda v, _: _known("scale", v, SCALES),
        "budget": lambda v, _: _whole("the budget, images per class,", v, 1, 100),
        "steps": lambda v, _: _whole("the number of steps", v, 0, 1_000_000),
        "seed": lambda v, _: _whole("the seed", v, 0, 2**31 - 1),
        "start": lambda v, _: _known("start", v, [s.name for s in STARTS]),
        "time_limit": lambda v, _: _seconds(v),
    }


def _path(text: str, choices: Choices) -> str:
    if choices.data != OWN:
        raise Refused(f"a path goes with data={OWN}.")
    place = Path(text).expanduser().absolute()
    if not place.exists():
        raise Refused(f"there is nothing at {place}: check the path.")
    return str(place)


def _known(kind: str, value: str, names: Any) -> str:
    if value not in names:
        raise unknown(kind, value, names)
    return value


def _whole(what: str, value: str, low: int, high: int) -> int:
    try:
        number = int(value)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise Refused(f"{what} must be a whole number from {low} to {high}, not {value!r}.")
    return number


def _seconds(value: str) -> float | None:
    try:
        return check_limit(float(value))
    except ValueError:  # no number, or one that is refused
        raise Refused(f"the time limit must be seconds above 0, not {value!r}.") from None


def _value(text: str) -> Any:
    """A setting as JSON; anything else is a plain text."""
    try:
        return parsed(text)
    except Refused:
        raise
    except ValueError:
        return text
