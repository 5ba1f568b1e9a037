import pytest
import torch

from dcviz.evaluation.suite.corruptions import CORRUPTIONS, blur, contrast, noise, occlusion, turned
from dcviz.randomness import generator


@pytest.fixture
def pictures():
    return torch.rand(6, 3, 12, 12, generator=generator(0, "pictures"))


def test_noise_has_its_deviation():
    x = torch.full((50, 1, 20, 20), 0.5)
    changed = noise(x, 0.1, generator(0, "noise")) - x
    assert changed.std().item() == pytest.approx(0.1, rel=0.02)
    assert changed.mean().item() == pytest.approx(0, abs=0.003)


def test_blur_spreads_a_point_by_its_deviation_and_keeps_its_mass():
    x = torch.zeros(1, 1, 41, 41, dtype=torch.float64)
    x[0, 0, 20, 20] = 1
    found = blur(x, 3 / 41, generator(0, "b"))[0, 0]
    at = torch.arange(41.0, dtype=torch.float64) - 20
    assert found.sum().item() == pytest.approx(1)
    assert (found.sum(1) * at**2).sum().item() == pytest.approx(9, rel=0.01)
    assert torch.allclose(found, found.T)


def test_blur_is_scipy_s(pictures):
    from scipy.ndimage import gaussian_filter

    theirs = gaussian_filter(pictures.numpy(), sigma=(0, 0, 1.2, 1.2), mode="reflect", radius=(0, 0, 5, 5))
    assert torch.allclose(blur(pictures, 0.1, generator(0, "b")), torch.from_numpy(theirs), atol=1e-5)
    tiny = blur(torch.rand(1, 1, 3, 3), 2.0, generator(0, "b"))  # it reaches farther than the picture
    assert tiny.std() < 0.01


def test_contrast_keeps_its_part_of_the_deviation(pictures):
    pale = contrast(pictures, 0.3, generator(0, "c"))
    assert torch.allclose(pale.std((2, 3)), 0.3 * pictures.std((2, 3)), atol=1e-6)
    assert torch.allclose(pale.mean((2, 3)), pictures.mean((2, 3)), atol=1e-6)


def test_occlusion_hides_one_square_in_each(pictures):
    hidden = occlusion(pictures + 0.01, 0.5, generator(0, "o")) == 0
    assert (hidden.sum((2, 3)) == 36).all()
    assert (hidden.any(3).sum(2) == 6).all()
    assert len({tuple(h[0].flatten().tolist()) for h in hidden}) > 1


def test_quarter_turns_are_exact(pictures):
    for quarters in (1, 2, 3):
        ours = turned(pictures, torch.full((6,), 90.0 * quarters))
        assert torch.allclose(ours, torch.rot90(pictures, quarters, (2, 3)), atol=1e-5)


def test_turn_of_a_wide_picture_keeps_distances():
    x = torch.zeros(1, 1, 9, 17)
    x[0, 0, 4, 11] = 1  # three pixels right of the middle
    found = turned(x, torch.tensor([90.0]))
    assert found[0, 0, 1, 8].item() == pytest.approx(1, abs=1e-5)  # three pixels above it


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda c: c.name)
def test_pixels_stay_and_severity_grows(corruption, pictures):
    far = []
    for amount in corruption.severities:
        changed = corruption.change(pictures, amount, generator(0, "c"))
        assert changed.shape == pictures.shape
        assert changed.min() >= 0
        assert changed.max() <= 1
        far.append(float((changed - pictures).square().mean()))
    assert far == sorted(far)
    assert far[0] > 0
