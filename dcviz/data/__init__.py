"""Real data: bundled digits, planar toys, torchvision's sets, and your own images, each with its transform.

Importing this room needs neither torch nor scikit-learn; `catalogue` says at once what there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from dcviz.data.catalogue import DataInfo, catalogue, data_folder
from dcviz.types import Dataset, Progress, silent

if TYPE_CHECKING:
    from dcviz.data.splits import Source
    from dcviz.records import DataConfig

__all__ = ["DataInfo", "catalogue", "data_folder", "dataset"]

KEPT = 3  # data sets held in memory between calls; MNIST is 55 MB, SVHN 300 MB

_cache: dict[tuple[DataConfig, str], Dataset] = {}
_lock = Lock()


def dataset(config: DataConfig | str, progress: Progress = silent) -> Dataset:
    """The real set that a configuration (or a bare name) describes.

    Args:
        config: what to load; with a path, the path decides and the name is not looked at.
        progress: hears of downloads and long reading; may raise `Cancelled`.

    Raises:
        Refused: an unknown name or class, files that are missing or do not fit, an impossible size.
    """
    from dcviz.data.files import stamp
    from dcviz.records import DataConfig

    config = DataConfig(name=config) if isinstance(config, str) else config
    if config.classes is not None:
        config = replace(config, classes=tuple(config.classes))  # a list, from a notebook, cannot be a key
    files = [path for path in (config.path, config.groups) if path is not None]
    key = (config, str(data_folder()) + "".join(map(stamp, files)))
    with _lock:  # for the book-keeping only: a download must not hold up who asks for digits
        found = _cache.pop(key, None)
        if found is not None:
            _cache[key] = found  # the last one to go, now
            return found
    made = _load(config, progress)
    with _lock:
        while len(_cache) >= KEPT:
            _cache.pop(next(iter(_cache)))
        _cache[key] = made
    return made


def _load(config: DataConfig, progress: Progress) -> Dataset:
    from dcviz.data.splits import finish
    from dcviz.errors import unknown

    infos = {info.name: info for info in catalogue()}
    if config.path is None and config.name not in infos:
        raise unknown("data set", config.name, infos)
    progress(f"reading {config.path or infos[config.name].title}", 0.0)
    return finish(_source(config)(config, progress), config, progress)


def _source(config: DataConfig) -> Callable[[DataConfig, Progress], Source]:
    from dcviz.data import bundled, files, toy, vision
    from dcviz.data.catalogue import PUBLISHED

    if config.path is not None:
        return files.source
    if config.name in toy.FIGURES:
        return toy.source
    return vision.source if config.name in [p.name for p in PUBLISHED] else bundled.source
