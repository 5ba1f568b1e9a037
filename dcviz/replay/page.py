"""One HTML file: the stage's own code, plotly and a reel, packed; it asks nobody for anything."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcviz.figures import tokens
from dcviz.figures.plotly_js import plotly_script

if TYPE_CHECKING:
    from dcviz.replay.reel import Reel

COMPONENTS = Path(__file__).parents[1] / "ui" / "components"  # the browser code is written once
TEMPLATE = Path(__file__).parent / "page.html"
IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./([a-z_]+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
DEFAULT = "export default function (component)"


def page(reel: Reel) -> bytes:
    """The file's bytes: what comes from the run is data in it, never markup or script."""
    token = tokens(reel.theme)
    variables = {
        "background-color": token.background,
        "secondary-background-color": token.panel,
        "text-color": token.ink,
        "border-color": token.hairline,
        "primary-color": token.accent,
        "font": "system-ui, sans-serif",
    }
    reel_text = json.dumps({"kind": "reel", "real": reel.real, "stage": reel.stage}, separators=(",", ":"))
    parts = {
        "title": html.escape(reel.title),
        "facts": "".join(f"<span>{html.escape(fact)}</span>" for fact in reel.facts),
        "nonce": hashlib.blake2b(reel_text.encode(), digest_size=16).hexdigest(),
        "theme": reel.theme,
        "variables": "".join(f"--st-{key}:{value};" for key, value in variables.items()),
        "style": (COMPONENTS / "stage.css").read_text(encoding="utf-8"),
        "plotly": _packed(plotly_script().read_text(encoding="utf-8")),
        "code": _packed(bundled("stage")),
        "reel": _packed(reel_text),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], text).encode()


def bundled(entry: str, folder: Path = COMPONENTS) -> str:
    """A module and all that it imports as one script, whose default function becomes ``globalThis.dcvizStage``.

    Each module keeps names of its own: it becomes a function that is called once.
    """
    done: dict[str, str] = {}

    def add(name: str) -> None:
        if name in done:
            return
        source = (folder / f"{name}.js").read_text(encoding="utf-8")
        done[name] = ""  # a circle of imports would be found by the first test, not loop
        for _, other in IMPORT.findall(source):
            add(other)
        del done[name]  # after all that it needs
        done[name] = _wrapped(name, source)

    add(entry)
    return "\n".join(done.values()) + f"\nglobalThis.dcvizStage = of_{entry}.main;\n"


def _wrapped(name: str, source: str) -> str:
    names = EXPORT.findall(source) + (["main"] if DEFAULT in source else [])
    body = IMPORT.sub(lambda m: f"const {{ {m[1].replace(' as ', ': ')} }} = of_{m[2]};\n", source)
    body = body.replace(DEFAULT, "function main(component)")
    body = body.replace("import.meta.url", "document.baseURI")  # the file has no files beside it
    body = re.sub(r"^export ", "", body, flags=re.MULTILINE)
    return f"const of_{name} = (() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})();"


def _packed(text: str) -> str:
    data: Any = gzip.compress(text.encode(), 9, mtime=0)
    return base64.b64encode(data).decode("ascii")
