"""Fixtures that more than one room uses."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def digits():
    from dcviz.data import dataset

    return dataset("digits")


@pytest.fixture(scope="session")
def moons():
    from dcviz.data import dataset

    return dataset("moons")


@pytest.fixture(scope="session")
def data_root():
    """The folder of real data, where there is one: DCVIZ_DATA."""
    if not os.environ.get("DCVIZ_DATA"):
        pytest.skip("set DCVIZ_DATA to a folder with real data (such as MNIST/raw) to run this test")
    return Path(os.environ["DCVIZ_DATA"])


@pytest.fixture(scope="session")
def mnist(data_root):
    """The real MNIST; never downloaded by a test."""
    from dcviz.data import catalogue, dataset

    if not next(i for i in catalogue() if i.name == "mnist").available:
        pytest.skip(f"{data_root} has no MNIST/raw with the four unpacked files")
    return dataset("mnist")
