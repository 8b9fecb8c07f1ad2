"""Webhooks and their events: `/integrations/api/v1/webhook`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def numbered(topics: Sequence[str]) -> list[dict[str, Any]]:
    """The topics with their ids, which are their places in the list."""
    return [{"id": place, "name": name} for place, name in enumerate(topics, 1)]


def from_webhook(further: Mapping[str, Any], topics: Sequence[str], *, token: str) -> dict[str, Any]:
    """A webhook; the token comes of its uuid and is kept nowhere."""
    wanted = set(further.get("topics") or ())
    return {
        "uuid": further["uuid"],
        "token": token,
        "topics": [topic for topic in numbered(topics) if topic["name"] in wanted],
    }


def from_event(event: Any, *, webhook: int, url: str) -> dict[str, Any]:
    """An event with what came of each try."""
    due = {} if event.status != "pending" else {"next_try_at": event.due_at}
    return {
        "id": event.id,
        "object": event.object,
        "status": event.status,
        "created_at": event.created_at,
        "url": url,
        "topic": event.topic,
        "http": {"tries": event.tries, **due},
        "webhook": webhook,
    }


def envelope(event: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a webhook is sent."""
    return {"id": event.id, "topic": event.topic, "created_at": event.created_at, "object": told}
