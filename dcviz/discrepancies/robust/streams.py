"""Generators beside the one at hand, which is left where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def same(generator: torch.Generator) -> torch.Generator:
    """Another generator that will draw what this one will."""
    import torch

    found = torch.Generator()
    found.set_state(generator.get_state())
    return found


def aside(generator: torch.Generator) -> torch.Generator:
    """Another generator, of a stream of its own that depends on where this one is."""
    import torch

    return torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=same(generator))))
