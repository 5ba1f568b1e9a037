"""Learn: lessons, each one screen around prepared runs that play at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dcviz import registry
from dcviz.errors import Refused, unknown
from dcviz.figures import Theme
from dcviz.learn.lesson import Figures, Lesson, Look, Variant
from dcviz.learn.lessons import LESSONS
from dcviz.learn.playing import chosen, figures, layer, scene, scene_id, step_of
from dcviz.learn.prepared import prepared
from dcviz.records import RunConfig
from dcviz.ui import address, notices, url
from dcviz.ui.choices import choices_of
from dcviz.ui.frame import PAGES
from dcviz.ui.plain import plain
from dcviz.ui.stage import ask, real_layer, reel

CSS = (Path(__file__).parent / "learn.css").read_text(encoding="utf-8")
ASKED = "learn.asked"  # in the session: what the stage was last asked to show
SPEED = 1  # of the film: eight kept frames a second


@dataclass(frozen=True)
class Opened:
    """What the address names."""

    number: int  # of the lesson, from 1
    variant: Variant
    step: int | None = None  # shown at once, standing still; None plays

    @property
    def lesson(self) -> Lesson:
        """The lesson."""
        return LESSONS[self.number - 1]


def draw(theme: Theme) -> None:
    """The page."""
    st.html(f"<style>{CSS}</style>")
    try:
        now = opened(address.read())
        told = figures(now.lesson)
        message = scene(now.lesson, now.variant, theme)
        real = layer(prepared(now.variant.run).view, theme)
    except Refused as refusal:  # a file of the package is missing
        st.error(plain(str(refusal)), icon=":material/error:")
        return
    notices.draw()
    _strip(now)
    text, stage = st.columns([3, 7.2], gap="medium")
    with text, st.container(key="dc-lesson", gap=None):
        _text(now, told)
    with stage:
        with st.container(key="dc-lesson-sent"):
            real_layer(real)
            if ASKED in st.session_state:
                ask(**st.session_state[ASKED])
        reel({**message, "play": None if now.step is not None else SPEED, "step": now.step}, key="learn-stage")


def opened(query: Mapping[str, str]) -> Opened:
    """What the address asks for; what it cannot have is noted in words, and corrected in the address."""
    number = _number(query.get("lesson"))
    lesson = LESSONS[number - 1]
    names = [variant.name for variant in lesson.variants]
    name = query.get("variant", names[0])
    if name not in names:
        _refuse("variant", str(unknown(f"variant of lesson {number}", name, names)))
        name = names[0]
    variant = lesson.variant(name)
    return Opened(number, variant, _step(query.get("step"), variant))


def _number(text: str | None) -> int:
    if text is None:
        return 1
    number = address.whole(text, 1, len(LESSONS))
    if number is not None:
        return number
    _refuse("lesson", f"there are lessons 1 to {len(LESSONS)}.")
    return 1


def _step(text: str | None, variant: Variant) -> int | None:
    if text is None:
        return None
    run = prepared(variant.run)
    asked = address.whole(text, 0, run.steps)
    if asked is not None:
        return min((step for step, _ in run.frames), key=lambda step: abs(step - asked))
    _refuse("step", f"give a whole number from 0 to {run.steps}.")
    return None


def _refuse(key: str, why: str) -> None:
    notices.keep(f"{key}={st.query_params[key]} in the address: {why}")
    del st.query_params[key]


# ------------------------------------------------------------------------------------------------- moving on


def _go(number: int, variant: str = "") -> None:
    """To a lesson, or to a variant of it, by something else than their own switches."""
    _write(number, variant)
    st.session_state["learn.w.lesson"] = number
    if variant:
        st.session_state[f"learn.w.variant.{number}"] = variant


def _write(number: int, variant: str = "") -> None:
    """Their own switches only do this: set anew from here, they would take back the next, quick click."""
    address.write({"lesson": str(number)} | ({"variant": variant} if variant else {}))


def _choose_lesson() -> None:
    _write(st.session_state["learn.w.lesson"])


def _choose_variant(number: int) -> None:
    now, chosen = opened(address.read()), st.session_state[f"learn.w.variant.{number}"]
    if number == now.number and chosen != now.variant.name:  # else the browser only repeats what it was shown
        _write(number, chosen)


def _show(number: int, look: Look) -> None:
    """Have the stage go where a look is, in its variant."""
    now = opened(address.read())
    if number != now.number:  # a lesson that was left when this was pressed
        return
    variant = now.lesson.variant(look.variant) if look.variant else now.variant
    if variant != now.variant or now.step is not None:
        _go(number, variant.name)
    nonce = st.session_state.get(ASKED, {"nonce": 0})["nonce"] + 1
    where = {"run": scene_id(now.lesson, variant), "step": step_of(look, variant), "ids": chosen(look, variant)}
    st.session_state[ASKED] = {**where, "nonce": nonce}


# ------------------------------------------------------------------------------------------------- the screen


def _strip(now: Opened) -> None:
    """Previous, the lessons, next."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall", key="dc-lessons"):
        at, last = now.number, len(LESSONS)
        _arrow("chevron_left", "The lesson before", at - 1, off=at == 1)
        st.session_state.setdefault("learn.w.lesson", at)
        st.segmented_control(
            "Lesson",
            range(1, last + 1),
            format_func=lambda n: f"{n} {LESSONS[n - 1].name}",
            key="learn.w.lesson",
            required=True,
            label_visibility="collapsed",
            on_change=_choose_lesson,
        )
        _arrow("chevron_right", "The next lesson", at + 1, off=at == last)


def _arrow(icon: str, why: str, to: int, *, off: bool) -> None:
    st.button("", icon=f":material/{icon}:", help=why, key=f"learn.{icon}", disabled=off, on_click=_go, args=(to,))


def _text(now: Opened, told: Figures) -> None:
    lesson = now.lesson
    st.html(f"<h1>{lesson.question}</h1>")
    st.markdown(lesson.filled(lesson.text, told))
    with st.container(key="dc-lesson-vary"):
        _variants(now, told)
    with st.container(key="dc-lesson-looks", gap=None):
        st.html("<h2>Look for – press to be shown</h2>")
        for i, look in enumerate(lesson.looks):
            st.button(
                lesson.filled(look.text, told),
                icon=":material/visibility:",
                key=f"learn.look.{now.number}.{i}",
                type="tertiary",
                wrap=True,
                on_click=_show,
                args=(now.number, look),
            )
    with st.container(key="dc-lesson-formula", gap=None):
        st.latex(now.variant.formula)
        st.caption(lesson.about)
    with st.container(key="dc-lesson-check"), st.expander(f"**Check yourself.** {lesson.check[0]}"):
        st.markdown(lesson.filled(lesson.check[1], told))
    with st.container(key="dc-lesson-sources"):
        st.caption(" · ".join(f"[{s.title}]({s.link}), {s.year}" for s in lesson.sources))
    with st.container(key="dc-lesson-change"):
        _change(now)


def _variants(now: Opened, told: Figures) -> None:
    """The control that switches between prepared runs, and a line on the one that is shown."""
    lesson, key = now.lesson, f"learn.w.variant.{now.number}"
    titles = {variant.name: lesson.filled(variant.title, told) for variant in lesson.variants}
    st.session_state[key] = now.variant.name
    st.segmented_control(
        lesson.control,
        list(titles),
        format_func=titles.__getitem__,
        key=key,
        required=True,
        on_change=_choose_variant,
        args=(now.number,),
    )
    st.caption(lesson.filled(now.variant.said, told))


def _change(now: Opened) -> None:
    """The way to the same set-up where everything can be changed."""
    run = prepared(now.variant.run)
    page, query = "Lab", url.write(choices_of(run.offered))
    shown_first = [now.variant, *now.lesson.variants]
    pursued = [o.name for v in shown_first for o in prepared(v.run).config.objectives]
    if pursued:  # in this variant, or in any: the slider there leads from one to the other
        page, query = "Objectives", query | {"objective": pursued[0]}
    elif "Playground" in PAGES and "points" in run.frames[0][1]:
        page, query = "Playground", playground(run.config)
    query |= address.taught()
    where = page if pursued else f"the {page}"
    st.page_link(PAGES[page], label=f"Change it in {where}", icon=":material/tune:", query_params=query)


def playground(config: RunConfig) -> dict[str, str]:
    """The address of the Playground with the divergence of a planar run on the left; on the right one to compare."""
    given = dict(config.terms[0].params["divergence"])
    name = given.pop("name")
    usual = registry.describe(registry.build("divergence", name))
    own = {f"left.{key}": json.dumps(value) for key, value in given.items() if value != usual.get(key)}
    return {"data": config.data.name, "left": name, **own, "right": "mean" if name == "energy" else "energy",
            "start": "wide", "move": "adam", "budget": str(2 * config.budget), "seed": str(config.seed)}  # fmt: skip
