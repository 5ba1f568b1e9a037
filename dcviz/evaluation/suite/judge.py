"""What all properties share: the data, the protocol, and networks trained once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dcviz.caching import Cache, key_of
from dcviz.evaluation.measure import CHUNK, Work, in_model_space, trained
from dcviz.evaluation.suite.subject import Subject
from dcviz.nets import network
from dcviz.randomness import generator
from dcviz.records import EvaluationProtocol, to_json
from dcviz.types import Dataset, Groups

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from dcviz.embed import Reference
    from dcviz.layers import Classifier

VERSION = 1  # raised when training changes, so that older networks are not taken
KEPT = 2**20  # weights of a network that is kept: a larger one is trained again, only its outputs are kept


class Memory:
    """A cache that lives as long as its owner."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[Mapping[str, np.ndarray], Any]] = {}

    def load_cached(self, kind: str, key: str) -> tuple[Mapping[str, np.ndarray], Any] | None:
        """What is kept under a key, or None."""
        return self._held.get((kind, key))

    def save_cached(self, kind: str, key: str, arrays: Mapping[str, np.ndarray], meta: Any) -> None:
        """Keep arrays and plain values."""
        self._held[kind, key] = arrays, meta


@dataclass(frozen=True)
class Judge:
    """The data that sets are judged by, and how."""

    dataset: Dataset
    protocol: EvaluationProtocol  # of the run, or what was asked for; properties change the network in it
    budget: int  # K, of the rivals
    seed: int = 0
    device: torch.device | str = "cpu"
    groups: Groups | None = None  # None: those of the data
    cache: Cache = field(default_factory=Memory)
    _references: list[Reference] = field(default_factory=list, compare=False, repr=False)

    def reference(self) -> Work[Reference]:
        """Where distances between samples are measured: the map's reference features; planar: the plane."""
        if not self._references:
            from dcviz.embed import pixels_view, reference

            made = yield from reference(self.dataset, pixels_view(self.dataset), cache=self.cache)
            self._references.append(made)
        return self._references[0]

    def network(self, subject: Subject, protocol: EvaluationProtocol, number: int) -> Work[Classifier]:
        """Network ``number`` of a protocol, trained on the subject; the same that `evaluation.measure` trains."""
        import torch

        key = self._key(subject, replace(protocol, split="test"), number)  # training knows nothing of the split
        held = self.cache.load_cached("suite-network", key)
        if held is not None:
            data = self.dataset
            net = network(
                protocol.network,
                data.shape,
                len(data.classes),
                generator(0, "overwritten"),
                width=protocol.width,
            )
            net.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in held[0].items()})
            return net.to(self.device).eval()
        made = yield from subject.made(number)
        if subject.step_size and protocol.optimiser == "sgd":
            protocol = replace(protocol, rate=subject.step_size)
        at = self.seed, number
        net = yield from trained(
            made.sample, self.dataset, protocol, at, device=self.device, label_kind=subject.label_kind
        )
        if sum(p.numel() for p in net.parameters()) <= KEPT:
            arrays = {name: t.detach().cpu().numpy() for name, t in net.state_dict().items()}
            self.cache.save_cached("suite-network", key, arrays, {})
        return net

    def logits(self, subject: Subject, protocol: EvaluationProtocol, number: int) -> Work[Tensor]:
        """What that network says of the protocol's test split: ``(n, C)`` on the CPU."""
        import torch

        key = self._key(subject, protocol, number)
        held = self.cache.load_cached("suite-logits", key)
        if held is not None:
            return torch.from_numpy(held[0]["logits"].copy())
        net = yield from self.network(subject, protocol, number)
        split = self.dataset.test if protocol.split == "test" else self.dataset.held_out
        parts = []
        for first in range(0, len(split), CHUNK):
            x, _ = in_model_space(self.dataset, split, slice(first, first + CHUNK))
            with torch.no_grad():
                parts.append(net(x.to(self.device)).float().cpu())
            yield 1.0
        logits = torch.cat(parts)
        self.cache.save_cached("suite-logits", key, {"logits": logits.numpy()}, {})
        return logits

    def _key(self, subject: Subject, protocol: EvaluationProtocol, number: int) -> str:
        like = to_json(replace(protocol, seeds=1))
        data = self.dataset.fingerprint
        return key_of("suite", VERSION, data, subject.key, like, self.seed, number, str(self.device).split(":")[0])
