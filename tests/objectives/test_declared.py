"""What objectives declare: keys, defaults and ranges are part of stored configurations; each stands once."""

import inspect
import re

import pytest

from dcviz import registry
from dcviz.objectives import DECLARATIONS
from dcviz.objectives.applying import effective
from dcviz.runs.configure import configure
from dcviz.types import Declaration, Hyper, hyper_of

LOG = "on a logarithmic scale"
DECLARED = {  # the default, and the range or the choices, by objective and key
    "group-weights": {
        "equality": (0.5, (0.0, 1.0)),
        "weights": ("", None),
    },
    "worst-group": {
        "rate": (0.01, (0.0, 10.0)),
    },
    "group-budgets": {
        "evenness": (0.5, (0.0, 1.0)),
    },
    "federated": {
        "alpha": (0.1, (0.01, 1000.0, LOG)),
        "clients": (10, (1, 1000, LOG)),
        "part": (1.0, (0.0, 1.0)),
        "pool": (20, (1, 100)),
    },
    "adversarial-real": {
        "radius": (0.1, (0.0, 1.0)),
        "share": (0.5, (0.0, 1.0)),
        "norm": ("linf", ("linf", "l2")),
        "ascent": (5, (1, 100, LOG)),
        "pool": (1, (1, 100)),
        "updates": (200, (1, 100000, LOG)),
    },
    "adversarial-synthetic": {
        "radius": (0.05, (0.0, 1.0)),
        "against": ("discrepancy", ("discrepancy", "networks")),
        "norm": ("linf", ("linf", "l2")),
        "ascent": (3, (1, 100, LOG)),
    },
    "adversarial-ridge": {
        "radius": (0.1, (0.0, 1.0)),
        "share": (0.5, (0.0, 1.0)),
        "samples": (128, (2, 16384, LOG)),
        "norm": ("linf", ("linf", "l2")),
        "ascent": (3, (1, 100, LOG)),
    },
    "input-gradient": {
        "weight": (0.1, (0.0, 10.0)),
        "samples": (128, (2, 16384, LOG)),
        "norm": ("l2", ("l2", "linf")),
    },
    "curvature": {
        "weight": (100.0, (0.0, 10000.0)),
        "step": (3.0, (0.001, 100.0, LOG)),
        "samples": (128, (2, 16384, LOG)),
    },
    "wasserstein-ball": {
        "gamma": (10.0, (0.1, 10000.0, LOG)),
        "share": (0.5, (0.0, 1.0)),
        "samples": (128, (2, 16384, LOG)),
        "ascent": (10, (1, 100, LOG)),
    },
    "private-embedding": {
        "epsilon": (1.0, (0.001, 100.0, LOG)),
        "delta": (1e-05, (1e-12, 0.1, LOG)),
        "weights": ("equal", ("equal", "released")),
        "frequencies": (100, (1, 10000, LOG)),
        "bandwidth": (1.0, (0.01, 10.0, LOG)),
    },
    "private-means": {
        "epsilon": (1.0, (0.001, 100.0, LOG)),
        "delta": (1e-05, (1e-12, 0.1, LOG)),
        "networks": (4, (1, 100, LOG)),
        "width": (16, (4, 512, LOG)),
        "clip": (1.0, (0.01, 100.0, LOG)),
    },
    "private-gradients": {
        "epsilon": (1.0, (0.001, 100.0, LOG)),
        "delta": (1e-05, (1e-12, 0.1, LOG)),
        "rate": (0.1, (0.0001, 1.0, LOG)),
        "clip": (1.0, (1e-06, 1000000.0, LOG)),
        "width": (16, (4, 512, LOG)),
    },
}


def said(default, fact):
    if fact.choices:
        return default, fact.choices
    span = (fact.low, fact.high, *([LOG] if fact.log else []))
    return default, None if fact.low is None else span


def pursued(kind):
    """The discrepancy that an objective puts into a configuration."""
    data = {"data": "moons-minority"} if kind.kind == "fair" else {}
    plain = configure(divergence="mean", regime="random-features", **data)
    config = effective(configure(divergence="mean", regime="random-features", objectives=[kind.name], **data))
    (name,) = {t.discrepancy for t in config.terms} - {t.discrepancy for t in plain.terms}
    return registry.find("discrepancy", name)


@pytest.mark.parametrize("kind", DECLARATIONS, ids=lambda kind: kind.name)
def test_keys_defaults_and_ranges_are_those_of_stored_configurations(kind):
    assert {key: said(kind.default(key), fact) for key, fact in kind.hypers().items()} == DECLARED[kind.name]


@pytest.mark.parametrize("kind", DECLARATIONS, ids=lambda kind: kind.name)
def test_a_parameter_of_the_discrepancy_is_declared_there_alone(kind):
    within = pursued(kind)
    source = "".join(inspect.getsource(base) for base in kind.__mro__ if issubclass(base, Declaration))
    for key in set(kind.hypers()) & set(within.hypers()):
        assert re.search(rf"^    {key}: \w+ = hyper_of\(", source, re.M), key
        there, here = within.hypers()[key], kind.hypers()[key]
        assert (here.log, here.choices, here.unit) == (there.log, there.choices, there.unit)
        assert here.low is None or here.low >= there.low
        assert here.high is None or here.high <= there.high


def test_a_parameter_taken_from_elsewhere_is_as_there_but_for_what_is_said():
    mmd = registry.find("divergence", "mmd")
    same = hyper_of(mmd, "kernel")
    assert (same.default, same.metadata["hyper"]) == (mmd.default("kernel"), mmd.hypers()["kernel"])
    found = hyper_of(registry.find("discrepancy", "ridge"), "width", default=7, help="Wide.")
    there = registry.find("discrepancy", "ridge").hypers()["width"]
    assert found.default == 7
    assert found.metadata["hyper"] == Hyper("Wide.", **{k: v for k, v in vars(there).items() if k != "help"})
