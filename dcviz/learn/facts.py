"""What was measured in a prepared run, as the words of a lesson: nothing of it is typed by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from dcviz.data.catalogue import catalogue
from dcviz.learn.prepared import Prepared, numbers, prepared, real
from dcviz.records import Score
from dcviz.runs.frames import FLAGGED
from dcviz.yardsticks import parted
from dcviz.yardsticks.parting import Parting

HALF = 0.5  # of the samples flagged, at most, from where S counts as arrived


@dataclass(frozen=True)
class Facts:
    """A prepared run in words; every property is a text or a number that a lesson may name."""

    run: Prepared

    @classmethod
    def of(cls, name: str) -> Facts:
        """Of the run of a name."""
        return cls(prepared(name))

    # ------------------------------------------------------------------------------------------------- sizes

    @property
    def many(self) -> int:
        """Synthetic samples."""
        return len(self.run.frames[0][1]["ids"])

    @property
    def each(self) -> int:
        """Of them, per class."""
        return self.run.config.budget

    @property
    def real(self) -> str:
        """Real samples that it learned from."""
        return f"{real(self.run.view)['counts']['train']:,}"

    @property
    def steps(self) -> int:
        """Of condensing."""
        return self.run.steps

    @property
    def groups(self) -> int:
        """Classes of the data."""
        return len(next(info for info in catalogue() if info.name == self.run.config.data.name).classes)

    # ---------------------------------------------------------------------------------------------- accuracy

    @property
    def accuracy(self) -> str:
        """Of fresh networks trained on S, on the test set, with the spread over networks."""
        return said(self._score("synthetic"))

    @property
    def random(self) -> str:
        """The same for random real samples of the same number."""
        return said(self._score("random"))

    @property
    def whole(self) -> str:
        """The same for all real samples."""
        return said(self._score("whole set"))

    @property
    def began(self) -> str:
        """The accuracy on held-out samples before the first step."""
        return percent(self._accuracies[0])

    @property
    def ended(self) -> str:
        """The accuracy on held-out samples after the last step."""
        return percent(self._accuracies[-1])

    @property
    def peak(self) -> str:
        """The highest accuracy on held-out samples."""
        return percent(self._accuracies.max())

    @property
    def peaked(self) -> int:
        """The step at which it was measured."""
        return int(self.run.metrics["accuracy"][0][self._accuracies.argmax()])

    @property
    def _accuracies(self) -> np.ndarray:
        return self.run.metrics["accuracy"][1]

    def _score(self, of: str) -> Score:
        return next(s for s in self.run.scores if s.of == of and s.protocol.split == "test")

    # ------------------------------------------------------------------------------------- what it is good for

    @property
    def worst(self) -> str:
        """The accuracy in the group where it is lowest, with the spread over networks."""
        return self._good("worst-group")

    @property
    def canary(self) -> str:
        """The AUC of the canary game, with the error that chance alone gives."""
        mean, error = self.run.good["canary-auc"]
        return f"{mean:.2f}\u00a0±\u00a0{error:.2f}"

    @property
    def membership(self) -> str:
        """The AUC of the attack on ordinary real samples by their distance to the set, the mean over games."""
        return f"{self.run.good['membership-auc distance to the set'][0]:.2f}"

    @property
    def refuted(self) -> str:
        """The ε that the game rules out: every promise of a smaller one is broken."""
        return f"{self.run.good['epsilon-bound'][0]:.1f}"

    @property
    def epsilon(self) -> str:
        """The ε that a private run promises."""
        return f"{self.run.config.objectives[0].params['epsilon']:g}"

    @property
    def clean(self) -> str:
        """The accuracy of ConvNets on test samples as they are, with the spread over networks."""
        return self._good("convnet clean")

    @property
    def attacked(self) -> str:
        """The same where PGD-L∞ changes each pixel by a tenth of its range at most."""
        return self._good("convnet attacked PGD-L∞ 0.1")

    @property
    def attacked_hard(self) -> str:
        """The same at three tenths."""
        return self._good("convnet attacked PGD-L∞ 0.3")

    @property
    def attacked_mlp(self) -> str:
        """The accuracy of MLPs at a tenth."""
        return self._good("mlp attacked PGD-L∞ 0.1")

    def _good(self, quantity: str) -> str:
        mean, std = self.run.good[quantity]
        return f"{100 * mean:.1f}\u00a0±\u00a0{100 * std:.1f}\u00a0%"

    # ------------------------------------------------------------------------------------------- discrepancy

    @property
    def first(self) -> str:
        """The objective at the first step."""
        return short(self.run.metrics["objective"][1][0])

    @property
    def last(self) -> str:
        """The objective at the last step."""
        return short(self.run.metrics["objective"][1][-1])

    @property
    def times(self) -> str:
        """How many times smaller it has become."""
        values = self.run.metrics["objective"][1]
        return short(values[0] / values[-1])

    @property
    def parting(self) -> int:
        """The step from which the objective falls and the middle yardstick rises."""
        return self._parting.step

    @property
    def factor(self) -> str:
        """By how much it rises."""
        return f"{self._parting.factor:.2g}"

    @cached_property
    def _parting(self) -> Parting:
        found = parted(self.run.metrics)
        assert found is not None, f"{self.run.id} does not part"
        return found

    # -------------------------------------------------------------------------------------------- off-manifold

    @property
    def flagged(self) -> int:
        """Samples off the manifold at the end."""
        return len(flagged(self.run, self.run.steps))

    @property
    def arrived(self) -> int:
        """The first kept step at which at most half of the samples are off the manifold."""
        return next(step for step, frame in self.run.frames if (frame["off"] > FLAGGED).mean() <= HALF)

    # -------------------------------------------------------------------------------------------------- the map

    @property
    def on_umap(self) -> str:
        """Of a real sample's nearest neighbours, the fraction that is near it on the UMAP, too."""
        return percent(real(self.run.view)["kept_umap"], 0)

    @property
    def on_pca(self) -> str:
        """The same on the PCA."""
        return percent(real(self.run.view)["kept_pca"], 0)

    @property
    def home_umap(self) -> int:
        """Samples that lie at the end as near to a real one on the UMAP as nearly all real ones to one another."""
        return at_home(self.run, self.run.steps, "umap")

    @property
    def home_pca(self) -> int:
        """The same on the PCA."""
        return at_home(self.run, self.run.steps, "pca")

    @property
    def noise_pca(self) -> int:
        """The same at the start."""
        return at_home(self.run, 0, "pca")

    # ------------------------------------------------------------------------------------- several protocols

    @property
    def ways(self) -> int:
        """Protocols under which one set was judged."""
        return len(self._means)

    @property
    def networks(self) -> int:
        """Trained on it under each of them."""
        return len(numbers()["protocols"][0]["S"])

    @property
    def lowest(self) -> str:
        """The lowest of their means."""
        return percent(min(self._means))

    @property
    def highest(self) -> str:
        """The highest of their means."""
        return percent(max(self._means))

    @property
    def usual(self) -> str:
        """Their mean under the protocol that is usual in dcviz, the first."""
        return percent(self._means[0])

    @property
    def random_best(self) -> str:
        """The highest of the means that random real samples reach under these protocols."""
        return percent(max(float(np.mean(way["random"])) for way in numbers()["protocols"]))

    @property
    def _means(self) -> list[float]:
        return [float(np.mean(way["S"])) for way in numbers()["protocols"]]


def flagged(run: Prepared, step: int) -> list[int]:
    """Ids of the samples off the manifold at a kept step."""
    frame = dict(run.frames)[step]
    return [int(i) for i in np.asarray(frame["ids"])[np.asarray(frame["off"]) > FLAGGED]]


def at_home(run: Prepared, step: int, kind: str) -> int:
    """How many samples lie on a map within the distance that 95 % of real ones have to their nearest real one."""
    at, usual = np.asarray(real(run.view)[kind]), _usual(run.view, kind)
    return int((_nearest(np.asarray(dict(run.frames)[step][kind]), at) <= usual).sum())


@cache
def _usual(data: str, kind: str) -> float:
    at = np.asarray(real(data)[kind])
    return float(np.quantile(_nearest(at, at, others=True), 0.95))


def _nearest(points: np.ndarray, among: np.ndarray, *, others: bool = False) -> np.ndarray:
    """The distance of each point ``(n, 2)`` to the nearest of ``among (m, 2)``, ``others`` than itself."""
    squared = ((points[:, None] - among[None]) ** 2).sum(-1)  # (n, m)
    if others:
        np.fill_diagonal(squared, np.inf)
    return np.sqrt(squared.min(1))


def percent(value: float, digits: int = 1) -> str:
    """A fraction in per cent."""
    return f"{100 * value:.{digits}f}\u00a0%"


def said(score: Score) -> str:
    r"""An accuracy with its spread.

    >>> from dcviz.records import EvaluationProtocol
    >>> said(Score(0.875, 0.01, (0.87, 0.88), EvaluationProtocol()))
    '87.5\xa0±\xa01.0\xa0%'
    """
    return f"{100 * score.mean:.1f}\u00a0±\u00a0{100 * score.std:.1f}\u00a0%"


def short(value: float) -> str:
    r"""A number of two or three digits, a power of ten where it would need many zeros.

    >>> short(63.52), short(0.000051), short(1234.0)
    ('63.5', '5\xa0·\xa010⁻⁵', '1,230')
    """
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{float(f'{value:.3g}'):,.3g}" if abs(value) < 1000 else f"{float(f'{value:.3g}'):,.0f}"
    digits, power = f"{value:.0e}".split("e")
    return f"{digits}\u00a0·\u00a010{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
