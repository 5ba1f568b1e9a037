"""Discrepancies, regimes and presets: <regime>/<method>.py, one import line each."""

from __future__ import annotations

from dcviz.discrepancies.data.pixels import Pixels
from dcviz.discrepancies.gradients.dc import DC, DSA
from dcviz.discrepancies.gradients.idc import IDC
from dcviz.discrepancies.gradients.matching import GradientMatching
from dcviz.discrepancies.match import Match
from dcviz.discrepancies.predictions.ridge import Ridge
from dcviz.discrepancies.random_features.dm import DM
from dcviz.discrepancies.random_features.m3d import M3D
from dcviz.discrepancies.random_features.networks import RandomFeatures

DECLARATIONS = (Pixels, RandomFeatures, Match, GradientMatching, Ridge, DM, M3D, DC, DSA, IDC)
