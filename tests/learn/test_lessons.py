"""The lessons: short, complete, and what they claim is what was measured."""

import numpy as np
import pytest

from dcviz.learn.facts import Facts, at_home, flagged
from dcviz.learn.lessons import LESSONS
from dcviz.learn.playing import chosen, figures, layer, scene, step_of, told_numbers
from dcviz.learn.prepared import prepared, real
from dcviz.yardsticks import parted

WORDS = 90
PLACED = [(lesson, variant) for lesson in LESSONS for variant in lesson.variants]
LOOKS = [(lesson, look) for lesson in LESSONS for look in lesson.looks]


def name(value):
    return getattr(value, "name", None) or getattr(value, "text", "")[:20]


@pytest.mark.parametrize("lesson", LESSONS, ids=name)
def test_a_lesson_is_short_and_complete(lesson):
    told = figures(lesson)
    texts = [lesson.text, lesson.check[1], *(v.said for v in lesson.variants), *(look.text for look in lesson.looks)]
    assert all("{" not in lesson.filled(text, told) for text in texts)
    assert len(lesson.filled(lesson.text, told).split()) <= WORDS
    assert lesson.question.endswith("?")
    assert lesson.check[0].endswith("?")
    assert 2 <= len(lesson.looks) <= 3
    assert len(lesson.variants) >= 2
    assert len({variant.name for variant in lesson.variants}) == len(lesson.variants)
    assert lesson.sources
    assert all(source.link.startswith("https://") and source.title for source in lesson.sources)


def test_no_number_of_a_lesson_is_typed_by_hand():
    for lesson in LESSONS:
        assert "%" not in lesson.text + "".join(v.said for v in lesson.variants)
        assert not [look for look in lesson.looks if "%" in look.text]


@pytest.mark.parametrize(("lesson", "look"), LOOKS, ids=name)
def test_a_look_leads_to_a_kept_step_and_to_samples_that_are_there(lesson, look):
    variant = lesson.variant(look.variant)
    run, step = prepared(variant.run), step_of(look, variant)
    frame = dict(run.frames)[step]
    ids = chosen(look, variant)
    assert set(ids) <= set(frame["ids"].tolist())
    assert bool(ids) == (look.flagged or look.label is not None)
    if look.label is not None:
        assert frame["labels"][frame["ids"] == ids[0]] == look.label


@pytest.mark.parametrize(("lesson", "variant"), PLACED, ids=name)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_variant_is_a_message_that_needs_no_server(lesson, variant, theme):
    message = scene(lesson, variant, theme)
    data = prepared(variant.run).view
    assert message["offline"]
    assert message["real"] == layer(data, theme)["key"]
    assert [frame["step"] for frame in message["frames"]] == message["steps"]
    assert set(message["frames"][0]["maps"]) == set(layer(data, theme)["maps"])
    assert message["curves"]["layout"]["shapes"] is not None
    assert message["run"] == f"{lesson.name}/{variant.name}"


# ----------------------------------------------------------------------- what the texts claim, on what was measured


def of(number):
    return figures(LESSONS[number - 1])


def last(facts):
    return float(facts.run.metrics["objective"][1][-1])


def accuracy(facts):
    return facts._score("synthetic").mean


def test_1_condensed_beats_random_by_more_at_one_per_class():
    told = of(1)
    gains = {n: accuracy(told[n]) - told[n]._score("random").mean for n in ("ten", "one")}
    assert gains["one"] > gains["ten"] > 0
    assert 0 < told["ten"].arrived < told["ten"].steps / 4


def test_2_the_mean_is_matched_and_wrong_the_distribution_right():
    told = of(2)
    assert last(told["mean"]) < 1e-9
    assert told["mean"].flagged > told["spread"].flagged > told["energy"].flagged
    angles = np.arctan2(*prepared("plane-energy").frames[-1][1]["points"].T[::-1])
    assert len(set(np.round(angles / (np.pi / 4)).astype(int) % 8)) == 8  # all eight groups
    assert np.abs(real("eight-gaussians")["points"].mean(0)).max() < 0.05  # the mean lies in the middle


def test_3_too_small_too_large_and_in_between():
    told = of(3)
    assert told["right"].flagged == 0
    assert min(told["small"].flagged, told["large"].flagged) >= 10
    assert last(told["large"]) < min(last(told["right"]), last(told["small"]))
    first, end = (prepared("plane-narrow").frames[i][1]["points"] for i in (0, -1))
    stuck = flagged(told["small"].run, told["small"].steps)
    assert np.median(np.linalg.norm(end - first, axis=1)[stuck]) < 0.05  # they never felt a pull


def test_4_places_change_the_picture_more_than_the_accuracy_but_for_statistics():
    told = of(4)
    near = [accuracy(told[n]) for n in ("pixels", "random", "trained")]
    assert max(near) - min(near) < 0.02
    assert accuracy(told["statistics"]) < 0.5
    values = told["statistics"].run.metrics["objective"][1]
    assert values[0] / values[-1] > 20
    assert told["statistics"].flagged == told["statistics"].many


def test_5_trajectories_teach_from_images_off_the_data():
    told = of(5)
    assert told["trajectories"].flagged == told["trajectories"].many > 3 * told["gradients"].flagged
    assert abs(accuracy(told["trajectories"]) - accuracy(told["gradients"])) < 0.02


def test_6_two_part_and_the_accuracy_decides():
    told = of(6)
    fisher, ksd, energy = (told[n] for n in ("fisher", "ksd", "energy"))
    assert parted(energy.run.metrics) is None
    assert 0 < fisher.parting <= fisher.peaked < fisher.steps / 2
    assert fisher._accuracies[-1] < fisher._accuracies.max() - 0.02
    steps, values = ksd.run.metrics["accuracy"]
    assert values[-1] > values[steps >= ksd.parting][0] + 0.02
    end = prepared("digits-fisher").frames[-1][1]  # the images of a class are all alike
    same, other = (prepared(r).frames[-1][1]["images"][:10].astype(float) for r in ("digits-fisher", "digits-ksd"))
    assert same.std(0).mean() < other.std(0).mean() / 2
    assert end["labels"][:10].tolist() == [0] * 10


def test_7_maps_take_the_flagged_for_real():
    told = of(7)
    far, near = told["far"], told["near"]
    assert (far.flagged, near.flagged) == (far.many, 0)
    assert far.home_pca > near.home_pca
    assert far.home_umap > far.many / 2
    assert far.noise_pca == at_home(far.run, 0, "pca") > far.many / 2


def test_8_protocols_move_one_set_more_than_methods_differ():
    told = of(8)["protocols"]
    ways = told._means
    assert max(ways) - min(ways) > 0.03
    assert float(told.random_best[:4]) > float(told.usual[:4])
    spec = told_numbers("mnist", "light")
    assert {trace["name"] for trace in spec["data"]} == {"published", "condensed, here", "random real images, here"}
    titles = [note["text"] for note in spec["layout"]["annotations"]]
    assert sum("KIP" in title for title in titles) == 2
    assert any("no spread told" in title for title in titles)


def test_facts_of_a_run_that_does_not_part_are_refused_loudly():
    with pytest.raises(AssertionError, match="does not part"):
        _ = Facts.of("digits-pixels").parting


def test_9_weights_lift_the_minority_at_little_cost():
    told = of(9)
    (natural, _), (weighed, _) = (told[n].run.good["worst-group"] for n in ("natural", "weighed"))
    assert natural < 0.65
    assert weighed >= 0.93
    majority = [told[n].run.good["group-accuracy majority"][0] for n in ("natural", "weighed")]
    assert majority[0] - majority[1] <= 0.02
    ends = [prepared(run).frames[-1][1]["points"] for run in ("plane-minority", "plane-minority-weighed")]
    view, upper = real("moons-minority"), 0.7  # above it lie the minority alone
    assert (np.asarray(view["points"])[:, 1] > upper).mean() < 0.05
    above = [int((points[:, 1] > upper).sum()) for points in ends]
    assert above[1] > above[0]


GAMES = 120  # that the mean of an attack on ordinary points is of: two canaries in each make the 240


def test_10_privacy_costs_accuracy_and_what_hides_an_outlier_is_not_private():
    told = of(10)
    kernel, condensed, private, more = (told[n] for n in ("kernel", "open", "private", "more"))
    off = {n: (facts.run.good["canary-auc"][0] - 0.5) / facts.run.good["canary-auc"][1] for n, facts in told.items()}
    assert off["kernel"] > 10
    assert float(kernel.refuted) >= float(private.epsilon)  # what a private run promises, it could not
    assert max(abs(off[n]) for n in ("open", "private", "more")) <= 2
    found = {n: facts.run.good["membership-auc distance to the set"] for n, facts in told.items()}
    sure = {n: (mean - 0.5) / (spread / GAMES**0.5) for n, (mean, spread) in found.items()}
    assert sure["open"] > 5  # another attack finds what the first does not
    assert max(abs(sure[n]) for n in ("private", "more")) < 3
    assert accuracy(condensed) > accuracy(private) + 0.01 > accuracy(more) + 0.02
    assert (private.run.config.data.private, condensed.run.config.data.private) == (True, False)


def test_10_the_map_of_a_private_lesson_shows_what_is_public_alone():
    every, public = real("moons"), real("moons-public")
    assert len(public["ids"]) < len(every["ids"]) / 5
    assert of(10)["private"].run.view == of(10)["more"].run.view == "moons-public"
    assert layer("moons-public", "light")["key"] != layer("moons", "light")["key"]


def test_11_an_attacked_regression_helps_both_kinds_attacked_images_hardly_transfer():
    told = of(11)

    def points(name, quantity):
        return 100 * (told[name].run.good[quantity][0] - told["plain"].run.good[quantity][0])

    convnet, mlp = (f"{kind} attacked PGD-L∞ 0.1" for kind in ("convnet", "mlp"))
    assert min(points("ridge", convnet), points("ridge", mlp)) > 2
    assert points("real", convnet) > 1.5
    assert points("real", mlp) < 0.5
    for name in told:
        assert abs(points(name, "convnet clean")) < 1.5
        assert told[name].run.good["convnet attacked PGD-L∞ 0.3"][0] < 0.02  # a small help
    starts = [facts.run.frames[0][1]["images"] for facts in told.values()]
    assert all(np.array_equal(starts[0], start) for start in starts)
