"""Every figure with its limit or its rival, and the ratio, in one table.

    python -m benchmarks                               # all parts, one after another: some hours on two cores
    python -m benchmarks growth disk                   # some
    python -m benchmarks --quick                       # all, each as short as it still means something
    python -m benchmarks --shown benchmarks.json       # what was measured before, without measuring it again

Each part is a process of its own, and what it finds is appended to a file (benchmarks.json unless --to names another)
with the machine and the versions. The exit status is the number of limits that were missed and of parts that could not
be measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks._report import COLUMNS, ROOT, Figure, head

# By name: the module, what its `figures` is given beside `quick`, and what is measured.
PARTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "responsiveness": (
        "responsiveness",
        {"parts": ("imports", "cold", "click", "result", "live")},
        "from nothing to a picture, and how a live run shows",
    ),
    "load": ("responsiveness", {"parts": ("fragment", "tax", "memory")}, "what watching costs"),
    "crowd": ("crowd", {}, "twenty windows and ten people on one server"),
    "playground": ("responsiveness", {"parts": ("playground",)}, "how fluent the Playground is"),
    "stage": ("stage", {}, "the stage at its largest"),
    "step": ("step", {}, "one update beside the field's own way of writing it"),
    "ceilings": ("ceilings", {}, "how near a step comes to what the machine can do"),
    "precision": ("precision", {}, "what bfloat16 does to accuracy"),
    "divergences": ("divergences", {}, "MMD, Sinkhorn and sliced beside geomloss, POT and torchmetrics"),
    "trajectories": ("trajectories", {}, "experts, and what inner steps cost"),
    "predictions": ("predictions", {}, "regressions on S, and networks trained on it"),
    "quality": ("quality", {}, "condensed sets beside every selection"),
    "growth": ("growth", {}, "exponents of time and memory"),
    "disk": ("disk", {}, "what a run takes on the disk"),
    "fair": ("objectives_fair", {}, "fair objectives"),
    "private": ("objectives_private", {}, "private objectives"),
    "robust": ("objectives_robust", {}, "robust objectives"),
}


def main() -> int:
    """Measure or show what is asked for; returns how many limits were missed or could not be measured."""
    asked = _asked()
    if asked.measure:
        for figure in figures_of(asked.measure, asked.quick):
            print(json.dumps(asdict(figure)), flush=True)
        return 0
    known = {} if asked.shown is None else {entry["part"]: entry for entry in read(asked.shown)}
    parts = asked.parts or [part for part in PARTS if part in known] or list(PARTS)
    print(f"{head()}\n\n{COLUMNS}\n{'─' * len(COLUMNS)}", flush=True)
    missed = 0
    for part in parts:
        print(f"\n{part}: {PARTS[part][2]}", flush=True)
        missed += _show(known[part]) if part in known else _run(part, asked.quick, asked.to)
    print(f"\n{missed} missed" if missed else "\nall limits held")
    return missed


def figures_of(part: str, quick: bool) -> Iterator[Figure]:
    """The figures of a part, measured now."""
    module, given, _ = PARTS[part]
    found: Iterator[Figure] = import_module(f"benchmarks.{module}").figures(**given, quick=quick)
    return found


def _run(part: str, quick: bool, to: Path) -> int:
    """Measure a part in a process of its own, print its figures as they come, and append them to the file."""
    command = [sys.executable, "-m", "benchmarks", "--measure", part, *(["--quick"] if quick else [])]
    found: list[Figure] = []
    began = time.time()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                found.append(figure_from(json.loads(line)))
            except (ValueError, TypeError, KeyError):  # what a part says beside its figures
                print(line, end="", flush=True)
                continue
            print(found[-1], flush=True)
    if process.returncode:
        print(f"✗ {part} could not be measured to its end (see above)", flush=True)
    entry = {"part": part, "at": began, "seconds": time.time() - began, "head": head(), "quick": quick}
    append(to, {**entry, "whole": process.returncode == 0, "figures": [asdict(figure) for figure in found]})
    return sum(figure.missed for figure in found) + (process.returncode != 0)


def _show(entry: dict[str, Any]) -> int:
    """Print what was measured before."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry["at"]))
    print(f"measured {when}{', the short way' if entry['quick'] else ''}, on", *entry["head"].splitlines(), sep="\n  ")
    found = [figure_from(tree) for tree in entry["figures"]]
    print(*found, sep="\n")
    if not entry["whole"]:
        print("✗ it could not be measured to its end")
    return sum(figure.missed for figure in found) + (not entry["whole"])


def figure_from(tree: dict[str, Any]) -> Figure:
    """A figure from JSON."""
    return Figure(**{**tree, "values": tuple(tree["values"])})


def read(file: Path) -> list[dict[str, Any]]:
    """The entries of a file of results, oldest first; none where there is no file yet."""
    entries: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return entries


def append(file: Path, entry: dict[str, Any]) -> None:
    """Add an entry to a file of results, which is whole at any moment."""
    text = json.dumps([*read(file), entry], indent=1)
    part = file.with_name(f".{file.name}.tmp")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(file)


def _asked() -> argparse.Namespace:
    listed = "\n".join(f"  {name:<16}{about}" for name, (_, _, about) in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=f"parts:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="all unless given")
    parser.add_argument("--quick", action="store_true", help="fewer trials, smaller cases")
    parser.add_argument("--to", type=Path, default=Path("benchmarks.json"), metavar="FILE", help="to append results to")
    parser.add_argument(
        "--shown",
        type=Path,
        metavar="FILE",
        help="print the newest results of that file; a part that is named and not in it is measured",
    )
    parser.add_argument("--measure", choices=list(PARTS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if strange := [part for part in asked.parts if part not in PARTS]:
        parser.error(f"no part {', '.join(strange)}; there are {', '.join(PARTS)}")
    if asked.shown is not None and not asked.shown.exists():
        parser.error(f"there is no file {asked.shown}: measure first, with --to {asked.shown}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
