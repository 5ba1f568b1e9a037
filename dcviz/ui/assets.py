"""plotly.min.js, copied once from the installed plotly package to where the browser can fetch it: no CDN."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from dcviz.errors import Refused
from dcviz.figures.plotly_js import plotly_script

FOLDER = Path(__file__).parent / "components"


def ensure_plotly(folder: Path = FOLDER) -> Path:
    """The script beside stage.js; copied when missing or of another size than the installed one.

    Raises:
        Refused: if plotly is not installed or the folder cannot be written.
    """
    source = plotly_script()
    target = folder / "plotly.min.js"
    if target.is_file() and target.stat().st_size == source.stat().st_size:
        return target
    try:
        _copy(source, target)
    except OSError as error:
        raise Refused(
            f"plotly.min.js could not be written to {folder} ({error.strerror}); copy it there once with rights to do "
            f"so: cp {source} {target}"
        ) from error
    return target


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all: two processes may start at once."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".plotly-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as out, source.open("rb") as file:
            shutil.copyfileobj(file, out)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
