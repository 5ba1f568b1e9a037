import io
import stat
import struct
import zipfile
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.records import DataConfig


def load(path, **config):
    return dataset(DataConfig(path=str(path), **config))


def png(array, mode=None):
    out = io.BytesIO()
    Image.fromarray(array, mode).save(out, "PNG") if mode else Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


def shade(value, size=8):
    return png(np.full((size, size), value, np.uint8))


def tree(root, classes=("cat", "dog"), each=12):
    """A folder of grey images; the shade tells class and number."""
    for c, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for i in range(each):
            (root / name / f"{i}.png").write_bytes(shade(100 * c + i))
    return root


def pack(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def good_members(classes=("cat", "dog"), each=12):
    return [(f"{name}/{i}.png", shade(100 * c + i)) for c, name in enumerate(classes) for i in range(each)]


def arrays(n=24, **changes):
    at = np.random.default_rng(0)
    base = {"x_train": at.integers(0, 256, (n, 8, 8), dtype=np.uint8), "y_train": np.arange(n) % 2}
    return {k: v for k, v in (base | changes).items() if v is not None}


# ----------------------------------------------------------------------------------------------- what is read


def test_a_folder_of_class_folders(tmp_path):
    data = load(tree(tmp_path / "pets"))
    assert (data.name, data.classes, data.shape) == ("pets", ("cat", "dog"), (1, 8, 8))
    assert (len(data.test), len(data.held_out), len(data.train)) == (4, 2, 18)  # a sixth, then a tenth of 10 a class
    assert data.train.x.dtype == torch.uint8
    for part in (data.train, data.held_out, data.test):
        assert torch.equal(part.y, (part.x[:, 0, 0, 0] >= 100).long())  # every image has the label of its folder
    every = torch.cat([data.train.id, data.held_out.id, data.test.id])
    assert sorted(every.tolist()) == list(range(24))


def test_a_zip_reads_as_its_folder_and_nothing_is_extracted(tmp_path):
    folder = load(tree(tmp_path / "a"))
    packed = load(pack(tmp_path / "a.zip", good_members()))
    assert packed.fingerprint == folder.fingerprint
    wrapped = load(pack(tmp_path / "b.zip", [(f"outer/{n}", c) for n, c in good_members()] + [("__MACOSX/x.png", b"")]))
    assert wrapped.fingerprint == folder.fingerprint
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "a.zip", "b.zip"]


def test_train_and_test_folders_are_kept_apart(tmp_path):
    tree(tmp_path / "set" / "train", each=10)
    tree(tmp_path / "set" / "test", each=3)
    data = load(tmp_path / "set")
    assert (len(data.train), len(data.held_out), len(data.test)) == (18, 2, 6)
    assert not set(data.test.id.tolist()) & set(data.train.id.tolist())


def test_names_with_numbers_are_in_the_order_of_numbers(tmp_path):
    assert load(tree(tmp_path / "n", ("10", "2", "1"))).classes == ("1", "2", "10")


@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "bmp", "webp", "gif", "tiff", "tif", "PNG"])
def test_formats(tmp_path, suffix):
    for c, name in enumerate(("a", "b")):
        (tmp_path / "s" / name).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(np.full((8, 8), 200 * c + i, np.uint8)).save(tmp_path / "s" / name / f"{i}.{suffix}")
    data = load(tmp_path / "s")
    assert data.shape == (1, 8, 8)
    assert (data.train.x.float().mean((1, 2, 3)) - 200 * data.train.y).abs().max() < 8


def test_colour_is_kept_and_grey_saved_as_colour_becomes_grey(tmp_path):
    red, grey = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 9, np.uint8)
    red[..., 0] = 250
    coloured = load(pack(tmp_path / "c.zip", good_members() + [("dog/red.png", png(red))]))
    assert coloured.shape == (3, 8, 8)
    assert load(pack(tmp_path / "g.zip", good_members() + [("dog/grey.png", png(grey))])).shape == (1, 8, 8)


def test_mixed_sizes_are_scaled_to_the_commonest_and_cropped(tmp_path):
    wide = np.zeros((16, 48), np.uint8)
    wide[:, 16:32] = 255  # the middle third, which the crop to a square keeps
    data = load(pack(tmp_path / "m.zip", good_members() + [("dog/wide.png", png(wide))]))
    assert data.shape == (1, 8, 8)
    whole = torch.cat([data.train.x, data.held_out.x, data.test.x])
    assert (whole.float().mean((1, 2, 3)) > 250).sum() == 1


def test_sizes_without_a_common_one_take_the_median(tmp_path):
    members = [(f"{c}/{i}.png", png(np.full((10 + i, 20 + i), 9 * i, np.uint8))) for c in "ab" for i in range(7)]
    assert load(pack(tmp_path / "m.zip", members)).shape == (1, 13, 23)


def test_transparency_turns_white_sixteen_bits_turn_eight_and_photographs_stand_upright(tmp_path):
    clear = np.zeros((8, 8, 4), np.uint8)
    deep = np.full((8, 8), 65535, np.uint16)
    photo, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # turn by 90°
    side = np.zeros((8, 16), np.uint8)
    side[:, :8] = 255  # bright left half; upright it is the upper half
    Image.fromarray(side).save(photo, "JPEG", exif=exif, quality=95)
    members = [(f"a/{i}.png", png(clear)) for i in range(6)] + [(f"b/{i}.png", png(deep)) for i in range(6)]
    data = load(pack(tmp_path / "x.zip", members))
    assert data.shape == (1, 8, 8)
    assert (data.train.x == 255).all()
    tall = [(f"{c}/{i}.jpg", photo.getvalue()) for c in "ab" for i in range(6)]
    upright = load(pack(tmp_path / "y.zip", tall))
    assert upright.shape == (1, 16, 8)
    assert upright.train.x[0, 0, :6].min() > 200
    assert upright.train.x[0, 0, 10:].max() < 50


@pytest.mark.parametrize(
    ("x", "shape"),
    [
        (np.zeros((24, 8, 9), np.uint8), (1, 8, 9)),
        (np.zeros((24, 8, 9, 1), np.uint8), (1, 8, 9)),
        (np.zeros((24, 8, 9, 3), np.float64), (3, 8, 9)),
        (np.zeros((24, 1, 8, 9), np.float16), (1, 8, 9)),
        (np.zeros((24, 3, 8, 9), np.int64), (3, 8, 9)),
        (np.zeros((24, 8, 9), bool), (1, 8, 9)),
    ],
)
def test_npz_layouts(tmp_path, x, shape):
    np.savez(tmp_path / "a.npz", **arrays(x_train=x))
    data = load(tmp_path / "a.npz")
    assert data.shape == shape
    assert data.train.x.dtype == (torch.float32 if np.issubdtype(x.dtype, np.floating) else torch.uint8)


def test_npz_with_test_part_and_names_keeps_both(tmp_path):
    given = arrays(
        y_train=np.arange(24) % 2, x_test=np.full((4, 8, 8), 7, np.uint8), y_test=np.array([[0], [1], [1], [1]])
    )
    np.savez_compressed(tmp_path / "a.npz", **given, class_names=np.array(["even", "odd"]))
    data = load(tmp_path / "a.npz", classes=("odd", "even"))
    assert data.classes == ("even", "odd")
    assert data.test.y.tolist() == [0, 1, 1, 1]
    assert (data.test.x == 7).all()
    assert len(data.train) + len(data.held_out) == 24


def test_labels_that_do_not_begin_at_0_name_the_classes(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays(y_train=np.where(np.arange(24) % 2, 7, -1)))
    data = load(tmp_path / "a.npz")
    assert data.classes == ("-1", "7")
    assert set(data.train.y.tolist()) == {0, 1}


def test_values_survive_the_way_in_and_out(tmp_path):
    x = np.random.default_rng(1).random((24, 8, 8)).astype(np.float32)
    np.savez(tmp_path / "a.npz", **arrays(x_train=x))
    data = load(tmp_path / "a.npz")
    back = data.transform.inverse(data.transform.forward(data.train.x))
    assert np.abs(back[:, 0].numpy() - x[data.train.id.numpy()]).max() < 1e-5


def test_a_changed_file_is_read_again(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays())
    first = load(tmp_path / "a.npz")
    assert load(tmp_path / "a.npz") is first
    np.savez(tmp_path / "a.npz", **arrays(n=36))
    assert len(load(tmp_path / "a.npz").train) > len(first.train)


# -------------------------------------------------------------------------------------------- what is refused

HALF = np.linspace(0, 1, 24 * 64).reshape(24, 8, 8)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"x_train": None}, "has the arrays y_train; it needs x_train and y_train"),
        ({"x_train": HALF * 255}, r"values from 0 to 255; floats must lie in \[0, 1\]: divide x_train by 255"),
        ({"x_train": HALF * 4 - 2}, "values from -2 to 2; .*undo its normalisation"),
        ({"x_train": np.where(HALF > 0.99, np.nan, HALF)}, "NaN or infinite, first in image 23"),
        ({"x_train": np.where(HALF > 0.99, np.inf, HALF)}, "NaN or infinite"),
        ({"x_train": np.full((24, 8, 8), 256)}, "whole numbers from 256 to 256: pixels are 0 to 255"),
        ({"x_train": np.zeros((24, 8, 8), complex)}, "type complex128: give uint8"),
        ({"x_train": np.zeros((24, 64))}, r"x_train has the shape \(24, 64\): give \(N, H, W\)"),
        ({"x_train": np.zeros((24, 8, 8, 4), np.uint8)}, "neither side is 1 or 3 channels"),
        ({"x_train": np.zeros((24, 3, 8, 3), np.uint8)}, "either side could be the channels"),
        ({"x_train": np.zeros((24, 2, 8), np.uint8)}, "2 pixels narrow: give at least 4"),
        ({"x_train": np.zeros((0, 8, 8), np.uint8), "y_train": np.zeros(0, int)}, "has the shape"),
        ({"y_train": np.arange(23) % 2}, "x_train has 24 images and y_train 23 labels"),
        ({"y_train": np.arange(24) % 2 + 0.5}, "y_train has values of type float64: give whole numbers"),
        ({"y_train": np.eye(24, dtype=int)[:, :2]}, "give one whole number for each image"),
        ({"y_train": np.zeros(24, int)}, r"one class only \(0\)"),
        ({"y_train": np.arange(24) // 23}, "class '1' of a.npz has 1 image, too few.*at least 6"),
        ({"x_test": np.zeros((2, 8, 8), np.uint8)}, "only one of x_test and y_test"),
        ({"x_test": np.zeros((2, 9, 9), np.uint8), "y_test": np.zeros(2, int)}, "give one shape"),
        ({"x_test": np.zeros((2, 8, 8), np.uint8), "y_test": np.full(2, 5)}, "y_test has the class 5"),
        ({"class_names": np.array(["a"])}, "labels from 0 to 1, but class_names has 1 names"),
        ({"class_names": np.array(["a", "b", "c"])}, "class 'c' of class_names has no image"),
        ({"class_names": np.array(["a", "a"])}, "a name twice"),
        ({"class_names": np.array([1, 2])}, "dtype=str"),
        ({"class_names": np.array(["a", "b"], dtype=object)}, "class_names .* holds Python objects"),
        ({"x_train": np.array([None] * 24, dtype=object)}, "x_train .* holds Python objects, which may carry code"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, changes, text):
    np.savez(tmp_path / "a.npz", **arrays(**changes))
    with pytest.raises(Refused, match=text):
        load(tmp_path / "a.npz")


def test_an_array_that_claims_to_be_larger_than_its_file_is_not_allocated(tmp_path):
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000, 1000), }".ljust(117) + b"\n"
    lie = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\0" * 100
    pack(tmp_path / "a.npz", [("x_train.npy", lie), ("y_train.npy", lie)])
    with pytest.raises(Refused, match="x_train of a.npz is damaged .its length is not what its header says"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize("part", ["x_train.npy", "photo"])
def test_spoilt_bytes_are_refused_or_read_but_never_crash(tmp_path, part):
    from dcviz.data import arrays as reader
    from dcviz.data import pictures

    at, content = np.random.default_rng(0), io.BytesIO()
    if part == "photo":
        Image.fromarray(at.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(content, "JPEG")
    else:
        np.save(content, np.zeros((24, 8, 8), np.uint8))
    labels = io.BytesIO()
    np.save(labels, np.arange(24) % 2)
    refused = 0
    for _ in range(150):
        spoilt = np.frombuffer(content.getvalue(), np.uint8).copy()
        spoilt[at.integers(0, 120, 3)] = at.integers(0, 256, 3)
        try:
            if part == "photo":
                pictures.decode(spoilt.tobytes(), "photo", (8, 8), 1)
            else:
                path = pack(tmp_path / "a.npz", [(part, spoilt.tobytes()), ("y_train.npy", labels.getvalue())])
                reader.read_npz(path)
        except Refused:
            refused += 1
    assert 0 < refused <= 150


def test_paths_that_are_not_data_are_refused(tmp_path):
    with pytest.raises(Refused, match="there is nothing at .*nowhere: check the path"):
        load(tmp_path / "nowhere")
    (tmp_path / "a.csv").write_text("1,2")
    with pytest.raises(Refused, match="a.csv is of no kind that can be read: give an .npz"):
        load(tmp_path / "a.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="empty has no images"):
        load(tmp_path / "empty")
    for name in ("a.zip", "a.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 and then nothing")
        with pytest.raises(Refused, match=f"{name} is not a readable"):
            load(tmp_path / name)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ([("../evil.png", b"x")], r"a member outside its own folder \('../evil.png'\)"),
        ([("cat/../../evil.png", b"x")], "outside its own folder"),
        ([("/etc/evil.png", b"x")], "outside its own folder"),
        ([("C:/evil.png", b"x")], "outside its own folder"),
        ([("..\\evil.png", b"x")], "outside its own folder"),
        ([("cat/bomb.png", b"\0" * (32 * 2**20))], "looks like a zip bomb: 'cat/bomb.png' would unpack from"),
        ([("cat/drawing.svg", b"<svg/>")], "drawing.svg is .svg, which is not read: convert it to PNG"),
        ([("cat/broken.png", shade(1)[:50])], "image cat/broken.png is damaged"),
        ([("cat/text.png", b"hello")], "cat/text.png is not an image"),
        ([("loose.png", shade(1))], "loose.png of a.zip lies in no class folder"),
        ([("bird/1.png", shade(1))], "class 'bird' of a.zip has 1 image, too few"),
    ],
)
def test_zips_that_are_hostile_or_do_not_fit_are_refused(tmp_path, members, text):
    path = pack(tmp_path / "a.zip", good_members() + members)
    with pytest.raises(Refused, match=text):
        load(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_links_in_a_zip_are_refused(tmp_path):
    link = zipfile.ZipInfo("cat/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(Refused, match="symbolic link .'cat/link.png'"):
        load(pack(tmp_path / "a.zip", [*good_members(), (link, b"/etc/passwd")]))


def test_links_to_folders_are_refused(tmp_path):
    tree(tmp_path / "a")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    with pytest.raises(Refused, match="loop is a link to a folder"):
        load(tmp_path / "a")


def test_a_damaged_member_is_named(tmp_path):
    path = pack(tmp_path / "a.zip", good_members())
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("cat/3.png").header_offset
    content[at + 50] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(Refused, match="cat/3.png in a.zip is damaged"):
        load(path)


def test_a_password_is_refused(tmp_path):
    path = pack(tmp_path / "a.zip", good_members())
    content = path.read_bytes().replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")
    path.write_bytes(content)
    with pytest.raises(Refused, match="protected by a password"):
        load(path)


@pytest.mark.parametrize(("side", "what"), [(65_000, "more than 178,956,970 pixels"), (9_000, "9,000×9,000")])
def test_a_giant_image_is_refused_before_it_is_decoded(tmp_path, side, what):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    giant = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    giant += chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    with pytest.raises(Refused, match=f"image cat/giant.png is too large .*{what}.*limit is 50,000,000 pixels: shrink"):
        load(pack(tmp_path / "a.zip", [*good_members(), ("cat/giant.png", giant)]))


def test_too_much_altogether_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    from dcviz.data import folders, zips

    monkeypatch.setattr(folders, "DECODED", 24 * 64 - 1)
    with pytest.raises(Refused, match="24 images of 8×8 would take .* shrink the images"):
        load(tree(tmp_path / "a"))
    monkeypatch.setattr(folders, "COUNT", 20)
    with pytest.raises(Refused, match="more than 20 files"):
        load(tmp_path / "a")
    path = pack(tmp_path / "a.zip", good_members())
    monkeypatch.setattr(zips, "TOTAL", 1000)
    with pytest.raises(Refused, match="would unpack to"):
        load(path)
    monkeypatch.setattr(zips, "COUNT", 20)
    with pytest.raises(Refused, match="has 24 members; the limit is 20"):
        load(path)


def test_a_float_image_is_refused(tmp_path):
    out = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.float32)).save(out, "TIFF")
    with pytest.raises(Refused, match="cat/f.tif has 32-bit pixels"):
        load(pack(tmp_path / "a.zip", [*good_members(), ("cat/f.tif", out.getvalue())]))


def test_a_class_of_the_test_part_alone_is_refused(tmp_path):
    tree(tmp_path / "a" / "train")
    tree(tmp_path / "a" / "test", ("cat", "fox"), 2)
    with pytest.raises(Refused, match="test part of a has the class 'fox'"):
        load(tmp_path / "a")


def test_one_class_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"one class only \(cat\)"):
        load(tree(tmp_path / "a", ("cat",)))
