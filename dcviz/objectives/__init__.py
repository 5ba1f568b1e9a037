"""What S should be good for beyond generalisation: <kind>/<objective>.py, one import line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcviz.objectives.private.embedding import PrivateEmbeddingObjective
from dcviz.objectives.private.gradients import PrivateGradientsObjective
from dcviz.objectives.private.means import PrivateMeansObjective

if TYPE_CHECKING:
    from dcviz.types import Objective

DECLARATIONS: tuple[type[Objective], ...] = (
    *(PrivateEmbeddingObjective, PrivateMeansObjective, PrivateGradientsObjective),
)
