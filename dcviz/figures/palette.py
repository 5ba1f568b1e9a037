"""Colours: tokens per theme and class colours that are safe for colour-blind people. Nothing else names a colour."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Theme = Literal["light", "dark"]


FONT = "'Source Sans', system-ui, sans-serif"  # streamlit's own: nothing is fetched


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme."""

    background: str
    panel: str
    ink: str
    muted: str  # secondary text; at least 4.5:1 on the background
    hairline: str
    accent: str
    selection: str
    outline: str  # around synthetic points


LIGHT = Tokens("#FBFBFC", "#F1F3F6", "#1B1F27", "#667085", "#E8EBF0", "#0072B2", "#D55E00", "#1B1F27")
DARK = Tokens("#0F1217", "#181C23", "#E6E9EF", "#98A1B0", "#2A303A", "#56B4E9", "#D55E00", "#F5F7FA")

# Okabe–Ito first (blue, orange, green, pink, sky, vermillion), then purple, grey, yellow, ink; each moved in
# lightness until it stands at least 3:1 against its background and apart from its neighbours.
CLASSES: dict[str, tuple[str, ...]] = {  # fmt: skip
    "light": (
        "#0072B2",
        "#C77F00",
        "#008A65",
        "#BF5A93",
        "#3596D1",
        "#D55E00",
        "#7B5AA6",
        "#757B85",
        "#938700",
        "#3A3F4A",
    ),
    "dark": (
        "#3D8FD1",
        "#E69F00",
        "#1FB98A",
        "#DB8DB9",
        "#8FD3F7",
        "#F0703A",
        "#A98AD6",
        "#8B919B",
        "#F0E442",
        "#D5D9E0",
    ),
}


def tokens(theme: Theme) -> Tokens:
    """The tokens of a theme."""
    return DARK if theme == "dark" else LIGHT


def ground(token: Tokens, size: int = 12) -> dict[str, Any]:
    """What the layout of every chart has: no legend and no background, our font (px), and labels like a panel."""
    return {
        "showlegend": False,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": size, "color": token.ink},
        "hoverlabel": {
            "bgcolor": token.panel,
            "bordercolor": token.hairline,
            "font": {"color": token.ink, "family": FONT},
        },
    }


def class_colours(count: int, theme: Theme) -> list[str]:
    """One colour per class; beyond ten, hues a golden angle apart in two lightnesses (labels carry the rest)."""
    base = list(CLASSES[theme])
    if count <= len(base):
        return base[:count]
    lightness = (0.42, 0.54) if theme == "light" else (0.66, 0.78)
    return [_hex((0.56 + i * 0.618034) % 1, lightness[i % 2], 0.62) for i in range(count)]


# From less to more: blue and red, which stay apart for every kind of colour-blindness, over the theme's own ground.
DIVERGING = {"light": ("#1F5FA8", "#FBFBFC", "#B8182B"), "dark": ("#5AAEF2", "#171B22", "#FF7B66")}


def diverging(values: np.ndarray, theme: Theme) -> np.ndarray:
    """Colours ``(*shape, 3)`` uint8 of values ``(*shape)`` from -1 (blue) over 0 (the ground) to 1 (red)."""
    low, ground, high = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)], float) for c in DIVERGING[theme])
    share = np.abs(np.asarray(values, float))[..., None].clip(0, 1)
    ends = np.where(np.asarray(values)[..., None] < 0, low, high)
    return (ground + share * (ends - ground)).round().astype(np.uint8)


def rgba(colour: str, alpha: float) -> str:
    """A hex colour with an opacity, as CSS."""
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{alpha:g})"


def _hex(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(255 * v):02X}" for v in colorsys.hls_to_rgb(hue, lightness, saturation))
