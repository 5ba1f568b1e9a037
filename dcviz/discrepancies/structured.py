"""The regimes without clouds of vectors: why a divergence is not defined there, and what is compared instead."""

from __future__ import annotations

STRUCTURED = {
    "gradients": "Each class gives a network one gradient: a single vector, not a cloud. Gradients are compared by "
    "distances of their own, row by row or as a whole.",
    "trajectories": "Each set leads a network along one path of weights: there is one end point, not a cloud. It is "
    "compared by its distance from the expert's, relative to the way that the expert went.",
    "predictions": "What S teaches is asked to predict the real labels: the error of a prediction compares functions, "
    "not clouds.",
}
