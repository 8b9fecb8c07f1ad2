"""Events on their way to webhooks: which are due, what came of each try, when the next one is.

Owns the states of an event and the pauses between tries. Sending is up to a door: no transaction waits for a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from ratable_server.actor import Actor
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import RegisterEntry, WebhookEvent
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))  # before each further try
LEASE = timedelta(minutes=3)  # how long an event is left to who has taken it: longer than all of them can take
KEPT = timedelta(days=30)
_AT_ONCE = 8
_GONE = 410
_NOBODY = "the webhook was removed or is not active"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueEvent:
    """An event that is to be sent now; `webhook` is what was told of its webhook, whose row is `webhook_id`."""

    id: int
    webhook_id: int
    topic: str
    object: dict[str, Any]
    created_at: datetime
    webhook: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What came of sending: a status, or why there is none; `milliseconds` is how long it took."""

    at: datetime
    status: int | None = None
    error: str = ""
    milliseconds: int = 0

    @property
    def is_delivered(self) -> bool:
        """Did the receiver say that it has it?"""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004 - 2xx


def tenants_with_due_events(*, at: datetime) -> list[int]:
    """Whose events are due; asked before any tenant is entered."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM ratable_due_tenants(%s) ORDER BY 1", [at])
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


@retried
def take_due_events(*, actor: Actor, at: datetime) -> list[DueEvent]:
    """The next events that are due, for this caller alone until its lease ends; those for nobody have failed."""
    with books_of(actor):
        due = rows_of(actor, WebhookEvent).filter(status="pending", due_at__lte=at)
        rows = list(due.select_for_update(skip_locked=True).order_by("id")[:_AT_ONCE])
        hooks = _webhooks(actor, {row.webhook_id for row in rows})
        taken = []
        for row in rows:
            row.due_at = at + LEASE
            if row.webhook_id in hooks:
                taken.append(_event(row, hooks[row.webhook_id]))
            else:
                row.status, row.tries = "failed", [*row.tries, _told(Try(at=at, error=_NOBODY))]
            row.save()
        return taken


@retried
def keep_object(*, actor: Actor, event: int, told: dict[str, Any]) -> dict[str, Any]:
    """Keep what an event says, and give it as it is kept, so that each try says the same to the letter."""
    with books_of(actor):
        rows = rows_of(actor, WebhookEvent).filter(id=event)
        rows.update(object=told)
        return dict(rows.get().object)


@retried
def record_try(*, actor: Actor, event: int, outcome: Try) -> str:
    """Keep what came of a try; give the state of the event, which is tried again after a pause or has failed.

    A receiver that says that it is gone for ever is told nothing more: its webhook is switched off.
    """
    with books_of(actor):
        row = rows_of(actor, WebhookEvent).select_for_update().get(id=event)
        row.tries = [*row.tries, _told(outcome)]
        if outcome.is_delivered:
            row.status = "delivered"
        elif outcome.status == _GONE:
            row.status = "failed"
            _switch_off(actor, row.webhook_id, at=outcome.at)
        elif len(row.tries) > len(PAUSES):
            row.status = "failed"
        else:
            row.due_at = outcome.at + PAUSES[len(row.tries) - 1]
        row.save()
        return row.status


@retried
def forget_old_events(*, actor: Actor, at: datetime) -> int:
    """Remove events that were delivered or have failed a month ago; give how many."""
    with books_of(actor):
        old = rows_of(actor, WebhookEvent).filter(created_at__lt=at - KEPT).exclude(status="pending")
        return old.delete()[0]


def _switch_off(actor: Actor, webhook: int, *, at: datetime) -> None:
    row = rows_of(actor, RegisterEntry).select_for_update(no_key=True).filter(id=webhook).first()
    if row is None:
        return  # it was removed while it was told
    before = dict(row.further)
    row.further, row.modified_at = {**before, "active": False}, at
    row.save()
    change = Change("keep_entry", "register", f"webhook/{row.code}", before=before, after=row.further)
    record_change(actor, change, at=at)


def _webhooks(actor: Actor, ids: set[int]) -> dict[int, dict[str, Any]]:
    rows = rows_of(actor, RegisterEntry).filter(id__in=ids, further__contains={"active": True})
    return dict(rows.values_list("id", "further"))


def _event(row: WebhookEvent, webhook: dict[str, Any]) -> DueEvent:
    return DueEvent(
        id=row.id,
        webhook_id=row.webhook_id,
        topic=row.topic,
        object=row.object,
        created_at=row.created_at,
        webhook=webhook,
    )


def _told(outcome: Try) -> dict[str, Any]:
    said = {"at": outcome.at.isoformat(), "status": outcome.status, "milliseconds": outcome.milliseconds}
    return {**said, **({"error": outcome.error} if outcome.error else {})}
