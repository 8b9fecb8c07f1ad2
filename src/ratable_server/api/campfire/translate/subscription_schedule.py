"""Modified schedules: `POST /rr/api/v1/modify-subscription-schedule`.

The published document says "the delta": with a subscription that is modified, only months in which something differs
are told; without one, every month. Nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ratable.scalars import YEARS
from ratable.terms import Subscription
from ratable_server.api.campfire.translate.subscriptions import catch_up_of, proration_of
from ratable_server.api.campfire.translate.words import ends_before
from ratable_server.queries.contract_lines import monthly_value

USUAL_CURRENCY = "USD"


def refuses(fields: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is wrong with a body, by field."""
    far = [
        name
        for name in ("start_date", "end_date", "catchup_date")
        if fields.get(name) and fields[name].year not in YEARS
    ]
    if far:
        return {name: [f"Enter a day of the years {YEARS[0]} to {YEARS[-1]}."] for name in far}
    ends_on = fields.get("end_date")
    if ends_on is not None and ends_on < fields["start_date"]:
        return {"end_date": ["It is before the start."]}
    if fields["total_value"] < 0:
        return {"total_value": ["It is below zero."]}
    if fields.get("apply_prospectively") and not fields.get("use_catchup"):
        return {"apply_prospectively": ["It is only valid with use_catchup."]}
    if fields.get("use_catchup") and fields.get("catchup_date") is None:
        return {"catchup_date": ["This field is required with use_catchup."]}
    if fields.get("use_catchup") and fields["catchup_date"] >= _ends(fields):
        return {"catchup_date": ["The subscription has ended by then."]}
    return {}


def to_new(fields: Mapping[str, Any], was: Any) -> Subscription:
    """The schedule as it is to be: for a year where no end is said."""
    starts_on, ends = fields["start_date"], _ends(fields)
    return Subscription(
        id="new",
        total_value=fields["total_value"],
        starts_on=starts_on,
        ends_before=ends,
        proration=proration_of(fields, was),
        catches_up_on=catch_up_of(fields, starts_on, ends),
    )


def _ends(fields: Mapping[str, Any]) -> date:
    return ends_before(fields.get("end_date")) or _year_after(fields["start_date"])


def to_was(row: Any) -> Subscription:
    """The schedule that a subscription has."""
    return Subscription(
        id="then",
        total_value=row.total_value,
        starts_on=row.starts_on,
        ends_before=row.ends_before,
        proration=row.proration,
        catches_up_on=row.catches_up_on,
        lines=row.lines,
    )


def from_months(months: Sequence[Any], new: Subscription, row: Any, *, mrr: Any, currency: str) -> list[dict[str, Any]]:
    """The lines; `row` is the subscription that is modified, None: there is none."""
    told_mrr = (
        mrr if mrr is not None else monthly_value(new.total_value, new.starts_on, new.ends_before, currency=currency)
    )
    further = {} if row is None else row.further
    return [
        {
            "id": None,
            "start_date": month.starts_on,
            "end_date": month.ends_on,
            "original_value": month.was,
            "total_value": month.amount,
            "original_mrr": None if month.was is None else row.mrr,
            "mrr": told_mrr,
            "original_quantity": further.get("quantity"),
            "quantity": None,
            "original_rate": further.get("rate"),
            "rate": None,
            "use_daily_accounting": new.proration == "daily",
            "is_contract_amendment": row is not None,
        }
        for month in months
        if row is None or month.was != month.amount
    ]


def _year_after(starts_on: date) -> date:
    """The day a year later: the first that is not of the schedule."""
    is_leap_day = (starts_on.month, starts_on.day) == (2, 29)
    return date(starts_on.year + 1, 3, 1) if is_leap_day else starts_on.replace(year=starts_on.year + 1)
