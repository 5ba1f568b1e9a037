"""Noisy clipped means of untrained networks' features, released once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dcviz.discrepancies.private.means import PrivateMeans
from dcviz.objectives.private.rules import Private
from dcviz.records import RunConfig
from dcviz.types import hyper_of


@dataclass(frozen=True)
class PrivateMeansObjective(Private):
    """As the embedding, in the features of networks: for images, where a kernel on pixels sees little."""

    name = PrivateMeans.name
    title = "privacy by noisy feature means"
    sentence = "Lets only noisy, clipped mean features of each class in untrained networks out, once."
    formula = (
        r"\Pr[M(T)\in A]\le e^{\varepsilon}\Pr[M(T')\in A]+\delta,\quad M(T)=\overline{\mathrm{clip}\,\psi(T)}+\xi"
    )
    source = PrivateMeans.source

    networks: int = hyper_of(PrivateMeans, "networks")
    width: int = hyper_of(PrivateMeans, "width")
    clip: float = hyper_of(PrivateMeans, "clip")

    def mechanism(self, config: RunConfig) -> Mapping[str, Any]:
        """All of its own."""
        return asdict(self)
