"""A few windows on one run, and two people who press everything, on a real server: nothing is lost, nothing breaks."""

import asyncio

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks._browser import served
from benchmarks._report import ROOT
from benchmarks._windows import Window
from benchmarks.crowd import gather, lost_of, parsed, started_twice, tracebacks
from tests.apart import apart

SMALL = {"windows": 4, "people": 2, "queued": 2, "minutes": 0.13, "warm": 1, "watched": 3, "away": 1.5, "seed": 3}


def test_what_many_press_loses_no_run_and_starts_none_twice(tmp_path):
    work, times = tmp_path / "work.txt", tmp_path / "times.txt"
    noted = {"DCVIZ_BENCH_WORK": str(work), "DCVIZ_BENCH_TIMES": str(times)}
    with served(("-m", "benchmarks._timed_server"), **noted) as server:
        crowd = apart(gather(server, parsed([f"--{name}={value}" for name, value in SMALL.items()]), times))
        assert lost_of(server.store, crowd.known) == []
        ours, _ = tracebacks((server.home / "server.log").read_text())
    assert ours == []
    assert crowd.exceptions == []
    twice, starts = started_twice(work.read_text().splitlines())
    assert twice == []
    assert starts >= 1
    assert sum(person.done.total() for person in crowd.people) > 3
    assert len(crowd.shown) == 4  # every window has seen the run


def button(path, label, fragment="", run="1", **metadata):
    message = ForwardMsg(**metadata)
    message.metadata.delta_path.extend(path)
    message.delta.fragment_id = fragment
    message.delta.new_element.button.id = f"$$ID-0-{label}"
    message.delta.new_element.button.label = label
    return message


def run(number, *fragments):
    message = ForwardMsg()
    message.new_session.page_script_hash = "page"
    message.new_session.config.max_cached_message_age = 2
    message.metadata.run.script_run_id = number
    message.metadata.run.fragment_ids.extend(fragments)
    return message


def finished(number, status):
    message = ForwardMsg(script_finished=ForwardMsg.ScriptFinishedStatus.Value(status))
    message.metadata.run.script_run_id = number
    return message


def receive(window, *messages):
    for message in messages:
        window._receive(window._whole(message))
    return sorted(held.element.button.label for held in window.of("button"))


def test_a_window_keeps_what_the_last_run_has_drawn():
    window, end = Window("http://127.0.0.1:1"), finished("1", "FINISHED_SUCCESSFULLY")
    assert receive(window, run("1"), button([0, 0], "a"), button([0, 1], "b", "f"), button([0, 2], "c", "f"), end) == [
        *"abc"
    ]
    part = finished("2", "FINISHED_FRAGMENT_RUN_SUCCESSFULLY")
    assert receive(window, run("2", "f"), button([0, 1], "d", "f"), part) == ["a", "d"]  # c is the fragment's no more
    broken = finished("3", "FINISHED_EARLY_FOR_RERUN")
    assert receive(window, run("3"), button([0, 0], "e"), broken) == ["d", "e"]
    assert window.button("e") is not None
    assert window.button("a") is None


def test_a_window_knows_again_a_message_that_is_only_referred_to():
    window, end = Window("http://127.0.0.1:1"), finished("1", "FINISHED_SUCCESSFULLY")
    large = button([0, 0], "a", hash="h", metadata={"cacheable": True})
    again = ForwardMsg(ref_hash="h", metadata={"delta_path": [0, 5]})
    assert receive(window, run("1"), large, end) == ["a"]
    assert receive(window, run("1"), button([0, 0], "b"), again, end) == ["a", "b"]


def test_a_window_looks_again_at_the_pace_it_is_told_until_the_page_is_run_anew():
    async def looks():
        window, asked = Window("http://127.0.0.1:1"), []

        async def rerun(fragment, *_, auto=False):
            asked.append((fragment, auto))

        window.rerun = rerun
        receive(window, ForwardMsg(auto_rerun={"fragment_id": "f", "interval": 0.01}))
        await asyncio.sleep(0.2)
        assert window.timers.keys() == {"f"}
        receive(window, run("2"))
        assert window.timers == {}
        count = len(asked)
        await asyncio.sleep(0.05)
        assert len(asked) == count
        return asked

    asked = apart(looks())
    assert len(asked) > 3
    assert set(asked) == {("f", True)}


def test_a_server_that_begins_a_run_twice_is_found_out():
    good = ["begins a t 0", "leaves a t 1", "begins a t 2"]
    assert started_twice(good) == ([], 2)
    assert started_twice(["begins a t 0", "begins a u 1"]) == (["a"], 2)
    assert started_twice(["begins a t 0", "begins b u 1"]) == (["b"], 2)


def test_a_traceback_through_our_files_is_told_from_others():
    begin = "Traceback (most recent call last)"
    here = f'{begin}:\n  File "{ROOT}/dcviz/ui/live.py", line 3, in _look\n    x\nKeyError: 1\n'
    boxed = f"────── \x1b[31m{begin}\x1b[0m ────\n  {ROOT}/app.py:14 in <module>\n   14 x\n────\nStopIteration:\n"
    there = f'{begin}:\n  File "/lib/streamlit/x.py", line 3, in y\n    x\nRuntimeError: gone\n'
    ours, theirs = tracebacks("Uvicorn started\n" + here + boxed + there)
    assert [text.rpartition(" ")[2] for text in ours] == ["1", "StopIteration:"]
    assert "live.py" in ours[0]
    assert "app.py:14" in ours[1]
    assert theirs == ["RuntimeError: gone"]
    assert tracebacks("all is well") == ([], [])
