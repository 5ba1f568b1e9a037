"""Accuracy under several attacks as one number, as the benchmarks of robust condensation have it. All are fractions."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from dcviz.types import Source

BEARD = Source(
    "Z. Zhou, W. Feng, S. Lyu, G. Cheng, X. Huang, Q. Zhao",
    "BEARD: Benchmarking the Adversarial Robustness for Dataset Distillation",
    2024,
    "https://arxiv.org/abs/2411.09265",
)
ROME = Source(
    "Z. Zhou and others",
    "ROME is Forged in Adversity: Robust Distilled Datasets via Information Bottleneck",
    2025,
    "https://github.com/zhouzhengqd/ROME",
    "as BEARD's code computes it",
)
DD_ROBUSTBENCH = Source(
    "Y. Wu, J. Du, P. Liu, Y. Lin, W. Xu, W. Cheng",
    "DD-RobustBench: An Adversarial Robustness Benchmark for Dataset Distillation",
    2024,
    "https://arxiv.org/abs/2403.13322",
)


def robustness_ratio(clean: float, attacked: Sequence[float]) -> float:
    """BEARD's RR: how far the mean attack stays from doing as much as the worst; 0 where all do the same.

    As in the authors' code, a network that no attack harms at all has 0: read it beside the accuracies.

    >>> round(robustness_ratio(0.9, [0.7, 0.5]), 6)  # 1 - 0.3/0.4
    0.25
    """
    worst = min(attacked)
    if clean == worst:
        return 0.0
    return 1 - (clean - statistics.fmean(attacked)) / (clean - worst)


def improved_ratio(clean: float, attacked: Sequence[float]) -> float:
    """ROME's I-RR: 1 where no attack harms, 0 where all accuracy is lost to every attack.

    >>> round(improved_ratio(0.8, [0.8, 0.8]), 6), round(improved_ratio(0.8, [0.0, 0.0]), 6)
    (1.0, 0.0)
    """
    if clean == 0:
        return 0.0
    return 1 - (clean - statistics.fmean(attacked)) * (clean - min(attacked)) / clean**2


def attack_efficiency(clean: float, attacked: Sequence[float]) -> float:
    """BEARD's AE from seconds: how much of the dearest attack's extra time the mean attack takes.

    >>> attack_efficiency(1.0, [2.0, 4.0, 6.0])
    0.6
    """
    dearest = max(attacked)
    if dearest == clean:
        return 0.0
    return (statistics.fmean(attacked) - clean) / (dearest - clean)


def robust_efficiency(ratio: float, efficiency: float, weight: float = 0.5) -> float:
    """BEARD's CREI: a weighted mean of RR and AE.

    >>> robust_efficiency(0.2, 0.6)
    0.4
    """
    return weight * ratio + (1 - weight) * efficiency


def kept(clean: float, attacked: Sequence[float]) -> float:
    """The share of the clean accuracy that is left under the attacks, in the mean; DD-RobustBench lists both.

    >>> kept(0.8, [0.2, 0.6])
    0.5
    """
    return statistics.fmean(attacked) / clean if clean else 0.0
