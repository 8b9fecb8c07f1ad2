"""What the books say of records: one request to the database, under the locks that it takes first.

Owns the order of these locks, which is everybody's: months, then the tenant. What is read behind them stays so until
the end of the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store.staging.direct.judging import KnownItem
from ratable_server.store.staging.direct.meeting import TakenId
from ratable_server.store.staging.hashing import NO_HASH
from ratable_server.store.staging.joined_texts import joined
from ratable_server.store.staging.known_items import item_parameters, items_statements

_RETURN = "SAVEPOINT looking"
_SHARE = """
SELECT month_on, status FROM period
WHERE tenant_id = %(tenant)s AND month_on = ANY(%(booked)s::date[]) ORDER BY month_on FOR SHARE
"""
_HOLD = "SELECT fact_number FROM tenant WHERE id = %(tenant)s FOR NO KEY UPDATE"
_BOOKS = """
SELECT timezone, (SELECT max(month_on) FROM period WHERE tenant_id = tenant.id AND status = 'closed')
FROM tenant WHERE id = %(tenant)s
"""
_LATE_USAGE = "SELECT late_usage FROM policy_version WHERE tenant_id = %(tenant)s ORDER BY number DESC LIMIT 1"
_LAST_HASH = """
SELECT accepted_sha256 FROM usage_import
WHERE tenant_id = %(tenant)s AND status = 'completed' AND number IS NOT NULL ORDER BY number DESC LIMIT 1
"""
_WITHOUT_PARTITION = """
SELECT month FROM unnest(%(used)s::date[]) AS month
WHERE to_regclass('usage_record_' || to_char(month, 'YYYY_MM')) IS NULL
"""
# Each id by its key: OFFSET 0 keeps the planner from reading all ids of the tenant instead.
_TAKEN = """
SELECT key.event_id, key.content_hash, key.record_id, key.month_on, {is_void}
FROM unnest((string_to_array(%(ids)s, %(ids_between)s))[2:]) AS wanted(event_id)
CROSS JOIN LATERAL (
    SELECT * FROM usage_key WHERE tenant_id = %(tenant)s AND usage_key.event_id = wanted.event_id OFFSET 0
) AS key
"""
_IS_VOID = """EXISTS (
    SELECT FROM usage_void WHERE usage_void.tenant_id = key.tenant_id AND usage_void.record_id = key.record_id
)"""


class Wanted(NamedTuple):
    """What is asked of the books: months to book into and months of use, ids and streams; with `voids` what is void.

    `returns`: in a transaction that goes on `let_go` may have to give back what this holds.
    """

    booked: Sequence[date]
    used: Sequence[date]
    ids: Sequence[str]
    streams: Collection[str]
    voids: bool
    returns: bool = False


class Frame(NamedTuple):
    """What a day and a month of booking depend on: the time zone, and the last month that is closed."""

    zone: str
    closed_on: date | None


class Seen(NamedTuple):
    """What they say: which months have which status, which have no partition, what is known, what came last."""

    frame: Frame
    statuses: Mapping[date, str]
    fact_number: int
    late_usage: str
    last_sha256: str
    without_partition: Sequence[date]
    taken: Mapping[str, TakenId]
    known: Mapping[str, KnownItem]


def frame_of(actor: Actor) -> Frame:
    """The frame of the books at this moment."""
    (found,) = _answers(_BOOKS, {"tenant": actor.tenant_id})
    return Frame(*found[0])


def look(actor: Actor, wanted: Wanted, *, lock_seconds: int) -> Seen:
    """Keep the months from closing and other writers away, as soon as others let go of them, and look."""
    streams = list(wanted.streams)
    ids, between = joined(wanted.ids)
    parameters = {
        **item_parameters(actor, streams),
        "booked": list(wanted.booked),
        "used": list(wanted.used),
        "ids": ids,
        "ids_between": between,
    }
    taken = _TAKEN.format(is_void=_IS_VOID if wanted.voids else "false")
    patience = f"SET LOCAL lock_timeout = '{lock_seconds}s'"
    first = (_RETURN, patience) if wanted.returns else (patience,)
    asked = (taken, *items_statements(streams))
    statements = (*first, _SHARE, _HOLD, _BOOKS, _LATE_USAGE, _LAST_HASH, _WITHOUT_PARTITION, *asked)
    shared, held, books, policy, last, missing, known_ids, known = _answers(";".join(statements), parameters)
    return Seen(
        frame=Frame(*books[0]),
        statuses=dict(shared),
        fact_number=held[0][0],
        late_usage=policy[0][0],
        last_sha256=last[0][0] if last else NO_HASH,
        without_partition=[month_on for (month_on,) in missing],
        taken={row[0]: TakenId(row[0], bytes(row[1]), *row[2:]) for row in known_ids},
        known={row[0]: KnownItem(*row) for row in known},
    )


def let_go() -> None:
    """Give back what the last look holds, in a transaction that goes on: a month that gets its row is taken first."""
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO SAVEPOINT looking")


def _answers(statements: str, parameters: dict[str, Any]) -> Iterator[list[Any]]:
    """The rows of each statement that has any to give."""
    with connection.cursor() as cursor:
        cursor.execute(statements, parameters)
        while True:
            if cursor.description is not None:
                yield cursor.fetchall()
            if not cursor.nextset():
                return
