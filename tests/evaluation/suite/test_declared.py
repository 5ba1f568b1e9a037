"""What every property declares is so: names, formulas, figures, scales."""

import dataclasses
import json

import pytest

from dcviz.cli.results import SUITE
from dcviz.evaluation import run_to_end
from dcviz.evaluation.suite import PROPERTIES, Figure, Judge, assess
from dcviz.evaluation.suite.subject import rival, rivals, thinned
from dcviz.records import from_dict
from tests.evaluation.suite.conftest import SHORT

TINY = {  # as little as shows that all is there
    "generalisation": {"resnet_width": 4, "vit_width": 4, "deep_updates": 2},
    "fair-scores": {"rates": 1},
    "robustness": {"steps": 1, "samples": 20, "auto": False},
    "privacy": {"coins": 12, "targets": 20, "learner": "ridge", "steps": 1},
    "fairness": {"samples": 20},
    "backdoor": {"makes": 1, "steps": 1},
    "cost": {"timed": 1},
}


def test_the_command_line_and_these_tests_name_them_all():
    assert tuple(PROPERTIES) == SUITE
    assert set(TINY) == set(PROPERTIES)


@pytest.mark.parametrize("kind", PROPERTIES.values(), ids=lambda kind: kind.name)
def test_declarations_are_whole(kind):
    assert kind.title
    assert kind.sentence.endswith(("?", "."))
    assert kind.formula
    assert kind.cuts
    assert not kind.cuts.endswith(".")
    assert kind.source.link.startswith("https://")
    assert kind.quick() != kind()
    names = [q.name for q in kind.quantities]
    assert len(set(names)) == len(names)
    for quantity in kind.quantities:
        assert quantity.title
        assert quantity.formula
        assert quantity.sentence.endswith((".", "?"))
        assert quantity.source.link.startswith("https://")
        assert kind.quantity(quantity.name) is quantity


@pytest.mark.parametrize("kind", PROPERTIES.values(), ids=lambda kind: kind.name)
def test_figures_are_what_was_declared(kind, digits):
    judge = Judge(digits, dataclasses.replace(SHORT, updates=4), budget=2)
    one = kind(**TINY[kind.name])
    report = run_to_end(assess(judge, [rival("random", digits, 2)], one))
    assert {f.quantity for f in report.figures} <= {q.name for q in kind.quantities}
    declared = {q.name for q in kind.quantities} - {"operations", "training-energy", "calibration", "overconfidence"}
    assert declared <= {f.quantity for f in report.figures}
    for figure in report.figures:
        assert figure.of == "random"
        assert figure.protocol
        assert figure.values
        assert set(figure.detail) <= set(kind.quantity(figure.quantity).details)
        assert from_dict(Figure, json.loads(json.dumps(dataclasses.asdict(figure)))) == figure
    assert len({(f.quantity, json.dumps(f.at)) for f in report.figures}) == len(report.figures)
    if kind.caution:
        assert kind.caution in report.notes
    spread = [f for f in report.figures if len(f.values) >= 3]
    assert spread, "over at least three seeds"


def test_rivals_are_those_that_the_data_allow(digits):
    assert [s.of for s in rivals(digits, 2)] == ["random", "herding", "medoids", "centroids", "whole set"]
    assert [s.of for s in rivals(digits, 5000)] == ["whole set"]


def test_thinning_keeps_proportions(digits):
    few = thinned(digits.test, 100, 10)
    counts = digits.test.y[few].bincount()
    assert len(few) == 100
    assert counts.max() - counts.min() <= 1
    assert len(thinned(digits.test, None, 10)) == len(digits.test)
