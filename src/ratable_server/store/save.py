"""Results of a run into the books: as a draft, and from the draft into what is posted.

Owns which table of `ratable.tables` goes where. Posting is INSERT ... SELECT: nothing is computed
between what was looked at and what is posted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from ratable import tables
from ratable.drawdown.breakage import BREAKAGE
from ratable.errors import InvariantError
from ratable_server.actor import Actor
from ratable_server.store.models import Run
from ratable_server.store.scope import rows_of
from ratable_server.store.transport import in_bulk, stage_table

# Arrow's names of types, and PostgreSQL's
_TYPES = {
    "string": "text",
    "date32[day]": "date",
    "int64": "bigint",
    "decimal128(38, 0)": "numeric",
    "decimal128(38, 12)": "numeric",
    "bool": "boolean",
}


class _Kept(NamedTuple):
    """Where rows of a schema go; the draft has the same name with `draft_` before it."""

    table: str
    schema: ibis.Schema


KEPT = {
    "rejected": _Kept("rejected_usage", tables.REJECTED_USAGE),
    "rated": _Kept("rated_line", tables.RATED_LINES),
    "draws": _Kept("draw", tables.DRAWS),
    "demands": _Kept("demand", tables.POSTED_DEMANDS),
    "breakage": _Kept("breakage", BREAKAGE),
    "allocated": _Kept("allocation", tables.ALLOCATED),
    "revenue": _Kept("revenue_transaction", tables.REVENUE),
    "applied": _Kept("applied_move", tables.MOVES),
}
_DRAFTED = ("journal_line", "journal_entry", *(kept.table for kept in KEPT.values()))
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
_ENTRY = ("id", "entry_code", *_HEAD, "line_count", "total_minor")
_LINE = ("entry_id", "account", "item_id", "product_id", "commit_id", "debit_minor", "credit_minor")


def save_draft(actor: Actor, run_id: int, name: str, rows: pa.Table) -> int:
    """Keep rows of one result as a draft; give how many. `name` is a key of `KEPT`, or `journal`."""
    if not rows.num_rows:
        return 0
    if name == "journal":
        return _save_journal(actor, run_id, rows)
    kept = KEPT[name]
    return _insert(f"draft_{kept.table}", rows.select(list(kept.schema.names)), actor=actor, run_id=run_id)


def _save_journal(actor: Actor, run_id: int, rows: pa.Table) -> int:
    """Entries, then lines. An entry has here the id that it will have when it is posted, so that lines are only copied."""
    entries = _entries(rows)
    _insert("draft_journal_entry", entries.select(_ENTRY), actor=actor, run_id=run_id)
    places = pc.index_in(rows["entry_id"], value_set=entries["entry_code"].combine_chunks())
    lines = rows.select(_LINE[1:]).append_column("entry_id", entries["id"].take(places))
    return _insert("draft_journal_line", lines.select(_LINE), actor=actor, run_id=run_id)


def _entries(rows: pa.Table) -> pa.Table:
    """The entry of each line, once, with how many lines it has and what they come to."""
    groups = rows.group_by(["entry_id", *_HEAD], use_threads=False)
    found = groups.aggregate([("debit_minor", "sum"), ("debit_minor", "count")])
    columns = {"entry_code": found["entry_id"], **{name: found[name] for name in _HEAD}}
    columns |= {"line_count": found["debit_minor_count"], "total_minor": found["debit_minor_sum"]}
    return pa.table({"id": _entry_ids(found.num_rows), **columns})


def _entry_ids(count: int) -> pa.Array:
    """Ids of entries yet to be posted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(sequence) FROM pg_get_serial_sequence('journal_entry', 'id') AS sequence,"
            " generate_series(1, %s)",
            [count],
        )
        return pa.array([number for (number,) in cursor.fetchall()], pa.int64())


def _insert(table: str, rows: pa.Table, *, actor: Actor, run_id: int) -> int:
    """Add rows to a table whose columns have the names of theirs."""
    stage_table("staged_rows", rows, {field.name: _TYPES[str(field.type)] for field in rows.schema})
    columns = _quoted(rows.column_names)
    with in_bulk():
        return _execute(
            f"INSERT INTO {table} (tenant_id, run_id, {columns}) SELECT %s, %s, {columns} FROM staged_rows",  # noqa: S608 - names are the code's own
            actor.tenant_id,
            run_id,
        )


def post_draft(actor: Actor, run_id: int) -> None:
    """Put the draft of a run into what is posted, entries before lines.

    Raises:
        InvariantError: the draft has not the rows that were computed.
    """
    computed = rows_of(actor, Run).values_list("counts", flat=True).get(id=run_id)
    with in_bulk():
        posted = {name: _post(kept.table, kept.schema.names, actor=actor, run_id=run_id) for name, kept in KEPT.items()}
        _post("journal_entry", _ENTRY, actor=actor, run_id=run_id)
        posted["journal"] = _post("journal_line", _LINE, actor=actor, run_id=run_id)
    for name, rows in posted.items():
        if rows != computed[name]:
            raise InvariantError(f"the draft of run {run_id} has {rows} rows of {name}, {computed[name]} were computed")


def _post(table: str, names: Sequence[str], *, actor: Actor, run_id: int) -> int:
    columns = _quoted(names)
    return _execute(
        f"""
        INSERT INTO {table} (tenant_id, run_id, {columns})
        SELECT tenant_id, run_id, {columns} FROM draft_{table} WHERE tenant_id = %s AND run_id = %s
        """,  # noqa: S608
        actor.tenant_id,
        run_id,
    )


def drop_draft(actor: Actor, run_id: int) -> None:
    """Remove the draft of a run."""
    for table in _DRAFTED:
        _execute(f"DELETE FROM draft_{table} WHERE tenant_id = %s AND run_id = %s", actor.tenant_id, run_id)  # noqa: S608


def drop_leftovers(actor: Actor) -> None:
    """Remove the drafts of runs that are drafts no more: posted, discarded, failed."""
    for table in _DRAFTED:
        _execute(
            f"""
            DELETE FROM draft_{table} AS draft USING run
            WHERE draft.tenant_id = %s AND run.tenant_id = draft.tenant_id AND run.id = draft.run_id
                AND run.status <> 'draft'
            """,  # noqa: S608
            actor.tenant_id,
        )


def journal_hash(actor: Actor, run_id: int) -> str:
    """SHA-256 over the posted lines of a run, each with its entry, in the order of their content."""
    with in_bulk(), connection.cursor() as cursor:
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
    with in_bulk(), connection.cursor() as cursor:
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


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _execute(query: str, *parameters: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.rowcount)
