"""Importing on the Runs page: an archive, a published set, what it needs to be understood, and refusals that stay."""

import io

import numpy as np
import torch

from dcviz.runs.export import bundle
from dcviz.runs.store import Store

from .test_gallery import opened, query
from .test_share import played

ANY = "application/octet-stream"


def uploader(app):
    return next(u for u in app.get("file_uploader") if u.key.startswith("importing.files"))


def saved(value):
    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


def given(app, *files):
    uploader(app).set_value([(name, data, ANY) for name, data in files]).run()
    assert not app.exception
    return app


def pressed(app):
    app.button(key="importing.go").click().run()
    assert not app.exception
    return app


def images():
    return torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(10).repeat_interleave(2)


def test_an_archive_is_read_at_once_and_chosen(home, tmp_path):
    other = Store(tmp_path / "other")
    source = played(other)
    app = given(opened(), (f"dcviz-{source}.dcviz.zip", bundle(other, source, "archive")[1]))
    assert not [box for box in app.selectbox if str(box.key).startswith("importing.")], "it says all of itself"
    app = pressed(app)
    (run,) = home.runs()
    assert (run.id, run.status) == (source, "done")
    assert query(app)["runs"] == source
    assert any("with its history" in toast.value for toast in app.toast)
    assert not uploader(app).value, "the next upload begins empty"


def test_a_published_set_becomes_a_run_that_waits_to_be_judged(home):
    x, y = images()
    app = given(opened(), ("images_best.pt", saved(x)), ("labels_best.pt", saved(y)))
    app.selectbox(key="importing.data").set_value("digits").run()
    app = pressed(app)
    (run,) = home.runs()
    assert (run.status, run.title, run.steps) == ("queued", "images_best", 0)
    assert run.config.data.name == "digits"
    assert "20 images of 1×8×8, 2 per class" in run.note
    assert home.frames(run.id) == [0]
    assert any("waits in the queue" in toast.value for toast in app.toast)


def test_what_is_chosen_counts(home):
    x, y = images()
    app = given(opened(), ("data.pt", saved([[x * 0, y], [(x - 0.25) / 0.5, torch.eye(10)[y] * 5]])))
    app.selectbox(key="importing.data").set_value("digits").run()
    app.selectbox(key="importing.scale").set_value("numbers").run()
    app.text_input(key="importing.numbers").set_value("0.25/0.5").run()
    app.selectbox(key="importing.labels").set_value("logits").run()
    app.number_input(key="importing.number").set_value(2).run()
    app.toggle(key="importing.judged").set_value(False).run()
    app = pressed(app)
    (run,) = home.runs()
    assert run.status == "done"
    arrays, recipe = home.final(run.id)
    assert recipe.labels == "logits"
    pixels = home.frame(run.id, 0)[1]["images"]
    assert np.abs(pixels - (x * 255).round().numpy()).max() <= 1
    assert "mean 0.25, deviation 0.5" in run.note


def test_a_refusal_stays_until_other_files_are_given(home):
    x, y = images()
    app = pressed(given(opened(), ("data.pt", saved([x, y]))))
    assert "say which data" in app.error[0].value
    app.run()
    assert "say which data" in app.error[0].value
    app = given(app, ("run.dcviz.zip", b"hello"))
    assert not app.error
    app = pressed(app)
    assert "not a readable zip" in app.error[0].value
    assert home.runs() == []


def test_two_files_of_one_name_are_refused(home):
    x, y = images()
    app = pressed(given(opened(), ("x.pt", saved(x)), ("x.pt", saved(y))))
    assert "the same name" in app.error[0].value


def test_an_imported_set_opens_while_it_waits_and_so_does_a_run_with_any_rate(home):
    from dcviz.records import DataConfig, OptimiserConfig, RunConfig
    from dcviz.runs.importing import Taken, bring

    from .test_pages import lab

    path = home.home / "set.pt"
    path.write_bytes(saved(list(images())))
    run = bring(home, [path], Taken(DataConfig("digits")), status="queued").run
    assert not lab(run=run).exception
    for rate in (0.0, -1.0, 1e-300, 1e30):
        odd = home.create(RunConfig(optimiser=OptimiserConfig(rates={"images": rate})), queue=False)
        assert not lab(run=odd).exception, rate


def test_an_imported_set_opens_in_the_lab_with_what_condensing_could_go_on_with(home):
    from dcviz.records import DataConfig
    from dcviz.runs.importing import Taken, bring

    from .test_pages import lab, shown

    x, y = images()
    path = home.home / "set.pt"
    path.write_bytes(saved([x, y]))
    data = DataConfig("digits", size=500)
    run = bring(home, [path], Taken(data)).run
    app = lab(run=run)
    assert not app.exception
    assert not app.warning
    assert shown(app, "data") == "digits"
    assert query(app)["budget"] == "2"
    assert query(app)["data.size"] == "500"
    assert not opened(runs=run).exception
