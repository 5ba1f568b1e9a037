import pytest

from dcviz import registry
from dcviz.records import RunConfig
from dcviz.ui import url
from dcviz.ui.choices import Choices, choices_of, config_of, methods, regimes

SETUPS = [
    Choices(),
    Choices(data="moons", regime="data", divergence="sinkhorn", budget=3, steps=40, seed=7, start="herding"),
    Choices(regime="random-features", divergence="mmd", settings={"divergence.kernel": "laplace", "regime.width": 16}),
    Choices(preset="dsa", scale="paper", budget=1),
    Choices(
        data="moons",
        regime="data",
        divergence="energy",
        start="noise",
        settings={"data.private": True, "objective.private-embedding.epsilon": 0.1},
    ),
    Choices(regime="predictions", divergence="ridge", settings={"optimiser.rates.images": 0.2, "clamp": True}),
]


GROUPED = Choices(
    regime="data", divergence="energy", settings={"data.groups": "/g.npz", "objective.worst-group.rate": 0.1}
)


@pytest.mark.parametrize("choices", [*SETUPS, GROUPED])
def test_the_address_holds_the_whole_set_up(choices):
    query = url.write(choices)
    assert all(isinstance(v, str) for v in query.values())
    assert url.read(query) == (choices, [])


def test_the_default_needs_no_address_and_is_that_of_the_library():
    assert url.write(Choices()) == {}
    plain = RunConfig()
    assert choices_of(plain) == Choices()
    assert config_of(Choices()).terms[0].discrepancy == plain.terms[0].discrepancy


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"data": "digts"}, "did you mean 'digits'"),
        ({"regime": "space"}, f"Known: {', '.join(sorted(regimes()))}."),
        ({"divergence": "enrgy", "regime": "data"}, "did you mean 'energy'"),
        ({"preset": "m4d"}, "Known: "),
        ({"scale": "huge"}, "Known: paper, small"),
        ({"budget": "0"}, "from 1 to 100"),
        ({"budget": "ten"}, "from 1 to 100"),
        ({"steps": "-1"}, "from 0 to"),
        ({"seed": "1.5"}, "whole number"),
        ({"start": "warm"}, "Known: "),
        ({"nonsense": "1"}, "nonsense"),
        ({"batch": "0"}, "it must be from"),
        ({"regime.width": '"wide"', "regime": "random-features"}, "whole number"),
        ({"divergence.name": '"mmd"', "regime": "data"}, "divergence=…"),
    ],
)
def test_a_bad_value_is_refused_in_words_and_costs_only_itself(query, words):
    choices, refusals = url.read({**query, "seed": query.get("seed", "5")})
    (refusal,) = refusals
    assert words in refusal
    assert next(iter(query)) in refusal
    asked = {"regime": "data", "divergence": "energy"} if query.get("regime") == "data" else {}
    asked |= {"regime": "random-features", "divergence": "energy"} if query.get("regime") == "random-features" else {}
    assert choices == Choices(seed=0 if "seed" in query else 5, **asked)


def test_what_fits_beside_another_value_only_is_refused_alone():
    query = url.write(GROUPED)
    choices, refusals = url.read({**query, "data.groups": "12"})
    assert choices.settings == {}
    assert len(refusals) == 2
    assert "no class of digits has two groups" in " ".join(refusals)


def test_run_and_step_are_not_settings():
    assert url.read({"run": "0abc", "step": "10"}) == (Choices(), [])


def test_a_regime_alone_means_its_first_method():
    choices, refusals = url.read({"regime": "gradients"})
    assert choices.divergence in methods("gradients")
    assert not refusals


@pytest.mark.parametrize("choices", SETUPS)
def test_a_configuration_is_shown_as_choices_that_mean_it(choices):
    config = config_of(choices)
    assert config_of(choices_of(config)) == config


def test_every_method_and_preset_can_be_chosen():
    reached = {m for regime in regimes() for m in methods(regime)}
    served = {n for n, d in registry.known("discrepancy").items() if d.serves}  # chosen through an objective
    own = {n for n, d in registry.known("discrepancy").items() if d.where != "any"} - served
    assert reached == set(registry.known("divergence")) | own
    for regime in regimes():
        for method in methods(regime):
            config_of(Choices(regime=regime, divergence=method))
    for preset, declared in registry.known("preset").items():
        for scale in declared.scales:
            config_of(Choices(preset=preset, scale=scale))
