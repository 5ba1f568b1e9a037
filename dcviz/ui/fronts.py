"""The trade-off of two measures: which runs nothing else beats, drawn with what it costs."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dcviz.figures import Theme
from dcviz.figures.front import Scale, Spot, front
from dcviz.runs.comparing import Measure, Row, Value, mixed
from dcviz.ui.plain import plain
from dcviz.ui.several import Several
from dcviz.ui.share import saving

RATIO = 8.0  # between the largest and the smallest value, beyond which an axis is logarithmic
WHY = (
    "A run is **dominated** when another is at least as good in both measures and better in one; what is left is the "
    "Pareto front. The line is its border: no point between two runs is promised. Bars are ± one standard deviation: "
    "over repeats where there are any, else over a run's networks."
)


def axes(several: Several, x: str | None, y: str | None) -> tuple[str, str] | None:
    """The two measures: those asked for, as far as two runs have them, else the first that make sense."""
    known = usable(several)
    if len(known) < 2:
        return None
    costs = [name for name in known if known[name].better == "low"]
    first = next((name for name in ("budget", "seconds", *costs) if name in known and _varies(several, name)), None)
    up = y if y is not None and y in known else next(iter(known))
    if x is not None and x in known:
        return x, up
    return first or next(name for name in known if name != up), up


def usable(several: Several) -> Mapping[str, Measure]:
    """The measures that at least one group has a number of."""
    rows = several.table.rows
    return {n: m for n, m in several.table.measures.items() if any(n in row.values for row in rows)}


def _varies(several: Several, name: str) -> bool:
    return len({row.values[name].mean for row in several.table.rows if name in row.values}) > 1


def draw(several: Several, x: str, y: str, theme: Theme) -> None:
    """The figure, and what it says in words."""
    measures = usable(several)
    found = {i: spot for i in range(len(several.groups)) if (spot := _spot(several, i, x, y)) is not None}
    if not found:
        st.info("No run has both of these measures: choose others.", icon=":material/info:")
        return
    scales = (_scale(found.values(), measures[x], 0), _scale(found.values(), measures[y], 1))
    spec = front(list(found.values()), scales, theme)
    with st.container(key="dc-front"):  # its columns stand below one another where there is no room
        left, right = st.columns([900, 420], gap="medium")
    with left:
        st.plotly_chart(spec, width="content", theme=None, config=saving("front"), key=f"compare.front.{x}.{y}")
    with right:
        _words(several, found, [trace["meta"]["on"] for trace in spec["data"] if "meta" in trace], (x, y))


def _spot(several: Several, i: int, x: str, y: str) -> Spot | None:
    row, measures = several.table.rows[i], several.table.measures
    if x not in row.values or y not in row.values:
        return None
    counts = not _unlike(several, i, x, y)
    told = "<br>".join(f"{measures[name].title}: {_number(measures[name], row.values[name])}" for name in (x, y))
    at = [measures[name].factor * row.values[name].mean for name in (x, y)]
    bars = [measures[name].factor * (row.values[name].spread or 0.0) for name in (x, y)]
    return Spot(several.labels[i], several.signs[i], at[0], at[1], bars[0], bars[1], told, counts)


def _unlike(several: Several, i: int, x: str, y: str) -> str:
    """Why a group's numbers do not compare with the others'; empty where they do."""
    row: Row = several.table.rows[i]
    if several.groups[i][0].config.data != several.data:
        return "other data"
    if any(row.values[name].protocol for name in (x, y) if name in mixed(several.table)):
        return "another protocol"
    return ""


def _scale(spots: object, measure: Measure, axis: int) -> Scale:
    values = [(spot.x, spot.y)[axis] for spot in spots]  # type: ignore[attr-defined]
    log = measure.log and bool(values) and min(values) > 0 and max(values) / min(values) > RATIO
    return Scale(measure.title, measure.better, log)


def _number(measure: Measure, value: Value) -> str:
    return f"{measure.written(value)} {measure.spread(value)}".rstrip().replace(" ", "\u00a0")


def _words(several: Several, found: Mapping[int, Spot], on: list[bool], axes: tuple[str, str]) -> None:
    """The same as a list, for those who do not see it, and what it means."""
    measures = several.table.measures
    kept = [spot for spot, keep in zip(found.values(), on, strict=True) if keep]
    rest = [spot for spot, keep in zip(found.values(), on, strict=True) if not keep and spot.counts]
    st.markdown(f"**On the front** ({len(kept)} of {len(found)})")
    st.markdown(
        "\n".join(f"- {spot.sign.glyph} **{plain(spot.label)}** – {spot.told.replace('<br>', ' · ')}" for spot in kept)
    )
    if rest:
        st.caption("Dominated: " + ", ".join(f"{spot.sign.glyph} {plain(spot.label)}" for spot in rest) + ".")
    for i, spot in found.items():
        if not spot.counts:
            st.caption(
                f"Not ranked: {spot.sign.glyph} {plain(spot.label)} ({_unlike(several, i, *axes)}), drawn hollow."
            )
    left_out = [several.labels[i] for i in range(len(several.groups)) if i not in found]
    if left_out:
        st.caption(f"Without a number here: {plain(', '.join(left_out))}.")
    with st.expander("How to read it"):
        st.markdown(WHY)
        st.latex(r"a \prec b \iff \forall m:\ a_m \ge b_m \ \wedge\ \exists m:\ a_m > b_m")
        for name in dict.fromkeys(axes):
            st.caption(f"**{measures[name].title}** {measures[name].meaning}")
