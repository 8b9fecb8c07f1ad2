"""The same request twice has one effect and one answer.

Owns the key of a request and what was answered under it. The answer is written in the transaction of its effect, so
that neither is there without the other, whatever breaks in between. What is refused uses up no key (`answer_once`), or is
remembered like everything else (`answer_or_refuse_once`): that is a dialect's choice. So is how long an answer is
remembered; after that its key is as good as new, whether it was forgotten yet or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.store.models import IdempotencyKey
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of

KEPT_FOR = timedelta(days=7)
"""How long an answer is remembered where a dialect does not say otherwise: who tries again after a weekend is still known."""

_FORGOTTEN_AT_ONCE = 1_000  # by one transaction
_KEY_LENGTH = 255
_PLAIN = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest:
    """What a caller asks for, told apart by its own key; `body_sha256` is the hash of everything that was sent.

    `space` keeps the keys of one API apart from those of the others: a name without a colon; `kept_for` is how long its
    answer is remembered.
    """

    key: str
    route: str
    body_sha256: str
    space: str
    kept_for: timedelta = KEPT_FOR

    @property
    def kept_as(self) -> str:
        """The key under which the books keep it: its space ends at the first colon, whatever a caller's key has."""
        return f"{self.space}:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller was told: the text that was sent, to the letter, and headers. `is_replayed`: it was told before."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    is_replayed: bool = False


class Declined(Exception):  # noqa: N818 - an answer, not an error
    """The request is refused with this answer, and what it had begun is undone."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


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
        _take_turn(actor, request)
        return _remembered(actor, request, at=at) or _remember(actor, request, answer(), at=at)


@retried
def answer_or_refuse_once(*, actor: Actor, request: KeyedRequest, answer: Callable[[], Answer], at: datetime) -> Answer:
    """The same, where a refusal is remembered too: `answer` raises `Declined` with it, and its own work is undone.

    Refuses:
        idempotency_key_must_be_plain, idempotency_key_must_keep_its_request, idempotency_key_must_not_be_in_use
    """
    _refuse_unfit_key(request.key)
    with books_of(actor):
        _take_turn(actor, request)
        return _remembered(actor, request, at=at) or _remember(actor, request, _tried(actor, answer), at=at)


def tenants_with_expired_keys(*, at: datetime) -> list[int]:
    """Who has keys that no longer count; asked before any tenant is entered."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM ratable_forgetting_tenants(%s) ORDER BY 1", [at])
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


@retried
def forget_expired_keys(*, actor: Actor, at: datetime) -> int:
    """Remove some keys that no longer count, the oldest first, and give how many: 0 says that there are none left.

    Those that somebody else has at hand at this moment are left to him.
    """
    with books_of(actor):
        expired = rows_of(actor, IdempotencyKey).filter(expires_at__lte=at).order_by("expires_at")
        ids = list(expired.select_for_update(skip_locked=True).values_list("id", flat=True)[:_FORGOTTEN_AT_ONCE])
        rows_of(actor, IdempotencyKey).filter(id__in=ids).delete()
        return len(ids)


def _tried(actor: Actor, answer: Callable[[], Answer]) -> Answer:
    """The answer to a request, with its work or without."""
    try:
        with books_of(actor):
            return answer()
    except Declined as declined:
        return declined.answer


def _remembered(actor: Actor, request: KeyedRequest, *, at: datetime) -> Answer | None:
    """What was answered under the key; None: nothing that counts."""
    rows = rows_of(actor, IdempotencyKey).filter(key=request.kept_as)
    found = list(rows.order_by("id"))
    row = next((each for each in found if each.expires_at > at), None)
    if row is None:
        if found:
            rows.filter(expires_at__lte=at).delete()
        return None
    if (row.route, row.body_sha256) != (request.route, request.body_sha256):
        raise Refused("idempotency_key_must_keep_its_request", field="idempotency_key", detail=request.key)
    return Answer(status=row.status, body=str(row.body), headers=row.headers, is_replayed=True)


def _refuse_unfit_key(key: str) -> None:
    if not 1 <= len(key) <= _KEY_LENGTH or any(ord(letter) not in _PLAIN for letter in key):
        raise Refused("idempotency_key_must_be_plain", field="idempotency_key", detail=f"{key!r}"[:_KEY_LENGTH])


def _take_turn(actor: Actor, request: KeyedRequest) -> None:
    """One request per key at a time, whatever its route, to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency_key ' || %s, %s))",
            [request.kept_as, actor.tenant_id],
        )
        (is_mine,) = cursor.fetchone()
    if not is_mine:
        raise Refused("idempotency_key_must_not_be_in_use", field="idempotency_key", detail=request.key)


def _remember(actor: Actor, request: KeyedRequest, given: Answer, *, at: datetime) -> Answer:
    IdempotencyKey(
        tenant_id=actor.tenant_id,
        key=request.kept_as,
        route=request.route,
        body_sha256=request.body_sha256,
        status=given.status,
        headers=dict(given.headers),
        body=given.body,
        recorded_at=at,
        expires_at=at + request.kept_for,
    ).save(force_insert=True)
    return given
