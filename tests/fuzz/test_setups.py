"""Any set-up that is not refused can be run: methods, objectives, data, starts and rates in any combination."""

from dataclasses import replace

import torch
from hypothesis import strategies as st

from dcviz import registry
from dcviz.condensing.loop import begin, finish, step
from dcviz.records import DataConfig
from dcviz.runs.configure import configure
from dcviz.runs.problem import build
from tests.fuzz.searching import answers, inputs, search

# What is counted, at most: a run of seconds would test no more than one of moments.
MOST = {"width": 8, "batch": 16, "cap": 40, "updates": 3, "epochs": 12, "experts": 1, "views": 2, "pool": 3, "inner": 2}
MOST |= {
    "inner_batch": 16,
    "expert_batch": 16,
    "count": 32,
    "networks": 2,
    "samples": 16,
    "frequencies": 20,
    "outer": 3,
}
MOST |= {"clients": 3, "train_batch": 16}


def named(kind, *but):
    """Names of a kind of declarations."""
    return st.sampled_from(sorted(set(registry.known(kind)) - set(but)))


methods = (
    st.fixed_dictionaries({"divergence": named("divergence"), "regime": named("regime", "own-network")})
    | st.fixed_dictionaries({"preset": named("preset")})
    | st.fixed_dictionaries({"discrepancy": named("discrepancy", "match")})
)
data = st.sampled_from(
    [
        *(DataConfig(name, size=200) for name in ("digits", "moons", "moons-minority", "eight-gaussians")),
        DataConfig("digits", classes=("0", "1", "2"), size=60),
        DataConfig("digits", size=300, imbalance=10.0),
    ]
)
others = st.fixed_dictionaries(
    {"data": data, "budget": st.integers(1, 3), "objectives": st.lists(named("objective"), max_size=3, unique=True)},
    optional={
        "start": st.sampled_from(["real", "noise", "herding", "centroids", "medoids", "k-center", "kernel-herding"]),
        "parameterisation": st.sampled_from(["multi-formation-2", "multi-formation-3"]),
    },
)
optimisers = st.none() | st.tuples(st.sampled_from(["sgd", "adam", "lamb"]), st.sampled_from([0.0, 1e4, 1e30]))


def small(params):
    """Parameters with less to do."""
    return {
        key: small(value)
        if isinstance(value, dict)
        else min(value, MOST[key])
        if key in MOST and type(value) is int
        else value
        for key, value in params.items()
    }


@inputs(40, 400)
def test_what_is_not_refused_runs(count):
    def check(case):
        method, other, moved = case
        config = answers(lambda: configure(**method, **other, live=None, steps=5))
        if config is None:
            return
        config = replace(
            config,
            terms=tuple(replace(term, params=small(term.params)) for term in config.terms),
            objectives=tuple(replace(one, params=small(one.params)) for one in config.objectives),
        )
        if moved is not None:
            rates = dict.fromkeys(config.optimiser.rates, moved[1])
            config = replace(config, optimiser=replace(config.optimiser, name=moved[0], rates=rates))
        setup = answers(lambda: build(config))
        if setup is None:
            return
        state = begin(setup.problem, setup.start)
        for _ in range(3):
            state = step(setup.problem, state)
            assert state.objective.dim() == 0
        state = finish(setup.problem, state)
        assert state.synthetic.decode().x.shape[1:] == setup.dataset.shape
        if moved is None:
            assert all(torch.isfinite(value).all() for value in state.synthetic.parameters.values())

    search(st.tuples(methods, others, optimisers), check, count)
