import gzip
import hashlib
import http.server
import struct
import threading

import pytest
import torch
from torchvision import datasets

from dcviz.data import catalogue, dataset
from dcviz.errors import Cancelled, Refused
from dcviz.records import DataConfig


def idx(array):
    """An array of bytes in the IDX format, packed."""
    head = struct.pack(f">HBB{array.dim()}I", 0, 8, array.dim(), *array.shape)
    return gzip.compress(head + array.numpy().tobytes())


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("DCVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "data"


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server on this machine with a small KMNIST of random images, in the published format."""
    at = torch.Generator().manual_seed(0)
    served, table = tmp_path / "served", []
    served.mkdir()
    for name, n in (("train", 200), ("t10k", 50)):
        images = torch.randint(256, (n, 28, 28), generator=at, dtype=torch.uint8)
        labels = (torch.arange(n) % 10).to(torch.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx(array)
            (served / f"{name}-{kind}-ubyte.gz").write_bytes(content)
            table.append((f"{name}-{kind}-ubyte.gz", hashlib.md5(content).hexdigest()))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(served))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(datasets.KMNIST, "mirrors", ["http://127.0.0.1:9/", f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(datasets.KMNIST, "resources", table)
    yield served
    server.shutdown()
    server.server_close()


def test_a_download_tells_its_progress_and_keeps_the_terminal_clean(root, mirror, capfd):
    heard = []
    kmnist = dataset("kmnist", lambda what, fraction: heard.append((what, fraction)))
    assert (len(kmnist.train), len(kmnist.held_out), len(kmnist.test)) == (180, 20, 50)
    assert kmnist.train.x.dtype == torch.uint8
    assert kmnist.shape == (1, 28, 28)
    assert any("downloading Kuzushiji-MNIST: train-images" in what for what, _ in heard)
    fractions = [fraction for _, fraction in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert capfd.readouterr() == ("", "")
    assert next(i for i in catalogue() if i.name == "kmnist").available


def test_a_cancelled_download_leaves_no_part_behind(root, mirror):
    def stop(what, fraction):
        if "downloading" in what and fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        dataset("kmnist", stop)
    assert not list(root.rglob("*.part"))
    assert len(dataset("kmnist").test) == 50  # and the next attempt succeeds


def test_what_is_not_the_published_file_is_not_kept(root, mirror):
    (mirror / "train-images-idx3-ubyte.gz").write_bytes(b"a login page")
    with pytest.raises(Refused, match="could not be downloaded.*what came is not the published file"):
        dataset("kmnist")
    assert not list(root.rglob("*.gz"))


def test_a_strange_archive_in_the_folder_is_named_and_left_alone(root, mirror):
    own = root / "KMNIST" / "raw" / "train-images-idx3-ubyte.gz"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    with pytest.raises(Refused, match=r"train-images-idx3-ubyte\.gz is not the published file.*delete it"):
        dataset("kmnist")
    assert own.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("name", "kind", "files"),
    [
        ("mnist", "MNIST", "MNIST/raw/train-images-idx3-ubyte, MNIST/raw/train-labels-idx1-ubyte, MNIST/raw/t10k"),
        ("cifar10", "CIFAR10", "cifar-10-batches-py/data_batch_1.*cifar-10-batches-py/batches.meta"),
        ("svhn", "SVHN", "train_32x32.mat, test_32x32.mat"),
    ],
)
def test_without_a_network_the_folder_and_the_files_are_named(root, monkeypatch, name, kind, files):
    nowhere, found = "http://127.0.0.1:9/", getattr(datasets, kind)
    if kind == "SVHN":
        table = {k: [nowhere + v[1], *v[1:]] for k, v in found.split_list.items()}
        monkeypatch.setattr(found, "split_list", table)
    else:
        monkeypatch.setattr(found, *(("mirrors", [nowhere]) if kind == "MNIST" else ("url", nowhere + "cifar.tar.gz")))
    with pytest.raises(Refused, match=f"put these files into {root}: .*{files}.*DCVIZ_DATA"):
        dataset(name)


def test_damaged_files_are_refused_with_their_place(root, mirror):
    dataset("kmnist")
    file = root / "KMNIST" / "raw" / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:1000])
    from dcviz import data

    data._cache.clear()
    with pytest.raises(Refused, match=f"Kuzushiji-MNIST cannot be read.*delete .*{file.name}"):
        dataset("kmnist")


def test_a_folder_that_cannot_be_written_is_refused(root, mirror):
    root.write_text("a file where the folder should be")
    with pytest.raises(Refused, match="cannot be stored in.*DCVIZ_DATA"):
        dataset("kmnist")


def test_the_catalogue_has_torchvisions_files():
    assert tuple(datasets.FashionMNIST.classes)[:2] == ("T-shirt/top", "Trouser")
    from dcviz.data.catalogue import PUBLISHED

    listed = {p.name: set(p.files) for p in PUBLISHED}
    for name, kind in (("cifar10", datasets.CIFAR10), ("cifar100", datasets.CIFAR100)):
        known = {f"{kind.base_folder}/{file}" for file, _ in kind.train_list + kind.test_list}
        assert listed[name] == known | {f"{kind.base_folder}/{kind.meta['filename']}"}
    assert len(next(p for p in PUBLISHED if p.name == "cifar100").classes) == 100


def test_real_mnist_is_whole_and_normalised_by_its_own_numbers(mnist):
    assert len(mnist.train) + len(mnist.held_out) == 60_000
    assert len(mnist.test) == 10_000
    assert mnist.train.x.dtype == torch.uint8
    # published mean and deviation of the 60,000: 0.1307 and 0.3081; ours are of the 54,001 that are trained on
    assert float(mnist.transform.arrays()["mean"]) == pytest.approx(0.1307, abs=5e-4)
    assert float(mnist.transform.arrays()["std"]) == pytest.approx(0.3081, abs=5e-4)
    assert mnist.train.y[mnist.train.id < 5].tolist() == [5, 0, 4, 1, 9][: int((mnist.train.id < 5).sum())]


def test_real_mnist_in_part(mnist):
    part = dataset(DataConfig("mnist", classes=("3", "8"), size=1000))
    assert len(part.train) == 1000
    assert part.fingerprint != mnist.fingerprint
    assert len(part.test) == 1984  # 1,010 threes and 974 eights


def test_the_real_part_of_cifar_is_read_from_an_npz(data_root):
    file = data_root / "cifar10-part.npz"
    if not file.is_file():
        pytest.skip(f"there is no {file}")
    cifar = dataset(DataConfig(path=str(file)))
    assert cifar.shape == (3, 32, 32)
    assert cifar.classes[0] == "airplane"
    assert (len(cifar.train), len(cifar.held_out), len(cifar.test)) == (4500, 500, 1000)
