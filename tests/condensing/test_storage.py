"""Parameterisations, checkpoints and the saving policy."""

import json

import pytest
import torch

from dcviz.condensing.checkpoint import pack, unpack
from dcviz.condensing.parameterise import MultiFormation, Pixels, parameterisation, synthetic_set
from dcviz.condensing.save_at import SaveAt
from dcviz.errors import Refused
from dcviz.types import stack_classes


def test_multi_formation_puts_each_tile_where_it_was_taken_from():
    flat = torch.arange(8.0).view(8, 1, 1, 1).expand(8, 1, 8, 8)  # 8 images of one grey each: 2 stored
    decoder = MultiFormation(2)
    stored = decoder.encode(flat)
    assert stored.shape == (2, 1, 8, 8)
    assert stored[0, 0, 0, 0] == 0
    assert stored[0, 0, 0, 7] == 1
    assert stored[0, 0, 7, 0] == 2
    assert stored[1, 0, 7, 7] == 7
    assert torch.equal(decoder.decode(stored), flat)


def test_multi_formation_of_a_side_that_does_not_divide():
    decoder = MultiFormation(3)
    stored = decoder.encode(torch.rand(9, 3, 28, 28))
    assert stored.shape == (1, 3, 28, 28)
    assert decoder.decode(stored).shape == (9, 3, 28, 28)


def test_decoded_labels_and_ids_follow_their_image():
    x, y = torch.rand(16, 1, 8, 8), torch.tensor([0] * 8 + [1] * 8)
    synthetic = synthetic_set(x, y, 2, MultiFormation(2))
    assert len(synthetic.classes) == 4
    batch = synthetic.decode(torch.tensor([2]))
    assert batch.y.tolist() == [1] * 4
    assert batch.id.tolist() == [8, 9, 10, 11]
    assert synthetic.by_class().x.shape == (2, 8, 1, 8, 8)
    assert synthetic.plan().counts.tolist() == [8, 8]
    assert synthetic.bytes() == 4 * 64 * 4


@pytest.mark.parametrize(("name", "shape", "text"), [
    ("pixel", (1, 8, 8), "did you mean 'pixels'"),
    ("multi-formation-2", (2,), "choose pixels"),
    ("multi-formation-3", (1, 8, 8), "too small to see in 8×8 images"),
])  # fmt: skip
def test_storage_that_does_not_fit_is_refused(name, shape, text):
    with pytest.raises(Refused, match=text):
        parameterisation(name, shape)


def test_classes_of_unequal_size_are_masked_not_repeated():
    x = torch.arange(5.0)[:, None]
    stacked = stack_classes(x, (3, 2))
    assert stacked.weights.tolist() == [pytest.approx([1 / 3] * 3), [0.5, 0.5, 0.0]]
    assert stacked.id.tolist() == [[0, 1, 2], [3, 4, -1]]
    values, classes = stacked.flat()
    assert values[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert classes.tolist() == [0, 0, 0, 1, 1]


def test_stacking_lets_gradients_through_padding():
    x = torch.rand(3, 2, requires_grad=True)
    stack_classes(x, (1, 2)).x.sum().backward()
    assert torch.equal(x.grad, torch.ones(3, 2))


def test_a_tree_survives_packing_bit_for_bit():
    tree = {
        "net": {"w": torch.randn(3, 2), "steps": torch.tensor(3.0)},
        "list": [None, (1, 2.5, "x"), torch.arange(3)],
        "flag": True,
    }
    arrays, skeleton = pack(tree)
    back = unpack(arrays, json.loads(json.dumps(skeleton)), torch.device("cpu"))
    assert torch.equal(back["net"]["w"], tree["net"]["w"])
    assert back["list"][0] is None
    assert back["list"][1] == (1, 2.5, "x")
    assert torch.equal(back["list"][2], torch.arange(3))
    assert back["flag"] is True


@pytest.mark.parametrize("steps", [0, 1, 50, 119, 120, 121, 300, 1000, 20000])
def test_kept_steps_begin_and_end_and_fit(steps):
    kept = SaveAt(120).of(steps)
    assert kept[0] == 0
    assert kept[-1] == steps
    assert len(kept) <= 121
    assert list(kept) == sorted(set(kept))
    gaps = [b - a for a, b in zip(kept, kept[1:], strict=False)]
    assert not gaps or gaps[0] == 1


def test_a_policy_that_keeps_nothing_is_refused():
    with pytest.raises(Refused, match="from 2 to 200 frames, not 1"):
        SaveAt(1)
    assert isinstance(parameterisation("pixels", (2,)), Pixels)
