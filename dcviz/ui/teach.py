"""A teacher's link: the address of a page says which of its controls are left out, and whether the type is large."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from dcviz.errors import unknown
from dcviz.ui import address
from dcviz.ui.plain import plain

HIDE, BIG = address.TAUGHT
REFUSED = "teach.refused"  # in the session: sentences
LARGE = (Path(__file__).parent / "large.css").read_text(encoding="utf-8")

NAMES = {
    "links": "Links to the other pages",
    "device": "The line about the device",
    "help": "Tour, glossary and this menu",
    "data": "Data",
    "regime": "Regime",
    "divergence": "Divergence",
    "preset": "Preset",
    "budget": "Budget",
    "settings": "All other parameters",
    "condense": "The button that starts",
    "steer": "Buttons that steer a run",
    "status": "The line of numbers",
    "replay": "The scrubber",
    "maps": "The choice of a map",
    "export": "Share and export",
    "lessons": "The strip of lessons",
    "variants": "What a lesson varies",
    "looks": "Where to look",
    "check": "The question to oneself",
    "sources": "Sources",
    "change": "The way to the Lab",
    "views": "The choice of a view",
    "details": "What is chosen",
    "runs": "The choice of runs",
    "find": "Search and filters",
    "tiles": "The row of set-ups",
    "start": "Start",
    "sliders": "Sliders",
    "drawing": "Drawing, and what is drawn",
}


def _column(key: str) -> str:
    """The innermost column that holds a key: the others then take its room."""
    return f"[data-testid='stColumn']:not(:has([data-testid='stColumn'])):has(.st-key-{key})"


EVERYWHERE = {
    "links": "[class*='st-key-dc-link-']",
    "device": ".dc-device",
    "help": ".st-key-dc-help",
}
STAGE = {"replay": ".dcv-bar", "maps": ".dcv-map .dcv-switch"}
PAGES: dict[str, dict[str, str]] = {  # page -> group -> CSS selector
    "Lab": {
        "data": _column("dc-pick-data"),
        "regime": _column("dc-pick-regime"),
        "divergence": _column("dc-pick-divergence"),
        "preset": _column("dc-pick-preset"),
        "budget": _column("lab-w-budget"),
        "settings": _column("lab-settings"),
        "condense": _column("lab-condense"),
        "steer": ".st-key-dc-steer",
        "status": ".dc-status",
        "export": ".st-key-dc-export, .dcv-share",
        **STAGE,
    },
    "Playground": {
        "tiles": ".st-key-dc-play-tiles",
        "data": _column("dc-pick-play-data"),
        "start": _column("dc-pick-play-start"),
        "divergence": f"{_column('dc-pick-play-left')}, {_column('dc-pick-play-right')}",
        "settings": _column("dc-play-more"),
        "sliders": ".dcv-plane .dcv-knobs",
        "drawing": ".dcv-plane .dcv-bar [aria-label='What is drawn'], .dcv-plane .dcv-bar button:has(.dcv-word)",
        "export": ".dcv-share",
        "replay": ".dcv-bar",
    },
    "Compare": {"runs": ".st-key-dc-compare-row", "export": ".dcv-share", **STAGE},
    "Inspect": {"runs": ".st-key-dc-inspect-bar", "replay": ".dcv-bar"},
    "Runs": {
        "find": "[data-testid='stHorizontalBlock']:has(> [data-testid='stColumn'] .st-key-runs-w-find)",
        "details": _column("dc-runs-side"),
    },
    "Atlas": {"views": ".st-key-atlas-view", "details": _column("dc-atlas-detail")},
    "Learn": {
        "lessons": ".st-key-dc-lessons",
        "variants": ".st-key-dc-lesson-vary",
        "looks": ".st-key-dc-lesson-looks",
        "check": ".st-key-dc-lesson-check",
        "sources": ".st-key-dc-lesson-sources",
        "change": ".st-key-dc-lesson-change",
        **STAGE,
    },
}


@dataclass(frozen=True)
class Taught:
    """What a teacher's link asks for."""

    hidden: tuple[str, ...] = ()  # of `NAMES`
    big: bool = False

    @property
    def query(self) -> dict[str, str]:
        """As it stands in an address."""
        found = {HIDE: ",".join(self.hidden)} if self.hidden else {}
        return found | ({BIG: "1"} if self.big else {})


def groups(page: str) -> dict[str, str]:
    """The groups of controls that a page can leave out: name -> CSS selector."""
    return {**PAGES.get(page, {}), **EVERYWHERE}


def opened(page: str) -> None:
    """Read the address, note what it cannot mean, and leave out what it says; it stays in every address from here."""
    query, state = st.query_params, st.session_state
    if HIDE in query or BIG in query:
        taught, state[REFUSED] = read(query.get(HIDE, ""), query.get(BIG, ""))
        state[address.STATE] = taught.query
    address.write(address.read())  # a link within the app has lost it, or it was refused
    taught = now()
    css = [f"{groups(page)[name]} {{ display: none !important; }}" for name in taught.hidden if name in groups(page)]
    css += [".st-key-dc-teach { display: none !important; }"] if taught.query else []
    css += [LARGE] if taught.big else []
    if css:
        st.html(f"<style>{' '.join(css)}</style>")


def refusals() -> None:
    """What the address could not mean, in words, until it is dismissed."""
    held = st.session_state.get(REFUSED)
    if held:
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", key="dc-refused-link"):
            st.warning("  \n".join(map(plain, held)), icon=":material/link_off:")
            if st.button("", icon=":material/close:", type="tertiary", help="Dismiss", key="teach.dismiss"):
                st.session_state[REFUSED] = []
                st.rerun()


def now() -> Taught:
    """What holds in this window."""
    found = address.taught()
    return read(found.get(HIDE, ""), found.get(BIG, ""))[0]


def hidden(group: str) -> bool:
    """Whether a group is left out: its shortcuts must not act either."""
    return group in now().hidden


def link(url: str, query: dict[str, str], taught: Taught) -> str:
    """The address of a page for a class.

    >>> link("http://here/Learn", {"lesson": "2"}, Taught(("looks", "links")))
    'http://here/Learn?lesson=2&hide=looks,links'
    """
    text = urlencode({**query, **taught.query}, safe=",/")
    return url.partition("?")[0] + (f"?{text}" if text else "")


def read(hide: str, big: str) -> tuple[Taught, list[str]]:
    """What an address asks for, and a sentence for each value that it cannot mean."""
    wanted = [name for name in hide.split(",") if name]
    refused = [
        f"{HIDE}={name} in the address: {unknown('group of controls', name, NAMES)}"
        for name in wanted
        if name not in NAMES
    ]
    if big not in ("", "0", "1"):
        refused.append(f"{BIG}={big} in the address: give 1 for large type, or leave it out.")
    return Taught(tuple(dict.fromkeys(name for name in wanted if name in NAMES)), big == "1"), refused


@st.dialog("A link for a class", icon=":material/cast_for_education:", width="medium")
def dialog(page: str) -> None:
    """Tick what the link leaves out; the address is copied from below."""
    st.caption(
        "Whoever opens it sees this page as it is now, but for what is ticked here; so with the pages reached from it."
    )
    found = groups(page)
    columns, chosen = st.columns(2, gap="small"), []
    for i, name in enumerate(found):
        if columns[i % 2].checkbox(NAMES[name], key=f"teach.{page}.{name}"):
            chosen.append(name)
    big = st.toggle("Large type, for a projector", key="teach.big")
    st.caption("The address; the button at its end copies it:")
    st.code(link(st.context.url or "", address.read(), Taught(tuple(chosen), big)), language=None, wrap_lines=True)
