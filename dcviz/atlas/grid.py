"""The cells of the map: generated from what is declared, so that a new declaration has its place at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dcviz import registry
from dcviz.discrepancies.structured import STRUCTURED
from dcviz.records import RunConfig
from dcviz.runs.configure import configure
from dcviz.types import Divergence

STEPS = 200  # of a cell that no preset fixes: enough for the order on the digits to settle
BUDGET = 10  # images per class
SELECTION = "selection"
NOTHING_OPTIMISED = "Selection takes what is there and optimises nothing: there is no divergence to choose."
POOL = 4  # networks, where a fresh one at every step would be too dear


@dataclass(frozen=True)
class Cell:
    """One place of the map: a divergence in a regime, or a distance of the regime's own."""

    regime: str
    method: str  # a divergence, or a discrepancy of the regime's own
    title: str
    own: bool = False  # a distance of the regime's own
    presets: tuple[str, ...] = ()  # published methods that live here
    undefined: str = ""  # why there is nothing here
    choices: Mapping[str, Any] = field(default_factory=dict)  # for `configure`
    note: str = ""  # how it is measured otherwise than its neighbours

    @property
    def key(self) -> str:
        """Its name in addresses and files."""
        return f"{self.regime}/{self.method}"

    @property
    def config(self) -> RunConfig:
        """What is condensed to measure it: same start, steps and optimiser for every divergence, on the digits.

        A distance of a regime's own takes the constants of its preset at the scale ``small``, where it has one.
        """
        fixed: dict[str, Any] = {} if {"preset", "steps"} & self.choices.keys() else {"steps": STEPS}
        return configure(data="digits", budget=BUDGET, live=None, **fixed, **self.choices)


def cells() -> list[Cell]:
    """Every regime with every divergence, and the distances of the regimes' own; regime by regime."""
    published = _published()
    found = []
    for regime in regimes():
        for name, divergence in registry.known("divergence").items():
            presets, reason = published.get((regime, name), ()), _undefined(regime)
            choices, note = ({}, "") if reason else _vectors(regime, divergence)
            found.append(Cell(regime, name, divergence.title, False, presets, reason, choices, note))
        for name, method in registry.known("discrepancy").items():
            if method.where == regime and not method.serves:
                presets = published.get((regime, name), ())
                first = next((p for p in presets if registry.find("preset", p).published), None)
                choices = {"preset": first} if first else {"discrepancy": name}
                found.append(Cell(regime, name, method.title, True, presets, "", choices))
    return found + selections()


def selections() -> list[Cell]:
    """The rivals that cost nothing: every start but noise, kept as it is."""
    from dcviz.condensing.start import STARTS

    kept = [s for s in STARTS if s.name != "noise"]
    return [Cell(SELECTION, s.name, s.title, True, choices={"start": s.name, "steps": 0}) for s in kept]


def _undefined(regime: str) -> str:
    return NOTHING_OPTIMISED if regime == SELECTION else STRUCTURED.get(regime, "")


def _vectors(regime: str, divergence: type[Divergence]) -> tuple[dict[str, Any], str]:
    """The choices of a divergence in a regime of vectors; a score is not learned afresh at every step."""
    declared = registry.find("regime", regime)
    if divergence.needs_score and declared().members == 0 and "pool" in declared.hypers():
        choices = {"divergence": divergence.name, "regime": {"name": regime, "pool": POOL}}
        return (
            choices,
            f"In {POOL} fixed networks that take turns: in a fresh one its score would be learned each step.",
        )
    return {"divergence": divergence.name, "regime": regime}, ""


def entries() -> list[Cell]:
    """All that can be measured: the defined cells, then the presets that no cell stands for."""
    defined = [cell for cell in cells() if not cell.undefined]
    taken = {cell.choices["preset"] for cell in defined if "preset" in cell.choices}
    return defined + [preset_cell(name) for name in registry.known("preset") if name not in taken]


def preset_cell(name: str) -> Cell:
    """A published method at the scale ``small``, as an entry of its own."""
    title = registry.find("preset", name).title
    return Cell("preset", name, title, True, (name,), "", {"preset": name})


def regimes() -> dict[str, str]:
    """The regimes of the map by name, with their titles; not those for which something must be brought."""
    vectors = {name: regime.title for name, regime in registry.known("regime").items() if not regime.brought}
    return vectors | {name: name.replace("-", " ") for name in (*STRUCTURED, SELECTION)}


def _published() -> dict[tuple[str, str], tuple[str, ...]]:
    """The presets of each cell, by (regime, method): where the first of their terms lives."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for name in registry.known("preset"):
        at = place(configure(preset=name))
        found[at] = (*found.get(at, ()), name)
    return found


def place(config: RunConfig) -> tuple[str, str]:
    """The cell (regime, method) of a configuration, by its first term."""
    term = config.terms[0]
    if term.discrepancy == "match":
        return term.params["regime"]["name"], term.params["divergence"]["name"]
    return registry.find("discrepancy", term.discrepancy).where, term.discrepancy
