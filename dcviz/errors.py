"""What dcviz says when it cannot go on: one sentence with the cure, the same in library, command line and UI."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

LONGEST = 2000  # characters of a refusal
PLAIN = ",.10g"  # how numbers are written in one: 200,000 and 0.001


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


def refuse_outside(
    label: str, value: float | None, low: float | None = None, high: float | None = None, unit: str = ""
) -> None:
    """Refuse a number that is not finite, or not from ``low`` to ``high``; a bound of None is none.

    A value of None is a setting that is left open.

    >>> refuse_outside("data.noise", 0.5, 0.0, 1.0)
    >>> refuse_outside("seeds", 0, 1, 1000)
    Traceback (most recent call last):
    dcviz.errors.Refused: seeds is 0; it must be from 1 to 1,000.
    >>> refuse_outside("limit", -1.0, 0.0, unit="seconds")
    Traceback (most recent call last):
    dcviz.errors.Refused: limit is -1; it must be at least 0 seconds.
    """
    if value is None:
        return
    if not isfinite(value):
        raise Refused(f"{label} is {value}; give a finite number.")
    if (low is not None and value < low) or (high is not None and value > high):
        span = f"from {low:{PLAIN}} to {high:{PLAIN}}" if low is not None and high is not None else ""
        span = span or (f"at least {low:{PLAIN}}" if low is not None else f"at most {high:{PLAIN}}")
        raise Refused(f"{label} is {value:{PLAIN}}; it must be {span}{' ' + unit if unit else ''}.")
