"""Discrepancies, regimes and presets: <regime>/<method>.py, one import line each."""

from __future__ import annotations

from dcviz.discrepancies.batch_norm.channels import ChannelStatistics
from dcviz.discrepancies.batch_norm.recovery import Recovery
from dcviz.discrepancies.batch_norm.sre2l import SRE2L
from dcviz.discrepancies.data.pixels import Pixels
from dcviz.discrepancies.fair.federated import Federated
from dcviz.discrepancies.fair.weights import AllottedGroups, WeighedGroups
from dcviz.discrepancies.fair.worst import WorstGroup
from dcviz.discrepancies.gradients.dc import DC, DSA
from dcviz.discrepancies.gradients.idc import IDC
from dcviz.discrepancies.gradients.matching import GradientMatching
from dcviz.discrepancies.match import Match
from dcviz.discrepancies.predictions.ensemble import RidgeEnsemble
from dcviz.discrepancies.predictions.frepo import FREPO
from dcviz.discrepancies.predictions.infinite_ridge import InfiniteRidge
from dcviz.discrepancies.predictions.kip import KIP
from dcviz.discrepancies.predictions.online import OnlineRidge
from dcviz.discrepancies.predictions.rfad import RFAD
from dcviz.discrepancies.predictions.ridge import Ridge
from dcviz.discrepancies.predictions.two_networks import TWO_NETWORKS
from dcviz.discrepancies.private.embedding import PrivateEmbedding
from dcviz.discrepancies.private.gradients import PrivateGradients
from dcviz.discrepancies.private.means import PrivateMeans
from dcviz.discrepancies.random_features.attention import Attention
from dcviz.discrepancies.random_features.datadam import DATADAM
from dcviz.discrepancies.random_features.dm import DM
from dcviz.discrepancies.random_features.m3d import M3D
from dcviz.discrepancies.random_features.networks import RandomFeatures
from dcviz.discrepancies.robust.adversarial_real import AdversarialReal
from dcviz.discrepancies.robust.adversarial_ridge import AdversarialRidge
from dcviz.discrepancies.robust.adversarial_synthetic import AdversarialSynthetic
from dcviz.discrepancies.robust.curvature import Curvature
from dcviz.discrepancies.robust.input_gradient import InputGradient
from dcviz.discrepancies.robust.wasserstein import WassersteinBall
from dcviz.discrepancies.trained_features.alignment import LayerAlignment
from dcviz.discrepancies.trained_features.cafe import CAFE
from dcviz.discrepancies.trained_features.calibration import Calibration
from dcviz.discrepancies.trained_features.idm import IDM
from dcviz.discrepancies.trained_features.ncfm import NCFM_PRESET
from dcviz.discrepancies.trained_features.networks import TrainedFeatures
from dcviz.discrepancies.trained_features.online import OnlinePool
from dcviz.discrepancies.trained_features.own import OwnNetwork
from dcviz.discrepancies.trained_features.places import BarycentreMatching
from dcviz.discrepancies.trained_features.wmdd import WMDD
from dcviz.discrepancies.trajectories.datm import DATM
from dcviz.discrepancies.trajectories.matching import TrajectoryMatching
from dcviz.discrepancies.trajectories.mtt import MTT
from dcviz.discrepancies.trajectories.tesla import TESLA

DECLARATIONS = (
    *(Pixels, RandomFeatures, Attention, TrainedFeatures, OwnNetwork),
    *(Match, GradientMatching, TrajectoryMatching, Ridge, Calibration, LayerAlignment, OnlinePool),
    *(BarycentreMatching, WMDD, NCFM_PRESET),
    *(DM, M3D, DATADAM, CAFE, IDM, DC, DSA, IDC, MTT, TESLA, DATM),
    *(ChannelStatistics, Recovery, SRE2L),
    *(PrivateEmbedding, PrivateGradients, PrivateMeans),
    *(InfiniteRidge, RidgeEnsemble, OnlineRidge, KIP, RFAD, FREPO, TWO_NETWORKS),
    *(WeighedGroups, AllottedGroups, WorstGroup, Federated),
    *(AdversarialReal, AdversarialSynthetic, AdversarialRidge, InputGradient, Curvature, WassersteinBall),
)
