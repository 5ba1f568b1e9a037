"""The one live component: how it is mounted and what it sends back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st

from dcviz.errors import Refused
from dcviz.ui.assets import ensure_plotly

KEPT = 200  # steps of a run whose frames are kept, at most


@dataclass(frozen=True)
class View:
    """What the person at the screen looks at."""

    step: int | None = None  # None follows the run
    want: tuple[int, ...] = ()  # steps whose frames the browser does not have yet
    film: int | None = None  # the id whose history is shown


@cache
def _component() -> Any:
    """The component, registered once, with plotly beside it.

    Raises:
        Refused: if its files cannot be found or completed; the text is the command that cures it.
    """
    from streamlit.errors import StreamlitAPIException

    ensure_plotly()
    try:
        return st.components.v2.component("dcviz.stage", js="main.js", css="stage.css", isolate_styles=False)
    except StreamlitAPIException as error:
        raise Refused(
            "streamlit cannot find the browser code of dcviz, which it learns from the installed package; run once in "
            "the folder of pyproject.toml: pip install -e ."
        ) from error


def ready() -> None:
    """Refuse now, with the cure, what would otherwise fail in the middle of a page."""
    _component()


def real_layer(layer: Mapping[str, Any]) -> None:
    """Send what does not change during a run, once; mounted outside the live fragment."""
    _component()(key="stage-real", data={"kind": "real", **layer}, height=1)


def coming() -> None:
    """Have the browser fetch and read meanwhile what a stage will draw with."""
    _component()(key="stage-coming", data={"kind": "coming"}, height=1)


def stage(data: Mapping[str, Any], *, key: str = "stage") -> tuple[View, str | None]:
    """Draw the stage; returns the view asked for, and a command (``toggle``) if one was given by key."""
    result = _component()(key=key, data={"kind": "live", **data}, on_view_change=_nothing, on_command_change=_nothing)
    return read_view(result.view), result.command


def grid(data: Mapping[str, Any], *, key: str) -> str | None:
    """Draw a table of cells; returns the key of the one that was chosen, None before."""
    result = _component()(key=key, data={"kind": "grid", **data}, on_cell_change=_nothing)
    return result.cell if isinstance(result.cell, str) else None


def reel(message: Mapping[str, Any], *, key: str) -> None:
    """Draw a run that has come whole: it plays in the browser, and asks for nothing."""
    _component()(key=key, data={"kind": "reel", "stage": message})


def ask(run: str, step: int, ids: Sequence[int], nonce: int) -> None:
    """Have the stage show a step of the run it plays, with a selection; once for each ``nonce``."""
    asked = {"kind": "ask", "run": run, "step": step, "ids": list(ids), "nonce": nonce}
    _component()(key="stage-ask", data=asked, height=1)


def tour(data: Mapping[str, Any]) -> bool:
    """Draw the button of the tour; True when it was pressed where the tour cannot begin."""
    result = _component()(key="dc-tour", data={"kind": "tour", **data}, on_tour_change=_nothing, width="content")
    return bool(result.tour)


def compare(data: Mapping[str, Any], *, key: str) -> None:
    """Draw several runs together; what the browser asks for is read with `sent_of`."""
    _component()(key=key, data={"kind": "compare", **data}, on_view_change=_nothing)


def table(data: Mapping[str, Any], *, key: str) -> None:
    """Draw a table that the browser sorts and unfolds."""
    _component()(key=key, data={"kind": "table", **data})


def plane(data: Mapping[str, Any], *, key: str) -> None:
    """Draw both sides of the Playground; what the browser asks for is read with `sent_of`."""
    _component()(key=key, data={"kind": "plane", **data}, on_view_change=_nothing)


def tiles(data: Mapping[str, Any], *, key: str, choose: Callable[[], None]) -> None:
    """Draw a row of pictures; `clicked` tells ``choose`` which one it was called for."""
    _component()(key=key, data={"kind": "tiles", **data}, on_tile_change=choose)


def clicked(key: str) -> str:
    """The name of the picture that was clicked just now."""
    return str((st.session_state.get(key) or {}).get("tile") or "")


def sent_of(key: str) -> Any:
    """What a component has told as its view, as of this script run and as it came; None before it has."""
    return (st.session_state.get(key) or {}).get("view")


def glass(data: Mapping[str, Any], *, key: str) -> None:
    """Draw one image under the magnifying glass; what the browser looks at is read with `sent_of`."""
    _component()(key=key, data={"kind": "inspect", **data}, on_view_change=_nothing)


def view_of(key: str = "stage") -> View | None:
    """The view as of this script run, before the component is drawn; None until the browser has told one."""
    sent = sent_of(key)
    return None if sent is None else read_view(sent)


def read_view(sent: Any) -> View:
    """What the browser sent, with anything malformed ignored."""
    if not isinstance(sent, Mapping):
        return View()
    whole = [s for s in (sent.get("want") or []) if isinstance(s, int)]
    step, film = sent.get("step"), sent.get("film")
    return View(step if isinstance(step, int) else None, tuple(whole[:KEPT]), film if isinstance(film, int) else None)


def _nothing() -> None:
    """A state of a component is only readable where it has a callback."""
