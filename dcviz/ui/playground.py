"""The Playground: two divergences from one start, in the plane, with everything to be changed while it runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dcviz import registry
from dcviz.errors import Refused
from dcviz.figures import Theme
from dcviz.figures.plane import thumbnail_of
from dcviz.playground.drawing import EXTENT
from dcviz.playground.names import DRAWN, FIGURES, MOVES, STARTS, Named
from dcviz.playground.race import LAST, Race
from dcviz.playground.setup import HYPERS, SIDES, read, write
from dcviz.playground.targets import target
from dcviz.playground.tiles import TILES, find, results
from dcviz.playground.window import Window
from dcviz.types import Hyper
from dcviz.ui import address, explain, forms, stage
from dcviz.ui.plain import plain
from dcviz.ui.plane_message import message

PLANE, WINDOW, WRITTEN = "playground.plane", "playground.window", "playground.written"
SHOWN, TILE = "playground.shown", "playground.tile"
CSS = (Path(__file__).parent / "components" / "plane.css").read_text(encoding="utf-8")
DATA = {name: figure.title for name, figure in FIGURES.items()} | {DRAWN: "your drawing"}
REMEMBERED = 40  # addresses of this window: the browser may tell an older one of them


def draw(theme: Theme) -> None:
    """The page."""
    st.html(f"<style>{CSS}</style>")
    window = opened()
    with st.container(key="dc-play-tiles"):
        row = {"label": "Set-ups worth seeing", "tiles": _tiles(theme), "chosen": window.race.setup.tile}
        stage.tiles(row, key=TILE, choose=_tile_chosen)
    st.fragment(_play)(theme)


def _tile_chosen() -> None:
    name = stage.clicked(TILE)
    if name:
        st.session_state[WINDOW].apply(lambda _: find(name).setup, 0, afresh=True)


def opened() -> Window:
    """This window's race; a new one where there is none, and for an address that this window has not written."""
    state, query = st.session_state, address.read()
    known = state.get(WRITTEN, [])
    mine = {key: value for key, value in query.items() if key != "step"}
    if WINDOW not in state or (mine and mine not in known):
        setup, refusals = read(query or {"tile": TILES[0].name})
        try:
            race = Race(setup)
        except Refused as refusal:  # each value is right, but not together
            race, refusals = Race(find(TILES[0].name).setup), [*refusals, str(refusal)]
        state[WINDOW] = Window(race, refusals=refusals)
        state["playground.goal"] = _goal(query.get("step"), state[WINDOW])
        state[WRITTEN] = [mine]
    found: Window = state[WINDOW]
    return found


def _goal(text: str | None, window: Window) -> int | None:
    """The step that a link asks to stand at."""
    if text is None:
        return None
    goal = address.whole(text, 0, LAST)
    if goal is not None:
        return goal
    window.refusals.append(f"step={text[:24]} in the address: give a whole number from 0 to {LAST}.")
    return None


def _play(theme: Theme) -> None:
    """Everything that moves; runs again when the browser asks for more, and when something is chosen."""
    window: Window = st.session_state[WINDOW]
    with window.lock:
        window.answer(stage.sent_of(PLANE))
        with st.container(key="dc-play-controls"):
            _controls(window)
        _words(window)
        stage.plane(message(window, theme, st.session_state.get("playground.goal")), key=PLANE)
    written = st.session_state[WRITTEN]
    address = write(window.race.setup)
    if address not in written:
        st.session_state[WRITTEN] = [*written, address][-REMEMBERED:]


def _controls(window: Window) -> None:
    """The everyday choices: menus here, sliders beside what they change."""
    setup = window.race.setup
    row = st.columns([1.1, 1.1, 1.45, 1.45, 0.3], vertical_alignment="bottom", gap="small")
    with row[0], st.container(key="dc-pick-play-data"):
        _menu("Distribution", DATA, setup.data, "data", _sentence(FIGURES, setup.data))
    with row[1], st.container(key="dc-pick-play-start"):
        starts = {name: start.title for name, start in STARTS.items()}
        _menu("Start", starts, setup.start, "start", _sentence(STARTS, setup.start))
    titles = {name: found.title for name, found in registry.known("divergence").items()}
    for place, side in zip(row[2:4], SIDES, strict=True):
        with place, st.container(key=f"dc-pick-play-{side}"):
            _menu(side.capitalize(), titles, getattr(setup, side)["name"], side)
            explain.of_divergence(f"play-{side}", setup.divergence(side))
    with row[4], st.container(key="dc-play-more"):
        _more(window)


def _menu(label: str, options: dict[str, str], now: str, key: str, help: str | None = None) -> None:
    names = list(options)
    st.selectbox(
        label, names, names.index(now), format_func=options.__getitem__, help=help, **_bound(key, now)
    )  # fmt: skip


def _bound(key: str, now: Any) -> dict[str, Any]:
    """What ties a field to a value of the set-up: the value can also be changed elsewhere, by a picture or a slider.

    The field is then another one, under another key: what the browser still reports of the old one means nothing.
    """
    shown = st.session_state.setdefault(SHOWN, {})
    value, version = shown.get(key, (now, 0))
    version += value != now
    shown[key] = now, version
    return {"key": f"playground.w.{key}.{version}", "on_change": _chosen, "args": (key, version)}


def _chosen(key: str, version: int) -> None:
    """A field reports a value. One that is gone, or that only says with what it was drawn, means nothing."""
    drawn, now = st.session_state[SHOWN][key]
    value = st.session_state.get(f"playground.w.{key}.{version}", drawn)
    if version == now and value != drawn:
        st.session_state[SHOWN][key] = value, version
        st.session_state[WINDOW].set(key, value)


def _sentence(named: dict[str, Named], name: str) -> str:
    return named[name].sentence if name in named else "What you have drawn."


def _more(window: Window) -> None:
    """What is changed less often: how points move, the seed, and every parameter of both divergences."""
    setup = window.race.setup
    with st.popover("", icon=":material/tune:", help="Every parameter"), st.container(key="dc-wide-play"):
        row = st.columns(2)
        with row[0]:
            moves = {name: move.title for name, move in MOVES.items()}
            _menu("How points move", moves, setup.move, "move", MOVES[setup.move].sentence)
        seed = HYPERS["seed"]
        row[1].number_input("seed", 0, int(seed.high or 0), setup.seed, help=seed.help, **_bound("seed", setup.seed))
        for side in SIDES:
            _parameters(window, side)


def _parameters(window: Window, side: str) -> None:
    divergence = window.race.setup.divergence(side)
    hypers = type(divergence).hypers()
    st.caption(f"{side.capitalize()}: {divergence.title}" + ("" if hypers else ", without parameters"))
    columns = st.columns(3)
    for i, (key, fact) in enumerate(hypers.items()):
        with columns[i % 3]:
            _field(f"{side}.{key}", getattr(divergence, key), fact)


def _field(path: str, value: Any, fact: Hyper) -> None:
    label, help, bound = forms.label_of(path.partition(".")[2]), forms.help_of(fact), _bound(path, value)
    if fact.choices:
        st.selectbox(label, list(fact.choices), fact.choices.index(value), help=help, **bound)
    elif isinstance(value, bool):
        st.checkbox(label, value, help=help, **bound)
    elif isinstance(value, int):
        st.number_input(label, fact.low, fact.high, value, step=1, help=help, **bound)
    else:
        step = forms.step_of(value, fact)
        st.number_input(label, fact.low, fact.high, value, step=step, format="%g", help=help, **bound)


def _words(window: Window) -> None:
    """What the tile is about, or what was refused."""
    if window.refusals:
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", key="dc-refused"):
            st.warning("  \n".join(map(plain, window.refusals)), icon=":material/link_off:")
            st.button("", icon=":material/close:", type="tertiary", help="Dismiss", on_click=window.refusals.clear)
    elif window.race.setup.tile:
        tile = find(window.race.setup.tile)
        st.html(f'<p class="dc-look"><b>{tile.title}.</b> {tile.look} <i>Try:</i> {tile.attempt}</p>')
    else:
        st.html('<p class="dc-look">Grey: real points. Both sides begin alike; every control acts while it runs.</p>')


@cache
def _tiles(theme: Theme) -> list[dict[str, str]]:
    """The tiles with the pictures of their results."""
    found = []
    for tile in TILES:
        x = target(tile.setup.data, "", tile.setup.seed).x.numpy()
        src = thumbnail_of(x, results()[tile.name], EXTENT, theme)
        found.append({"name": tile.name, "title": tile.title, "words": f"{tile.look} Try: {tile.attempt}", "src": src})
    return found
