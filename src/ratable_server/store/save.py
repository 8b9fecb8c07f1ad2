"""Results of a run into the books: as a draft, and from the draft into what is posted.

Owns which table of `ratable.tables` goes where. Posting is INSERT ... SELECT: nothing is computed
between what was looked at and what is posted.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import pyarrow as pa
from django.db import connection

from ratable import tables
from ratable.drawdown.breakage import BREAKAGE
from ratable_server.actor import Actor
from ratable_server.store.transport import stage_table

_TYPES = {"string": "text", "date": "date", "int64": "bigint", "boolean": "boolean"}


class _Kept(NamedTuple):
    """Where rows of a schema go; the draft has the same name with `draft_` before it."""

    table: str
    schema: ibis.Schema


KEPT = {
    "rated": _Kept("rated_line", tables.RATED_LINES),
    "draws": _Kept("draw", tables.DRAWS),
    "demands": _Kept("demand", tables.POSTED_DEMANDS),
    "breakage": _Kept("breakage", BREAKAGE),
    "allocated": _Kept("allocation", tables.ALLOCATED),
    "revenue": _Kept("revenue_transaction", tables.REVENUE),
    "applied": _Kept("applied_move", tables.MOVES),
}
_HEAD = (
    "contract_id",
    "currency",
    "source_kind",
    "source_id",
    "kind",
    "service_on",
    "booked_on",
    "on",
    "place",
    "number",
    "is_adjusted",
)
_LINE = ("account", "item_id", "product_id", "commit_id", "debit_minor", "credit_minor")


def save_draft(actor: Actor, run_id: int, name: str, rows: pa.Table) -> int:
    """Keep rows of one result as a draft; give how many. `name` is a key of `KEPT`, or `journal`."""
    if not rows.num_rows:
        return 0
    if name == "journal":
        return _save_journal(actor, run_id, rows)
    kept = KEPT[name]
    stage_table("staged_rows", rows, _types(kept.schema))
    columns = _quoted(kept.schema.names)
    return _execute(
        f"INSERT INTO draft_{kept.table} (tenant_id, run_id, {columns}) SELECT %s, %s, {columns} FROM staged_rows",  # noqa: S608
        actor.tenant_id,
        run_id,
    )


def _save_journal(actor: Actor, run_id: int, rows: pa.Table) -> int:
    stage_table("staged_rows", rows, _types(tables.JOURNAL))
    head = _quoted(_HEAD)
    _execute(
        f"""
        INSERT INTO draft_journal_entry (tenant_id, run_id, entry_code, {head}, line_count, total_minor)
        SELECT %s, %s, entry_id, {head}, count(*), sum(debit_minor) FROM staged_rows GROUP BY entry_id, {head}
        """,  # noqa: S608 - names are the code's own
        actor.tenant_id,
        run_id,
    )
    line = _quoted(_LINE)
    return _execute(
        f"""
        INSERT INTO draft_journal_line (tenant_id, run_id, entry_id, {line})
        SELECT entry.tenant_id, entry.run_id, entry.id, {line} FROM staged_rows AS staged
        JOIN draft_journal_entry AS entry
            ON entry.tenant_id = %s AND entry.run_id = %s AND entry.entry_code = staged.entry_id
        """,  # noqa: S608
        actor.tenant_id,
        run_id,
    )


def post_draft(actor: Actor, run_id: int) -> None:
    """Put the draft of a run into what is posted, entries before lines."""
    for kept in KEPT.values():
        _post(kept.table, (*kept.schema.names,), actor, run_id)
    _post("journal_entry", ("entry_code", *_HEAD, "line_count", "total_minor"), actor, run_id)
    line = _quoted(_LINE)
    _execute(
        f"""
        INSERT INTO journal_line (tenant_id, run_id, entry_id, {line})
        SELECT posted.tenant_id, posted.run_id, posted.id, {line} FROM draft_journal_line AS draft
        JOIN draft_journal_entry AS entry ON entry.tenant_id = draft.tenant_id AND entry.id = draft.entry_id
        JOIN journal_entry AS posted
            ON posted.tenant_id = entry.tenant_id AND posted.run_id = entry.run_id AND posted.entry_code = entry.entry_code
        WHERE draft.tenant_id = %s AND draft.run_id = %s
        """,  # noqa: S608
        actor.tenant_id,
        run_id,
    )


def _post(table: str, names: tuple[str, ...], actor: Actor, run_id: int) -> None:
    columns = _quoted(names)
    _execute(
        f"""
        INSERT INTO {table} (tenant_id, run_id, {columns})
        SELECT tenant_id, run_id, {columns} FROM draft_{table} WHERE tenant_id = %s AND run_id = %s
        """,  # noqa: S608
        actor.tenant_id,
        run_id,
    )


def drop_draft(actor: Actor, run_id: int) -> None:
    """Remove the draft of a run."""
    for table in ("journal_line", "journal_entry", *(kept.table for kept in KEPT.values())):
        _execute(f"DELETE FROM draft_{table} WHERE tenant_id = %s AND run_id = %s", actor.tenant_id, run_id)  # noqa: S608


def journal_hash(actor: Actor, run_id: int) -> str:
    """SHA-256 over the posted lines of a run, each with its entry, in the order of their content."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT encode(sha256(convert_to(COALESCE(string_agg(told, chr(10) ORDER BY told COLLATE "C"), ''), 'UTF8')), 'hex')
            FROM (
                SELECT concat_ws(
                    chr(31), entry.entry_code, entry.contract_id, entry.currency, entry.kind, entry.service_on,
                    entry.booked_on, entry."on", line.account, line.item_id, line.product_id, line.commit_id,
                    line.debit_minor, line.credit_minor
                ) AS told
                FROM journal_line AS line
                JOIN journal_entry AS entry ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
                WHERE line.tenant_id = %s AND line.run_id = %s
            ) AS lines
            """,
            [actor.tenant_id, run_id],
        )
        (found,) = cursor.fetchone()
    return str(found)


def posted_totals(actor: Actor, run_id: int) -> dict[str, dict[str, int]]:
    """Debits less credits of each account by currency, as posted by a run."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT entry.currency, line.account, sum(line.debit_minor - line.credit_minor)
            FROM journal_line AS line
            JOIN journal_entry AS entry ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
            WHERE line.tenant_id = %s AND line.run_id = %s GROUP BY 1, 2 ORDER BY 1, 2
            """,
            [actor.tenant_id, run_id],
        )
        totals: dict[str, dict[str, int]] = {}
        for currency, account, net_minor in cursor.fetchall():
            totals.setdefault(currency, {})[account] = int(net_minor)
    return totals


def _types(schema: ibis.Schema) -> dict[str, str]:
    return {name: _TYPES.get(str(kind), "numeric") for name, kind in schema.items()}


def _quoted(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _execute(query: str, *parameters: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.rowcount)
