from dataclasses import replace

import pytest
import torch

from dcviz.evaluation import run_to_end
from dcviz.evaluation.suite import assess, rivals, synthetic
from dcviz.evaluation.suite.cost import Cost
from dcviz.evaluation.suite.energy import meter
from dcviz.evaluation.suite.subject import Costs
from dcviz.nets import network
from dcviz.randomness import generator


def figures(report, of="synthetic"):
    return {f.quantity: f for f in report.figures if f.of == of}


@pytest.fixture
def measured(judge, few, digits):
    made = run_to_end(few.made(0))
    costs = Costs(bytes_images=20 * 64 * 4, bytes_labels=800, count=20, seconds=12.5, operations=3e9)
    subject = synthetic(made.x, made.y, costs=costs)
    beside = [s for s in rivals(digits, 2) if s.of in ("random", "medoids", "whole set")]
    return run_to_end(assess(judge, [subject, *beside], Cost(timed=3)))


def test_bytes_add_up(measured, digits):
    found = figures(measured)
    assert found["bytes"].mean == 20 * 64 * 4 + 800
    assert found["bytes"].detail == {"images": 5120, "labels": 800, "networks": 0}
    whole = len(digits.train) * (64 * 4 + 1)  # the digits are floats, sixteenths
    assert found["part"].mean == pytest.approx(5920 / whole)
    assert figures(measured, "whole set")["part"].mean == 1
    assert figures(measured, "random")["bytes"].mean == 20 * (64 * 4 + 1)
    assert found["seconds"].mean == 12.5
    assert found["operations"].mean == 3e9


def test_pixels_that_came_as_bytes_are_counted_as_bytes(judge, digits):
    small = replace(digits, train=replace(digits.train, x=(digits.train.x * 255).byte()))
    kinds = {s.of: s.costs.bytes_images for s in rivals(small, 2)}
    assert kinds["random"] == 20 * 64
    assert kinds["centroids"] == 20 * 64 * 4  # averages are no bytes
    assert kinds["whole set"] == len(digits.train) * 64


def test_operations_are_what_torch_counts(measured, judge, digits):
    from torch.utils.flop_counter import FlopCounterMode

    net = network("mlp", digits.shape, 10, generator(0, "n"), width=32)
    x = torch.randn(20, *digits.shape, requires_grad=True)  # so that the backward pass to the inputs is counted
    with FlopCounterMode(display=False) as counter:
        net(x).sum().backward()
    assert figures(measured)["training-operations"].mean == 40 * counter.get_total_flops()


def test_training_is_timed_on_every_set(measured):
    for of in ("synthetic", "random", "whole set"):
        found = figures(measured, of)["training-seconds"]
        assert len(found.values) == 3
        assert found.mean > 0
    assert figures(measured, "medoids")["seconds"].mean > 0  # k-means
    assert "3 updates, scaled up" in figures(measured)["training-seconds"].protocol


def counter(folder, name, microjoules, most=1000 * 10**6):
    zone = folder / name
    zone.mkdir(exist_ok=True)
    (zone / "energy_uj").write_text(f"{microjoules}\n")
    (zone / "max_energy_range_uj").write_text(f"{most}\n")


def test_energy_is_read_from_the_packages_counters_and_their_end_is_seen(tmp_path):
    assert meter(powercap=tmp_path) is None
    counter(tmp_path, "intel-rapl:0", 5_000_000)
    counter(tmp_path, "intel-rapl:1", 998_000_000)
    counter(tmp_path, "intel-rapl:0:0", 1)  # a part of the first package: counted there already
    start = meter(powercap=tmp_path)
    stop = start()
    counter(tmp_path, "intel-rapl:0", 7_500_000)
    counter(tmp_path, "intel-rapl:1", 1_000_000)  # it began again
    assert stop() == pytest.approx(2.5 + 3)


def test_what_the_machine_does_not_tell_is_said(judge, few, monkeypatch):
    monkeypatch.setattr("dcviz.evaluation.suite.cost.meter", lambda device: None)
    notes = Cost.quick().notes(judge, few)
    assert any("RAPL" in note for note in notes)
    assert any("not on record" in note for note in notes)
    monkeypatch.setattr("dcviz.evaluation.suite.cost.meter", lambda device: lambda: lambda: 7.0)
    found = figures(run_to_end(assess(judge, [few], Cost(timed=4))))
    assert found["training-energy"].values == (70.0, 70.0, 70.0)  # ten times four updates
