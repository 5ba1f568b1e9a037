"""Your own images: uploaded or found at a path, read once to be checked, and remembered by the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from dcviz.errors import Refused
from dcviz.records import DataConfig, name_of
from dcviz.runs.database import in_words
from dcviz.runs.files import write_whole
from dcviz.runs.store import Store

FACT = "own-sets"  # under which the store remembers them
KINDS = ("npz", "zip")  # that can be uploaded
NAMED = 40  # characters of a name, at most

T = TypeVar("T")


@dataclass(frozen=True)
class Own:
    """One set of your own, as the menu needs it."""

    path: str  # absolute
    name: str
    classes: tuple[str, ...]
    train: int  # real samples to learn from, the held-out tenth included


def known(store: Store) -> dict[str, Own]:
    """The sets that were used before and are still there, by path."""
    found = [Own(**{**fact, "classes": tuple(fact["classes"])}) for fact in store.get_fact(FACT, [])]
    return {own.path: own for own in found if Path(own.path).exists()}


def add(store: Store, path: str, name: str = "") -> Own:
    """Read the images at a path and remember them; the name is that of the file unless given.

    Raises:
        Refused: a path, an archive or images that do not fit, in words.
    """
    from dcviz.data import dataset

    place = Path(path.strip()).expanduser().absolute()
    data = dataset(DataConfig(path=str(place)))
    own = Own(str(place), (name or name_of(str(place)))[:NAMED], data.classes, len(data.train) + len(data.held_out))
    others = [asdict(o) for o in known(store).values() if o.path != own.path]
    store.set_fact(FACT, [*others, asdict(own)])
    return own


def upload(store: Store, name: str, content: bytes) -> Own:
    """Keep an uploaded file under the hash of its content, and read it; what does not fit is not kept.

    Raises:
        Refused: as `add`; a full disk.
    """
    kind = Path(name).suffix.lower()
    if kind.removeprefix(".") not in KINDS:
        raise Refused(f"{name} is neither an .npz nor a .zip; choose one of these.")
    return _kept(store, name, content, kind, lambda path: add(store, str(path), name_of(name)))


def upload_groups(store: Store, name: str, content: bytes, data: DataConfig) -> str:
    """Keep an uploaded file of groups likewise, where it fits the data; returns its path.

    Raises:
        Refused: a file that is no npz with train and test, or whose groups do not fit the samples; a full disk.
    """
    from dcviz.data import dataset

    if Path(name).suffix.lower() != ".npz":
        raise Refused(f"{name} is no .npz: write the arrays train and test with np.savez.")

    def read(path: Path) -> str:
        dataset(replace(data, groups=str(path)))
        return str(path)

    return _kept(store, name, content, ".npz", read)


def _kept(store: Store, name: str, content: bytes, kind: str, read: Callable[[Path], T]) -> T:
    """What is read from an upload, which lies under the hash of its content; one that is refused is not kept."""
    folder = store.home / "uploads"
    path = folder / f"{hashlib.blake2b(content, digest_size=16).hexdigest()}{kind}"
    new = not path.exists()
    with in_words(store.home):
        folder.mkdir(exist_ok=True)
        if new:
            write_whole(path, content)
    try:
        return read(path)
    except Refused as refusal:
        if new:
            path.unlink(missing_ok=True)
        raise Refused(str(refusal).replace(path.name, name)) from refusal
