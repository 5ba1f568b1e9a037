"""What is chosen, explained one click away: a sentence, the formula, what is known of it, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from dcviz import registry
from dcviz.errors import Refused
from dcviz.types import PROPERTIES, Declaration, Discrepancy, Divergence, Preset, Source
from dcviz.ui.choices import Choices, declared
from dcviz.yardsticks import ALIKE, GROUPED, LIKENESS, RELATIVE, SPACES, YARDSTICKS

UNIFIED = (
    "Our reading of “[A Discrepancy-Based Perspective on Dataset Condensation](https://arxiv.org/abs/2509.10367)”: in "
    "regimes of vectors any divergence can be chosen; gradients, trajectories and predictions admit distances of "
    "their own."
)
BIASED = "Mini-batches of real data bias its gradient: larger batches, or the whole of T, come closer to the true one."
FOLLOWS = (
    "Its bandwidth follows the batch, so mini-batches of real data bias its gradient a little; at a fixed bandwidth "
    "they do not."
)
BROUGHT = "The preset brings its own: see there."
LIKENESS_SHOWN = "lab.w.likeness"  # whether the curves show it in the yardsticks' place
MOVING = "Each step compares in a fresh space: the curve is noisy because its yardstick moves."


def regime(choices: Choices) -> None:
    """Where T and S are compared."""
    with popover("regime", "What this regime is"):
        if choices.preset:
            st.markdown(BROUGHT)
            return
        vectors = registry.known("regime").get(choices.regime)
        if vectors is not None:
            facts_of(vectors)
        else:
            known = registry.known("discrepancy").values()
            own = [d for d in known if d.where == choices.regime and not d.serves]
            _head(choices.regime.replace("-", " "))
            st.markdown("A regime with methods of its own.")
            for method in own:
                _head(method.title)
                _body(method)
        st.caption(UNIFIED)


def divergence(choices: Choices) -> None:
    """How far T is from S there."""
    with popover("divergence", "What this divergence is, and what it is good for"):
        if choices.preset:
            st.markdown(BROUGHT)
            return
        found = declared(choices)
        facts_of(found)
        if issubclass(found, Divergence):
            _of_divergence(_chosen(found, choices))
        elif issubclass(found, Discrepancy):
            _of_discrepancy(found)


def of_divergence(key: str, divergence: Divergence) -> None:
    """One divergence with its parameters, wherever it stands."""
    with popover(key, "What this divergence is, and what it is good for"):
        facts_of(type(divergence))
        _of_divergence(divergence)


def preset(choices: Choices) -> None:
    """A published method, and what is different here."""
    with popover("preset", "What this preset is"):
        known: dict[str, Preset] = registry.known("preset")
        if choices.preset:
            chosen = known[choices.preset]
            _head(chosen.title)
            st.markdown(chosen.sentence if chosen.published else f"{chosen.sentence} Our own, not published.")
            st.markdown(f"**Different here.** {chosen.differs}")
            st.markdown(f"**Scale {choices.scale}.** {chosen.scales[choices.scale].note}")
            _source(chosen.source)
            return
        st.markdown("A published method with its constants, in place of regime and divergence.")
        for one in known.values():
            st.markdown(f"**{one.title}** {one.sentence}")


def yardsticks(planar: bool) -> None:
    """What is measured beside the objective, whatever is optimised."""
    why = "What the yardsticks are"
    with (
        st.popover(why, icon=":material/straighten:", type="tertiary", help=why),
        st.container(key="dc-text-yardsticks"),
    ):
        _head("yardsticks")
        why = "The curves show precision, recall, density, coverage and a classifier's accuracy where yardsticks stand."
        st.toggle("likeness in their place", key=LIKENESS_SHOWN, help=why)
        st.markdown(RELATIVE)
        for one in YARDSTICKS:
            if one.planar or not planar:
                st.markdown(
                    f"**{one.name(planar)}**: {one.facts.title}, {SPACES[one.where(planar)]}. {one.facts.sentence}"
                )
                st.latex(one.facts.formula)
                _source(one.facts.source)
        _head("likeness")
        st.markdown(ALIKE)
        for alike in LIKENESS:
            st.markdown(f"**{alike.label}**: {alike.sentence}")
            st.latex(alike.formula)
        for source in dict.fromkeys(alike.source for alike in LIKENESS):
            _source(source)
        _head("groups")
        st.markdown(f"Where the data has groups. {GROUPED}")


def properties(of: Divergence) -> dict[str, bool]:
    """What is declared of the estimator, in words, and whether it holds."""
    root = "" if of.root == 1 else "its square root "
    words = {**PROPERTIES, "triangle": f"{root}obeys the triangle inequality"}
    return {text: key in of.holds for key, text in words.items() if key != "minibatch"}


def warning(of: Divergence) -> str:
    """What mini-batches of real data do to its gradient; empty where they do nothing."""
    if "minibatch" in of.holds:
        return ""
    return FOLLOWS if "bandwidth" in of.hypers() else BIASED


@contextmanager
def popover(key: str, help: str) -> Iterator[None]:
    """An explanation one click away, beside the control in a container ``dc-pick-…``."""
    with (
        st.container(key=f"dc-why-{key}"),
        st.popover(help, icon=":material/help:", type="tertiary", help=help),
        st.container(key=f"dc-text-{key}"),
    ):
        yield


def facts_of(of: type[Declaration]) -> None:
    """What a declaration says of itself: title, sentence, formula, source."""
    _head(of.title)
    _body(of)


def _head(title: str) -> None:
    st.markdown(f"**{title[:1].upper()}{title[1:]}**")


def _body(of: type[Declaration]) -> None:
    st.markdown(of.sentence)
    st.latex(of.formula)
    _source(of.source)


def _chosen(of: type[Divergence], choices: Choices) -> Divergence:
    """With the hyper-parameters set in the form; with the usual ones while those do not fit."""
    own = "divergence."
    given = {path.removeprefix(own): value for path, value in choices.settings.items() if path.startswith(own)}
    try:
        return registry.build("divergence", {"name": of.name, **given})
    except Refused:
        return of()


def _of_divergence(of: Divergence) -> None:
    if said := warning(of):
        st.warning(said, icon=":material/warning:")
    else:
        st.markdown(":material/check: Under mini-batches of real data its gradient is unbiased.")
    lines = [f"{':material/check:' if holds else ':material/close:'} {text}" for text, holds in properties(of).items()]
    st.caption("  \n".join(lines))
    st.caption(f"One step costs {of.cost}: N real, M synthetic, D features.")


def _of_discrepancy(of: type[Discrepancy]) -> None:
    needs = of().needs
    if needs.space == "fresh":
        st.markdown(MOVING)
    real = f"in batches of {needs.real_per_class:,}" if needs.real_per_class else "once, before the first step"
    st.caption(f"By default it looks at T {real}." + _declared(of))


def _declared(of: Any) -> str:
    held = [text for key, text in PROPERTIES.items() if key in of.properties]
    return f" It {', '.join(held)}." if held else ""


def _source(source: Source) -> None:
    where = f", {source.equation}" if source.equation else ""
    st.caption(f"{source.authors}: [{source.title}]({source.link}), {source.year}{where}")
