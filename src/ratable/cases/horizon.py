"""How far a case looks: the last month that its entries, its usage or its questions name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import chain
from typing import TypeGuard

from ratable.cases import records
from ratable.periods import month_of
from ratable.scalars import YEARS
from ratable.terms_tables import Row

_ASKED = ("period", "service_period", "booked", "at", "on")


def horizon_of(case: records.Case, usage: Iterable[Row], *, first_on: date) -> date:
    """The last month that is named, from `first_on` on; `usage` are the records of items that the terms know."""
    days = chain([first_on], _told(case), _used(usage), _asked(case))
    return max(month_of(day.date() if isinstance(day, datetime) else day) for day in days)


def _told(case: records.Case) -> Iterator[date]:
    for entry in case.entries:
        yield entry.on
        yield from (day for name in ("period", "on") if isinstance(day := getattr(entry.act, name, None), date))


def _used(usage: Iterable[Row]) -> Iterator[date]:
    return (day for row in usage for day in (row["used_on"], row["used_at"]) if _can_count(day))


def _can_count(day: object) -> TypeGuard[date]:
    return isinstance(day, date) and day.year in YEARS


def _asked(case: records.Case) -> Iterator[date]:
    for question in case.questions:
        texts = dict(question.keys)
        yield from (_day(text) for name in _ASKED if (text := texts.get(name)) is not None)


def _day(text: str) -> date:
    return date.fromisoformat(text if len(text) > len("2026-03") else f"{text}-01")
