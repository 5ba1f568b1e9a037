"""What has diverged gives no number and no error: the run ends in words, with its last good state."""

import pytest
import torch

from dcviz import registry
from dcviz.discrepancies.predictions.labels import solve_labels
from dcviz.divergences._spectra import eigh, svd
from dcviz.types import Divergence

BROKEN = (float("nan"), float("inf"), -float("inf"), 3e38)


@pytest.mark.parametrize("side", ["real", "synthetic"])
@pytest.mark.parametrize("dimensions", [2, 140])
@pytest.mark.parametrize("name", sorted(registry.known("divergence")))
def test_a_divergence_of_what_is_not_finite_is_a_value(name, dimensions, side):
    divergence: Divergence = registry.build("divergence", name)
    if dimensions > (divergence.largest or dimensions):
        pytest.skip("not defined there")
    for broken in BROKEN:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(2, 40, dimensions, generator=generator)
        y = torch.randn(2, 6, dimensions, generator=generator)
        (x if side == "real" else y)[0, 3, 1] = broken
        y.requires_grad_()
        found, _ = divergence.value(divergence.fit(x, generator), y)
        assert found.shape == (2,)
        found.sum().backward()
        if side == "synthetic" and broken != broken:  # NaN
            assert not torch.isfinite(found[0])
        assert torch.isfinite(found[1])


def test_eigenvalues_are_torch_s_but_for_what_is_not_finite():
    a = torch.randn(3, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    b = a + a.mT
    for found, known in zip(eigh(b) + svd(a), (*torch.linalg.eigh(b), *torch.linalg.svd(a)), strict=True):
        assert torch.equal(found, known)
    a[1, 2, 3] = torch.inf
    assert [bool(values.isnan().any()) for values in eigh(a + a.mT)[0]] == [False, True, False]
    assert [bool(values.isnan().all()) for values in svd(a)[1]] == [False, True, False]


def test_labels_are_not_solved_from_what_is_not_finite():
    predictor = torch.ones(4, 2)
    predictor[1, 1] = torch.nan
    assert solve_labels(predictor, torch.ones(4, 3)).isnan().all()
