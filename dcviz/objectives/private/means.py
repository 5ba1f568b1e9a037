"""Noisy clipped means of untrained networks' features, released once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dcviz.discrepancies.private.means import PrivateMeans
from dcviz.objectives.private.rules import Private
from dcviz.records import RunConfig
from dcviz.types import hyper


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

    networks: int = hyper(4, "R: untrained networks whose means are released.", low=1, high=100, log=True)
    width: int = hyper(16, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    clip: float = hyper(
        1.0, "Length at which features are cut, as a multiple of that for noise.", low=0.01, high=100.0, log=True
    )

    def mechanism(self, config: RunConfig) -> Mapping[str, Any]:
        """All of its own."""
        return asdict(self)
