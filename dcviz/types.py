"""The torch side of the vocabulary: data, the synthetic set, and what a divergence and a discrepancy are.

Letters, fixed once: N real, M synthetic, C classes, K stored images per class, D features. Images are
``(N, channels, height, width)``, planar data ``(N, 2)``; the order is always real, then synthetic.

Importing this module does not import torch, so that names, help and ranges are at hand at once.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from dcviz.errors import Refused, refuse_outside

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dcviz.caching import Cache
    from dcviz.records import RunConfig

Tree = Any  # nested dicts, lists and tuples of tensors, numbers and None
Progress = Callable[[str, float], None]  # (what is being done, fraction in [0, 1]); may raise Cancelled


def silent(what: str, fraction: float) -> None:
    """The progress callback that says nothing."""


# ------------------------------------------------------------------------------------------------ declarations


@dataclass(frozen=True)
class Source:
    """Where a formula or a constant comes from."""

    authors: str
    title: str
    year: int
    link: str  # https address
    equation: str = ""  # where in the text, e.g. "Eq. 3"


@dataclass(frozen=True)
class Hyper:
    """What is known of one hyper-parameter: forms, flags and tables are made from it."""

    help: str  # one line
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    log: bool = False  # a slider should be logarithmic
    part: str = ""  # "divergence" or "regime": the value is itself a declaration of that kind
    code: bool = False  # the value names Python that will be run
    added: bool = False  # came after the first release: left out of descriptions at its default, whose text is a key


def hyper(default: Any, help: str, **facts: Any) -> Any:
    """A dataclass field that is a hyper-parameter; ``facts`` are those of `Hyper`."""
    return field(default=default, metadata={"hyper": Hyper(help, **facts)})


def hyper_of(declaration: type[Declaration], key: str, **other: Any) -> Any:
    """A dataclass field that is a hyper-parameter of another declaration, as declared there.

    ``other`` is what is not as there: its ``default``, or facts of `Hyper`.
    """
    default = other.pop("default", declaration.default(key))
    return field(default=default, metadata={"hyper": dataclasses.replace(declaration.hypers()[key], **other)})


@dataclass(frozen=True)
class Declaration:
    """Something with a name that people choose. Its dataclass fields are its hyper-parameters."""

    name: ClassVar[str]  # in flags, URLs and files
    title: ClassVar[str]  # on screen
    sentence: ClassVar[str]  # one plain sentence for a reader who has not met it
    formula: ClassVar[str]  # LaTeX
    source: ClassVar[Source]

    def __post_init__(self) -> None:
        """Refuse values outside the declared range, choices or type."""
        for key, fact in self.hypers().items():
            if not fact.part:
                _check(f"{self.name}.{key}", getattr(self, key), fact)

    @classmethod
    def hypers(cls) -> dict[str, Hyper]:
        """The declared hyper-parameters by field name."""
        return {f.name: f.metadata["hyper"] for f in dataclasses.fields(cls) if "hyper" in f.metadata}

    @classmethod
    def default(cls, key: str) -> Any:
        """The default of one hyper-parameter."""
        return next(f for f in dataclasses.fields(cls) if f.name == key).default


def made_of(declaration: Declaration) -> Iterator[Declaration]:
    """A declaration and all that it is made of: its parameters that are declarations, and what it goes around."""
    yield declaration
    inside = [getattr(declaration, key) for key in declaration.hypers()]
    for part in (*inside, *getattr(declaration, "parts", ())):
        if isinstance(part, Declaration):
            yield from made_of(part)


def _check(label: str, value: Any, fact: Hyper) -> None:
    if fact.choices and value not in fact.choices:
        raise Refused(f"{label} is {value!r}; choose one of {', '.join(fact.choices)}.")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        refuse_outside(label, value, fact.low, fact.high, fact.unit)


# -------------------------------------------------------------------------------------------------------- data


@dataclass(frozen=True)
class Batch:
    """Samples in model space (after the data set's transform)."""

    x: Tensor  # (B, channels, height, width) or (B, 2) float32
    y: Tensor  # (B,) int64 classes, or (B, C) float32 soft labels
    id: Tensor  # (B,) int64, stable from source to export


@dataclass(frozen=True)
class ClassBatch:
    """Samples stacked by class. A class with fewer than n samples is padded and masked, never repeated."""

    x: Tensor  # (C, n, *shape)
    weights: Tensor  # (C, n) float32, each row sums to 1; 0 marks padding
    id: Tensor  # (C, n) int64; -1 marks padding
    present: tuple[int, ...] | None = None  # the classes that have samples, known on the host; None: all of them

    def flat(self) -> tuple[Tensor, Tensor]:
        """The unpadded samples and their classes: ``(B, *shape)``, ``(B,)``."""
        keep = self.weights > 0  # (C, n)
        return self.x[keep], keep.nonzero()[:, 0]


class Transform(Protocol):
    """An invertible map from pixels in [0, 1] (planar: coordinates) to model space."""

    name: str

    def forward(self, x: Tensor) -> Tensor:
        """Pixels ``(B, *shape)`` in [0, 1] to model space."""

    def inverse(self, z: Tensor) -> Tensor:
        """Model space to pixels; the caller clips to [0, 1] for show."""

    def arrays(self) -> dict[str, Tensor]:
        """All that is needed to build the same transform again."""

    def to(self, device: torch.device) -> Transform:
        """The same map with its numbers on a device."""


class Samples(Protocol):
    """What is asked of stored samples ``(n, *shape)``: a tensor, or rows that stay on the disk (`dcviz.data.rows`)."""

    @property
    def shape(self) -> torch.Size:
        """The number of samples, and the shape of one."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the numbers."""

    def __len__(self) -> int:
        """The number of samples."""

    def __getitem__(self, at: Any) -> Tensor:
        """Samples by number, slice or tensor of indices."""

    def split(self, size: int) -> Iterable[Tensor]:
        """All samples in chunks."""

    def dim(self) -> int:
        """The number of dimensions, that of samples included."""

    def numel(self) -> int:
        """Numbers in all."""

    def element_size(self) -> int:
        """Bytes a number."""

    def is_floating_point(self) -> bool:
        """Whether they are pixels in [0, 1] or coordinates, not bytes."""


@dataclass(frozen=True)
class Split:
    """Labelled real samples before the transform."""

    x: Samples  # (n, channels, height, width) uint8 in 0..255 or float32 in [0, 1]; planar (n, 2) float32
    y: Tensor  # (n,) int64
    id: Tensor  # (n,) int64, index in the source

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Groups:
    """The group of every real sample, by number: what fairness is between. Without a column, the classes."""

    names: tuple[str, ...]  # G
    train: Tensor  # (N,) int64
    test: Tensor  # (n,) int64
    key: str  # of the content


@dataclass(frozen=True)
class Dataset:
    """A real data set T with its splits and its own invertible transform."""

    name: str
    title: str
    classes: tuple[str, ...]
    train: Split  # what condensation sees
    held_out: Split  # a stratified tenth of the training part: live accuracy
    test: Split  # used once, at the end
    transform: Transform
    fingerprint: str  # hash of content, splits and transform: the key of every cache
    score: Callable[[Tensor, Tensor], Tensor] | None = None
    """∇ log p of each class before the transform, where known: points ``(B, 2)``, classes ``(B,)`` -> ``(B, 2)``."""
    column: Groups | None = None  # of the samples, where there is one beside the classes

    @property
    def groups(self) -> Groups:
        """The groups of the samples: those of the column, else the classes."""
        return self.column or Groups(self.classes, self.train.y, self.test.y, "classes")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (channels, height, width), or (2,)."""
        return tuple(self.train.x.shape[1:])

    @property
    def planar(self) -> bool:
        """Whether samples are points of the plane."""
        return len(self.shape) == 1


class Noise(Protocol):
    """Random numbers for one question about the real rows; of private rows, numbers that no seed gives away."""

    run: str  # what a question that differs at each step is to name, so that no two runs share its numbers

    def mark(self, *question: object) -> str:
        """A name for a question about these rows; without the key it tells nothing of them."""

    def normal(self, shape: tuple[int, ...], *question: object) -> Tensor:
        """Standard normal numbers, float64 on the CPU; the same ones whenever the same is asked."""


class RealSampler(Protocol):
    """T as a discrepancy sees it during one step: transformed, on the device, drawn by the step's generator."""

    shape: tuple[int, ...]
    size: int  # N
    counts: Tensor  # (C,) int64, on the CPU; of private rows N in equal parts
    group_names: tuple[str, ...]  # G; the classes' numbers where there is no column of groups
    device: torch.device
    fingerprint: str
    transform: Transform  # between pixels and what is drawn here, on the device
    secret: Noise
    cache: Cache | None  # where `prepare` keeps what is costly, by content; None: nowhere
    score: Callable[[Tensor, Tensor], Tensor] | None
    """∇ log p of each class in closed form, where it is known: points ``(B, 2)``, classes ``(B,)`` -> ``(B, 2)``."""

    @property
    def group_counts(self) -> Tensor:
        """How many samples of each class are in each group: ``(C, G)`` int64, on the CPU."""

    def batch(self, per_class: int) -> ClassBatch:
        """Up to ``per_class`` samples of every class without replacement; a smaller class comes whole."""

    def shuffled(self, size: int) -> Batch:
        """``size`` samples of the whole set without replacement (all of it when smaller)."""

    def poisson(self, rate: float) -> Batch:
        """Each sample independently with probability ``rate``; may be empty."""

    def whole(self, chunk: int = 1024) -> Iterator[Batch]:
        """All samples once, in the order of the source, in chunks."""

    def weighed(self, mass: Tensor) -> RealSampler:
        """T in which each group of a class has the given mass ``(C, G)``, on the CPU: batches are drawn so.

        `whole`, `poisson`, the counts and what is cached are those of T as it is.
        """


# ----------------------------------------------------------------------------------------------- synthetic set


class Decoder(Protocol):
    """How stored parameters become images: pixels as they are, several to a stored image, and so on."""

    @property
    def name(self) -> str:
        """Its name in recipes."""

    @property
    def expand(self) -> int:
        """Decoded images per stored image."""

    def decode(self, stored: Tensor) -> Tensor:
        """Stored ``(m, …)`` to decoded ``(m·expand, *shape)``; the decoded of one stored image are adjacent."""


@dataclass(frozen=True)
class Views:
    """Soft labels for A views of S: view a moves every decoded image by an affine map of its own (`dcviz.views`)."""

    labels: Tensor  # (A, M·expand, C), of the set's label kind
    maps: Tensor  # (A, M·expand, 2, 3) float32, as `dcviz.augment.warp` takes them


@dataclass(frozen=True)
class SyntheticSet:
    """S: parameters to be learned, in groups that each have their own learning rate, and how they decode.

    Groups: ``images`` (or ``codes``), optionally ``labels`` (soft, ``(M·expand, C)``), and extras such as a
    learned step size. Stored images are ordered by class; ids never change from start to export.
    """

    parameters: Mapping[str, Tensor]
    classes: Tensor  # (M,) int64, ascending
    ids: Tensor  # (M,) int64
    counts: tuple[int, ...]  # (C,) stored images per class: kept on the host, so that no step waits for the device
    decoder: Decoder
    label_kind: str = "hard"  # hard | logits | probabilities | values
    views: Views | None = None  # stored views with their soft labels: what a network then trains on

    @property
    def stored(self) -> Tensor:
        """The stored images or codes ``(M, …)``."""
        return self.parameters["images"] if "images" in self.parameters else self.parameters["codes"]

    def decode(self, indices: Tensor | None = None) -> Batch:
        """The images that a network trains on, with labels and ids, for all or some stored images."""
        import torch

        if indices is None:
            indices = torch.arange(len(self.classes), device=self.classes.device)
        x = self.decoder.decode(self.stored[indices])
        e = self.decoder.expand
        inner = torch.arange(e, device=indices.device)
        at = (indices[:, None] * e + inner).flatten()  # (m·e,) positions among the decoded
        ids = (self.ids[indices][:, None] * e + inner).flatten()
        y = self.parameters["labels"][at] if "labels" in self.parameters else self.classes[indices].repeat_interleave(e)
        return Batch(x, y, ids)

    def by_class(self) -> ClassBatch:
        """The decoded images stacked by class ``(C, K·expand, *shape)``, padded where budgets differ."""
        return stack_classes(self.decode().x, [n * self.decoder.expand for n in self.counts])

    def decoded_classes(self) -> Tensor:
        """The class of each decoded image ``(M·expand,)``."""
        return self.classes.repeat_interleave(self.decoder.expand)

    def plan(self) -> Plan:
        """What a discrepancy may know of S before it exists."""
        import torch

        return Plan(self.decoded_classes(), torch.tensor(self.counts) * self.decoder.expand)

    def bytes(self) -> int:
        """Stored size: parameters (images as float32, labels, extras), and stored views with their maps."""
        held = [*self.parameters.values()] + ([self.views.labels, self.views.maps] if self.views is not None else [])
        return sum(t.numel() * t.element_size() for t in held)

    def step_size(self) -> float | None:
        """The learning rate of a student's SGD that was learned with S, if one was; waits for the device."""
        return max(float(self.parameters["rate"]), 0.0) if "rate" in self.parameters else None

    def map(self, function: Callable[[Tensor], Tensor]) -> SyntheticSet:
        """The same set with ``function`` applied to every parameter (detach, clone, move)."""
        return dataclasses.replace(self, parameters={k: function(v) for k, v in self.parameters.items()})


@dataclass(frozen=True)
class Plan:
    """Labels and counts of S, decoded, known before the first step."""

    labels: Tensor  # (M·expand,) int64
    counts: Tensor  # (C,) int64, on the CPU


def stack_classes(x: Tensor, counts: Sequence[int]) -> ClassBatch:
    """Stack samples ``x (B, *shape)`` ordered by class into ``(C, n, *shape)``, padded and masked to the largest."""
    import torch

    C, n = len(counts), max(counts)
    ids = torch.arange(len(x), device=x.device)
    if min(counts) == n:
        return ClassBatch(x.reshape(C, n, *x.shape[1:]), x.new_full((C, n), 1 / n), ids.reshape(C, n))
    row = torch.tensor([c for c, count in enumerate(counts) for _ in range(count)], device=x.device)  # (B,)
    column = torch.tensor([i for count in counts for i in range(count)], device=x.device)
    mass = torch.tensor([1 / count for count in counts for _ in range(count)], device=x.device, dtype=x.dtype)
    stacked = x.new_zeros((C, n, *x.shape[1:])).index_put((row, column), x)
    weights = x.new_zeros((C, n)).index_put((row, column), mass)
    return ClassBatch(stacked, weights, ids.new_full((C, n), -1).index_put((row, column), ids))


# --------------------------------------------------------------------------------- divergences and discrepancies

PROPERTIES = {
    "zero": "is 0 between a set and itself",
    "separates": "is 0 only between equal distributions",
    "nonnegative": "is never below 0",
    "symmetric": "does not change when real and synthetic are exchanged",
    "triangle": "its square root (of a squared form: see `root`) obeys the triangle inequality",
    "duplicates": "does not change when every synthetic point is doubled",
    "rigid": "does not change when both sets are moved or turned together",
    "minibatch": "its gradient under mini-batches of real data is unbiased",
}


class Divergence(Declaration, ABC):
    """A distance between two clouds of vectors.

    ``fit`` computes once all that depends on the real side alone; ``value`` is differentiable in ``y``. Leading
    dimensions (classes) are independent problems. Weights are non-negative and sum to 1 along the points; a
    weight of 0 masks a point entirely (its coordinates may be anything finite).
    """

    properties: ClassVar[frozenset[str]]  # of the estimator with default hyper-parameters; keys of PROPERTIES
    root: ClassVar[int] = 1  # "triangle" is claimed for value ** (1 / root)
    degree: ClassVar[float | None] = None  # value(s·x, s·y) = s**degree · value(x, y), if so (likewise)
    cost: ClassVar[str]  # of one step with the real side cached, e.g. "O(NMD)"
    needs_score: ClassVar[bool] = False  # ∇ log p of the real side: `fit` learns it, `fit_scored` is given it
    largest: ClassVar[int | None] = None  # dimensions D beyond which it is not defined; `fit` says why
    host: ClassVar[bool] = False  # whether it is solved on the CPU, so that each step waits for the device
    carries: ClassVar[bool] = False  # whether its state serves any real side of D dimensions, not only its own

    @property
    def holds(self) -> frozenset[str]:
        """The properties that hold with these hyper-parameters; overridden where these decide."""
        return self.properties

    @abstractmethod
    def fit(self, x: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> Tree:
        """The real side: kernel sums, sorted projections, potentials. ``x (…, N, D)``, ``weights (…, N)``."""

    def fit_scored(
        self,
        score: Callable[[Tensor], Tensor],
        x: Tensor,
        generator: torch.Generator,
        weights: Tensor | None = None,
    ) -> Tree:
        """`fit` where ∇ log p of the real side is known: ``score`` maps ``(…, M, D)`` to the same shape."""
        return self.fit(x, generator, weights)

    @abstractmethod
    def value(self, side: Tree, y: Tensor, weights: Tensor | None = None, state: Tree = None) -> tuple[Tensor, Tree]:
        """The divergence ``(…)`` of ``y (…, M, D)`` with ``weights (…, M)``, and the state to pass next time.

        ``state`` is what the last call on the same side returned (warm potentials, an adversary), or None; where it
        `carries`, the last call on any side.
        """


@dataclass(frozen=True)
class Space:
    """What the maps of a regime start from."""

    shape: tuple[int, ...]  # of one sample
    classes: int  # C
    device: torch.device

    @classmethod
    def of(cls, real: RealSampler) -> Space:
        """That of a real set."""
        return cls(real.shape, len(real.counts), real.device)


class Regime(Declaration, ABC):
    """Where clouds of vectors are compared: a map from samples to vectors, fixed or drawn afresh."""

    planar: ClassVar[bool] = True  # defined for points of the plane
    images: ClassVar[bool] = True
    brought: ClassVar[str] = ""  # what only its user can bring, such as a network; empty where nothing is missing
    identity: ClassVar[bool] = False  # vectors are the samples themselves: what is known of their density holds

    @property
    @abstractmethod
    def members(self) -> int:
        """How many fixed maps there are; 0 means a fresh one at every step."""

    @property
    def singly(self) -> bool:
        """Whether a sample's vector depends on that sample alone, so that many can be mapped in parts."""
        return True

    def learn(self, real: RealSampler, generator: torch.Generator, progress: Progress) -> Tree:
        """Once: what the maps take from T, such as trained networks; None where they take nothing."""
        return None

    @abstractmethod
    def draw(
        self, space: Space, generator: torch.Generator, learned: Tree = None, member: int = 0
    ) -> Callable[[Tensor], Tensor]:
        """One map ``(B, *shape) -> (B, D)``, differentiable in its argument.

        Args:
            space: what samples look like, and where.
            generator: of what is random in the map.
            learned: what `learn` returned.
            member: which of the fixed maps, from 0; without meaning where a fresh one is drawn at every step.
        """

    def flops(self, shape: tuple[int, ...]) -> float:
        """Operations of mapping one sample, for the estimate."""
        return 0.0

    def floats(self, shape: tuple[int, ...]) -> float:
        """Numbers held while one sample is mapped, for the estimate."""
        return float(math.prod(shape))


@dataclass(frozen=True)
class Needs:
    """What a discrepancy presupposes, so that grids and forms can say what is defined and what is not."""

    real_per_class: int = 0  # real images per class and step; 0: the real side is prepared once
    space: str = "fixed"  # fixed | fresh: whether successive steps are measured by the same yardstick
    batch_norm: bool = False  # a network with batch norm
    score: bool = False  # the score of the real distribution
    smallest_side: int = 1  # in pixels
    planar: bool = True
    images: bool = True


Terms = dict[str, "Tensor"]  # name -> scalar; the objective is their weighted sum, each is a curve


class Discrepancy(Declaration, ABC):
    """How far S is from T, differentiable in S. Only `loss` is compulsory.

    ``context`` is costly, immutable, and cached by content; ``state`` is a small tree of tensors and numbers that
    goes into every checkpoint. Each call gets its own generator, derived from (seed, purpose, step).
    """

    where: ClassVar[str]  # the regime's name; "any" where a field chooses it
    properties: ClassVar[frozenset[str]] = frozenset()
    rates: ClassVar[Mapping[str, float]] = {}  # default learning rates of the parameter groups that `extend` adds
    reads: ClassVar[str] = "classes"  # how a step reads T: classes one by one | samples of all classes | whole, once
    partial: ClassVar[bool] = False  # whether some of the classes alone serve it
    serves: ClassVar[str] = (
        ""  # the kind of objective it is part of: chosen through that, no place of the map by itself
    )
    accounted: ClassVar[bool] = False  # whether an account of (ε, δ) covers all it reads of T: it may read private rows

    @property
    def needs(self) -> Needs:
        """What it presupposes, with these hyper-parameters."""
        return Needs()

    def fits(self, data: Dataset) -> None:
        """Look at the data before anything is prepared, for what `needs` cannot say.

        Raises:
            Refused: data that it is not defined for, or would do nothing for, with the cure.
        """

    def fits_without_groups(self, name: str) -> None:
        """Look, before anything is read, at data of this name whose only groups are its classes.

        Raises:
            Refused: groups within classes are what it is about.
        """

    @property
    def asks_each_step(self) -> bool:
        """Whether each step releases something more of private rows, so that none may be done twice."""
        return False

    def prepare(self, real: RealSampler, plan: Plan, generator: torch.Generator, progress: Progress) -> Tree:
        """Once: experts, teachers, scores, the cached real side. ``progress`` may raise `Cancelled`."""
        return None

    def extend(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> SyntheticSet:
        """Once, before `begin`: S with the further groups that are learned with it (soft labels, a step size)."""
        return synthetic

    def begin(self, context: Tree, synthetic: SyntheticSet, generator: torch.Generator) -> Tree:
        """Once: the state before the first step."""
        return None

    @abstractmethod
    def loss(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, Tree]:
        """The terms of this step, and the state with what they leave behind (warm potentials), detached."""

    def gradient(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> tuple[Terms, dict[str, Tensor], Tree]:
        """Terms, the gradient of the objective for every parameter group, and the state; by autograd of `loss`.

        Overridden where the gradient has an algorithm of its own (reverse sweep, chunks, private noise).
        """
        import torch

        leaves = {k: v.detach().requires_grad_() for k, v in synthetic.parameters.items()}
        terms, state = self.loss(context, state, real, dataclasses.replace(synthetic, parameters=leaves), generator)
        found = torch.autograd.grad(self.objective(terms), list(leaves.values()), allow_unused=True)
        gradients = {k: g if g is not None else torch.zeros_like(leaves[k]) for k, g in zip(leaves, found, strict=True)}
        return {k: v.detach() for k, v in terms.items()}, gradients, state

    def objective(self, terms: Terms) -> Tensor:
        """What is minimised: the sum of the terms, weighted where weights are declared."""
        import torch

        return torch.stack(list(terms.values())).sum()

    def follows(self, terms: Terms) -> bool:
        """Whether S moves in a step with these terms; overridden where some are left out. May wait for the device."""
        return True

    def advance(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> Tree:
        """After each update, S detached: inner training, the adversary."""
        return state

    def finish(
        self,
        context: Tree,
        state: Tree,
        real: RealSampler,
        synthetic: SyntheticSet,
        generator: torch.Generator,
    ) -> SyntheticSet:
        """Once at the end: label solve, relabelling, averaged S."""
        return synthetic

    def spent(self, context: Tree, state: Tree) -> float | None:
        """The ε of what has been released of private rows so far; None where no account is kept. Never waits."""
        return None

    def guarantee(self, context: Tree) -> Mapping[str, str | float] | None:
        """Of an accounted mechanism: ``epsilon, delta, rows, neighbours`` and what is taken as ``public``, in words.

        ``release`` is a mark that is equal for runs that share a release; without it each is taken for one of its own.
        """
        return None

    def refuse_stale(self, context: Tree, state: Tree) -> None:
        """Refuse to go on from a stored state that this context does not fit, where that would do harm."""

    def cost(self, classes: int, per_class: int, shape: tuple[int, ...]) -> tuple[float, float]:
        """Operations and bytes of memory of one step, roughly: what the Lab's estimate starts from.

        ``per_class`` counts decoded synthetic samples. Must not need torch.
        """
        return 1e6, 1e7


@dataclass(frozen=True)
class Scale:
    """One preset at one scale: what to put into a run's configuration."""

    config: Mapping[str, Any]  # the keys of records.RunConfig that the preset fixes
    note: str  # whose constants these are (paper or code), or what was cut and why
    by_budget: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)  # further keys, from this budget up

    def at(self, budget: int) -> dict[str, Any]:
        """The configuration at a budget: the fixed keys, then those of the largest listed budget not above it."""
        fitting = [b for b in self.by_budget if b <= budget]
        return {**self.config, **(self.by_budget[max(fitting)] if fitting else {})}


@dataclass(frozen=True)
class Preset:
    """A published method: terms with their paper's constants, at the scales ``paper`` and ``small``."""

    name: str
    title: str
    sentence: str
    source: Source
    differs: str  # what dcviz does differently from the paper and its code
    scales: Mapping[str, Scale]
    published: bool = True  # False for a combination of our own, or of a plug-in's author


OBJECTIVES = {
    "robust": "robustness: networks trained on S shall withstand perturbed inputs",
    "private": "privacy: S shall tell little of any single real sample",
    "fair": "fairness: networks trained on S shall serve small groups, too",
}


class Objective(Declaration, ABC):
    """What S should be good for beyond generalisation: terms, weights or constraints beside the discrepancy.

    A declared change of a run's configuration, made when its problem is built: the stored configuration keeps the
    plain one and the objective side by side.
    """

    kind: ClassVar[str]  # a key of OBJECTIVES
    strength: ClassVar[str]  # the field that says how much of it is asked for
    more: ClassVar[str] = "higher"  # higher | lower: where the strength asks for more
    aims: ClassVar[tuple[str, str]]  # (property, quantity) of the evaluation suite that it is to improve
    caution: ClassVar[str]  # what it does not promise
    requires: ClassVar[Mapping[str, Any]] = {}  # values by path that come with it: {"data.private": True}
    prefers: ClassVar[Mapping[str, Any]] = {}  # likewise where nothing else is chosen: {"start": "noise"}

    @abstractmethod
    def apply(self, config: RunConfig) -> RunConfig:
        """The configuration with this objective pursued; never changes which data there are.

        Raises:
            Refused: a configuration that it does not fit, with the cure.
        """
