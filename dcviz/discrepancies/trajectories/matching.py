"""Trajectory matching: a network trained on S should arrive where one trained on T has arrived."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcviz.discrepancies.random_features.networks import fitting
from dcviz.errors import Refused
from dcviz.types import (
    Discrepancy,
    Needs,
    Plan,
    Progress,
    RealSampler,
    Source,
    SyntheticSet,
    Terms,
    Tree,
    hyper,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.discrepancies.trajectories.experts import Experts

LABELS = ("hard", "learned", "assigned")


@dataclass(frozen=True)
class TrajectoryMatching(Discrepancy):
    r"""How far from an expert's later weights N steps of SGD on S end, from the same earlier weights.

    .. math:: \frac{\lVert\hat\theta_{t+N}-\theta^*_{t+M}\rVert^2}{\lVert\theta^*_t-\theta^*_{t+M}\rVert^2},\quad
              \hat\theta_{i+1}=\hat\theta_i-\alpha\nabla\ell(A_iS;\hat\theta_i),\quad \hat\theta_t=\theta^*_t

    Experts are trained on T once. The step size α is learned with S (group ``rate``; not below 0, where its gradient
    still pulls it up). Labels can be learned too (group ``labels``, logits), or assigned: what the target network
    says of S, anew at each step, and at the end for good. A value of 1 means that nothing was learned. The
    gradient is exact and swept backwards over stored weights, see `sweep`; with ``held`` it is TESLA's, which drops
    the second-order terms between steps. Cost O(N) forward and backward passes of S; memory O(NP) and one step.
    """

    name = "trajectory-matching"
    title = "trajectory matching"
    sentence = "Asks that training on the synthetic set leads a network where training on the real one leads it."
    formula = r"\frac{\lVert\hat\theta_{t+N}-\theta^*_{t+M}\rVert^2}{\lVert\theta^*_t-\theta^*_{t+M}\rVert^2}"
    source = Source(
        "G. Cazenavette, T. Wang, A. Torralba, A. A. Efros, J.-Y. Zhu",
        "Dataset Distillation by Matching Training Trajectories",
        2022,
        "https://arxiv.org/abs/2203.11932",
        "Eq. 2",
    )
    where = "trajectories"
    reads = "whole"
    properties = frozenset({"nonnegative"})
    rates = {"rate": 1e-3, "labels": 0.05}

    network: str = hyper(
        "auto", "Architecture; auto: ConvNet for images, MLP for points.", choices=("auto", "convnet", "mlp")
    )
    width: int = hyper(32, "Channels (ConvNet) or units (MLP) per layer.", low=4, high=512, log=True)
    experts: int = hyper(5, "Networks trained on T.", low=1, high=200, log=True)
    epochs: int = hyper(20, "Passes over T in the training of each.", low=1, high=200)
    expert_batch: int = hyper(32, "Real samples per step of that training.", low=1, high=4096, log=True)
    expert_rate: float = hyper(0.02, "Learning rate of that training (plain SGD).", low=1e-5, high=1.0, log=True)
    span: int = hyper(2, "Epochs of an expert from start to target.", low=1, high=50)
    inner: int = hyper(10, "Steps of SGD on S from the same start.", low=1, high=200)
    inner_batch: int = hyper(256, "Synthetic samples per such step.", low=1, high=4096, log=True)
    rate: float = hyper(0.02, "Step size of that SGD at first; it is learned.", low=1e-5, high=1.0, log=True)
    earliest: int = hyper(0, "First epoch of an expert to start from.", low=0, high=200)
    latest: int = hyper(10, "Epoch before which starts lie.", low=1, high=200)
    opening: int = hyper(0, "The same at the first update of S, growing to latest; 0: no growth.", low=0, high=200)
    growth: int = hyper(1000, "Updates of S until it has grown.", low=1, high=100000, log=True)
    labels: str = hyper(
        "hard", "Labels of S: its classes, learned with it, or assigned by each target.", choices=LABELS
    )
    threshold: float = hyper(0.0, "Leave out steps with a value above this, as DATM does; 0: none.", low=0.0, high=10.0)
    held: bool = hyper(False, "Differentiate each step at a constant inner weight, as TESLA's code does.")
    augment: str = hyper("", "Augmentation of inner steps and experts, e.g. color_crop_cutout; empty for none.")

    def __post_init__(self) -> None:
        """Refuse starts from which no target can be reached."""
        super().__post_init__()
        first = self.opening or self.latest
        if not self.earliest < first <= self.latest or self.latest - 1 + self.span > self.epochs:
            raise Refused(
                f"starts from epoch {self.earliest} to before {first}, later {self.latest}, with targets {self.span} "
                f"epochs on do not fit into {self.epochs} epochs: raise epochs, or lower latest or span."
            )

    @property
    def needs(self) -> Needs:
        """Nothing of T but the experts; start and expert are drawn afresh."""
        return Needs(space="fresh", planar=not self.augment)

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """The experts' weights, and a network to put them into."""
        experts = self._experts(real)
        weights = experts.trained(real, generator, progress)
        return {"net": experts.untrained(real, generator), "weights": weights}  # E × (epochs + 1, P)

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """S with a step size, and with labels to learn where they are asked for."""
        from dcviz.discrepancies.trajectories.labels import agreed

        parameters = {"rate": synthetic.stored.new_full((), self.rate), **synthetic.parameters}
        if self.labels != "learned" or "labels" in parameters:
            return replace(synthetic, parameters=parameters)
        y = agreed(context["net"], [path[-1] for path in context["weights"]], synthetic)
        return replace(synthetic, parameters={**parameters, "labels": y}, label_kind="logits")

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """The number of updates done."""
        return {"updates": 0}

    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """One term, by autograd through all inner steps; `gradient` gives the same with less memory."""
        from dcviz.discrepancies.trajectories.sweep import roll
        from dcviz.discrepancies.trajectories.task import drawn

        batch = synthetic.decode()
        task = drawn(self, (context, state), real, synthetic, batch, generator)
        end = roll(task.inner, task.start, batch.x, task.y, self._rate(synthetic))
        return {"trajectory": task.goal(end)}, state

    def gradient(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, dict[str, Tensor], Tree]:
        """The term and its gradient by the reverse sweep, then through the decoder."""
        import torch

        from dcviz.discrepancies.trajectories.sweep import sweep
        from dcviz.discrepancies.trajectories.task import drawn

        leaves = {k: v.detach().requires_grad_() for k, v in synthetic.parameters.items()}
        batch = replace(synthetic, parameters=leaves).decode()
        task = drawn(self, (context, state), real, synthetic, batch, generator)
        swept = sweep(task.inner, task.start, (batch.x, task.y), self._rate(synthetic), task.goal)
        outputs, slopes = [batch.x], [swept.x]
        if swept.y is not None and batch.y.requires_grad:
            outputs, slopes = [batch.x, batch.y], [swept.x, swept.y]
        found = torch.autograd.grad(outputs, list(leaves.values()), slopes, allow_unused=True)
        gradients = {
            k: torch.zeros_like(v) if g is None else g for (k, v), g in zip(leaves.items(), found, strict=True)
        }
        if "rate" in gradients:
            gradients["rate"] = swept.rate
        return {"trajectory": swept.value}, gradients, state

    def follows(self, terms: Terms) -> bool:
        """Not where training on S led farther away than the threshold says; one wait beside all the inner steps."""
        return not (self.threshold and bool(terms["trajectory"] > self.threshold))

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """Count."""
        return {"updates": state["updates"] + 1}

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """S with the labels that a last target gives it, where labels are assigned."""
        from dcviz.discrepancies.trajectories.task import drawn

        if self.labels != "assigned":
            return synthetic
        task = drawn(self, (context, state), real, synthetic, synthetic.decode(), generator)
        return replace(synthetic, parameters={**synthetic.parameters, "labels": task.y}, label_kind="probabilities")

    def before(self, updates: int) -> int:
        """The epoch before which starts lie after some updates of S."""
        if not self.opening:
            return self.latest
        return self.opening + int((self.latest - self.opening) * min(updates / self.growth, 1.0))

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Two gradients and one Hessian product a step; one step's activations, inner weights, experts."""
        from dcviz.nets import activations, flops, weights

        name, fake = fitting(self.network, shape), min(classes * per_class, self.inner_batch)
        one, held = (count(name, shape, self.width) for count in (flops, activations))
        vectors = self.inner + self.experts * (self.epochs + 1)
        return 12 * one * fake * self.inner, 4.0 * (
            4 * held * fake + vectors * weights(name, shape, self.width, classes)
        )

    def _experts(self, real: RealSampler) -> Experts:
        from dcviz.discrepancies.trajectories.experts import Experts

        return Experts(
            fitting(self.network, real.shape),
            self.width,
            self.experts,
            self.epochs,
            self.expert_batch,
            self.expert_rate,
            self.augment,
        )

    def _rate(self, synthetic: SyntheticSet) -> Tensor:
        """The step size, not below 0; S of another method has none, and gets the one declared."""
        held = synthetic.parameters.get("rate")
        if held is None:
            return synthetic.stored.new_full((), self.rate)
        return held + (held.clamp_min(0) - held).detach()
