"""What a run of private rows must keep: one accounted mechanism, and nothing else that could tell of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from dcviz import registry
from dcviz.discrepancies.private.release import Released
from dcviz.errors import Refused
from dcviz.records import RunConfig, TermConfig
from dcviz.types import Objective, hyper_of

START = "noise"  # the one start that shows nothing real


@dataclass(frozen=True)
class Private(Objective):
    """A mechanism in the place of the configuration's terms."""

    kind: ClassVar[str] = "private"
    strength: ClassVar[str] = "epsilon"
    more: ClassVar[str] = "lower"
    aims: ClassVar[tuple[str, str]] = ("privacy", "canary-auc")
    caution: ClassVar[str] = (
        "The promise holds for one run, one row at a time, and rows that stay as they are. Further runs on the same "
        "rows add their ε unless they share a release, and so does choosing the best of several. Who has many rows "
        "is protected less. Noise is drawn in floating point, whose last bits no proof covers. What is declared public "
        "is not protected at all."
    )
    requires: ClassVar[Mapping[str, Any]] = {"data.private": True}
    prefers: ClassVar[Mapping[str, Any]] = {"start": START}

    epsilon: float = hyper_of(Released, "epsilon")
    delta: float = hyper_of(Released, "delta")

    def __post_init__(self) -> None:
        """Refuse what promises nothing, before the declared range is looked at."""
        if not self.epsilon > 0:
            raise Refused(
                f"{self.name} with ε = {self.epsilon:g} could release nothing at all: give an ε above 0, such as 1."
            )
        super().__post_init__()

    def apply(self, config: RunConfig) -> RunConfig:
        """The terms replaced by the mechanism."""
        if not config.data.private:
            raise Refused(
                f"{self.name} keeps no promise about {config.data.name} while all else may look at every row: declare "
                "the data private (data.private = true), so that only the mechanism reads them."
            )
        if any(registry.find("discrepancy", t.discrepancy).serves for t in config.terms):
            raise Refused(f"{self.name} stands alone: leave out the other objectives, whose terms it would replace.")
        return replace(config, terms=(TermConfig(self.name, self.mechanism(config)),))

    @abstractmethod
    def mechanism(self, config: RunConfig) -> Mapping[str, Any]:
        """The parameters of the discrepancy of this name."""


def refuse_leaks(config: RunConfig) -> None:
    """Refuse, of private data, a configuration (with its objectives pursued) that would release rows unaccounted."""
    if not config.data.private:
        return
    open_terms = [t.discrepancy for t in config.terms if not registry.find("discrepancy", t.discrepancy).accounted]
    if open_terms or len(config.terms) != 1:
        raise Refused(
            f"the data are private, and {', '.join(open_terms) or 'several mechanisms'} would read them without an "
            f"account: pursue {_mechanisms()} and nothing beside it, or open the data (data.private = false)."
        )
    if config.start != START:
        raise Refused(
            f"the data are private, and a run that starts from {config.start} would show real samples, or what is made "
            f"of them: start from {START}."
        )
    if config.data.groups is not None or config.data.imbalance != 1:
        raise Refused(
            "the data are private, and groups or an imbalance would be told by which rows are left: leave both out."
        )
    if config.data.transform == "zca":
        raise Refused("the data are private, and whitening needs the covariance of all rows: choose normalise or none.")


def _mechanisms() -> str:
    """The objectives that keep rows private, by name."""
    *others, last = [name for name, of in registry.known("objective").items() if of.requires.get("data.private")]
    return f"one of {', '.join(others)} or {last}" if others else last
