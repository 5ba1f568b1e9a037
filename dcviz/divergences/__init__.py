"""Divergences between two clouds of vectors: one file each, one import line each."""

from __future__ import annotations

from dcviz.divergences.bures import Bures
from dcviz.divergences.central_moments import CentralMoments
from dcviz.divergences.cfd import CFD
from dcviz.divergences.chi2 import Chi2
from dcviz.divergences.energy import Energy
from dcviz.divergences.exact import ExactOT
from dcviz.divergences.fisher import Fisher
from dcviz.divergences.js import JS
from dcviz.divergences.kl import KL
from dcviz.divergences.max_sliced import MaxSliced
from dcviz.divergences.mmd import MMD
from dcviz.divergences.moments import Mean, Moments
from dcviz.divergences.ncfm import NCFM
from dcviz.divergences.sinkhorn import Sinkhorn
from dcviz.divergences.sliced import Sliced
from dcviz.divergences.spectral import Spectral
from dcviz.divergences.stein import KSD

DECLARATIONS = (
    Energy,
    MMD,
    CFD,
    NCFM,
    Sinkhorn,
    ExactOT,
    Sliced,
    MaxSliced,
    Bures,
    Mean,
    Moments,
    CentralMoments,
    Spectral,
    KSD,
    Fisher,
    KL,
    JS,
    Chi2,
)
