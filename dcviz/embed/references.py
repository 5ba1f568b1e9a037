"""Where distances between samples mean something: the features of a network trained once on the real data."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcviz.caching import Cache, key_of
from dcviz.data.transforms import pixels
from dcviz.embed.bundled import load, save
from dcviz.embed.view import LIMIT, View, stratified
from dcviz.evaluation.measure import whole
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.training import Training, correct, fit
from dcviz.types import Dataset

if TYPE_CHECKING:
    from torch import Tensor

    from dcviz.layers import Classifier

KTH = 5  # neighbour of the off-manifold score
WIDTH = 32  # of the reference ConvNet
TRAINING = Training(updates=300, batch=64, rate=3e-3, decay=5e-4)
CHUNK = 250  # images mapped at once: a slice of work
VERSION = 1  # raised when the training changes, so that older cached networks are not taken


@dataclass(frozen=True)
class Reference:
    """Where distances are measured: the features of a ConvNet trained once on the real data; planar: the plane."""

    net: Classifier | None  # None for planar data
    accuracy: float | None  # of the network, on the held-out tenth
    features: Tensor  # (n, D) of the view's samples
    labels: Tensor  # (n,)
    radius: Tensor  # (C,) usual distance to the 5th neighbour in each class
    held_out: Tensor  # (h,) ascending: the same for held-out real samples, divided by that
    key: str


def reference(dataset: Dataset, view: View, *, cache: Cache | None = None) -> Generator[float, None, Reference]:
    """The reference of a data set, as work in slices (it yields the fraction done): trained once, then cached.

    For planar data there is nothing to train: distances are those of the plane.
    """
    import torch

    key = key_of("reference", VERSION, dataset.fingerprint, view.seed)
    net, accuracy = None, None
    if not dataset.planar:
        at = generator(view.seed, "reference network")
        net = network("convnet", dataset.shape, len(dataset.classes), at, width=WIDTH)
        found = load("reference", key, cache)
        if found is not None:
            net.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in found[0].items()})
            accuracy = float(found[1]["accuracy"])
        else:
            accuracy = yield from _train(net, dataset, view.seed)
            weights = {k: v.numpy() for k, v in net.state_dict().items()}
            save("reference", key, weights, {"accuracy": accuracy, "torch": torch.__version__}, cache)
        net.eval().requires_grad_(False)
    features = yield from _mapped(net, view.samples, 0.9)
    held = stratified(dataset.held_out, LIMIT, len(dataset.classes), generator(view.seed, "map held out"))
    x, y = dataset.transform.forward(pixels(dataset.held_out.x[held])), dataset.held_out.y[held]
    other = yield from _mapped(net, x, 0.95)
    labels = torch.from_numpy(view.labels)
    radius = _radii(features, labels, len(dataset.classes))
    usual = (to_kth(torch.cdist(other, features), y, labels, KTH) / radius[y]).sort().values
    return Reference(net, accuracy, features, labels, radius, usual, key)


def features(reference: Reference, x: Tensor) -> Tensor:
    """Reference features ``(M, D)`` of samples ``x (M, *shape)`` in model space."""
    import torch

    with torch.no_grad():
        return x.flatten(1) if reference.net is None else reference.net.embed(x)


def _train(net: Classifier, dataset: Dataset, seed: int) -> Generator[float, None, float]:
    """Train the reference network on the real data; returns its accuracy on the held-out tenth."""
    for update in fit(net, whole(dataset, "cpu"), TRAINING, generator(seed, "reference training")):
        yield 0.8 * update / TRAINING.updates
    held, hits = dataset.held_out, 0
    for i in range(0, len(held), CHUNK):
        x = dataset.transform.forward(pixels(held.x[i : i + CHUNK]))
        hits += correct(net, x, held.y[i : i + CHUNK])
        yield 0.8 + 0.1 * i / len(held)
    return hits / max(len(held), 1)


def _mapped(net: Classifier | None, x: Tensor, fraction: float) -> Generator[float, None, Tensor]:
    """Features of many samples, chunk by chunk."""
    import torch

    parts = []
    for part in x.split(CHUNK):
        with torch.no_grad():
            parts.append(part.flatten(1) if net is None else net.embed(part))
        yield fraction
    return torch.cat(parts)


def to_kth(distance: Tensor, y: Tensor, labels: Tensor, k: int) -> Tensor:
    """The k-th smallest ``distance (M, n)`` of each row to the members ``labels (n,)`` of its class ``y (M,)``.

    The last one where a class has fewer members; infinite where it has none.
    """
    import torch

    other = labels[None, :] != y[:, None]  # (M, n)
    nearest = distance.masked_fill(other, torch.inf).topk(min(k, len(labels)), largest=False).values
    last = (torch.isfinite(nearest).sum(1) - 1).clamp_min(0)  # (M,)
    return nearest.gather(1, last[:, None])[:, 0]


def _radii(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """The median over each class of the distance to the 5th other member ``(C,)``."""
    import torch

    among = torch.cdist(features, features)
    to_fifth = to_kth(among, labels, labels, KTH + 1)  # the first is the sample itself
    middle = [to_fifth[labels == c].median() if (labels == c).any() else to_fifth.median() for c in range(classes)]
    return torch.stack(middle).clamp_min(1e-12)
