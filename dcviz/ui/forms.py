"""Forms made from declarations: what a hyper-parameter's facts say is what its field shows."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dcviz import registry
from dcviz.records import OptimiserConfig, RunConfig
from dcviz.types import Hyper

PREFIX = "lab.set."  # of the widgets' keys; what follows is the path of the setting


def run_hypers(plain: RunConfig) -> dict[str, tuple[Any, Hyper]]:
    """The settings of a run beside its method, as (default, facts) by path."""
    from dcviz.condensing.parameterise import PARAMETERISATIONS

    optimiser = typing.get_type_hints(OptimiserConfig)
    return {
        "optimiser.name": (
            plain.optimiser.name,
            Hyper("How S is updated.", choices=typing.get_args(optimiser["name"])),
        ),
        "optimiser.rates.images": (
            plain.optimiser.rates.get("images", 0.05),
            Hyper("Step size of the synthetic images.", low=1e-6, high=1e4, log=True),
        ),
        "optimiser.schedule": (
            plain.optimiser.schedule,
            Hyper(
                "Step size over the run: kept, or falling to 0 or to a tenth.",
                choices=typing.get_args(optimiser["schedule"]),
            ),
        ),
        "parameterisation": (
            plain.parameterisation,
            Hyper("What is stored and how it decodes.", choices=tuple(PARAMETERISATIONS)),
        ),
        "clamp": (plain.clamp, Hyper("Keep pixels in [0, 1] after every update.")),
        "device": (plain.device, Hyper("auto, cpu, cuda, cuda:1 or mps.")),
    }


def term_hypers(params: Mapping[str, Any], kind: str, name: str, at: str = "") -> dict[str, tuple[Any, Hyper]]:
    """The settings of a declaration and of those nested in it, with the values that ``params`` gives."""
    declaration = registry.find(kind, name)
    found: dict[str, tuple[Any, Hyper]] = {}
    for key, fact in declaration.hypers().items():
        value = params.get(key, declaration.default(key))
        if fact.part:
            inner = {"name": value} if isinstance(value, str) else value
            inner = registry.describe(inner) if not isinstance(inner, Mapping) else inner
            found |= term_hypers(inner, fact.part, inner["name"], f"{at}{key}.")
        else:
            found[f"{at}{key}"] = (value, fact)
    return found


def fields(hypers: Mapping[str, tuple[Any, Hyper]], settings: Mapping[str, Any], scope: str = "") -> dict[str, Any]:
    """Draw one field for each; returns the settings that differ from the values given in ``hypers``.

    A form of another ``scope`` begins anew: what was typed for one method is not meant for the next.
    """
    changed = {}
    columns = st.columns(3)
    for i, (path, (plain, fact)) in enumerate(hypers.items()):
        with columns[i % 3]:
            value = one_field(path, settings.get(path, plain), fact, scope)
        if value != plain:
            changed[path] = value
    return changed


def one_field(path: str, value: Any, fact: Hyper, scope: str = "") -> Any:
    """One widget by the type of the value and the facts declared of it."""
    key, label, help = f"{PREFIX}{scope}{path}", label_of(path), help_of(fact)
    if fact.choices:
        options = list(fact.choices)
        return st.selectbox(label, options, options.index(value) if value in options else 0, key=key, help=help)
    if isinstance(value, bool):
        return st.checkbox(label, value, key=key, help=help)
    if isinstance(value, int):
        low, high = _span(value, fact, int)
        return int(st.number_input(label, min_value=low, max_value=high, value=value, step=1, key=key, help=help))
    if isinstance(value, float):
        step, (low, high) = step_of(value, fact), _span(value, fact, float)
        return st.number_input(
            label, min_value=low, max_value=high, value=value, step=step, key=key, help=help,
            format="%g",
        )  # fmt: skip
    return st.text_input(label, value or "", key=key, help=help)


def _span(value: Any, fact: Hyper, kind: type) -> tuple[Any, Any]:
    """The declared range, widened to what a stored run has: a field that refuses its own value cannot be drawn."""
    low = None if fact.low is None else kind(min(fact.low, value))
    high = None if fact.high is None else kind(max(fact.high, value))
    return low, high


def label_of(path: str) -> str:
    """A path as people read it.

    >>> label_of("optimiser.rates.images")
    'optimiser · rates · images'
    """
    return " · ".join(part.replace("_", " ") for part in path.split("."))


def help_of(fact: Hyper) -> str:
    """The declared line of help with range and unit.

    >>> help_of(Hyper("Width.", low=4, high=512, unit="channels"))
    'Width. From 4 to 512 channels.'
    """
    unit = f" {fact.unit}" if fact.unit else ""
    if fact.low is not None and fact.high is not None:
        return f"{fact.help} From {fact.low:g} to {fact.high:g}{unit}."
    if fact.low is not None or fact.high is not None:
        word, bound = ("At least", fact.low) if fact.low is not None else ("At most", fact.high)
        return f"{fact.help} {word} {bound:g}{unit}."
    return f"{fact.help} In {fact.unit}." if fact.unit else fact.help


def step_of(value: float, fact: Hyper) -> float:
    """What one click on + adds: a tenth of the value where its scale is logarithmic, of the range elsewhere.

    >>> step_of(0.05, Hyper("", low=1e-6, high=1.0, log=True)), step_of(0.5, Hyper("", low=0.0, high=1.0))
    (0.005, 0.1)
    """
    if fact.log or fact.low is None or fact.high is None:
        return abs(value) / 10 or 0.1
    return (fact.high - fact.low) / 10
