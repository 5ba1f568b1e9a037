"""How much noise a promise (ε, δ) takes, and what has been given away so far.

One release is accounted by its closed form. Many, each of a Poisson sample, by the privacy loss distributions of
Google's dp-accounting (an extra): composing them tightly is a numerical method with error bounds of its own, which is
why it is not written here again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

from dcviz.errors import Refused

MISSING = 'accounting for many noisy steps needs dp-accounting: pip install "dcviz[private]".'
CLOSE = 1e-3  # relative, to which the noise of many steps is found; from above
INTERVAL = 5e-4  # of the loss distributions, which are rounded up to it; a tenth of it changes ε by 1e-4
ORDERS = [*range(2, 64), 128, 256, 512]  # of Rényi divergences
POINTS = 12  # at which the ε of a run's steps is computed; between them, that of the next


def check_promise(epsilon: float, delta: float, size: int) -> None:
    """Refuse a promise that says nothing about ``size`` rows."""
    if not epsilon > 0:
        raise Refused(f"ε is {epsilon:g}: nothing at all could be released; give a number above 0, such as 1.")
    if not 0 < delta < 1:
        raise Refused(f"δ is {delta:g}; give a small number above 0, such as 1e-5.")
    if delta * size >= 1:
        raise Refused(
            f"δ is {delta:g}, and there are {size:,} private rows: to publish one of them in full would keep "
            f"that promise. Give a δ well below 1/{size:,}, such as {0.01 / size:.0e}."
        )


def delta_of(sigma: float, epsilon: float) -> float:
    """The δ of one Gaussian release of sensitivity 1 with noise of deviation ``sigma``; exact.

    Source: Balle and Wang, Improving the Gaussian Mechanism for Differential Privacy, 2018,
    https://arxiv.org/abs/1805.06530, Theorem 8.
    """
    from scipy.special import log_ndtr

    below, above = 0.5 / sigma - epsilon * sigma, -0.5 / sigma - epsilon * sigma
    return math.exp(log_ndtr(below)) - math.exp(epsilon + log_ndtr(above))


@cache
def noise_for(epsilon: float, delta: float) -> float:
    """The least deviation, per unit of sensitivity, of the noise of one release that is (ε, δ)-private.

    >>> round(noise_for(1.0, 1e-5), 4)
    3.7306
    """
    from scipy.optimize import brentq

    return math.exp(brentq(lambda log: delta_of(math.exp(log), epsilon) - delta, -10.0, 20.0, xtol=1e-12))


@cache
def epsilon_of(sigma: float, delta: float) -> float:
    """The ε of one release with noise of deviation ``sigma`` per unit of sensitivity."""
    from scipy.optimize import brentq

    if delta_of(sigma, 0.0) <= delta:
        return 0.0
    high = 1.0
    while delta_of(sigma, high) > delta:
        high *= 2
    return float(brentq(lambda epsilon: delta_of(sigma, epsilon) - delta, 0.0, high, xtol=1e-12))


def require_library() -> None:
    """Refuse where the extra is missing, with the command that installs it."""
    from importlib.util import find_spec

    if find_spec("dp_accounting") is None:
        raise Refused(MISSING)


@cache
def spent(sigma: float, delta: float, rate: float, releases: int, *, tightly: bool = True) -> float:
    """The ε of so many releases, each of a Poisson sample of that rate; neighbours differ by one row left out.

    ``tightly`` by privacy loss distributions, which takes a second; otherwise by Rényi divergences, at once and above.
    """
    if releases == 0:
        return 0.0
    require_library()
    from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent
    from dp_accounting.pld import PLDAccountant
    from dp_accounting.rdp import RdpAccountant

    one = GaussianDpEvent(sigma)
    accountant = PLDAccountant(value_discretization_interval=INTERVAL) if tightly else RdpAccountant(ORDERS)
    accountant.compose(PoissonSampledDpEvent(rate, one) if rate < 1 else one, releases)
    return float(accountant.get_epsilon(delta))


@cache
def noise_for_steps(epsilon: float, delta: float, rate: float, releases: int) -> float:
    """The least deviation, per unit of sensitivity, with which all releases together are (ε, δ)-private."""
    high = _least(epsilon, (0.05, 0.1), 1e-2, lambda s: spent(s, delta, rate, releases, tightly=False))
    return _least(epsilon, (0.8 * high, high), CLOSE, lambda s: spent(s, delta, rate, releases))


def _least(epsilon: float, bracket: tuple[float, float], close: float, spends: Callable[[float], float]) -> float:
    """The least deviation that spends at most ε, from above, to a relative precision; ``bracket`` is a first guess."""
    low, high = bracket
    while spends(high) > epsilon:
        low, high = high, 1.5 * high
    while spends(low) <= epsilon:
        low, high = low / 1.5, low
    while high > low * (1 + close):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if spends(middle) <= epsilon else (middle, high)
    return high


def schedule(sigma: float, delta: float, rate: float, releases: int) -> list[tuple[int, float]]:
    """The ε after some numbers of releases up to ``releases``, ascending: what a live curve steps through."""
    at = sorted({round(releases * (i / POINTS)) for i in range(1, POINTS + 1)} | {1, releases})
    return [(n, spent(sigma, delta, rate, n)) for n in at if n > 0]


def so_far(table: list[tuple[int, float]], releases: int) -> float:
    """The ε after ``releases``, or that of the next number that was computed: never too little."""
    if releases == 0:
        return 0.0
    return next(epsilon for n, epsilon in table if n >= releases)
