"""Robustness: accuracy against the strength of attacks and the severity of corruptions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dcviz.data.transforms import pixels
from dcviz.evaluation.measure import CHUNK, Work, scaled
from dcviz.evaluation.suite import autoattack, ratios
from dcviz.evaluation.suite.attacks import ATTACKS, MADRY, Attack, attacked
from dcviz.evaluation.suite.corruptions import CORRUPTIONS, SOURCE
from dcviz.evaluation.suite.declared import Figure, Property, Quantity, figure
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.subject import Subject, thinned
from dcviz.evaluation.suite.words import training_in_words
from dcviz.randomness import generator
from dcviz.types import hyper

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

SEEDS = 3  # networks, at least
MIDDLE = 2  # the strength, of five, at which ratios and AutoAttack are taken
AUTO = "AutoAttack"


@dataclass
class Curves:
    """What one network leaves under every attack and corruption: accuracy by (name, strength), and seconds."""

    clean: float = 0.0
    clean_seconds: float = 0.0
    accuracy: dict[tuple[str, float], float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Robustness(Property):
    """Attacks that see the whole network, and corruptions, on networks of the run's own protocol."""

    name = "robustness"
    title = "Robustness"
    sentence = "Attacks and corrupts real test samples: how much of what the set teaches survives?"
    formula = r"\Pr_{(x,y)}\left[\arg\max_c f_S(x')_c=y\right],\quad\lVert x'-x\rVert\le\varepsilon"
    source = MADRY
    quantities = (
        Quantity(
            "clean",
            "clean accuracy",
            "The accuracy on the same test samples as they are.",
            r"\Pr[\hat y(x)=y]",
            MADRY,
        ),
        Quantity(
            "attacked",
            "accuracy under attack",
            "The accuracy where every test sample is changed within ε to mislead the network; ε in units of [0, 1].",
            r"\Pr\left[\hat y(x')=y\right],\ \lVert x'-x\rVert\le\varepsilon",
            MADRY,
        ),
        Quantity(
            "corrupted",
            "accuracy under corruption",
            "The accuracy where every test sample is noisy, blurred, pale, partly hidden or turned.",
            r"\Pr\left[\hat y(c_s(x))=y\right]",
            SOURCE,
        ),
        Quantity(
            "kept",
            "accuracy kept",
            "The share of the clean accuracy that is left under the attacks, in the mean, at their middle strength.",
            r"\bar a/a_0",
            ratios.DD_ROBUSTBENCH,
        ),
        Quantity(
            "robustness-ratio",
            "robustness ratio",
            "BEARD's RR: 0 where all attacks harm alike, larger where most harm less than the worst.",
            r"1-\frac{a_0-\bar a}{a_0-\min_k a_k}",
            ratios.BEARD,
        ),
        Quantity(
            "improved-ratio",
            "improved ratio",
            "ROME's I-RR: 1 where no attack harms, 0 where each takes all.",
            r"1-\frac{(a_0-\bar a)(a_0-\min_k a_k)}{a_0^2}",
            ratios.ROME,
        ),
        Quantity(
            "attack-efficiency",
            "attack efficiency",
            "BEARD's AE: the extra time of the mean attack as a share of that of the dearest; depends on the machine.",
            r"\frac{\bar t-t_0}{\max_k t_k-t_0}",
            ratios.BEARD,
        ),
        Quantity(
            "robust-efficiency",
            "robustness-efficiency",
            "BEARD's CREI: the mean of RR and AE.",
            r"\tfrac12\mathrm{RR}+\tfrac12\mathrm{AE}",
            ratios.BEARD,
        ),
    )
    cuts = "PGD takes 10 steps on 200 test samples, and AutoAttack is left out"
    usual = 16.0
    caution = "An attack that fails proves nothing: another may succeed. Ratios compare sets measured alike only."
    images_only = "attacks and corruptions change pixels"

    steps: int = hyper(40, "Steps of PGD.", low=1, high=1000)
    samples: int = hyper(1000, "Test samples attacked, at most.", low=10)
    auto: bool = hyper(True, "Whether AutoAttack is tried, where it is installed; minutes a network.")

    @classmethod
    def quick(cls) -> Robustness:
        """Few steps on few samples."""
        return cls(steps=10, samples=200, auto=False)

    def measure(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        """Curves of every attack and corruption over fresh networks, and the ratios of the attacks."""
        protocol = replace(judge.protocol, seeds=max(SEEDS, judge.protocol.seeds))
        data, every = judge.dataset, []
        at = thinned(data.test, self.samples, len(data.classes))
        x, y = pixels(data.test.x[at]).to(judge.device), data.test.y[at].to(judge.device)
        for i in range(protocol.seeds):
            net = yield from scaled(judge.network(subject, protocol, i), i / protocol.seeds, 0.5 / protocol.seeds)
            curves = yield from scaled(
                self._curves(judge, net, x, y, i), (i + 0.5) / protocol.seeds, 0.5 / protocol.seeds
            )
            every.append(curves)
        return _figures(subject.of, every, f"{training_in_words(protocol)}; {len(y):,} test samples", self.steps)

    def notes(self, judge: Judge, subject: Subject) -> list[str]:
        """Whether AutoAttack is there."""
        return [autoattack.MISSING] if self.auto and not autoattack.installed() else []

    def _curves(self, judge: Judge, net: nn.Module, x: Tensor, y: Tensor, number: int) -> Work[Curves]:
        """Everything for one network."""
        found = Curves()
        classify = in_pixels(judge, net)
        found.clean, found.clean_seconds = yield from _timed(_right(classify, x, y))
        for attack in ATTACKS:
            strengths = attack.colour if x.shape[1] == 3 else attack.grey
            spent = 0.0
            for i, strength in enumerate(strengths):
                start = generator(judge.seed, f"attack {attack.name}", number)
                work = _right(classify, x, y, attack, strength, self.steps, start)
                found.accuracy[attack.title, strength], seconds = yield from _timed(work)
                spent = seconds if i == MIDDLE else spent
            found.seconds[attack.title] = spent
        if self.auto and autoattack.installed():
            strength = (ATTACKS[0].colour if x.shape[1] == 3 else ATTACKS[0].grey)[MIDDLE]
            strongest = autoattack.autoattack(
                torch_module(classify), x, y, strength, len(judge.dataset.classes), seed=judge.seed + number
            )
            there, found.seconds[AUTO] = yield from _timed(strongest)
            found.accuracy[AUTO, strength] = yield from _right(classify, there, y)
        for corruption in CORRUPTIONS:
            for severity, amount in enumerate(corruption.severities, 1):
                changed = corruption.change(x, amount, generator(judge.seed, f"corruption {corruption.name}", severity))
                found.accuracy[corruption.name, float(severity)] = yield from _right(classify, changed, y)
        return found


def in_pixels(judge: Judge, net: nn.Module):  # noqa: ANN201
    """The network as a function of pixels in [0, 1], frozen."""
    net = net.requires_grad_(False)
    transform = judge.dataset.transform
    return lambda x: net(transform.forward(x))


def torch_module(classify: Any) -> nn.Module:
    """A function as a module without weights of its own."""
    from torch import nn

    class Module(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return classify(x)

    return Module().eval()


def _right(  # noqa: PLR0913  (with an attack or without)
    classify: Any,
    x: Tensor,
    y: Tensor,
    attack: Attack | None = None,
    strength: float = 0.0,
    steps: int = 0,
    start: torch.Generator | None = None,
) -> Work[float]:
    """The share of samples that are named rightly, after an attack where one is given."""
    import torch

    hits = 0
    for first in range(0, len(y), CHUNK):
        xs, ys = x[first : first + CHUNK], y[first : first + CHUNK]
        if attack is not None:
            xs = yield from attacked(attack.name, classify, xs, ys, strength, steps=steps, start=start)
        with torch.no_grad():
            hits += int((classify(xs).argmax(1) == ys).sum())
        yield 1.0
    return hits / len(y)


def _timed(work: Work[Any]) -> Work[tuple[Any, float]]:
    """A piece of work and the seconds that it took itself, without what happens between its slices."""
    spent = 0.0
    while True:
        began = time.perf_counter()
        try:
            fraction = next(work)
        except StopIteration as end:
            return end.value, spent + time.perf_counter() - began
        spent += time.perf_counter() - began
        yield fraction


def _figures(of: str, every: Sequence[Curves], words: str, steps: int) -> list[Figure]:
    found = [figure("clean", of, [c.clean for c in every], f"{words}, unchanged")]
    attacks = {a.title: a for a in ATTACKS}
    for name, strength in every[0].accuracy:
        values = [c.accuracy[name, strength] for c in every]
        if name in attacks or name == AUTO:
            how = f" of {steps} steps from a random start" if name.startswith("PGD") else ""
            said = f"{words}, each attacked by {name}{how}"
            found.append(figure("attacked", of, values, said, {"attack": name, "strength": strength}))
        else:
            said = f"{words}, each corrupted by {name} (five severities)"
            found.append(figure("corrupted", of, values, said, {"corruption": name, "severity": strength}))
    middle = [_at_middle(c) for c in every]
    names = ", ".join(middle[0])
    said = f"{words}; attacks {names}, each at its middle strength"
    accuracies = [list(m.values()) for m in middle]
    rr = [ratios.robustness_ratio(c.clean, a) for c, a in zip(every, accuracies, strict=True)]
    ae = [ratios.attack_efficiency(c.clean_seconds, list(c.seconds.values())) for c in every]
    crei = [ratios.robust_efficiency(r, a) for r, a in zip(rr, ae, strict=True)]
    pairs = [(c.clean, a) for c, a in zip(every, accuracies, strict=True)]
    return [
        *found,
        figure("kept", of, [ratios.kept(*p) for p in pairs], said),
        figure("robustness-ratio", of, rr, said),
        figure("improved-ratio", of, [ratios.improved_ratio(*p) for p in pairs], said),
        figure("attack-efficiency", of, ae, said),
        figure("robust-efficiency", of, crei, said),
    ]


def _at_middle(curves: Curves) -> dict[str, float]:
    """The accuracy under each attack at its middle strength."""
    found: dict[str, list[float]] = {}
    for (name, _), value in curves.accuracy.items():
        if name in curves.seconds:
            found.setdefault(name, []).append(value)
    return {name: values[MIDDLE] if len(values) > 1 else values[0] for name, values in found.items()}
