"""Whether a final set from elsewhere is one: its arrays fit each other and their recipe."""

from __future__ import annotations

import numpy as np

from dcviz.errors import Refused
from dcviz.records import Recipe
from dcviz.runs.files import Arrays


def check_final(arrays: Arrays, recipe: Recipe, name: str) -> None:
    """Decode a final set once, to see that it can be.

    Args:
        arrays: as `dcviz.runs.states.final_of` writes them.
        recipe: what they presuppose.
        name: what refusals call it.

    Raises:
        Refused: something does not fit.
    """
    try:
        why = _misfit(arrays, recipe)
    except (RuntimeError, KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise Refused(
            f"the final set of {name} does not fit its recipe ({str(error)[:200]}): make it again."
        ) from error
    if why:
        raise Refused(f"the final set of {name} does not fit its recipe ({why}): make it again.")


def _misfit(arrays: Arrays, recipe: Recipe) -> str:
    """What does not fit, in words; empty where all does."""
    from dcviz.loaded import CondensedSet

    found = CondensedSet.of_arrays("", arrays, recipe)
    classes, C = arrays["classes"], len(recipe.classes)
    sizes = {len(found.x), len(found.y), len(classes) * recipe.expand, len(arrays["ids"]) * recipe.expand}
    views, maps = arrays.get("views"), arrays.get("maps")
    checks = {
        "its arrays differ in length": len(sizes) > 1,
        "samples have another shape": tuple(found.x.shape[1:]) != recipe.shape or not found.x.is_floating_point(),
        "its classes are no whole numbers": classes.dtype != np.int64 or arrays["ids"].dtype != np.int64,
        "a class is out of range": classes.min() < 0 or classes.max() >= C,
        "it is not in the order of classes": bool((np.diff(classes) < 0).any()),
        "soft labels have another width": found.y.dim() != (2 if "labels" in arrays else 1)
        or (found.y.dim() == 2 and found.y.shape[1] != C),
        "a value is NaN or infinite": not all(bool(np.isfinite(array).all()) for array in arrays.values()),
        "views have no maps": (views is None) != (maps is None) or (recipe.views > 0) != (views is not None),
        "views have another shape": views is not None and maps is not None and (
            views.shape != (recipe.views, len(found.x), C) or maps.shape != (recipe.views, len(found.x), 2, 3)
        ),
    }  # fmt: skip
    return next((why for why, wrong in checks.items() if wrong), "")
