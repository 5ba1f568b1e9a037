"""How S moves: torch's optimisers, with one learning rate for each parameter group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dcviz.errors import Refused
from dcviz.records import OptimiserConfig
from dcviz.types import SyntheticSet, Tree

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Optimiser:
    """An optimiser configuration over the steps of a run; ``bounds`` keep images in range after each move."""

    config: OptimiserConfig
    steps: int
    bounds: tuple[Tensor, Tensor] | None = None  # lowest and highest image in model space, (*shape)

    def begin(self, synthetic: SyntheticSet) -> Tree:
        """The state: rates, which can change while a run is live, and moments, empty before the first step."""
        missing = sorted(set(synthetic.parameters) - set(self.config.rates))
        if missing:
            raise Refused(f"the optimiser has no learning rate for {', '.join(missing)}; add it to its rates.")
        if not all(0 <= beta < 1 for beta in self.config.betas) or len(self.config.betas) != 2:
            raise Refused(f"the optimiser's betas are {list(self.config.betas)}; give two numbers from 0 to below 1.")
        rates = {key: float(self.config.rates[key]) for key in synthetic.parameters}
        return {"moves": 0, "rates": rates, "moments": {key: {} for key in rates}}

    def move(self, synthetic: SyntheticSet, gradients: Mapping[str, Tensor], state: Tree) -> tuple[SyntheticSet, Tree]:
        """One move of every parameter group against its gradient; consumes the old parameters.

        Without gradients S and its moments stay, and only the schedule goes on.
        """
        import torch

        if not gradients:
            return synthetic, {**state, "moves": state["moves"] + 1}
        factor = self._schedule(state["moves"])
        moments, parameters = {}, {}
        for key, value in synthetic.parameters.items():
            leaf = value.detach().requires_grad_()
            leaf.grad = gradients[key]
            optimiser = self._make(leaf, state["rates"][key] * factor)
            optimiser.state[leaf] = {k: v.cpu() if k == "step" else v for k, v in state["moments"][key].items()}
            optimiser.step()
            moments[key] = dict(optimiser.state[leaf])
            parameters[key] = leaf.detach()
        if self.bounds is not None and "images" in parameters:
            parameters["images"] = torch.clamp(parameters["images"], *self.bounds)
        after = {**state, "moves": state["moves"] + 1, "moments": moments}
        return replace(synthetic, parameters=parameters), after

    def _make(self, leaf: Tensor, rate: float) -> torch.optim.Optimizer:
        import torch

        from dcviz.condensing.adaptive import AdaBelief, Lamb

        c = self.config
        betas = (c.betas[0], c.betas[1])
        made: dict[str, Any] = {
            "sgd": lambda: torch.optim.SGD([leaf], rate, momentum=c.momentum, weight_decay=c.decay),
            "adam": lambda: torch.optim.Adam([leaf], rate, betas, weight_decay=c.decay),
            "adamw": lambda: torch.optim.AdamW([leaf], rate, betas, weight_decay=c.decay),
            "adabelief": lambda: AdaBelief([leaf], rate, betas, weight_decay=c.decay),
            "lamb": lambda: Lamb([leaf], rate, betas, weight_decay=c.decay),
        }
        return made[c.name]()

    def _schedule(self, moves: int) -> float:
        if self.config.schedule == "constant":
            return 1.0
        fallen = 0.5 * (1 + math.cos(math.pi * min(moves / max(self.steps, 1), 1.0)))
        return fallen if self.config.schedule == "cosine" else 0.1 + 0.9 * fallen
