"""What every registered discrepancy, regime and preset keeps."""

import dataclasses

import pytest
import torch

from dcviz import registry
from dcviz.condensing.checkpoint import pack, unpack
from dcviz.condensing.loop import Problem, begin, condense, step
from dcviz.condensing.optimise import Optimiser
from dcviz.data import dataset
from dcviz.data.sampler import Real
from dcviz.errors import Refused
from dcviz.randomness import generator
from dcviz.records import OptimiserConfig, TermConfig, from_dict, to_json
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.problem import refuse_unmet
from dcviz.runs.store import Store
from dcviz.types import silent

CELLS = [
    {"name": "match", "divergence": d, "regime": r}
    for d in registry.known("divergence")
    for r in ("data", {"name": "random-features", "width": 8}, {"name": "random-features", "width": 8, "pool": 3})
] + [
    {"name": "match", "divergence": "energy", "regime": r}
    for r in (
        {"name": "attention", "width": 8},
        {"name": "trained-features", "width": 8, "pool": 2, "updates": 4},
        {"name": "trained-features", "width": 8, "pool": 2, "updates": 4, "blend": True},
        {"name": "batch-norm", "width": 8, "updates": 30},
    )
]
SMALL = {"width": 8, "batch": 32}
SHORT = {
    "calibration": {"updates": 60},
    "online-pool": {"every": 2, "train": 2},
    "layer-alignment": {"inner": 2},
    "trajectory-matching": {"experts": 2, "epochs": 4, "latest": 3, "inner": 4, "expert_batch": 512},
    "batch-norm": {"updates": 30},
    "adversarial-real": {"of": {"name": "match", "regime": {"name": "random-features", "width": 8}}, "updates": 60},
    "adversarial-synthetic": {"of": {"name": "gradient-matching", **SMALL, "outer": 2}, "ascent": 2},
    **{
        name: {"of": {"name": "ridge", "width": 8}, "samples": 32}
        for name in ("adversarial-ridge", "input-gradient", "curvature", "wasserstein-ball")
    },
    "barycentre": {"updates": 60, "cap": 40, "rounds": 1, "augment": "crop", "views": 2},
}
OWN = [
    {"name": name, **{k: v for k, v in SMALL.items() if k in d.hypers()}, **SHORT.get(name, {})}
    for name, d in registry.known("discrepancy").items()
    if name != "match"
] + [
    {
        "name": "gradient-matching",
        **SMALL,
        "distance": "l1",
        "counted": "hidden",
        "trained_on": "real",
        "momentum": 0.9,
    },
    *(
        {"name": "trajectory-matching", "width": 8, **SHORT["trajectory-matching"], **more}
        for more in (
            {"labels": "learned", "opening": 1, "growth": 2, "inner_batch": 7},
            {"labels": "assigned", "held": True, "augment": "color_crop_cutout"},
        )
    ),
    *(
        {"name": name, "of": {"name": "ridge-ensemble", **SMALL, "networks": 2}, "updates": 60, "width": 8, **more}
        for name, more in (("adversarial-real", {"share": 1.0}), ("adversarial-synthetic", {"against": "networks"}))
    ),
    {"name": "curvature", "of": {"name": "infinite-ridge", "batch": 32}, "samples": 32},
    {
        "name": "adversarial-real",
        "updates": 60,
        "width": 8,
        "of": {"name": "trajectory-matching", "width": 8, **SHORT["trajectory-matching"]},
    },
    {"name": "adversarial-real", "updates": 60, "width": 8, "of": {"name": "barycentre", **SHORT["barycentre"]}},
]


def label(params):
    regime = params.get("regime", "")
    regime = regime if isinstance(regime, str) else f"{regime['name']}{'-pool' if regime.get('pool') else ''}"
    regime += "-blend" if "blend" in str(params) else ""
    return "-".join(filter(None, [params["name"], params.get("divergence", ""), regime]))


def problem(discrepancy, real, start, steps=4):
    """The problem, and S with what the discrepancy learns beside the images."""
    context = discrepancy.prepare(real.at(0), start.plan(), generator(0, "prepare"), silent)
    config = OptimiserConfig(name="adam", rates={**discrepancy.rates, "images": 0.05})
    whole = Problem(real, discrepancy, context, Optimiser(config, steps), steps, seed=0)
    return whole, discrepancy.extend(context, start.map(torch.clone), generator(0, "extend"))


@pytest.mark.parametrize("params", CELLS + OWN, ids=label)
def test_moves_images_and_points_with_finite_gradients_and_repeats_itself(
    params, digits_real, digits_start, moons_real, moons_start
):
    d = registry.build("discrepancy", params)
    for name, real, start in (("digits", digits_real, digits_start), ("moons", moons_real, moons_start)):
        runs = []
        if not (d.needs.planar if name == "moons" else d.needs.images):
            with pytest.raises(Refused, match="needs"):
                refuse_unmet(d, dataset(name))
            continue
        for _ in range(2):
            whole, extended = problem(d, real, start)
            state = begin(whole, extended)
            for _ in range(whole.steps):
                state = step(whole, state)
                assert torch.isfinite(state.objective)
            runs.append(state.synthetic.parameters["images"])
        assert torch.isfinite(runs[0]).all()
        assert (runs[0] - start.parameters["images"]).abs().amax(dim=tuple(range(1, runs[0].dim()))).min() > 0
        assert torch.equal(*runs)


@pytest.mark.parametrize("params", CELLS + OWN, ids=label)
def test_what_it_costs_is_said_of_samples_that_it_is_defined_for(params, tmp_path):
    d, store = registry.build("discrepancy", params), Store(tmp_path)
    for name, fit in (("digits", d.needs.images), ("moons", d.needs.planar)):
        term = TermConfig(d.name, {key: value for key, value in params.items() if key != "name"})
        config = dataclasses.replace(configure(data=name, steps=10), terms=(term,))
        if fit:
            guess = service.estimate(store, config)
            assert guess.seconds > 0
            assert guess.bytes > 0
        else:
            with pytest.raises(Refused, match="needs"):
                service.estimate(store, config)


@pytest.mark.parametrize("params", OWN, ids=label)
def test_a_state_that_was_stored_goes_on_as_if_it_had_not_been(params, digits_real, digits_start):
    whole, extended = problem(registry.build("discrepancy", params), digits_real, digits_start)
    straight = begin(whole, extended)
    for _ in range(whole.steps):
        straight = step(whole, straight)
    context = whole.discrepancy.prepare(digits_real.at(0), digits_start.plan(), generator(0, "prepare"), silent)
    again = dataclasses.replace(whole, context=context)
    stored = begin(whole, problem(whole.discrepancy, digits_real, digits_start)[1])
    for _ in range(whole.steps):
        kept = {"inner": stored.inner, "moments": stored.moments, "parameters": dict(stored.synthetic.parameters)}
        back = unpack(*pack(kept), digits_real.device)
        synthetic = dataclasses.replace(stored.synthetic, parameters=back["parameters"])
        stored = dataclasses.replace(stored, synthetic=synthetic, inner=back["inner"], moments=back["moments"])
        stored = step(again, stored)
    for key, value in straight.synthetic.parameters.items():
        assert torch.equal(value, stored.synthetic.parameters[key])


@pytest.mark.parametrize("params", CELLS + OWN, ids=label)
def test_the_objective_falls_when_its_yardstick_is_held(params, digits_real, digits_start):
    """Same networks, same real batch and same augmentation at every step: then it must go down."""
    d = registry.build("discrepancy", params)
    context = d.prepare(digits_real.at(0), digits_start.plan(), generator(0, "prepare"), silent)
    synthetic = d.extend(context, digits_start.map(torch.clone), generator(0, "extend"))
    state = d.begin(context, synthetic, generator(0, "begin"))
    optimiser = Optimiser(OptimiserConfig(name="adam", rates={**d.rates, "images": 0.02}), 15)
    moments, values = optimiser.begin(synthetic), []
    for _ in range(15):
        terms, gradients, _ = d.gradient(context, state, digits_real.at(1), synthetic, generator(0, "loss"))
        synthetic, moments = optimiser.move(synthetic, gradients, moments)
        values.append(float(d.objective(terms)))
    assert values[-1] < values[0]


@pytest.mark.parametrize("kind", registry.KINDS)
def test_declarations_are_complete(kind):
    for name, declared in registry.known(kind).items():
        assert declared.name == name
        assert declared.title
        assert declared.sentence.endswith(".")
        assert declared.source.link.startswith("https://")
        if kind != "preset":
            assert declared.formula
            assert all(fact.help.endswith(".") for fact in declared.hypers().values())
            assert registry.describe(registry.build(kind, name))["name"] == name


@pytest.mark.parametrize("name", registry.known("preset"))
@pytest.mark.parametrize("scale", ["paper", "small"])
@pytest.mark.parametrize("budget", [1, 10, 50])
def test_presets_make_whole_configurations(name, scale, budget):
    config = configure(preset=name, scale=scale, budget=budget)
    assert config.preset == f"{name}/{scale}"
    assert config.budget == budget
    assert from_dict(type(config), dataclasses.asdict(config)) == config
    assert registry.find("preset", name).scales[scale].note.endswith(".")
    assert configure(preset=name, scale=scale, budget=budget, steps=7).steps == 7
    assert to_json(config) == to_json(configure(preset=name, scale=scale, budget=budget))


def test_a_loss_that_is_not_finite_ends_the_run_with_its_step_and_the_remedy(digits_real, digits_start):
    d = registry.build("discrepancy", {"name": "match", "divergence": "mean", "regime": "data"})
    whole, extended = problem(d, digits_real, digits_start, steps=200)
    whole = dataclasses.replace(
        whole,
        optimiser=Optimiser(OptimiserConfig(name="sgd", rates={"images": 1e30}), 200),
    )
    last = list(condense(whole, extended))[-1]
    assert last.outcome.status == "failed"
    assert "non-finite at step" in last.outcome.text
    assert "lower the learning rate" in last.outcome.text


@pytest.mark.parametrize(("given", "text"), [
    ({"divergence": "enrgy"}, "did you mean 'energy'"),
    ({"preset": "md"}, r"Known: .*dc, .*dm, .*dsa, .*m3d"),
    ({"preset": "dm", "divergence": "energy"}, "not several of them"),
    ({"settings": {"regime.widht": 3}}, "no parameter 'widht'"),
    ({"settings": {"regime.width": 2}}, "must be from 4 to 512"),
    ({"settings": {"stepz": 2}}, "did you mean 'steps'"),
    ({"budget": "ten"}, "must be a whole number"),
    ({"settings": {"regime.width": "wide"}}, "must be a whole number, not 'wide'"),
])  # fmt: skip
def test_choices_that_do_not_exist_are_refused(given, text):
    with pytest.raises(Refused, match=text):
        configure(**given)


def test_a_plugin_file_brings_its_own_divergence(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from dataclasses import dataclass\n"
        "import dcviz\n"
        "from dcviz.divergences.energy import Energy\n"
        "@dcviz.register\n"
        "@dataclass(frozen=True)\n"
        "class Mine(Energy):\n"
        "    name = 'mine'\n"
        "    times: float = dcviz.hyper(2.0, 'A factor.', low=0.0)\n"
        "    def value(self, side, y, weights=None, state=None):\n"
        "        value, state = super().value(side, y, weights, state)\n"
        "        return self.times * value, state\n"
    )
    try:
        registry.load_plugin(file)
        built = registry.build("divergence", {"name": "mine", "times": 3.0})
        x, y = torch.zeros(1, 1), torch.ones(1, 1)
        assert float(built.value(built.fit(x, torch.Generator()), y)[0]) == 6.0
        with pytest.raises(Refused, match=r"no plug-in file"):
            registry.load_plugin(tmp_path / "other.py")
    finally:
        registry._added["divergence"].clear()


def test_a_plugin_that_fails_says_so(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("1 / 0\n")
    with pytest.raises(Refused, match=r"broken.py failed to load: ZeroDivisionError"):
        registry.load_plugin(file)


@pytest.mark.parametrize("params", CELLS + OWN, ids=label)
def test_no_step_waits_for_the_device_or_leaves_it(params, digits_start):
    """On the meta device there are no values to wait for, and a tensor made elsewhere does not mix with it."""
    meta = torch.device("meta")
    real = Real(dataset("digits"), meta, 0)
    start = digits_start.map(lambda t: t.to(meta))
    start = dataclasses.replace(start, classes=start.classes.to(meta), ids=start.ids.to(meta))
    discrepancy = registry.build("discrepancy", params)

    def steps():
        whole, extended = problem(discrepancy, real, start)
        state = begin(whole, extended)
        for _ in range(3):
            state = step(whole, state)
            assert state.objective.device == meta
            assert state.synthetic.parameters["images"].device == meta

    if getattr(getattr(discrepancy, "divergence", None), "host", False):  # it declares that it waits: so it does
        with pytest.raises(NotImplementedError, match="meta tensor"):
            steps()
    else:
        steps()
