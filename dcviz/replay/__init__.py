"""A run as one message that plays without a server, and as one HTML file that opens without Python."""

from __future__ import annotations

from dcviz.replay.page import page
from dcviz.replay.reel import Reel, reel_of, replay

__all__ = ["Reel", "page", "reel_of", "replay"]
