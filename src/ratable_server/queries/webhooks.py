"""What webhooks were told, or are to be told: the last events of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ratable_server.actor import Actor
from ratable_server.store.models import WebhookEvent
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.webhooks import TOPICS

MOST = 1_000

__all__ = ["MOST", "TOPICS", "Event", "webhook_events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; `status` is pending, delivered or failed, `tries` what came of each try."""

    id: int
    topic: str
    object: dict[str, Any]
    created_at: datetime
    status: str
    due_at: datetime
    tries: list[dict[str, Any]]


def webhook_events(*, actor: Actor, webhook: int) -> list[Event]:
    """The last events of a webhook, the newest first."""
    with books_of(actor):
        rows = rows_of(actor, WebhookEvent).filter(webhook_id=webhook).order_by("-id")[:MOST]
        names = ("id", "topic", "object", "created_at", "status", "due_at", "tries")
        return [Event(**{name: getattr(row, name) for name in names}) for row in rows]
