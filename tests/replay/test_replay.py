"""A run in one file: whole, small, and nothing in it but data."""

import base64
import gzip
import json
import re

import numpy as np
import pytest

from dcviz.errors import Refused
from dcviz.records import RunConfig
from dcviz.replay import replay
from dcviz.replay.page import bundled, page
from dcviz.replay.reel import BYTES, reel_of
from dcviz.runs.store import Store

FRAMES, CLASSES, BUDGET, REAL = 200, 10, 10, 400


def frame(generator, classes=CLASSES, side=8):
    labels = np.repeat(np.arange(classes), BUDGET)
    many = len(labels)
    return {
        "images": generator.integers(0, 256, (many, 1, side, side), dtype=np.uint8),  # noise: nothing packs worse
        "labels": labels,
        "ids": np.arange(many),
        "pca": generator.normal(size=(many, 2)).astype(np.float32),
        "neighbours": generator.integers(0, REAL, (many, 15)),
        "weights": generator.dirichlet(np.ones(15), many).astype(np.float32),
        "off": generator.uniform(0, 100, many).astype(np.float32),
    }


@pytest.fixture
def real():
    generator = np.random.default_rng(0)
    return {
        "ids": np.arange(REAL),
        "labels": np.arange(REAL) % CLASSES,
        "thumbs": generator.integers(0, 256, (REAL, 1, 8, 8), dtype=np.uint8),
        "pca": generator.normal(size=(REAL, 2)).astype(np.float32),
        "umap": generator.normal(size=(REAL, 2)).astype(np.float32),
        "classes": ["</script><script>alert(1)</script>", *"123456789"],
    }


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def kept(store, frames, **changes):
    run = store.create(RunConfig(steps=frames - 1), name="a </script><b>name")
    generator = np.random.default_rng(1)
    for step in range(frames):
        store.save_frame(run, step, frame(generator, **changes))
    store.record(run, [(step, "objective", 1.0 / (step + 1)) for step in range(frames)])
    return run


def part(content, name):
    packed = re.search(rf'id="{name}">([^<]*)<', content)[1]
    return gzip.decompress(base64.b64decode(packed)).decode()


def test_it_holds_every_frame_and_the_curves(store, real):
    run = kept(store, 5)
    content = page(reel_of(store, run, "light", real)).decode()
    reel = json.loads(part(content, "reel"))
    assert [f["step"] for f in reel["stage"]["frames"]] == reel["stage"]["steps"] == [0, 1, 2, 3, 4]
    assert set(reel["stage"]["frames"][0]["maps"]) == {"umap", "pca"}
    assert reel["stage"]["curves"]["data"]
    assert reel["real"]["key"] == reel["stage"]["real"]


def test_two_hundred_frames_of_a_hundred_digits_are_at_most_eight_megabytes(store, real):
    assert len(page(reel_of(store, kept(store, FRAMES), "light", real))) < 8e6


def test_larger_images_share_the_room_that_there_is(store, real):
    large = real | {"thumbs": np.repeat(np.repeat(real["thumbs"], 8, 2), 8, 3)}
    assert len(page(reel_of(store, kept(store, 40, side=64), "light", large))) < 1.07 * BYTES


def test_nothing_of_a_run_becomes_markup_or_script_and_nothing_is_fetched(store, real):
    content = page(reel_of(store, kept(store, 2), "dark", real)).decode()
    assert "<b>name" not in content
    assert "alert(1)" not in content
    assert content.count("</script>") == 4  # three packed parts and the loader
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", content)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', content)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe-inline" not in rules["script-src"]
    nonce = re.search(r"'nonce-(\w{32})'", rules["script-src"])[1]
    assert re.findall(r"<script type=.module. nonce=.(\w+)", content) == [nonce]


def test_the_code_is_one_script_without_imports():
    code = bundled("stage")
    assert not re.search(r"^\s*(import|export) ", code, re.MULTILINE)
    assert "import.meta" not in code
    assert "globalThis.dcvizStage = of_stage.main" in code
    made = re.findall(r"^const of_(\w+) =", code, re.MULTILINE)
    for name in made:  # each comes after all that it needs
        needs = re.findall(r"= of_(\w+);", code.split(f"const of_{name} = ")[1].split("\n})();")[0])
        assert all(made.index(need) < made.index(name) for need in needs)


def test_a_run_without_data_or_without_pictures(store):
    run = store.create(RunConfig(steps=3))
    with pytest.raises(Refused, match="no picture yet"):
        replay(store, run)
    made = reel_of(store, kept(store, 2), "light", None)
    assert made.real is None
    assert made.stage["frames"][0]["maps"] == {}
