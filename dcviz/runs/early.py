"""What can be refused before a run is queued, from its configuration alone: nobody should wait for a refusal."""

from __future__ import annotations

from dcviz.augment import parse
from dcviz.condensing.save_at import SaveAt
from dcviz.data.catalogue import is_planar, refuse_few, refuse_meaningless
from dcviz.errors import Refused, refuse_outside, unknown
from dcviz.nets import NETWORKS
from dcviz.records import EvaluationProtocol, OptimiserConfig, RunConfig
from dcviz.training import Training
from dcviz.types import Discrepancy, made_of

AUGMENTED = ("augment", "moves")  # parameters that are augmentations
IMAGE = (1, 8, 8)  # whose shape does not matter: only the names are looked at
MOVED = {"momentum": (0.0, 1.0), "decay": (0.0, None)}  # of an optimiser
TRAINED = {"seeds": (1, 1000), "width": (1, 10**5), **MOVED}  # of a protocol
UNCLAMPED = "clamping keeps pixels in [0, 1]: leave it off, or choose images, normalised and not whitened."


def refuse_early(config: RunConfig, discrepancy: Discrepancy) -> None:
    """Refuse what means nothing: numbers out of range, one class, clamping, names of augmentations, code without name.

    Raises:
        Refused: with the cure.
    """
    data = config.data
    refuse_meaningless(data)
    SaveAt(config.saving.frames)
    _refuse_optimiser(config.optimiser)
    _refuse_protocol("evaluation", config.evaluation)
    if config.live is not None:
        _refuse_protocol("live", config.live)
    if data.classes is not None:
        refuse_few(len(set(data.classes)), data.name)
    if config.clamp and (data.transform == "zca" or is_planar(data)):
        raise Refused(UNCLAMPED)
    for part in made_of(discrepancy):
        for key, fact in part.hypers().items():
            value = getattr(part, key)
            if key in AUGMENTED:
                parse(value, IMAGE)
            if fact.code and not value:
                raise Refused(f"{part.name} needs its {key}: name what makes it as file.py:function.")


def _refuse_optimiser(config: OptimiserConfig) -> None:
    for key, (low, high) in MOVED.items():
        refuse_outside(f"optimiser.{key}", getattr(config, key), low, high)
    for key, rate in config.rates.items():
        refuse_outside(f"optimiser.rates.{key}", rate, 0.0)


def _refuse_protocol(path: str, protocol: EvaluationProtocol) -> None:
    Training(protocol.updates, protocol.batch, protocol.optimiser, protocol.rate)
    for key, (low, high) in TRAINED.items():
        refuse_outside(f"{path}.{key}", getattr(protocol, key), low, high)
    if protocol.network not in NETWORKS:
        raise unknown("network", protocol.network, NETWORKS)
    parse(protocol.augment, IMAGE)
