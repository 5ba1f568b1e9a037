"""What was measured of several runs, as a table; what differs among their configurations; and both to take along."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import streamlit as st

from dcviz.runs import judging
from dcviz.runs.comparing import Measure, Row, Table, Value, as_csv, mixed
from dcviz.runs.differing import differences, said
from dcviz.runs.store import Run, Store
from dcviz.runs.words import about
from dcviz.ui.plain import plain
from dcviz.ui.several import Several
from dcviz.ui.stage import table
from dcviz.ui.status import protocol
from dcviz.ui.why import why

FIRST = 14  # settings shown at once
NUMBERS = "¹²³⁴⁵⁶⁷⁸⁹"


def draw(several: Several) -> None:
    """The page's part: the table, what to know of it, and the differences."""
    table(spec(several), key="compare-table")
    _notes(several)
    st.markdown("**What differs**")
    _differences(several)


def spec(several: Several) -> dict[str, Any]:
    """The table as the browser draws it: a row for each group, unfolding into its repeats."""
    found = several.table
    columns = [_column("run", "run", "What tells it from the others.", up=True, number=False)]
    plain, grouped = _ordered(found)
    titles = {"off": "off-manifold"}  # its cells say of how many
    columns += [_column(n, titles.get(n, m.title), m.meaning, up=m.better == "low") for n, m in plain.items()]
    columns.append(_column("parting", "parting", PARTING, up=False, number=False))
    columns += [_column(n, m.title, m.meaning, up=m.better == "low", group=m.group) for n, m in grouped.items()]
    unlike = mixed(found)
    best = {name: _best(found, name, m.better) for name, m in found.measures.items() if name not in unlike}
    rows = []
    for i, (row, single) in enumerate(zip(found.rows, found.single, strict=True)):
        sign, group = several.signs[i], several.groups[i]
        children = [
            {"key": run.id, "cells": _cells(found, one, {}, unlike, (f"seed {run.config.seed}", run, ""))}
            for one, run in zip(single, group, strict=True)
        ]
        times = f"{len(group)} repeats" if len(group) > 1 else ""
        rows.append(
            {
                "key": several.key(i),
                "glyph": sign.glyph,
                "colour": sign.colour,
                "cells": _cells(found, row, best, unlike, (several.labels[i], group[0], times)),
                "children": children if len(group) > 1 else [],
            }
        )
    return {"label": "Measurements of the runs", "columns": columns, "rows": rows}


def _ordered(found: Table) -> tuple[dict[str, Measure], dict[str, Measure]]:
    """The measures that stand alone, and those of a group; the column of partings stands between."""
    plain = {name: measure for name, measure in found.measures.items() if not measure.group}
    return plain, {name: measure for name, measure in found.measures.items() if measure.group}


PARTING = (
    "Whether the objective went on falling while the middle yardstick rose: S is fitted to this objective alone. The "
    "link leads to the step where they part."
)


def _column(key: str, title: str, meaning: str, *, up: bool, number: bool = True, group: str = "") -> dict[str, Any]:
    return {"key": key, "title": title, "meaning": meaning, "up": up, "number": number, "group": group}


def _cells(
    found: Table, row: Row, best: Mapping[str, float | None], unlike: Sequence[str], head: tuple[str, Run, str]
) -> list[dict[str, Any]]:
    label, run, small = head
    href = "" if small else f"./?run={quote(run.id)}"
    cells: list[dict[str, Any]] = [
        {"text": label, "sort": label, "small": small, "href": href, "title": about(run.config)}
    ]
    plain, grouped = _ordered(found)
    for name, measure in [*plain.items(), *grouped.items()]:
        value = row.values.get(name)
        if value is None:
            cells.append({"text": "–", "sort": None, "title": "not measured"})
            continue
        mark = NUMBERS[min(value.protocol, 8)] if name in unlike else ""
        cells.append(
            {
                "text": _count(row, value) if name == "off" and row.made else measure.written(value),
                "small": measure.spread(value),
                "sort": value.mean,
                "best": value.mean == best.get(name),
                "mark": mark,
                "title": _explained(measure, value, len(row.runs)),
            }
        )
    cells.insert(1 + len(plain), _parting(row))
    return cells


def _parting(row: Row) -> dict[str, Any]:
    if row.parting is not None:
        href = f"./?run={quote(row.runs[0].id)}&step={row.parting.step}"
        text = f"after step {row.parting.step:,}"
        return {"text": text, "sort": row.parting.factor, "href": href, "title": row.parting.sentence}
    if len(row.runs) > 1 and row.parts:
        return {"text": f"in {row.parts} of {len(row.runs)}", "sort": row.parts, "title": "Unfold to see where."}
    return {"text": "no", "sort": 0, "title": "The objective and the yardsticks do not part, as far as was measured."}


def _best(found: Table, name: str, better: str) -> float | None:
    values = [row.values[name].mean for row in found.rows if name in row.values]
    if len(values) < 2 or len(set(values)) < 2:
        return None
    return max(values) if better == "high" else min(values)


def _count(row: Row, value: Value) -> str:
    """Off-manifold images, of all."""
    assert row.made is not None
    count = value.mean * row.made
    return f"{count:.0f} of {row.made}" if abs(count - round(count)) < 1e-6 else f"{count:.1f} of {row.made}"


def _explained(measure: Measure, value: Value, runs: int) -> str:
    if runs > 1:
        return f"Mean over {value.n} repeats{'' if value.spread is None else ' ± their standard deviation'}."
    if value.spread is not None:
        return f"Mean over {value.n} networks ± their standard deviation."
    return measure.title


# ----------------------------------------------------------------------------------------------------- notes


def _notes(several: Several) -> None:
    """Under which protocol, whether that is the same for all, and what to do about what is missing."""
    found, unlike = several.table, mixed(several.table)
    data = sorted({run.config.data.name for run in several.runs})
    if len(data) > 1:
        st.warning(
            f"These are runs on different data ({plain(', '.join(data))}): accuracies do not compare.",
            icon=":material/balance:",
        )
    for name in unlike:
        lines = [f"{NUMBERS[i]} {plain(protocol(one))}" for i, one in enumerate(found.protocols[name][:9])]
        st.warning(
            f"{found.measures[name].title}: not the same protocol, so these numbers do not compare.  \n"
            + "  \n".join(lines),
            icon=":material/balance:",
        )
    same = [protocol(known[0]) for name, known in found.protocols.items() if name not in unlike]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if same:
            st.caption(
                f":material/check: Same protocol. {plain(' '.join(same))} The last update counts, never the best.  \n"
                "Bold: the best value of a column."
            )
        st.download_button(
            "CSV",
            lambda: as_csv(found, several.labels, protocol).encode(),
            "dcviz-compare.csv",
            "text/csv",
            icon=":material/download:",
            help="Every run and every number, with spread, n and protocol.",
            on_click="ignore",
            key="compare.csv",
        )
    _judge(several)


def _judge(several: Several) -> None:
    """The button that tests what was not tested with MLPs, and how far that is."""
    store = several.reader.store
    missing = [run for run in several.runs if judging.lacks(store, run)]
    if not missing and judging.progress(store) is None and not judging.trouble(store):
        return
    st.fragment(_judging, run_every=1.0 if judging.progress(store) else None)(store, missing)


def _judging(store: Store, missing: Sequence[Run]) -> None:
    at = judging.progress(store)
    if said_so := judging.trouble(store):
        st.error(plain(said_so), icon=":material/error:")
    if at is None:
        if st.session_state.pop("compare.judged", False):
            st.rerun()
        text = f"Test with MLPs, too ({len(missing)} {'run' if len(missing) == 1 else 'runs'})"
        why = "Networks of another kind on the same sets: ConvNet and MLP may disagree. In the background."
        if missing and st.button(text, icon=":material/science:", help=why, key="compare.judge"):
            judging.start(store, missing)
            st.session_state["compare.judged"] = True
            st.rerun()
        return
    st.progress(at.done / max(at.total, 1), f"testing run {at.done + 1} of {at.total} with MLPs")


# ----------------------------------------------------------------------------------------------- differences


def _differences(several: Several) -> None:
    found = differences([group[0].config for group in several.groups])
    found = [difference for difference in found if difference.path not in ("seed", "device")]
    seeds = [", ".join(str(run.config.seed) for run in group) for group in several.groups]
    if not found:
        st.caption("Nothing but the seed: these runs are repeats of one configuration.")
        return
    st.html(_as_html(several, found[:FIRST], seeds))
    if len(found) > FIRST:
        with st.expander(f"{len(found) - FIRST} more"):
            st.html(_as_html(several, found[FIRST:], None))


def _as_html(several: Several, found: Sequence[Any], seeds: Sequence[str] | None) -> str:
    heads = [
        f'<th><span style="color:{sign.colour}">{sign.glyph}</span> {html.escape(label)}</th>'
        for label, sign in zip(several.labels, several.signs, strict=True)
    ]
    lines = [f"<tr><th></th>{''.join(heads)}</tr>"]
    rows = [(d.words, d.meaning, [said(value) for value in d.values]) for d in found]
    if seeds is not None:
        rows.append(("seeds", "Of every random draw: repeats differ in nothing else.", list(seeds)))
    for words, meaning, values in rows:
        cells = "".join(f"<td>{html.escape(value)}</td>" for value in values)
        lines.append(f'<tr><th scope="row">{why(html.escape(words), meaning, name=words)}</th>{cells}</tr>')
    return f'<div class="dc-wide"><table class="dc-table dc-differ">{"".join(lines)}</table></div>'
