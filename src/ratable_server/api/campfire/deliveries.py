"""Telling webhooks what has changed: events that are due are worded, signed and sent, and what came of it is kept.

Owns the headers. Each event is sent at least once, and each time with the same words and the same id; a receiver that
has it already can tell by that.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.webhooks import envelope
from ratable_server.api.campfire.views import (
    contracts,
    credit_memos,
    customers,
    invoices,
    journal_entries,
    prepaid_commits,
    products,
)
from ratable_server.api.campfire.views.webhooks import token_of
from ratable_server.api.json_text import json_text, read_json
from ratable_server.api.outgoing import UnreachableError, send
from ratable_server.clock import now_at
from ratable_server.operations.webhooks import (
    DueEvent,
    Try,
    forget_old_events,
    keep_object,
    record_try,
    take_due_events,
    tenants_with_due_events,
)
from ratable_server.queries.catalog import products as products_asked
from ratable_server.queries.contracts import contracts as contracts_asked
from ratable_server.queries.customers import customers as customers_asked
from ratable_server.queries.ledger import entry_public_id, ledger_entries
from ratable_server.queries.ledger_books import LedgerAsked
from ratable_server.queries.listing import Asked
from ratable_server.queries.papers import credit_memos as credit_memos_asked
from ratable_server.queries.papers import invoices as invoices_asked
from ratable_server.queries.prepaid_commits import prepaid_commits as commits_asked

_log = logging.getLogger("ratable_server.api")
_SENDERS = 4  # webhooks that are told at once

_Worded = Callable[[Actor, str], dict[str, Any] | None]


def _by_code(ask: Callable[..., Any], told: Callable[[Actor, Any], list[dict[str, Any]]]) -> _Worded:
    """How a thing is told that a query finds by its code, also when it was deleted."""

    def worded(actor: Actor, code: str) -> dict[str, Any] | None:
        for is_deleted in (False, True):
            rows = ask(actor=actor, asked=Asked(codes=[code], is_deleted=is_deleted)).rows
            if rows:
                return told(actor, rows)[0]
        return None

    return worded


def _entry(actor: Actor, code: str) -> dict[str, Any]:
    rows = ledger_entries(actor=actor, on=now_at().date(), asked=LedgerAsked(entries=[code])).rows
    return journal_entries.told(actor, rows)[0] if rows else {"id": entry_public_id(code)}


_WORDED: dict[str, _Worded] = {
    "contract": _by_code(contracts_asked, contracts.told),
    "prepaid_commit": _by_code(commits_asked, prepaid_commits.told),
    "product": _by_code(products_asked, products.told),
    "customer": _by_code(customers_asked, customers.told_vendors),
    "invoice": _by_code(invoices_asked, invoices.told),
    "credit_memo": _by_code(credit_memos_asked, credit_memos.told),
    "journal_entry": _entry,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of the events of one round."""

    delivered: int = 0
    pending: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    event: int
    url: str
    content: bytes
    headers: dict[str, str]


def deliver_due_events(*, is_over: Callable[[], bool] = lambda: False) -> Delivered:
    """Send everything that is due, of all tenants; give what became of it. What fails is tried again later.

    Once `is_over` says so, nothing more is sent; what was taken is left to whoever comes next.
    """
    states: list[str] = []
    for tenant_id in tenants_with_due_events(at=now_at()):
        actor = Actor(tenant_id=tenant_id, name="webhooks", role="viewer", request_id="webhooks")
        while not is_over() and (due := take_due_events(actor=actor, at=now_at())):
            states += _deliver(actor, due, is_over)
        forget_old_events(actor=actor, at=now_at())
    return Delivered(**{state: states.count(state) for state in ("delivered", "pending", "failed")})


def _deliver(actor: Actor, due: list[DueEvent], is_over: Callable[[], bool]) -> list[str]:
    of_webhook: defaultdict[int, list[_Message]] = defaultdict(list)
    for event in due:
        message = _worded(actor, event)
        if message is not None:
            of_webhook[event.webhook_id].append(message)
    with ThreadPoolExecutor(_SENDERS) as pool:  # these threads ask the network only, each webhook in its order
        sent = pool.map(lambda messages: _sent_in_order(messages, is_over), of_webhook.values())
        tries = [each for every in sent for each in every]
    return [record_try(actor=actor, event=event, outcome=outcome) for event, outcome in tries]


def _worded(actor: Actor, event: DueEvent) -> _Message | None:
    """What is to be sent; a fault of ours in one event is kept with it and leaves the others alone."""
    try:
        return _message(event, _told(actor, event), at=now_at())
    except Exception:  # noqa: BLE001 - told to the log and with the event
        _log.exception("event %s cannot be told", event.id)
        record_try(actor=actor, event=event.id, outcome=Try(at=now_at(), error="a server error occurred"))
        return None


def _sent_in_order(messages: list[_Message], is_over: Callable[[], bool]) -> list[tuple[int, Try]]:
    return [(message.event, _sent(message)) for message in messages if not is_over()]


def _sent(message: _Message) -> Try:
    begun = time.monotonic()
    try:
        status, error = send(message.url, message.content, message.headers), ""
    except UnreachableError as unreachable:
        status, error = None, str(unreachable)
    return Try(at=now_at(), status=status, error=error, milliseconds=int((time.monotonic() - begun) * 1_000))


def _told(actor: Actor, event: DueEvent) -> dict[str, Any]:
    """What an event is about, as the API tells it when it is sent first; after that, the same."""
    if "kind" not in event.object or "id" in event.object:
        return event.object
    kind, code = event.object["kind"], event.object["code"]
    told = read_json(json_text({**event.object, **_resource(actor, kind, code)}))
    return keep_object(actor=actor, event=event.id, told=told)


def _resource(actor: Actor, kind: str, code: str) -> dict[str, Any]:
    """The resource itself; what cannot be told any more, or has no shape of its own, is told by its code alone."""
    worded = _WORDED.get(kind)
    return {"id": code} if worded is None else worded(actor, code) or {"id": None}


def _message(event: DueEvent, told: dict[str, Any], *, at: datetime) -> _Message:
    body = json_text(envelope(event, told)).encode()
    token = token_of(event.webhook["uuid"])
    return _Message(
        event=event.id, url=event.webhook["url"], content=body, headers=headers_of(event, body, token=token, at=at)
    )


def headers_of(event: DueEvent, body: bytes, *, token: str, at: datetime) -> dict[str, str]:
    """Who sends this, and the proof: signed as published for Standard Webhooks, and in one header of this dialect."""
    text, seconds = body.decode(), int(at.timestamp())
    message = f"event_{event.id}"
    own = hmac.new(token.encode(), f"{seconds}.{text}".encode(), hashlib.sha256).hexdigest()
    return {
        "User-Agent": "ratable",
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": Webhook(token).sign(message, at, text),
        "X-Campfire-Webhook-Uuid": event.webhook["uuid"],
        "X-Campfire-Webhook-Token": token,
        "X-Campfire-Webhook-Signature": f"t={seconds},v1={own}",
    }
