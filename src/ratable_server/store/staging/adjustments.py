"""Adjustments that were reported row by row: kept with the import that told them, until they are processed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.errors import Refused

_COLUMNS = (
    "row", "event_id", "prepaid_commit", "service_on", "on", "used_on", "amount", "dimensions", "content_hash",
)  # fmt: skip
_STAGE = """
CREATE TEMPORARY TABLE staged_adjustment (
    "row" bigint, event_id text, prepaid_commit text, service_on date, "on" date, used_on date, amount numeric,
    dimensions jsonb, content_hash text
) ON COMMIT DROP
"""
# An id is drawn from where records of usage have theirs, so that lists of both are in one order.
_KEEP = """
INSERT INTO reported_adjustment AS known (id, tenant_id, event_id, commit_id, service_on, "on", used_on, amount,
    dimensions, content_hash, usage_import_id, "row")
SELECT nextval('usage_record_id_seq'), %(tenant)s, event_id, commit.id, service_on, "on", used_on, amount, dimensions,
    content_hash, %(import)s, "row"
FROM (SELECT DISTINCT ON (event_id) * FROM staged_adjustment ORDER BY event_id, "row") AS staged
JOIN prepaid_commit AS commit ON commit.tenant_id = %(tenant)s AND commit.code = staged.prepaid_commit
ORDER BY "row"
ON CONFLICT (tenant_id, event_id) DO UPDATE SET service_on = excluded.service_on, "on" = excluded."on",
    used_on = excluded.used_on, amount = excluded.amount, dimensions = excluded.dimensions,
    content_hash = excluded.content_hash, usage_import_id = excluded.usage_import_id, "row" = excluded."row"
WHERE known.adjustment_id IS NULL AND known.content_hash <> excluded.content_hash
RETURNING amount
"""
# Who deletes a prepaid commit holds the tenant, as the import does that tells these.
_GONE = """
SELECT staged.prepaid_commit FROM staged_adjustment AS staged
WHERE NOT EXISTS (
    SELECT FROM prepaid_commit WHERE tenant_id = %(tenant)s AND code = staged.prepaid_commit AND deleted_at IS NULL
) LIMIT 1
"""
_LEFT = """
SELECT staged.event_id FROM staged_adjustment AS staged
JOIN reported_adjustment AS known ON known.tenant_id = %(tenant)s AND known.event_id = staged.event_id
WHERE known.content_hash <> staged.content_hash LIMIT 1
"""


class Reported(NamedTuple):
    """An adjustment as a row told it; without a day it is of the day on which it is processed."""

    row: int
    event_id: str
    prepaid_commit: str
    service_on: date
    on: date | None
    used_on: date | None
    amount: Decimal
    dimensions: str | None
    content_hash: str


def keep_adjustments(actor: Actor, import_id: int, reported: Sequence[Reported]) -> list[Decimal]:
    """Keep what is new and what has changed, and give its amounts; the same again is no news. Inside `books_of`.

    Refuses:
        prepaid_commit_must_be_known: that of one was deleted since the file was read
        change_must_be_of_what_was_seen: one was processed since the file was read
    """
    if not reported:
        return []
    parameters = {"tenant": actor.tenant_id, "import": import_id}
    columns = ", ".join(f'"{name}"' for name in _COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy(f"COPY staged_adjustment ({columns}) FROM STDIN") as copy:
            for row in reported:
                copy.write_row(row)
        cursor.execute(_GONE, parameters)
        if gone := cursor.fetchone():
            raise Refused("prepaid_commit_must_be_known", field="prepaid_commit", detail=gone[0])
        cursor.execute(_KEEP, parameters)
        taken = [amount for (amount,) in cursor.fetchall()]
        cursor.execute(_LEFT, parameters)
        if found := cursor.fetchone():
            raise Refused("change_must_be_of_what_was_seen", field="file", detail=f"{found[0]} was processed meanwhile")
        cursor.execute("DROP TABLE staged_adjustment")
    return taken
