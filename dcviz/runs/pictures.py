"""The arrays of a run: frames, checkpoints and the final set; and arrays cached across runs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dcviz.errors import Refused
from dcviz.records import Recipe, from_json, to_json
from dcviz.runs.database import in_words
from dcviz.runs.files import Arrays, Damaged, from_npz, npz, packed, unpacked, write_whole
from dcviz.runs.home import Home, number, touch

log = logging.getLogger(__name__)

CHECKPOINTS = 2  # kept: the newest, and one to fall back on
CACHE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


class Pictures(Home):
    """Frames are compressed npz with a row each; everything in full precision is safetensors with a checksum."""

    # ------------------------------------------------------------------------------------------------ frames

    def save_frame(self, run: str, step: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep what is shown of one step, such as images and points."""
        with self.db.read() as db:
            row = number(db, run)
        with in_words(self.home):
            write_whole(self._frame(run, step), npz(arrays))
        with self.db.write() as db:
            db.execute("INSERT OR REPLACE INTO frames (run, step) VALUES (?, ?)", (row, int(step)))
            touch(db, row, pictures=1)

    def save_latest(self, run: str, step: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the one frame that a live view shows; it need not survive a power cut, so nothing waits."""
        with self.db.read() as db:
            row = number(db, run)
        with in_words(self.home):
            write_whole(self._latest(run), packed(arrays, int(step)), sync=False)
        with self.db.write() as db:
            touch(db, row, pictures=1)

    def frames(self, run: str) -> list[int]:
        """The steps whose frames are kept."""
        with self.db.read() as db:
            found = db.execute("SELECT step FROM frames WHERE run = ? ORDER BY step", (number(db, run),)).fetchall()
        return [step for (step,) in found]

    def frame(self, run: str, step: int | None = None) -> tuple[int, Arrays]:
        """The frame of a kept step; without one the newest picture there is.

        Raises:
            Refused: there is none, or its file is damaged.
        """
        if step is not None:
            return step, self._kept(run, step)
        kept = self.frames(run)
        newest = kept[-1] if kept else -1
        latest = self._live(run)
        if latest is not None and latest[0] >= newest:
            return latest
        if not kept:
            raise Refused(f"{run} has no picture yet: wait for its first step.")
        return newest, self._kept(run, newest)

    def drop_frames(self, run: str, steps: Iterable[int]) -> None:
        """Thin out: forget the frames of some steps."""
        steps = list(steps)
        with self.db.write() as db:
            row = number(db, run)
            db.executemany("DELETE FROM frames WHERE run = ? AND step = ?", [(row, step) for step in steps])
            touch(db, row)
        with in_words(self.home):
            for step in steps:
                self._frame(run, step).unlink(missing_ok=True)

    def _live(self, run: str) -> tuple[int, Arrays] | None:
        """What `save_latest` saved, and its step."""
        try:
            arrays, step = unpacked(self._latest(run).read_bytes())
        except FileNotFoundError:
            return None
        except Damaged as error:  # by a power cut: the kept ones are whole
            log.warning("the latest frame of %s is damaged: %s", run, error)
            return None
        return step, arrays

    def _kept(self, run: str, step: int) -> Arrays:
        try:
            return from_npz(self._frame(run, step).read_bytes())
        except FileNotFoundError:
            kept = self.frames(run)
            near = ", ".join(map(str, sorted(sorted(kept, key=lambda k: abs(k - step))[:4])))
            raise Refused(f"{run} keeps no frame of step {step}; the nearest kept: {near or 'none yet'}.") from None
        except Damaged as error:
            raise Refused(f"the frame of step {step} of {run} is damaged ({error}): choose another step.") from error

    def _frame(self, run: str, step: int) -> Path:
        return self.folder(run) / "frames" / f"{int(step):08d}.npz"

    def _latest(self, run: str) -> Path:
        return self.folder(run) / "latest.safetensors"

    # --------------------------------------------------------------------------------- checkpoints, final set

    def save_checkpoint(self, run: str, step: int, arrays: Mapping[str, np.ndarray], meta: dict[str, Any]) -> None:
        """Keep the full state of one step, bit for bit, beside the one before; older ones go."""
        with self.db.read() as db:
            number(db, run)
        with in_words(self.home):
            write_whole(self._checkpoint(run, step), packed(arrays, meta))
            for old in self.checkpoints(run)[:-CHECKPOINTS]:
                self._checkpoint(run, old).unlink(missing_ok=True)

    def load_checkpoint(self, run: str, step: int | None = None) -> tuple[int, Arrays, dict[str, Any]] | None:
        """The state of a step, or the newest whole one; None when there is none."""
        for at in reversed(self.checkpoints(run)) if step is None else [step]:
            try:
                return at, *unpacked(self._checkpoint(run, at).read_bytes())
            except FileNotFoundError:  # a newer one has pushed it out
                continue
            except Damaged as error:
                log.warning("the checkpoint of step %d of %s is damaged: %s", at, run, error)
        return None

    def checkpoints(self, run: str) -> list[int]:
        """The steps with a checkpoint, ascending. The folder is the record: a file is there whole or not at all."""
        return sorted(int(path.stem) for path in (self.folder(run) / "checkpoints").glob("*.safetensors"))

    def _checkpoint(self, run: str, step: int) -> Path:
        return self.folder(run) / "checkpoints" / f"{int(step):08d}.safetensors"

    def save_final(self, run: str, arrays: Mapping[str, np.ndarray], recipe: Recipe) -> None:
        """Keep the finished set in full precision, with what training on it presupposes."""
        with self.db.write() as db:
            touch(db, number(db, run))
        with in_words(self.home):
            write_whole(self._final(run), packed(arrays, to_json(recipe)))

    def final(self, run: str) -> tuple[Arrays, Recipe] | None:
        """The finished set and its recipe; None while there is none."""
        try:
            arrays, text = unpacked(self._final(run).read_bytes())
        except FileNotFoundError:
            return None
        except Damaged as error:
            raise Refused(f"the final set of {run} is damaged ({error}): fork it to make it again.") from error
        return arrays, from_json(Recipe, text)

    def _final(self, run: str) -> Path:
        return self.folder(run) / "final.safetensors"

    def truncate(self, run: str, step: int) -> None:
        """Before going on from ``step``: drop measurements, frames and checkpoints later than it.

        Events stay: they are what was asked of the run, and it passes their steps again.
        """
        with self.db.write() as db:
            row = number(db, run)
            db.execute(
                "DELETE FROM metrics WHERE step > ? AND curve IN (SELECT id FROM curves WHERE run = ?)", (step, row)
            )
            later = db.execute("SELECT step FROM frames WHERE run = ? AND step > ?", (row, step)).fetchall()
            db.execute("DELETE FROM frames WHERE run = ? AND step > ?", (row, step))
            db.execute("UPDATE runs SET step = MIN(step, MAX(?, 0)) WHERE number = ?", (step, row))
            touch(db, row, pictures=1)
        latest = self._live(run)
        with in_words(self.home):
            for (at,) in later:
                self._frame(run, at).unlink(missing_ok=True)
            for at in self.checkpoints(run):
                if at > step:
                    self._checkpoint(run, at).unlink(missing_ok=True)
            if latest is None or latest[0] > step:  # else it goes on being shown until there is a newer one
                self._latest(run).unlink(missing_ok=True)

    # ------------------------------------------------------------------------------------------------- cache

    def cache_path(self, kind: str, key: str) -> Path:
        """Where something costly of a kind is kept under a content key, for whoever can use it again."""
        for part in (kind, key):
            if not CACHE_NAME.fullmatch(part):
                raise Refused(f"{part[:60]!r} cannot name a cached file: use letters, digits, '.', '_' and '-'.")
        folder = self.home / "cache" / kind
        with in_words(self.home):
            folder.mkdir(exist_ok=True)
        return folder / key

    def save_cached(self, kind: str, key: str, arrays: Mapping[str, np.ndarray], meta: Any) -> None:
        """Cache arrays and JSON."""
        with in_words(self.home):
            write_whole(self.cache_path(kind, f"{key}.safetensors"), packed(arrays, meta))

    def load_cached(self, kind: str, key: str) -> tuple[Arrays, Any] | None:
        """What was cached, or None; a damaged file counts as none, and is removed."""
        path = self.cache_path(kind, f"{key}.safetensors")
        try:
            return unpacked(path.read_bytes())
        except FileNotFoundError:
            return None
        except Damaged as error:
            log.warning("removing a damaged cache file, %s: %s", path, error)
            path.unlink(missing_ok=True)
            return None
