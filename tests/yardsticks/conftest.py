import pytest

from dcviz import embed
from dcviz.data import dataset
from dcviz.evaluation import run_to_end


class Remembered:
    """A cache in memory that counts what it is given."""

    def __init__(self):
        self.held, self.saved = {}, 0

    def load_cached(self, kind, key):
        return self.held.get((kind, key))

    def save_cached(self, kind, key, arrays, meta):
        self.saved += 1
        self.held[kind, key] = {k: v.copy() for k, v in arrays.items()}, meta


@pytest.fixture
def cache():
    return Remembered()


@pytest.fixture(scope="session")
def referenced():
    """A data set by name with the map's reference, made once."""
    made = {}

    def get(name):
        if name not in made:
            data = dataset(name)
            made[name] = data, run_to_end(embed.reference(data, embed.pixels_view(data)))
        return made[name]

    return get
