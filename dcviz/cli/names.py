"""Help that lists what can be named, from the registry and the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand


class WithNames(TyperCommand):
    """A command whose help ends with the names that its options take."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the lists."""
        for title, rows in filter(lambda named: named[1], names()):
            with formatter.section(title):
                formatter.write_dl(rows)


def names() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What each option can name, with a sentence each; torch is not needed."""
    from dcviz import registry
    from dcviz.condensing.start import STARTS
    from dcviz.data import catalogue

    here = {True: "", False: " (not here yet)", None: ""}
    yield "--data", [(i.name, f"{i.title}: {i.note}{here[i.available]}") for i in catalogue()]
    for kind in ("divergence", "regime"):
        yield f"--{kind}", [(name, d.sentence) for name, d in registry.known(kind).items()]
    own = {name: d for name, d in registry.known("discrepancy").items() if name != "match" and not d.serves}
    yield "--discrepancy, with a distance of its own", [(name, d.sentence) for name, d in own.items()]
    yield "--preset", [(name, p.sentence) for name, p in registry.known("preset").items()]
    yield "--objective", [(name, o.sentence) for name, o in registry.known("objective").items()]
    yield "--start", [(s.name, s.sentence) for s in STARTS]
