"""Addresses, records and settings: whatever they say is taken, or refused in a sentence."""

import json
from dataclasses import fields

from hypothesis import strategies as st

from dcviz import registry
from dcviz.cli.condense import _settings
from dcviz.errors import Refused
from dcviz.playground import drawing, setup
from dcviz.records import EvaluationProtocol, Recipe, RunConfig, Score, from_json, to_json
from dcviz.runs.configure import configure
from dcviz.runs.export.curves import from_csv
from dcviz.runs.rows import check_id
from dcviz.ui import compare, finding, inspect, url
from dcviz.ui.choices import config_of, flat, regimes
from tests.fuzz.searching import answers, grafted, grafts, inputs, leaves, search, texts, trees

PATHS = sorted({*flat(RunConfig()), *flat(configure(regime="random-features", divergence="mmd")), "data.path"})
NAMES = sorted(
    {*url.NAMED, *regimes(), *registry.known("divergence"), "moons", "digits", "own", "m3d", "small", "real"}
)
plain = (
    leaves.map(lambda v: v if isinstance(v, str) else json.dumps(v)) | st.sampled_from(NAMES) | trees.map(json.dumps)
)


def queries(keys):
    """Addresses of a page: mostly its own keys, with anything as their values."""
    return st.dictionaries(st.sampled_from(sorted(keys)) | texts, plain, max_size=5)


@inputs(60, 1500)
def test_the_address_of_the_lab(count):
    def check(query):
        choices, refusals = url.read(query)
        assert all(isinstance(refusal, str) for refusal in refusals)
        made = config_of(choices)
        assert from_json(RunConfig, to_json(made)) == made
        again, more = url.read(url.write(choices))
        assert (again, more) == (choices, []) or choices.data == "own"

    search(queries([*url.NAMED, *PATHS]), check, count)


@inputs(60, 1000)
def test_the_address_of_the_playground(count):
    def check(query):
        chosen, refusals = setup.read(query)
        assert all(isinstance(refusal, str) for refusal in refusals)
        for side in setup.SIDES:
            chosen.divergence(side)
        json.dumps(setup.write(chosen), allow_nan=False)

    hypers = [f"{side}.{key}" for side in setup.SIDES for key in ("bandwidth", "kernel", "scales", "blur", "name")]
    search(queries([*setup.NAMES, *hypers]), check, count)


@inputs(40, 1000)
def test_the_addresses_of_the_gallery_compare_and_inspect(count):
    def check(query):
        finding.read(query)
        compare._read(query, compare.USUAL, [])
        inspect._number(query, "image", None, [])
        inspect._number(query, "step", 40, [])

    search(queries([f.name for f in fields(finding.Asked)] + ["axis", "scale", "view", "step", "image"]), check, count)


@inputs(40, 1000)
def test_a_drawing_in_an_address(count):
    search(texts | st.text("AZaz09_-=+/", max_size=60), lambda text: answers(lambda: drawing.decode(text)), count)


@inputs(40, 500)
def test_an_id_of_a_run(count):
    def check(text):
        if answers(lambda: check_id(text)) is not None:
            assert "/" not in text
            assert "." not in text

    search(texts | st.text("az09-./\n", max_size=50), check, count)


WHOLE = [
    RunConfig(),
    EvaluationProtocol(),
    Recipe(("a", "b"), (1, 8, 8)),
    Score(0.5, 0.1, (0.5,), EvaluationProtocol()),
]


@inputs(60, 1500)
def test_a_record_in_json(count):
    seeds = [(type(record), json.loads(to_json(record))) for record in WHOLE]
    mixed = st.tuples(st.sampled_from(seeds), grafts).map(lambda s: (s[0][0], json.dumps(grafted(s[0][1], s[1]))))
    raw = st.tuples(st.sampled_from([type(record) for record in WHOLE]), plain)

    def check(case):
        kind, text = case
        record = answers(lambda: from_json(kind, text))
        if record is not None:
            assert from_json(kind, to_json(record)) == record

    search(mixed | raw, check, count)


@inputs(40, 1000)
def test_settings_of_the_command_line(count):
    keys = st.sampled_from([*PATHS, "terms", "live.seeds", "optimiser.rates", "divergence", "regime.name"]) | texts

    def check(pairs):
        made = answers(lambda: configure(settings=_settings([f"{key}={value}" for key, value in pairs])))
        if made is not None:
            assert from_json(RunConfig, to_json(made)) == made

    search(st.lists(st.tuples(keys, plain), max_size=4), check, count)


@inputs(40, 800)
def test_a_table_of_curves(count):
    cells = st.lists(st.lists(plain | st.just("1.5"), max_size=4).map(",".join), max_size=5).map("\n".join)
    heads = st.sampled_from(["step,objective\n", "step,a,b\n", "", "step\n", "step,=cmd\n"])
    search(st.tuples(heads, cells).map("".join), lambda text: answers(lambda: from_csv(text)), count)


def test_refusals_are_what_answers_counts():
    assert answers(lambda: (_ for _ in ()).throw(Refused("give another."))) is None
