"""What the Compare page says of what it shows: short where it stands, whole for whoever asks."""

from __future__ import annotations

from dcviz.figures.overlay import MIDDLE
from dcviz.runs.clock import AXES
from dcviz.yardsticks import RELATIVE

SCALE_MEANS = {  # scale of the objective -> what it means, and its formula
    "start": (
        "Objectives of different methods have units of their own, so each is divided by where it began.",
        r"J(s) \,/\, |J(s_1)|",
    ),
    "own": (
        "Each from its lowest to its highest value: shapes compare, heights do not. Hovering tells the value, and so "
        "does the chart's title to the keyboard.",
        r"(J(s) - \min J) \,/\, (\max J - \min J)",
    ),
    "plain": ("The numbers themselves: they compare only where the method is the same.", r"J(s)"),
}
CHIPS = {
    "on": "Click: take it off the sheets and the map. It stays in the curves.",
    "off": "Click: show its sheet and its points.",
}
SHEETS = {
    "sheets": "left: real · ◥ off-manifold",
    "sheetsWhy": "Left of each class stand real images of it; a corner ◥ marks a synthetic image that is off-manifold.",
    "wipe": "drag the divider: A on its left, B on its right",
    "wipeWhy": "Left of the divider A is seen, right of it B; the arrow keys move it once it has the focus.",
    "unlike": "A and B are laid out differently: places do not coincide",
    "off": "Off-manifold: distance to the 5th nearest real image of its class in reference features, as a percentile "
    "of the same for held-out real images; above 95 is flagged.",
    "zoom": "Click an image or a point: the same place in every run stands out, and is shown here enlarged.",
}
MOVES = "← and → go to the moment before and after."
BANDS = "Repeats are drawn as their mean, in a band of ± one standard deviation."


def curves(axis: str, scale: str, yardstick: str) -> str:
    """What clock, objective and yardstick of the curves mean, as one text."""
    middle = " The middle one is the median of all." if yardstick == MIDDLE else ""
    parts = f"Clock: {AXES[axis].meaning}", f"Objective: {SCALE_MEANS[scale][0]}", f"Yardstick: {RELATIVE}{middle}"
    return "\n".join((*parts, BANDS))
