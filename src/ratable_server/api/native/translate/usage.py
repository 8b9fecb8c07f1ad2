"""Usage in this API's words: records and CloudEvents as records of the books, and what became of each.

A CloudEvent is known by its source and its id together; its time is when the usage was, its data says the rest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

Record = Mapping[str, Any]

_VERSION = "1.0"
_ATTRIBUTES = ("id", "source", "type")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_NAMES = ("id", "item", "prepaid_commit", "contract")

# The rule that a record breaks -> the fields of which one says what breaks it.
_FIELDS_OF: dict[str, tuple[str, ...]] = {
    "usage_must_name_a_known_item": ("item", "prepaid_commit", "contract"),
    "usage_must_have_a_date": ("used_on", "used_at"),
    "quantity_must_be_a_number": ("quantity", "amount"),
    "quantity_must_be_in_range": ("quantity", "amount"),
    "quantity_must_not_be_negative": ("quantity", "amount"),
    "currency_must_match_contract": ("currency",),
    "usage_must_fall_in_contract": ("used_on", "used_at"),
    "usage_must_fall_in_item": ("used_on", "used_at"),
    "period_must_be_open": ("used_on", "used_at"),
    "usage_must_not_change_under_its_id": ("id",),
}
_AGAINST_THE_BOOKS = {"usage_must_not_change_under_its_id", "period_must_be_open"}
UNFIT, CONFLICT, ADDED, KNOWN, SOME = 400, 409, 201, 200, 207


class OutcomeOf(Protocol):
    """What became of a record."""

    @property
    def row(self) -> int: ...
    @property
    def event_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def service_on(self) -> date | None: ...
    @property
    def booked_on(self) -> date | None: ...


class Unfit(NamedTuple):
    """A field that is missing or cannot be read: `required`, `unknown` or `invalid`, and why."""

    code: str
    detail: str


Faults = dict[str, Unfit]


def are_plain_records(records: Sequence[object]) -> bool:
    """Are all of them records without a fault, as far as that can be seen at one look? Nearly always they are."""
    if set(map(type, records)) != {dict}:
        return False
    told = [name for record in records for name in map(record.get, _NAMES) if name is not None]  # type: ignore[attr-defined]
    if set(map(type, told)) - {str}:
        return False
    every = "".join(told)
    return every.isascii() and every.isprintable() and " " not in every


def faults_of_record(record: object) -> Faults:
    """What keeps a plain record from being one."""
    if not isinstance(record, Mapping):
        return {"": Unfit("invalid", "A record is an object.")}
    unfit = [name for name in _NAMES if name in record and not _is_plain_name(record[name])]
    return dict.fromkeys(unfit, Unfit("invalid", "An id has no space around it and no character that nobody sees."))


def faults_of_event(event: object) -> Faults:
    """What keeps an event from being a record of usage."""
    if not isinstance(event, Mapping):
        return {"": Unfit("invalid", "An event is an object.")}
    found = {
        name: Unfit("required", "An event has a text here.")
        for name in _ATTRIBUTES
        if not isinstance(event.get(name), str) or not event[name]
    }
    if event.get("specversion") != _VERSION:
        found["specversion"] = Unfit("invalid", f"Events of version {_VERSION} are read.")
    data = event.get("data")
    if not isinstance(data, Mapping):
        return {**found, "data": Unfit("required", "The data of an event of usage is an object.")}
    if "id" in data:
        found["data.id"] = Unfit("unknown", "An event is known by its own id.")
    if event.get("time") is not None and "used_at" in data:
        found["data.used_at"] = Unfit("unknown", "The time of an event says when the usage was.")
    named = faults_of_record({"id": event.get("id"), **{name: data.get(name) for name in _NAMES[1:]}})
    return {**found, **{name if name == "id" else f"data.{name}": fault for name, fault in named.items()}}


def record_of_event(event: Mapping[str, Any]) -> Record:
    """An event without faults as a record."""
    told = {"used_at": event["time"]} if event.get("time") is not None else {}
    return {"id": f"{event['source']}/{_part(event['id'])}", **told, **event["data"]}


def _part(event_id: str) -> str:
    """An event's id as the last part of a path: no two pairs of a source and an id are one id."""
    return event_id.replace("%", "%25").replace("/", "%2F")


def _is_plain_name(name: object) -> bool:
    """Is it a text that everybody who looks at it reads alike, or no text at all?"""
    if not isinstance(name, str) or (name.isascii() and name.isprintable() and name.strip() == name):
        return True
    return name == name.strip() and not any(unicodedata.category(letter) in _UNSEEN for letter in name)


def told_outcome(outcome: OutcomeOf, record: Record) -> dict[str, Any]:
    """What became of a record, as an entry of the answer."""
    if outcome.status == "rejected":
        told = told_rejection(outcome, record)
        return {"row": outcome.row, "id": outcome.event_id, "result": "rejected", **told}
    service_on, booked_on = outcome.service_on, outcome.booked_on
    assert service_on is not None  # noqa: S101 - what is not rejected has its months
    assert booked_on is not None  # noqa: S101
    return {
        "row": outcome.row,
        "id": outcome.event_id,
        "result": outcome.status,
        "status": KNOWN if outcome.status == "duplicate" else ADDED,
        "duplicate": outcome.status == "duplicate",
        "late": service_on != booked_on,
        "service_period": _period(service_on),
        "posted_period": _period(booked_on),
    }


@lru_cache(maxsize=1_000)  # thousands of records are of a few months
def _period(month_on: date) -> str:
    return month_on.isoformat()[:7]


def told_rejection(outcome: OutcomeOf, record: Record) -> dict[str, Any]:
    """The rule that a record broke, the field that breaks it, and what stands there."""
    is_conflict = outcome.code in _AGAINST_THE_BOOKS
    return {
        "status": CONFLICT if is_conflict else UNFIT,
        "rule": outcome.code,
        "field": field_of(outcome.code, outcome.value, record),
        "detail": outcome.value,
    }


def field_of(code: str, value: str, record: Record) -> str:
    """The field that breaks a rule: the one with the value, else the first that is told."""
    names = _FIELDS_OF.get(code, ("quantity",))
    told = [name for name in names if record.get(name) is not None]
    with_value = [name for name in told if record[name] == value]
    return [*with_value, *told, names[0]][0]


def status_of(outcomes: Sequence[OutcomeOf]) -> int:
    """The status of what was taken: something new, nothing new, or not all of it."""
    found = {outcome.status for outcome in outcomes}
    if "rejected" in found:
        return SOME
    return ADDED if "accepted" in found else KNOWN


def status_of_refused(codes: Sequence[str]) -> int:
    """The status of a call that was not taken: a conflict, if nothing is wrong with its records by themselves."""
    return CONFLICT if all(code in _AGAINST_THE_BOOKS for code in codes) else UNFIT
