"""Privacy: how near the set comes to single real samples, and what attacks on it find out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dcviz.errors import Refused
from dcviz.evaluation.measure import Work, in_model_space, scaled, trained
from dcviz.evaluation.suite import games
from dcviz.evaluation.suite.canaries import check_halves, game, member_distance, ranks
from dcviz.evaluation.suite.declared import OWN, Figure, Property, Quantity, figure
from dcviz.evaluation.suite.judge import Judge
from dcviz.evaluation.suite.subject import Made, Subject, thinned
from dcviz.evaluation.suite.words import training_in_words
from dcviz.types import hyper

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

SEEDS = 3  # random subsets
LOOKED_AT = 1000  # samples of a set that are compared with all real ones, at most
SURE = 0.95  # a canary is guessed to be in where it is nearer than so many of its decoys
DELTA = 1e-5  # of the guarantee that the bound on ε puts to the test
CONFIDENCE = 0.95
COPY = 1e-6  # added to distances before their logarithm: nearer is a copy
RIDGE = 1.0  # penalty of the attacked regression


@dataclass
class Scores:
    """What the games gave: of canaries by coin, and of real samples by run."""

    inside: list[float] = field(default_factory=list)  # ranks of canaries that were in
    outside: list[float] = field(default_factory=list)
    member: list[np.ndarray] = field(default_factory=list)  # (n,) bool, each run
    margin: list[np.ndarray] = field(default_factory=list)  # (n,) of a model trained on the set
    distance: list[np.ndarray] = field(default_factory=list)  # (n,) minus the logarithm of that to the set


@dataclass(frozen=True)
class Privacy(Property):
    """Distances to real samples; canaries; membership; and the ε that the attack's success rules out."""

    name = "privacy"
    title = "Privacy"
    sentence = "Looks for copies of real samples in the set, and plays an attacker who wants to know who was in."
    formula = r"\Pr\left[M(T)\in A\right]\le e^{\varepsilon}\Pr\left[M(T')\in A\right]+\delta"
    source = games.ONE_RUN
    quantities = (
        Quantity(
            "nearest-distance",
            "distance to the nearest real",
            "The median distance of the set's samples to their nearest real training sample.",
            r"\mathrm{median}_j\min_i\lVert s_j-x_i\rVert",
            OWN,
            unit="distance",
            better="higher",
        ),
        Quantity(
            "nearest-ratio",
            "nearest distance ratio",
            "The median ratio of that distance to the mean distance of the next five: near 0 a copy, near 1 none.",
            r"\mathrm{median}_j\,d_{1}(s_j)\Big/\tfrac15\sum_{k=2}^{6}d_{k}(s_j)",
            OWN,
            unit="ratio",
            better="higher",
        ),
        Quantity(
            "memorised",
            "memorised",
            "The share of the set that is nearer to one real sample, and to it alone, than 95 % of held-out samples.",
            r"\frac1M\sum_j\mathbf{1}\left[d_1(s_j)<q_{5\%}\wedge r(s_j)<q'_{5\%}\right]",
            OWN,
            better="lower",
        ),
        Quantity(
            "canary-auc",
            "canary AUC",
            "The chance that a planted outlier looks more like one that was in than another that was not; ½ is blind.",
            r"\Pr[s_{\text{in}}>s_{\text{out}}]+\tfrac12\Pr[s_{\text{in}}=s_{\text{out}}]",
            games.ONE_RUN,
            unit="score",
            better="lower",
            chance=0.5,
            details={"inside": "scores of canaries that were in", "outside": "of those that were not"},
        ),
        Quantity(
            "membership-auc",
            "membership AUC",
            "The same for ordinary real samples, by the likelihood ratio of a score in other runs with and without.",
            r"\Lambda(x)=\frac{p(s\mid x\in T)}{p(s\mid x\notin T)}",
            games.LIRA,
            unit="score",
            better="lower",
            chance=0.5,
        ),
        Quantity(
            "membership-tpr",
            "members found at 1 % false alarms",
            "The share of members that the attack names while it names one in a hundred others: 1 % is blind.",
            r"\Pr[\Lambda(x)>\tau\mid x\in T],\ \Pr[\Lambda(x)>\tau\mid x\notin T]=1\,\%",
            games.LIRA,
            better="lower",
            chance=0.01,
        ),
        Quantity(
            "epsilon-bound",
            "ε is at least",
            "The canaries rule out every guarantee with a smaller ε, with 95 % confidence; 0 rules out nothing.",
            r"\max\{\varepsilon:\Pr[\text{so many right}\mid(\varepsilon,\delta)]<5\,\%\}",
            games.ONE_RUN,
            unit="nats",
            better="lower",
            details={"coins": "canaries", "correct": "guesses that were right"},
        ),
    )
    cuts = "the method takes at most 50 steps in each game, few games are played, and a ridge regression is attacked"
    usual = 14.0
    caution = (
        "A low score is evidence, never a guarantee: another attack may find more. Only an accounted mechanism with "
        "noise, such as differential privacy, makes a set private."
    )

    coins: int = hyper(240, "Canaries in all games together, at least; one a class in each game.", low=12)
    steps: int = hyper(0, "Steps of the method in each game, at most; 0 for all of the run's.", low=0)
    targets: int = hyper(2000, "Real samples whose membership is guessed, at most.", low=20)
    learner: str = hyper("network", "What is attacked.", choices=("network", "ridge"))

    @classmethod
    def quick(cls) -> Privacy:
        """Few games of few steps."""
        return cls(coins=48, steps=50, targets=400, learner="ridge")

    def measure(self, judge: Judge, subject: Subject) -> Work[list[Figure]]:
        """Distances always; the games where the set can be made again."""
        found = yield from scaled(_distances(judge, subject), 0.0, 0.1)
        if subject.remake is not None and not _too_small(judge):
            scores = yield from scaled(self._play(judge, subject), 0.1, 0.9)
            found += self._of_games(subject.of, scores, self._in_words(judge, len(scores.member)))
        return found

    def notes(self, judge: Judge, subject: Subject) -> list[str]:
        """Why games are left out."""
        if subject.remake is None:
            return [
                "The canary and membership games make the set again, and nothing says how this one was made: they are "
                "left out. Condense it with dcviz to play them."
            ]
        return [_too_small(judge)] if _too_small(judge) else []

    def games(self, classes: int) -> int:
        """How many are played: even, so that every sample is in as often as out, and enough to leave one out."""
        return max(6, 2 * math.ceil(self.coins / classes / 2))

    def _play(self, judge: Judge, subject: Subject) -> Work[Scores]:
        """All games of a set: made again from half of the data, with canaries, and attacked."""
        data, scores = judge.dataset, Scores()
        targets = thinned(data.train, self.targets, len(data.classes))
        count = self.games(len(data.classes))
        assert subject.remake is not None
        for number in range(count):
            played = game(data, number, judge.seed)
            making = subject.remake(played.data, number, self.steps or None)
            made_again = yield from scaled(making, number / count, 0.8 / count)
            made = yield from scaled(made_again.made(0), (number + 0.8) / count, 0.05 / count)
            x = data.transform.inverse(made.x.cpu().float())
            rank = ranks(played, x, made.classes.cpu())
            scores.inside += rank[played.coins].tolist()
            scores.outside += rank[~played.coins].tolist()
            scores.member.append(played.member[targets].numpy())
            near = member_distance(data, targets, x, made.classes.cpu())
            scores.distance.append(-(near + COPY).log().numpy())
            attacking = self._margins(judge, made_again, made, targets, number)
            margins = yield from scaled(attacking, (number + 0.85) / count, 0.15 / count)
            scores.margin.append(margins.numpy())
        return scores

    def _margins(self, judge: Judge, again: Subject, made: Made, targets: Tensor, number: int) -> Work[Tensor]:
        """How sure a model trained on the set is of each target's true class ``(n,)``."""
        import torch

        x, y = in_model_space(judge.dataset, judge.dataset.train, targets)
        if self.learner == "ridge":
            yield 0.5
            return margin(ridge_outputs(made, x.to(made.x.device), len(judge.dataset.classes)).cpu(), y)
        at = judge.seed, number
        work = trained(made.sample, judge.dataset, judge.protocol, at, device=judge.device, label_kind=again.label_kind)
        net = yield from work
        with torch.no_grad():
            outputs = torch.cat([net(part.to(judge.device)).cpu() for part in x.split(512)])
        chance = outputs.log_softmax(1)
        own = chance.gather(1, y[:, None])[:, 0]
        rest = chance.scatter(1, y[:, None], -torch.inf).logsumexp(1)
        return own - rest  # log p/(1 - p) of the true class, as LiRA scales confidence

    def _of_games(self, of: str, scores: Scores, words: str) -> list[Figure]:
        import numpy as np

        inside, outside = np.array(scores.inside), np.array(scores.outside)
        correct = int((inside > SURE).sum() + (outside <= SURE).sum())
        coins = len(inside) + len(outside)
        value, error = games.auc(inside, outside), games.auc_error(len(inside), len(outside))
        said = f"{words}; {coins} canaries; ± is what chance alone gives"
        detail = {"inside": [round(v, 3) for v in scores.inside], "outside": [round(v, 3) for v in scores.outside]}
        found = [Figure("canary-auc", of, value, error, (value,), said, {}, detail)]
        bound = games.lower_bound(coins, coins, correct, DELTA, CONFIDENCE)
        said = f"{words}; in is guessed for canaries nearer than {SURE:.0%} of decoys; δ = {DELTA:g}"
        found.append(figure("epsilon-bound", of, [bound], said, detail={"coins": coins, "correct": correct}))
        member = np.stack(scores.member)
        attacks = {
            "what a model trained on the set says": games.likelihood_ratios(np.stack(scores.margin), member),
            "distance to the set": games.calibrated(np.stack(scores.distance), member),
        }
        for name, likelihood in attacks.items():
            out = likelihood[~member]
            aucs = [games.auc(row[m][:500], row[~m][:500]) for row, m in zip(likelihood, member, strict=True)]
            rates = [games.true_positives(row[m], out) for row, m in zip(likelihood, member, strict=True)]
            said = f"{words}; {member.shape[1]:,} real samples in each, spread over games"
            found.append(figure("membership-auc", of, aucs, said, {"by": name}))
            found.append(figure("membership-tpr", of, rates, said, {"by": name}))
        return found

    def _in_words(self, judge: Judge, count: int) -> str:
        steps = f"at most {self.steps} steps" if self.steps else "all steps"
        learner = "a ridge regression" if self.learner == "ridge" else training_in_words(judge.protocol, 1)
        return f"{count} games: the method, {steps}, on random halves of the data with canaries; attacked: {learner}"


def ridge_outputs(made: Made, x: Tensor, classes: int) -> Tensor:
    """Outputs ``(n, C)`` for ``x (n, *shape)`` of a linear ridge regression on the set, solved in its dual form."""
    import torch

    s = made.x.flatten(1).double()
    s, queries = torch.cat([s, torch.ones_like(s[:, :1])], 1), x.flatten(1).double()
    targets = torch.nn.functional.one_hot(made.classes, classes).double() - 1 / classes
    inner = s @ s.T + RIDGE * torch.eye(len(s), dtype=s.dtype, device=s.device)
    weights = s.T @ torch.linalg.solve(inner, targets)  # (D + 1, C)
    return queries @ weights[:-1] + weights[-1]


def margin(outputs: Tensor, y: Tensor) -> Tensor:
    """The output of the true class less the largest of the others ``(n,)``."""
    import torch

    own = outputs.gather(1, y[:, None])[:, 0]
    return own - outputs.scatter(1, y[:, None], -torch.inf).max(1).values


def _too_small(judge: Judge) -> str:
    """Why there can be no halves; empty where there can."""
    try:
        check_halves(judge.dataset, judge.budget)
    except Refused as refusal:
        return f"Games are left out: {refusal}"
    return ""


def _distances(judge: Judge, subject: Subject) -> Work[list[Figure]]:
    """The leak check of the Inspect page, summed up."""
    import numpy as np

    from dcviz.embed.leaks import leak_check

    reference = yield from judge.reference()
    values: dict[tuple[str, str], list[float]] = {}
    drawn = SEEDS if subject.distinct else 1
    for i in range(drawn):
        made = yield from subject.made(i)
        found = yield from leak_check(judge.dataset, reference, made.x[:LOOKED_AT], cache=judge.cache)
        for space, near in found.items():
            rest = near.distance[:, 1:].mean(1).clip(1e-12)
            for name, value in (
                ("nearest-distance", float(np.median(near.distance[:, 0]))),
                ("nearest-ratio", float(np.median(near.distance[:, 0] / rest))),
                ("memorised", float(near.memorised.mean())),
            ):
                values.setdefault((name, space), []).append(value)
    words = f"At most {LOOKED_AT:,} samples of the set against every real training sample"
    words += f"; spread over {drawn} random subsets" if drawn > 1 else "; nothing is random"
    return [figure(name, subject.of, found, words, {"space": space}) for (name, space), found in values.items()]
