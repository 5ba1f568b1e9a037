"""How fast the divergences are beside the libraries, forward and backward, at 5,000 real and 100 synthetic points.

python -m benchmarks.divergences [mmd sinkhorn sliced] [--trials 7]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from benchmarks._report import Figure, printed

N, M, D = 5000, 100, 128
GOALS = {"mmd": 30.0, "sinkhorn": 10.0, "sliced": 5.0}  # times as fast as the fastest library, in steady state
RIVALS = {"geomloss": "geomloss", "ot": "POT", "torchmetrics": "torchmetrics"}
BLUR = 0.15  # of the median distance: where all reach the marginal error below within a benchmark's patience
ERROR = 0.01  # largest total error of the masses ‖P1 - w‖₁ + ‖Pᵀ1 - v‖₁ at which transport is compared
STEP = 0.01  # how far the synthetic points move between calls, as in a condensation

Step = Callable[[Any], float]  # one forward and backward at synthetic points; returns the value


def clouds() -> tuple[Any, Any]:
    """Real points, and synthetic ones of another spread beside them, in single precision."""
    import torch

    draw = torch.Generator().manual_seed(0)
    return torch.randn(N, D, generator=draw), 0.3 + 1.2 * torch.randn(M, D, generator=draw)


def taken(make: Callable[[], Step], y: Any, trials: int) -> tuple[float, list[float]]:
    """Seconds of the first call, with all that is prepared, and of each later one; points move between calls."""
    import torch

    draw = torch.Generator().manual_seed(1)
    began = time.perf_counter()
    step = make()
    step(y)
    first, later = time.perf_counter() - began, []
    for _ in range(trials):
        y = y + STEP * torch.randn(y.shape, generator=draw)
        began = time.perf_counter()
        step(y)
        later.append(time.perf_counter() - began)
    return first, later


def ours(divergence: Any, x: Any) -> Step:
    """A divergence as a run calls it: the real side fitted once, the state handed on."""
    import torch

    side, state = divergence.fit(x, torch.Generator().manual_seed(0)), None

    def step(y: Any) -> float:
        nonlocal state
        leaf = y.clone().requires_grad_()
        value, state = divergence.value(side, leaf, None, state)
        value.backward()
        return float(value.detach())

    return step


def theirs(value: Callable[[Any], Any]) -> Step:
    """A library's function of the synthetic points, by its own automatic differentiation."""

    def step(y: Any) -> float:
        leaf = y.clone().requires_grad_()
        result = value(leaf)
        result.backward()
        return float(result.detach())

    return step


def mmd(x: Any, y: Any) -> tuple[dict[str, Callable[[], Step]], str]:
    """The Gaussian kernel at one width: the median distance."""
    import torch

    from dcviz.divergences import MMD
    from dcviz.divergences._clouds import cloud, median_distance

    h = float(median_distance(cloud(x), torch.Generator().manual_seed(0)))
    entries: dict[str, Callable[[], Step]] = {"dcviz": lambda: ours(MMD(scales="one"), x)}
    if find_spec("geomloss"):
        from geomloss import SamplesLoss

        loss = SamplesLoss("gaussian", blur=h, backend="tensorized")
        entries["geomloss"] = lambda: theirs(lambda y: 2 * loss(y, x))
    if find_spec("torchmetrics"):
        entries["torchmetrics (KID, one subset)"] = lambda: theirs(lambda y: _kid(x, y))
    return entries, f"Gaussian kernel, bandwidth {h:.3g}; torchmetrics has the polynomial kernel of its KID only"


def _kid(x: Any, y: Any) -> Any:
    from torchmetrics.image.kid import poly_mmd

    return poly_mmd(x[: len(y)], y)  # it takes equal sizes only: a fiftieth of our work


def sliced(x: Any, y: Any) -> tuple[dict[str, Callable[[], Step]], str]:
    """128 directions, the same for all."""
    import torch

    from dcviz.divergences import Sliced

    divergence = Sliced()
    theta = divergence.fit(x[:2], torch.Generator().manual_seed(0))[0]
    entries: dict[str, Callable[[], Step]] = {"dcviz": lambda: ours(divergence, x)}
    if find_spec("ot"):
        import ot

        entries["POT"] = lambda: theirs(lambda y: ot.sliced_wasserstein_distance(x, y, projections=theta) ** 2)
    return entries, f"{theta.shape[1]} directions; geomloss and torchmetrics have none"


def sinkhorn(x: Any, y: Any) -> tuple[dict[str, Callable[[], Step]], str]:
    """Each with the fewest iterations that keep the total error of the masses of the cross term below the limit."""
    import torch

    from dcviz.divergences import Sinkhorn
    from dcviz.divergences._clouds import cloud, median_distance

    blur = BLUR * float(median_distance(cloud(x), torch.Generator().manual_seed(0)))
    own, error = _fewest(lambda k: _own_error(Sinkhorn(BLUR, iterations=k), x, y))
    entries: dict[str, Callable[[], Step]] = {"dcviz": lambda: ours(Sinkhorn(BLUR, iterations=own), x)}
    said = [f"dcviz {own} iterations, error {error:.1e}"]
    if find_spec("geomloss"):
        from geomloss import SamplesLoss

        for scaling in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99):
            shared = {"blur": blur, "scaling": scaling, "backend": "tensorized"}
            error = _mass_error(x, y, *(p.flatten() for p in _potentials(SamplesLoss, shared, x, y)), blur**2)
            if error <= ERROR:
                break
        loss = SamplesLoss("sinkhorn", **shared)
        entries["geomloss"] = lambda: theirs(lambda y: loss(y, x))
        said.append(f"geomloss scaling {scaling}, error {error:.1e}")
    if find_spec("ot"):
        count, error = _fewest(lambda k: _pot_error(x, y, blur, k))
        entries["POT"] = lambda: theirs(lambda y: _pot_divergence(x, y, blur, count))
        entries["POT, its pieces put together by hand"] = lambda: theirs(lambda y: _pot(x, y, blur, count))
        said.append(f"POT {count} iterations, error {error:.1e}")
    return entries, "; ".join(said) + "; torchmetrics has none"


def _fewest(error: Callable[[int], float]) -> tuple[int, float]:
    """The fewest iterations of 1, 2, 3, 5, 10, … that keep the limit, and their error; of the last, if none does."""
    for count in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500):
        found = error(count)
        if found <= ERROR:
            break
    return count, found


def _own_error(divergence: Any, x: Any, y: Any) -> float:
    """The larger of the first call's error and that of a call that goes on from it, with the points moved."""
    import torch

    from dcviz.divergences._clouds import cloud
    from dcviz.divergences.sinkhorn import between

    real, eps, _ = divergence.fit(x, torch.Generator().manual_seed(0))
    state, worst = None, 0.0
    for move in (0.0, STEP):
        there = y + move * torch.randn(y.shape, generator=torch.Generator().manual_seed(2))
        _, (state, _), plan = between(real, cloud(there, None, real[3]), eps, divergence.iterations, state)
        worst = max(worst, float((plan.sum(-1) - 1 / N).abs().sum() + (plan.sum(-2) - 1 / M).abs().sum()))
    return worst


def _potentials(samples_loss: Any, shared: dict[str, Any], x: Any, y: Any) -> Any:
    """Geomloss's potentials of the cross term, on the real and on the synthetic points."""
    return samples_loss("sinkhorn", potentials=True, debias=False, **shared)(x, y)


def _mass_error(x: Any, y: Any, f: Any, g: Any, eps: float) -> float:
    import torch

    plan = ((f[:, None] + g[None, :] - torch.cdist(x, y).square() / 2) / eps).double().exp() / (N * M)
    return float((plan.sum(1) - 1 / N).abs().sum() + (plan.sum(0) - 1 / M).abs().sum())


def _pot_plan(x: Any, y: Any, blur: float, count: int) -> Any:
    import ot

    a, b = x.new_full((len(x),), 1 / len(x)), y.new_full((len(y),), 1 / len(y))
    cost = (x.square().sum(1)[:, None] + y.square().sum(1)[None, :] - 2 * x @ y.T).clamp_min(0) / 2
    plan = ot.sinkhorn(a, b, cost.detach(), blur**2, method="sinkhorn_log", numItermax=count, stopThr=0, warn=False)
    return (plan * cost).sum(), plan


def _pot_error(x: Any, y: Any, blur: float, count: int) -> float:
    plan = _pot_plan(x, y, blur, count)[1].double()
    return float((plan.sum(1) - 1 / N).abs().sum() + (plan.sum(0) - 1 / M).abs().sum())


def _pot_divergence(x: Any, y: Any, blur: float, count: int) -> Any:
    """POT's own Sinkhorn divergence, for the cost ½‖x-y‖²: all three terms at every call, as it comes."""
    import ot

    found = ot.solve_sample(x, y, reg=2 * blur**2, reg_type="KL", debias=True, max_iter=count, tol=0, grad="envelope")
    return found.value / 2


def _pot(x: Any, y: Any, blur: float, count: int) -> Any:
    """The terms that move y, by the envelope theorem: the cross term, less half of y's own; none of x's own."""
    return _pot_plan(x, y, blur, count)[0] - _pot_plan(y, y, blur, count)[0] / 2


TRIALS = 9
CASES = {"mmd": mmd, "sinkhorn": sinkhorn, "sliced": sliced}


def measured(case: str, trials: int) -> Iterator[Figure]:
    """First and later calls of all, and how many times as fast as the fastest library the later ones are."""
    x, y = clouds()
    entries, note = CASES[case](x, y)
    medians = {}
    for name, make in entries.items():
        first, later = taken(make, y, trials if name == "dcviz" else max(1, trials // 4))
        yield Figure(f"{case}, {name}: first call", (1e3 * first,), "ms", note=note if name == "dcviz" else "")
        figure = Figure(f"{case}, {name}: each later call", tuple(1e3 * s for s in later), "ms")
        yield figure
        if not any(words in name for words in ("one subset", "by hand")):  # not the same problem, not the library's
            medians[name] = figure.value
    rivals = {name: value for name, value in medians.items() if name != "dcviz"}
    if rivals:
        fastest = min(rivals, key=rivals.__getitem__)
        ratio = rivals[fastest] / medians["dcviz"]
        yield Figure(f"{case}: times as fast as {fastest}", (ratio,), "×", GOALS[case], at_least=True)


def figures(cases: Sequence[str] = tuple(CASES), *, quick: bool = False, trials: int = TRIALS) -> Iterator[Figure]:
    """The cases, one after another."""
    missing = [name for module, name in RIVALS.items() if not find_spec(module)]
    if missing:
        print(f"not installed, so not compared: {', '.join(missing)} (pip install {' '.join(missing)})", flush=True)
    for case in cases:
        yield from measured(case, 3 if quick else trials)


def main() -> int:
    """Print the table; the exit status is the number of goals missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--trials", type=int, default=TRIALS)
    given = parser.parse_args()
    print(f"N = {N}, M = {M}, D = {D}, single precision, forward and backward")
    return printed(figures(given.cases, trials=given.trials))


if __name__ == "__main__":
    sys.exit(main())
