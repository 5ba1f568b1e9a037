"""Protocols in words: what stands beside every figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dcviz.evaluation.suite.declared import Figure, Quantity
from dcviz.nets import TITLES
from dcviz.records import EvaluationProtocol


def training_in_words(protocol: EvaluationProtocol, networks: int | None = None) -> str:
    """How networks were trained.

    >>> training_in_words(EvaluationProtocol())
    '3 fresh ConvNets of width 32, each trained for 300 updates of 64 (Adam, rate 0.003, cosine)'
    """
    p, n = protocol, protocol.seeds if networks is None else networks
    name = "linear classifier" if p.network == "linear" else TITLES.get(p.network, p.network)
    width = f" of width {p.width}" if p.width else ""
    optimiser = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}[p.optimiser]
    augment = f", augmented by {p.augment.replace('_', ', ')}" if p.augment else ""
    each = "each " if n > 1 else ""
    how = f"{p.updates} updates of {p.batch} ({optimiser}, rate {p.rate:g}, {p.schedule}{augment})"
    return f"{n} fresh {name}{'s' if n > 1 else ''}{width}, {each}trained for {how}"


def tested_in_words(protocol: EvaluationProtocol, samples: int) -> str:
    """On what they were tested.

    >>> tested_in_words(EvaluationProtocol(), 1450)
    'the last update tested on 1,450 test samples'
    """
    where = "test" if protocol.split == "test" else "held-out"
    return f"the last update tested on {samples:,} {where} samples"


def place(at: Mapping[str, Any]) -> str:
    """Where a figure was measured: the values of what it is at.

    >>> place({"attack": "FGSM", "strength": 0.1})
    'FGSM 0.1'
    """
    return " ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in at.values())


def shown(figure: Figure, quantity: Quantity) -> str:
    """A value with its spread, as its unit is read.

    >>> from dcviz.evaluation.suite.declared import figure
    >>> shown(figure("a", "synthetic", [0.5, 0.7], ""), Quantity("a", "accuracy", "", ""))
    '60.0 ± 14.1 %'
    """
    spread = len(figure.values) > 1 or figure.std > 0
    if quantity.unit == "fraction":
        return f"{100 * figure.mean:.1f}{f' ± {100 * figure.std:.1f}' if spread else ''} %"
    if quantity.unit in ("bytes", "operations", "count"):
        return f"{figure.mean:,.0f}" if figure.mean < 1e7 else f"{figure.mean:.3g}"
    return f"{figure.mean:.3g}{f' ± {figure.std:.2g}' if spread else ''}"
