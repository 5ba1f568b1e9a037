"""What the Inspect page says: short on the page, whole one click away."""

from __future__ import annotations

from typing import Any

from dcviz.embed.leaks import SURE

FLAG = (
    "Percentile: how many per cent of held-out real images are nearer to their nearest real training image. Below "
    f"{SURE:.0f} (the marked end), and alone with that one image, it is flagged as memorised. One in twenty unseen "
    "real images is as near by chance, but few of these are alone with it."
)
VERDICTS = {  # what stands beside the neighbours, and its meaning
    "memorised": (
        "memorised",
        "A near copy of its nearest real image: nearer to it than 95 % of unseen real images are to theirs, and to no "
        "other as near.",
    ),
    "average": (
        "near to several alike",
        "Nearer than 95 % of unseen real images are to theirs, but about as near to the next ones: an average, not a "
        "copy.",
    ),
    "usual": ("as far as unseen images", "As far from the nearest real image as unseen real images are from theirs."),
    "far": ("far from all", "Farther from every real image than 95 % of unseen real images are from theirs."),
    "unknown": ("no comparison", "Nothing is held out in this data: what distance is usual is not known."),
}
PLACED = (
    (
        "Nearest real images.",
        "Every real training image is compared, in pixels (0 to 1) and in the features of the network that makes the "
        "map. " + FLAG,
        r"\begin{gathered}d(s)=\min_{t\in T}\lVert s-t\rVert_2\\[4pt]"
        r"\text{percentile}=100\cdot\frac{\#\{h\in H: d(h)<d(s)\}}{\#H}\end{gathered}",
    ),
    (
        "Alone with it.",
        "The distance to the nearest over the mean distance to the next five, as a percentile of the same for held-out "
        "images. An average of many images is near to all of them; a copy is near to one.",
        r"d_1(s)\Big/\tfrac15\sum_{k=2}^{6}d_k(s)",
    ),
    (
        "Placed, not embedded.",
        "The UMAP was fitted on real images only. A synthetic one is put at the weighted mean of its 15 nearest real "
        "images in features: it cannot lie anywhere else, so lying inside a cluster proves nothing. Map trust counts "
        "how many of these 15 are among the 15 nearest on the map, too.",
        "",
    ),
    (
        "Off-manifold.",
        "Distance to the 5th nearest real image of its class in features, as a percentile of the same for held-out "
        "real images; above 95 is flagged.",
        "",
    ),
    (
        "What a discrepancy would do.",
        "Its gradient at the snapshot, from the same declaration that a run uses; shown is one plain step against it, "
        "as a change of pixels. The run's own objective sees the draw of its next step; others whose space is fresh at "
        "every step are a mean over four draws. Lengths have different units; the cosine to the run's own compares "
        "directions.",
        r"\begin{gathered}-g=-\nabla_{s}\,D(T,S)\\[4pt]"
        r"\cos=\frac{\langle g,g_{\text{own}}\rangle}{\lVert g\rVert\,\lVert g_{\text{own}}\rVert}\end{gathered}",
    ),
)


def words(planar: bool) -> dict[str, Any]:
    """The texts that the component writes."""
    said = {
        "sheet": "click one to look into it · ◥ off-manifold",
        "leaks": "lower left: near copies · crosses: memorised",
        "flag": FLAG,
        "held": "among held-out real images",
        "near": "every real training image compared",
        "exact": "with S itself",
        "rounded": "with its kept picture (8 bits)",
        "placed": "Placed by its nearest real images (rings), not embedded: lying inside a cluster proves nothing.",
        "path": "○ where it began · ◆ where it is",
        "pulls": PLACED[-1][1],
        "scale": "each to its own scale ±",
        "after": "enlarged: what a large step would make of it ·",
        "off": PLACED[3][1],
        "trust": PLACED[2][1],
    }
    verdicts = {key: {"short": short, "long": long} for key, (short, long) in VERDICTS.items()}
    if planar:
        said = {key: _of_points(text) for key, text in said.items()}
        verdicts = {key: {k: _of_points(t) for k, t in both.items()} for key, both in verdicts.items()}
        said["path"] += " · → what pulls at it"
    return {**said, "verdicts": verdicts, "sure": SURE}


def _of_points(text: str) -> str:
    return text.replace("image", "point").replace("of a pixel", "of a coordinate").replace("pixels", "the plane")
