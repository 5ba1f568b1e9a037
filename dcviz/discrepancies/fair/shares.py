"""What share of T each group is given, and each cell: a group's samples of one class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.errors import Refused

if TYPE_CHECKING:
    from torch import Tensor

    from dcviz.types import Dataset


def group_shares(counts: Tensor, strength: float, weights: str = "", names: tuple[str, ...] = ()) -> Tensor:
    r"""The share of each group ``(G,)``: :math:`(1-s)\,N_g/N + s/G`, or what ``weights`` says; they sum to 1.

    Args:
        counts: samples of each class in each group ``(C, G)``.
        strength: s, from natural, 0, to equal, 1.
        weights: instead, a number for every group, as ``majority=70, minority=30``.
        names: of the groups, for ``weights``.

    Raises:
        Refused: weights that are no numbers, below 0, all 0, or not of these groups.

    >>> import torch
    >>> group_shares(torch.tensor([[9, 1]]), 0.5).tolist()
    [0.7, 0.3]
    >>> group_shares(torch.tensor([[9, 1]]), 0, "few=30, many=70", ("many", "few")).tolist()
    [0.7, 0.3]
    """
    import torch

    if weights.strip():
        given = read_weights(weights)
        if set(given) != set(names):
            raise Refused(
                f"weights {weights!r} are not of the groups of this data: give a number for each of them, as "
                f"{', '.join(f'{name}=1' for name in names)}."
            )
        found = torch.tensor([given[name] for name in names], dtype=torch.float64)
        return found / found.sum()
    natural = counts.sum(0).double() / counts.sum()
    return (1 - strength) * natural + strength / len(natural)


def read_weights(text: str) -> dict[str, float]:
    """Weights by name from a text such as ``majority=70, minority=30``.

    Raises:
        Refused: a text of another form; weights below 0, or all 0.

    >>> read_weights("a=70, b=30")
    {'a': 70.0, 'b': 30.0}
    """
    found = {}
    for part in text.split(","):
        name, equals, number = part.rpartition("=")
        try:
            value = float(number) if equals else float("nan")
        except ValueError:
            value = float("nan")
        if not 0 <= value < float("inf"):
            raise Refused(
                f"weights {text!r} cannot be read at {part.strip()!r}: give a number of at least 0 for each group, as "
                "majority=70, minority=30."
            )
        found[name.strip()] = value
    if sum(found.values()) == 0:
        raise Refused(f"weights {text!r} are all 0: give at least one group a weight above 0.")
    return found


def cells_of(data: Dataset) -> Tensor:
    """The samples of each class in each group ``(C, G)`` of a data set's training part."""
    groups, classes = data.groups, len(data.classes)
    cell = data.train.y * len(groups.names) + groups.train
    return cell.bincount(minlength=classes * len(groups.names)).unflatten(0, (classes, -1))


def stored_counts(counts: Tensor, total: int, evenness: float) -> list[int]:
    r"""How many of ``total`` stored images each class gets: in proportion to :math:`\sum_g w_g N_{cg}/N_g`, at least 1.

    Whole numbers by largest remainders.

    >>> import torch
    >>> tail = torch.diag(torch.tensor([90, 9, 1]))  # the classes are the groups
    >>> [stored_counts(tail, 30, s) for s in (0.0, 0.5, 1.0)]
    [[27, 2, 1], [19, 6, 5], [10, 10, 10]]
    """
    share = cell_masses(counts, group_shares(counts, evenness)).sum(1)  # (C,)
    exact = (share / share.sum() * total).tolist()
    found = [max(1, int(x)) for x in exact]
    while sum(found) != total:
        short = sum(found) < total
        gap = [e - f if short else (f - e if f > 1 else -float("inf")) for e, f in zip(exact, found, strict=True)]
        found[gap.index(max(gap))] += 1 if short else -1
    return found


def cell_masses(counts: Tensor, shares: Tensor) -> Tensor:
    """The mass of every cell ``(C, G)``: a group's share ``(G,)``, spread over its classes as its samples are."""
    return shares * counts.double() / counts.sum(0).clamp_min(1)


def only(counts: Tensor, group: int) -> Tensor:
    """The masses ``(C, G)`` that leave one group alone, as it is."""
    import torch

    return counts.double() * (torch.arange(counts.shape[1]) == group)
