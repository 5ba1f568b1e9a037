"""A number that explains itself: to a mouse that rests on it, to the keyboard that reaches it, where it is pressed."""

from __future__ import annotations

import html


def why(text: str, sentence: str, *, name: str, style: str = "") -> str:
    """HTML of a number, or of anything else that can be explained; without a sentence only its text.

    Args:
        text: what is shown, as HTML.
        sentence: what it means, as plain text.
        name: what it is among its neighbours, by which it keeps the focus while its value changes.
        style: further class names.

    >>> why("<b>9</b> steps", "Updates of S.", name="steps")
    '<span class="dc-why" role="button" tabindex="0" data-why="steps" title="Updates of S."><b>9</b> steps</span>'
    """
    if not sentence:
        return f'<span class="{style}">{text}</span>'
    names, said, of = f"dc-why {style}".strip(), html.escape(sentence, quote=True), html.escape(name, quote=True)
    return f'<span class="{names}" role="button" tabindex="0" data-why="{of}" title="{said}">{text}</span>'
