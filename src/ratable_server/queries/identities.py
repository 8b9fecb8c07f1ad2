"""What must always be true of the books, asked of the rows themselves: nothing may come back.

Owns the identities of posted rows, the hashes of closed periods and of receipts. The chain of the audit is
verified beside it; what a single calculation must hold is `ratable.checks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store.load.periods import current_runs
from ratable_server.store.models import PeriodClose
from ratable_server.store.save import journal_hash, posted_totals
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.states import CONTRADICTED
from ratable_server.store.transport import in_bulk

ALL = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A law that does not hold: where, and by how much or how."""

    law: str
    key: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A law over the rows of a table; `query` gives (key, detail) of what breaks it.

    It is told the tenant and the runs whose postings count.
    """

    check: str
    law: str
    table: str
    query: str


CLOSED_STAY = "a closed period stays as it was closed"

LAWS: tuple[Law, ...] = (
    Law(
        check="entries_balance",
        law="every entry balances and has two sides",
        table="journal_entry",
        query="""
        SELECT entry.entry_code, 'off by ' || COALESCE(sum(line.debit_minor - line.credit_minor), 0)
        FROM journal_entry AS entry
        LEFT JOIN journal_line AS line ON line.tenant_id = entry.tenant_id AND line.entry_id = entry.id
        WHERE entry.tenant_id = %(tenant)s GROUP BY entry.id, entry.entry_code, entry.line_count, entry.total_minor
        HAVING count(line.id) < 2 OR count(line.id) <> entry.line_count
            OR sum(line.debit_minor) <> entry.total_minor OR sum(line.credit_minor) <> entry.total_minor
        """,
    ),
    Law(
        check="trial_balance_is_zero",
        law="the trial balance of every currency is zero",
        table="journal_line",
        query="""
        SELECT entry.currency, 'off by ' || sum(line.debit_minor - line.credit_minor)
        FROM journal_line AS line
        JOIN journal_entry AS entry ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
        WHERE line.tenant_id = %(tenant)s AND line.run_id = ANY(%(runs)s)
        GROUP BY 1 HAVING sum(line.debit_minor) <> sum(line.credit_minor)
        """,
    ),
    Law(
        check="revenue_is_in_the_journal",
        law="recognized revenue is in the journal",
        table="revenue_transaction",
        query="""
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
    ),
    Law(
        check="draws_are_not_negative",
        law="no prepaid commit is drawn below nothing",
        table="draw",
        query="""
        SELECT commit_id, 'drawn ' || sum(net_minor) FROM draw
        WHERE tenant_id = %(tenant)s AND run_id = ANY(%(runs)s) AND kind = 'drawdown'
        GROUP BY 1 HAVING sum(net_minor) < 0
        """,
    ),
    Law(
        check="periods_close_in_order",
        law="periods close in order",
        table="period",
        query="""
        SELECT earlier.month_on::text, 'is open before a closed month' FROM period AS earlier
        WHERE earlier.tenant_id = %(tenant)s AND earlier.status <> 'closed' AND EXISTS (
            SELECT FROM period AS later WHERE later.tenant_id = earlier.tenant_id
                AND later.month_on > earlier.month_on AND later.status = 'closed')
        """,
    ),
    Law(
        check="closed_months_have_their_close",
        law="a month is closed if its close stands or that of a later month, and each month has one close at most",
        table="period",
        query="""
        WITH standing AS (
            SELECT period.month_on FROM period_close AS close
            JOIN period ON period.tenant_id = close.tenant_id AND period.id = close.period_id
            WHERE close.tenant_id = %(tenant)s AND NOT EXISTS (
                SELECT FROM period_reopening AS reopening
                WHERE reopening.tenant_id = close.tenant_id AND reopening.close_id = close.id)
        )
        SELECT month_on::text,
            CASE status WHEN 'closed' THEN 'is closed, and no close stands' ELSE 'is open, and its close stands' END
        FROM period WHERE tenant_id = %(tenant)s
            AND (status = 'closed') <> COALESCE(month_on <= (SELECT max(month_on) FROM standing), false)
        UNION ALL
        SELECT month_on::text, 'has ' || count(*) || ' closes that stand' FROM standing GROUP BY 1 HAVING count(*) > 1
        """,
    ),
    Law(
        check="imports_have_their_rows",
        law="an import has the rows that its receipt says",
        table="usage_import",
        query="""
        SELECT receipt.code, receipt.rows_accepted || ' accepted, ' || count(record.id) || ' there'
        FROM usage_import AS receipt
        LEFT JOIN usage_record AS record
            ON record.tenant_id = receipt.tenant_id AND record.usage_import_id = receipt.id
        WHERE receipt.tenant_id = %(tenant)s AND receipt.status <> 'pending'
        GROUP BY receipt.id, receipt.code, receipt.rows_accepted, receipt.status
        HAVING count(record.id) <> CASE WHEN receipt.status = 'completed' THEN receipt.rows_accepted ELSE 0 END
        """,
    ),
    Law(
        check="usage_has_its_id",
        law="the id of every record of usage is taken",
        table="usage_record",
        query="""
        SELECT record.event_id, 'has no key' FROM usage_record AS record
        LEFT JOIN usage_key AS key ON key.tenant_id = record.tenant_id AND key.event_id = record.event_id
        WHERE record.tenant_id = %(tenant)s AND key.event_id IS NULL
        """,
    ),
    Law(
        check="terms_are_as_audited",
        law="what is agreed is what the audit says that the last change left of it",
        table="contract",
        query=CONTRADICTED,
    ),
    Law(
        check="postings_belong_to_a_close",
        law="what is posted was posted by a close",
        table="journal_entry",
        query="""
        SELECT DISTINCT entry.entry_code, 'run ' || entry.run_id || ' has closed nothing' FROM journal_entry AS entry
        WHERE entry.tenant_id = %(tenant)s AND NOT EXISTS (
            SELECT FROM period_close AS close WHERE close.tenant_id = entry.tenant_id AND close.run_id = entry.run_id)
        """,
    ),
    Law(
        check="receipts_keep_their_hash",
        law="what an import has added is what its receipt has hashed, after the receipt before it",
        table="usage_import",
        query="""
        WITH block AS (  -- as receipts hash their rows: 10,000 at a time
            SELECT usage_import_id, "row" / 10000 AS place, sha256(string_agg(
                ratable_usage_hash(event_id, stream, used_at, used_on, quantity, amount, currency, dimensions),
                ''::bytea ORDER BY "row")) AS digest
            FROM usage_record WHERE tenant_id = %(tenant)s GROUP BY 1, 2
        ), receipt AS (
            SELECT id, code, number, accepted_sha256, previous_sha256,
                lag(accepted_sha256, 1, repeat('0', 64)) OVER (ORDER BY number) AS before_sha256
            FROM usage_import WHERE tenant_id = %(tenant)s AND status = 'completed' AND number IS NOT NULL
        ), hashed AS (
            SELECT receipt.*, encode(sha256(convert_to(previous_sha256, 'UTF8')
                || coalesce(string_agg(digest, ''::bytea ORDER BY place), '')), 'hex') AS found_sha256
            FROM receipt LEFT JOIN block ON block.usage_import_id = receipt.id
            GROUP BY id, code, number, accepted_sha256, previous_sha256, before_sha256
        )
        SELECT code, CASE WHEN found_sha256 <> accepted_sha256 THEN 'its rows have another hash'
            ELSE 'it does not follow the receipt before' END
        FROM hashed WHERE found_sha256 <> accepted_sha256 OR previous_sha256 <> before_sha256
        """,
    ),
)


def broken_laws(*, actor: Actor) -> list[Broken]:
    """Every law of the posted books that does not hold."""
    with books_of(actor):
        return [broken for law in LAWS for broken in broken_rows(actor, law)]


def broken_rows(actor: Actor, law: Law, *, limit: int = ALL) -> list[Broken]:
    """What breaks a law, the first rows of it; call it inside `books_of`."""
    told: dict[str, Any] = {"tenant": actor.tenant_id, "runs": current_runs(actor), "limit": limit}
    with connection.cursor() as cursor, in_bulk():
        cursor.execute(f"SELECT * FROM ({law.query}) AS broken ORDER BY 1, 2 LIMIT %(limit)s", told)  # noqa: S608 - the code's own
        return [Broken(law=law.law, key=str(key), detail=str(detail)) for key, detail in cursor.fetchall()]


def changed_closes(*, actor: Actor) -> list[Broken]:
    """Closes, taken back or not, whose posted rows are not those that were hashed."""
    with books_of(actor):
        return list(changed_in(actor))


def changed_in(actor: Actor) -> Iterator[Broken]:
    """The same, one after the other; call it inside `books_of`."""
    for close in rows_of(actor, PeriodClose).select_related("period").order_by("period__month_on", "version"):
        key = f"{close.period.month_on:%Y-%m} version {close.version}"
        if journal_hash(actor, close.run_id) != close.journal_hash:
            yield Broken(law=CLOSED_STAY, key=key, detail="another journal hash")
        if posted_totals(actor, close.run_id) != close.totals:
            yield Broken(law=CLOSED_STAY, key=key, detail="other totals")
