"""The set of a finished run: arrays, PNG files or one sheet, with the recipe and a script that trains on it."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dcviz.errors import Refused
from dcviz.records import Recipe, to_json
from dcviz.runs.export.sheets import eight_bit, png, sheet
from dcviz.runs.files import npz
from dcviz.runs.ledger import GUARANTEE, RULE, source_of

if TYPE_CHECKING:
    from dcviz.runs.store import Run, Store

SNIPPET = Path(__file__).parents[1] / "snippet.py"


@dataclasses.dataclass(frozen=True)
class Content:
    """What is exported, in every format of a set."""

    name: str  # of the run, fit for a file name
    arrays: Mapping[str, np.ndarray]  # x, pixels, y, classes, ids, transform.*, and if there are: views, maps, stored
    recipe: Recipe
    about: Mapping[str, Any]  # the run's id, configuration, scores, and changes made while it ran


def content_of(store: Store, run: str) -> Content:
    """All that any format of a set holds.

    Raises:
        Refused: a run without a final set.
    """
    from dcviz.loaded import CondensedSet

    s, row, final = CondensedSet.of_run(store, run), store.run(run), store.final(run)
    assert final is not None  # of_run has refused that
    held, recipe = final
    arrays = {"x": s.x.numpy(), "pixels": s.pixels.numpy(), "y": s.y.numpy()}
    arrays["classes"] = held["classes"].repeat(recipe.expand)  # (M·expand,)
    arrays["ids"] = (held["ids"][:, None] * recipe.expand + np.arange(recipe.expand)).ravel()
    arrays |= {key: value for key, value in held.items() if key.startswith("transform.") or key in ("views", "maps")}
    if recipe.expand > 1:
        arrays["stored"] = held["images"]
    about = {
        "id": row.id,
        "name": row.name,
        "config": json.loads(row.config_text),
        "versions": row.versions,
        "scores": [dataclasses.asdict(score) for score in store.scores(run)],
        **_guarantee(store, row),
        "changes": [{"step": e.step, **e.payload} for e in store.events(run) if e.kind == "rate"],
    }
    return Content(f"dcviz-{row.id}", {k: np.ascontiguousarray(v) for k, v in arrays.items()}, recipe, about)


def _guarantee(store: Store, row: Run) -> dict[str, Any]:
    """What a run of private rows promises, and what it comes to with all others on the same data; else nothing."""
    said = next((e.payload for e in store.events(row.id) if e.kind == GUARANTEE), None)
    if said is None:
        return {}
    spent = store.spent_together().get(source_of(row.config.data))
    if spent is None:
        return {GUARANTEE: said}
    together = {**dataclasses.asdict(spent), "data": row.config.data.name, "rule": RULE}
    return {GUARANTEE: {**said, "together": together}}


def files_of(content: Content, format: str) -> dict[str, bytes]:
    """The files of an exported folder by name."""
    if format == "folder":
        files, data = _images(content), "images"
    else:
        data = "sheet.png" if format == "sheet" else f"condensed.{format}"
        files = {data: _single(content, format)}
    files["recipe.json"] = _pretty(json.loads(to_json(content.recipe)))
    files["run.json"] = _pretty(content.about)
    if format != "sheet":
        files["train.py"] = training_script(data)
    return files


def single(content: Content, format: str, name: str) -> dict[str, bytes]:
    """The export as one file under a name, with the training script beside it (a sheet cannot be trained on)."""
    files = {name: _single(content, format)}
    if format != "sheet":
        files[f"{name}.train.py"] = training_script(name)
    return files


def training_script(data: str) -> bytes:
    """The script of `dcviz.runs.snippet`, reading ``data`` beside it."""
    text = SNIPPET.read_text(encoding="utf-8")
    return text.replace('DATA = "condensed.npz"', f"DATA = {json.dumps(data, ensure_ascii=False)}").encode()


def file_name(text: str) -> str:
    """A text fit for a file name on every system: letters, digits, dash, underscore; at most 60 characters.

    >>> file_name("T-shirt/top"), file_name("../../etc"), file_name("")
    ('T-shirt_top', 'etc', 'unnamed')
    """
    return re.sub(r"[^\w-]+", "_", text)[:60].strip("_") or "unnamed"


def _single(content: Content, format: str) -> bytes:
    recipe, about = to_json(content.recipe), json.dumps(content.about)
    if format == "safetensors":
        from safetensors.numpy import save

        return save(dict(content.arrays), {"recipe": recipe, "run": about})
    if format == "npz":
        return npz({**content.arrays, "recipe": np.array(recipe), "run": np.array(about)})
    _refuse_planar(content)
    return png(sheet(content.arrays["pixels"], content.arrays["classes"]), {"recipe": recipe, "run": about})


def _images(content: Content) -> dict[str, bytes]:
    """PNG files by class, numbered so that sorted folders are in the order of the classes; and what PNG cannot hold."""
    _refuse_planar(content)
    arrays = content.arrays
    digits = len(str(len(content.recipe.classes) - 1))
    folders = [f"{c:0{digits}d}_{file_name(name)}" for c, name in enumerate(content.recipe.classes)]
    levels = eight_bit(arrays["pixels"]).transpose(0, 2, 3, 1)  # (M, height, width, channels)
    files = {
        f"images/{folders[c]}/{i:06d}.png": png(image)
        for image, c, i in zip(levels, arrays["classes"], arrays["ids"], strict=True)
    }
    files["labels.npz"] = npz({key: value for key, value in arrays.items() if key not in ("x", "pixels", "stored")})
    return files


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _refuse_planar(content: Content) -> None:
    if len(content.recipe.shape) == 1:
        raise Refused(f"{content.about['id']} holds points of the plane, not images: export it as npz or safetensors.")
