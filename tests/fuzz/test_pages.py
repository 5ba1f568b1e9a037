"""Every page under any address: it says what it refuses, and is drawn all the same; and so is the feed."""

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dcviz.errors import Refused
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.store import Store
from dcviz.runs.worker import drive
from dcviz.ui import address, compare, feed, finding, url
from dcviz.ui.frame import PAGES
from dcviz.ui.reader import Reader
from tests.fuzz.searching import inputs, search, texts
from tests.fuzz.test_words import plain

APP = Path(__file__).parents[2] / "app.py"
KEYS = {
    "Lab": ["run", "step", *url.NAMED],
    "Atlas": ["cell", "view"],
    "Playground": ["tile", "data", "points", "left", "right", "budget", "rate", "step", "left.bandwidth", "seed"],
    "Compare": ["runs", "step", *compare.USUAL],
    "Inspect": ["run", "image", "step", "lens"],
    "Runs": list(finding.Asked.__dataclass_fields__),
    "Learn": ["lesson", "variant", "step"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with a run that is done and one that is paused, and no worker."""
    import streamlit

    place = tmp_path_factory.mktemp("pages")
    store = Store(place)
    quick = {"evaluation.network": "mlp", "evaluation.updates": 3, "evaluation.seeds": 1}
    made = configure(data="moons", regime="data", divergence="energy", budget=1, steps=3, live=None, settings=quick)
    run = service.launch(store, made)
    drive(store, partial(service.open_job, store), run)
    store.create(made, queue=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCVIZ_HOME", str(place))
        patch.setattr(service, "worker", lambda store: None)
        streamlit.cache_resource.clear()
        yield store
        streamlit.cache_resource.clear()


def _sent(text):
    """A text as an address can carry it: half a character of UTF-16 arrives as a question mark."""
    return text.encode("utf-8", "replace").decode()


@inputs(2, 60)
@pytest.mark.parametrize("page", list(KEYS))
def test_a_page_under_any_address(page, count, home):
    ids = [run.id for run in home.runs()]
    values = st.sampled_from([*ids, ",".join(ids), "1", "2", "0"]) | plain
    taught = st.dictionaries(st.sampled_from(address.TAUGHT), texts, max_size=1)
    query = st.dictionaries(st.sampled_from(KEYS[page]) | texts, values, max_size=4)

    def check(case):
        app = AppTest.from_file(str(APP), default_timeout=20)
        if page != "Lab":
            app.switch_page(PAGES[page])
        for key, value in {**case[0], **case[1]}.items():
            app.query_params[_sent(key)] = _sent(value)
        app.run()
        assert not app.exception, app.exception[0].stack_trace

    search(st.tuples(query, taught), check, count, shrink=False)


@inputs(60, 1000)
def test_the_feed_under_any_question(count, home):
    reader = Reader(home)
    names = st.sampled_from(["window", "status", "layer", "theme", "likeness", "mark", "step", "film"])
    values = st.sampled_from(["done", "paused", "dark", "1", "3", "-1", "9" * 30, "٣"]) | plain
    run = st.sampled_from([run.id for run in home.runs()]) | texts

    def check(case):
        try:
            said = json.loads(feed.answer(reader, feed.read(*case)))
        except Refused:
            return
        assert said["every"] > 0

    search(st.tuples(run, st.dictionaries(names | texts, values, max_size=8)), check, count)
