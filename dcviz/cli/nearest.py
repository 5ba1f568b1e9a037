"""`dcviz nearest`: the leak check, each synthetic sample beside its nearest real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from dcviz.cli.common import AsJson, TheRun, find, print_json, store

if TYPE_CHECKING:
    from dcviz.inspect import Leaks

MEANING = (
    "memorised: nearer to one real training sample, and more to it alone, than 95 % of held-out real samples are to "
    "theirs. percentile: held-out samples, per cent, that are nearer."
)


def nearest(
    run: TheRun,
    step: Annotated[int | None, Option(help="A kept step; the newest unless given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find the nearest real training sample of every synthetic one, and flag those that are memorised."""
    from dcviz.inspect import leaks_of_run

    place = store()
    found = leaks_of_run(place, find(place, run).id, step)
    rows = [_row(found, i) for i in range(len(found.ids))]
    if as_json:
        print_json({"step": found.step, "read from": found.source, "samples": rows})
        return
    spaces = list(found.spaces)
    table = [["image", "class", *(f"{s}: {what}" for s in spaces for what in ("real", "distance", "percentile")), ""]]
    for row in rows:
        near = [row[space] for space in spaces]
        cells = [cell for n in near for cell in (f"{n['real']} ({n['class']})", f"{n['distance']:.3f}", _percent(n))]
        table.append([str(row["image"]), row["class"], *cells, "memorised" if row["memorised"] else ""])
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for line in table:
        typer.echo("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip())
    count = int(found.memorised.sum())
    typer.echo(f"{count} of {len(rows)} memorised, at step {found.step} ({found.source}).\n{MEANING}")


def _row(found: Leaks, i: int) -> dict[str, Any]:
    row: dict[str, Any] = {"image": int(found.ids[i]), "class": found.names[int(found.classes[i])]}
    for name, near in found.spaces.items():
        real = int(near.nearest[i, 0])
        percentile = float(near.percentile[i])
        row[name] = {
            "real": int(found.real[real]),
            "class": found.names[int(found.real_classes[real])],
            "distance": float(near.distance[i, 0]),
            "percentile": percentile if percentile == percentile else None,  # unknown where nothing is held out
            "memorised": bool(near.memorised[i]),
        }
    return {**row, "memorised": bool(found.memorised[i])}


def _percent(near: dict[str, Any]) -> str:
    return "-" if near["percentile"] is None else f"{near['percentile']:.0f}"
