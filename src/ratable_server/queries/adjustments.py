"""Adjustments of a prepaid commit that were reported and processed, by the month corrected and the month that books it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

Key = tuple[date, date]
"""The month that books, the month that is corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessedAdjustments:
    """How many events their rows tell of, and the last credit memo that was made for them."""

    events: int
    memo_id: int | None


def processed_adjustments(*, actor: Actor, commit_id: int, counted: str) -> Mapping[Key, ProcessedAdjustments]:
    """Processed adjustments of a prepaid commit; `counted` is what their rows come with that tells how many events."""
    with books_of(actor):
        rows = rows_of(actor, models.ReportedAdjustment).filter(commit_id=commit_id).exclude(adjustment=None)
        events: dict[Key, int] = defaultdict(int)
        for booked_on, service_on, data in rows.values_list("adjustment__booked_on", "service_on", "dimensions"):
            events[booked_on, service_on] += int((data or {}).get(counted) or 0)
        memos = _memos(actor, commit_id) if events else {}
    return {key: ProcessedAdjustments(events=count, memo_id=memos.get(key)) for key, count in events.items()}


def waiting_adjustments(*, actor: Actor, through_on: date) -> int:
    """How many reported adjustments of months up to this one nobody has processed: no month has booked them."""
    with books_of(actor):
        return rows_of(actor, models.ReportedAdjustment).filter(adjustment=None, service_on__lte=through_on).count()


def _memos(actor: Actor, commit_id: int) -> dict[Key, int]:
    documents = rows_of(actor, models.Document).filter(kind="credit_memo", against="adjustment")
    lines = rows_of(actor, models.PaperLine).filter(
        document_id__in=documents.filter(further__contains={"prepaid_commit": commit_id}).values("id")
    )
    found = lines.order_by("paper_id").values_list("document__booked_on", "document__service_on", "paper_id")
    return {(booked_on, service_on): paper_id for booked_on, service_on, paper_id in found if service_on is not None}
