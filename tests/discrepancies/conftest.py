import pytest
import torch

from dcviz.condensing.parameterise import Pixels, synthetic_set
from dcviz.condensing.start import start
from dcviz.data import dataset
from dcviz.data.sampler import Real
from dcviz.randomness import generator


@pytest.fixture(scope="session")
def digits_real():
    return Real(dataset("digits"), torch.device("cpu"), 0)


@pytest.fixture(scope="session")
def digits_start():
    x, y = start("real", dataset("digits"), 3, generator(1, "start"))
    return synthetic_set(x + 0.1, y, 10, Pixels())


@pytest.fixture(scope="session")
def moons_real():
    return Real(dataset("moons"), torch.device("cpu"), 0)


@pytest.fixture(scope="session")
def moons_start():
    x, y = start("noise", dataset("moons"), 4, generator(1, "start"))
    return synthetic_set(x, y, 2, Pixels())
