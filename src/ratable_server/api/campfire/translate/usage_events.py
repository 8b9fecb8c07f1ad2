"""Usage events of prepaid commits: records of prepaid usage, one for each row of the source data."""

from __future__ import annotations

import re
from typing import Any

from ratable_server.api.campfire.translate.usage_uploads import external_id_of
from ratable_server.queries.prepaid_events_text import EventWords

OWN = ("external_id", "total_events")  # of what came with a record, what the document has fields for
_COUNT = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_WORDS = (  # the documented fields, by columns of ours
    ("id", "id"),
    ("prepaid_commit", "prepaid_commit_id"),
    ("consumption", "consumption_id"),
    ("external_id", "own_id"),
    ("event_date", "used_on"),
    ("period_month", "month_on"),
    ("total_revenue_dollars", "amount"),
    ("total_events", "count"),
    ("data", "data"),
    ("adjustment_date", "none"),
    ("is_adjustment", "no"),
    ("original_period_month", "none"),
    ("created_at", "recorded_at"),
)


def words_of(commit_id: int) -> EventWords:
    """How the events of a prepaid commit are written where they are written at once."""
    return EventWords(
        words=_WORDS, own_id=OWN[0], count=OWN[1], named=f"event:{commit_id}:", nameless=f"row:{commit_id}:"
    )


def from_event(event: Any, commit_id: int) -> dict[str, Any]:
    """An event; its other columns are its data."""
    return {
        "id": event.id,
        "prepaid_commit": commit_id,
        "consumption": event.consumption_id,
        "external_id": event.data.get("external_id", external_id_of(event.event_id, commit_id)),
        "event_date": event.used_on,
        "period_month": event.month_on,
        "total_revenue_dollars": event.amount,
        "total_events": _count_of(event.data),
        "data": {name: value for name, value in event.data.items() if name not in OWN},
        "adjustment_date": event.adjusted_on,
        "is_adjustment": event.service_on is not None,
        "original_period_month": event.service_on,
        "created_at": event.recorded_at,
    }


def _count_of(data: dict[str, Any]) -> int:
    """How many events a row tells of; nothing, where what other doors have sent under this name is no number."""
    said = str(data.get("total_events", ""))
    return int(said) if _COUNT.fullmatch(said) else 0


TEMPLATE = (
    "external_id,dt,dm,total_revenue_dollars,total_events,is_adjustment,original_period_month,adjustment_date,team_id\r\n"
    "row-1,2026-01-31,2026-01-01,10000.00,100000,false,,,team-a\r\n"
)
"""The columns of a file of events, with a row as an example; what stands behind the documented ones is data."""
