"""What the gallery shows: words, filters, order and page; kept for this window, and written into its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from dcviz.errors import Refused, unknown
from dcviz.runs.rows import STATUSES, check_id
from dcviz.runs.search import ORDERS
from dcviz.ui import address

MOST = 200  # runs chosen by an address


@dataclass(frozen=True)
class Asked:
    """One view of the gallery; the fields are the names in the address."""

    find: str = ""
    status: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    sort: str = "newest"
    page: int = 1
    runs: tuple[str, ...] = ()  # chosen
    bin: bool = False  # what was deleted, instead of what there is


def write(asked: Asked) -> dict[str, str]:
    """The address of a view: only what differs from the usual one.

    >>> write(Asked(find="energy", tag=("paper", "todo"), bin=True))
    {'find': 'energy', 'tag': 'paper,todo', 'bin': '1'}
    """
    found = {}
    for field in fields(asked):
        value = getattr(asked, field.name)
        if value != field.default:
            found[field.name] = (
                ",".join(value) if isinstance(value, tuple) else str(int(value) if value is True else value)
            )
    return found


def read(query: Mapping[str, str]) -> tuple[Asked, list[str]]:
    """The view of an address, and one sentence for each value that was refused and left out."""
    found, refusals = {}, []
    for key, text in query.items():
        try:
            found[key] = _value(key, text)
        except Refused as refusal:
            refusals.append(f"{key}={text} in the address: {refusal}")
    return Asked(**found), refusals


def _value(key: str, text: str):  # noqa: ANN202  (of the field's type)
    if key == "status":
        return tuple(_known("status", value, STATUSES) for value in _listed(text))
    if key == "sort":
        return _known("order", text, ORDERS)
    if key == "page":
        number = address.whole(text, 1, 1_000_000)
        if number is None:
            raise Refused("pages are numbered from 1.")
        return number
    if key == "runs":
        return tuple(check_id(run) for run in _listed(text)[:MOST])
    if key == "bin":
        return text == "1"
    if key not in ("find", "tag"):
        raise Refused(f"the address of this page has {', '.join(field.name for field in fields(Asked))}.")
    return _listed(text) if key == "tag" else text


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def _known(kind: str, value: str, names) -> str:  # noqa: ANN001
    if value not in names:
        raise unknown(kind, value, names)
    return value
