"""What a start looks at: all of a class or a stated part of it, in short pieces, in the order of the file."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dcviz.condensing import members, picking
from dcviz.condensing.picking import MAKE, PICK
from dcviz.condensing.start import STARTS, chosen_from, real, start, starting
from dcviz.data import dataset, stored
from dcviz.data.rows import Rows
from dcviz.data.splits import pick, stratified
from dcviz.randomness import generator
from dcviz.records import DataConfig

SELECTIONS = [s.name for s in STARTS if s.name not in ("noise", "real")]
N, CLASSES, FLOATS = 2400, 3, 64


@pytest.fixture
def mapped(monkeypatch, tmp_path):
    """A set of which the images stay on the disk; the classes lie mixed in the file."""
    monkeypatch.setattr(stored, "MAPPED_FROM", 0)
    at = np.random.default_rng(0)
    (tmp_path / "set").mkdir()
    np.save(tmp_path / "set" / "x_train.npy", at.integers(0, 256, (N, 8, 8), dtype=np.uint8))
    np.save(tmp_path / "set" / "y_train.npy", at.integers(0, CLASSES, N))
    made = dataset(DataConfig(path=str(tmp_path / "set")))
    assert isinstance(made.train.x, Rows)
    return made


@pytest.fixture
def small(monkeypatch):
    """A class of more than 100 samples is large."""
    monkeypatch.setattr(members, "LOOKED_AT", 4 * FLOATS * 100)


@pytest.fixture
def read(monkeypatch):
    """The rows of each read, in the order of the file."""
    seen, before = [], Rows._read
    monkeypatch.setattr(Rows, "_read", lambda self, at, into: seen.append(self._at(at)) or before(self, at, into))
    monkeypatch.setattr(Rows, "_at", lambda self, at: at if self._chosen is None else self._chosen[at], raising=False)
    return seen


def to_end(work):
    """The result, and how many pieces there were."""
    pieces = 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value, pieces
        pieces += 1


# ------------------------------------------------------------------------------------ below the bound: as it always was


def by_differences(z, budget):
    """Herding with the distance of every sample computed anew for each pick."""
    middle, total, picked = z.mean(0), torch.zeros_like(z[0]), []
    for k in range(1, budget + 1):
        distance = (z - (k * middle - total)).square().sum(1)
        if picked:
            distance[picked] = torch.inf
        picked.append(int(distance.argmin()))
        total = total + z[picked[-1]]
    return picked


@pytest.mark.parametrize("shift", [0.0, 1.0, 1000.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_herding_by_a_product_picks_what_differences_pick(shift, dtype):
    """Also where the product alone cannot tell: equal samples, near ones, and all far from 0."""
    at = generator(0, "z")
    z = torch.randn(400, 30, generator=at)
    z = torch.cat([z, z[:50], z[50:100] + 1e-6 * torch.randn(50, 30, generator=at)]).to(dtype) + shift
    assert picking.herd(z, 60, at).tolist() == by_differences(z, 60)


def test_herding_takes_one_product_a_pick(monkeypatch):
    z, looked = torch.randn(500, 20, generator=generator(0, "z")), []
    before = picking.squared
    monkeypatch.setattr(picking, "squared", lambda part, point: looked.append(len(part)) or before(part, point))
    picking.herd(z, 40, generator(0, "g"))
    assert sum(looked) < len(z) / 10  # samples looked at again, of all picks together


@pytest.mark.parametrize("transform", ["normalise", "zca"])
@pytest.mark.parametrize("kind", [*PICK, *MAKE])
def test_of_a_class_that_is_not_large_all_samples_are_turned_at_once_for_all_we_see(kind, transform):
    data, budget = dataset(DataConfig(transform=transform)), 4
    draws, by_hand = generator(0, "start"), generator(0, "start")
    made, y = start(kind, data, budget, draws)
    for c in range(10):
        x = real(data, (data.train.y == c).nonzero()[:, 0])
        z = x.flatten(1)
        own = x[PICK[kind](z, budget, by_hand)] if kind in PICK else MAKE[kind](z, budget, by_hand)
        assert torch.equal(made[y == c], own.reshape(budget, *data.shape))
    assert torch.equal(torch.rand(3, generator=draws), torch.rand(3, generator=by_hand))
    assert chosen_from(kind, data, budget) is None


@pytest.mark.parametrize("kind", [*PICK, *MAKE])
def test_where_the_images_lie_changes_nothing(mapped, kind):
    held = replace(mapped, train=replace(mapped.train, x=mapped.train.x[:]))
    assert torch.equal(start(kind, mapped, 3, generator(0, "s"))[0], start(kind, held, 3, generator(0, "s"))[0])


# ----------------------------------------------------------------------------------- above it: a part, which is stated


@pytest.mark.parametrize("kind", SELECTIONS)
def test_of_a_large_class_a_stated_part_is_looked_at(mapped, small, kind, monkeypatch):
    assert chosen_from(kind, mapped, 5) == 100
    found = start(kind, mapped, 5, generator(0, "s"))
    train = mapped.train
    quota = np.minimum(np.bincount(train.y.numpy()), 100)
    kept = torch.from_numpy(stratified(train.y.numpy(), train.id.numpy(), quota, seed=0)).nonzero()[:, 0]
    assert len(kept) == 100 * CLASSES
    part = replace(mapped, train=pick(train, kept))
    monkeypatch.setattr(members, "LOOKED_AT", 2**26)
    assert chosen_from(kind, part, 5) is None
    assert torch.equal(found[0], start(kind, part, 5, generator(0, "s"))[0])


def test_a_budget_beyond_the_part_is_met(mapped, small):
    assert len(start("k-center", mapped, 150, generator(0, "s"))[0]) == 150 * CLASSES
    assert chosen_from("k-center", mapped, 150) == 150


def test_random_samples_are_of_all_and_no_others_are_read(mapped, small, read):
    drawn = [start("real", mapped, 40, generator(seed, "s"))[0] for seed in range(10)]
    assert chosen_from("real", mapped, 40) is None
    assert sum(map(len, read)) == 10 * 40 * CLASSES
    assert len(torch.cat(drawn).flatten(1).unique(dim=0)) > 2 * 100 * CLASSES  # more than the part has


# ----------------------------------------------------------------------------------------------------- in short pieces


@pytest.mark.parametrize("kind", [*PICK, *MAKE])
def test_a_piece_reads_and_turns_few_rows_and_looks_at_a_class_once(mapped, kind, read, monkeypatch):
    monkeypatch.setattr(members, "ROWS", 50)
    monkeypatch.setattr(members, "TURNED", 40)
    turned, looks = [], []
    forward, squared, nearest = type(mapped.transform).forward, picking.squared, picking._nearest
    monkeypatch.setattr(type(mapped.transform), "forward", lambda self, x: turned.append(len(x)) or forward(self, x))
    monkeypatch.setattr(picking, "squared", lambda z, point: looks.append(len(z)) or squared(z, point))
    monkeypatch.setattr(picking, "_nearest", lambda *given: looks.append(len(given[0])) or nearest(*given))
    work, pieces = starting(kind, mapped, 6, generator(0, "s")), 0
    largest = int(mapped.train.y.bincount().max())
    while next(work, None) is not None:
        assert sum(map(len, read)) <= 50
        assert sum(turned) <= 40
        assert sum(looks) <= 1.1 * largest  # herding looks at a few again
        pieces += 1
        for seen in (read, turned, looks):
            seen.clear()
    assert pieces > (4 if kind == "real" else len(mapped.train) / 50 + len(mapped.train) / 40)


def test_k_means_is_waited_for_in_pieces(monkeypatch):
    from threading import Event, current_thread

    go, threads = Event(), []

    def slow(z, budget, seed):
        threads.append(current_thread())
        assert go.wait(60)
        return z[:budget]

    monkeypatch.setattr(picking, "_k_means", slow)
    monkeypatch.setattr(picking, "LOOK", 0.001)
    z = torch.randn(20, 3)
    work = picking.centres(z, 2, generator(0, "g"))
    for _ in range(30):
        next(work)
    go.set()
    assert torch.equal(to_end(work)[0], z[:2])
    assert threads[0] is not current_thread()


def test_trouble_in_k_means_is_raised_where_it_was_asked_for(monkeypatch):
    def broken(z, budget, seed):
        raise MemoryError("too many")

    monkeypatch.setattr(picking, "_k_means", broken)
    with pytest.raises(MemoryError, match="too many"):
        MAKE["centroids"](torch.randn(20, 3), 2, generator(0, "g"))


def test_the_classes_are_read_in_one_pass_over_the_file(mapped, read, monkeypatch):
    monkeypatch.setattr(members, "ROWS", 50)
    start("herding", mapped, 2, generator(0, "s"))
    at = torch.cat(read)
    assert len(at) == len(mapped.train)
    assert bool((at[1:] > at[:-1]).all())


def test_no_more_is_held_than_fits(mapped, read, monkeypatch):
    whole = start("herding", mapped, 2, generator(0, "s"))[0]
    read.clear()
    counts = mapped.train.y.bincount().tolist()
    monkeypatch.setattr(members, "READ", FLOATS * (counts[0] + counts[1]))
    groups = list(members.together(mapped, members.by_class(mapped)))
    assert [len(group) for group in groups] == [2, 1]
    assert torch.equal(start("herding", mapped, 2, generator(0, "s"))[0], whole)
    turns = torch.cat(read)
    assert int((turns[1:] < turns[:-1]).sum()) == 1  # back to the beginning, once


@pytest.mark.parametrize("kind", [*PICK, *MAKE])
def test_what_is_done_between_pieces_changes_nothing(mapped, small, kind):
    """Left in the middle, and gone on with after another start was made from the same data."""
    whole = start(kind, mapped, 4, generator(0, "s"))
    work = starting(kind, mapped, 4, generator(0, "s"))
    _, pieces = to_end(starting(kind, mapped, 4, generator(0, "s")))  # k-means may take one more or less
    for _ in range(pieces // 2):
        next(work)
        torch.rand(7)
    other = starting("herding", mapped, 9, generator(1, "s"))
    for _ in range(10):
        next(other)
    (x, y), _ = to_end(work)
    assert torch.equal(x, whole[0])
    assert torch.equal(y, whole[1])
    assert torch.equal(to_end(other)[0][0], start("herding", mapped, 9, generator(1, "s"))[0])


# -------------------------------------------------------------------------------------------- the number stands with it


def test_a_rival_says_of_how_many_it_was_chosen(mapped, small):
    import json

    from dcviz.evaluation import run_to_end
    from dcviz.evaluation.baselines import afresh
    from dcviz.records import EvaluationProtocol, Score, from_json, to_json

    short = EvaluationProtocol(updates=2, seeds=2)
    found = {kind: run_to_end(afresh(kind, mapped, 2, short)) for kind in ("random", "herding", "whole set")}
    assert {kind: score.among for kind, score in found.items()} == {"random": None, "herding": 100, "whole set": None}
    assert from_json(Score, to_json(found["herding"])) == found["herding"]
    assert "among" not in json.loads(to_json(found["random"]))  # what is stored of others is as it was


def test_a_run_says_of_how_many_its_start_was_chosen(mapped, small, tmp_path):
    from dcviz.runs.configure import configure
    from dcviz.runs.service import open_job
    from dcviz.runs.store import Store

    store = Store(tmp_path / "home")
    data = DataConfig(path=str(tmp_path / "set"))
    for kind, expected in (("herding", [100]), ("real", [])):
        run = store.create(configure(data=data, budget=1, steps=1, live=None, start=kind, divergence="mean"))
        job = open_job(store, store.run(run))
        while job.step < 1:
            assert not job.advance(0.0)
        assert [e.payload["among"] for e in store.events(run) if e.kind == "start"] == expected
        job.close("cancelled", "")


def test_choosing_a_start_can_be_stopped(mapped):
    from dcviz.errors import Cancelled
    from dcviz.runs.configure import configure
    from dcviz.runs.problem import starting_set

    said = []

    def progress(what, fraction):
        said.append((what, fraction))
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        starting_set(configure(budget=2, start="herding"), mapped, progress)
    assert {what for what, _ in said} == {"choosing where to start"}
