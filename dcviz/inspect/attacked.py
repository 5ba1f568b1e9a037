"""Real test samples before and after an attack on a network that a run's set taught, placed on the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.types import Progress

if TYPE_CHECKING:
    import numpy as np

    from dcviz.evaluation.measure import Work
    from dcviz.runs.store import Store

EACH = 4  # samples of a class
STEPS = 10  # of the attack, as at the suite's quick scale
KIND = "pgd-linf"  # of the suite's attacks


@dataclass(frozen=True)
class Moved:
    """Where an attack leads."""

    labels: np.ndarray  # (k,) classes
    named: np.ndarray  # (k,) what the network calls them once attacked
    before: Mapping[str, np.ndarray]  # (k, 2) by map
    after: Mapping[str, np.ndarray]  # (k, 2) by map
    words: str  # which attack, on what


def attacked_of_run(store: Store, run: str, progress: Progress) -> Moved:
    """A few test samples of every class, attacked at the middle of the suite's strengths.

    Raises:
        Refused: points of the plane, a run without a final set.
    """
    import torch

    from dcviz.data.transforms import pixels
    from dcviz.embed import on_map, pixels_view, place
    from dcviz.evaluation import run_to_end
    from dcviz.evaluation.suite.attacks import ATTACKS, attacked
    from dcviz.evaluation.suite.robustness import MIDDLE, in_pixels
    from dcviz.evaluation.suite.subject import thinned
    from dcviz.randomness import generator
    from dcviz.runs.suite import opened
    from dcviz.runs.view import ready_view

    judge, subject = opened(store, run)
    data = judge.dataset
    if data.planar:
        raise Refused(f"attacks change pixels, and {data.name} has points of the plane: choose images.")
    view = ready_view(store, store.run(run).config.data)
    if view is None:
        raise Refused("the map of the real data is not ready yet: look again in a moment.")
    net = _finished(judge.network(subject, judge.protocol, 0), "training a network on the set", progress)
    at = thinned(data.test, EACH * len(data.classes), len(data.classes))
    x, y = pixels(data.test.x[at]).to(judge.device), data.test.y[at].to(judge.device)
    kind = next(a for a in ATTACKS if a.name == KIND)
    strength = (kind.colour if x.shape[1] == 3 else kind.grey)[MIDDLE]
    classify = in_pixels(judge, net)
    start = generator(judge.seed, "drawn attack")
    moved = _finished(attacked(kind.name, classify, x, y, strength, steps=STEPS, start=start), "attacking", progress)
    with torch.no_grad():
        named = classify(moved).argmax(1).cpu()
    reference, own = run_to_end(judge.reference()), pixels_view(data)
    ends: list[dict[str, np.ndarray]] = []
    for part in (x, moved):
        found = place(own, reference, data.transform.forward(part.cpu()), y.cpu())
        ends.append({"pca": found.pca, "umap": on_map(view["umap"], found)})
    words = f"{kind.title}, ε = {strength:g}, {STEPS} steps, on one network trained on this set"
    return Moved(y.cpu().numpy(), named.numpy(), ends[0], ends[1], words)


def _finished(work: Work[Any], what: str, progress: Progress) -> Any:
    """The result of work in slices, told while it goes on."""
    while True:
        try:
            progress(what, next(work))
        except StopIteration as end:
            return end.value
