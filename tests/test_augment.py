import pytest
import torch

from dcviz.augment import OPS, draw, draw_each
from dcviz.errors import Refused
from dcviz.randomness import generator

ALL = "_".join(OPS)
SHAPE = (3, 16, 16)


def image(n=4, shape=SHAPE):
    return torch.randn(n, *shape, generator=generator(0, "image"))


def drawn(op, seed=0, shape=SHAPE):
    return draw(op, shape, generator(seed, "augment"))


def test_empty_strategy_changes_nothing():
    x = image()
    assert torch.equal(draw("", SHAPE, generator(0, "a"))(x), x)
    points = torch.randn(5, 2)
    assert torch.equal(draw("", (2,), generator(0, "a"))(points), points)


@pytest.mark.parametrize("mode", ["one", "all"])
@pytest.mark.parametrize("seed", range(8))
def test_siamese_every_image_is_changed_alike(mode, seed):
    """One draw, applied to batches of different sizes, does to an image what it does to it alone."""
    augment = draw(ALL, SHAPE, generator(seed, "augment"), mode)
    x = image(6)
    together = augment(x)
    for i in range(6):
        torch.testing.assert_close(augment(x[i : i + 1])[0], together[i])
    twin = draw(ALL, SHAPE, generator(seed, "augment"), mode)
    assert torch.equal(twin(x), together)


@pytest.mark.parametrize("op", OPS)
def test_every_op_is_differentiable_and_keeps_the_shape(op):
    x = image().requires_grad_()
    y = drawn(op, seed=3)(x)
    assert y.shape == x.shape
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().sum() > 0


def test_crop_shifts_and_fills_with_zero():
    x = image()
    seen = set()
    for seed in range(30):
        y = drawn("crop", seed)(x)
        found = [(i, j) for i in range(-2, 3) for j in range(-2, 3) if torch.equal(shifted(x, i, j), y)]
        assert len(found) == 1
        seen |= set(found)
    assert len(seen) > 10  # of the 25 shifts by up to an eighth of 16


def shifted(x, i, j):
    y = torch.zeros_like(x)
    h, w = x.shape[2:]
    y[:, :, max(i, 0) : h + min(i, 0), max(j, 0) : w + min(j, 0)] = x[
        :, :, max(-i, 0) : h + min(-i, 0), max(-j, 0) : w + min(-j, 0)
    ]
    return y


def test_cutout_zeroes_one_square_of_half_the_side():
    for seed in range(10):
        gone = drawn("cutout", seed)(torch.ones(2, *SHAPE))[0, 0] == 0
        rows, columns = gone.any(1), gone.any(0)
        assert 4 <= rows.sum() <= 8  # half of 16, less where it hangs over the border
        assert 4 <= columns.sum() <= 8
        assert torch.equal(gone, rows[:, None] & columns[None, :])


def test_flip_flips_half_of_the_time():
    x = image()
    outcomes = [drawn("flip", seed)(x) for seed in range(40)]
    flipped = sum(torch.equal(y, x.flip(3)) for y in outcomes)
    assert flipped + sum(torch.equal(y, x) for y in outcomes) == 40
    assert 10 <= flipped <= 30


def test_color_on_grey_is_affine_with_the_mean_moved_by_brightness():
    x = image(shape=(1, 16, 16))
    y = drawn("color", 5, (1, 16, 16))(x)
    centred, changed = x - x.mean((1, 2, 3), keepdim=True), y - y.mean((1, 2, 3), keepdim=True)
    gain = (changed / centred).median()
    torch.testing.assert_close(changed, gain * centred, atol=1e-5, rtol=1e-4)
    assert 0.5 <= gain < 1.5
    assert (y.mean((1, 2, 3)) - x.mean((1, 2, 3))).abs().max() <= 0.5


def test_color_does_not_clamp():
    x = 100 * image()
    assert drawn("color", 1)(x).abs().max() > 50


def test_rotation_by_at_most_fifteen_degrees_and_scale_by_a_fifth():
    grid = torch.linspace(-1, 1, 65)
    x = torch.exp(-((grid[None, :] - 0.5) ** 2 + grid[:, None] ** 2) / 0.005)[None, None]  # a blob at (0.5, 0)
    for seed in range(10):
        turned = centre(drawn("rotate", seed, (1, 65, 65))(x), grid)
        assert torch.hypot(*turned) == pytest.approx(0.5, abs=0.02)
        assert abs(torch.atan2(turned[1], turned[0])) <= torch.pi / 12 + 0.02
        scaled = centre(drawn("scale", seed, (1, 65, 65))(x), grid)
        assert 0.5 / 1.2 - 0.02 <= scaled[0] <= 0.5 * 1.2 + 0.02
        assert abs(scaled[1]) < 0.01


def centre(x, grid):
    mass = x[0, 0] / x.sum()
    return torch.stack([(mass * grid[None, :]).sum(), (mass * grid[:, None]).sum()])


@pytest.mark.parametrize("op", OPS)
def test_each_image_its_own(op):
    x = image(1).expand(32, -1, -1, -1)
    y = draw_each(op, SHAPE, 32, generator(0, "each"))(x)
    assert len({tuple(v.flatten().tolist()) for v in y}) > 1
    assert y.shape == x.shape


def test_own_crop_matches_the_shared_one():
    """Image i of a batch with its own parameters is shifted without wrapping round."""
    x = image(8)
    y = draw_each("crop", SHAPE, 8, generator(1, "each"))(x)
    for i in range(8):
        assert any(torch.equal(shifted(x[i : i + 1], a, b)[0], y[i]) for a in range(-2, 3) for b in range(-2, 3))


def test_mode_one_draws_every_op_in_turn():
    x = image()
    single = {seed: draw("crop_flip", SHAPE, generator(seed, "m"))(x) for seed in range(20)}
    flips = sum(torch.equal(y, x.flip(3)) for y in single.values())
    assert 1 <= flips <= 15


def test_refusals():
    with pytest.raises(Refused, match="Known: color, crop, cutout, flip, rotate, scale"):
        draw("crop_blur", SHAPE, generator(0, "a"))
    with pytest.raises(Refused, match="points of the plane"):
        draw("crop", (2,), generator(0, "a"))
    with pytest.raises(Refused, match="mode"):
        draw("crop", SHAPE, generator(0, "a"), "some")
