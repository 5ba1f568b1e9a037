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
    "20 real samples are fewer than 3 for each of 10 classes: choose a budget of at most 2, start from noise": {
        "data": DataConfig("digits", size=20),
        "budget": 3,
    },
    "5 real samples for 10 classes is too few": {"data": DataConfig("digits", size=5), "start": "noise"},
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


def test_noise_takes_the_place_of_real_samples_that_are_not_there(store):
    few = DataConfig("digits", size=20)
    assert service.estimate(store, configure(data=few, budget=3, start="noise")).seconds > 0
    assert service.estimate(store, configure(data=few, budget=2)).seconds > 0


def test_data_that_were_seen_are_counted(store, monkeypatch, tmp_path):
    own = configure(data=DataConfig("own", str(tmp_path)), budget=3)
    assert service.estimate(store, own).seconds > 0
    view = {"classes": ["a", "b"], "shape": (1, 8, 8), "counts": {"train": 5}}
    monkeypatch.setattr(service, "seen_view", lambda *_: view)
    with pytest.raises(Refused, match="5 real samples are fewer than 3 for each of 2 classes"):
        service.estimate(store, own)
    view["counts"]["train"] = 3  # one class has a single one: such data were read, and may be used
    assert service.estimate(store, replace(own, budget=1)).seconds > 0


def test_clamping_stays_where_it_means_something(store, tmp_path):
    for data in (
        "digits",
        DataConfig("moons", str(tmp_path / "images.npz")),
    ):  # images of your own, called like a planar set
        assert service.estimate(store, configure(data=data, clamp=True)).seconds > 0
