"""How well networks trained on S do: measured beside a run, and at its end, with the rivals under the same protocol."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from dcviz.records import EvaluationProtocol, Score
from dcviz.runs.problem import Setup
from dcviz.runs.store import Store
from dcviz.types import SyntheticSet

ACCURACY_SECONDS = 2.0  # between live accuracies, at least


class Scoring:
    """The accuracies of one run. Each measurement is a generator that works in slices, and keeps its score."""

    def __init__(self, store: Store, run: str, budget: int, setup: Setup) -> None:
        self.store, self.run, self.budget, self.setup = store, run, budget, setup
        self._asked = 0.0  # when the last live accuracy was begun

    def due(self) -> bool:
        """Whether the last live accuracy is old enough; asked once for each."""
        if time.monotonic() - self._asked < ACCURACY_SECONDS:
            return False
        self._asked = time.monotonic()
        return True

    def live(self, at: int, synthetic: SyntheticSet, protocol: EvaluationProtocol) -> Generator[Any, None, None]:
        """The accuracy of S as it is now, a point of the curve at a step."""
        score = yield from self._measure(synthetic, protocol)
        self.store.record(self.run, [(at, "accuracy", score.mean)])

    def final(self, synthetic: SyntheticSet, protocol: EvaluationProtocol) -> Generator[Any, None, None]:
        """The accuracy of S at the end."""
        score = yield from self._measure(synthetic, protocol)
        self.store.save_score(self.run, score)

    def baselines(self, protocol: EvaluationProtocol) -> Generator[Any, None, None]:
        """The rivals under the same protocol, from the cache where they are known; further ones only if they are."""
        from dcviz.evaluation import BASELINES, FURTHER, baseline, fitting
        from dcviz.evaluation.baselines import key_of, known

        data = self.setup.dataset
        protocol = fitting(protocol, data.shape)
        for kind in BASELINES:
            if kind in FURTHER and known(key_of(kind, data.fingerprint, self.budget, protocol), self.store) is None:
                continue
            score = yield from baseline(kind, data, self.budget, protocol, cache=self.store, device=self.setup.device)
            if score is not None:
                self.store.save_score(self.run, score)

    def _measure(self, synthetic: SyntheticSet, protocol: EvaluationProtocol) -> Generator[Any, None, Score]:
        from dcviz.evaluation import fitting, measure

        protocol = fitting(protocol, self.setup.dataset.shape)
        batch = synthetic.map(lambda t: t.detach().clone()).decode()
        score: Score = yield from measure(
            batch.x,
            batch.y,
            self.setup.dataset,
            protocol,
            device=self.setup.device,
            label_kind=synthetic.label_kind,
            views=synthetic.views,
            step_size=synthetic.step_size(),
        )
        return score
