"""What dcviz says when it cannot go on: one sentence with the cure, the same in library, command line and UI."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 2000  # characters of a refusal


class Refused(ValueError):
    """Something the user gave cannot be used; the text says what was received, why not, and the cure.

    What was received may be a book: a text beyond ``LONGEST`` is left out in its middle, its begin and cure stay.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}")


class Cancelled(Exception):
    """Raised by a progress callback to leave long work (teachers, experts, downloads) when the user stops it."""


def unknown(kind: str, name: object, known: Iterable[str]) -> Refused:
    """The refusal of a name that nothing is registered under; it lists the known ones.

    >>> str(unknown("divergence", "enrgy", ["energy", "mmd"]))
    "there is no divergence 'enrgy'; did you mean 'energy'? Known: energy, mmd."
    """
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return Refused(f"there is no {kind} {name!r}{hint} Known: {', '.join(names) or 'none'}.")


def refuse_outside(path: str, value: float | None, low: float, high: float) -> None:
    """Refuse a setting that is not from ``low`` to ``high``; None is one that is left open.

    >>> refuse_outside("data.noise", 0.5, 0.0, 1.0)
    >>> refuse_outside("seeds", 0, 1, 1000)
    Traceback (most recent call last):
    dcviz.errors.Refused: seeds is 0; it must be from 1 to 1,000.
    """
    if value is not None and not low <= value <= high:
        raise Refused(f"{path} is {value:g}; it must be from {low:,} to {high:,}.")
