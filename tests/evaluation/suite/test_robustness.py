import pytest

from dcviz.condensing.start import start
from dcviz.errors import Refused
from dcviz.evaluation import run_to_end
from dcviz.evaluation.suite import Judge, assess, chosen, synthetic
from dcviz.evaluation.suite.robustness import Robustness
from dcviz.randomness import generator
from tests.evaluation.suite.conftest import SHORT

FAST = Robustness(steps=4, samples=60, auto=False)


def curve(report, quantity, name, key):
    found = [f for f in report.figures if f.quantity == quantity and f.at[name] == key]
    return [f.mean for f in sorted(found, key=lambda f: f.at.get("strength", f.at.get("severity")))]


def test_curves_fall_and_iterated_attacks_harm_more(judge, few):
    report = run_to_end(assess(judge, [few], FAST))
    clean = next(f for f in report.figures if f.quantity == "clean")
    assert clean.mean > 0.6
    assert len(clean.values) == 3
    for name in ("FGSM", "PGD-L∞", "PGD-L2"):
        found = curve(report, "attacked", "attack", name)
        assert len(found) == 5
        assert clean.mean >= found[0] >= found[2] >= found[4]
    assert curve(report, "attacked", "attack", "PGD-L∞")[2] <= curve(report, "attacked", "attack", "FGSM")[2] + 0.02
    assert curve(report, "attacked", "attack", "PGD-L∞")[4] < 0.1
    for name in ("noise", "blur", "contrast", "occlusion", "rotation"):
        found = curve(report, "corrupted", "corruption", name)
        assert len(found) == 5
        assert found[0] <= clean.mean + 0.05
    assert curve(report, "corrupted", "corruption", "noise")[4] < clean.mean


def test_ratios_follow_from_the_curves(judge, few):
    report = run_to_end(assess(judge, [few], FAST))
    figures = {f.quantity: f for f in report.figures if not f.at}
    middle = [
        [f.values for f in report.figures if f.quantity == "attacked" and f.at["attack"] == name][2]
        for name in ("FGSM", "PGD-L∞", "PGD-L2")
    ]
    first = [values[0] for values in middle]
    clean = figures["clean"].values[0]
    expected = 1 - (clean - sum(first) / 3) / (clean - min(first))
    assert figures["robustness-ratio"].values[0] == pytest.approx(expected)
    assert figures["kept"].values[0] == pytest.approx(sum(first) / 3 / clean)
    assert 0 <= figures["attack-efficiency"].mean <= 1


def test_points_of_the_plane_are_refused(moons):
    subject = synthetic(*start("real", moons, 5, generator(0, "s")))
    with pytest.raises(Refused, match="choose images"):
        run_to_end(assess(Judge(moons, SHORT, 5), [subject], FAST))


def test_what_is_missing_is_said(judge, few, monkeypatch):
    monkeypatch.setattr("dcviz.evaluation.suite.autoattack.installed", lambda: False)
    assert any("dcviz[attacks]" in note for note in chosen("robustness", "full")[0].notes(judge, few))
