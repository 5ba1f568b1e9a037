"""One property of one or several sets on screen: pictures, all numbers with their protocols, notes and cautions."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence

import streamlit as st

from dcviz.evaluation.suite.declared import Property, Report
from dcviz.figures import Theme
from dcviz.figures.judged import Block, blocks, columns, table
from dcviz.figures.reports import signs_of
from dcviz.figures.signs import Sign
from dcviz.ui.plain import plain
from dcviz.ui.share import saving
from dcviz.ui.status import duration
from dcviz.ui.why import why


def draw(
    kind: type[Property],
    found: Mapping[str, Sequence[Report]],
    own: Mapping[str, Sign],
    classes: Sequence[str],
    theme: Theme,
) -> None:
    """All that was measured; ``found`` has the reports by label, several where a label stands for repeats."""
    sets = columns(found)
    signs = signs_of({name: own[name] for name in found}, [name for name in sets if name not in found], theme)
    st.html(_legend(signs))
    if kind.caution:
        st.caption(f":material/gpp_maybe: {kind.caution}")
    _pictures(blocks(kind, sets, signs, classes, theme), kind.name)
    with st.expander("All numbers, with protocol and spread"):
        st.html(_numbers(kind, sets))
        st.download_button(
            "CSV", lambda: as_csv(kind, found).encode(), f"dcviz-{kind.name}.csv", "text/csv",
            icon=":material/download:", on_click="ignore", key=f"good.csv.{kind.name}",
        )  # fmt: skip
    _notes(kind, found)


def _legend(signs: Mapping[str, Sign]) -> str:
    parts = [
        f'<span><i style="color:{sign.colour}">{sign.glyph}</i> {html.escape(name)}</span>'
        for name, sign in signs.items()
    ]
    return f'<div class="dc-legend">{"".join(parts)}<span>± over seeds, subsets or repeats</span></div>'


def _pictures(made: Sequence[Block], name: str) -> None:
    """Wide ones first, the others in two columns that end as evenly as their heights allow."""
    for i, block in enumerate(block for block in made if block.wide):
        _picture(block, f"{name}.wide.{i}")
    columns, heights = st.columns(2, gap="medium"), [0, 0]
    for i, block in enumerate(block for block in made if not block.wide):
        shorter = heights.index(min(heights))
        heights[shorter] += block.spec["layout"]["height"]
        with columns[shorter]:
            _picture(block, f"{name}.{i}")


def _picture(block: Block, key: str) -> None:
    if block.title:
        st.markdown(f"**{plain(block.title[:1].upper() + block.title[1:])}**")
    st.plotly_chart(block.spec, width="stretch", theme=None, config=saving(key.replace(".", "-")), key=f"good.{key}")


def _numbers(kind: type[Property], sets: Mapping[str, Mapping[tuple[str, str], object]]) -> str:
    names, lines = table(kind, sets)  # type: ignore[arg-type]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = []
    for (title, meaning, _), *cells in lines:
        inner = "".join(
            f"<td>{'<b>' * best}{why(html.escape(text), protocol, name=f'{title} {at}')}{'</b>' * best}</td>"
            for at, (text, protocol, best) in enumerate(cells)
        )
        rows.append(f'<tr><th scope="row">{why(html.escape(title), meaning, name=title)}</th>{inner}</tr>')
    return (
        f'<div class="dc-wide"><table class="dc-table dc-differ"><tr><th></th>{head}</tr>{"".join(rows)}</table></div>'
    )


def _notes(kind: type[Property], found: Mapping[str, Sequence[Report]]) -> None:
    held = [report for reports in found.values() for report in reports]
    lines = [note for note in dict.fromkeys(n for report in held for n in report.notes) if note != kind.caution]
    protocols = dict.fromkeys(f.protocol for report in held[:1] for f in report.figures if f.of == "synthetic")
    seconds = max(report.seconds for report in held)
    with st.expander(f"How it was measured, in {duration(seconds)}"):
        st.markdown("\n".join(f"- {plain(text)}." for text in protocols))
    for note in lines:
        st.caption(plain(note))


def explained(kind: type[Property]) -> None:
    """The property and its quantities, with formulas and sources, one click away."""
    with (
        st.popover("", icon=":material/help:", type="tertiary", help=f"What {kind.title.lower()} means here"),
        st.container(key="dc-text-good"),
    ):
        st.markdown(f"**{kind.title}** {kind.sentence}")
        st.latex(kind.formula)
        for quantity in kind.quantities:
            st.markdown(f"**{quantity.title}** {quantity.sentence}")
            st.latex(quantity.formula)
        for source in dict.fromkeys([kind.source, *(quantity.source for quantity in kind.quantities)]):
            where = f", {source.equation}" if source.equation else ""
            st.caption(f"{source.authors}: [{source.title}]({source.link}), {source.year}{where}")


def as_csv(kind: type[Property], found: Mapping[str, Sequence[Report]]) -> str:
    """One line for each figure of every run."""
    from dcviz.evaluation.suite.words import place

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["label", "repeat", "property", "scale", "set", "quantity", "at", "mean", "std", "values", "protocol"]
    )
    for label, reports in found.items():
        for i, report in enumerate(reports):
            for f in report.figures:
                values = " ".join(f"{v:.6g}" for v in f.values)
                head = [label, i, kind.name, report.scale, f.of, f.quantity, place(f.at)]
                writer.writerow([*head, f.mean, f.std, values, f.protocol])
    return out.getvalue()
