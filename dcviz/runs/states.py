"""A state as arrays and the JSON that says what they are: for checkpoints, and for the final set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dcviz.condensing.loop import State
from dcviz.records import Recipe, RunConfig
from dcviz.runs.problem import Setup

if TYPE_CHECKING:
    import numpy as np


def pack_state(state: State) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A state as arrays and the JSON that says what they are."""
    from dcviz.condensing.checkpoint import pack

    tree = {"parameters": dict(state.synthetic.parameters), "inner": state.inner, "moments": state.moments}
    arrays, skeleton = pack(tree)
    return arrays, {"step": state.step, "skeleton": skeleton, "labels": state.synthetic.label_kind}


def unpack_state(arrays: dict[str, np.ndarray], meta: dict[str, Any], setup: Setup) -> State:
    """The state of a checkpoint, on the set-up's device."""
    from dcviz.condensing.checkpoint import unpack

    tree = unpack(arrays, meta["skeleton"], setup.device)
    kind = meta.get("labels", setup.start.label_kind)  # a fork may have those of its parent
    synthetic = replace(setup.start, parameters=tree["parameters"], label_kind=kind)
    return State(int(meta["step"]), synthetic, tree["inner"], tree["moments"])


def final_of(state: State, setup: Setup, config: RunConfig) -> tuple[dict[str, np.ndarray], Recipe]:
    """S in full precision with all that is needed to use it."""
    s, data = state.synthetic, setup.dataset
    arrays = {key: value.detach().cpu().numpy() for key, value in s.parameters.items()}
    arrays |= {"classes": s.classes.cpu().numpy(), "ids": s.ids.cpu().numpy()}
    arrays |= {f"transform.{key}": value.cpu().numpy() for key, value in data.transform.arrays().items()}
    if s.views is not None:
        arrays |= {"views": s.views.labels.cpu().numpy(), "maps": s.views.maps.cpu().numpy()}
    recipe = Recipe(
        classes=data.classes,
        shape=data.shape,
        labels=s.label_kind,  # type: ignore[arg-type]
        step_size=s.step_size(),
        transform=data.transform.name,
        decoder=s.decoder.name,
        expand=s.decoder.expand,
        augment=config.evaluation.augment,
        updates=config.evaluation.updates,
        views=0 if s.views is None else len(s.views.labels),
    )
    return arrays, recipe
