"""A state as plain arrays and back, so that it can be stored without pickle, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcviz.types import Tree

if TYPE_CHECKING:
    import numpy as np
    import torch


def pack(tree: Tree) -> tuple[dict[str, np.ndarray], Any]:
    """A tree of dicts, lists, tuples, tensors and plain values as (arrays, JSON skeleton).

    >>> import torch
    >>> arrays, skeleton = pack({"a": torch.ones(2), "n": 3})
    >>> unpack(arrays, skeleton, torch.device("cpu"))
    {'a': tensor([1., 1.]), 'n': 3}
    """
    arrays: dict[str, np.ndarray] = {}
    return arrays, _pack(tree, arrays)


def copied(tree: Tree) -> Tree:
    """The tree with tensors of its own, on their devices: steps consume those of a state."""
    import torch

    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(copied(value) for value in tree)
    return tree.detach().clone() if isinstance(tree, torch.Tensor) else tree


def nbytes(tree: Tree) -> int:
    """Of all tensors in a tree.

    >>> import torch
    >>> nbytes({"a": [torch.ones(3)], "n": 3})
    12
    """
    if isinstance(tree, (dict, list, tuple)):
        return sum(map(nbytes, tree.values() if isinstance(tree, dict) else tree))
    return int(getattr(tree, "nbytes", 0))


def _pack(tree: Tree, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(tree, dict):
        return {"dict": [[key, _pack(value, arrays)] for key, value in tree.items()]}
    if isinstance(tree, (list, tuple)):
        return {type(tree).__name__: [_pack(value, arrays) for value in tree]}
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return {"value": tree}
    key = f"t{len(arrays)}"
    arrays[key] = tree.detach().cpu().contiguous().numpy()
    return {"tensor": key}


def unpack(arrays: dict[str, np.ndarray], skeleton: Any, device: torch.device) -> Tree:
    """The tree that `pack` took apart, its tensors on a device."""
    import torch

    ((kind, content),) = skeleton.items()
    if kind == "dict":
        return {key: unpack(arrays, value, device) for key, value in content}
    if kind == "list":
        return [unpack(arrays, value, device) for value in content]
    if kind == "tuple":
        return tuple(unpack(arrays, value, device) for value in content)
    if kind == "value":
        return content
    return torch.from_numpy(arrays[content].copy()).to(device)
