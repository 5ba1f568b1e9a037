"""The accuracy of a classifier that tells two sets apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LEAST = 4  # samples of each set: two to learn from and two to be tested on
STEPS = 100  # of Newton's method with L-BFGS, far more than it needs
DECAY = 1e-3  # of the weights: keeps them finite where the sets are separable


def two_sample_accuracy(x: Tensor, y: Tensor, generator: torch.Generator) -> float | None:
    """The balanced accuracy of logistic regression that tells ``x (N, D)`` from ``y (M, D)``, on held-out halves.

    ½ where the sets cannot be told apart; for two Gaussians of equal covariance I whose means are m apart it tends to
    Φ(|m|/2), the best there is. Each set is split at random into halves; both sets weigh the same, whatever their
    sizes. None with fewer than four samples of either. Cost O((N + M)D) times some dozens of steps.

    Source: D. Lopez-Paz, M. Oquab, Revisiting Classifier Two-Sample Tests, 2017, https://arxiv.org/abs/1610.06545,
    section 3; balanced as the sizes differ here.

    >>> import torch
    >>> at = torch.Generator().manual_seed(0)
    >>> near, far = torch.randn(2, 200, 3, generator=at)
    >>> two_sample_accuracy(near, far + 10, at)
    1.0
    """
    import torch

    if min(len(x), len(y)) < LEAST:
        return None
    (x_fit, x_test), (y_fit, y_test) = (_halves(part.detach().double(), generator) for part in (x, y))
    weight, bias = _logistic(x_fit, y_fit)
    right = [((part @ weight + bias) * side > 0).double().mean() for part, side in ((x_test, -1), (y_test, 1))]
    return float(torch.stack(right).mean())


def _halves(x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    import torch

    order = torch.randperm(len(x), generator=generator).to(x.device)
    return x[order[: len(x) // 2]], x[order[len(x) // 2 :]]


def _logistic(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Weights ``(D,)`` and bias of the regression that is positive at y, in the units of the points."""
    import torch
    from torch.nn.functional import softplus

    both = torch.cat([x, y])
    mean, std = both.mean(0), both.std(0).clamp_min(1e-12)
    near, far = (x - mean) / std, (y - mean) / std
    weight = torch.zeros(both.shape[1] + 1, dtype=both.dtype, device=both.device, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        w, b = weight[:-1], weight[-1]
        value = softplus(near @ w + b).mean() + softplus(-(far @ w + b)).mean() + DECAY * w.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimiser.step(loss)
    w, b = weight.detach()[:-1] / std, weight.detach()[-1]
    return w, b - mean @ w
