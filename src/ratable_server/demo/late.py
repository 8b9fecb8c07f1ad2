"""What came after the close of its month: what was told of the month then, what is told today, what was booked later.

Owns which months of the sample are looked at: those that a later month has booked something for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.operations.case_files import moment_of
from ratable_server.queries.reports import report


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMonth:
    """Revenue of a month in one currency; `booked` are the later months that booked the rest."""

    month_on: date
    currency: str
    when_closed: Decimal
    today: Decimal
    later: Decimal
    booked: tuple[date, ...]


def late_months(actor: Actor, closed_on: dict[date, date]) -> list[ServiceMonth]:
    """The months with revenue that a later month has booked; `closed_on` are the days of the closes."""
    rows = report(actor=actor, name="revenue", by=["currency", "period", "service_period"]).table.to_pylist()
    late = [row for row in rows if row["service_period"] < row["period"] and row["amount_minor"]]
    months = sorted({(row["service_period"], row["currency"]) for row in late})
    return [_told(actor, month_on, currency, late=late, on=closed_on[month_on]) for month_on, currency in months]


def _told(actor: Actor, month_on: date, currency: str, *, late: Sequence[dict[str, Any]], on: date) -> ServiceMonth:
    mine = [row for row in late if (row["service_period"], row["currency"]) == (month_on, currency)]
    return ServiceMonth(
        month_on=month_on,
        currency=currency,
        when_closed=_revenue(actor, month_on, currency, on=on),
        today=_revenue(actor, month_on, currency),
        later=to_major(sum(row["amount_minor"] for row in mine), currency),
        booked=tuple(sorted({row["period"] for row in mine})),
    )


def _revenue(actor: Actor, month_on: date, currency: str, *, on: date | None = None) -> Decimal:
    """What a month booked, as the books stood at a day's noon, or today."""
    rows = report(
        actor=actor,
        name="close_status",
        periods=(month_on, month_on),
        as_of=moment_of(on) if on else None,
    ).table.to_pylist()
    return to_major(sum(row["revenue_minor"] for row in rows if row["currency"] == currency), currency)
