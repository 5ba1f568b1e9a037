"""What is said is so: how a run is doing, how far its map is to be trusted, and which real images are nearest."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from dcviz.data import dataset
from dcviz.data.transforms import pixels
from dcviz.loaded import CondensedSet
from dcviz.records import DataConfig, RunConfig
from dcviz.runs.store import Owner, Store

from .stage import MAP, SLOW, opened, status

pytestmark = pytest.mark.browser

LINE = "(document.querySelector('.dc-status')?.innerText ?? '')"
GLASS = "[...globalThis.dcviz.stages].find((s) => s.pulls)"


@pytest.fixture
def worked_on(home):
    """A run that another process works on, as far as the store knows: its store, its id, its owner."""
    store = Store(home)
    run = store.create(RunConfig(data=DataConfig("moons"), steps=50_000))
    owner = Owner.here()
    store.claim(owner, "cpu", run)
    store.beat(run, owner, step=3000, seconds=12.0, phase="condensing")
    yield store, run, owner
    if store.run(run).status == "running":
        store.release(run, "cancelled", "", owner)  # the device is for the next


def test_the_line_tells_the_age_of_the_last_sign_of_life_and_then_why_it_failed(page, server, worked_on):
    store, run, owner = worked_on
    opened(page, f"{server}/?run={run}")
    assert status(page) == "running"
    assert "3,000 / 50,000 steps" in page.locator(".dc-status").inner_text()
    said = re.compile(r"(\d+) s since the last sign of life")
    page.wait_for_function(f"{LINE}.includes('since the last sign of life')", timeout=SLOW)
    first = int(said.search(page.evaluate(LINE))[1])
    page.wait_for_function(f"Number({LINE}.match(/(\\d+) s since the last sign of life/)?.[1]) > {first}", timeout=SLOW)
    store.beat(run, owner, step=3010, seconds=13.0, phase="condensing")
    page.wait_for_function(f"{LINE}.includes('3,010 /') && !{LINE}.includes('sign of life')", timeout=SLOW)
    store.release(run, "failed", "the loss became non-finite at step 3011: lower the learning rate.", owner)
    page.wait_for_function(f"{LINE}.includes('lower the learning rate')", timeout=SLOW)
    assert "start a new run" in page.evaluate(LINE)
    page.reload()  # what went wrong is no toast
    page.wait_for_function(f"{LINE}.includes('lower the learning rate')", timeout=SLOW)
    assert status(page) == "failed"
    assert page.errors == []


def inspected(page, server, done, image):
    """The image under the glass, at the run's end, with its neighbours and its place on the UMAP."""
    run = parse_qs(urlsplit(done).query)["run"][0]
    page.goto(f"{server}/Inspect?run={run}&image={image}&step=12")
    page.wait_for_selector(".dcv-glass", timeout=SLOW)
    page.wait_for_function(
        f"{GLASS}?.here?.placing && document.querySelectorAll('.dcv-rank').length >= 10", timeout=SLOW
    )
    return run


HERE = f"(({{ placing, path, film }}) => ({{ placing, at: path.at.umap, i: film.steps.indexOf(12) }}))({GLASS}.here)"
REAL = f"(({{ maps, ids }}) => ({{ traces: maps.umap.data, ids }}))(globalThis.dcviz.real.get({GLASS}.data.real))"


def unpacked(sent, kind):
    return np.frombuffer(base64.b64decode(sent["bdata"]), kind)


def test_the_trust_in_the_map_is_what_a_count_of_neighbours_gives(page, server, done):
    inspected(page, server, done, image=4)
    fact = page.locator(".dcv-subject .dcv-fact", has_text="map trust")
    shown, k = map(int, re.search(r"(\d+) of (\d+)", fact.inner_text()).groups())
    here = page.evaluate(HERE)
    real = page.evaluate(REAL)
    dots = [t for t in real["traces"] if t["meta"]["layer"] == "real"]
    ids = np.concatenate([unpacked(t["customdata"], "<i4") for t in dots])
    drawn = np.stack([np.concatenate([unpacked(t[axis], "<f4") for t in dots]) for axis in "xy"], 1)  # (n, 2)
    place = np.array([unpacked(here["at"][axis], "<f4")[here["i"]] for axis in "xy"])
    on_the_map = set(ids[np.argsort(((drawn - place) ** 2).sum(1))[:k]].tolist())
    placed_by = unpacked(here["placing"]["neighbours"], "<i4").reshape(-1, k)[here["i"]]
    assert shown == len(on_the_map & set(unpacked(real["ids"], "<i4")[placed_by].tolist()))
    fact.focus()
    page.keyboard.press("Enter")
    assert "15 nearest real images in features" in page.locator(".dcv-tip").inner_text()
    assert "proves nothing" in page.locator(f".dcv-glass {MAP.split()[0]} .dcv-note").inner_text()


def test_the_nearest_real_images_are_those_of_brute_force(page, server, done, home):
    run = inspected(page, server, done, image=7)
    made, real = CondensedSet.of_run(Store(home), run), dataset(DataConfig())
    far = cdist(made.pixels[7:8].flatten(1).double(), pixels(real.train.x).flatten(1).double())[0]
    nearest = np.argsort(far, kind="stable")[:5]
    said = page.locator(".dcv-space").first.locator(".dcv-rank").evaluate_all("all => all.map((one) => one.title)")
    found = [re.search(r"real number (\d+), class (\d+), distance ([\d.]+)", text).groups() for text in said]
    assert [int(number) for number, _, _ in found] == real.train.id[nearest].tolist()
    assert [int(label) for _, label, _ in found] == real.train.y[nearest].tolist()
    np.testing.assert_allclose([float(distance) for *_, distance in found], far[nearest], rtol=6e-3)
