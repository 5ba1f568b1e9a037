"""Presets at the scale ``paper`` have the constants of their authors' code."""

import math

import pytest

from dcviz.data import dataset
from dcviz.runs.configure import configure
from dcviz.runs.problem import build


def paper(preset, budget=10):
    return configure(preset=preset, scale="paper", budget=budget)


def test_rfad():
    """yolky/RFAD, run_distillation.py and distillation.py, with --platt and --learn_labels."""
    config = paper("rfad")
    (term,) = config.terms
    assert config.optimiser.name == "adabelief"
    assert config.optimiser.rates == {"images": 1e-3, "labels": 1e-3, "temperature": 1e-2}
    assert config.optimiser.schedule == "constant"
    found = {key: term.params[key] for key in ("networks", "width", "ridge", "batch", "temperature", "error")}
    assert found == {
        **{"networks": 8, "width": 2 * 128, "ridge": 5e-3},
        **{"batch": 4 * 1280, "temperature": 0.0, "error": "platt"},
    }


def test_the_temperature_starts_where_it_is_told():
    for scale, start in (("paper", 0.0), ("small", 2.0)):
        setup = build(configure(preset="rfad", scale=scale, budget=1))
        assert setup.start.parameters["temperature"].tolist() == [start]


def test_frepo():
    """yongchaoz/FRePo, script/distill.py and lib/datadistillation/frepo.py."""
    config = paper("frepo")
    (term,) = config.terms
    assert (config.optimiser.name, config.optimiser.schedule) == ("lamb", "cosine-tenth")
    assert {config.optimiser.rates[key] for key in ("images", "labels")} == {3e-4}
    assert config.steps == 500_000
    found = {key: term.params[key] for key in ("pool", "updates", "batch", "ridge", "rate", "inner_batch", "width")}
    assert found == {
        **{"pool": 10, "updates": 100, "batch": 1024, "ridge": 1e-6},
        **{"rate": 3e-4, "inner_batch": 500, "width": 128},
    }
    assert (config.evaluation.updates, config.evaluation.batch, config.evaluation.rate) == (1000, 500, 3e-4)


@pytest.mark.parametrize("budget", [1, 10, 50])
def test_ncfm_is_judged_after_two_thousand_epochs(budget):
    """gszfwsb/NCFM, config/ipc*/cifar10.yaml: batches of 128 of the decoded images, four for each that is stored."""
    config = paper("ncfm", budget)
    images = len(dataset(config.data).classes) * budget * 4
    assert config.evaluation.batch == 128
    assert config.evaluation.updates == 2000 * math.ceil(images / config.evaluation.batch)
    assert (config.evaluation.optimiser, config.evaluation.rate) == ("adamw", 1e-3)
    assert (config.optimiser.name, config.optimiser.rates["images"]) == ("adamw", 0.01)


def test_kip_solves_labels_at_scale_paper_and_where_they_serve_all_networks():
    """At one image per class its values teach a ConvNet less than classes do: python -m benchmarks.predictions."""
    labels = {s: [_labels(configure(preset="kip", scale=s, budget=b)) for b in (1, 5, 10)] for s in ("paper", "small")}
    assert labels == {"paper": ["solved"] * 3, "small": ["fixed", "solved", "solved"]}


def _labels(config):
    return config.terms[0].params["labels"]
