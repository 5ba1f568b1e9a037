"""A tour of the Lab in six stops: offered once in a browser, and a button away on every page."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import streamlit as st

from dcviz.ui import address
from dcviz.ui.stage import tour

COUNT = "tour.count"  # in the session: how often it was asked for from another page


@dataclass(frozen=True)
class Stop:
    """One stop: what is shown, and what is said of it."""

    at: tuple[str, ...]  # CSS selectors of what is shown, together
    title: str
    text: str


STOPS = (
    Stop(
        (".st-key-dc-pick-data", ".st-key-dc-pick-preset", ".st-key-lab-w-budget"),
        "Choose",
        "Data, where to compare (the regime) and how (the divergence), or a published method in their place; and the "
        "budget, images per class. Each ? explains its choice, with the formula.",
    ),
    Stop(
        (".st-key-lab-condense",),
        "Condense",
        "Starts a run, which goes on in the background even when this window is closed. The button says how long it "
        "takes. Below it the run tells how it is doing, and can be paused, stepped, stopped and forked.",
    ),
    Stop(
        (".dcv-sheet",),
        "Images",
        "A row for each class; left of the line real examples. Click an image: it is enlarged, with its history and "
        "its nearest real images. ◥ marks those unlike the real data.",
    ),
    Stop(
        (".dcv-map",),
        "Map",
        "Dots are real, diamonds synthetic. Hover to see an image, click or lasso to choose; the choice is shared with "
        "the images. Trails show the way that a point has come.",
    ),
    Stop(
        (".dcv-curves",),
        "Curves",
        "What is minimised; yardsticks, which are only measured (1 is a random real subset); and the accuracy of "
        "networks trained on the images, beside that of selections and of the whole set.",
    ),
    Stop(
        (".dcv-bar",),
        "Time",
        "Play the run, step with the arrows, drag to any moment: images, map and curves follow. Space plays and "
        "pauses. What next? Learn has eleven lessons, each a run that plays at once.",
    ),
)


def draw(page: str) -> None:
    """The button, and on the first visit to the Lab the offer; elsewhere the button leads to the Lab first."""
    here, count = page == "Lab", st.session_state.get(COUNT, 0)
    if tour({"stops": [asdict(stop) for stop in STOPS] if here else [], "here": here, "count": count}):
        st.session_state[COUNT] = count + 1
        st.switch_page("app.py", query_params=address.taught())
