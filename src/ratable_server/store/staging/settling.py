"""Staged records against each other, the open months and the books; then into the books, in sets.

Owns which of several records of one id is taken, what is a duplicate, a change or a revision, and the statements that
write. Whoever calls has locked the months and the tenant: nothing is added under an id between the look and the write.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import IntegrityError, connection

from ratable_server.actor import Actor
from ratable_server.store.staging.hashing import BLOCK_ROWS
from ratable_server.store.staging.tables import analyze

_CHANGED, _UNKNOWN = "usage_must_not_change_under_its_id", "usage_must_name_a_known_item"
TOLD_REPEATS = 5  # of the rows of a file that have one id with different content
_ACCEPTED = "staged.code = '' AND NOT staged.is_duplicate"
_IS_SAME = "met.content_hash = staged.content_hash"
_MAY_REVISE = "(met.is_open AND staged.code = '')"

_FIND_REPEATS = """
INSERT INTO staged_repeat
SELECT event_id, count(DISTINCT content_hash) > 1 FROM staged_usage
WHERE event_id IN (SELECT event_id FROM staged_usage GROUP BY event_id HAVING count(*) > 1) GROUP BY event_id
"""

# What is there already is not late: the same file again adds nothing, also once its month is closed.
_REJECT_LATE = """
UPDATE staged_usage AS staged SET code = 'period_must_be_open', value = used_on::text
WHERE code = '' AND month_on < %(open_on)s AND NOT EXISTS (
    SELECT FROM usage_key AS key WHERE key.tenant_id = %(tenant)s AND key.event_id = staged.event_id
        AND key.content_hash = staged.content_hash
)
"""

# What `told_of_repeats` tells.
_REJECT_CONTRADICTIONS = f"""
UPDATE staged_usage AS staged SET code = '{_CHANGED}', value = repeated.told
FROM (
    SELECT event_id, event_id || ' in rows ' || array_to_string((array_agg("row" ORDER BY "row"))[:{TOLD_REPEATS}], ', ')
        || CASE WHEN count(*) > {TOLD_REPEATS} THEN ' and others' ELSE '' END AS told
    FROM staged_usage WHERE event_id IN (SELECT event_id FROM staged_repeat WHERE differs) GROUP BY event_id
) AS repeated
WHERE staged.code <> '{_UNKNOWN}' AND repeated.event_id = staged.event_id
"""

_FIND_DUPLICATES = """
UPDATE staged_usage AS staged SET is_duplicate = true
FROM (
    SELECT event_id, min("row") AS "row" FROM staged_usage
    WHERE code = '' AND event_id IN (SELECT event_id FROM staged_repeat) GROUP BY event_id
) AS first
WHERE staged.event_id = first.event_id AND staged."row" > first."row" AND staged.code = ''
"""

# What may be revised keeps the rule that it breaks by itself: other content is no fault there.
_MEET_THE_BOOKS = f"""
UPDATE staged_usage AS staged
SET is_duplicate = CASE WHEN {_IS_SAME} THEN staged.code = '' ELSE {_MAY_REVISE} AND staged.is_duplicate END,
    code = CASE WHEN {_IS_SAME} OR met.is_open OR staged.code = '{_UNKNOWN}' THEN staged.code ELSE '{_CHANGED}' END,
    value = CASE WHEN {_IS_SAME} OR met.is_open OR staged.code = '{_UNKNOWN}' THEN value ELSE staged.event_id END,
    revises_id = CASE WHEN NOT {_IS_SAME} AND {_MAY_REVISE} AND NOT staged.is_duplicate THEN met.record_id END,
    revises_month_on = met.month_on
FROM (
    SELECT key.event_id, key.record_id, key.month_on, key.content_hash,
        %(revises)s AND (%(restates)s OR key.month_on >= %(open_on)s) AND NOT EXISTS (
            SELECT FROM usage_void WHERE usage_void.tenant_id = key.tenant_id AND usage_void.record_id = key.record_id
        ) AS is_open
    FROM usage_key AS key WHERE key.tenant_id = %(tenant)s
) AS met
WHERE met.event_id = staged.event_id
"""

_COUNTS = f"""
SELECT count(*), count(*) FILTER (WHERE {_ACCEPTED}), count(*) FILTER (WHERE is_duplicate),
    count(*) FILTER (WHERE code <> ''),
    coalesce(sum(coalesce(amount, quantity)), 0),
    coalesce(sum(coalesce(amount, quantity)) FILTER (WHERE {_ACCEPTED}), 0),
    coalesce(sum(coalesce(amount, quantity)) FILTER (WHERE is_duplicate), 0),
    coalesce(sum(coalesce(amount, quantity)) FILTER (WHERE code <> ''), 0)
FROM staged_usage AS staged
"""

_ADD_RECORDS = f"""
INSERT INTO usage_record (id, tenant_id, event_id, stream, used_at, used_on, month_on, quantity, amount, currency,
    dimensions, usage_import_id, "row", number, open_on)
SELECT record_id, %(tenant)s, event_id, stream, used_at, used_on, month_on, quantity, amount, currency,
    dimensions, %(import)s, "row", %(number)s, %(open_on)s
FROM staged_usage AS staged WHERE {_ACCEPTED}
"""

_ADD_KEYS = f"""
INSERT INTO usage_key (tenant_id, event_id, content_hash, record_id, month_on)
SELECT %(tenant)s, event_id, content_hash, record_id, month_on FROM staged_usage AS staged
WHERE {_ACCEPTED} AND revises_id IS NULL ORDER BY event_id
"""

_MOVE_KEYS = f"""
UPDATE usage_key AS key
SET content_hash = staged.content_hash, record_id = staged.record_id, month_on = staged.month_on
FROM staged_usage AS staged
WHERE key.tenant_id = %(tenant)s AND key.event_id = staged.event_id AND {_ACCEPTED} AND revises_id IS NOT NULL
"""

_ADD_VOIDS = f"""
INSERT INTO usage_void (tenant_id, number, recorded_at, recorded_by, request_id, event_id, month_on, record_id, is_revision)
SELECT %(tenant)s, %(number)s, %(at)s, %(by)s, %(request)s, event_id, revises_month_on, revises_id, true
FROM staged_usage AS staged WHERE {_ACCEPTED} AND revises_id IS NOT NULL
"""

# `raw` is the row as it came: what its columns held, by their names.
_ADD_REJECTIONS = """
INSERT INTO usage_rejection (tenant_id, usage_import_id, "row", event_id, stream, code, value, raw, is_blocking,
    resolved_by)
SELECT %(tenant)s, %(import)s, staged."row", staged.event_id, staged.stream, staged.code, staged.value,
    coalesce(raw.told, '{}') || coalesce(raw.dimensions, '{}'), %(blocking)s, ''
FROM staged_usage AS staged JOIN staged_raw AS raw ON raw."row" = staged."row"
WHERE staged.code <> '' ORDER BY staged."row"
"""

_RESOLVE = f"""
UPDATE usage_rejection AS open SET resolved_at = %(at)s, resolved_by = %(by)s
FROM staged_usage AS staged
WHERE open.tenant_id = %(tenant)s AND open.is_blocking AND open.resolved_at IS NULL
    AND open.event_id = staged.event_id AND {_ACCEPTED}
RETURNING open.usage_import_id, open."row"
"""

# The same over the rows in the books: see `queries.identities`.
_HASH = f"""
SELECT encode(sha256(convert_to(%(previous)s, 'UTF8') || coalesce(string_agg(digest, ''::bytea ORDER BY block), '')), 'hex')
FROM (
    SELECT "row" / {BLOCK_ROWS} AS block, sha256(string_agg(content_hash, ''::bytea ORDER BY "row")) AS digest
    FROM staged_usage AS staged WHERE {_ACCEPTED} GROUP BY block
) AS blocks
"""


class Counts(NamedTuple):
    """Rows and their control total: an amount, where a row has none its quantity."""

    rows_received: int
    rows_accepted: int
    rows_duplicate: int
    rows_rejected: int
    quantity_received: Decimal
    quantity_accepted: Decimal
    quantity_duplicate: Decimal
    quantity_rejected: Decimal


class Judging(NamedTuple):
    """What the books say of records: months from `open_on` on are open; may what is known be revised, or restated?"""

    open_on: date
    rejects_late: bool
    revises: bool
    restates: bool


class Posting(NamedTuple):
    """What every row of an import has in common in the books."""

    actor: Actor
    import_id: int
    number: int
    open_on: date
    at: datetime

    def parameters(self) -> dict[str, Any]:
        return {
            "tenant": self.actor.tenant_id,
            "by": self.actor.name,
            "request": self.actor.request_id,
            "import": self.import_id,
            "number": self.number,
            "open_on": self.open_on,
            "at": self.at,
        }


def hold_tenant(actor: Actor) -> None:
    """Keep other writers of the tenant's facts waiting to the end of the transaction."""
    _run("SELECT FROM tenant WHERE id = %(tenant)s FOR NO KEY UPDATE", {"tenant": actor.tenant_id})


def settle(actor: Actor, judging: Judging) -> Counts:
    """Decide about every staged record: taken, a duplicate, or rejected by the first rule that it breaks."""
    parameters = {"tenant": actor.tenant_id, **judging._asdict()}
    analyze("staged_usage")
    _run(_FIND_REPEATS)
    if judging.rejects_late:
        _run(_REJECT_LATE, parameters)
    if _run("SELECT FROM staged_repeat LIMIT 1"):
        _run(_REJECT_CONTRADICTIONS)
        _run(_FIND_DUPLICATES)
    _run(_MEET_THE_BOOKS, parameters)
    return _count_staged()


def _count_staged() -> Counts:
    """How many of the staged records are taken, duplicates and rejected, as it was decided so far."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS)
        return Counts(*cursor.fetchone())


def count_all() -> Counts:
    """The same where every record is to be taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), coalesce(sum(coalesce(amount, quantity)), 0) FROM staged_usage")
        rows, quantity = cursor.fetchone()
    none = Decimal(0)
    return Counts(rows, rows, 0, 0, quantity, quantity, none, none)


def post(posting: Posting, *, revises: bool) -> list[tuple[int, int]]:
    """Write what was taken: ids first, so that one that is not new is refused before anything else is written.

    Gives the rejections that this resolves, each with its import and row: what was rejected under an id is there now.
    """
    parameters = posting.parameters()
    _run(_ADD_KEYS, parameters)
    _run(_ADD_RECORDS, parameters)
    if revises:
        _run(_ADD_VOIDS, parameters)
        _run(_MOVE_KEYS, parameters)
    with connection.cursor() as cursor:
        cursor.execute(_RESOLVE, parameters)
        return [(import_id, row) for import_id, row in cursor.fetchall()]


def is_taken_id(error: IntegrityError) -> bool:
    """Whether the database has refused an id of usage because it stands for a record already."""
    told = getattr(error.__cause__, "diag", None)
    return told is not None and (told.table_name, told.sqlstate) == ("usage_key", "23505")


def rejected_rows() -> list[int]:
    """The numbers of the rejected rows."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT "row" FROM staged_usage WHERE code <> \'\' ORDER BY "row"')
        return [row for (row,) in cursor.fetchall()]


def keep_rejections(posting: Posting, *, are_blocking: bool) -> None:
    """Write the rejected rows, with what `staged_raw` holds of them."""
    _run(_ADD_REJECTIONS, {**posting.parameters(), "blocking": are_blocking})


def hash_of_staged(previous: str) -> str:
    """The hash of the accepted rows, chained to that of the import before."""
    with connection.cursor() as cursor:
        cursor.execute(_HASH, {"previous": previous})
        return str(cursor.fetchone()[0])


def _run(statement: str, parameters: dict[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
