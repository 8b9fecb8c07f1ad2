"""Usage events of prepaid commits: records of prepaid usage, one for each row of the source data."""

from __future__ import annotations

from typing import Any

OWN = ("external_id", "total_events")  # of what came with a record, what the document has fields for


def from_event(event: Any, commit_id: int) -> dict[str, Any]:
    """An event; its other columns are its data."""
    record = event.record
    return {
        "id": record.id,
        "prepaid_commit": commit_id,
        "consumption": event.consumption_id,
        "external_id": record.data.get("external_id", record.event_id),
        "event_date": record.used_on,
        "period_month": record.month_on,
        "total_revenue_dollars": record.amount,
        "total_events": int(record.data.get("total_events", 0)),
        "data": {name: value for name, value in record.data.items() if name not in OWN},
        "adjustment_date": None,
        "is_adjustment": False,
        "original_period_month": None,
        "created_at": record.recorded_at,
    }
