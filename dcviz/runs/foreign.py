"""Code that a configuration names (a network of your own): run only where somebody here has chosen it.

A configuration can come from elsewhere, in an archive or in a link, and what it names would run with all rights of
whoever opens it. So it runs only once a run of this store names it that was not imported: one that was started here.
"""

from __future__ import annotations

from dcviz import registry
from dcviz.errors import Refused
from dcviz.records import RunConfig, from_json
from dcviz.runs.home import Home
from dcviz.types import made_of


class Foreign(Refused):
    """Code that nobody has started here yet."""


def code_of(config: RunConfig) -> frozenset[str]:
    """What Python the terms name, by the values of hyper-parameters that are declared as code."""
    built = [registry.build("discrepancy", {"name": t.discrepancy, **t.params}) for t in config.terms]
    parts = [part for each in built for part in made_of(each)]
    named = [str(getattr(part, key)) for part in parts for key, fact in part.hypers().items() if fact.code]
    return frozenset(filter(None, named))


def refuse_foreign(store: Home, config: RunConfig) -> None:
    """Refuse a configuration that names code which no run that was started here has named.

    Raises:
        Foreign: with what it names, and how to allow it.
    """
    wanted = code_of(config)
    strange = sorted(wanted - _started_here(store)) if wanted else []
    if strange:
        raise Foreign(
            f"this would run {strange[0]!r}, which came with a link or an import and was never run here: read it, and "
            "if you trust it, start a run with it in the Lab or with `dcviz condense --set regime.module=…`."
        )


def _started_here(store: Home) -> frozenset[str]:
    query = (
        "SELECT DISTINCT config FROM runs r WHERE config LIKE '%\"module\"%' "
        "AND NOT EXISTS (SELECT 1 FROM events e WHERE e.run = r.number AND e.kind = 'imported')"
    )
    found: set[str] = set()
    with store.db.read() as db:
        texts = [text for (text,) in db.execute(query).fetchall()]
    for text in texts:
        try:
            found |= code_of(from_json(RunConfig, text))
        except Refused:  # of another version, or of a plug-in that is not here
            continue
    return frozenset(found)
