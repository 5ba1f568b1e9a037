"""What can be chosen by name in the Playground, known without torch."""

from __future__ import annotations

from dataclasses import dataclass

from dcviz.condensing.start import STARTS as SELECTIONS

REAL_POINTS = 512  # of a figure; what is drawn has as many as were drawn
DRAWN = "drawn"


@dataclass(frozen=True)
class Named:
    """A choice as menus show it."""

    title: str
    sentence: str


FIGURES = {
    "eight-gaussians": Named("eight Gaussians", "Eight modes on a circle; the mean lies where there is nothing."),
    "moons": Named("two moons", "Two interlocking half circles."),
    "rings": Named("two rings", "One circle inside another: equal means."),
    "spirals": Named("two spirals", "Two arms wound around each other."),
    "checkerboard": Named("checkerboard", "The light fields of a 4×4 board: eight modes with straight edges."),
    "three-unequal": Named("three unequal modes", "Three Gaussians with 60, 30 and 10 per cent of the mass."),
    "two-far": Named("two far modes", "Two narrow Gaussians far apart: between them the density has a saddle."),
    "one-gaussian": Named("one Gaussian", "A single round mode."),
}
STARTS = {
    "centre": Named("noise at the centre", "A small heap in the middle of the plane."),
    "wide": Named("noise everywhere", "Spread evenly over the plane."),
    "far": Named("far away", "A small heap in a corner, away from all real points."),
    **{s.name: Named(s.title, s.sentence) for s in SELECTIONS if s.name != "noise"},
}
MOVES = {
    "flow": Named(
        "gradient flow",
        "Each point follows its own arrow: a weak pull moves it little. Learning rate 1 is one radius for the pull "
        "that this divergence exerts half a radius away from its goal.",
    ),
    "adam": Named("Adam", "As most papers do: each coordinate at its own pace, however weak its pull is."),
}
