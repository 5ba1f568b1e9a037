"""Where the installed plotly package keeps the script that draws in browsers."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from dcviz.errors import Refused


def plotly_script() -> Path:
    """The path of plotly.min.js; plotly itself is not imported.

    Raises:
        Refused: if plotly is not installed.
    """
    spec = find_spec("plotly")
    source = Path(spec.origin).parent / "package_data" / "plotly.min.js" if spec and spec.origin else None
    if source is None or not source.is_file():
        raise Refused("plotly is not installed, so there is nothing to draw with; run: pip install 'plotly>=6'.")
    return source
