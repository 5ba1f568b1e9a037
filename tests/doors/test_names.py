"""A run with a hostile name, text, tag, score and class, brought from elsewhere, is shown as text wherever it is."""

import io
import json
import re
import zipfile
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dcviz.records import FINAL
from dcviz.replay import replay
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.export import bundle
from dcviz.runs.importing import bring
from dcviz.runs.store import Store
from dcviz.runs.worker import drive
from dcviz.ui.frame import PAGES

APP = Path(__file__).parents[2] / "app.py"
EVIL = "<img src=x onerror=alert(1)>[evil](http://evil.test)%{x}"
SHORT = "<a href='http://evil.test'>[evil](//x)</a>"  # where there is less room
MARKDOWN = ("markdown", "caption", "warning", "error", "info", "success", "toast", "button", "expander", "tab")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with two finished runs, both brought with evil in every text that an archive has room for."""
    import streamlit

    place = tmp_path_factory.mktemp("names")
    store = Store(place)
    quick = {"evaluation.network": "mlp", "evaluation.updates": 3, "evaluation.seeds": 1}
    made = configure(data="moons", regime="data", divergence="energy", budget=2, steps=3, settings=quick)
    run = service.launch(store, made)
    drive(store, partial(service.open_job, store), run)
    assert store.run(run).status in FINAL
    for seed in range(2):
        path = place / f"{seed}.dcviz.zip"
        path.write_bytes(_spoilt(bundle(store, run, "archive")[1], seed))
        bring(store, [path])
    store.delete(run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCVIZ_HOME", str(place))
        patch.setattr(service, "worker", lambda store: None)
        streamlit.cache_resource.clear()
        yield store
        streamlit.cache_resource.clear()


def _spoilt(archive, seed):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "run.json":
                tree = json.loads(data)
                run = tree["run"]
                run |= {"name": EVIL, "note": EVIL, "text": EVIL, "tags": [SHORT[:40]], "device": SHORT[:40]}
                tree["config"]["seed"] = seed
                for score in [*tree["scores"]]:
                    score["protocol"]["augment"] = tree["config"]["evaluation"]["augment"] = EVIL
                    tree["scores"].append({**score, "of": EVIL})
                data = json.dumps(tree).encode()
            target.writestr(name, data)
    return out.getvalue()


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def assert_harmless_html(text):
    for tag, attributes in Tags(text).found:
        assert tag != "script"
        assert not [key for key in attributes if key.startswith("on")], (tag, attributes)
        for key in ("src", "href"):
            assert "evil.test" not in (attributes.get(key) or "")
            assert attributes.get(key) != "x"


def assert_harmless_figures(text):
    """No markup of ours that came from a name, and no field of a template, in what plotly draws."""
    for shown in re.findall(r'"(?:text|hovertemplate)":\s*("(?:[^"\\]|\\.)*")', text):
        drawn = json.loads(shown)
        assert "<img" not in drawn
        assert "<a " not in drawn
        assert "%{x}" not in drawn.replace("%{x:", "")


def query(page, ids):
    return {
        "Lab": {"run": ids[0]},
        "Compare": {"runs": ",".join(ids)},
        "Inspect": {"run": ids[0], "image": "1"},
        "Runs": {"runs": ids[0], "find": EVIL, "tag": SHORT[:40]},
        "Atlas": {"cell": EVIL},
        "Learn": {"variant": EVIL},
        "Playground": {"tile": EVIL},
    }[page]


@pytest.mark.parametrize("view", ["together", "numbers", "front", "race"])
def test_compare_shows_names_as_text(view, home):
    look("Compare", home, view=view)


@pytest.mark.parametrize("page", ["Lab", "Compare", "Inspect", "Runs", "Atlas", "Learn", "Playground"])
def test_a_page_shows_names_as_text(page, home):
    look(page, home)


def look(page, home, **more):
    app = AppTest.from_file(str(APP), default_timeout=60)
    if page != "Lab":
        app.switch_page(PAGES[page])
    for key, value in {**query(page, [run.id for run in home.runs()]), **more}.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    seen = 0
    for element in app.get("html"):
        assert_harmless_html(element.proto.body)
        seen += "evil" in element.proto.body
    for kind in MARKDOWN:
        for element in app.get(kind):
            text = str(getattr(element, "value", None) or getattr(element, "label", ""))
            assert not re.search(r"(?<!\\)\[evil", text), (kind, text)
            seen += "evil" in text
    for element in app.get("bidi_component"):
        assert_harmless_figures(str(element.proto))
    return seen


def test_the_names_are_there_to_be_seen(home):
    assert look("Lab", home)
    assert look("Runs", home)
    assert look("Atlas", home) + look("Learn", home) + look("Playground", home)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_replay_holds_names_as_data(theme, home):
    run = home.runs()[0].id
    content = replay(home, run, theme).decode()
    assert "<img" not in content
    assert "evil.test" not in re.sub(r"&lt;.*?&gt;", "", content).replace("[evil](http://evil.test)", "")
    assert content.count("</script>") == 4
