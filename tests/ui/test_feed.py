"""What the stage is told of a run that goes on, beside streamlit."""

import json

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.datastructures import QueryParams

from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.runs.store import Owner, Store
from dcviz.ui import feed, shown
from dcviz.ui.audience import QUICK
from dcviz.ui.reader import Reader
from dcviz.ui.stage import View
from tests.apart import apart


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """Of a store whose real layer is never ready: prepared beside, it would be so at any moment, and change answers."""
    monkeypatch.setattr(shown.service, "real_view", lambda *_: None)
    return Reader(Store(tmp_path))


@pytest.fixture
def run(reader):
    return reader.store.create(RunConfig(steps=100))


def save(reader, run, step):
    images, ids = np.full((20, 1, 8, 8), step, np.uint8), np.arange(20)
    arrays = {"images": images, "labels": ids // 2, "ids": ids, "pca": np.zeros((20, 2), np.float32)}
    reader.store.save_latest(run, step, arrays)


def asked(reader, run, window="a", more=""):
    """The question of a window whose page has just been run."""
    row = reader.store.run(run)
    look = shown.Look("light")
    said = feed.told(reader, row, shown.real_of(reader, row.config.data, "light"), look, window)
    path, _, query = said["address"].partition("?")
    assert path == f"dcviz/feed/{run}"
    return feed.read(run, QueryParams(query + more))


def answer(reader, question):
    return json.loads(feed.answer(reader, question))


def test_what_is_new_is_told_once(reader, run):
    save(reader, run, 3)
    question = asked(reader, run)
    first = answer(reader, question)
    assert first["every"] == QUICK
    assert (first["stage"]["latest"], first["stage"]["alive"]) == (3, True)
    assert [frame["step"] for frame in first["stage"]["frames"]] == [3]
    assert "queued" in first["line"]
    again = feed.read(run, {**vars_of(question), "mark": first["mark"]})
    assert answer(reader, again) == {"every": QUICK}
    save(reader, run, 4)
    assert answer(reader, again)["stage"]["latest"] == 4


def vars_of(question):
    return {"window": question.window, "status": question.status, "layer": question.layer, "theme": question.look.theme}


def test_before_the_first_picture_of_a_step_it_is_asked_often(reader, run):
    assert answer(reader, asked(reader, run))["every"] == feed.SOON
    save(reader, run, 0)
    assert answer(reader, asked(reader, run))["every"] == feed.SOON
    save(reader, run, 1)
    assert answer(reader, asked(reader, run))["every"] == QUICK


def test_where_more_has_changed_the_page_is_to_be_run(reader, run):
    save(reader, run, 3)
    question = asked(reader, run)
    reader.store.command(run, "pause")
    assert reader.store.run(run).status == "paused"
    assert answer(reader, question) == {"every": QUICK, "look": True}
    other = asked(reader, run, more="&layer=another")
    assert answer(reader, other)["look"]


def test_of_a_run_that_has_just_begun_the_picture_comes_before_the_page(reader, run):
    question = asked(reader, run)
    reader.store.claim(Owner.here(), "cpu", run)
    assert reader.store.run(run).status == "running"
    assert "look" not in answer(reader, question)
    save(reader, run, 1)
    found = answer(reader, question)
    assert found["look"]
    assert found["stage"]["latest"] == 1


def test_what_one_window_has_asked_the_next_one_is_told_without_work(reader, run, monkeypatch):
    save(reader, run, 3)
    made = []
    monkeypatch.setattr(shown, "shown", lambda *of, whole=shown.shown: made.append(of) or whole(*of))
    one, two = (answer(reader, asked(reader, run, window)) for window in "ab")
    assert one == two
    assert len(made) == 1
    assert answer(reader, asked(reader, run, "a", "&step=3"))["stage"]["step"] == 3
    assert len(made) == 2


def test_a_run_that_is_no_more_is_refused(reader, run):
    question = asked(reader, run)
    reader.store.delete(run)
    with pytest.raises(Refused):
        feed.answer(reader, question)


@pytest.mark.parametrize(
    ("query", "view"),
    [
        ("step=7&film=3", View(7, film=3)),
        ("step=-1&film=1e3", View()),
        ("step=" + "9" * 5000, View()),
        ("film=%00&likeness=2&theme=pink", View()),
    ],
)
def test_a_question_with_what_cannot_be_meant_is_one_without_it(query, view):
    question = feed.read("a", QueryParams(query + "&window=" + "w" * 1000))
    assert question.look == shown.Look("light", view)
    assert len(question.window) == feed.LONGEST


def served(path, host):
    """Status, headers and body that the server's route gives, as the web server would ask for them."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    at, _, query = path.partition("?")
    scope = {"type": "http", "method": "GET", "path": at, "query_string": query.encode(), "root_path": ""}
    scope |= {"headers": [(b"host", host.encode())], "http_version": "1.1", "scheme": "http"}
    apart(Starlette(routes=feed.routes())(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


def test_the_server_answers_under_its_own_names_only(reader, run, monkeypatch):
    monkeypatch.setenv("DCVIZ_HOME", str(reader.store.home))
    reader.store.command(run, "pause")  # or the server's own worker would begin it, from a state without a picture
    save(reader, run, 3)
    status, headers, body = served(f"/dcviz/feed/{run}?theme=dark", "localhost:8501")
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert json.loads(body) == {"every": QUICK, "look": True}
    for host in ("evil.test", "localhost.evil.test", "", "[", "evil.test:80"):
        assert served(f"/dcviz/feed/{run}", host)[0] == 403
    for other in ("none", "..%2fruns", "a" * 3000):
        status, headers, _ = served(f"/dcviz/feed/{other}", "127.0.0.1")
        assert (status, headers["content-type"]) == (404, "text/plain; charset=utf-8")
