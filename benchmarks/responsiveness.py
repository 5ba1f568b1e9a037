"""How quickly dcviz answers: every limit on waiting, watching and memory, measured on the app as it is used.

    python -m benchmarks.responsiveness                       # all of it: about ten minutes on two cores
    python -m benchmarks.responsiveness imports live          # some parts
    python -m benchmarks.responsiveness memory --minutes 60

A figure is the median of its trials, with the smallest and the largest beside it; the ratio is figure ÷ limit. Run it
on a machine that does nothing else. It needs playwright and a Chromium, except for `imports`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

from benchmarks._browser import chromium, served
from benchmarks._report import Figure, printed

TRIALS, PAIRS, MINUTES = 5, 6, 2.0
PARTS = {
    "imports": "the package and the help of the command line",
    "cold": "streamlit run to a usable Lab",
    "click": "Condense to the first picture",
    "result": "Condense to the accuracy on the test set",
    "live": "pictures a second, their age, size on the wire, what zoom and selection outlive",
    "fragment": "one look of the live view",
    "tax": "steps a second watched and alone",
    "playground": "drawn frames, a slider's effect, one answer of the server",
    "memory": "of the server, over a watched run",
}


def figures(parts: Sequence[str] = tuple(PARTS), *, quick: bool = False) -> Iterator[Figure]:
    """The figures of the parts with the usual numbers of trials, or with fewer."""
    trials, pairs, minutes = (2, 2, 0.5) if quick else (TRIALS, PAIRS, MINUTES)
    return measure(parts, trials, pairs, minutes)


def measure(parts: Sequence[str], trials: int, pairs: int, minutes: float) -> Iterator[Figure]:
    """The figures of the parts, as they come."""
    from benchmarks import imports, live, load, playground, start

    if "imports" in parts:
        yield from imports.imports(trials)
    if set(parts) <= {"imports"}:
        return
    with chromium() as browser:
        own: dict[str, Callable[[], Iterator[Figure]]] = {  # with servers of their own
            "cold": lambda: start.cold(browser, max(1, min(3, trials))),
            "fragment": lambda: load.fragment(browser),
        }
        for part in [part for part in own if part in parts]:
            yield from own[part]()
        if set(parts) <= {"imports", *own}:
            return
        with served() as server:  # one for all that follows: it is warm, as it is for who works with it
            shared: dict[str, Callable[[], Iterator[Figure]]] = {
                "click": lambda: start.click(browser, server, trials),
                "result": lambda: start.result(browser, server),
                "live": lambda: live.live(browser, server),
                "tax": lambda: load.tax(browser, server, pairs),
                "playground": lambda: playground.playground(browser, server, trials),
                "memory": lambda: load.memory(browser, server, minutes),
            }
            for part in [part for part in shared if part in parts]:
                yield from shared[part]()


def main() -> int:
    """Print the table; the exit status tells how many limits were missed."""
    listed = "\n".join(f"  {name:<10}{about}" for name, about in PARTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"parts:\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="all unless given")
    parser.add_argument("--trials", type=int, default=TRIALS, help=f"of what is done again and again ({TRIALS})")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"of rounds of watched and alone ({PAIRS})")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"of live run for the memory ({MINUTES:g})")
    asked = parser.parse_args()
    if strange := set(asked.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(strange))}; there are {', '.join(PARTS)}")
    if min(asked.trials, asked.pairs, asked.minutes) <= 0:
        parser.error("--trials, --pairs and --minutes must be above 0")
    return printed(measure(asked.parts or list(PARTS), asked.trials, asked.pairs, asked.minutes))


if __name__ == "__main__":
    sys.exit(main())
