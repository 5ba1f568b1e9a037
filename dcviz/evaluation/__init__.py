"""How good a set is to train on: fresh networks trained on it, tested on real data; and its simple rivals."""

from __future__ import annotations

from dcviz.evaluation.baselines import BASELINES, FURTHER, baseline
from dcviz.evaluation.measure import fitting, measure, run_to_end

__all__ = ["BASELINES", "FURTHER", "baseline", "fitting", "measure", "run_to_end"]
