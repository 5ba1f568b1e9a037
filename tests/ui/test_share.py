"""What can be taken along: the popover's buttons, why some are off, and what repeats a run."""

import io
import shlex
import zipfile

import numpy as np
import pytest
from PIL import Image

from dcviz.records import DataConfig, RunConfig, TermConfig
from dcviz.runs.export import FORMATS
from dcviz.ui import share

from .test_pages import finished, lab


def exports(app, key="lab.export"):
    return {b.key.rpartition(".")[2]: b for b in app.get("download_button") if b.key and b.key.startswith(key)}


def shown(app):
    return [block.value for block in app.code]


def played(home, **config):
    """A finished run with two frames and a curve."""
    id = finished(home, **config)
    for step in (0, 3):
        images = np.full((10, 1, 8, 8), 40 * step, np.uint8)
        home.save_frame(id, step, {"images": images, "labels": np.arange(10), "ids": np.arange(10)})
    home.record(id, [(step, "objective", 1.0 / step) for step in (1, 2, 3)])
    return id


def test_there_is_a_button_for_every_format_and_one_for_the_replay():
    assert set(share.DOWNLOADS) == {*FORMATS, "html"} == {f for group in share.GROUPS.values() for f in group}


def test_export_waits_for_the_end_with_a_reason(home):
    id = home.create(RunConfig(data=DataConfig("moons")), queue=False)
    buttons = exports(lab(run=id))
    assert set(buttons) == set(share.DOWNLOADS)
    off = {format: button.proto.help for format, button in buttons.items() if button.proto.disabled}
    assert set(off) == set(share.DOWNLOADS) - {"archive"}
    assert "paused" in off["npz"]
    assert "Nothing has been measured yet" in off["csv"]
    assert "no picture yet" in off["html"]
    app = lab(run=played(home))
    assert not app.exception
    assert not any(button.proto.disabled for button in exports(app).values())
    assert all(button.proto.help for button in exports(app).values())


def test_a_run_in_the_queue_is_not_taken_along_whole(home):
    id = home.create(RunConfig(data=DataConfig("moons")))
    assert "pause it" in exports(lab(run=id))["archive"].proto.help


def test_every_format_can_be_made(home):
    id = played(home)
    made = {f: share._maker(home, id, f, 2.0, "light")() for f in share.DOWNLOADS if f != "html"}
    for format in ("npz", "safetensors", "folder", "archive"):
        assert zipfile.is_zipfile(io.BytesIO(made[format]))
    assert Image.open(io.BytesIO(made["sheet"])).format == "PNG"
    for format in ("gif", "webp"):
        assert Image.open(io.BytesIO(made[format])).n_frames == 2
    assert made["csv"].decode().splitlines()[0] == "step,objective"


def test_the_length_of_an_animation_is_chosen(home):
    id = played(home)
    app = lab(run=id)
    app.selectbox(key="lab.export.seconds").set_value(3.0).run()
    assert not app.exception
    image = Image.open(io.BytesIO(share._content(home, id, "gif", 3.0)))
    lasting = []
    for i in range(image.n_frames):
        image.seek(i)
        lasting.append(image.info["duration"])
    assert sum(lasting) == 3000


def test_points_of_the_plane_have_no_pictures_to_export(home):
    run = home.run(played(home))
    off = {f for f, d in share.DOWNLOADS.items() if share.why_not(home, run, True, d)}
    assert off == {"folder", "sheet", "gif", "webp"}


def test_the_command_and_the_script_stand_ready_to_be_copied(home):
    from dcviz.runs.configure import configure

    id = home.create(configure(data="moons", divergence="mmd", regime="data", budget=3, seed=5), queue=False)
    command, script = shown(lab(run=id))[-2:]
    words = shlex.split(command)
    assert words[:4] == ["dcviz", "condense", "--data", "moons"]
    assert words[4:] == ["--divergence", "mmd", "--regime", "data", "--budget", "3", "--seed", "5"]
    assert "divergence='mmd'" in script
    home.log_event(id, 0, "rate", group="images", rate=0.5)
    app = lab(run=id)
    assert "changes = {0: {'images': 0.5}}" in shown(app)[-1]
    assert any("the command does not" in caption.value for caption in app.caption)


@pytest.mark.parametrize("terms", [(), (TermConfig("not-here"),)])
def test_where_nothing_repeats_a_run_it_says_why(home, terms):
    id = home.create(RunConfig(data=DataConfig("moons"), terms=terms), queue=False)
    app = lab(run=id)
    assert not app.exception
    assert any("No command makes this run" in caption.value for caption in app.caption)
