"""dcviz: the visual lab for dataset condensation. Public names are imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "condense": "dcviz.library",
    "evaluate": "dcviz.library",
    "load": "dcviz.library",
    "list_runs": "dcviz.library",
    "dataset": "dcviz.data",
    "RunConfig": "dcviz.records",
    "EvaluationProtocol": "dcviz.records",
    "Divergence": "dcviz.types",
    "Discrepancy": "dcviz.types",
    "SyntheticSet": "dcviz.types",
    "hyper": "dcviz.types",
    "register": "dcviz.registry",
    "Refused": "dcviz.errors",
}

__all__ = [*_HOME, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'dcviz' has no attribute {name!r}; it has {', '.join(_HOME)}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
