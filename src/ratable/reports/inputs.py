"""The tables that reports read, by name: those of the flow, and five that only the books can fill.

Owns the names and schemas of inputs. Whoever runs a report binds tables of these schemas; which rows
stand in them (as of which day of knowledge, with or without a draft) is the caller's choice.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from ratable import tables


def _schema(**columns: str) -> ibis.Schema:
    return ibis.schema(columns)


DAY = _schema(at="date")  # one row: the day whose end is asked for

CUSTOMERS = _schema(contract_id="string", customer_id="string")

REJECTED = _schema(
    import_id="string",  # the file or request that brought it
    row="int64",
    usage_id="string",
    item_id="string",
    code="string",
    value="string",
    is_blocking="boolean",
    is_resolved="boolean",
)

RECEIPTS = _schema(  # rows per import and status: received | accepted | voided | duplicate | rejected
    import_id="string",
    status="string",  # received is what the receipt counted, the others are counted from the stored rows
    records="int64",
    quantity_e12="decimal(38, 0)",
)

CLOSES = _schema(  # a row per month that was ever closed or is in review, its latest close
    month_on="date",
    status="string",  # open | in_review | closed
    version="int64",  # how often it was closed
    closed_at="timestamp('UTC')",
    closed_by="string",
    warnings="string",  # what its close, or its draft, tells that may surprise
)

INPUTS: Mapping[str, ibis.Schema] = {
    "months": tables.MONTHS,
    "contracts": tables.CONTRACTS,
    "customers": CUSTOMERS,
    "agreed_commits": tables.COMMITS,  # as signed: no termination has cut them short; see contracts.released_on
    "agreed_schedules": tables.SCHEDULES,  # as signed, too
    "grants": tables.GRANTS,
    "forfeits": tables.FORFEITS,  # by the knowledge of each month; see `ratable.reports.rollovers`
    "rated": tables.RATED_LINES,
    "draws": tables.DRAWS,
    "allocated": tables.ALLOCATED,
    "revenue": tables.REVENUE,
    "journal": tables.JOURNAL,
    "day": DAY,
    "rejected": REJECTED,
    "receipts": RECEIPTS,
    "closes": CLOSES,
}
