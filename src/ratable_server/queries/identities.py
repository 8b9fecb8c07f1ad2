"""What must always be true of the books, asked of the rows themselves: nothing may come back.

Owns the identities of posted rows and the hashes of closed periods. The chain of the audit is
verified beside it; what a single calculation must hold is `ratable.checks`.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store.load.periods import current_runs
from ratable_server.store.models import PeriodClose
from ratable_server.store.save import journal_hash, posted_totals
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A law that does not hold: where, and by how much or how."""

    law: str
    key: str
    detail: str


# Each gives (key, detail) of what breaks the law; %(tenant)s, %(runs)s: those whose postings count.
_LAWS = {
    "every entry balances and has two sides": """
        SELECT entry.entry_code, 'off by ' || COALESCE(sum(line.debit_minor - line.credit_minor), 0)
        FROM journal_entry AS entry
        LEFT JOIN journal_line AS line ON line.tenant_id = entry.tenant_id AND line.entry_id = entry.id
        WHERE entry.tenant_id = %(tenant)s GROUP BY entry.id, entry.entry_code, entry.line_count, entry.total_minor
        HAVING count(line.id) < 2 OR count(line.id) <> entry.line_count
            OR sum(line.debit_minor) <> entry.total_minor OR sum(line.credit_minor) <> entry.total_minor
    """,
    "the trial balance of every currency is zero": """
        SELECT entry.currency, 'off by ' || sum(line.debit_minor - line.credit_minor)
        FROM journal_line AS line
        JOIN journal_entry AS entry ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
        WHERE line.tenant_id = %(tenant)s AND line.run_id = ANY(%(runs)s)
        GROUP BY 1 HAVING sum(line.debit_minor) <> sum(line.credit_minor)
    """,
    "recognized revenue is in the journal": """
        SELECT contract_id, 'off by ' || sum(amount_minor) FROM (
            SELECT contract_id, amount_minor FROM revenue_transaction
            WHERE tenant_id = %(tenant)s AND run_id = ANY(%(runs)s) AND kind <> 'refund'
            UNION ALL
            SELECT entry.contract_id, line.debit_minor - line.credit_minor FROM journal_line AS line
            JOIN journal_entry AS entry ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
            WHERE line.tenant_id = %(tenant)s AND line.run_id = ANY(%(runs)s) AND entry.kind NOT IN ('adjustment', 'reversal')
                AND line.account IN ('revenue', 'breakage_revenue')
        ) AS sides GROUP BY 1 HAVING sum(amount_minor) <> 0
    """,
    "no prepaid commit is drawn below nothing": """
        SELECT commit_id, 'drawn ' || sum(net_minor) FROM draw
        WHERE tenant_id = %(tenant)s AND run_id = ANY(%(runs)s) AND kind = 'drawdown'
        GROUP BY 1 HAVING sum(net_minor) < 0
    """,
    "periods close in order": """
        SELECT earlier.month_on::text, 'is open before a closed month' FROM period AS earlier
        WHERE earlier.tenant_id = %(tenant)s AND earlier.status <> 'closed' AND EXISTS (
            SELECT FROM period AS later WHERE later.tenant_id = earlier.tenant_id
                AND later.month_on > earlier.month_on AND later.status = 'closed')
    """,
    "an import has the rows that its receipt says": """
        SELECT receipt.code, receipt.rows_accepted || ' accepted, ' || count(record.id) || ' there'
        FROM usage_import AS receipt
        LEFT JOIN usage_record AS record
            ON record.tenant_id = receipt.tenant_id AND record.usage_import_id = receipt.id
        WHERE receipt.tenant_id = %(tenant)s AND receipt.status <> 'pending'
        GROUP BY receipt.id, receipt.code, receipt.rows_accepted, receipt.status
        HAVING count(record.id) <> CASE WHEN receipt.status = 'completed' THEN receipt.rows_accepted ELSE 0 END
    """,
    "the id of every record of usage is taken": """
        SELECT record.event_id, 'has no key' FROM usage_record AS record
        LEFT JOIN usage_key AS key ON key.tenant_id = record.tenant_id AND key.event_id = record.event_id
        WHERE record.tenant_id = %(tenant)s AND key.event_id IS NULL
    """,
}


def broken_laws(*, actor: Actor) -> list[Broken]:
    """Every law of the posted books that does not hold."""
    with books_of(actor):
        told = {"tenant": actor.tenant_id, "runs": current_runs(actor)}
        return [
            Broken(law=law, key=str(key), detail=str(detail))
            for law, query in _LAWS.items()
            for key, detail in _rows(query, told)
        ]


def _rows(query: str, told: dict[str, object]) -> list[tuple[object, object]]:
    with connection.cursor() as cursor:
        cursor.execute(query, told)  # type: ignore[arg-type]
        return list(cursor.fetchall())


def changed_closes(*, actor: Actor) -> list[Broken]:
    """Closes, taken back or not, whose posted rows are not those that were hashed."""
    with books_of(actor):
        return _changed_closes(actor)


def _changed_closes(actor: Actor) -> list[Broken]:
    found = []
    for close in rows_of(actor, PeriodClose).select_related("period").order_by("period__month_on", "version"):
        key = f"{close.period.month_on:%Y-%m} version {close.version}"
        if journal_hash(actor, close.run_id) != close.journal_hash:
            found.append(Broken(law="a closed period stays as it was closed", key=key, detail="another journal hash"))
        if posted_totals(actor, close.run_id) != close.totals:
            found.append(Broken(law="a closed period stays as it was closed", key=key, detail="other totals"))
    return found
