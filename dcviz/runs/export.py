"""A finished run for use elsewhere: arrays, PNG files or one sheet, with the recipe and a script that trains on it."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import numpy as np

from dcviz.errors import Refused, unknown
from dcviz.records import Recipe, to_json
from dcviz.runs.files import npz, write_whole

if TYPE_CHECKING:
    from dcviz.runs.store import Store

FORMATS = {
    "npz": "numpy arrays: model space, pixels, labels, transform, recipe",
    "safetensors": "the same arrays as safetensors, the recipe in its header",
    "folder": "PNG files in one folder per class (8-bit), labels and recipe beside them",
    "sheet": "one PNG, a row or more per class, the recipe in its text",
}
SUFFIXES = {".npz": "npz", ".safetensors": "safetensors", ".png": "sheet"}
GAP = 1 / 9  # between the images of a sheet, of their height


@dataclasses.dataclass(frozen=True)
class Content:
    """What is exported, in every format."""

    name: str  # of the run, fit for a file name
    arrays: Mapping[str, np.ndarray]  # x, pixels, y, classes, ids, transform.*, and if there are: views, maps, stored
    recipe: Recipe
    about: Mapping[str, Any]  # the run's id, configuration, scores, and changes made while it ran


def export(store: Store, run: str, to: Path, format: str | None = None, *, force: bool = False) -> Path:
    """Write a finished run to a file or a folder, whole or not at all.

    Args:
        store: where the run is.
        run: its id.
        to: a file ending in .npz, .safetensors or .png, beside which the training script lies as NAME.npz.train.py;
            or a folder, which then holds the data, recipe.json, run.json and train.py.
        format: one of `FORMATS`; by default as the ending of ``to`` says, else npz.
        force: replace what is there: a file, or a folder that is an earlier export and nothing else.

    Returns:
        The file or folder.

    Raises:
        Refused: an unknown format, a run without a final set, points of the plane as PNG, a place that is taken.
    """
    to = Path(to).expanduser()
    format = _chosen(format, to)
    content = content_of(store, run)
    if SUFFIXES.get(to.suffix.lower()) == format:
        files = single(content, format, to.name)
        _refuse_taken([to.with_name(name) for name in files], force)
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                write_whole(to.with_name(name), data)
        except OSError as error:
            raise Refused(f"{to} could not be written: {error.strerror or error}.") from error
        return to
    _refuse_suffix(to, format)
    try:
        _write_folder(to, files_of(content, format), force)
    except OSError as error:
        raise Refused(f"{to} could not be written: {error.strerror or error}.") from error
    return to


def bundle(store: Store, run: str, format: str = "npz") -> tuple[str, bytes]:
    """A finished run as one download: a file name and its bytes; a zip, or for the sheet a PNG."""
    content = content_of(store, run)
    files = files_of(content, _chosen(format, Path()))
    if format == "sheet":
        return f"{content.name}.png", files["sheet.png"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{content.name}/{name}", data)
    return f"{content.name}-{format}.zip", out.getvalue()


def content_of(store: Store, run: str) -> Content:
    """All that any format holds."""
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
        "changes": [{"step": e.step, **e.payload} for e in store.events(run) if e.kind == "rate"],
    }
    name = f"dcviz-{row.id}"
    return Content(name, {key: np.ascontiguousarray(value) for key, value in arrays.items()}, recipe, about)


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
    text = Path(__file__).with_name("snippet.py").read_text(encoding="utf-8")
    return text.replace('DATA = "condensed.npz"', f"DATA = {json.dumps(data, ensure_ascii=False)}").encode()


def sheet(pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Images ``(M, channels, height, width)`` in [0, 1] on white, uint8 ``(H, W, channels)``, class under class.

    A class takes a row, or several where one would be wider than twenty images.
    """
    _, channels, height, width = pixels.shape
    gap = max(1, round(height * GAP))
    groups = [np.flatnonzero(classes == c) for c in np.unique(classes)]
    most = max(len(group) for group in groups)
    columns = -(-most // -(-most // 20))  # the most even rows of at most twenty
    rows = [part for group in groups for part in np.split(group, range(columns, len(group), columns))]
    canvas = np.full((len(rows) * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8)
    levels = eight_bit(pixels).transpose(0, 2, 3, 1)  # (M, height, width, channels)
    for r, row in enumerate(rows):
        for c, i in enumerate(row):
            y, x = gap + r * (height + gap), gap + c * (width + gap)
            canvas[y : y + height, x : x + width] = levels[i]
    return canvas


def png(image: np.ndarray, text: Mapping[str, str] | None = None) -> bytes:
    """``(H, W, channels)`` uint8, grey or RGB, as PNG with text entries."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, value in (text or {}).items():
        info.add_itxt(key, value)
    out = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def eight_bit(pixels: np.ndarray) -> np.ndarray:
    """[0, 1] as 0..255, rounded."""
    return (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)


def file_name(text: str) -> str:
    """A text fit for a file name on every system: letters, digits, dash, underscore; at most 60 characters.

    >>> file_name("T-shirt/top"), file_name("../../etc"), file_name("")
    ('T-shirt_top', 'etc', 'unnamed')
    """
    return re.sub(r"[^\w-]+", "_", text)[:60].strip("_") or "unnamed"


# -------------------------------------------------------------------------------------------------------- parts


def _chosen(format: str | None, to: Path) -> str:
    format = format or SUFFIXES.get(to.suffix.lower(), "npz")
    if format not in FORMATS:
        raise unknown("export format", format, FORMATS)
    return format


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


def _refuse_suffix(to: Path, format: str) -> None:
    if to.suffix.lower() in SUFFIXES:
        right = next((s for s, f in SUFFIXES.items() if f == format), "no ending (a folder)")
        raise Refused(f"{to.name} does not end as the format {format} does: give {right}, or leave out --format.")


def _refuse_taken(paths: list[Path], force: bool) -> None:
    for path in paths:
        if path.is_dir():
            raise Refused(f"{path} is a folder: choose another name.")
        if path.exists() and not force:
            raise Refused(f"{path} is already there: choose another place, or replace it with --force.")


def _write_folder(to: Path, files: Mapping[str, bytes], force: bool) -> None:
    """The files in a new folder, written beside its place and then renamed."""
    if to.is_file():
        raise Refused(f"{to} is a file: choose a folder.")
    taken = to.is_dir() and any(to.iterdir())
    if taken and not force:
        raise Refused(f"{to} is not empty: choose another place, or replace it with --force.")
    if taken and not ((to / "recipe.json").is_file() and (to / "run.json").is_file()):
        raise Refused(f"{to} holds something else than an earlier export: choose another place.")
    to = to.resolve()  # "." and links, too
    to.parent.mkdir(parents=True, exist_ok=True)
    made, old = (to.with_name(f".{to.name}.{token_hex(4)}.{kind}") for kind in ("new", "old"))
    try:
        for name, data in files.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_bytes(data)
        if to.exists():
            to.rename(old)
        made.rename(to)
    finally:
        shutil.rmtree(made, ignore_errors=True)
        if old.exists() and not to.exists():  # the second rename failed: what was there comes back
            old.rename(to)
        shutil.rmtree(old, ignore_errors=True)
