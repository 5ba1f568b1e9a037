"""Fair objectives: what they make of a configuration, and of a run."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dcviz import registry
from dcviz.condensing.loop import begin, condense, step
from dcviz.data import dataset
from dcviz.discrepancies.weighted import Weighted, curve_names
from dcviz.errors import Refused
from dcviz.objectives.applying import effective
from dcviz.records import DataConfig, RunConfig, from_json, to_json
from dcviz.runs import service
from dcviz.runs.choices import choices_of, config_of
from dcviz.runs.configure import configure
from dcviz.runs.problem import build, check, discrepancy_of
from dcviz.runs.store import Store

ENERGY = {"divergence": "energy", "regime": "data", "data": "moons-minority", "budget": 4, "steps": 5, "live": None}
FAIR = [name for name, one in registry.known("objective").items() if one.kind == "fair"]


def test_every_objective_of_fairness_is_here():
    assert {"group-weights", "worst-group", "group-budgets", "federated"} <= set(FAIR)


@pytest.mark.parametrize("name", ["group-weights", "worst-group", "group-budgets", "federated"])
def test_an_objective_changes_the_problem_and_is_kept_beside_the_plain_terms(name):
    config = configure(**ENERGY, objectives=[name])
    assert config.terms == configure(**ENERGY).terms
    assert effective(config) != replace(config, objectives=())
    assert from_json(RunConfig, to_json(config)) == config
    assert config_of(choices_of(config)).objectives == config.objectives
    setup = build(config)
    *_, last = condense(setup.problem, setup.start)
    assert last.outcome.status == "done"
    assert all(torch.isfinite(v) for v in last.state.terms.values())
    shown = curve_names(list(last.state.terms)).values()
    if name != "federated":
        assert {"group majority", "group minority"} <= set(shown)
    else:
        assert {"client nearest", "client farthest", "client sent (kB)"} <= set(shown)


def test_what_is_only_shown_is_not_minimised():
    """The objective of a weighted sum is what its parts minimise."""
    config = configure(**ENERGY, objectives=["group-weights"])
    setup = build(replace(config, terms=tuple(replace(t, weight=2.0) for t in config.terms)))
    state = step(setup.problem, begin(setup.problem, setup.start))
    assert float(state.objective) == pytest.approx(2 * float(state.terms["0/energy"]))
    plain = Weighted((registry.build("discrepancy", "ridge"),) * 2, (0.5, 3.0))
    assert float(plain.objective({"0/ridge": torch.tensor(2.0), "1/ridge": torch.tensor(1.0)})) == 4


def test_a_nested_discrepancy_is_written_out_and_read_back():
    term = effective(configure(**ENERGY, objectives=["group-weights"])).terms[0]
    assert term.params["inner"]["divergence"]["name"] == "energy"
    d = registry.build("discrepancy", {"name": term.discrepancy, **term.params})
    assert registry.build("discrepancy", registry.describe(d)) == d
    assert d.inner.regime.name == "data"
    with pytest.raises(Refused, match="no discrepancy 'rigde'; did you mean 'ridge'"):
        registry.build("discrepancy", {"name": term.discrepancy, "inner": "rigde"})


def test_budgets_follow_the_rule_at_the_same_total():
    config = configure(data=DataConfig(imbalance=20.0), budget=5, start="noise", objectives=["group-budgets"])
    counts = np.bincount(dataset(config.data).train.y.numpy())
    for evenness in (0.0, 0.5, 1.0):
        one = configure(
            data=config.data, budget=5, start="noise", settings={"objective.group-budgets.evenness": evenness}
        )
        setup = build(one)
        found = np.array(setup.start.counts)
        exact = 50 * ((1 - evenness) * counts / counts.sum() + evenness / 10)
        assert found.sum() == len(setup.start.stored) == 50
        assert np.abs(found - exact).max() < 1.5
        assert setup.start.classes.bincount().tolist() == found.tolist()
    assert found.tolist() == [5] * 10  # even budgets are those of a plain run
    state = begin(setup.problem, setup.start)
    assert torch.isfinite(step(setup.problem, state).objective)


def test_images_follow_the_groups_of_their_class():
    """Even budgets of groups that are not spread alike over classes: the class that holds the small one gets more."""
    config = configure(**ENERGY, settings={"objective.group-budgets.evenness": 1.0})
    assert build(config).start.counts == (4, 4)  # each class holds half of either group
    weights = build(config).problem.context[0]["mass"]
    assert weights.sum(1).tolist() == pytest.approx([0.5, 0.5])
    assert (weights[:, 1] / weights.sum(1)).tolist() == pytest.approx([0.5, 0.5])


def test_real_starts_follow_uneven_budgets():
    config = configure(data=DataConfig(imbalance=10.0), budget=5, objectives=[{"name": "group-budgets", "evenness": 0}])
    setup = build(config)
    real = setup.dataset.transform.forward(setup.dataset.train.x).flatten(1)
    for x, c in zip(setup.start.stored.flatten(1), setup.start.classes, strict=True):
        at = (real - x).square().sum(1).argmin()
        assert torch.allclose(real[at], x, atol=1e-5)
        assert setup.dataset.train.y[at] == c


def test_objectives_of_fairness_together():
    both = [{"name": "group-budgets", "evenness": 0.3}, "group-weights"]
    one, other = (effective(configure(**ENERGY, objectives=order)) for order in (both, both[::-1]))
    assert one == other
    assert one.evenness == 0.3
    assert one.terms[0].discrepancy == "weighed-groups"
    with pytest.raises(Refused, match="worst group .* already: leave one of them out"):
        configure(**ENERGY, objectives=["group-weights", "worst-group"])
    with pytest.raises(Refused, match="leave one of them out"):
        configure(**ENERGY, objectives=["group-weights", "federated"])


def test_federated_runs_start_from_noise():
    config = configure(**{**ENERGY, "start": "herding"}, objectives=["federated"])
    assert config.start == "herding"
    assert effective(config).start == "noise"
    assert discrepancy_of(config).parts[0].regime.pool == 20


def test_federated_clients_may_attack_their_samples():
    from dcviz.condensing.loop import begin, step

    setup = build(configure(**ENERGY, objectives=["federated", "adversarial-real"]))
    state = begin(setup.problem, setup.start)
    assert all(torch.isfinite(value).all() for value in step(setup.problem, state).terms.values())


def test_terms_that_groups_do_not_reach_are_left_as_they_are_or_refused():
    grouped = DataConfig(groups="groups.npz")  # read with the data, not before
    ncfm = effective(configure(data=grouped, preset="ncfm", budget=1, objectives=["group-weights"]))
    names = [t.discrepancy for t in ncfm.terms]
    assert "weighed-groups" in names
    assert "calibration" in names
    with pytest.raises(Refused, match="group weights does not reach trajectory matching.*choose"):
        configure(discrepancy="trajectory-matching", objectives=["group-weights"])
    assert effective(configure(discrepancy="trajectory-matching", objectives=["group-budgets"])).evenness == 0.5


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"objective.group-weights.equality": 1.5}, "must be from 0 to 1"),
        ({"objective.group-weights.weights": "majority"}, "cannot be read at 'majority'.*majority=70, minority=30"),
        ({"objective.worst-group.rate": -1.0}, "must be from 0 to 10"),
        ({"objective.federated.alpha": 0.0}, "must be from 0.01"),
    ],
)
def test_strengths_out_of_range_are_refused(settings, text):
    with pytest.raises(Refused, match=text):
        configure(**ENERGY, settings=settings)


def test_an_evenness_out_of_range_is_refused():
    with pytest.raises(Refused, match="evenness of 1.5 is out of range"):
        check(configure(evenness=1.5))


@pytest.mark.parametrize(
    ("data", "objectives", "text"),
    [
        ("moons", ["group-weights"], "no class of moons has two groups.*group-budgets"),
        ("digits", ["worst-group"], "no class of digits has two groups.*choose a regression such as ridge"),
        ("digits", ["group-weights", "adversarial-real"], "no class of digits has two groups"),
        (DataConfig("moons-minority", minority=0.0), ["group-weights"], "no class of moons-minority has two groups"),
    ],
    ids=["planar", "images", "inside another one", "none of the few"],
)
def test_groups_that_the_data_lacks_are_refused_at_configuration(data, objectives, text):
    with pytest.raises(Refused, match=text):
        configure(**{**ENERGY, "data": data}, objectives=objectives)


def test_classes_are_no_groups_for_what_needs_all_of_them(monkeypatch):
    monkeypatch.setattr(registry.find("discrepancy", "ridge"), "partial", False)
    with pytest.raises(Refused, match="only groups of digits are its classes.*needs all classes.*group-weights"):
        configure(discrepancy="ridge", objectives=["worst-group"])


def test_groups_that_the_data_lacks_are_refused_before_a_run_is_queued(tmp_path):
    """Also where a configuration did not come from `configure`: a file, another version, a changed copy."""
    store, config = Store(tmp_path), configure(**ENERGY, objectives=["group-weights"])
    with pytest.raises(Refused, match="no class of moons has two groups"):
        service.launch(store, replace(config, data=DataConfig("moons")))
    assert not store.runs()


def test_classes_are_groups_where_all_of_them_are_compared_at_once():
    for objective in ("group-weights", "worst-group", "group-budgets", "federated"):
        check(configure(discrepancy="ridge", objectives=[objective]))
    check(configure(divergence="energy", regime="data", objectives=["group-budgets"]))
