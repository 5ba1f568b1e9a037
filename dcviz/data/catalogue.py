"""What data there is, known without torch, without reading a file, and without a network."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.errors import Refused, refuse_outside

if TYPE_CHECKING:
    from dcviz.records import DataConfig


@dataclass(frozen=True)
class DataInfo:
    """One data set, as menus and estimates need it."""

    name: str
    title: str
    classes: tuple[str, ...]
    shape: tuple[int, ...]  # one sample: (channels, height, width), or (2,)
    planar: bool
    train: int  # samples of the training part, the held-out tenth included
    test: int
    note: str
    available: bool | None  # can be loaded without a network


TOY_SIZE = 2000  # real training samples of a planar set, unless asked otherwise
TOY_TEST = 1000
TESTED = {"moons-minority": 5000}  # where a small group must be seen in it
MINORITY = {"moons-minority": 0.03}  # the share of the small group in each class, unless asked otherwise

RANGES = {"size": (4, 10**9), "noise": (0.0, 1.0), "imbalance": (1.0, 10_000.0), "minority": (0.0, 0.5)}  # of settings

DIGITS = tuple("0123456789")
FASHION = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR100 = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
    castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
    elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
    man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
    pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
    skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
    tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""
CIFAR100 = tuple(_CIFAR100.split())


@dataclass(frozen=True)
class Published:
    """A data set that torchvision reads: its class there, and the files it expects below the data folder."""

    name: str
    title: str
    kind: str  # name in torchvision.datasets
    files: tuple[str, ...]
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    train: int
    test: int
    note: str


def _idx(folder: str) -> tuple[str, ...]:
    parts = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    return tuple(f"{folder}/raw/{part}" for part in parts)


def _batches(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in names)


GREY, COLOUR = (1, 28, 28), (3, 32, 32)
CIFAR10_BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")

PUBLISHED = (
    Published("mnist", "MNIST", "MNIST", _idx("MNIST"), DIGITS, GREY, 60_000, 10_000, "download of 12 MB"),
    Published(
        "fashion-mnist",
        "Fashion-MNIST",
        "FashionMNIST",
        _idx("FashionMNIST"),
        FASHION,
        GREY,
        60_000,
        10_000,
        "download of 31 MB",
    ),
    Published("kmnist", "Kuzushiji-MNIST", "KMNIST", _idx("KMNIST"), KANA, GREY, 60_000, 10_000, "download of 21 MB"),
    Published(
        "svhn",
        "SVHN",
        "SVHN",
        ("train_32x32.mat", "test_32x32.mat"),
        DIGITS,
        COLOUR,
        73_257,
        26_032,
        "download of 246 MB",
    ),
    Published(
        "cifar10",
        "CIFAR-10",
        "CIFAR10",
        _batches("cifar-10-batches-py", *CIFAR10_BATCHES),
        CIFAR10,
        COLOUR,
        50_000,
        10_000,
        "download of 170 MB",
    ),
    Published(
        "cifar100",
        "CIFAR-100",
        "CIFAR100",
        _batches("cifar-100-python", "train", "test", "meta"),
        CIFAR100,
        COLOUR,
        50_000,
        10_000,
        "download of 169 MB",
    ),
)

_TOYS = (
    ("moons", "two moons", ("upper", "lower"), "two interlocking half circles"),
    (
        "moons-minority",
        "two moons, a small group",
        ("upper", "lower"),
        "two moons of which a few samples of each class, the minority, lie elsewhere",
    ),
    ("rings", "two rings", ("outer", "inner"), "one circle inside another: equal means"),
    ("eight-gaussians", "eight Gaussians", ("even", "odd"), "eight modes on a circle, four to each class in turn"),
    ("spirals", "two spirals", ("first", "second"), "two arms wound around each other"),
    ("checkerboard", "checkerboard", ("light", "dark"), "the fields of a 4×4 board: each class has eight modes"),
)


def data_folder() -> Path:
    """Where downloaded data lies: ``DCVIZ_DATA``, else the user's data directory."""
    given = os.environ.get("DCVIZ_DATA")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_data_dir

    return Path(user_data_dir("dcviz", appauthor=False)) / "data"


def catalogue() -> tuple[DataInfo, ...]:
    """All data sets that have a name, in the order of menus."""
    digits = DataInfo("digits", "digits", DIGITS, (1, 8, 8), False, 1347, 450, "real, comes with scikit-learn", True)
    toys = tuple(
        DataInfo(name, title, classes, (2,), True, TOY_SIZE, TESTED.get(name, TOY_TEST), note, True)
        for name, title, classes, note in _TOYS
    )
    root = data_folder()
    published = tuple(
        DataInfo(p.name, p.title, p.classes, p.shape, False, p.train, p.test, p.note, present(p, root))
        for p in PUBLISHED
    )
    return (digits, *toys, *published)


def announced(config: DataConfig) -> DataInfo | None:
    """What can be said of the data before anything is read; None of files of one's own."""
    return next((info for info in catalogue() if info.name == config.name and not config.path), None)


def is_planar(config: DataConfig) -> bool:
    """Whether the data are points of the plane, as far as can be said before anything is read."""
    info = announced(config)
    return info is not None and info.planar


def refuse_meaningless(config: DataConfig) -> None:
    """Refuse numbers that mean nothing for any data."""
    for key, (low, high) in RANGES.items():
        refuse_outside(f"data.{key}", getattr(config, key), low, high)


def refuse_few(classes: int, name: str) -> None:
    """Refuse to tell one class from nothing."""
    if classes < 2:
        raise Refused(
            f"{classes or 'no'} class of {name} was chosen; choose at least 2, so that they can be told apart."
        )


def refuse_thin(count: int, classes: int) -> None:
    """Refuse fewer real samples than two of each class."""
    if count < 2 * classes:
        raise Refused(
            f"{count} real samples for {classes} classes is too few: give at least {2 * classes}, two per class."
        )


def has_groups(config: DataConfig) -> bool:
    """Whether samples have groups beside the classes, as far as can be said before anything is read."""
    own = MINORITY.get(config.name, 0.0) if config.minority is None else config.minority
    return config.groups is not None or (config.path is None and own > 0)


def present(published: Published, root: Path) -> bool:
    """Whether all files of a published set lie below the folder."""
    return all((root / file).is_file() for file in published.files)
