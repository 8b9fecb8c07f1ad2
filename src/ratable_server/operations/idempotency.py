"""The same request twice has one effect and one answer.

Owns the key of a request and what was answered under it. The answer is written in the transaction of its effect, so
that neither is there without the other, whatever breaks in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.store.models import IdempotencyKey
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of

_KEY_LENGTH = 255
_PLAIN = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest:
    """What a caller asks for, told apart by its own key; `body_sha256` is the hash of everything that was sent."""

    key: str
    route: str
    body_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller was told: the text that was sent, to the letter. `is_replayed`: it was told before."""

    status: int
    body: str
    is_replayed: bool = False


@retried
def answer_once(*, actor: Actor, request: KeyedRequest, answer: Callable[[], Answer], at: datetime) -> Answer:
    """Give the answer that was given under this key, or let `answer` work and remember what it says.

    `answer` calls an operation, which becomes part of this transaction. If it refuses, nothing is remembered: the key
    can be used again with another request. Of several requests with one key at once the first works, and the others
    are told so.

    Refuses:
        idempotency_key_must_be_plain, idempotency_key_must_keep_its_request, idempotency_key_must_not_be_in_use
    """
    _refuse_unfit_key(request.key)
    with books_of(actor):
        _take_turn(actor, request.key)
        remembered = rows_of(actor, IdempotencyKey).filter(key=request.key).first()
        if remembered is None:
            given = answer()
            _remember(actor, request, given, at=at)
            return given
        if (remembered.route, remembered.body_sha256) != (request.route, request.body_sha256):
            raise Refused("idempotency_key_must_keep_its_request", field="idempotency_key", detail=request.key)
        return Answer(status=remembered.status, body=str(remembered.body), is_replayed=True)


def _refuse_unfit_key(key: str) -> None:
    if not 1 <= len(key) <= _KEY_LENGTH or any(ord(letter) not in _PLAIN for letter in key):
        raise Refused("idempotency_key_must_be_plain", field="idempotency_key", detail=f"{key!r}"[:_KEY_LENGTH])


def _take_turn(actor: Actor, key: str) -> None:
    """One request per key at a time, whatever its route, to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency_key ' || %s, %s))", [key, actor.tenant_id]
        )
        (is_mine,) = cursor.fetchone()
    if not is_mine:
        raise Refused("idempotency_key_must_not_be_in_use", field="idempotency_key", detail=key)


def _remember(actor: Actor, request: KeyedRequest, given: Answer, *, at: datetime) -> None:
    IdempotencyKey(
        tenant_id=actor.tenant_id,
        key=request.key,
        route=request.route,
        body_sha256=request.body_sha256,
        status=given.status,
        body=given.body,
        recorded_at=at,
    ).save(force_insert=True)
