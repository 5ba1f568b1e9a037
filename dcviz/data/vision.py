"""The sets that torchvision reads, kept as uint8: downloaded with progress, checked, and read from the data folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcviz.data.catalogue import PUBLISHED, Published, data_folder, present
from dcviz.data.splits import Source, make_split
from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.types import Progress

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 2**18  # bytes read from the network at a time
PATIENCE = 20  # seconds without an answer before a server is given up


class Unreachable(Exception):
    """A server that does not answer, or not with the file."""


@dataclass(frozen=True)
class Archive:
    """One file to fetch: where it may be had, where it goes, and its published checksum."""

    urls: tuple[str, ...]
    file: Path
    md5: str


def source(config: DataConfig, progress: Progress) -> Source:
    """A published set from the data folder, downloaded first where it is missing.

    Raises:
        Refused: no network and no files (the folder and the files are named), a full disk, files that are damaged.
        Cancelled: from ``progress``, leaving no part of a file behind.
    """
    from torchvision import datasets

    published = next(p for p in PUBLISHED if p.name == config.name)
    kind, root = getattr(datasets, published.kind), data_folder()
    if not present(published, root):
        _download(published, kind, root, progress)
    progress(f"reading {published.title}", 0.9)
    parts = [_read(published, kind, root, train) for train in (True, False)]
    train, test = make_split(*parts[0]), make_split(*parts[1], first=len(parts[0][1]))
    return Source(published.name, published.title, published.classes, train, test)


def _read(published: Published, kind: Any, root: Path, train: bool) -> tuple[Tensor, Tensor]:
    """Samples ``(N, channels, H, W)`` uint8 and classes ``(N,)`` of one part."""
    import torch

    try:
        found = kind(root, split="train" if train else "test") if published.kind == "SVHN" else kind(root, train=train)
    except (RuntimeError, AssertionError, ValueError, TypeError, IndexError, EOFError) as error:
        places = ", ".join(sorted({str(root / file) for file in published.files}))
        raise Refused(
            f"the files of {published.title} cannot be read, they are damaged or not the published ones ({error}): "
            f"delete {places} and load it again."
        ) from error
    x = torch.as_tensor(found.data)
    x = x[:, None] if x.dim() == 3 else x
    if x.shape[1:] != published.shape:
        x = x.permute(0, 3, 1, 2)
    y = torch.as_tensor(found.labels if published.kind == "SVHN" else found.targets)
    if len(x) != len(y) or x.shape[1:] != published.shape:
        raise Refused(
            f"{published.title} below {root} has {len(x):,} images of {tuple(x.shape[1:])} and {len(y):,} labels: its "
            "files do not belong together; delete them and load it again."
        )
    return x, y


def _download(published: Published, kind: Any, root: Path, progress: Progress) -> None:
    """Fetch what is missing, then let torchvision unpack it: finding all archives there, it fetches nothing itself."""
    archives = _archives(published.kind, kind, root)
    try:
        for i, archive in enumerate(archives):
            archive.file.parent.mkdir(parents=True, exist_ok=True)
            _fetch(
                archive,
                lambda done, name=archive.file.name, i=i: progress(  # type: ignore[misc]
                    f"downloading {published.title}: {name}", 0.85 * (i + done) / len(archives)
                ),
            )
        progress(f"unpacking {published.title}", 0.85)
        if published.kind != "SVHN":
            kind(root, download=True)
    except Unreachable as error:
        missing = [file for file in published.files if not (root / file).is_file()]
        raise Refused(
            f"{published.title} is not in the data folder and could not be downloaded ({error}): connect to the "
            f"network, or put these files into {root}: {', '.join(missing)}. "
            "Another folder is chosen with the environment variable DCVIZ_DATA."
        ) from error
    except OSError as error:
        raise Refused(
            f"{published.title} cannot be stored in {root} ({error.strerror or error}): free some space there, or "
            "choose another folder with the environment variable DCVIZ_DATA."
        ) from error


def _archives(name: str, kind: Any, root: Path) -> list[Archive]:
    """What torchvision would download, from its own tables."""
    if name == "SVHN":
        parts = (kind.split_list["train"], kind.split_list["test"])
        return [Archive((url,), root / file, md5) for url, file, md5 in parts]
    if name.startswith("CIFAR"):
        return [Archive((kind.url,), root / kind.filename, kind.tgz_md5)]
    return [
        Archive(tuple(mirror + file for mirror in kind.mirrors), root / name / "raw" / file, md5)
        for file, md5 in kind.resources
    ]


def _fetch(archive: Archive, tell: Callable[[float], None]) -> None:
    """One archive into its place, from the first mirror that has it; whole and checked, or not at all."""
    if archive.file.is_file():
        if _md5(archive.file) == archive.md5:
            return
        raise Refused(
            f"{archive.file} is not the published file (its checksum differs): delete it to have it downloaded, or "
            "unpack it beside itself if you know what it is."
        )
    part = archive.file.with_name(f"{archive.file.name}.{os.getpid()}.part")
    reasons = []
    for url in archive.urls:
        try:
            with open(part, "wb") as out:
                for block in _blocks(url, tell):
                    out.write(block)
            if _md5(part) != archive.md5:
                raise Unreachable("what came is not the published file")
            os.replace(part, archive.file)
            return
        except Unreachable as error:
            reasons.append(f"{url}: {error}")
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    raise Unreachable("; ".join(reasons))


def _blocks(url: str, tell: Callable[[float], None]) -> Iterator[bytes]:
    """The content of an address, block by block; all that networks do becomes `Unreachable`."""
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    done = 0
    tell(0.0)
    try:
        answer = urlopen(Request(url, headers={"User-Agent": "dcviz"}), timeout=PATIENCE)
        total = int(answer.headers.get("Content-Length") or 0)
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(getattr(error, "reason", None) or error) from error
    with answer:
        while True:
            try:
                block = answer.read(BLOCK)
            except (OSError, HTTPException) as error:
                raise Unreachable(error) from error
            if not block:
                return
            yield block
            done += len(block)
            tell(min(done / total, 1.0) if total else 0.0)


def _md5(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
