"""The tiles of the lens: what each discrepancy would do to one image, drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from dcviz.figures import Theme
from dcviz.figures.palette import DIVERGING
from dcviz.figures.pulls import after_picture, arrow_end, arrow_picture, pull_picture
from dcviz.figures.sheet import inverted
from dcviz.inspect import OWN, Pull, Pulls
from dcviz.ui.reader import Kept
from dcviz.ui.shown import Real

NORM = "Length of the gradient of this image, in model space."
COSINE = "Cosine of the angle to the gradient of the run's own objective: 1 the same way, 0 across, -1 against it."
SCALE = "Full red or blue: the change of a pixel, of 1."
_drawn = Kept(200)

Arrays = Mapping[str, Any]


def pulled(pulls: Pulls | None, image: int, frame: Arrays, real: Real, theme: Theme) -> dict[str, Any]:
    """The tiles of the discrepancies that have answered so far, and what their colours mean."""
    if pulls is None:
        return {"step": None, "tiles": [], "legend": None}
    i = int(np.flatnonzero(np.asarray(frame["ids"]) == image)[0])
    mine = pulls.found.get(OWN)
    own = mine if isinstance(mine, Pull) else None
    tiles = []
    for key, pull in list(pulls.found.items()):
        if isinstance(pull, str):
            tiles.append({"key": key, "title": key, "said": pull, "own": key == OWN})
            continue
        at = ("pull", pulls.name, key, image, real.key, theme)
        where = i, frame, real, theme
        picture = _drawn.get(at, partial(_picture, pulls, pull, where))
        tiles.append({**_told(pull, own, i, pulls.source), **picture})
    return {
        "step": pulls.step,
        "tiles": tiles,
        "legend": _legend(frame, real, theme),
        "source": f"Read from {pulls.source}.",
    }


def _legend(frame: Arrays, real: Real, theme: Theme) -> dict[str, Any] | None:
    if "images" not in frame:
        return None
    low, high = ("lighter", "more ink") if _flipped(frame, real, theme) else ("darker", "brighter")
    return {"low": low, "high": high, "colours": list(DIVERGING[theme])}


def _told(pull: Pull, own: Pull | None, i: int, source: str) -> dict[str, Any]:
    mine = pull.lens.key == OWN
    facts = [{"text": f"‖∇‖ {pull.norm(i):.2g}", "title": NORM}]
    cosine = None if own is None or mine else pull.cosine(own, i)
    if cosine is not None:
        facts.append({"text": f"cos {cosine:+.2f}".replace("-", "−"), "title": COSINE})
    draws = f" Mean over {pull.draws} draws." if pull.draws > 1 else ""
    return {
        "key": pull.lens.key,
        "own": mine,
        "title": f"its own: {pull.lens.title}" if mine else pull.lens.title,
        "facts": facts,
        "said": ", ".join(fact["text"] for fact in facts),
        "help": f"Its value is {pull.value:.4g}. Read from {source}.{draws} Click to see a large step.",
    }


def _picture(pulls: Pulls, pull: Pull, where: tuple[int, Arrays, Real, Theme]) -> dict[str, Any]:
    """The move of one image in red and blue, and the image after it; of a point, an arrow."""
    i, frame, real, theme = where
    move = pulls.moves(pull.gradient[i])
    if not math.isfinite(float(np.abs(move).sum())):
        return {"said": "its gradient is not finite here"}
    if "images" not in frame:
        spread = np.asarray(frame["points"] if real.view is None else real.view["points"])[:, 0]
        return {
            "src": arrow_picture(move.tolist(), pull.lens.title, theme),
            "arrow": arrow_end(move, float(np.ptp(spread))),
        }
    picture = pull_picture(move, theme)
    after = after_picture(np.asarray(frame["images"])[i], move, _flipped(frame, real, theme))
    return {**picture, "ends": f"±{picture['scale']:.2g}", "ends_title": SCALE, "after": after}


def _flipped(frame: Arrays, real: Real, theme: Theme) -> bool:
    """Whether images are shown as ink on paper."""
    return inverted({"thumbs": frame["images"]} if real.view is None else real.view, theme)
