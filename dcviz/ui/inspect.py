"""The Inspect page: one synthetic image, everything that is known of it, and what each discrepancy would do to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from dcviz.errors import Refused, unknown
from dcviz.figures import Theme, real_scene, tokens
from dcviz.figures.signs import signs
from dcviz.inspect import OWN, inspector, lens, lenses, panel
from dcviz.inspect.lens import own, told
from dcviz.records import FINAL
from dcviz.runs.store import Deleted, Run, Store
from dcviz.runs.words import describe
from dcviz.ui import address, binned, good, inspect_runs, notices, status
from dcviz.ui.inspect_words import PLACED, words
from dcviz.ui.inspected import Look, Wish, message, planar
from dcviz.ui.plain import plain
from dcviz.ui.reader import Reader
from dcviz.ui.shown import Real, real_of
from dcviz.ui.stage import glass, real_layer, sent_of

PENDING_SECONDS, ALIVE_SECONDS = 0.4, 1.0  # between looks at an answer that is on its way, and at a live run
VIEWS = {"images": "Images", "good": "Good for"}
VIEW = "inspect.view"  # in the session: which of them
MOST = 11  # discrepancies looked through at once, beside the run's own
LARGEST = 10**9  # id of an image
LISTED = 300  # runs offered
MISSING, BACK = "inspect.missing", "inspect.restore"  # in the session: why a run of the address cannot be shown


def draw(reader: Reader, theme: Theme) -> None:
    """The page."""
    wish, refused = wished(reader.store)
    notices.keep(*refused)
    notices.draw()
    if wish is None:
        _offer_back(reader.store)
        address.write({})
        inspect_runs.choose_run(reader, theme)
        return
    row = reader.store.run(wish.run)
    st.session_state["inspect.run"] = wish.run
    keys = _bar(reader.store, row)
    if st.session_state[VIEW] == "good":
        _good(reader, row, theme)
        address.write({"run": wish.run, "view": "good", **good.address()})
        return
    real = real_of(reader, row.config.data, theme)
    if real.view is not None:
        real_layer(_real_layer(real.key, real.view, theme))
    _remember(wish, keys, row)
    st.fragment(_look, run_every=st.session_state.get("inspect.pace", PENDING_SECONDS))(
        reader, wish, Look(real, theme, keys)
    )


# ------------------------------------------------------------------------------------------- what is looked at


def _good(reader: Reader, row: Run, theme: Theme) -> None:
    """The other view: what the whole set is good for."""
    sign = {"this set": replace(signs(1, theme)[0], colour=tokens(theme).accent)}
    good.draw(reader.store, good.Shown({"this set": [row]}, sign, good.classes_of(reader.store, row)), theme)


def wished(store: Store) -> tuple[Wish | None, list[str]]:
    """What the address asks for, and a sentence for each value that is refused."""
    query = address.read()
    said = _view(query)
    run = query.get("run", st.session_state.get("inspect.run"))
    if not run:
        return None, said
    st.session_state[MISSING] = None
    try:
        row = store.run(run)
        _ = row.config  # one written by another version is refused
    except Refused as refusal:
        st.session_state.pop("inspect.run", None)
        st.session_state[MISSING] = refusal
        return None, [f"run={run} in the address: {refusal}"] if "run" in query else [str(refusal)]
    refused = list(said)
    image = _number(query, "image", None, refused)
    step = _number(query, "step", row.step, refused)
    if image is not None and (why := _no_image(store, row, image)):
        refused.append(f"image={image} in the address: {why}")
        image = None
    return Wish(run, image, step), refused


def _view(query: dict[str, str]) -> list[str]:
    """Take over which view the address asks for; returns sentences for what it cannot mean."""
    asked = query.get("view", "images")
    if VIEW not in st.session_state:
        st.session_state[VIEW] = asked if asked in VIEWS else "images"
    refused = good.read(query) if asked == "good" else []
    return refused if asked in VIEWS else [f"view={asked} in the address: {unknown('view', asked, VIEWS)}"]


def _offer_back(store: Store) -> None:
    """For a link to a run in the bin: the button that brings it back and opens it."""
    missing = st.session_state.get(MISSING)
    if isinstance(missing, Deleted) and (back := binned.offer(store, missing, BACK, f"Restore {missing.run}")):
        notices.forget()
        st.session_state["inspect.run"] = back
        address.write({"run": back})
        st.rerun()


def _number(query: dict[str, str], key: str, most: int | None, refused: list[str]) -> int | None:
    text = query.get(key)
    if text is None:
        return None
    number = address.whole(text, 0, LARGEST if most is None else most)
    if number is not None:
        return number
    span = "a whole number" if most is None else f"a whole number from 0 to {most}, the steps done"
    refused.append(f"{key}={text} in the address: give {span}.")
    return None


def _no_image(store: Store, row: Run, image: int) -> str:
    """Why there is no such image; empty where there is, and while nothing is known."""
    try:
        ids = store.frame(row.id)[1]["ids"]
    except Refused:
        return ""
    return "" if image in ids else f"the run has images {int(ids.min())} to {int(ids.max())}; choose one of them."


def _remember(wish: Wish, keys: Sequence[str], row: Run) -> None:
    """Write what is looked at into the address; the browser has moved on when it says so itself."""
    now = _now(wish)
    wanted = {"run": wish.run}
    wanted |= {key: str(value) for key, value in (("image", now.image), ("step", now.step)) if value is not None}
    if tuple(keys) != panel(planar(row)):
        wanted["lens"] = ",".join(keys)
    address.write(wanted)


def _now(wish: Wish) -> Wish:
    """What the browser looks at; the wish of the address before it has said anything."""
    sent = sent_of("inspect")
    if not isinstance(sent, dict) or sent.get("run") != wish.run:
        return wish
    image, step = sent.get("image"), sent.get("step")
    return Wish(wish.run, image if isinstance(image, int) else None, step if isinstance(step, int) else None)


# ------------------------------------------------------------------------------------------------- the controls


def _bar(store: Store, row: Run) -> tuple[str, ...]:
    """Which run, through which discrepancies; returns their keys."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="dc-inspect-bar"):
        runs = {run.id: _title(run) for run in store.runs(limit=LISTED)}
        runs.setdefault(row.id, _title(row))
        ids = list(runs)
        chosen = st.selectbox(
            "Run", ids, ids.index(row.id), format_func=runs.__getitem__, key=f"inspect.w.{row.id}", width=430,
            label_visibility="collapsed",
        )  # fmt: skip
        if chosen != row.id:
            notices.forget()
            st.session_state["inspect.run"] = chosen
            address.write({"run": chosen})
            st.rerun()
        with st.container(width="content"):
            st.fragment(_standing, run_every=None if row.status in FINAL else ALIVE_SECONDS)(store, row.id)
        view = st.segmented_control(
            "View", list(VIEWS), format_func=VIEWS.__getitem__, default=st.session_state[VIEW], key="inspect.w.view",
            label_visibility="collapsed", help="One image under the glass, or what the whole set is good for.",
        )  # fmt: skip
        st.session_state[VIEW] = view or st.session_state[VIEW]
        keys: tuple[str, ...] = ()
        if st.session_state[VIEW] == "images":
            keys = _lenses(row)
            _caveats()
        st.page_link("app.py", label="Open in the Lab", icon=":material/science:", query_params={"run": row.id})
    return keys


def _title(run: Run) -> str:
    return f"{describe(run)} · {run.status}"


def _lenses(row: Run) -> tuple[str, ...]:
    """The choice of discrepancies, each explained."""
    usual, known = panel(planar(row)), lenses()
    if "inspect.lens" not in st.session_state:
        asked = [key for key in st.query_params.get("lens", "").split(",") if key]
        unknown = [key for key in asked if key not in known]
        for key in unknown:
            st.toast(plain(_refusal(key)), icon=":material/link_off:")
        st.session_state["inspect.lens"] = [key for key in asked if key in known][:MOST] or None
    held = st.session_state["inspect.lens"] or list(usual)
    with (
        st.popover(
            "Discrepancies", icon=":material/tune:", help="Which discrepancies to look through, and what each is"
        ),
        st.container(key="dc-wide-lens"),
    ):
        keys = st.multiselect(
            "Beside the run's own objective", list(known), held, format_func=lambda key: known[key].title,
            max_selections=MOST, key=f"inspect.keys.{usual[0]}.{len(usual)}.{row.id}",
            help="Any divergence in any regime of vectors, the distances of the other regimes, published methods.",
        )  # fmt: skip
        for of in [own(row.config)] * bool(row.config.terms) + [known[key] for key in keys]:
            _explained(of, row)
    st.session_state["inspect.lens"] = None if tuple(keys) == usual else keys
    return tuple(keys)


def _explained(of: Any, row: Run) -> None:
    st.markdown(f"**{plain(of.title)}**" + (" · the run's own objective" if of.key == OWN else ""))
    try:
        for sentence, formula in told(of, row.config):
            st.caption(sentence)
            st.latex(formula)
    except Refused as refusal:
        st.caption(plain(str(refusal)))


def _refusal(key: str) -> str:
    try:
        lens(key)
    except Refused as refusal:
        return str(refusal)
    return ""


def _caveats() -> None:
    """What the numbers on this page mean, one click away."""
    with (
        st.popover("", icon=":material/help:", type="tertiary", help="What the numbers on this page mean"),
        st.container(key="dc-text-inspect"),
    ):
        for title, text, formula in PLACED:
            st.markdown(f"**{title}** {text}")
            if formula:
                st.latex(formula)


# ----------------------------------------------------------------------------------------------------- the look


def _look(reader: Reader, wish: Wish, look: Look) -> None:
    """One look: nothing is computed here, questions are asked and what is known is drawn."""
    now = _now(wish)
    try:
        row = reader.store.run(wish.run)
        latest = reader.latest(row.id)
    except Refused as refusal:  # deleted meanwhile, here or elsewhere
        st.html(status.sentence(str(refusal)))
        return
    if latest is None:
        st.html(status.sentence(f"{describe(row)} is {row.status} and has no picture yet; it appears here by itself."))
        pace: float | None = ALIVE_SECONDS
    else:
        sent, busy = message(reader, inspector(reader.store), row, now, latest, look)
        glass({**sent, "words": words(planar(row))}, key="inspect")
        waits = row.status not in FINAL or _unfinished(look.real)
        pace = PENDING_SECONDS if busy and row.status in FINAL else ALIVE_SECONDS if waits else None
    again = real_of(reader, row.config.data, look.theme)
    if again.key != look.real.key or pace != st.session_state.get("inspect.pace", PENDING_SECONDS):
        st.session_state["inspect.pace"] = pace
        st.rerun()  # the real layer, or the pace of looking, has changed: both lie outside this fragment


def _unfinished(real: Real) -> bool:
    """Whether the map of the real data is still being made."""
    if real.view is None:
        return not real.trouble
    return "thumbs" in real.view and real.view.get("umap") is None


def _standing(store: Store, run: str) -> None:
    """How the run is doing, in a word."""
    try:
        row = store.run(run)
    except Refused:  # deleted meanwhile: the sentence below says it
        return
    text = f"{row.status} · {row.step:,} / {row.steps:,} steps"
    st.html(f'<span class="dc-state dc-{row.status}" style="white-space:nowrap"><i></i>{text}</span>')


@st.cache_data(max_entries=8, show_spinner=False)
def _real_layer(key: str, _view: Mapping[str, Any], theme: Theme) -> dict[str, Any]:
    """What does not change while a run is looked at."""
    return real_scene(key, {k: v for k, v in _view.items() if not isinstance(v, np.ndarray) or len(v)}, theme)
