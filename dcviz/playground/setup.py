"""What is chosen in the Playground, on its own: values with their bounds, and the address that means them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from dcviz import registry
from dcviz.errors import Refused, unknown
from dcviz.playground.drawing import decode
from dcviz.playground.names import DRAWN, FIGURES, MOVES, REAL_POINTS, STARTS
from dcviz.records import parsed
from dcviz.types import Hyper

SIDES = ("left", "right")
HYPERS = {
    "budget": Hyper("How many synthetic points there are (M).", low=1, high=200, log=True),
    "rate": Hyper("Learning rate: how far points go in one step.", low=0.002, high=0.5, log=True),
    "batch": Hyper("Real points that each step looks at, drawn afresh; 0 for all of them.", low=0, high=REAL_POINTS),
    "seed": Hyper("Of every random draw.", low=0, high=2**31 - 1),
}


@dataclass(frozen=True)
class Setup:
    """Two divergences on one distribution from one start. A divergence is ``{"name": …, parameter: value}``."""

    tile: str = ""  # the picture that it began with: its words stay beside it
    data: str = "eight-gaussians"
    points: str = ""  # what was drawn (`dcviz.playground.drawing`)
    left: Mapping[str, Any] = field(default_factory=lambda: {"name": "mean"})
    right: Mapping[str, Any] = field(default_factory=lambda: {"name": "energy"})
    budget: int = 20
    rate: float = 0.04
    move: str = "flow"
    start: str = "centre"
    batch: int = 0
    seed: int = 0

    def divergence(self, side: str) -> Any:
        """The divergence of one side."""
        return registry.build("divergence", getattr(self, side))


def changed(setup: Setup, key: str, value: Any) -> Setup:
    """The set-up with one value changed, by its name in the address: ``budget``, ``left``, ``left.bandwidth`` ….

    Raises:
        Refused: an unknown key, or a value that it cannot take.
    """
    side, _, hyper = key.partition(".")
    if side in SIDES:
        found: dict[str, Any] = {side: _divergence(getattr(setup, side), hyper, value)}
        return replace(setup, **found)
    if key in MENUS:
        if value not in MENUS[key]:
            raise unknown(key, value, MENUS[key])
        return replace(setup, **{key: value})
    if key in HYPERS:
        return replace(setup, **{key: _number(key, value)})
    if key == "points":
        decode(str(value))
        return replace(setup, points=str(value))
    raise unknown("setting of the Playground", key, NAMES)


MENUS: dict[str, Mapping[str, Any]] = {"data": {**FIGURES, DRAWN: None}, "start": STARTS, "move": MOVES}
NAMES = tuple(f.name for f in fields(Setup))


def _divergence(now: Mapping[str, Any], hyper: str, value: Any) -> dict[str, Any]:
    """With one hyper-parameter changed; another divergence begins with its usual ones."""
    if hyper == "name":
        raise Refused("choose the divergence by the side's own name instead, as in left=energy.")
    if not hyper:
        return dict(registry.describe(registry.build("divergence", {"name": str(value)})))
    return dict(registry.describe(registry.build("divergence", {**now, hyper: value})))


def _number(key: str, value: Any) -> Any:
    low, high, whole = HYPERS[key].low, HYPERS[key].high, key != "rate"
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and (not whole or value == int(value))
    if not fits or low is None or high is None or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise Refused(f"{key} must be {kind} from {low:g} to {high:g}, not {value!r}.")
    return int(value) if whole else float(value)


def write(setup: Setup) -> dict[str, str]:
    """The address of a set-up: only what differs from its tile, or from the usual."""
    plain, found = _plain(setup.tile), {"tile": setup.tile} if setup.tile else {}
    for key in NAMES[1:]:
        value, usual = getattr(setup, key), getattr(plain, key)
        if key in SIDES:
            found |= _written(key, value, usual)
        elif value != usual:
            found[key] = f"{value:g}" if isinstance(value, float) else str(value)
    return found


def _written(side: str, value: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, str]:
    found, base = {}, registry.describe(registry.build("divergence", dict(usual)))
    if value["name"] != base["name"]:
        found[side] = str(value["name"])
        base = registry.describe(registry.build("divergence", str(value["name"])))
    whole = registry.describe(registry.build("divergence", dict(value)))
    return found | {f"{side}.{key}": _text(v) for key, v in whole.items() if key != "name" and v != base[key]}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def read(query: Mapping[str, str]) -> tuple[Setup, list[str]]:
    """The set-up of an address, and one sentence for each value that was refused and left as it was."""
    refusals: list[str] = []
    setup = Setup()
    if "tile" in query:
        try:
            setup = _plain(query["tile"])
        except Refused as refusal:
            refusals.append(f"tile={query['tile']} in the address: {refusal}")
    ranked = sorted(
        (k for k in query if k not in ("tile", *OTHERS)),
        key=lambda k: ("." in k, NAMES.index(k) if k in NAMES else 99, k),
    )
    for key in ranked:
        try:
            setup = changed(setup, key, _value(key, query[key]))
        except Refused as refusal:
            shown = query[key] if len(query[key]) <= 24 else query[key][:24] + "…"
            refusals.append(f"{key}={shown} in the address: {refusal}")
    return setup, refusals


OTHERS = ("step", "hide", "embed", "large")  # in an address, but of others


def _value(key: str, text: str) -> Any:
    """Numbers and truths as such, all else as text; a drawing is a text whatever it looks like."""
    if key == "points":
        return text
    try:
        value = parsed(text)
    except Refused:
        raise
    except ValueError:
        return text
    return value if isinstance(value, (int, float, bool)) else text


def _plain(tile: str) -> Setup:
    from dcviz.playground.tiles import find

    return find(tile).setup if tile else Setup()
