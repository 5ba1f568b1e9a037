"""The evaluation suite for runs: reads a run from the store, measures what it is good for, and keeps the reports."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dcviz.caching import key_of
from dcviz.errors import Refused
from dcviz.records import EvaluationProtocol, RunConfig, from_dict
from dcviz.runs.store import Store

if TYPE_CHECKING:
    import torch

    from dcviz.evaluation.measure import Work
    from dcviz.evaluation.suite import Judge, Property, Report, Subject
    from dcviz.evaluation.suite.assess import Scale
    from dcviz.evaluation.suite.subject import Costs
    from dcviz.loaded import CondensedSet
    from dcviz.types import Dataset

KNOWN = 0.01  # of the seconds of a first measurement: where it takes less, every figure was known already
HELD = 1000  # runs whose reports are in memory, at most

Step = tuple[str, float]  # (what is being measured, fraction of all that was asked for)

_read: dict[tuple[str, str], tuple[int, Mapping[tuple[str, str], Report]]] = {}  # by home and run: how many, and all


def measure_suite(  # noqa: PLR0913  (all but three by keyword)
    store: Store,
    run: str,
    properties: Sequence[Property],
    *,
    protocol: EvaluationProtocol | None = None,
    device: str = "auto",
    groups: Path | None = None,
    beside: bool = True,
) -> Generator[Step, None, tuple[list[Report], list[str]]]:
    """Reports of a run's final set and of its rivals, as work in slices; kept in the store as they are finished.

    Args:
        store: where the run is.
        run: its id; it must have a final set.
        properties: what to measure, as `dcviz.evaluation.suite.chosen` gives them.
        protocol: of the networks; by default the run's own. The test set is used, whatever it says.
        device: auto, cpu, cuda, …
        groups: an npz with the group of every sample; without one those of the run's data, else the classes.
        beside: whether the rivals are measured too.

    Returns:
        The reports; and for every property that the data or the set refuse, the sentence that says why.

    Raises:
        Refused: the run has no final set; every property asked for is refused.
    """
    from dcviz.evaluation.suite import assess, rivals

    judge, subject = opened(store, run, protocol=protocol, device=device, groups=groups)
    subjects = [subject, *(rivals(judge.dataset, judge.budget, device=judge.device) if beside else [])]
    reports: list[Report] = []
    refusals: list[str] = []
    for i, one in enumerate(properties):
        try:
            work = assess(judge, subjects, one)
            while True:
                try:
                    fraction = next(work)
                except StopIteration as end:
                    reports.append(end.value)
                    _keep(store, run, end.value)
                    if beside:
                        _note_seconds(store, run, end.value)
                    break
                yield one.title, (i + fraction) / len(properties)
        except Refused as refusal:
            refusals.append(str(refusal))
    if refusals and not reports:
        raise Refused(" ".join(refusals))
    return reports, refusals


def opened(
    store: Store,
    run: str,
    *,
    protocol: EvaluationProtocol | None = None,
    device: str = "auto",
    groups: Path | None = None,
) -> tuple[Judge, Subject]:
    """The judge of a run's data, and its final set."""
    from dcviz.data import dataset
    from dcviz.data.groups import read_groups
    from dcviz.evaluation import fitting
    from dcviz.evaluation.suite import Judge
    from dcviz.runs.problem import device_of

    config, where = store.run(run).config, device_of(device)
    data = dataset(config.data)
    protocol = fitting(replace(protocol or config.evaluation, split="test"), data.shape)
    among = None if groups is None else read_groups(groups, data)
    judge = Judge(data, protocol, config.budget, device=where, groups=among, cache=store)
    return judge, final_subject(store, run, where)


def final_subject(store: Store, run: str, device: torch.device | str = "cpu") -> Subject:
    """The final set of a run as the suite wants it, with how it can be made again."""
    from dcviz.evaluation.suite import synthetic
    from dcviz.loaded import CondensedSet

    made, row = CondensedSet.of_run(store, run), store.run(run)
    config = row.config
    return synthetic(
        made.x,
        made.y,
        device,
        label_kind=made.recipe.labels,
        views=made.views,
        step_size=made.recipe.step_size,
        remake=remaker(config, device, store),
        costs=costs_of(store, run, made),
    )


def costs_of(store: Store, run: str, made: CondensedSet) -> Costs:
    """What a run's set takes to store, and took to make. No parameterisation here needs a network to decode."""
    from dcviz.evaluation.suite.subject import Costs
    from dcviz.runs.kept import IMPORTED
    from dcviz.runs.problem import discrepancy_of

    row, final = store.run(run), store.final(run)
    assert final is not None
    labels = sum(final[0][name].nbytes for name in ("labels", "views", "maps") if name in final[0])
    images = final[0]["images"] if "images" in final[0] else final[0]["codes"]
    classes = len(made.recipe.classes)
    known = bool(row.config.terms) and row.config.start != IMPORTED
    step = None
    try:
        if known:
            step, _ = discrepancy_of(row.config).cost(classes, len(made) // classes, made.recipe.shape)
    except Refused:  # a plug-in's method that is not here
        pass
    return Costs(
        bytes_images=made.bytes - labels,
        bytes_labels=labels,
        count=len(images),
        seconds=row.seconds if known else None,
        operations=None if step is None else step * row.step,
    )


def remaker(config: RunConfig, device: torch.device | str, store: Store | None = None):  # noqa: ANN201
    """How a configuration makes a set from other data; None where a part of it is not here."""
    from dcviz.evaluation.suite import synthetic
    from dcviz.runs.foreign import refuse_foreign
    from dcviz.runs.kept import IMPORTED
    from dcviz.runs.problem import build, check

    if config.start == IMPORTED:  # read from a file, which says nothing of how it was made
        return None
    try:
        check(config)
        if store is not None:
            refuse_foreign(store, config)
    except Refused:
        return None

    def remake(data: Dataset, seed: int, steps: int | None) -> Work[Subject]:
        from dcviz.condensing.loop import begin, finish, step

        most = config.steps if steps is None else min(steps, config.steps)
        own = replace(config, seed=seed, steps=most, device=str(device))
        setup = build(own, cache=store, data=data)
        state = begin(setup.problem, setup.start)
        while state.step < most:
            state = step(setup.problem, state)
            yield state.step / most
        last = finish(setup.problem, state).synthetic.map(lambda t: t.detach())
        batch = last.decode()
        return synthetic(
            batch.x,
            batch.y,
            device,
            label_kind=last.label_kind,
            views=last.views,
            step_size=last.step_size(),
            remake=remake,
        )

    return remake


def reports(store: Store, run: str) -> Mapping[tuple[str, str], Report]:
    """What was measured of a run so far, by property and scale; needs no torch. Read again only when there is more."""
    from dcviz.evaluation.suite.declared import Report
    from dcviz.evaluation.suite.properties import PROPERTIES

    at, count = (str(store.home), run), kept(store, run)
    held = _read.get(at)
    if held is not None and held[0] == count:
        return held[1]
    found = {}
    for name in PROPERTIES:
        for scale in ("quick", "full"):
            text = store.load_cached("suite-report", _key(run, name, scale))
            if text is not None:
                found[name, scale] = from_dict(Report, text[1])
    while len(_read) >= HELD:
        _read.pop(next(iter(_read)), None)
    _read[at] = count, found
    return found


def kept(store: Store, run: str = "") -> int:
    """A number that grows with every report that is kept of a run, or of any run."""
    return int(store.get_fact(f"suite-reports/{run}", 0))


def _keep(store: Store, run: str, report: Report) -> None:
    tree = json.loads(json.dumps(dataclasses.asdict(report)))
    store.save_cached("suite-report", _key(run, report.property, report.scale), {}, tree)
    for of in (run, ""):
        store.set_fact(f"suite-reports/{of}", kept(store, of) + 1)


def seconds_key(config: RunConfig, property: str, scale: Scale | str) -> str:
    """Under which it is remembered what a property takes for sets of a data set and budget.

    The fact is a pair of seconds: with all rivals, and of a further set, once rivals are known (None before).
    """
    return f"suite-seconds/{property}/{scale}/{config.data.path or config.data.name}/{config.budget}"


def _note_seconds(store: Store, run: str, report: Report) -> None:
    key = seconds_key(store.run(run).config, report.property, report.scale)
    first, further = store.get_fact(key, (None, None))
    if first is None:
        store.set_fact(key, (report.seconds, None))
    elif report.seconds > KNOWN * first:
        store.set_fact(key, (first, max(report.seconds, further or 0.0)))


def _key(run: str, property: str, scale: Scale | str) -> str:
    return key_of("suite report", 1, run, property, scale)
