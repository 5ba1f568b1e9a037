"""Samples that stay on the disk: the same in everything but memory."""

import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from dcviz.data import dataset, draws, rows, stored
from dcviz.data.draws import distinct
from dcviz.data.rows import Rows
from dcviz.data.sampler import Real
from dcviz.errors import Refused
from dcviz.records import DataConfig
from dcviz.runs.problem import build

CPU = torch.device("cpu")


@pytest.fixture
def mapped(monkeypatch):
    """Whatever the size, bytes stay on the disk, and pages turn often."""
    monkeypatch.setattr(stored, "MAPPED_FROM", 0)
    monkeypatch.setattr(rows, "PAGES", 2**10)
    monkeypatch.setattr(rows, "TOUCHED", 2**12)


def images(shape=(120, 8, 8), seed=0):
    at = np.random.default_rng(seed)
    return {"x_train": at.integers(0, 256, shape, dtype=np.uint8), "y_train": np.arange(shape[0]) % 3}


def in_npz(path, arrays, save=np.savez):
    save(path, **arrays)
    return path


def in_folder(path, arrays):
    path.mkdir()
    for key, array in arrays.items():
        np.save(path / f"{key}.npy", array)
    return path


def load(path, **config):
    return dataset(DataConfig(path=str(path), **config))


@pytest.mark.parametrize("shape", [(120, 8, 8), (120, 8, 8, 3), (120, 3, 8, 8)])
@pytest.mark.parametrize("write", [in_npz, in_folder])
def test_rows_on_the_disk_are_the_rows_in_memory(tmp_path, request, shape, write):
    arrays = images(shape)
    held = load(in_npz(tmp_path / "held.npz", arrays, np.savez_compressed))
    request.getfixturevalue("mapped")
    there = load(write(tmp_path / ("there.npz" if write is in_npz else "there"), arrays))
    assert isinstance(there.train.x, Rows)
    assert not isinstance(held.train.x, Rows)
    assert there.fingerprint == held.fingerprint
    for part in ("train", "held_out", "test"):
        a, b = getattr(held, part), getattr(there, part)
        assert torch.equal(a.x, b.x[:])
        assert torch.equal(a.x[5:9], b.x[5:9])
        assert torch.equal(a.x[-1], b.x[-1])
        assert torch.equal(torch.cat(list(b.x.split(7))), a.x)
        assert (b.x.shape, b.x.dtype, b.x.numel()) == (a.x.shape, a.x.dtype, a.x.numel())
    for key, value in held.transform.arrays().items():
        assert torch.allclose(value, there.transform.arrays()[key], rtol=1e-6)
    a, b = Real(held, CPU, 0), Real(there, CPU, 0)
    assert b._resident is None
    for one, other in ((a.at(3).batch(9), b.at(3).batch(9)), (a.at(3).shuffled(20), b.at(3).shuffled(20))):
        assert torch.equal(one.id, other.id)
        assert torch.allclose(one.x, other.x, atol=1e-5)


def test_a_choice_of_rows_reads_nothing(mapped, tmp_path):
    data = load(in_npz(tmp_path / "a.npz", images()), classes=("0", "2"), size=40)
    whole = images()["x_train"]
    assert isinstance(data.train.x, Rows)
    assert len(data.train) == 40
    assert torch.equal(data.train.x[:][:, 0], torch.from_numpy(whole[data.train.id.numpy()]))


def test_a_file_that_is_written_anew_meanwhile_is_refused(mapped, tmp_path):
    path = in_folder(tmp_path / "a", images())
    data = load(path)
    with (path / "x_train.npy").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(Refused, match="changed while it was in use"):
        data.train.x[:]


def test_damage_in_an_npz_is_found_by_its_checksum(mapped, tmp_path):
    path = in_npz(tmp_path / "a.npz", images())
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo("x_train.npy").header_offset
    content = bytearray(path.read_bytes())
    content[first + 1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(Refused, match="checksum"):
        load(path)


@pytest.mark.parametrize("name", ["x_train", "y_train"])
def test_a_folder_that_lacks_an_array_is_refused(mapped, tmp_path, name):
    arrays = images()
    path = in_folder(tmp_path / "a", {**arrays, "x_test": arrays["x_train"], "y_test": arrays["y_train"]})
    (path / f"{name}.npy").unlink()
    with pytest.raises(Refused, match="it needs x_train and y_train" if name == "y_train" else "no images"):
        load(path)


def test_a_cut_off_array_and_one_of_objects_are_refused(mapped, tmp_path):
    path = in_folder(tmp_path / "a", images())
    os.truncate(path / "x_train.npy", 2000)
    with pytest.raises(Refused, match=r"x_train\.npy is damaged"):
        load(path)
    np.save(path / "x_train.npy", np.array([{}] * 120))
    with pytest.raises(Refused, match="never read"):
        load(path)


# --------------------------------------------------------------------------------------------------- what is drawn


@pytest.fixture
def few_keys(monkeypatch):
    monkeypatch.setattr(draws, "MANY", 0)


def test_draws_from_many_are_different_and_below_their_counts(few_keys):
    counts = torch.tensor([1000, 17, 3, 100_000, 40])
    chosen = distinct(counts, 16, torch.Generator().manual_seed(0))
    assert chosen.shape == (5, 16)
    for row, count in zip(chosen, counts, strict=True):
        inside = row[row < count]
        assert len(inside.unique()) == len(inside) == min(16, int(count))


def test_draws_from_many_are_even(few_keys):
    at, n, rounds = torch.Generator().manual_seed(0), 5, 4000
    seen = torch.stack([distinct(torch.tensor([20]), n, at)[0] for _ in range(rounds)])
    assert draws.some(20, 5, at).unique().shape == (5,)
    assert len(draws.some(20, 50, at)) == 20
    for column in seen.T:  # each of the places, too
        often = column.bincount(minlength=20) / rounds
        assert float((often - 1 / 20).abs().max()) < 5 * (0.05 * 0.95 / rounds) ** 0.5


def test_what_a_seed_draws_from_few_is_as_it_always_was(digits):
    """Runs that exist go on bit for bit: one random key a sample, the largest win."""
    real = Real(digits, CPU, 0)
    batch = real.at(5).batch(16)
    from dcviz.randomness import generator

    position = torch.arange(int(real.counts.max()))
    keys = torch.rand(10, len(position), generator=generator(0, "real", 5))
    chosen = keys.masked_fill(position >= real.counts[:, None], -1).topk(16, dim=1).indices
    assert torch.equal(batch.id, real.id[real.members[real.first[:, None] + chosen]])


# ------------------------------------------------------------------------------------------------------- memory


PROGRAM = """
import sys
from pathlib import Path
from dcviz.condensing.loop import begin, step
from dcviz.records import DataConfig
from dcviz.runs.configure import configure
from dcviz.runs.problem import build

def peak():
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

for path in sys.argv[1:]:
    config = configure(data=DataConfig(path=path), divergence="mean", regime="random-features", budget=1,
                       start="real", live=None, settings={"batch": 16})
    setup = build(config)
    state = begin(setup.problem, setup.start)
    for _ in range(3):
        state = step(setup.problem, state)
    print(len(setup.dataset.train), peak())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of the memory is read from /proc")
def test_ten_times_the_rows_take_the_same_memory(tmp_path):
    """Opened, looked through for the transform and the fingerprint, and condensed for three steps."""
    at = np.random.default_rng(0)
    for n in (24_000, 240_000):
        folder = tmp_path / str(n)
        folder.mkdir()
        x = np.lib.format.open_memmap(folder / "x_train.npy", "w+", np.uint8, (n, 3, 32, 32))  # sparse: zeros
        x[:100] = at.integers(0, 256, (100, 3, 32, 32), dtype=np.uint8)
        np.save(folder / "y_train.npy", np.arange(n) % 10)
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "24000"), str(tmp_path / "240000")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    (few, small), (many, large) = (map(float, line.split()) for line in found.stdout.splitlines())
    assert many > 9 * few
    assert large - small < 100  # MB, where the images are 660 MB more


def test_a_run_on_rows_of_the_disk_goes_to_its_end(mapped, tmp_path):
    from dcviz.runs.configure import configure

    config = configure(
        data=DataConfig(path=str(in_npz(tmp_path / "a.npz", images()))), budget=2, steps=2, live=None, start="real"
    )
    assert build(config).start.stored.shape == (6, 1, 8, 8)


def test_of_many_samples_no_more_are_set_aside_than_a_test_needs(monkeypatch):
    from dcviz.data.splits import make_split, split_off

    y = torch.arange(1000) % 3
    split = make_split(torch.zeros(1000, 1, 4, 4, dtype=torch.uint8), y)
    stays, away = split_off(split, 10, most=31)
    assert (len(stays), len(away)) == (969, 31)
    assert sorted(away.y.bincount().tolist()) == [10, 10, 11]
    assert torch.equal(split_off(split, 10, most=1000)[1].id, split_off(split, 10)[1].id)


def test_rivals_of_large_classes_are_chosen_from_a_part_of_each_class(mapped, tmp_path, monkeypatch):
    from dcviz.condensing import members
    from dcviz.evaluation import baselines, run_to_end

    data = load(in_npz(tmp_path / "a.npz", images()))
    seen, stored = [], members.stored
    monkeypatch.setattr(members, "LOOKED_AT", 4 * 64 * 5)
    monkeypatch.setattr(members, "stored", lambda data, wanted: seen.append(wanted) or stored(data, wanted))
    run_to_end(baselines.selected("herding", data, 2, 0))
    run_to_end(baselines.selected("random", data, 2, 0))
    assert [len(own) for own in seen[0]] == [5, 5, 5]
    assert [len(own) for own in seen[1]] == [2, 2, 2]
    assert not set(torch.cat(seen[1]).tolist()) <= set(torch.cat(seen[0]).tolist())  # random samples are of all


def test_a_teacher_holds_a_random_part_of_a_large_t(digits, monkeypatch):
    from dcviz.discrepancies import teachers

    real = Real(digits, CPU, 0).at(0)
    x, y = teachers.everything(real)
    assert torch.equal(y, digits.train.y)
    monkeypatch.setattr(teachers, "HELD", 4 * 64 * 400)
    some, classes = teachers.everything(real)
    again, _ = teachers.everything(real)
    assert torch.equal(some, again)
    assert 340 < len(some) == len(classes) < 460  # 400 on average
    assert classes.bincount(minlength=10).min() > 20
    assert {tuple(row) for row in some.flatten(1).tolist()} <= {tuple(row) for row in x.flatten(1).tolist()}


def test_the_variance_of_a_pixel_is_that_of_all_samples_at_once(digits):
    from dcviz.data import transforms

    x = digits.train.x
    assert transforms.spread(x) == pytest.approx(float(x.flatten(1).double().var(0).mean()), rel=1e-9)
