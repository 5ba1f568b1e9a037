"""Texts from elsewhere (names of runs and classes, values of an address, refusals that quote them) in markdown."""

from __future__ import annotations

import re

CODE = re.compile(r"(`[^`\n]*`)")
# Links, pictures, emphasis, formulas, colours and icons (``:red[…]``), and what makes a block at the begin of a line.
MARKS = re.compile(r"([\\\[\]*~$<|]|(?<!\w)_|_(?!\w)|:(?=[\w/\[])|^[#>+-])")
LONGEST = 1500  # characters that a notice needs


def plain(text: str) -> str:
    r"""A text as markdown that shows it as it is: no link, picture, colour, formula or heading; code stays code.

    >>> plain("[x](http://y) is gone: see `dcviz runs`")
    '\\[x\\](http\\://y) is gone: see `dcviz runs`'
    """
    text = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
    parts = CODE.split(" ".join(text.split("\n")))
    return "".join(part if CODE.fullmatch(part) else MARKS.sub(r"\\\1", part) for part in parts)
