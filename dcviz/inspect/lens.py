"""The lens: what each discrepancy would do next to the images of one frozen snapshot.

Every gradient comes from the discrepancy's own declaration: the panel only chooses which, and looks at S through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dcviz import registry
from dcviz.errors import unknown
from dcviz.inspect.snapshot import Snapshot, before_finishing, unpacked
from dcviz.randomness import generator
from dcviz.records import RunConfig
from dcviz.types import Dataset, Discrepancy, Progress, SyntheticSet, Tree

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from dcviz.runs.store import Run, Store

OWN = "own"  # the run's own objective
PANEL = (  # one or two of each regime that needs no long preparation
    "data/energy",
    "random-features/mean",
    "random-features/mmd",
    "gradients/gradient-matching",
    "predictions/ridge",
    "trained-features/energy",  # last: its networks are trained first
)
PLANE = ("data/energy", "data/mmd", "data/sinkhorn", "data/mean", "random-features/mean", "predictions/ridge")
DRAWS = 4  # over which the gradient is averaged where every step compares in a fresh space


@dataclass(frozen=True)
class Lens:
    """One discrepancy to look through."""

    key: str  # regime/method, as in the atlas; preset/name; or OWN
    title: str
    choices: Mapping[str, Any] = field(default_factory=dict)  # for `configure`


@dataclass(frozen=True, eq=False)
class Pull:
    """What a discrepancy says of a whole snapshot."""

    lens: Lens
    value: float  # of the discrepancy, on the last draw
    gradient: np.ndarray  # (M, *shape) float32, in model space, of each decoded image
    draws: int  # over which it is a mean

    def norm(self, i: int) -> float:
        """The length of the gradient of the i-th image."""
        return float((self.gradient[i].astype(float) ** 2).sum() ** 0.5)

    def cosine(self, other: Pull, i: int) -> float | None:
        """Of the angle to another discrepancy's gradient of the i-th image; None where either is 0."""
        both = self.norm(i) * other.norm(i)
        product = (self.gradient[i].astype(float) * other.gradient[i].astype(float)).sum()
        return float(product / both) if both > 0 else None


def lenses() -> dict[str, Lens]:
    """All discrepancies to look through but the run's own: divergences by regime, regimes' own distances, presets."""
    found = []
    for regime in registry.known("regime").values():
        if regime.brought:
            continue
        for divergence in registry.known("divergence").values():
            choices = {"regime": regime.name, "divergence": divergence.name}
            found.append(
                Lens(
                    f"{regime.name}/{divergence.name}", f"{divergence.name.replace('-', ' ')} · {regime.title}", choices
                )
            )
    for method in registry.known("discrepancy").values():
        if method.where != "any" and not method.serves:
            where = method.where.replace("-", " ")
            found.append(
                Lens(f"{method.where}/{method.name}", f"{method.title} · {where}", {"discrepancy": method.name})
            )
    for preset in registry.known("preset").values():
        found.append(Lens(f"preset/{preset.name}", f"{preset.title} · preset", {"preset": preset.name}))
    return {lens.key: lens for lens in found}


def lens(key: str) -> Lens:
    """One of them by its key; an unknown one is refused with those of its regime, else with the regimes."""
    known = lenses()
    if key not in known:
        regime = key.partition("/")[0] + "/"
        near = [k for k in known if k.startswith(regime)] or sorted({k.partition("/")[0] + "/…" for k in known})
        raise unknown("discrepancy to look through", key, near)
    return known[key]


def panel(planar: bool) -> tuple[str, ...]:
    """The keys of those that are looked through unless others are chosen."""
    return tuple(key for key in (PLANE if planar else PANEL) if key in lenses())


class Bench:
    """The real data of a run, set up to look at its snapshots; contexts are prepared once each."""

    def __init__(self, store: Store, run: Run, dataset: Dataset) -> None:
        """Put T on the device that there is, whichever the run had."""
        from dcviz.data.sampler import Real
        from dcviz.runs.problem import device_of

        self.store, self.run, self.config, self.dataset = store, run, run.config, dataset
        self.device = device_of("auto")
        self.real = Real(dataset, self.device, self.config.seed, store)
        self._contexts: dict[str, Tree] = {}

    def pull(self, of: Lens, at: Snapshot, progress: Progress) -> Pull:
        """The gradient of one discrepancy at a snapshot.

        The run's own objective sees what its next step would see: the same draws, the state and the learned labels
        of the checkpoint where there is one, else as they are at the start of a run. Others begin afresh.

        Raises:
            Refused: the discrepancy is not defined for this data, or its plug-in is missing.
            Cancelled: from ``progress``.
        """
        from dcviz.runs.foreign import refuse_foreign
        from dcviz.runs.problem import refuse_unmet

        if of.key == OWN:
            refuse_foreign(self.store, self.config)
        discrepancy = discrepancy_behind(of, self.config)
        refuse_unmet(discrepancy, self.dataset)
        seen = before_finishing(self.store, self.run, self.dataset, at) if of.key == OWN else at
        start = _moved(seen.synthetic(len(self.dataset.classes)), self.device)
        context = self._context(of, discrepancy, start, progress)
        synthetic = discrepancy.extend(context, start, generator(self.config.seed, "extend"))
        if of.key == OWN:
            synthetic = _with_learned(synthetic, seen)
        parts = getattr(discrepancy, "parts", (discrepancy,))
        draws = DRAWS if of.key != OWN and any(part.needs.space == "fresh" for part in parts) else 1
        value, total = 0.0, synthetic.stored.new_zeros(synthetic.stored.shape)
        for i in range(draws):
            progress(of.title, i / draws)
            value, gradient = self._gradient(discrepancy, context, synthetic, (seen, i, of.key == OWN))
            total += gradient / draws
        return Pull(of, value, total.float().cpu().numpy(), draws)

    def _gradient(
        self, discrepancy: Discrepancy, context: Tree, synthetic: SyntheticSet, how: tuple[Snapshot, int, bool]
    ) -> tuple[float, Tensor]:
        """The value and the gradient of the images in one draw, that of the step after the snapshot being the first."""
        seen, draw, own = how
        seed, step = self.config.seed, seen.step + 1 + draw
        if own and seen.inner is not None:
            arrays, skeleton = seen.inner
            state = unpacked(arrays, skeleton, self.device)
        else:
            state = discrepancy.begin(context, synthetic, generator(seed, "begin"))
        terms, gradients, _ = discrepancy.gradient(
            context, state, self.real.at(step), synthetic, generator(seed, "loss", step)
        )
        return float(discrepancy.objective(terms)), gradients["images"]

    def _context(self, of: Lens, discrepancy: Discrepancy, start: SyntheticSet, progress: Progress) -> Tree:
        if of.key not in self._contexts:
            at = generator(self.config.seed, "prepare")
            self._contexts[of.key] = discrepancy.prepare(self.real.at(0), start.plan(), at, progress)
        return self._contexts[of.key]


def own(config: RunConfig) -> Lens:
    """The run's own objective."""
    from dcviz.runs.words import method

    return Lens(OWN, method(config, " in ").replace("-", " "))


def discrepancy_behind(of: Lens, config: RunConfig) -> Discrepancy:
    """The discrepancy of a lens, for a run of this configuration."""
    from dcviz.runs.configure import configure
    from dcviz.runs.problem import discrepancy_of

    if of.key == OWN:
        return discrepancy_of(config)
    return discrepancy_of(configure(data=config.data, budget=config.budget, **of.choices))


def told(of: Lens, config: RunConfig) -> list[tuple[str, str]]:
    """A sentence and a formula for every term behind a lens; needs no torch."""
    parts = getattr(discrepancy_behind(of, config), "parts", ())
    found = [getattr(part, "divergence", part) for part in parts]
    return [(one.sentence, one.formula) for one in found]


def move_of(dataset: Dataset, gradient: np.ndarray) -> np.ndarray:
    """What a plain step of rate 1 against the gradient of one image does to its pixels (planar: coordinates).

    Transforms are affine, so a smaller step does the same in proportion, wherever it starts. Both ``(*shape)``.
    """
    import torch

    step = torch.from_numpy(gradient)[None]
    moved = dataset.transform.inverse(-step) - dataset.transform.inverse(torch.zeros_like(step))
    return moved[0].numpy()


def _with_learned(synthetic: SyntheticSet, seen: Snapshot) -> SyntheticSet:
    """S with what else was learned with it, as far as the snapshot has it and the objective wants it."""
    held = {k: v.to(synthetic.stored.device) for k, v in seen.learned.items()}
    fitting = {k: held[k] for k, v in synthetic.parameters.items() if k in held and held[k].shape == v.shape}
    kind = seen.label_kind if "labels" in fitting else synthetic.label_kind
    return replace(synthetic, parameters={**synthetic.parameters, **fitting}, label_kind=kind)


def _moved(synthetic: SyntheticSet, device: torch.device) -> SyntheticSet:
    moved = synthetic.map(lambda t: t.to(device))
    return replace(moved, classes=moved.classes.to(device), ids=moved.ids.to(device))
