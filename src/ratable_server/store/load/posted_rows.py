"""Posted results as reports read them: of the runs that count, with a draft on top if one is looked at.

Owns which rows stand: most results are differences and simply sum up; what was rated and allocated is told whole, so
a run that computed a contract's history again takes the place of what earlier runs said of that contract.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ratable import tables
from ratable.drawdown.units import KINDS
from ratable_server.actor import Actor
from ratable_server.store.load.counted import Counted
from ratable_server.store.save import KEPT
from ratable_server.store.transport import read_table

WHOLE = ("rated", "allocated")
UNIT_DRAWS = "unit_draws"  # what of the draws is kept in units

# Posted rows and drafts have run ids of one sequence, so that one list chooses among both.
_COUNTED = """
WITH counted (run_id, month_on) AS (SELECT * FROM unnest(%s::bigint[], %s::date[])),
asked (contract_id) AS (SELECT %s::text)
"""
# A run that rated or corrected a month before its own has computed the contract's whole history.
_AGAIN = """
, again AS (
    SELECT told.contract_id, max(counted.month_on) AS month_on FROM (
        SELECT contract_id, run_id, month_on FROM {rated} AS rated
        UNION ALL SELECT contract_id, run_id, service_on FROM {draws} AS draws
        UNION ALL SELECT contract_id, run_id, service_on FROM {revenue} AS revenue WHERE kind = 'usage'
    ) AS told JOIN counted ON counted.run_id = told.run_id AND told.month_on < counted.month_on
    GROUP BY 1
)
"""
_ROWS = "SELECT {columns} FROM {rows} AS result JOIN counted ON counted.run_id = result.run_id"
_STANDING = " LEFT JOIN again ON again.contract_id = result.contract_id"
_STANDS = "(again.month_on IS NULL OR counted.month_on >= again.month_on)"
_OF_CONTRACT = "{row}.contract_id = (SELECT contract_id FROM asked)"
# What was drawn in units is for the next run.
_OF_UNITS = tuple(KINDS.values())
_DRAWN_AS = {kept: kind for kind, kept in KINDS.items()}
_KINDS_OF_UNITS = ", ".join(map(repr, _OF_UNITS))
_MEASURES = {"draws": f" AND kind NOT IN ({_KINDS_OF_UNITS})", UNIT_DRAWS: f" AND kind IN ({_KINDS_OF_UNITS})"}
_KEPT = {**KEPT, UNIT_DRAWS: KEPT["draws"]}
_LINES = """
SELECT {columns} FROM journal_line AS line
JOIN counted ON counted.run_id = line.run_id
JOIN journal_entry AS entry ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
WHERE line.tenant_id = {tenant}
"""
_OF_THE_LINE = ("account", "item_id", "product_id", "commit_id", "debit_minor", "credit_minor")


def load_results(actor: Actor, name: str, counted: Counted, *, contract: str | None = None) -> pa.Table:
    """The rows of a result, a key of `save.KEPT`; of one contract or of all."""
    schema = _KEPT[name].schema
    columns = ", ".join(f'result."{column}"' for column in schema.names)
    query = _ROWS.format(columns=columns, rows=_rows(actor, name, counted))
    conditions = [] if contract is None else [_OF_CONTRACT.format(row="result")]
    before = _COUNTED
    if name in WHOLE and len(counted.months) > 1:
        before += _AGAIN.format(**{each: _rows(actor, each, counted) for each in ("rated", "draws", "revenue")})
        query, conditions = query + _STANDING, [*conditions, _STANDS]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return read_table(f"{before} {query} {where}", _parameters(counted, contract), schema)


def in_money(draws: pa.Table) -> pa.Table:
    """Draws less those that are kept in units."""
    return draws.filter(pc.invert(pc.is_in(draws["kind"], pa.array(_OF_UNITS, pa.string()))))


def load_unit_draws(actor: Actor, counted: Counted, *, contract: str | None = None) -> pa.Table:
    """What was drawn in units, in millionths, under the kinds that draws have."""
    rows = load_results(actor, UNIT_DRAWS, counted, contract=contract)
    kinds = [_DRAWN_AS[kind] for kind in rows["kind"].to_pylist()]
    place = rows.schema.get_field_index("kind")
    return rows.set_column(place, rows.schema.field(place), pa.array(kinds, pa.string()))


def load_journal_lines(actor: Actor, counted: Counted, *, contract: str | None = None) -> pa.Table:
    """Every line of the journal with its entry, in no particular order."""
    columns = ", ".join(map(_journal_column, tables.JOURNAL.names))
    query = _LINES.format(columns=columns, tenant=actor.tenant_id)
    if contract is not None:
        query += f" AND {_OF_CONTRACT.format(row='entry')}"
    if counted.draft is not None:  # a posted run may have left its draft behind
        query += f" UNION ALL {query.replace('journal_', 'draft_journal_')} AND line.run_id = {counted.draft}"
    return read_table(f"{_COUNTED} {query}", _parameters(counted, contract), tables.JOURNAL)


def _journal_column(name: str) -> str:
    if name == "entry_id":
        return "entry.entry_code"
    return f'line."{name}"' if name in _OF_THE_LINE else f'entry."{name}"'


def _rows(actor: Actor, name: str, counted: Counted) -> str:
    table = _KEPT[name].table
    columns = ", ".join(f'"{column}"' for column in ("run_id", *_KEPT[name].schema.names))
    rows = f"SELECT {columns} FROM {table} WHERE tenant_id = {actor.tenant_id}{_MEASURES.get(name, '')}"  # noqa: S608 - names and numbers are the code's own
    if counted.draft is not None:
        rows += f" UNION ALL {rows.replace(f'FROM {table}', f'FROM draft_{table}')} AND run_id = {counted.draft}"
    return f"({rows})"


def _parameters(counted: Counted, contract: str | None) -> list[object]:
    runs = [*counted.runs] if counted.draft is None else [*counted.runs, counted.draft]
    return [runs, list(counted.months), contract]
