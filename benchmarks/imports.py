"""How long `import dcviz` and the help of the command line take, each in a process of its own.

python -m benchmarks.imports
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks._report import ROOT, Figure, told

LIMIT = 0.4  # seconds
PYTHON = "python -c pass"  # what an empty process costs here: part of all the others
COMMANDS = {
    PYTHON: ["-c", "pass"],
    "import dcviz": ["-c", "import dcviz"],
    "dcviz --help": ["-c", "from dcviz.cli import main; main()", "--help"],  # what the installed script does
    "dcviz condense --help": ["-c", "from dcviz.cli import main; main()", "condense", "--help"],
}


def imports(trials: int = 5) -> Iterator[Figure]:
    """The seconds of each command; trials take turns, so that a busy moment hits all alike."""
    for command in COMMANDS.values():
        _seconds(command)  # writes what is compiled, and brings the files into memory
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(trials):
        for name, command in COMMANDS.items():
            taken[name].append(_seconds(command))
    for name, values in taken.items():
        yield Figure(name, tuple(values), "s", None if name == PYTHON else LIMIT)


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(told(imports()))
