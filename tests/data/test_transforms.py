import pytest
import torch
from numpy.testing import assert_allclose

from dcviz.data import dataset, transforms
from dcviz.data.transforms import fit, fit_normalise, fit_zca, transform_from
from dcviz.errors import Cancelled, Refused
from dcviz.records import DataConfig


@pytest.fixture(scope="module")
def photos():
    """Smooth colour images, so that pixels are correlated; uint8."""
    at = torch.Generator().manual_seed(0)
    coarse = torch.rand(300, 3, 3, 3, generator=at)
    fine = torch.nn.functional.interpolate(coarse, size=(12, 12), mode="bilinear")
    return ((fine + 0.05 * torch.rand(fine.shape, generator=at)).clamp(0, 1) * 255).to(torch.uint8)


@pytest.mark.parametrize("name", ["normalise", "zca", "none"])
@pytest.mark.parametrize("data", ["digits", "moons", "photos"])
def test_the_inverse_is_exact_and_arrays_rebuild_the_transform(name, data, photos):
    x = photos if data == "photos" else dataset(data).train.x
    transform, p = fit(name, x), transforms.pixels(x)
    z = transform.forward(p)
    assert z.shape == p.shape
    assert z.dtype == torch.float32
    assert (transform.inverse(z) - p).abs().max() < 1e-4
    again = transform_from(transform.name, transform.arrays())
    assert torch.equal(again.forward(p), z)


def test_normalise_gives_zero_mean_and_unit_deviation_per_channel(photos):
    z = fit_normalise(photos).forward(photos / 255)
    assert_allclose(z.mean((0, 2, 3)), 0, atol=1e-5)
    assert_allclose(z.std((0, 2, 3), correction=0), 1, atol=1e-5)
    moons = dataset("moons")
    z = moons.transform.forward(moons.train.x)
    assert_allclose(z.std(0, correction=0), 1, atol=1e-5)


def test_zca_agrees_with_numpy_in_double_precision(photos):
    import numpy as np

    x = (photos / 255).flatten(1).double().numpy()
    covariance = np.cov(x.T, bias=True)
    values, vectors = np.linalg.eigh(
        covariance + 0.1 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    )
    expected = (x - x.mean(0)) @ vectors / np.sqrt(values) @ vectors.T
    assert_allclose(fit_zca(photos).forward(photos / 255).flatten(1), expected, atol=2e-4)


def test_zca_takes_correlation_away(digits):
    x = digits.train.x
    lively = x.flatten(1).var(0) > 1e-3  # the regularisation hides pixels that hardly vary
    before, after = (torch.corrcoef(v.flatten(1)[:, lively].T) for v in (x, fit_zca(x, regularise=1e-4).forward(x)))
    apart = ~torch.eye(len(before), dtype=torch.bool)
    assert before[apart].abs().max() > 0.7
    assert after[apart].abs().max() < 0.1


@pytest.mark.parametrize("name", ["normalise", "zca"])
def test_constant_pixels_and_channels_divide_by_nothing(name):
    x = torch.rand(50, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    x[:, 1] = 0.25
    for images in (x, torch.full_like(x, 0.5)):
        transform = fit(name, images)
        z = transform.forward(images)
        assert z.isfinite().all()
        assert (transform.inverse(z) - images).abs().max() < 1e-5


def test_zca_refuses_what_would_not_fit_and_can_be_cancelled(photos):
    with pytest.raises(Refused, match="12,288 numbers.*limit is 3,072.*choose the transform normalise"):
        fit_zca(torch.zeros(2, 3, 64, 64))

    def stop(what, fraction):
        raise Cancelled

    with pytest.raises(Cancelled):
        fit_zca(photos, stop)


def test_strange_transforms_are_refused(digits):
    with pytest.raises(Refused, match="no transform 'pca'"):
        transform_from("pca", {})
    with pytest.raises(Refused, match="made from mean, std, but mean was given"):
        transform_from("normalise", {"mean": torch.zeros(1)})
    with pytest.raises(Refused, match="made from nothing"):
        transform_from("none", {"mean": torch.zeros(1)})


def test_the_transform_is_fitted_on_the_training_part_alone():
    part = dataset(DataConfig(size=100))
    assert_allclose(part.transform.arrays()["mean"].flatten(), part.train.x.mean(), rtol=1e-5)
