"""Measure the baselines of the bundled digits under the default protocols, for the package itself.

Run by whoever changes selection, training, the digits or the default protocols:

    python -m dcviz.evaluation.bundle

It rewrites ``bundled.json`` beside this file, in a few minutes on one core.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dcviz.evaluation.baselines import BASELINES, afresh, key_of
from dcviz.evaluation.measure import run_to_end
from dcviz.nets import WIDTHS
from dcviz.records import DataConfig, EvaluationProtocol, RunConfig, to_json
from dcviz.types import Dataset

BUDGETS = (1, 2, 5, 10, 20, 50)
FILE = Path(__file__).with_name("bundled.json")


def protocols() -> Iterator[EvaluationProtocol]:
    """The default protocols, live and at the end, each with the ConvNet and with the MLP."""
    live, final = RunConfig().live, RunConfig().evaluation
    for protocol in (final,) if live is None else (live, final):
        yield protocol
        yield replace(protocol, network="mlp", width=WIDTHS["mlp"])


def measure_all(dataset: Dataset) -> dict[str, dict]:
    """Every baseline of a data set, by key."""
    found: dict[str, dict] = {}
    for protocol in protocols():
        for kind in BASELINES:
            for budget in (0,) if kind == "whole set" else BUDGETS:
                score = run_to_end(afresh(kind, dataset, budget, protocol))
                key = key_of(kind, dataset.fingerprint, budget, protocol)
                found[key] = json.loads(to_json(score)) | {"seconds": round(score.seconds, 2)}
    return found


def main() -> None:
    """Rewrite the file."""
    from dcviz.data import dataset

    found = measure_all(dataset(DataConfig()))
    lines = ",\n".join(f'"{key}": {json.dumps(value, sort_keys=True)}' for key, value in sorted(found.items()))
    FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
