"""The atlas of the bundled data that ships with the package."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dcviz.atlas.measure import Result

FILE = "bundled.json.gz"


@cache
def shipped() -> dict[str, Result]:
    """Results by key; empty where the file is missing."""
    from dcviz.atlas.measure import read

    place = files("dcviz.atlas") / FILE
    if not place.is_file():
        return {}
    found = json.loads(gzip.decompress(place.read_bytes()))
    return {key: read(tree) for key, tree in found["results"].items()}


@cache
def made_by() -> str:
    """Machine, versions and command that made the shipped atlas, in words."""
    place = files("dcviz.atlas") / FILE
    return json.loads(gzip.decompress(place.read_bytes()))["made_by"] if place.is_file() else ""
