"""Usage events of prepaid commits: records of prepaid usage, one for each row of the source data."""

from __future__ import annotations

from typing import Any

from ratable_server.api.campfire.translate.usage_uploads import external_id_of

OWN = ("external_id", "total_events")  # of what came with a record, what the document has fields for


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
        "total_events": int(event.data.get("total_events", 0)),
        "data": {name: value for name, value in event.data.items() if name not in OWN},
        "adjustment_date": event.adjusted_on,
        "is_adjustment": event.service_on is not None,
        "original_period_month": event.service_on,
        "created_at": event.recorded_at,
    }


TEMPLATE = (
    "external_id,dt,dm,total_revenue_dollars,total_events,is_adjustment,original_period_month,adjustment_date,team_id\r\n"
    "row-1,2026-01-31,2026-01-01,10000.00,100000,false,,,team-a\r\n"
)
"""The columns of a file of events, with a row as an example; what stands behind the documented ones is data."""
