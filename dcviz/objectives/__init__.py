"""What S should be good for beyond generalisation: <kind>/<objective>.py, one import line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dcviz.types import Objective

DECLARATIONS: tuple[type[Objective], ...] = ()
