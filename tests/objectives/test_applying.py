"""Objectives go from names and settings to a configuration, and back; the stored one stays plain."""

import dataclasses
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from dcviz import registry
from dcviz.errors import Refused
from dcviz.objectives.applying import effective
from dcviz.records import DataConfig, ObjectiveConfig, RunConfig, TermConfig, from_json, to_json
from dcviz.runs import frontier
from dcviz.runs.choices import choices_of, config_of
from dcviz.runs.configure import configure
from dcviz.runs.problem import check, discrepancy_of
from dcviz.types import Objective, Source, hyper


@dataclass(frozen=True)
class Doubled(Objective):
    """A second term like the first."""

    name = "doubled"
    title = "twice"
    sentence = "Adds the first term once more."
    formula = r"D + \lambda D"
    source = Source("the dcviz authors", "dcviz", 2026, "https://arxiv.org/abs/2509.10367")
    kind: ClassVar[str] = "robust"
    strength = "weight"
    aims = ("generalisation", "accuracy")
    caution = "Promises nothing."

    weight: float = hyper(0.5, "Of the second term.", low=0.0, high=10.0)
    steps: int = hyper(0, "What it must not change.", low=0)

    def apply(self, config):
        config = replace(config, steps=self.steps) if self.steps else config
        return replace(config, terms=(*config.terms, replace(config.terms[0], weight=self.weight)))


@pytest.fixture(autouse=True)
def doubled(monkeypatch):
    added = {kind: dict(held) for kind, held in registry._added.items()}
    monkeypatch.setattr(registry, "_added", added)
    registry.register(Doubled)


def test_a_configuration_without_objectives_keeps_its_text():
    assert "objectives" not in to_json(RunConfig())
    assert from_json(RunConfig, to_json(RunConfig())) == RunConfig()


def test_an_objective_is_stored_beside_the_plain_terms_and_pursued_in_the_problem():
    config = configure(objectives=["doubled"], budget=1)
    assert config.objectives == (ObjectiveConfig("doubled", {"weight": 0.5, "steps": 0}),)
    assert len(config.terms) == 1
    assert discrepancy_of(config).weights == (1.0, 0.5)
    assert from_json(RunConfig, to_json(config)) == config


@pytest.mark.parametrize(
    "given",
    [{"name": "doubled", "weight": 2.0}, {"name": "doubled", "params": {"weight": 2.0}}],
    ids=["short", "as stored"],
)
def test_forms_of_an_objective_mean_the_same(given):
    by_setting = configure(settings={"objective.doubled.weight": 2.0})
    assert configure(objectives=[given]) == by_setting == configure(objectives=by_setting.objectives)
    assert effective(by_setting).terms[1].weight == 2.0


def test_choices_mean_the_same_configuration():
    config = configure(divergence="energy", regime="data", objectives=[{"name": "doubled", "weight": 2.0}])
    chosen = choices_of(config)
    assert chosen.settings == {"objective.doubled.weight": 2.0}
    assert config_of(chosen) == config
    assert config_of(choices_of(configure(objectives=["doubled"]))) == configure(objectives=["doubled"])


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(Refused, match="no objective 'halved'.*doubled"):
        configure(objectives=["halved"])
    with pytest.raises(Refused, match=r"doubled\.weight is 11"):
        configure(settings={"objective.doubled.weight": 11})
    with pytest.raises(Refused, match=r"objective\.doubled\.width"):
        configure(settings={"objective.doubled.width": 1})
    with pytest.raises(Refused, match="given twice"):
        effective(RunConfig(objectives=(ObjectiveConfig("doubled"), ObjectiveConfig("doubled"))))


def test_an_objective_changes_only_what_it_may():
    with pytest.raises(TypeError, match="terms"):
        effective(RunConfig(objectives=(ObjectiveConfig("doubled", {"steps": 3}),)))


@dataclass(frozen=True)
class Elsewhere(Doubled):
    """One that is about another network, on few data."""

    name = "elsewhere"
    requires: ClassVar = {"data.size": 100}
    prefers: ClassVar = {"evaluation.network": "mlp", "start": "noise", "optimiser.rates.images": 0.3}


@pytest.fixture
def elsewhere():
    return registry.register(Elsewhere)


def test_what_an_objective_asks_of_the_rest_comes_with_it(elsewhere):
    config = configure(objectives=["elsewhere"])
    assert (config.data.size, config.evaluation.network, config.start) == (100, "mlp", "noise")
    assert config.optimiser.rates == {**configure().optimiser.rates, "images": 0.3}
    assert config.evaluation.updates == RunConfig().evaluation.updates
    assert configure(settings={"objective.elsewhere.weight": 0.5}) == config
    assert config_of(choices_of(config)) == config


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"start": "herding"}, ("herding", "mlp")),
        ({"settings": {"evaluation.network": "resnet"}}, ("noise", "resnet")),
        ({"settings": {"evaluation.width": 8}}, ("noise", "mlp")),
        ({"evaluation": {"width": 8}}, ("noise", "convnet")),  # somebody has chosen the whole of it
        ({"settings": {"data.size": 50}}, ("noise", "mlp")),
    ],
)
def test_what_it_prefers_gives_way_and_what_it_requires_does_not(elsewhere, given, found):
    config = configure(objectives=["elsewhere"], **given)
    assert (config.start, config.evaluation.network) == found
    assert config.data.size == 100


def test_a_configuration_against_what_is_required_is_refused_with_the_cure(elsewhere):
    config = configure(objectives=["elsewhere"])
    with pytest.raises(Refused, match=r"elsewhere requires data\.size = 100, and it is None: set it, or leave out"):
        check(replace(config, data=replace(config.data, size=None)))


def test_what_was_required_is_undone_where_the_objective_is_left_out(elsewhere):
    plain = configure(data=DataConfig(size=50))
    assert frontier.without(plain, "elsewhere") == plain
    pursued = frontier.at(plain, "elsewhere", 2.0)
    assert (pursued.data.size, pursued.start) == (100, "noise")
    assert frontier.at(replace(pursued, start="herding"), "elsewhere", 1.0).start == "herding"
    back = frontier.at(pursued, "elsewhere", None)
    assert (back.data.size, back.start, back.objectives) == (None, "noise", ())
    both = configure(objectives=["elsewhere", "doubled"])
    assert frontier.without(both, "doubled").data.size == 100


def test_names_of_settings_are_fields():
    assert {"weight", "steps"} == {f.name for f in dataclasses.fields(Doubled)}
    assert isinstance(effective(configure(objectives=["doubled"])).terms[1], TermConfig)


def test_a_private_mechanism_is_named_instead_of_what_it_replaces():
    from dcviz.runs.words import about, method

    config = configure(data="moons", objectives=["private-embedding"])
    assert method(config) == "private-embedding"
    assert about(config) == "private-embedding=1 · moons · 10 per class · seed 0"
    assert method(configure(objectives=["doubled"])) == "ridge, doubled"


def test_runs_of_one_front_are_told_apart_by_their_line():
    from dcviz.runs.words import about

    plain = configure()
    lines = [about(frontier.at(plain, "adversarial-ridge", strength)) for strength in (None, 0.05, 0.2)]
    what = ["ridge", "ridge, adversarial-ridge=0.05", "ridge, adversarial-ridge=0.2"]
    assert lines == [f"{one} · digits · 10 per class · seed 0" for one in what]
    gone = replace(plain, objectives=(ObjectiveConfig("of-a-file-that-is-gone", {"radius": 1.0}),))
    assert about(gone).startswith("ridge, of-a-file-that-is-gone · ")


def test_a_parameter_of_another_version_is_refused_in_words():
    stored = replace(configure(), objectives=(ObjectiveConfig("doubled", {"weight": 1.0, "turns": 3}),))
    with pytest.raises(Refused, match=r"no parameter of doubled 'turns'.*weight"):
        choices_of(stored)
