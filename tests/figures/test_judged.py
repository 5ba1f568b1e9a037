"""Reports as pictures: what a figure holds decides how it is drawn, whoever declared it."""

import json

import numpy as np
import pytest

from dcviz.evaluation.suite.declared import Property, Quantity, Report, figure
from dcviz.figures.judged import blocks, columns, table
from dcviz.figures.reports import Measured, Row, confusion, dots, signs_of
from dcviz.figures.signs import signs


class Kind(Property):
    name = "kind"
    title = "Kind"
    quantities = (
        Quantity("one", "one number", "A number.", "x"),
        Quantity("attacked", "under attack", "Falls.", "y", better="higher"),
        Quantity("each", "of each", "By place.", "z", better="lower", unit="distance"),
        Quantity("auc", "AUC", "Of an attack.", "a", unit="score", better="lower", chance=0.5),
    )


def report(shift=0.0, own="synthetic"):
    made = []
    for of, base in ((own, 0.8 + shift), ("random", 0.6), ("whole set", 0.9)):
        detail = {"confusion": [[3, 1], [0, 4]], "per_class": [0.75, None]} if of != "whole set" else {}
        made += [figure("one", of, [base, base + 0.02], "two networks", {}, detail)]
        made += [figure("attacked", of, [base - s], "p", {"attack": "FGSM", "strength": s}) for s in (0.1, 0.2, 0.3)]
        made += [figure("each", of, [i + base], "p", {"group": name}) for i, name in enumerate("abc")]
        made += [figure("auc", of, [0.5], "p")]
    return Report("kind", "quick", tuple(made), ("a note",), 3.0)


@pytest.fixture
def drawn():
    found = columns({"this set": [report()]})
    signed = signs_of({"this set": signs(1, "light")[0]}, ["random", "whole set"], "light")
    return found, signed, blocks(Kind, found, signed, ["yes", "no"], "light")


def test_strengths_are_curves_places_a_table_and_single_figures_dots(drawn):
    _, _, made = drawn
    curves = made[0]
    assert (curves.title, curves.wide) == ("under attack", True)
    own = next(t for t in curves.spec["data"] if t["name"] == "this set")
    assert own["x"] == [0.1, 0.2, 0.3]
    assert own["y"] == pytest.approx([70, 60, 50])
    by_title = {block.title: block.spec for block in made}
    heat = by_title["of each"]["data"][0]
    assert (heat["y"], heat["x"]) == (["this set", "random", "whole set"], ["a", "b", "c"])
    assert heat["z"][0] == pytest.approx([0.8, 1.8, 2.8])
    plain, score = (block.spec for block in made if not block.title)
    assert plain["layout"]["yaxis"]["ticktext"] == ["one number"]
    assert plain["data"][-1]["x"] == pytest.approx([81.0])  # in per cent; the set itself is drawn last
    assert plain["data"][-1]["error_x"]["array"][0] == pytest.approx(100 * np.std([0.8, 0.82], ddof=1))
    assert [a["text"] for a in score["layout"]["annotations"]] == ["chance"]
    assert score["layout"]["shapes"][0]["x0"] == 0.5
    json.dumps([block.spec for block in made], default=np.ndarray.tolist, allow_nan=False)


def test_details_are_drawn_of_the_set_in_question(drawn):
    made = {block.title.partition(",")[0]: block.spec for block in drawn[2]}
    heat = made["Confusion"]["data"][0]
    assert np.asarray(heat["z"]).tolist() == [[75, 25], [0, 100]]
    each = made["Accuracy in each class"]["data"][0]
    assert each["y"] == ["this set", "random"]
    assert each["z"][0] == [75.0, None]  # a class without samples stays empty


def test_repeats_stand_as_one_with_their_spread():
    found = columns({"a": [report(0.0), report(0.1)], "b": [report(0.05)]})
    one = found["a"]["one", ""]
    assert one.mean == pytest.approx(0.86)
    assert one.std == pytest.approx(np.std([0.81, 0.91], ddof=1))
    assert "2 runs" in one.protocol
    assert found["b"]["one", ""].std == pytest.approx(np.std([0.85, 0.87], ddof=1))
    assert list(found) == ["a", "b", "random", "whole set"]


def test_the_table_has_every_number_its_protocol_and_the_best():
    names, lines = table(Kind, columns({"this set": [report()]}))
    assert names == ["this set", "random", "whole set"]
    first = lines[0]
    assert first[0][:2] == ("one number", "A number.")
    assert [cell[0] for cell in first[1:]] == ["81.0 ± 1.4 %", "61.0 ± 1.4 %", "91.0 ± 1.4 %"]
    assert [cell[2] for cell in first[1:]] == [False, False, True]
    assert first[1][1] == "two networks"
    place = next(line for line in lines if line[0][0] == "of each, b")
    assert [cell[2] for cell in place[1:]] == [False, True, False]  # lower is better
    assert [cell[2] for cell in lines[-1][1:]] == [False] * 3  # all alike: none is best


def test_what_stands_beside_is_grey_and_hollow_but_told_apart():
    own = signs(2, "dark")
    found = signs_of({"a": own[0], "b": own[1]}, ["random", "herding", "whole set"], "dark")
    spec = dots([Row("r", [Measured(name, 0.5) for name in found])], found, "fraction", "dark")
    beside = [t for t in spec["data"] if t["name"] in ("random", "herding")]
    assert len({(t["marker"]["symbol"], t["marker"]["color"]) for t in spec["data"]}) == 5
    assert all(t["marker"]["color"] == "rgba(0,0,0,0)" for t in beside)
    assert len({y for t in spec["data"] for y in t["y"]}) == 5  # none lies on another


def test_classes_that_read_like_numbers_are_names():
    spec = confusion(np.eye(3), ["0", "1", "2"], "light")
    assert spec["layout"]["xaxis"]["ticktext"] == ["0", "1", "2"]
    many = confusion(np.eye(40), [str(i) for i in range(40)], "light")
    assert "text" not in many["data"][0]
