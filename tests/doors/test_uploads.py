"""Uploads: whatever they are called and however large they say they are, they stay in their place and are answered."""

import io
import zipfile

import numpy as np
import pytest
import torch

from dcviz.data import zips
from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.runs.importing.published import FILES, find
from dcviz.runs.store import Store
from dcviz.ui import own
from dcviz.ui.importing import _file_name, _read

NAMES = ("..", ".", "", "/", "..\\..\\x", "a\0.pt", "../../x.pt", "/etc/x.npz", "é" * 400 + ".pt", "C:\\x.npz", "x")
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


class Upload:
    """As streamlit hands one over."""

    def __init__(self, name, data=b"nothing"):
        self.name, self._data = name, data

    def getbuffer(self):
        return memoryview(self._data)


def packed(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def tensors():
    out = io.BytesIO()
    torch.save([torch.rand(20, 1, 8, 8), torch.arange(10).repeat_interleave(2)], out)
    return out.getvalue()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_a_name_is_only_a_name(name, tmp_path):
    store = Store(tmp_path / "home")
    with pytest.raises(Refused):
        _read(store, [Upload(name)], None, False)
    with pytest.raises(Refused):
        own.upload(store, name, b"nothing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
    assert not [path for path in store.home.rglob("*") if path.is_file() and path.suffix in (".pt", ".npz")]


def test_a_long_name_keeps_its_ending():
    assert _file_name("é" * 400 + ".dcviz.zip").endswith(".dcviz.zip")
    assert len(_file_name("é" * 400 + ".dcviz.zip").encode()) < 255


def test_a_long_name_within_a_zip_is_no_trouble_of_the_disk(tmp_path):
    (tmp_path / "a.zip").write_bytes(packed(("set/" + "é" * 300 + ".pt", tensors())))
    assert find([tmp_path / "a.zip"]).x.shape == (20, 1, 8, 8)


def test_two_files_of_one_name_are_refused(tmp_path):
    with pytest.raises(Refused, match="same name"):
        _read(Store(tmp_path), [Upload("a/x.pt"), Upload("b/x.pt")], None, False)


def test_many_files_are_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(packed(*((f"{i}.pt", tensors()) for i in range(FILES + 1))))
    with pytest.raises(Refused, match=f"has {FILES + 1} files of tensors"):
        find([tmp_path / "a.zip"])


@pytest.mark.parametrize("name", ["a/x.svg", "a/x.svgz", "a/x.png"])
def test_a_drawing_that_holds_script_is_no_image(name, tmp_path):
    store = Store(tmp_path)
    image = packed(*((f"{c}/{i}.png", _png()) for c in "ab" for i in range(6)), (name, SVG))
    with pytest.raises(Refused, match=r"which is not read|not an image"):
        own.upload(store, "mine.zip", image)
    assert not list((store.home / "uploads").iterdir())


def test_what_unpacks_without_end_is_refused_before_it_is_unpacked(tmp_path):
    bomb = packed(("a/0.png", bytes(zips.RATIO_FROM + 1)))
    with pytest.raises(Refused, match="looks like a zip bomb"):
        own.upload(Store(tmp_path), "bomb.zip", bomb)


def test_an_upload_is_known_by_its_content_not_by_its_name(tmp_path):
    store, out = Store(tmp_path), io.BytesIO()
    x = np.random.default_rng(0).integers(0, 255, (24, 6, 6), np.uint8)
    np.savez(out, x_train=x, y_train=np.arange(24) % 2)
    added = own.upload(store, "<b>../../mine</b>.npz", out.getvalue())
    (kept,) = (store.home / "uploads").iterdir()
    assert added.path == str(kept)
    assert kept.stem.isalnum()
    from dcviz.data import dataset

    assert len(dataset(DataConfig("own", added.path)).classes) == 2


def _png():
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.zeros((6, 6), np.uint8)).save(out, "PNG")
    return out.getvalue()
