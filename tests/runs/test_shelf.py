"""What people do with many runs: name, tag, find, sort, delete and restore them, and put their queue in order."""

import json
import sqlite3
import time

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol, RunConfig, Score, TermConfig
from dcviz.runs.database import MIGRATIONS, Database
from dcviz.runs.rows import BIN_SECONDS, Deleted
from dcviz.runs.search import ORDERS
from dcviz.runs.store import Owner, Store


def config(divergence="energy", data="digits", **more):
    params = {"divergence": {"name": divergence}, "regime": {"name": "random-features"}}
    return RunConfig(terms=(TermConfig(params=params),), data=DataConfig(data), steps=40, **more)


# -------------------------------------------------------------------------------------------- names and tags


def test_who_overwrites_a_text_is_told_what_stood_there(store):
    run = store.create(config(), name="mine")
    assert store.rename(run, "yours") == "mine"
    assert store.rename(run, "theirs") == "yours"  # another window, which had seen "mine"
    assert store.annotate(run, "look at step 12") == ""
    assert store.annotate(run, "") == "look at step 12"


def test_tags_are_added_counted_and_taken_off(store):
    one, other = store.create(config(), tags=["sweep 1"]), store.create(config())
    store.tag(one, "Good", "paper")
    store.tag(other, "good")  # the same, spelled otherwise
    store.tag(one, "good")
    assert store.run(one).tags == ("Good", "paper", "sweep 1")
    assert {tag.lower(): count for tag, count in store.tags().items()} == {"good": 2, "paper": 1, "sweep 1": 1}
    store.untag(one, "GOOD", "never there")
    assert store.run(one).tags == ("paper", "sweep 1")
    store.delete(one)
    assert list(store.tags()) == ["good"]


@pytest.mark.parametrize("bad", ["", "  ", "a,b", "a\nb", "x" * 41, "\0"])
def test_what_cannot_be_a_tag_is_refused(store, bad):
    run = store.create(config())
    with pytest.raises(Refused, match="tag"):
        store.tag(run, bad)
    assert store.run(run).tags == ()


def test_a_run_has_twenty_tags_at_most(store):
    run = store.create(config())
    store.tag(run, *(f"tag {i}" for i in range(20)))
    with pytest.raises(Refused, match="would have 21 tags"):
        store.tag(run, "one more")
    assert len(store.run(run).tags) == 20


# --------------------------------------------------------------------------------------------------- the bin


def test_a_deleted_run_is_nowhere_and_comes_back_as_it_was(store):
    run = store.create(config(), name="alpha", tags=["kept"])
    store.save_frame(run, 0, {"a": np.zeros(3)})
    before = store.run(run)
    store.delete(run)
    assert store.runs() == []
    assert store.search() == (0, [])
    assert store.waiting() == []
    assert store.claim(Owner.here(), "cpu") is None
    assert [r.id for r in store.bin()] == [run]
    for use in (store.run, store.frames, store.metrics, store.enqueue, store.delete, lambda r: store.rename(r, "x")):
        with pytest.raises(Deleted, match=rf"{run} \(alpha\) was deleted .* for another 7 days: restore it"):
            use(run)
    store.restore(run)
    after = store.run(run)
    assert (after.name, after.tags, after.status, after.deleted) == (before.name, ("kept",), "queued", None)
    assert store.frames(run) == [0]
    assert store.waiting() == [run]  # at its place in the queue, too
    store.restore(run)  # once more, from another window, does nothing
    assert store.bin() == []


def test_a_deleted_run_keeps_its_place_in_the_queue(store):
    a, b, c = (store.create(config()) for _ in range(3))
    store.delete(b)
    assert store.waiting() == [a, c]
    store.restore(b)
    assert store.waiting() == [a, b, c]


def test_the_bin_is_emptied_by_hand_or_by_time(store):
    old, new, kept = (store.create(config(), name=name) for name in ("old", "new", "kept"))
    for run in (old, new, kept):
        store.delete(run)
    with store.db.write() as db:
        db.execute("UPDATE runs SET deleted = ? WHERE id = ?", (time.time() - BIN_SECONDS - 1, old))
    assert store.expire() == [old]
    assert store.empty_bin([new, old]) == [new]
    assert [r.id for r in store.bin()] == [kept]
    assert store.folder(kept).exists()
    assert not store.folder(new).exists()
    with pytest.raises(Refused, match=rf"{new} \(new\) was deleted for good on \d{{4}}-"):
        store.run(new)
    with pytest.raises(Refused, match="was deleted for good"):
        store.restore(new)


def test_what_is_not_in_the_bin_is_not_removed(store):
    run = store.create(config())
    assert store.empty_bin([run]) == []
    assert store.empty_bin() == []
    assert store.run(run).id == run


def test_an_old_store_is_not_emptied_by_a_worker_before_its_time(store):
    run = store.create(config())
    store.delete(run)
    assert store.expire() == []
    store.restore(run)


# --------------------------------------------------------------------------------------------------- finding


@pytest.fixture
def many(store):
    """Five runs that differ in everything that one can sort by."""
    made = {}
    for i, (name, divergence, data, budget) in enumerate(
        [
            ("Überblick", "energy", "digits", 10),
            ("", "mmd", "digits", 1),
            ("beta", "sinkhorn", "moons", 50),
            ("Alpha", "energy", "moons", 5),
            ("", "mean", "rings", 2),
        ]
    ):
        run = made[i] = store.create(config(divergence, data, budget=budget), name=name, queue=False)
        with store.db.write() as db:
            db.execute("UPDATE runs SET seconds = ? WHERE id = ?", ([30, 10, 20, 0, 5][i], run))
    for i, (mean, of, split) in enumerate(
        [(0.7, "synthetic", "test"), (0.9, "synthetic", "test"), (0.99, "random", "test")]
    ):
        score = Score(mean, 0.0, (mean,), EvaluationProtocol(split=split), of)
        store.save_score(made[i], score)
    store.record(made[3], [(1, "accuracy", 0.1), (9, "accuracy", 0.8)])
    store.record(made[0], [(1, "bytes", 900.0)])
    store.record(made[1], [(1, "bytes", 100.0)])
    store.tag(made[2], "paper")
    store.tag(made[4], "paper", "todo")
    store.annotate(made[4], "the ÉTUDE")
    return made


def found(store, many, *given, **choices):
    ids = {run: i for i, run in many.items()}
    count, entries = store.search(*given, **choices)
    assert count == len(entries) or "limit" in choices
    return [ids[entry.run.id] for entry in entries]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("energy", [3, 0]),
        ("ENERGY moons", [3]),
        ("random-features mmd", [1]),
        ("über", [0]),
        ("étude", [4]),
        ("todo", [4]),
        ("seed 0 digits", [1, 0]),
        ("nothing like it", []),
        ("100%_", []),
    ],
)
def test_words_are_found_in_any_case_wherever_they_stand(store, many, text, fits):
    assert found(store, many, text) == fits


def test_status_and_tags_narrow_it_down(store, many):
    store.enqueue(many[2])
    assert found(store, many, status=["queued"]) == [2]
    assert found(store, many, tags=["Paper"]) == [4, 2]
    assert found(store, many, tags=["paper", "todo"]) == [4]
    assert found(store, many, "sinkhorn", tags=["todo"]) == []


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("newest", [4, 3, 2, 1, 0]),
        ("oldest", [0, 1, 2, 3, 4]),
        ("accuracy", [1, 3, 0]),  # the live one, where the test is not there yet
        ("budget", [1, 4, 3, 0, 2]),
        ("time", [4, 1, 2, 0, 3]),
        ("bytes", [1, 0]),
        ("name", [3, 2, 4, 1, 0]),
    ],
)
def test_orders_and_what_has_no_number_comes_last(store, many, order, first):
    assert found(store, many, order=order)[: len(first)] == first


def test_every_order_takes_every_run(store, many):
    for order in ORDERS:
        assert sorted(found(store, many, order=order)) == [0, 1, 2, 3, 4]
    with pytest.raises(Refused, match="there is no order 'acuracy'; did you mean 'accuracy'"):
        store.search(order="acuracy")


def test_pages_do_not_overlap_and_entries_carry_their_numbers(store, many):
    assert found(store, many, limit=2) + found(store, many, limit=2, skip=2) == [4, 3, 2, 1]
    assert store.search(limit=2)[0] == 5
    (entry,) = store.entries([many[0]])
    assert (entry.accuracy, entry.held_out, entry.bytes, entry.run.title) == (0.7, None, 900.0, "Überblick")
    assert [e.run.id for e in store.entries([many[3], "0gone", many[1]])] == [many[3], many[1]]
    assert store.entries([many[4]])[0].run.title == "mean in random features · rings · 2 per class · seed 0"


def test_a_run_of_another_version_is_found_by_its_name(store):
    run = store.create(config(), name="from the future")
    with store.db.write() as db:
        db.execute("UPDATE runs SET config = ?, about = '' WHERE id = ?", ('{"version": 99}', run))
    for order in ORDERS:
        assert [e.run.title for e in store.search("future", order=order)[1]] == ["from the future"]


def test_a_page_of_thousands_takes_a_moment(store):
    text = json.dumps({"budget": 3})
    with store.db.write() as db:
        db.executemany(
            "INSERT INTO runs (id, name, created, status, config, about, steps, wanted, versions) "
            "VALUES (?, ?, ?, 'done', ?, 'energy · digits', 9, 'auto', '{}')",
            [(f"0{i:05d}", f"run {i}", float(i), text) for i in range(3000)],
        )
        db.executemany("INSERT INTO curves (id, run, name) VALUES (?, ?, 'accuracy')", [(i, i) for i in range(1, 3001)])
        db.executemany("INSERT INTO metrics VALUES (?, ?, ?)", [(i, s, 0.5) for i in range(1, 3001) for s in range(3)])
    for choices in ({}, {"order": "accuracy"}, {"order": "name", "text": "run 29"}):
        began = time.perf_counter()
        _, entries = store.search(limit=24, **choices)
        assert len(entries) == 24
        assert time.perf_counter() - began < 0.25, choices


# ----------------------------------------------------------------------------------------------------- queue


def test_the_queue_is_put_in_order_by_saying_before_whom(store):
    a, b, c, d = (store.create(config()) for _ in range(4))
    store.move(d, before=b)
    assert store.waiting() == [a, d, b, c]
    store.move(a, before=None)
    assert store.waiting() == [d, b, c, a]
    store.claim(Owner.here(), "cpu")
    store.move(a, before=d)  # which has begun meanwhile: the first place comes nearest
    assert store.waiting() == [a, b, c]
    with pytest.raises(Refused, match=f"{d} is running: only a run that waits"):
        store.move(d, before=a)
    store.enqueue(b, front=True)
    assert store.waiting() == [b, a, c]
    assert store.waiting() == Store(store.home).waiting()


# ------------------------------------------------------------------------------------------------- migration


def as_version_1(home):
    """A store as the first version wrote it, with a run in it; the run's id and JSON."""
    home.mkdir()
    text = json.dumps({"budget": 7, "data": {"name": "moons"}, "seed": 3, "version": 1})
    with sqlite3.connect(home / "dcviz.sqlite") as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(MIGRATIONS[0])
        db.execute("PRAGMA user_version = 1")
        for id, config_text in (("0old-ridge", text), ("0odd", '{"version": 99}')):
            db.execute(
                "INSERT INTO runs (id, name, created, status, config, steps, wanted, versions) "
                "VALUES (?, 'kept', 1.0, 'done', ?, 9, 'auto', '{}')",
                (id, config_text),
            )
    db.close()
    return "0old-ridge", text


def test_a_store_of_the_version_before_is_migrated_with_a_backup(tmp_path):
    run, text = as_version_1(tmp_path / "home")
    store = Store(tmp_path / "home")
    row = store.run(run)
    assert (row.name, row.config_text, row.tags, row.time_limit, row.deleted) == ("kept", text, (), None, None)
    assert row.about == "ridge · moons · 7 per class · seed 3"
    assert store.search("moons seed 3")[0] == 1
    assert store.run("0odd").title == "kept"
    store.tag(run, "old")
    backup = tmp_path / "home" / "dcviz-version-1.sqlite"
    with sqlite3.connect(backup) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT id, config FROM runs WHERE id = ?", (run,)).fetchall() == [(run, text)]
        assert "about" not in [column[1] for column in db.execute("PRAGMA table_info(runs)")]
    db.close()
    stamp = backup.stat().st_mtime_ns
    Store(tmp_path / "home")
    assert backup.stat().st_mtime_ns == stamp  # migrated once
    assert not list((tmp_path / "home").glob(".*.tmp*"))


def test_a_new_store_needs_no_backup(store):
    assert not list(store.home.glob("dcviz-version-*"))


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    run, text = as_version_1(tmp_path / "home")
    monkeypatch.setattr("dcviz.runs.database.MIGRATIONS", (*MIGRATIONS, "CREATE TABLE new (a); SELECT a FROM x"))
    with pytest.raises(sqlite3.OperationalError, match="no such table: x"):
        Database(tmp_path / "home" / "dcviz.sqlite")
    monkeypatch.undo()
    with sqlite3.connect(tmp_path / "home" / "dcviz.sqlite") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()
    assert Store(tmp_path / "home").run(run).config_text == text
