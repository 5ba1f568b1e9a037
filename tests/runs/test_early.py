"""What a configuration alone shows is refused before a run is queued, and before it is priced."""

from dataclasses import replace

import pytest

from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.runs import service
from dcviz.runs.configure import configure

REFUSED = {
    "data.noise is 5; it must be from 0 to 1.": {"data": DataConfig("moons", noise=5.0)},
    "data.size is 1; it must be from 4": {"data": DataConfig("digits", size=1)},
    "a run keeps from 2 to 200 frames, not 0": {"settings": {"saving.frames": 0}},
    "optimiser.decay is -1; it must be at least 0.": {"settings": {"optimiser.decay": -1.0}},
    "optimiser.rates.images is -1; it must be at least 0.": {"settings": {"optimiser.rates.images": -1.0}},
    "evaluation.seeds is 0; it must be from 1 to 1,000": {"settings": {"evaluation.seeds": 0}},
    "training with -1 updates.*learns nothing": {"settings": {"live.updates": -1}},
    "no network 'foo'": {"settings": {"evaluation.network": "foo"}},
    "1 class of digits was chosen; choose at least 2": {"data": DataConfig("digits", classes=("7",))},
    "no class of digits was chosen": {"data": DataConfig("digits", classes=())},
    "clamping keeps pixels": {"data": "moons", "clamp": True},
    "choose images, normalised and not whitened": {"data": DataConfig("digits", transform="zca"), "clamp": True},
    "no augmentation 'colour'; did you mean 'color'": {"preset": "dm", "settings": {"augment": "colour_crop"}},
    "no augmentation 'sideways'": {"preset": "sre2l", "settings": {"moves": "sideways"}},
    "no augmentation 'blur'": {"settings": {"evaluation.augment": "blur"}},
    "own-network needs its module: name what makes it": {"divergence": "energy", "regime": "own-network"},
}


@pytest.mark.parametrize("words", REFUSED)
def test_it_is_refused_in_words_before_it_is_queued(words, store):
    config = configure(**REFUSED[words])
    with pytest.raises(Refused, match=words):
        service.launch(store, config)
    with pytest.raises(Refused, match=words):
        service.estimate(store, config)
    assert store.runs() == []


def test_parts_of_what_an_objective_makes_are_looked_at_too(store):
    config = configure(preset="dm", objectives=["adversarial-real"])
    (term,) = config.terms
    with pytest.raises(Refused, match="no augmentation 'blur'"):
        service.launch(store, replace(config, terms=(replace(term, params={**term.params, "augment": "blur"}),)))
    assert service.launch(store, config)


def test_clamping_stays_where_it_means_something(store, tmp_path):
    for data in (
        "digits",
        DataConfig("moons", str(tmp_path / "images.npz")),
    ):  # images of your own, called like a planar set
        assert service.estimate(store, configure(data=data, clamp=True)).seconds > 0
