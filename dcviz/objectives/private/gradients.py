"""Noisy, clipped gradients of a Poisson sample in each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dcviz.discrepancies.private.gradients import PrivateGradients
from dcviz.objectives.private.rules import Private
from dcviz.records import RunConfig
from dcviz.types import hyper_of


@dataclass(frozen=True)
class PrivateGradientsObjective(Private):
    """The steps of the run share the budget: more steps, more noise in each."""

    name = PrivateGradients.name
    title = "privacy by noisy gradients"
    sentence = "Lets only noisy gradients of few, clipped rows out at each step; all steps share one (ε, δ)."
    formula = r"\Pr[M(T)\in A]\le e^{\varepsilon}\Pr[M(T')\in A]+\delta,\quad M=(\tilde g_1,\dots,\tilde g_n)"
    source = PrivateGradients.source

    rate: float = hyper_of(PrivateGradients, "rate")
    clip: float = hyper_of(PrivateGradients, "clip")
    width: int = hyper_of(PrivateGradients, "width")

    def mechanism(self, config: RunConfig) -> Mapping[str, Any]:
        """All of its own, for the steps of this run."""
        return {**asdict(self), "releases": max(config.steps, 1)}
