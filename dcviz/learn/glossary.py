"""The words of dcviz, each in a sentence, with its formula where it has one; methods speak for themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from dcviz import registry
from dcviz.yardsticks import RELATIVE, YARDSTICKS

KINDS = {  # of declarations: what one is, in the list
    "regime": "regime",
    "divergence": "divergence",
    "discrepancy": "discrepancy of its own",
    "preset": "published method",
}


@dataclass(frozen=True)
class Word:
    """An entry."""

    name: str
    meaning: str
    formula: str = ""  # LaTeX
    kind: str = ""  # what it is one of; empty for the words that all others are explained with
    link: str = ""  # to the source
    also: tuple[str, ...] = ()  # what else it is called

    @property
    def searched(self) -> str:
        """What a search looks through."""
        return " ".join((self.name, *self.also, self.kind, self.meaning)).casefold()


WORDS = (
    Word("real set T", "The N labelled samples that there are.", r"T=\{(x_i,y_i)\}_{i=1}^N"),
    Word(
        "synthetic set S", "The M samples that are to stand for T: their pixels are what is learned.",
        r"S=\{(\tilde x_j,\tilde y_j)\}_{j=1}^M,\quad M=K\cdot C", also=("condensed set", "distilled set"),
    ),
    Word(
        "condensation", "Moving S, step by step, so that a discrepancy between T and S falls.",
        r"S^\star=\arg\min_S D(T,S)", also=("distillation",),
    ),
    Word(
        "budget K", "Stored synthetic images per class. Where a parameterisation decodes more from what is stored, the "
        "decoded number and the bytes stand beside it.", also=("IPC", "images per class"),
    ),
    Word(
        "discrepancy", "How far S is from T, as a number that has a gradient in S. An unbiased estimate of it may be "
        "below 0.", r"D(T,S)\ge0", also=("objective", "loss"),
    ),
    Word(
        "divergence",
        "A distance between two clouds of vectors: moments, kernels, transport, characteristic functions.",
        r"D\bigl(\{x_i\},\{y_j\}\bigr)",
    ),
    Word(
        "regime", "Where T and S are compared: as data, as features of random or trained networks, by gradients, "
        "trajectories, predictions or batch-norm statistics.", r"D\bigl(\psi(T),\psi(S)\bigr)",
    ),
    Word(
        "unified view", "Our reading of arXiv 2509.10367: regimes of vectors take any divergence; gradients, "
        "trajectories and predictions admit distances of their own.", r"\sum_c D\bigl(\psi(T_c),\psi(S_c)\bigr)",
        link="https://arxiv.org/abs/2509.10367",
    ),
    Word(
        "preset",
        "A published method: a weighted sum of terms with its paper's constants, at the scales paper and small.",
        r"\sum_t w_t\,D_t(T,S)", also=("method",),
    ),
    Word("run", "One condensation with its frozen configuration."),
    Word("step", "One update of S.", r"S\leftarrow S-\eta\,\nabla_SD(T,S)", also=("iteration",)),
    Word("snapshot", "The state of S with its measurements at one step.", also=("frame",)),
    Word(
        "recipe",
        "What training on S presupposes: label kind, step size, augmentation, whitening, decoding, updates. It "
        "is exported with S and honoured by evaluation.",
    ),
    Word("yardstick", f"A discrepancy that is measured and not optimised, in a context that stays fixed. {RELATIVE}"),
    Word(
        "parting",
        "The objective goes on falling while the middle yardstick, from its minimum on, rises by a quarter or "
        "more. It says where; the accuracy says whether it harms.", also=("Goodhart",),
    ),
    Word(
        "off-manifold score",
        "The distance of a synthetic image to the fifth nearest real one of its class, in features "
        "of the reference network, as a percentile of the same distance for held-out real images. Above 95 it is "
        "flagged ◥.", r"\Pr_{x\in\text{held out}}\bigl[d_5(x)<d_5(\tilde x)\bigr]",
    ),
    Word(
        "placed",
        "On the UMAP, which is fitted on real samples alone, a synthetic one stands at a weighted mean of its "
        "15 nearest real neighbours. Lying in a cluster proves nothing.",
        r"\sum_i w_iu_i,\quad\sum_iw_i=1", also=("UMAP",),
    ),
    Word("PCA", "The plane of the two directions in which the real samples vary most."),
    Word(
        "protocol",
        "How S is judged: which networks are trained on it, for how many updates, how, and how many of them. "
        "Only numbers of one protocol may be compared.", also=("evaluation",),
    ),
    Word(
        "spread", "The standard deviation over fresh networks (and, for random samples, over subsets).",
        r"s^2=\tfrac1{n-1}\sum_i(a_i-\bar a)^2", also=("±", "standard deviation"),
    ),
    Word(
        "baseline", "What S has to beat under the same protocol: random, herding, medoids, centroids and other "
        "selections of the same budget. Of a class beyond 64 MB as float32 they look at a part, whose size is kept "
        "with the score.", also=("rival", "selection", "coreset"),
    ),
    Word("whole set", "Training on all of T: what no smaller set is expected to exceed.", also=("ceiling",)),
    Word(
        "bandwidth h", "The distance at which a kernel's similarity fades. Too small, nothing pulls; too large, only "
        "means are matched.", r"k(x,y)=e^{-\lVert x-y\rVert^2/2h^2}", also=("kernel",),
    ),
    Word(
        "witness function", "Where S has too little (above 0) and too much (below), as a kernel sees it.",
        r"w(z)=\mathbb{E}\,k(x,z)-\mathbb{E}\,k(y,z)",
    ),
    Word(
        "mini-batch bias", "A few real samples a step give the gradient of another problem on average, for transport "
        "and sliced distances; means, kernels at a fixed bandwidth and energy are free of it.",
    ),
    Word(
        "objective beyond generalisation", "What S should be good for besides accuracy: robustness, privacy, balance, "
        "transfer to other networks.",
    ),
)  # fmt: skip


@cache
def glossary() -> tuple[Word, ...]:
    """All entries: the words, then every declared regime, divergence, discrepancy, yardstick and preset."""
    found = list(WORDS)
    for kind, said in KINDS.items():
        for one in registry.known(kind).values():
            formula = getattr(one, "formula", "")
            found.append(Word(one.title, one.sentence, formula, said, one.source.link, (one.name,)))
    for one in YARDSTICKS:
        facts = one.facts
        found.append(Word(one.name(False), f"{facts.title}. {facts.sentence}", facts.formula, "yardstick"))
    return tuple(found)


def search(text: str, words: Iterable[Word] | None = None) -> list[Word]:
    """The entries in which every word of ``text`` is found; those whose name begins with it come first.

    >>> search("ipc")[0].name
    'budget K'
    """
    wanted = text.casefold().split()
    found = [word for word in (glossary() if words is None else words) if all(one in word.searched for one in wanted)]
    begins = text.casefold().strip()
    return sorted(found, key=lambda word: not any(n.casefold().startswith(begins) for n in (word.name, *word.also)))
