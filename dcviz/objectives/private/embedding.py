"""Noisy random features of each class, released once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dcviz.discrepancies.private.embedding import PrivateEmbedding
from dcviz.objectives.private.rules import Private
from dcviz.records import RunConfig
from dcviz.types import hyper_of


@dataclass(frozen=True)
class PrivateEmbeddingObjective(Private):
    """The strength is ε; the release costs it all, and whatever is made from it nothing more."""

    name = PrivateEmbedding.name
    title = "privacy by one noisy embedding"
    sentence = "Lets only noisy mean random features of each class out, once: (ε, δ)-differential privacy."
    formula = r"\Pr[M(T)\in A]\le e^{\varepsilon}\Pr[M(T')\in A]+\delta,\quad M(T)=\Phi_T+\mathcal N(0,(2\sigma/N)^2)"
    source = PrivateEmbedding.source

    weights: str = hyper_of(PrivateEmbedding, "weights")
    frequencies: int = hyper_of(PrivateEmbedding, "frequencies")
    bandwidth: float = hyper_of(PrivateEmbedding, "bandwidth")

    def mechanism(self, config: RunConfig) -> Mapping[str, Any]:
        """All of its own."""
        return asdict(self)
