"""References and maps from the cache, or those of the bundled digits, which come with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache as once
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dcviz.caching import Cache

if TYPE_CHECKING:
    import numpy as np

Held = tuple[Mapping[str, "np.ndarray"], Any]


def load(kind: str, key: str, cache: Cache | None) -> Held | None:
    """What is known under a key."""
    found = cache.load_cached(kind, key) if cache is not None else None
    return found if found is not None else bundled().get(f"{kind}-{key}")


def save(kind: str, key: str, arrays: Mapping[str, np.ndarray], meta: Any, cache: Cache | None) -> None:
    """Keep what has been made, where there is a cache."""
    if cache is not None:
        cache.save_cached(kind, key, arrays, meta)


@once
def bundled() -> dict[str, Held]:
    """What comes with the package, by kind and key; made by ``python -m dcviz.embed.bundle``."""
    import numpy as np

    folder = files("dcviz.embed")
    if not (folder / "bundled.json").is_file():
        return {}
    metas = json.loads((folder / "bundled.json").read_text(encoding="utf-8"))
    found: dict[str, Held] = {}
    with (folder / "bundled.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
        for name, meta in metas.items():
            own = [k for k in archive.files if k.startswith(f"{name}/")]
            found[name] = ({k.removeprefix(f"{name}/"): archive[k] for k in own}, meta)
    return found
