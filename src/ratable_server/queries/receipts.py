"""Receipts of usage, held against the records that are in the books."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.store.load.receipts import Receipt, receipt_of
from ratable_server.store.models import UsageImport
from ratable_server.store.scope import books_of, rows_of

# As `queries.identities` does it for all receipts.
_FOUND = """
SELECT encode(sha256(convert_to(%(previous)s, 'UTF8') || coalesce(string_agg(digest, ''::bytea ORDER BY place), '')), 'hex')
FROM (
    SELECT "row" / 10000 AS place, sha256(string_agg(
        ratable_usage_hash(event_id, stream, used_at, used_on, quantity, amount, currency, dimensions),
        ''::bytea ORDER BY "row")) AS digest
    FROM usage_record WHERE tenant_id = %(tenant)s AND number = %(number)s AND usage_import_id = %(import)s GROUP BY 1
) AS blocks
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenReceipt:
    """A receipt, and the hash that its records have as they are stored now."""

    receipt: Receipt
    found_sha256: str

    @property
    def is_proven(self) -> bool:
        """Are its records there, all of them and no others, to the letter?"""
        return self.found_sha256 == self.receipt.accepted_sha256


def proven_receipt(*, actor: Actor, code: str) -> ProvenReceipt:
    """A receipt by its code, and its proof; one that has added nothing has no hash.

    Refuses:
        code_must_be_known
    """
    with books_of(actor):
        row = rows_of(actor, UsageImport).filter(code=code).first()
        if row is None:
            raise Refused("code_must_be_known", field="receipt", detail=code)
        return ProvenReceipt(receipt=receipt_of(actor, row), found_sha256=_found(actor, row))


def _found(actor: Actor, row: UsageImport) -> str:
    if row.number is None:
        return ""
    told: dict[str, int | str] = {
        "tenant": actor.tenant_id,
        "number": row.number,
        "import": row.id,
        "previous": row.previous_sha256,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, told)
        return str(cursor.fetchone()[0])
