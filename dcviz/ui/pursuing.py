"""The controls of the Objectives page: data, method, what to pursue, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from dcviz import registry
from dcviz.errors import Refused
from dcviz.runs import frontier
from dcviz.runs.configure import OBJECTIVE
from dcviz.runs.frontier import Strength
from dcviz.runs.store import Store
from dcviz.types import OBJECTIVES, Objective
from dcviz.ui import data_panel, forms
from dcviz.ui.choices import BUDGETS, OWN, Choices, config_of, methods, regimes
from dcviz.ui.explain import facts_of, popover

__all__ = ["OBJECTIVE", "afresh", "anew", "controls", "ordered", "pursued", "several", "started", "tag"]

REST = "objectives.rest"  # in the session: parameters of objectives beside their strength, by name
OFF = "without"  # on the slider: the run without the objective
PLAIN = "custom"  # the preset menu's word for: no preset


def ordered() -> dict[str, type[Objective]]:
    """All objectives, those of one kind together."""
    known: dict[str, type[Objective]] = registry.known("objective")
    return {name: of for kind in OBJECTIVES for name, of in known.items() if of.kind == kind}


def tag(name: str) -> str:
    """Which runs of this page and of the command line carry."""
    return f"frontier {name}"


def started(name: str, choices: Choices) -> Choices:
    """The set-up of a first visit: the objective at its usual strength."""
    kind = registry.find("objective", name)
    return replace(choices, settings={**choices.settings, path_of(name): kind.default(kind.strength)})


def anew() -> None:
    """Widgets begin anew: under other keys, since the browser may still tell what the old ones held."""
    st.session_state["objectives.round"] = st.session_state.get("objectives.round", 0) + 1


def path_of(name: str) -> str:
    """The setting that says how much of an objective is asked for."""
    return f"{OBJECTIVE}{name}.{registry.find('objective', name).strength}"


def controls(store: Store, choices: Choices, name: str, row: Sequence[Any]) -> tuple[Choices, str]:
    """Draw the row but for its button; returns what is chosen now."""
    with row[0]:
        choices = _data(store, choices)
    with row[1]:
        regime = _menu("Regime", regimes(), choices.regime, "regime", off=bool(choices.preset))
    with row[2]:
        fitting = methods(regime)
        now = choices.divergence if choices.divergence in fitting else next(iter(fitting))
        method = _menu("Divergence", fitting, now, f"method.{regime}", off=bool(choices.preset))
    if (regime, method) != (choices.regime, choices.divergence):
        choices = afresh(replace(choices, regime=regime, divergence=method))
    with row[3], st.container(key="dc-pick-objective"):
        titles = {key: f"{of.kind} · {of.title}" for key, of in ordered().items()}
        chosen = _menu("Objective", titles, name, "objective")
        _explained(chosen)
    if chosen != name:
        choices = _swapped(choices, name, chosen)
    choices = _slid(choices, chosen)
    with row[5]:
        choices = _more(choices, chosen)
    with row[4]:
        choices = _strength(store, choices, chosen)
    return choices, chosen


def _data(store: Store, choices: Choices) -> Choices:
    """What is at once at hand comes first: planar sets and the bundled digits."""
    found = data_panel.entries(store)
    names = sorted(found, key=lambda n: (bool(found[n].missing), found[n].path != "", found[n].train > 5000))
    now = choices.path if choices.data == OWN else choices.data
    taken = _menu("Data", {n: data_panel.label(found[n]) for n in names}, now, "data")
    if taken == now:
        return choices
    entry = found[taken]
    settings = {p: v for p, v in choices.settings.items() if not p.startswith(data_panel.PART)}
    return replace(choices, data=entry.name, path=entry.path, name=entry.title if entry.path else "", settings=settings)


def _strength(store: Store, choices: Choices, name: str) -> Choices:
    """From without it to much of it; strengths with a run that is done are marked."""
    kind, path = registry.find("objective", name), path_of(name)
    now: Strength = choices.settings.get(path, OFF)
    known = _known(store, choices, name)
    steps = {*frontier.strengths(kind), *(s for s in known if s is not None), *([] if now == OFF else [now])}
    levels: list[Strength] = [OFF, *sorted(steps, key=_order, reverse=kind.more == "lower")]

    def shown(level: Strength) -> str:
        there = (None if level == OFF else level) in known
        word = level if level == OFF else frontier.said(name, level).rpartition(" ")[2]
        return f"{word}{' ●' if there else ''}"

    fact = kind.hypers()[kind.strength]
    chosen = st.select_slider(
        f"Strength: {kind.strength.replace('_', ' ')}", levels, now, format_func=shown, key=_key(f"strength.{name}"),
        help=f"{forms.help_of(fact)} ● there is a run. Any other value in the panel beside.",
    )  # fmt: skip
    return _with(choices, name, chosen)


def _slid(choices: Choices, name: str) -> Choices:
    """What the slider says already, before it is drawn: the panel beside it follows at once."""
    said = st.session_state.get(_key(f"strength.{name}"))
    return choices if said is None else _with(choices, name, said)


def _with(choices: Choices, name: str, level: Strength) -> Choices:
    rest = {p: v for p, v in choices.settings.items() if not _of_any(p, {name})}
    if level == OFF:
        return replace(choices, settings=rest)
    own = {p: v for p, v in choices.settings.items() if _of_any(p, {name})}
    return replace(choices, settings={**rest, **_remembered(name), **own, path_of(name): level})


def pursued(choices: Choices, name: str) -> Choices:
    """The same set-up with the objective in it, where the slider leaves it out: at its usual strength."""
    kind, path = registry.find("objective", name), path_of(name)
    own = {**_remembered(name), path: kind.default(kind.strength)}
    return choices if path in choices.settings else replace(choices, settings={**choices.settings, **own})


def _remembered(name: str) -> dict[str, Any]:
    """The other parameters of an objective, as this window has set them: leaving it out does not lose them."""
    found: dict[str, Any] = st.session_state.setdefault(REST, {}).get(name, {})
    return found


def _known(store: Store, choices: Choices, name: str) -> set[Strength | None]:
    try:
        return set(frontier.relatives(store, config_of(pursued(choices, name)), name, "done"))
    except Refused:  # the page says why where the button stands
        return set()


def _order(level: Strength) -> tuple[bool, float, str]:
    number = isinstance(level, (int, float))
    return not number, float(level) if number else 0.0, str(level)


def _more(choices: Choices, name: str) -> Choices:
    """Budget, seed and preset; every parameter of the objective; and what is pursued beside it."""
    with (
        st.popover("", icon=":material/tune:", help="Budget, seed, preset, and every parameter of the objective"),
        st.container(key="dc-wide-objectives"),
    ):
        left, right = st.columns(2)
        presets = {PLAIN: "—"} | {n: p.title for n, p in registry.known("preset").items()}
        with left:
            preset = _menu("or preset", presets, choices.preset or PLAIN, "preset")
        seed = right.number_input("seed", 0, 2**31 - 1, choices.seed, key=_key("seed"), help="Of every random draw.")
        options = sorted({*BUDGETS, choices.budget})
        budget = st.select_slider("Budget per class", options, choices.budget, key=_key("budget"))
        if preset != (choices.preset or PLAIN):
            choices = afresh(replace(choices, preset="" if preset == PLAIN else preset))
        choices = replace(choices, seed=int(seed), budget=budget)
        choices = _parameters(choices, name)
        return _beside(choices, name)


def _parameters(choices: Choices, name: str) -> Choices:
    """Every parameter of the objective, where it is pursued."""
    kind, path, at = registry.find("objective", name), path_of(name), f"{OBJECTIVE}{name}."
    if path not in choices.settings:
        st.caption("Slide the strength up to set the objective's other parameters.")
        return choices
    st.caption(kind.title)
    now = choices.settings[path]
    exact = forms.one_field(path, now, kind.hypers()[kind.strength], f"{_key('exact')}.{now}.")
    if exact != now:
        st.session_state[_key(f"strength.{name}")] = exact  # the slider is drawn after this
    hypers = {f"{at}{key}": fact for key, fact in forms.term_hypers({}, "objective", name).items()}
    hypers.pop(path)
    own = {p: v for p, v in choices.settings.items() if p in hypers}
    given = forms.fields(hypers, own, f"{_key(name)}.")
    st.session_state.setdefault(REST, {})[name] = given
    rest = {p: v for p, v in choices.settings.items() if not p.startswith(at)}
    return replace(choices, settings={**rest, **given, path: exact})


def _beside(choices: Choices, name: str) -> Choices:
    """Other objectives pursued at once, each with its strength."""
    others = {key: of for key, of in ordered().items() if key != name}
    return several(choices, others, "Besides", _key(f"beside.{name}"))


def several(choices: Choices, offered: Mapping[str, type[Objective]], label: str, key: str) -> Choices:
    """A choice of objectives that are pursued together, and a slider of the strength of each."""
    held = [name for name in offered if path_of(name) in choices.settings]
    chosen = st.multiselect(
        label, list(offered), held, format_func=lambda name: f"{offered[name].kind} · {offered[name].title}", key=key,
        placeholder="none", help="What the set should be good for beside standing for the real data.",
    )  # fmt: skip
    settings = {p: v for p, v in choices.settings.items() if not _of_any(p, set(offered) - set(chosen))}
    for name in chosen:
        kind, path = offered[name], path_of(name)
        now = settings.get(path, kind.default(kind.strength))
        levels = sorted({*frontier.strengths(kind), now}, key=_order, reverse=kind.more == "lower")
        settings[path] = st.select_slider(
            f"{kind.title}: {kind.strength.replace('_', ' ')}", levels, now, key=f"{key}.{name}",
            help=forms.help_of(kind.hypers()[kind.strength]),
        )  # fmt: skip
    return replace(choices, settings=settings)


def _of_any(path: str, names: set[str]) -> bool:
    return path.startswith(OBJECTIVE) and path.split(".")[1] in names


def _swapped(choices: Choices, old: str, new: str) -> Choices:
    """Another objective in the place of one: it begins at its usual strength."""
    kept = {p: v for p, v in choices.settings.items() if not _of_any(p, {old, new})}
    return started(new, replace(choices, settings=kept))


def afresh(choices: Choices) -> Choices:
    """The choices without settings of a method; those about the data, and of objectives, stay."""
    kept = {p: v for p, v in choices.settings.items() if p.startswith((data_panel.PART, OBJECTIVE))}
    return replace(choices, settings=kept, steps=None, start=None)


def _explained(name: str) -> None:
    kind = registry.find("objective", name)
    with popover("objective", "What this objective is, and what it does not promise"):
        facts_of(kind)
        st.warning(kind.caution, icon=":material/gpp_maybe:")
        if data_panel.private({path_of(name): None}):
            st.caption(f":material/lock: {data_panel.PRIVATE}")
        aim = frontier.quantity(name)
        st.caption(f"It aims at {aim.title}: {aim.sentence}")


def _menu(label: str, options: Mapping[str, str], now: str, key: str, *, off: bool = False) -> str:
    names = list(options)
    index = names.index(now) if now in names else 0
    return st.selectbox(label, names, index, format_func=lambda n: options.get(n, n), key=_key(key), disabled=off)


def _key(name: str) -> str:
    return f"objectives.{st.session_state['objectives.round']}.{name}"
