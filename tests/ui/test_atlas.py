"""The Atlas through AppTest, on a store of its own; the grid itself is drawn in the browser."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dcviz import registry
from dcviz.atlas import bundled
from dcviz.atlas.grid import entries, regimes
from dcviz.atlas.measure import Result, result_key
from dcviz.records import DataConfig, Score, to_json
from dcviz.runs.configure import configure
from dcviz.runs.database import Database
from dcviz.ui import atlas, atlas_map, atlas_published

APP = Path(__file__).parents[2] / "app.py"
PAGE = "pages/1_Atlas.py"
SHOWN = {
    "accuracy": (0.95, 0.97),
    "seconds": 3.0,
    "steps": 200,
    "learners": {"k-NN": 0.9},
    "yardsticks": {"energy": 0.5},
}


def measured(cell):
    return bundled.shipped().get(result_key(cell.config))


def page(view=None, **query):
    app = AppTest.from_file(APP, default_timeout=60).run()
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(PAGE)
    if view:
        app.session_state["atlas.view"] = view
    return app.run()


def texts(app):
    return " ".join(e.value for e in [*app.markdown, *app.caption]) + " ".join(
        str(e.proto.body) for e in app.get("html")
    )


def test_an_unmeasured_atlas_offers_to_measure(home, monkeypatch):
    monkeypatch.setattr(bundled, "shipped", dict)
    app = page()
    assert not app.exception
    assert app.button(key="atlas.start").label == f"Measure {len(entries())} cells"
    assert "Click a cell" in texts(app)


def test_a_chosen_cell_is_explained_with_its_published_method_and_the_way_to_the_lab(home, monkeypatch):
    monkeypatch.setattr(bundled, "shipped", dict)
    app = page(cell="random-features/mean")
    assert not app.exception
    assert "DM" in texts(app)
    assert app.latex[0].value.strip("$\n") == registry.find("divergence", "mean").formula
    nothing = page(cell="no/such")
    assert not nothing.exception
    assert "Click a cell" in texts(nothing)


@pytest.mark.parametrize("view", ["yardsticks", "learners"])
def test_the_matrices_draw_what_is_measured(home, monkeypatch, view):
    cells = entries()[:3]
    monkeypatch.setattr(atlas, "known", lambda store, cell: Result(cell.key, {}, **SHOWN) if cell in cells else None)
    app = page(view)
    assert not app.exception
    assert app.get("plotly_chart")


def test_a_cell_is_told_beside_the_best_selection():
    nothing = {cell.key: None for cell in entries()}
    assert atlas_map._best_selection(nothing) == (None, "")
    found = {
        **nothing,
        "selection/herding": Result("selection/herding", {}, accuracy=(0.9, 0.92)),
        "selection/k-center": Result("selection/k-center", {}, accuracy=(0.94,)),
        "selection/medoids": Result("selection/medoids", {}, refused="no"),
        "data/energy": Result("data/energy", {}, accuracy=(0.99,)),
    }
    assert atlas_map._best_selection(found) == (0.94, "k-centre")
    assert atlas_map._best_selection({c.key: measured(c) for c in entries()})[0] > 0.9  # as shipped


def test_a_preset_of_our_own_is_not_called_published(home, monkeypatch):
    monkeypatch.setattr(bundled, "shipped", dict)
    app = page(cell="predictions/ridge")
    assert "Our own, not published: **ridge in two networks**" in texts(app)
    assert "Unexplored" in texts(app)
    assert [p.name for p in registry.known("preset").values() if not p.published] == ["two-networks"]


def test_published_numbers_are_a_table(home):
    app = page("published")
    assert not app.exception
    assert "91.7 ± 0.5" in texts(app)
    assert "KIP" in texts(app)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_pictures_of_the_grid_together_are_light(theme):
    from dcviz.atlas.grid import cells

    found = {cell.key: measured(cell) for cell in entries()}
    spec = atlas_map._grid(cells(), found, 0.9, None, theme)
    assert sum("src" in part for cell in spec["cells"] for part in cell["parts"]) > 100
    assert len(json.dumps(spec)) < 150_000  # sent anew whenever a cell is chosen


def test_the_grid_has_a_cell_for_every_divergence_in_every_regime_of_vectors():
    from dcviz.atlas.grid import cells

    every = cells()
    result = Result("data/energy", {}, **SHOWN)
    spec = atlas_map._grid(every, {"data/energy": result}, 0.955, None, "light")
    assert [c["text"] for c in spec["columns"]] == list(regimes().values())
    keys = [p["key"] for c in spec["cells"] for p in c["parts"] if "key" in p]
    assert len(keys) == len(set(keys))
    for regime in regimes():
        if regime in registry.known("regime"):
            assert {f"{regime}/{d}" for d in registry.known("divergence")} <= set(keys)
    part = next(p for c in spec["cells"] for p in c["parts"] if p.get("key") == "data/energy")
    assert [line["text"] for line in part["lines"]] == ["96.0", "± 1.4"]
    assert [line["text"] for line in part["below"]] == ["+0.5 · 3 s", "unexplored"]
    assert part["below"][0]["kind"] == "good"
    assert sum(c["state"] == "undefined" for c in spec["cells"]) == len(regimes()) - len(
        [r for r in regimes() if r in registry.known("regime")]
    )


def finished(home, **choices):
    """A run that is done, with an accuracy that is made up."""
    config = configure(**choices)
    run = home.create(config, queue=False)
    home.save_score(run, Score(0.9, 0.01, (0.9,), config.evaluation))
    with home.db.write() as db:
        db.execute("UPDATE runs SET status = 'done' WHERE id = ?", (run,))
    return run


def copied(home, run, times):
    """More runs like one, at once."""
    with home.db.write() as db:
        names = [name for _, name, *_ in db.execute("PRAGMA table_info(runs)") if name not in ("number", "id")]
        rows = ", ".join(names)
        many = f"WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < {times})"
        db.execute(
            f"{many} INSERT INTO runs (id, {rows}) SELECT id || '-' || i, {rows} FROM runs, k WHERE id = ?", (run,)
        )


@pytest.fixture
def work(monkeypatch):
    """What the database does, in hundreds of its instructions."""
    done, opening = [], Database._open

    def counted(self):
        connection = opening(self)
        connection.set_progress_handler(lambda: done.append(1), 100)
        return connection

    monkeypatch.setattr(Database, "_open", counted)
    return done


@pytest.mark.parametrize("view", ["map", "published"])
def test_the_page_asks_as_much_of_a_store_of_thousands_as_of_a_small_one(home, monkeypatch, work, view):
    cell = entries()[0]
    run = finished(home, divergence="energy", regime="data", live=None)
    finished(home, preset="dm", scale="paper", data="mnist")
    result = Result(cell.key, {}, run=run, **SHOWN)
    monkeypatch.setattr(atlas, "known", lambda store, c: result if c == cell else None)
    asked = []
    for more in (10, 3000):
        copied(home, run if more == 10 else f"{run}-1", more)
        app = page(view, cell=cell.key)
        assert not app.exception
        work.clear()
        app.run()
        asked.append(len(work))
    assert ("Open the run" in {link.label for link in app.get("page_link")}) == (view == "map")
    assert ("90.0 ± 1.0" in texts(app)) == (view == "published")
    assert asked[1] <= asked[0] + 10  # 3,000 rows, read, are at least as many instructions


def test_the_way_to_a_run_is_there_as_long_as_the_run_is(home, monkeypatch):
    cell = entries()[0]
    result = Result(cell.key, {}, run=finished(home, divergence="energy", regime="data"), **SHOWN)
    monkeypatch.setattr(atlas, "known", lambda store, c: result if c == cell else None)
    links = [link.label for link in page(cell=cell.key).get("page_link")]
    assert "Open the run" in links
    home.delete(result.run)
    gone = [link.label for link in page(cell=cell.key).get("page_link")]
    assert sorted([*gone, "Open the run"]) == sorted(links)


def test_ours_at_scale_paper_are_finished_runs_on_the_published_data(home, tmp_path):
    choices = {"preset": "dm", "scale": "paper"}
    run = finished(home, data="mnist", **choices)
    finished(home, data="mnist", preset="dm")
    home.create(configure(data="mnist", budget=1, **choices), queue=False)
    finished(home, data=DataConfig("mnist", str(tmp_path / "own.npz")), budget=50, **choices)
    finished(home, data=DataConfig("mnist", size=500), budget=50, **choices)
    finished(home, data="mnist", budget=50, objectives=["group-budgets"], **choices)
    odd = finished(home, data="mnist", budget=2, **choices)
    with home.db.write() as db:
        text = to_json(home.run(odd).config).replace('"budget"', '"of another version"')
        db.execute("UPDATE runs SET config = ? WHERE id = ?", (text, odd))
    assert list(atlas_published._paper_runs(home)) == [("dm", "mnist", 10)]
    assert {run, odd} < {r.id for r in home.of_papers()}
    home.delete(run)
    assert atlas_published._paper_runs(home) == {}
