"""What an attacker's scores prove: AUC and its standard error, likelihood ratios, and a lower bound on ε.

All in numpy, on scores where larger means "it was in".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.types import Source

if TYPE_CHECKING:
    import numpy as np

LIRA = Source(
    "N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis, F. Tramèr",
    "Membership Inference Attacks From First Principles",
    2022,
    "https://arxiv.org/abs/2112.03570",
    "Algorithm 1",
)
CALIBRATED = Source(
    "L. Watson, C. Guo, G. Cormode, A. Sablayrolles",
    "On the Importance of Difficulty Calibration in Membership Inference Attacks",
    2022,
    "https://arxiv.org/abs/2111.08440",
    "Eq. 4",
)
ONE_RUN = Source(
    "T. Steinke, M. Nasr, M. Jagielski",
    "Privacy Auditing with One (1) Training Run",
    2023,
    "https://arxiv.org/abs/2305.08846",
    "Theorem 5.2",
)
FEWEST = 1e-3  # of a score's deviation: below, it is taken as a number that nothing changes


def auc(inside: np.ndarray, outside: np.ndarray) -> float:
    """The chance that a score from inside exceeds one from outside; ties count half.

    >>> import numpy as np
    >>> auc(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    import numpy as np

    if not len(inside) or not len(outside):
        raise Refused("an attack needs samples that were in and samples that were out: play more games.")
    apart = np.asarray(inside, float)[:, None] - np.asarray(outside, float)[None, :]
    return float(((apart > 0) + 0.5 * (apart == 0)).mean())


def auc_error(inside: int, outside: int) -> float:
    """The standard error of the AUC where all scores are alike: what chance alone gives around ½ (Mann, Whitney).

    >>> round(auc_error(24, 24), 3)
    0.084
    """
    return math.sqrt((inside + outside + 1) / (12 * inside * outside))


def true_positives(inside: np.ndarray, outside: np.ndarray, rate: float = 0.01) -> float:
    """The share of ``inside`` above the score that only ``rate`` of ``outside`` exceed."""
    import numpy as np

    at = np.sort(outside)[::-1][min(int(rate * len(outside)), len(outside) - 1)]
    return float((np.asarray(inside) > at).mean())


def likelihood_ratios(scores: np.ndarray, member: np.ndarray) -> np.ndarray:
    """LiRA: how much likelier each score is if the sample was in, judged by all other runs.

    Args:
        scores: ``(R, n)``, of n samples in each of R runs.
        member: ``(R, n)`` bool, whether the sample was in the data of the run; in and out in at least two runs each.

    Returns:
        Log-likelihood ratios ``(R, n)`` of two normal distributions for each sample, its own run left out. Means are
        each sample's own; deviations are common to all samples, as the source has it for few runs.
    """
    import numpy as np

    found = np.zeros(scores.shape)
    for inside, sign in ((member, 1.0), (~member, -1.0)):
        count = inside.sum(0)[None] - inside  # (R, n) other runs
        if (count < 1).any():
            raise Refused("the likelihood-ratio attack needs each sample in and out at least twice: play more games.")
        mean = ((scores * inside).sum(0)[None] - scores * inside) / count
        own = (scores * inside).sum(0) / inside.sum(0)
        spread = ((scores - own)[inside] ** 2).sum() / max((inside.sum(0) - 1).sum(), 1)
        variance = max(spread, FEWEST**2 * float(scores.var()), 1e-30)
        # The mean is uncertain, too. How uncertain is left out of the logarithm: the count alone would tell membership.
        found += sign * (-0.5 * np.log(variance) - 0.5 * (scores - mean) ** 2 / (variance * (1 + 1 / count)))
    return found


def calibrated(scores: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Scores ``(R, n)`` less the sample's mean over the other runs that it was not in; ``member (R, n)`` bool."""
    outside = ~member
    count = outside.sum(0)[None] - outside
    if (count < 1).any():
        raise Refused("calibration needs each sample out at least twice: play more games.")
    return scores - ((scores * outside).sum(0)[None] - scores * outside) / count


def lower_bound(coins: int, guesses: int, correct: int, delta: float = 1e-5, confidence: float = 0.95) -> float:
    """The largest ε that the attack's success refutes: below it, such success has a chance under 1 - confidence.

    Args:
        coins: canaries, each in by a fair coin of its own.
        guesses: of them, those guessed about; whether to guess must not depend on the coins.
        correct: guesses that were right.
        delta: of the guarantee that is put to the test.
        confidence: of the bound.

    >>> round(lower_bound(60, 60, 60, delta=0), 2), lower_bound(60, 60, 33)
    (2.97, 0.0)
    """
    if not 0 <= correct <= guesses <= coins:
        raise Refused(f"{correct} right of {guesses} guesses about {coins} coins cannot be: check the counts.")
    low, high = 0.0, 50.0
    if _chance(coins, guesses, correct, low, delta) > 1 - confidence:
        return 0.0
    for _ in range(60):
        middle = (low + high) / 2
        refuted = _chance(coins, guesses, correct, middle, delta) < 1 - confidence
        low, high = (middle, high) if refuted else (low, middle)
    return low


def _chance(coins: int, guesses: int, correct: int, epsilon: float, delta: float) -> float:
    """How likely so many right guesses are at most, if the method were (ε, δ)-private."""
    import numpy as np
    from scipy.stats import binom

    q = 1 / (1 + math.exp(-epsilon))  # of one right guess about a private coin
    beyond = float(binom.sf(correct - 1, guesses, q))
    below = binom.pmf(np.arange(correct)[::-1], guesses, q).cumsum()
    slack = float((below / np.arange(1, correct + 1)).max(initial=0.0))  # what δ adds: the best mean of chances below
    return min(1.0, beyond + 2 * coins * delta * slack)
