"""Testing finished sets with another kind of network, in the background: what one network learns, another may not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dcviz.errors import Refused
from dcviz.leaving import beside, stay
from dcviz.records import EvaluationProtocol
from dcviz.runs.aside import alone, to_end
from dcviz.runs.store import Run, Store

log = logging.getLogger(__name__)

OTHER = "mlp"


@dataclass
class Progress:
    """How far the testing is."""

    total: int
    done: int = 0
    trouble: str = ""


_going: dict[str, tuple[threading.Thread, Progress]] = {}
_lock = threading.Lock()


def lacks(store: Store, run: Run) -> bool:
    """Whether a finished set of images was tested, but never with an MLP."""
    if run.status != "done":
        return False
    networks = {s.protocol.network for s in store.scores(run.id) if s.of == "synthetic" and s.protocol.split == "test"}
    return bool(networks) and OTHER not in networks


def other(protocol: EvaluationProtocol) -> EvaluationProtocol:
    """The same protocol with MLPs of the usual width."""
    from dcviz.nets import WIDTHS

    return replace(protocol, network=OTHER, width=WIDTHS[OTHER])


def progress(store: Store) -> Progress | None:
    """How far it is; None while nothing is tested."""
    thread, at = _going.get(str(store.home), (None, None))
    return at if thread is not None and thread.is_alive() else None


def trouble(store: Store) -> str:
    """Why the last testing ended before its end, in words; empty where it did not."""
    thread, at = _going.get(str(store.home), (None, None))
    return at.trouble if at is not None and thread is not None and not thread.is_alive() else ""


def start(store: Store, runs: Sequence[Run]) -> None:
    """Test the final sets of these runs, one after another; nothing happens while that is already going on."""
    with _lock:
        if progress(store) is not None:
            return
        at = Progress(len(runs))
        _going[str(store.home)] = beside("dcviz judging", _work, store, runs, at), at


def _work(store: Store, runs: Sequence[Run], at: Progress) -> None:
    import torch

    from dcviz.runs.service import app_threads, evaluating, rivalling

    torch.set_num_threads(app_threads())
    try:
        for at.done, run in enumerate(runs):
            with alone():
                score = to_end(store, evaluating(store, run.id, other(run.config.evaluation)))
                to_end(store, rivalling(store, run.id, "random", score.protocol))
    except Refused as refusal:
        at.trouble = str(refusal)
    except Exception as error:
        stay()
        log.exception("a set cannot be tested")
        at.trouble = f"{type(error).__name__}: {error}"
