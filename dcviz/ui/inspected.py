"""The message of the Inspect page: what is known of a run and of one of its images, drawn once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dcviz.data.catalogue import is_planar
from dcviz.figures import Theme
from dcviz.figures import inspected as drawn
from dcviz.figures.leaks import leak_map
from dcviz.figures.pack import pack
from dcviz.inspect import KINDS, SPACES, Inspector, Label, Leaks, Shown
from dcviz.records import FINAL
from dcviz.runs.store import Run
from dcviz.ui.live import Real
from dcviz.ui.pulled import pulled
from dcviz.ui.reader import Kept, Reader

BARS = 6  # of a soft label; the others are counted
_drawn = Kept(60)  # parts of messages; the objects that they were drawn from are their keys


def planar(row: Run) -> bool:
    """Whether a run's samples are points of the plane."""
    return is_planar(row.config.data)


@dataclass(frozen=True)
class Wish:
    """What is to be looked at: of the address at first, then of the browser."""

    run: str
    image: int | None = None
    step: int | None = None


@dataclass(frozen=True)
class Look:
    """How it is looked at."""

    real: Real
    theme: Theme
    keys: tuple[str, ...]  # of the discrepancies to look through


def message(
    reader: Reader, page: Inspector, row: Run, wish: Wish, latest: int, look: Look
) -> tuple[dict[str, Any], bool]:  # fmt: skip
    """What the browser is sent, and whether more is on its way."""
    kept = reader.store.frames(row.id)
    steps = sorted({*kept, latest})
    real = look.real
    most = int(reader.points(row.id, latest)["labels"].max()) + 1
    names = [str(c) for c in (range(most) if real.view is None else real.view["classes"])]
    data = {
        "run": row.id,
        "image": wish.image,
        "step": wish.step,
        "theme": look.theme,
        "real": real.key,
        "alive": row.status not in FINAL,
        "planar": planar(row),
        "steps": steps,
        "latest": latest,
        "total": row.steps,
        "title": f"{'image ' + str(wish.image) if wish.image is not None else 'Inspect'} · dcviz",
        "names": names,
    }
    at = min(kept or steps, key=lambda s: abs(s - (latest if wish.step is None else wish.step)))
    if wish.image is None:
        part, busy = _all(reader, page, row, at, look)
        return {**data, "all": part}, busy
    part, busy = _one(reader, page, row, (wish.image, at, wish.step is None), look)
    return {**data, "one": part}, busy


# ---------------------------------------------------------------------------------------------------- all of them


def _all(reader: Reader, page: Inspector, row: Run, step: int, look: Look) -> tuple[dict[str, Any], bool]:
    """The sheet to choose from, and the leak check."""
    scene = reader.scene(row.id, step, look.real.view, (look.real.key, look.theme))
    answer = page.leaks(row.id, step)
    leaks: Leaks | None = answer.value
    said = answer.trouble or (f"{answer.phase} …" if answer.phase else "")
    spec = None
    if leaks is not None:
        spec = _drawn.get(("leaks", leaks, look.theme), lambda: _leak_spec(leaks, look.theme))
        count = int(leaks.memorised.sum())
        said = f"{count} of {len(leaks.ids)} memorised, at step {leaks.step}. Read from {leaks.source}."
    part = {"sheet": scene["sheet"], "detail": scene["detail"], "leaks": spec, "said": said}
    return part, not answer.whole


def _leak_spec(leaks: Leaks, theme: Theme) -> dict[str, Any]:
    near = {space: found.percentile for space, found in leaks.spaces.items()}
    if len(near) == 1:
        near["alone"] = next(iter(leaks.spaces.values())).alone
    return leak_map(
        ids=leaks.ids,
        labels=leaks.classes,
        names=leaks.names,
        percentiles=near,
        memorised=leaks.memorised,
        theme=theme,
    )


# -------------------------------------------------------------------------------------------------------- one


def _one(
    reader: Reader, page: Inspector, row: Run, of: tuple[int, int, bool], look: Look
) -> tuple[dict[str, Any], bool]:  # fmt: skip
    """What is known of one image, at a kept step; whether a live run is followed."""
    image, step, follow = of
    answer = page.shown(row.id, image)
    shown: Shown | None = answer.value
    part: dict[str, Any] = {"image": image, "trouble": answer.trouble, "phase": answer.phase}
    if shown is None:
        return part, not answer.whole
    real, theme = look.real, look.theme
    part |= _drawn.get(("film", shown.name, real.key, theme), lambda: _film_part(shown, real, theme))
    frame = reader.frame(row.id, step)
    asked = page.pulls(row.id, step, look.keys, follow=follow)
    part["pulls"] = {**pulled(asked.value, image, frame, real, theme), "phase": asked.phase, "trouble": asked.trouble}
    key = ("mates", row.id, step, shown.film.label, row.pictures, real.key, theme)
    part["mates"] = _drawn.get(
        key, lambda: {"step": step, **drawn.classmates(frame, shown.film.label, real.view, theme)}
    )
    part["name"] = _name(shown.film.label, real)
    part["label"] = _label_part(shown.label, _names(shown.label, real), theme)
    return part, not (answer.whole and asked.whole)


def _names(label: Label, real: Real) -> list[str]:
    """The names of the classes; their numbers while these are not known."""
    return [str(c) for c in (range(len(label.values)) if real.view is None else real.view["classes"])]


def _name(label: int, real: Real) -> str:
    return str(label if real.view is None else real.view["classes"][label])


def _film_part(shown: Shown, real: Real, theme: Theme) -> dict[str, Any]:
    film, view = shown.film, real.view
    strip: dict[str, Any] = {"steps": list(film.steps)}
    if film.images is not None:
        strip = drawn.strip(film.steps, film.images, view, theme)
    near = [
        drawn.Near(name, SPACES[name], n.nearest, n.distance, n.percentile, n.alone, n.memorised)
        for name, n in film.spaces.items()
    ]
    return {
        "film": strip,
        "exact": list(film.exact),
        "path": drawn.path(film.places, film.label, view, theme) if view is not None else None,
        "placing": drawn.placing(film.places, view) if view is not None else None,
        "off": pack(film.places["off"]) if "off" in film.places else None,
        "near": drawn.neighbours(near, film.real, (film.real_ids, film.real_labels), view, theme) if near else None,
    }


def _label_part(label: Label, names: Sequence[str], theme: Theme) -> dict[str, Any]:
    facts = []
    if label.temperature is not None:
        why = "Learned with S: predictions are multiplied by it before the softmax."
        facts.append({"name": "temperature τ", "value": f"{label.temperature:.3g}", "title": why})
    if label.rate is not None:
        why = "Learned with S: the rate of SGD at which a network trains on it."
        facts.append({"name": "learned step size", "value": f"{label.rate:.3g}", "title": why})
    if label.kind == "hard":
        own = names[int(label.values.argmax())]
        return {"title": f"label: {own}", "explained": KINDS["hard"], "bars": [], "more": "", "facts": facts}
    bars = drawn.bars(label.values, names, theme, low=label.low, high=label.high)
    more = f"and {len(bars) - BARS} more classes. " if len(bars) > BARS else ""
    more += f"Mean of {label.views} stored views; lines: their range. " if label.views else ""
    soft = "values" if label.kind == "values" else "soft label"
    return {
        "title": f"{soft}, as of step {label.step}",
        "explained": KINDS[label.kind],
        "bars": bars[:BARS],
        "more": more.strip(),
        "facts": facts,
    }
