"""AutoAttack, from the Adversarial Robustness Toolbox: an extra, ``pip install "dcviz[attacks]"``.

Source: Croce and Hein, Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free
Attacks, 2020, https://arxiv.org/abs/2003.01690; in the toolbox's form, which has DeepFool in the place of FAB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.evaluation.measure import Work

if TYPE_CHECKING:
    from torch import Tensor, nn

MISSING = 'AutoAttack is left out, as it needs the Adversarial Robustness Toolbox: pip install "dcviz[attacks]".'


def installed() -> bool:
    """Whether the toolbox is here."""
    from importlib.util import find_spec

    return find_spec("art") is not None


def autoattack(  # noqa: PLR0913  (all by position but the last)
    model: nn.Module, x: Tensor, y: Tensor, strength: float, classes: int, *, seed: int = 0, batch: int = 64
) -> Work[Tensor]:
    """Pixels ``x (B, c, h, w)`` in [0, 1] of classes ``y (B,)`` as AutoAttack (L∞) leaves them, batch by batch.

    ``model`` maps pixels to logits ``(B, classes)``. The toolbox draws from numpy's global generator, which is put
    back as it was. With two classes there is no difference of logits ratio: that attack is left out.
    """
    import numpy as np
    import torch
    from art.attacks.evasion import AutoAttack, AutoProjectedGradientDescent, DeepFool, SquareAttack
    from art.estimators.classification import PyTorchClassifier

    device = "gpu" if x.is_cuda else "cpu"
    estimator = PyTorchClassifier(
        model,
        torch.nn.CrossEntropyLoss(),
        tuple(x.shape[1:]),
        classes,
        clip_values=(0.0, 1.0),
        device_type=device,
    )
    step = 0.1 * strength
    losses = ["cross_entropy"] + (["difference_logits_ratio"] if classes > 2 else [])
    attacks = [
        AutoProjectedGradientDescent(
            estimator, eps=strength, eps_step=step, loss_type=loss, nb_random_init=1, batch_size=batch, verbose=False
        )
        for loss in losses
    ]
    attacks += [
        DeepFool(estimator, max_iter=50, batch_size=batch, verbose=False),
        SquareAttack(estimator, eps=strength, max_iter=300, nb_restarts=1, batch_size=batch, verbose=False),
    ]
    before, parts = np.random.get_state(), []  # noqa: NPY002  (the toolbox's own)
    try:
        np.random.seed(seed % 2**32)  # noqa: NPY002
        for xs, ys in zip(x.split(batch), y.split(batch), strict=True):
            whole = AutoAttack(estimator, np.inf, strength, step, attacks, batch)
            found = torch.from_numpy(whole.generate(xs.cpu().numpy(), ys.cpu().numpy())).to(x)
            parts.append(torch.minimum(torch.maximum(found, xs - strength), xs + strength).clamp(0, 1))
            yield len(torch.cat(parts)) / len(x)
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return torch.cat(parts)
