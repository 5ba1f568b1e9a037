"""What S should be good for beyond generalisation: <kind>/<objective>.py, one import line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.objectives.fair.federated import Federated
from dcviz.objectives.fair.group_budgets import GroupBudgets
from dcviz.objectives.fair.group_weights import GroupWeights
from dcviz.objectives.fair.worst_group import WorstGroup
from dcviz.objectives.private.embedding import PrivateEmbeddingObjective
from dcviz.objectives.private.gradients import PrivateGradientsObjective
from dcviz.objectives.private.means import PrivateMeansObjective
from dcviz.objectives.robust.adversarial_real import AdversarialReal
from dcviz.objectives.robust.adversarial_ridge import AdversarialRidge
from dcviz.objectives.robust.adversarial_synthetic import AdversarialSynthetic
from dcviz.objectives.robust.curvature import Curvature
from dcviz.objectives.robust.input_gradient import InputGradient
from dcviz.objectives.robust.wasserstein import WassersteinBall

if TYPE_CHECKING:
    from dcviz.types import Objective

DECLARATIONS: tuple[type[Objective], ...] = (
    *(GroupWeights, WorstGroup, GroupBudgets, Federated),
    *(AdversarialReal, AdversarialSynthetic, AdversarialRidge, InputGradient, Curvature, WassersteinBall),
    *(PrivateEmbeddingObjective, PrivateMeansObjective, PrivateGradientsObjective),
)
