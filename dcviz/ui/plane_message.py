"""What travels to the browser side of the Playground: specs, knobs, and the steps that it does not have yet."""

from __future__ import annotations

from typing import Any

from dcviz import registry
from dcviz.figures import Theme
from dcviz.figures.pack import pack
from dcviz.figures.plane import line_chart, plane_frames, plane_picture, plane_scene
from dcviz.playground.drawing import EXTENT, MOST, decode
from dcviz.playground.fields import no_force, no_witness
from dcviz.playground.names import DRAWN
from dcviz.playground.numbers import random_distance
from dcviz.playground.race import Lane
from dcviz.playground.setup import HYPERS, NAMES, SIDES, write
from dcviz.playground.tiles import find
from dcviz.playground.window import Window
from dcviz.types import Hyper
from dcviz.ui.forms import help_of, label_of

INLINE = 3  # hyper-parameters of a divergence beside its panel
KNOBS = {"budget": "points", "rate": "learning rate", "batch": "real points per step"}
WORDS = {
    "value": "discrepancy",
    "valueWhy": "What this side makes small, in its own units: not to be compared with the other side's.",
    "off": "off the data",
    "offWhy": "Synthetic points farther from the nearest real one than 99 of 100 real points are from each other.",
    "distance": "sliced W₂",
    "distanceWhy": "The sliced Wasserstein-2 distance to all real points, in radii: measured alike on both sides, "
    "optimised by neither unless chosen. Beside it that of as many random real points.",
    "random": "random",
    "wrong": [
        "",
        "Its discrepancy is all but gone, and still these points are farther from the real ones than as many random "
        "real points are.",
        "Its discrepancy is all but gone, and still at least half of these points lie where there are no real ones.",
    ],
}
MODES = ("modes", "Modes of the distribution with at least one synthetic point within reach.")
AREAS = ("areas", "Parts of the real points, by k-means, with at least one synthetic point within reach.")


def message(window: Window, theme: Theme, goal: int | None) -> dict[str, Any]:
    """The whole message."""
    race = window.race
    words = dict(zip(("modes", "modesWhy"), MODES if race.target.modal else AREAS, strict=True))
    kept = decode(race.setup.points)
    return {
        "who": window.ask.who,
        "answered": window.ask.n,
        "heard": window.heard,
        "turn": race.turn,
        "since": race.since,
        "afresh": race.since == 0 and not race.bent,
        "head": race.head if race.lanes["left"].states else -1,
        "ended": race.ended,
        "bent": race.bent,
        "owing": race.owing,
        "goal": goal,
        "drawn": race.setup.data == DRAWN,
        "kept": kept,
        "most": MOST,
        "own": NAMES,
        "address": write(race.setup),
        "scene": plane_scene("|".join(map(str, race.target.key)), race.target.x.numpy(), EXTENT, theme),
        "words": WORDS | words,
        "charts": _charts(window, theme),
        "reaches": sum(lane.reach is not None for lane in race.lanes.values()),
        "knobs": [_knob(key, getattr(race.setup, key), HYPERS[key], label) for key, label in KNOBS.items()],
        "missing": _missing(window),
        "lanes": {side: _lane(window, side) for side in SIDES},
    }


def _lane(window: Window, side: str) -> dict[str, Any]:
    race, lane = window.race, window.race.lanes[side]
    steps = window.steps if lane.states else range(0)
    pictures = sorted(window.painted | {s for s in lane.pictures if s in steps})
    return {
        "title": registry.find("divergence", getattr(race.setup, side)["name"]).title,
        "trouble": lane.trouble,
        "painted": lane.problem is not None,
        "modes": len(race.target.centres),
        "random": random_distance(race.target.key, race.setup.budget) if len(race.target.x) else None,
        "knobs": _own_knobs(window, side),
        "frames": plane_frames(steps.start, race.frames(side, steps)),
        "pictures": [_picture(lane, step) for step in pictures if step in lane.pictures],
        "pull": _pull(window, lane),
    }


def _picture(lane: Lane, step: int) -> dict[str, Any]:
    found = lane.pictures[step]
    force, heat = (None if part is None else part.numpy() for part in (found.force, found.heat))
    return plane_picture(step, force, heat, found.tops)


def _pull(window: Window, lane: Lane) -> dict[str, Any] | None:
    """Where each particle goes next, at the step that is looked at."""
    look = window.ask.look
    if look is None or not 0 <= look < len(lane.states):
        return None
    return {"step": look, "arrows": pack(lane.states[look].pull.numpy())}


def _own_knobs(window: Window, side: str) -> list[dict[str, Any]]:
    """Those that the tile sets, then the first declared."""
    setup = window.race.setup
    now = getattr(setup, side)
    found = registry.find("divergence", now["name"])
    hypers = found.hypers()
    tile = getattr(find(setup.tile).setup, side) if setup.tile else {}
    first = [key for key in tile if key in hypers and tile["name"] == now["name"]]
    shown = [key for key in hypers if key in [*first, *(k for k in hypers if k not in first)][:INLINE]]
    values = registry.describe(setup.divergence(side))
    return [_knob(key, values[key], hypers[key], label_of(key)) for key in shown]


def _knob(key: str, value: Any, fact: Hyper, label: str) -> dict[str, Any]:
    about = {"key": key, "label": label, "help": help_of(fact), "value": value}
    if fact.choices or isinstance(value, bool):
        return about | {"kind": "choice", "options": list(fact.choices or (True, False))}
    log = fact.log and bool(fact.low)
    zero = {"zero": "all"} if key == "batch" else {}
    return about | zero | {
        "kind": "range",
        "low": fact.low,
        "high": fact.high,
        "log": log,
        "whole": isinstance(value, int),
        "unit": fact.unit,
    }  # fmt: skip


def _missing(window: Window) -> dict[str, str]:
    """Why what could be drawn is not, of both sides."""
    found = {}
    for what, why in (("force", no_force), ("heat", no_witness)):
        reasons = {side: why(lane.problem.divergence) for side, lane in window.race.lanes.items() if lane.problem}
        found[what] = " ".join(f"{side.capitalize()}: {reason}" for side, reason in reasons.items() if reason)
    return found


def _charts(window: Window, theme: Theme) -> dict[str, Any]:
    race = window.race
    random = random_distance(race.target.key, race.setup.budget) if len(race.target.x) else None
    below = any(state.value < -1e-3 * base for lane in race.lanes.values() for state, base in lane.based())
    scene = plane_scene("", race.target.x[:0].numpy(), EXTENT, theme)["lanes"]
    lines = [
        {"x": pack(lane.reach[0].numpy()), "y": pack(lane.reach[1].numpy()), "colour": scene[side]["colour"],
         "dash": [6, 2] if side == "right" else []}
        for side, lane in race.lanes.items() if lane.reach is not None
    ]  # fmt: skip
    return {
        "share": line_chart(
            "Discrepancy", "Of each side, 1 where it began; the left solid, the right dashed.", (),
            y="linear" if below else "log", floor=None if below else 1e-5, unit="steps",
        ),
        "distance": line_chart(
            "Distance to the real points", "Sliced Wasserstein-2, in radii, the same for both sides; dashed: as many "
            "random real points.", (), unit="steps",
            level=None if random is None else {"value": random, "text": "random real points"},
        ),
        "reach": line_chart(
            "Pull at a distance", "How hard a single point is pulled at a distance from the real mean, in radii: a "
            "kernel that falls off leaves it where it is.", lines, x="log", y="log", floor=1e-9, unit="radii",
        ),
    }  # fmt: skip
