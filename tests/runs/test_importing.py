"""Synthetic sets as the public code saves them become runs of zero steps; what is no such set is refused in words."""

import io
import json
import os
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from dcviz.data import dataset
from dcviz.errors import Refused
from dcviz.records import DataConfig, EvaluationProtocol
from dcviz.runs.export import bundle, export
from dcviz.runs.importing import Taken, bring
from dcviz.runs.importing.pixels import unnormalised
from dcviz.runs.importing.published import find
from dcviz.runs.importing.sets import fitted
from dcviz.runs.service import fork, open_job
from dcviz.runs.store import Store
from dcviz.runs.worker import drive

DIGITS = Taken(DataConfig("digits"))
LABELS = torch.arange(10).repeat_interleave(2)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


@pytest.fixture(scope="module")
def digits():
    return dataset("digits")


@pytest.fixture(scope="module")
def pixels(digits):
    """Two real digits of each class ``(20, 1, 8, 8)`` in [0, 1]."""
    at = torch.cat([(digits.train.y == c).nonzero()[:2, 0] for c in range(10)])
    return digits.train.x[at].float() / 255 if digits.train.x.dtype == torch.uint8 else digits.train.x[at]


@pytest.fixture(scope="module")
def normal(digits, pixels):
    """The same as published code has them: normalised, with a little noise beyond black and white."""
    return digits.transform.forward(pixels) + 0.1 * torch.randn(
        pixels.shape, generator=torch.Generator().manual_seed(0)
    )


def shown(store, run):
    """The pixels of the final set, decoded by dcviz.load."""
    import dcviz

    return dcviz.load(run, home=store.home)


def same(found, wanted):
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-5)


def saved(path, value, **how):
    torch.save(value, path, **how)
    return path


# ---------------------------------------------------------------------------------------- as their authors save them


def as_dc(folder, x, **how):
    """main.py of DC, DSA and DM, main_DataDAM.py: accuracies are numpy's numbers, one entry for each experiment."""
    accuracies = {"ConvNet": [np.float64(0.5), np.float32(0.25), 0.125]}
    data = [[torch.zeros_like(x), LABELS], [x, LABELS]]
    return [saved(folder / "res_DC_x_ConvNet_2ipc.pt", {"data": data, "accs_all_exps": accuracies}, **how)]


def as_mtt(folder, x):
    """distill.py of MTT: two files; images that ask for gradients, as some forks leave them."""
    saved(folder / "labels_best.pt", LABELS)
    return [saved(folder / "images_best.pt", torch.nn.Parameter(x))]


def as_idc(folder, x):
    return [saved(folder / "data.pt", [x, LABELS])]


def as_npz(folder, x, y=None):
    """KIP: images with the channels last."""
    np.savez(folder / "set.npz", images=x.numpy().transpose(0, 2, 3, 1), labels=LABELS.numpy() if y is None else y)
    return [folder / "set.npz"]


def as_npy(folder, x):
    np.save(folder / "images.npy", x.numpy())
    np.save(folder / "labels.npy", LABELS.numpy())
    return [folder / "images.npy", folder / "labels.npy"]


def as_safetensors(folder, x):
    from safetensors.torch import save_file

    save_file({"x": x.contiguous(), "y": LABELS}, folder / "set.safetensors", {"by": "someone"})
    return [folder / "set.safetensors"]


def as_zip(folder, x):
    """Both files of MTT in a zip, with what a Mac adds."""
    as_mtt(folder, x)
    with zipfile.ZipFile(folder / "mtt.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("images_best.pt", "labels_best.pt"):
            archive.write(folder / name, f"CIFAR10/{name}")
        archive.writestr("__MACOSX/CIFAR10/._images_best.pt", b"\x00\x05\x16\x07")
    return [folder / "mtt.zip"]


def as_folder(folder, x):
    """The log folder of MTT: every thousand steps, and the best."""
    as_mtt(folder, x)
    saved(folder / "images_0.pt", torch.zeros_like(x))
    saved(folder / "labels_0.pt", LABELS.flip(0))
    return [folder]


PUBLISHED = {
    "DC": as_dc,
    "DC, before torch 1.6": lambda folder, x: as_dc(folder, x, _use_new_zipfile_serialization=False),
    "MTT": as_mtt,
    "IDC": as_idc,
    "KIP": as_npz,
    "npy": as_npy,
    "safetensors": as_safetensors,
    "a zip": as_zip,
    "a folder": as_folder,
}


@pytest.mark.parametrize("what", PUBLISHED)
def test_a_published_set_becomes_a_run_with_its_images_and_labels(what, store, normal, digits, tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    brought = bring(store, PUBLISHED[what](folder, normal), DIGITS)
    row, made = store.run(brought.run), shown(store, brought.run)
    assert (row.status, row.step, row.steps, store.frames(row.id)) == ("done", 0, 0, [0])
    same(made.x, normal)
    assert made.y.tolist() == LABELS.tolist()
    assert "20 images of 1×8×8, 2 per class" in brought.said
    assert f"Imported from {PUBLISHED[what](folder, normal)[0].name}: {brought.said}." == row.note
    assert row.about.startswith("imported · digits · 2 per class")
    _, frame = store.frame(row.id, 0)
    wanted = (digits.transform.inverse(normal).clamp(0, 1) * 255).round().numpy()
    assert np.abs(frame["images"].astype(int) - wanted).max() <= 1
    assert frame["pca"].shape == (20, 2)
    assert [event.kind for event in store.events(row.id)] == ["imported"]


def test_several_sets_in_a_file_are_told_and_chosen_by_number(store, normal, tmp_path):
    files = as_dc(tmp_path, normal)
    assert "set 2 of 2" in bring(store, files, DIGITS).said
    first = bring(store, files, replace(DIGITS, number=1, scale="no"))
    assert "set 1 of 2" in first.said
    assert shown(store, first.run).pixels.max() == 0
    with pytest.raises(Refused, match="give a number from 1 to 2"):
        bring(store, files, replace(DIGITS, number=3))


def test_images_are_ordered_by_class_and_keep_their_numbers(store, normal, tmp_path):
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    files = [saved(tmp_path / "data.pt", [normal[order], LABELS[order]])]
    run = bring(store, files, DIGITS).run
    arrays, _ = store.final(run)
    assert arrays["classes"].tolist() == LABELS.tolist()
    same(torch.from_numpy(arrays["images"]), normal[order][arrays["ids"]])


def test_without_labels_the_order_says_them(store, normal, tmp_path):
    brought = bring(store, [saved(tmp_path / "x.pt", normal)], DIGITS)
    assert "taken in order" in brought.said
    assert shown(store, brought.run).y.tolist() == LABELS.tolist()


def test_a_learned_step_size_comes_along(store, normal, tmp_path):
    as_mtt(tmp_path, normal)
    saved(tmp_path / "lr_best.pt", 0.0125)
    run = bring(store, [tmp_path / "images_best.pt"], DIGITS).run
    assert shown(store, run).recipe.step_size == 0.0125


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda t: torch.eye(10)[LABELS], "hard"),
        (lambda t: (torch.eye(10)[LABELS] * 9).softmax(1), "probabilities"),
        (lambda t: torch.eye(10)[LABELS] * 9 - 1, "logits"),
    ],
)
def test_soft_labels_are_told_apart_by_their_values(make, kind, store, normal, tmp_path):
    y = make(None)
    made = shown(store, bring(store, [saved(tmp_path / "data.pt", [normal, y])], DIGITS).run)
    assert made.recipe.labels == kind
    if kind == "hard":
        assert made.y.tolist() == LABELS.tolist()
    else:
        same(made.y, y)


def test_labels_can_be_said_to_be_values(store, normal, tmp_path):
    files = as_npz(tmp_path, normal, torch.eye(10)[LABELS].numpy() - 0.1)
    assert shown(store, bring(store, files, replace(DIGITS, labels="values")).run).recipe.labels == "values"
    with pytest.raises(Refused, match="not probabilities"):
        bring(store, files, replace(DIGITS, labels="probabilities"))


def test_several_images_stored_in_one_are_decoded(store, normal, tmp_path):
    files = as_idc(tmp_path, normal)
    made = shown(store, bring(store, files, replace(DIGITS, parameterisation="multi-formation-2")).run)
    assert made.x.shape == (80, 1, 8, 8)
    assert made.y.tolist() == LABELS.repeat_interleave(4).tolist()
    same(made.x[0, 0, 0, 0], normal[0, 0, 0, 0])
    soft = torch.rand(80, 10, generator=torch.Generator().manual_seed(0)) + 5 * torch.eye(10)[LABELS].repeat_interleave(
        4, 0
    )
    files = [saved(tmp_path / "soft.pt", [normal, soft])]
    made = shown(store, bring(store, files, replace(DIGITS, parameterisation="multi-formation-2")).run)
    same(made.y, soft)


# ------------------------------------------------------------------------------------------------------------ pixels


@pytest.mark.parametrize("scale", ["auto", "said"])
@pytest.mark.parametrize("how", ["normalised", "pixels", "pixels beyond", "0 to 255", "whole numbers"])
def test_scaling_is_found_out_from_the_values_and_undone(how, scale, digits, pixels, normal):
    beyond = digits.transform.inverse(normal)
    published, wanted, said = {
        "normalised": (normal, beyond, "yes"),
        "pixels": (pixels, pixels, "no"),
        "pixels beyond": (beyond, beyond, "no"),
        "0 to 255": (pixels * 255, pixels, "no"),
        "whole numbers": ((pixels * 255).round().to(torch.uint8), (pixels * 255).round() / 255, "auto"),
    }[how]
    found, words = unnormalised(published.numpy(), digits, "auto" if scale == "auto" else said)
    same(torch.from_numpy(found), wanted)
    assert ("undone" in words) == (how == "normalised")


def test_published_means_are_those_of_the_public_code_and_numbers_can_be_given(digits, pixels):
    given = (pixels.numpy() - 0.25) / 0.125
    found, words = unnormalised(given, digits, "0.25/0.125")
    np.testing.assert_allclose(found, pixels.numpy(), atol=1e-6)
    assert "mean 0.25, deviation 0.125" in words
    mnist = replace(digits, name="mnist")
    found, words = unnormalised((pixels.numpy() - 0.1307) / 0.3081, mnist, "yes")
    np.testing.assert_allclose(found, pixels.numpy(), atol=1e-6)
    for wrong in ("yes please", "1", "1/2/3", "0.5/0", "nan/1", "0.1,0.2/1", "1e9/x"):
        with pytest.raises(Refused, match="says no scale"):
            unnormalised(given, digits, wrong)


def test_whitening_of_the_public_code_is_undone(digits, pixels):
    real = digits.train.x.float() / (255 if digits.train.x.dtype == torch.uint8 else 1)
    flat = real.flatten(1)
    covariance = (flat - flat.mean(0)).T @ (flat - flat.mean(0)) / (len(flat) - 1)
    values, vectors = torch.linalg.eigh(covariance)
    whiten = vectors @ torch.diag((values + 0.1).rsqrt()) @ vectors.T  # kornia.enhance.ZCAWhitening(eps=0.1)
    white = ((pixels.flatten(1) - flat.mean(0)) @ whiten).reshape(pixels.shape)
    found, words = unnormalised(white.numpy(), digits, "zca")
    np.testing.assert_allclose(found, pixels.numpy(), atol=1e-3)
    assert "whitening" in words


def test_what_nobody_can_tell_is_asked(digits, normal):
    with pytest.raises(Refused, match="say how they are scaled"):
        unnormalised((normal * 0.6).numpy(), digits, "auto")
    for constant in (0.0, -3.0):
        unnormalised(np.full((4, 1, 8, 8), constant, np.float32), digits, "auto")  # blank: no spread, taken as they are


# ----------------------------------------------------------------------------------------------------- class folders


def pictures(folder, names, pixels):
    """Two PNG for each class."""
    for c, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for i in range(2):
            level = (pixels[2 * c + i, 0] * 255).round().to(torch.uint8).numpy()
            Image.fromarray(level).save(folder / name / f"{i}.png")
    return folder


NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.mark.parametrize(
    "names",
    [[str(c) for c in range(10)], [f"new{c:03d}" for c in range(10)], [f"{c:02d}_{c}" for c in range(10)], NAMES],
)
def test_class_folders_are_matched_by_name_number_or_order(names, store, pixels, tmp_path):
    run = bring(store, [pictures(tmp_path / "set", names, pixels)], DIGITS).run
    made = shown(store, run)
    order = [names.index(name) for name in sorted(names)] if names is NAMES else range(10)
    wanted = torch.cat([pixels[2 * c : 2 * c + 2] for c in order])
    np.testing.assert_allclose(made.pixels.numpy(), wanted.numpy(), atol=1 / 255)


def test_folders_that_cannot_be_matched_are_refused(store, pixels, tmp_path):
    with pytest.raises(Refused, match="not named as the classes"):
        bring(store, [pictures(tmp_path / "set", ["cat", "dog"], pixels)], DIGITS)
    two = Taken(DataConfig("digits", classes=("3", "5")))
    run = bring(store, [pictures(tmp_path / "two", ["5", "3"], pixels)], two).run
    np.testing.assert_allclose(shown(store, run).pixels[:2].numpy(), pixels[2:4].numpy(), atol=1 / 255)


# --------------------------------------------------------------------------------------------------- our own exports


@pytest.mark.parametrize("format", ["npz", "safetensors", "folder", "a zip of npz", "a zip of folder"])
def test_what_dcviz_exports_comes_back(format, store, normal, pixels, tmp_path):
    other = Store(tmp_path / "other")
    source = bring(other, as_idc(tmp_path, normal), DIGITS).run
    if format.startswith("a zip"):
        path = tmp_path / "export.zip"
        path.write_bytes(bundle(other, source, format.split()[-1])[1])
    else:
        path = export(other, source, tmp_path / (f"set.{format}" if format != "folder" else "set"), format)
    taken = DIGITS if "folder" in format else None  # the others say which data they were made from
    run = bring(store, [path], taken).run
    made, before = shown(store, run), shown(other, source)
    assert made.y.tolist() == before.y.tolist()
    if "folder" in format:
        np.testing.assert_allclose(made.pixels.numpy(), before.pixels.numpy(), atol=1 / 255)
    else:
        assert made.x.numpy().tobytes() == before.x.numpy().tobytes()
        assert made.recipe == before.recipe


def test_soft_labels_and_decoded_images_of_our_own_come_back(store, normal, tmp_path):
    other = Store(tmp_path / "other")
    soft = torch.rand(80, 10, generator=torch.Generator().manual_seed(0)) + 5 * torch.eye(10)[LABELS].repeat_interleave(
        4, 0
    )
    taken = replace(DIGITS, parameterisation="multi-formation-2")
    source = bring(other, [saved(tmp_path / "soft.pt", [normal, soft])], taken).run
    run = bring(store, [export(other, source, tmp_path / "x.npz")]).run
    made, before = shown(store, run), shown(other, source)
    assert made.recipe == before.recipe
    assert made.x.numpy().tobytes() == before.x.numpy().tobytes()
    assert made.y.numpy().tobytes() == before.y.numpy().tobytes()


# ------------------------------------------------------------------------------------- what can be done with the run


def test_it_is_evaluated_like_any_run_placed_on_the_map_and_archived(store, normal, tmp_path, monkeypatch):
    monkeypatch.setattr("dcviz.evaluation.BASELINES", ("random",))
    quick = EvaluationProtocol(updates=30, seeds=1)
    files = [saved(tmp_path / "x.pt", [normal, LABELS])]
    brought = bring(store, files, replace(DIGITS, evaluation=quick), name="theirs", status="paused")
    run = drive(store, lambda claimed: open_job(store, claimed), brought.run)
    assert (run.status, run.step, run.title) == ("done", 0, "theirs")
    (score,) = [s for s in store.scores(run.id) if s.of == "synthetic"]
    assert score.protocol == quick
    assert score.mean > 0.4, "two real digits of each class"
    assert [s.of for s in store.scores(run.id)] == ["synthetic", "random"]
    assert "off" in store.frame(run.id, 0)[1]
    same(shown(store, run.id).x, normal)
    there = Store(tmp_path / "there")
    again = bring(there, [export(store, run.id, tmp_path / "x.dcviz.zip")], name="again")
    assert again.whole
    assert there.run(again.run).name == "again"
    assert there.scores(again.run) == store.scores(run.id)


def test_condensing_can_go_on_from_it(store, normal, tmp_path):
    from dcviz.runs.configure import configure

    run = bring(store, as_idc(tmp_path, normal), DIGITS).run
    config = configure(divergence="mean", regime="data", budget=2, steps=2, live=None)
    config = replace(config, evaluation=EvaluationProtocol(updates=1, seeds=1))
    child = fork(store, run, 0, config)
    job = open_job(store, store.run(child))
    while not store.frames(child):
        job.advance(0.01)
    _, frame = store.frame(child, 0)
    np.testing.assert_array_equal(frame["images"], store.frame(run, 0)[1]["images"])
    job.close("cancelled", "")


# --------------------------------------------------------------------------------------------------------- bad input


class Evil:
    """What a pickle does when it is read without care."""

    def __reduce__(self):
        return os.mkdir, ("/tmp/dcviz-was-here",)


def evil(path, x, y):
    torch.save([x, y, Evil()], path)


def expanded(path, x, y):
    torch.save([torch.zeros(1, 1, 1, 1).expand(10**6, 1, 10**3, 10**3), y], path)


BAD = {
    "a pickle with code": (evil, "Python objects .*mkdir"),
    "a module": (lambda p, x, y: torch.save(torch.nn.Linear(2, 2), p), "Python objects .*Linear"),
    "a huge tensor in a small file": (expanded, "1,000,000,000,000 numbers"),
    "a sparse tensor": (lambda p, x, y: torch.save([x.to_sparse(), y], p), "not plain numbers"),
    "a tensor without data": (lambda p, x, y: torch.save([x.to("meta"), y], p), "not plain numbers"),
    "complex numbers": (lambda p, x, y: torch.save([x.to(torch.complex64), y], p), "not plain numbers"),
    "NaN": (lambda p, x, y: torch.save([x * torch.nan, y], p), "NaN or infinite"),
    "one infinity": (lambda p, x, y: torch.save([x.index_fill(0, y[6], torch.inf), y], p), "NaN or infinite"),
    "another size": (lambda p, x, y: torch.save([x[..., :7], y], p), "1×8×7 and those of digits 1×8×8"),
    "colours": (lambda p, x, y: torch.save([x.repeat(1, 3, 1, 1), y], p), "3×8×8 and those of digits"),
    "no images": (lambda p, x, y: torch.save(y, p), "no images were found: bad.pt holds an array of 20"),
    "a state dict": (lambda p, x, y: torch.save({"conv.weight": x[:, :, :3, :3]}, p), "named conv.weight"),
    "a number": (lambda p, x, y: torch.save(3, p), "no images were found: bad.pt holds a int"),
    "nothing": (lambda p, x, y: torch.save([], p), "no images were found"),
    "no samples": (lambda p, x, y: torch.save([x[:0], y[:0]], p), "no images were found"),
    "too few labels": (lambda p, x, y: torch.save([x, y[:-1]], p), "20 images and 19 labels"),
    "a label beyond the classes": (lambda p, x, y: torch.save([x, y + 1], p), "from 1 to 10; classes are 0 to 9"),
    "a negative label": (lambda p, x, y: torch.save([x, y - 1], p), "from -1 to 8"),
    "a label that is no whole number": (lambda p, x, y: torch.save([x, y + 0.5], p), "not whole numbers"),
    "a label that is NaN": (lambda p, x, y: torch.save([x, y * torch.nan], p), "not whole numbers"),
    "a huge label": (lambda p, x, y: torch.save([x, y + 2**40], p), "too large to be numbers"),
    "soft labels of other classes": (lambda p, x, y: torch.save([x, torch.eye(11)[y]], p), "rows of 11"),
    "soft labels with NaN": (lambda p, x, y: torch.save([x, torch.eye(10)[y] * torch.nan], p), "labels are NaN"),
    "a class without an image": (lambda p, x, y: torch.save([x[2:], y[2:]], p), "class '0' has no image"),
    "no labels and no even number": (lambda p, x, y: torch.save(x[:19], p), "19 images"),
    "whole numbers beyond white": (lambda p, x, y: torch.save([(x * 1000).int(), y], p), "pixels are 0 to 255"),
    "values without end": (lambda p, x, y: torch.save([x * 1e30, y], p), "say how they are scaled"),
    "too many images": (lambda p, x, y: torch.save([x.new_zeros(20_010, 1, 8, 8), y], p), "20,010 images are too many"),
    "lists without end": (lambda p, x, y: torch.save([[[[[[[[[[x, y]]]]]]]]]], p), "no images were found"),
    "text": (lambda p, x, y: p.write_text("hello"), "holds Python objects|damaged"),
    "an empty file": (lambda p, x, y: p.write_bytes(b""), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
@pytest.mark.filterwarnings("ignore:Validating sparse")
def test_a_bad_set_is_refused_in_one_sentence_and_nothing_is_written(what, store, normal, tmp_path):
    make, cure = BAD[what]
    path = tmp_path / "bad.pt"
    make(path, normal, LABELS)
    with pytest.raises(Refused, match=cure) as refusal:
        bring(store, [path], DIGITS)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 500
    nothing_written(store)
    assert not os.path.exists("/tmp/dcviz-was-here")


def nothing_written(store):
    assert store.runs() == []
    assert not list((store.home / "runs").iterdir())
    assert not list((store.home / "trash").iterdir())


def test_other_bad_files_are_refused_by_name(store, normal, tmp_path):
    def refused(name, data, match):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(Refused, match=match) as refusal:
            bring(store, [path], DIGITS)
        assert "\n" not in str(refusal.value)
        nothing_written(store)

    def npz(**arrays):
        out = io.BytesIO()
        np.savez_compressed(out, **arrays)
        return out.getvalue()

    def packed(**members):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return out.getvalue()

    x = normal.numpy()
    refused("a.npz", npz(x=x, y=np.array([{}], dtype=object)), "Python objects")
    refused("b.npz", npz(x=np.zeros((10**5, 1, 16, 16), np.float32)), "zip bomb")
    refused("c.npz", npz(x=x)[:300], "not a readable npz")
    refused("d.npy", b"\x93NUMPY\x01\x00garbage", "damaged")
    refused("e.safetensors", b"\xff" * 64, "damaged")
    refused("f.svg", b"<svg/>", "no kind that can be read")
    refused("g.pkl", b"cos\nsystem\n", "no kind that can be read")
    refused("h.zip", packed(**{"0/a.svg": "<svg/>"}), "convert it to PNG")
    refused("i.zip", packed(**{"../../x.pt": "x"}), "outside its own folder")
    refused("j.zip", packed(**{"a/x.pt": "x", "b/x.pt": "x"}), "two files named x.pt")
    refused("q.zip", packed(**{"a\nb.pt": "x"}), "a[?]b.pt")
    refused("k.zip", packed(**{f"{i}.pt": "x" for i in range(30)}), "30 files of tensors")
    refused("l.zip", packed(**{"x.pt": bytes(2**25)}), "zip bomb")
    refused("m.zip", packed(readme="hello"), "no images")
    header = Image.new("L", (8, 8))
    out = io.BytesIO()
    header.save(out, "PNG")
    huge = bytearray(out.getvalue())
    huge[16:24] = (10**5).to_bytes(4, "big") * 2
    import zlib

    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    refused("n.zip", packed(**{"0/a.png": bytes(huge)}), "too large")
    link = zipfile.ZipInfo("0/a.png")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    refused("o.zip", out.getvalue(), "symbolic link")


def test_what_is_asked_for_must_be_there(store, normal, tmp_path):
    files = as_idc(tmp_path, normal)
    for given, match in (
        ([], "no file was given"),
        ([tmp_path / "none.pt"], "there is nothing at"),
    ):
        with pytest.raises(Refused, match=match):
            bring(store, given, DIGITS)
    for taken, match in (
        (None, "say which data"),
        (Taken(DataConfig("moons")), "points of the plane"),
        (Taken(DataConfig("digts")), "did you mean 'digits'"),
        (replace(DIGITS, labels="sharp"), "no kind of label"),
        (replace(DIGITS, labels="logits"), "rows of 10 numbers"),
        (replace(DIGITS, parameterisation="zip"), "there is no parameterisation"),
        (replace(DIGITS, parameterisation="multi-formation-3"), "too small to see"),
    ):
        with pytest.raises(Refused, match=match):
            bring(store, files, taken)
    with pytest.raises(Refused, match="too long"):
        bring(store, files, DIGITS, name="x" * 200)
    nothing_written(store)


def test_an_export_of_other_data_or_with_a_false_recipe_is_refused(store, normal, tmp_path):
    other = Store(tmp_path / "other")
    source = bring(other, as_idc(tmp_path, normal), DIGITS).run
    path = export(other, source, tmp_path / "x.npz")
    with pytest.raises(Refused, match="its classes or its size differ"):
        bring(store, [path], Taken(DataConfig("digits", classes=("1", "2"))))
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    recipe = json.loads(str(arrays["recipe"]))
    for changes in ({"expand": 3}, {"decoder": "x"}, {"version": 9}, {"views": 5}, {"transform": "zca"}, {"x": 1}):
        np.savez(path, **{**arrays, "recipe": np.array(json.dumps({**recipe, **changes}))})
        with pytest.raises(Refused):
            bring(store, [path])
    np.savez(path, **{**arrays, "classes": arrays["classes"] + 1})
    with pytest.raises(Refused, match="a class is out of range"):
        bring(store, [path])
    nothing_written(store)


@pytest.mark.parametrize("name", ["data.pt", "old.pt", "set.npz", "set.safetensors", "images.npy", "mtt.zip"])
def test_noise_in_the_file_never_ends_in_anything_but_a_refusal(name, store, normal, tmp_path):
    """Cut off, with bits flipped, with random bytes, by a fixed seed: refused, or read as a set."""
    makers = {"data.pt": as_idc, "set.npz": as_npz, "set.safetensors": as_safetensors, "images.npy": as_npy}
    if name == "old.pt":
        path = as_dc(tmp_path, normal, _use_new_zipfile_serialization=False)[0]
    else:
        path = makers.get(name, as_zip)(tmp_path, normal)[0]
    data, rng = path.read_bytes(), np.random.default_rng(0)
    noise = tmp_path / f"noise{path.suffix}"
    refused, sentence = 0, ""
    for i in range(60):
        noisy = bytearray(data)
        if i % 4 == 0:
            noisy = noisy[: int(rng.integers(len(data)))]
        elif i % 4 == 1:
            noisy = bytearray(rng.bytes(len(data) // 8))
        else:
            for at in rng.integers(0, min(len(data), 2000) if i % 4 == 2 else len(data), 1 + i % 5):
                noisy[at] = noisy[at] ^ (1 << int(rng.integers(8))) if i % 2 else int(rng.integers(256))
        noise.write_bytes(bytes(noisy))
        try:
            fitted(find([noise]), replace(DIGITS, scale="yes"), noise.name)
        except Refused as refusal:
            refused += 1
            sentence = str(refusal)
        assert "\n" not in sentence
    assert refused >= 30, "the others were read: the noise lay in the pixels"
