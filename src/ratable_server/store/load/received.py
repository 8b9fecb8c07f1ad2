"""What came in: receipts of imports against the rows that are there, rejections, and where each month stands.

Owns the two sides of a receipt: what it says that it received, and what is found of it. Facts are those recorded up to
the moment that is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import pyarrow as pa

from ratable.reports import INPUTS
from ratable_server.actor import Actor
from ratable_server.store.load.close_warnings import CloseWarning, load_close_warnings
from ratable_server.store.load.counted import Counted, counted_closes
from ratable_server.store.load.rejected_usage import standing_rejections
from ratable_server.store.models import PeriodClose, Run
from ratable_server.store.scope import rows_of
from ratable_server.store.transport import read_table

# A record counts by its amount, where it has none by its quantity, as the receipt does.
_RECEIPTS = """
WITH asked (as_of) AS (SELECT %s::timestamptz),
receipt AS (
    SELECT usage_import.* FROM usage_import, asked
    WHERE tenant_id = {tenant} AND status = 'completed' AND (as_of IS NULL OR recorded_at <= as_of)
        AND (number IS NULL OR number > {after})  -- what added nothing has no number
),
stored AS (
    SELECT usage_import_id, count(*) AS records, sum(coalesce(amount, quantity)) AS quantity
    FROM usage_record WHERE tenant_id = {tenant} AND number > {after} GROUP BY 1
),
voided AS (  -- few: looked up one by one, and not each record for its void
    SELECT record.usage_import_id, count(*) AS records, sum(coalesce(record.amount, record.quantity)) AS quantity
    FROM asked, usage_void AS void
    JOIN usage_record AS record
        ON record.tenant_id = void.tenant_id AND record.month_on = void.month_on AND record.id = void.record_id
    WHERE void.tenant_id = {tenant} AND (as_of IS NULL OR void.recorded_at <= as_of) AND record.number > {after}
    GROUP BY 1
),
turned_away AS (  -- taken once, and not by the runs; what was taken back is no longer asked
    SELECT rejected.*, record.id AS record_id, coalesce(record.amount, record.quantity) AS stored_quantity
    FROM ({rejected}) AS rejected
    LEFT JOIN usage_record AS record ON record.tenant_id = {tenant} AND record.month_on = rejected.month_on
        AND record.number = rejected.batch AND record."row" = rejected."row" AND record.event_id = rejected.usage_id
    WHERE NOT EXISTS (
        SELECT FROM asked, usage_void AS void WHERE void.tenant_id = {tenant} AND void.record_id = record.id
            AND (as_of IS NULL OR void.recorded_at <= as_of)
    )
),
refused AS (
    SELECT batch, count(*) AS records, sum(coalesce(amount, quantity)) AS quantity,
        count(record_id) AS stored_records, sum(stored_quantity) AS stored_quantity
    FROM turned_away GROUP BY 1
),
told (import_id, status, records, quantity) AS (
    SELECT code, 'received', rows_received, quantity_received FROM receipt
    UNION ALL SELECT code, 'duplicate', rows_duplicate, quantity_duplicate FROM receipt
    UNION ALL SELECT code, 'rejected', (
        SELECT count(DISTINCT rejection."row") FROM usage_rejection AS rejection
        WHERE rejection.tenant_id = {tenant} AND rejection.usage_import_id = receipt.id
    ), quantity_rejected FROM receipt
    UNION ALL SELECT code, 'rejected', refused.records, refused.quantity
    FROM receipt JOIN refused ON refused.batch = receipt.number
    UNION ALL SELECT code, 'voided', voided.records, voided.quantity
    FROM receipt JOIN voided ON voided.usage_import_id = receipt.id
    UNION ALL SELECT code, 'accepted',
        stored.records - coalesce(voided.records, 0) - coalesce(refused.stored_records, 0),
        stored.quantity - coalesce(voided.quantity, 0) - coalesce(refused.stored_quantity, 0)
    FROM receipt JOIN stored ON stored.usage_import_id = receipt.id
    LEFT JOIN voided ON voided.usage_import_id = receipt.id
    LEFT JOIN refused ON refused.batch = receipt.number
)
SELECT import_id, status, records, trunc(quantity * 1000000000000) FROM told
"""
_REJECTED = """
SELECT usage_import.code, rejection."row", rejection.event_id, rejection.stream, rejection.code, rejection.value,
    rejection.is_blocking, coalesce(resolved_at <= coalesce(%s::timestamptz, resolved_at), false)
FROM usage_rejection AS rejection
JOIN usage_import
    ON usage_import.tenant_id = rejection.tenant_id AND usage_import.id = rejection.usage_import_id
WHERE rejection.tenant_id = %s AND usage_import.recorded_at <= coalesce(%s::timestamptz, usage_import.recorded_at)
UNION ALL
SELECT usage_import.code, rejected."row", rejected.usage_id, rejected.item_id, rejected.code, rejected.value, true,
    coalesce(aside.resolved_at <= coalesce(%s::timestamptz, aside.resolved_at), false)
FROM ({rejected}) AS rejected
JOIN usage_import ON usage_import.tenant_id = %s AND usage_import.number = rejected.batch
LEFT JOIN usage_set_aside AS aside ON aside.tenant_id = usage_import.tenant_id AND aside.usage_id = rejected.usage_id
    AND aside.batch = rejected.batch AND aside."row" = rejected."row" AND aside.code = rejected.code
"""


def load_receipts(actor: Actor, counted: Counted, *, after: int = 0) -> pa.Table:
    """Each receipt with what is found of it, as the input `receipts`; `after` leaves out facts up to that number."""
    query = _RECEIPTS.format(tenant=actor.tenant_id, after=after, rejected=standing_rejections(actor, counted))
    return read_table(query, [counted.as_of], INPUTS["receipts"])


def load_rejected(actor: Actor, counted: Counted) -> pa.Table:
    """Every rejected row of an import, and the usage that the runs that count reject, as the input `rejected`."""
    as_of, query = counted.as_of, _REJECTED.format(rejected=standing_rejections(actor, counted))
    return read_table(query, [as_of, actor.tenant_id, as_of, as_of, actor.tenant_id], INPUTS["rejected"])


def load_closes(actor: Actor, counted: Counted) -> pa.Table:
    """The latest close of each month, as the input `closes`; one that was taken back leaves its month open.

    An open month with a draft is in review, whether it was closed before or not. What may surprise in a month is what its
    close has told, or what its draft tells now.
    """
    closed = {close.period.month_on: close for close in counted_closes(actor, as_of=counted.as_of)}
    latest = dict(closed)
    for close in _made(actor, counted.as_of):
        latest[close.period.month_on] = close
    reviewed = {month_on: _worded(load_close_warnings(actor, month_on)) for month_on in _reviewed(actor, counted.as_of)}
    rows = [
        {
            "month_on": month_on,
            "status": "closed" if month_on in closed else "in_review" if month_on in reviewed else "open",
            **_told(latest.get(month_on)),
            "warnings": _kept_warnings(closed[month_on]) if month_on in closed else reviewed.get(month_on, ""),
        }
        for month_on in sorted({*latest, *reviewed})
    ]
    return pa.Table.from_pylist(rows, schema=INPUTS["closes"].to_pyarrow())


def _told(close: PeriodClose | None) -> dict[str, object]:
    if close is None:
        return {"version": 0, "closed_at": None, "closed_by": ""}
    return {"version": close.version, "closed_at": close.closed_at, "closed_by": close.closed_by}


def _kept_warnings(close: PeriodClose) -> str:
    return _worded([CloseWarning(**told) for told in close.warnings])


def _worded(warnings: Iterable[CloseWarning]) -> str:
    return "; ".join(f"{each.code}: {each.detail}" for each in warnings)


def _made(actor: Actor, as_of: datetime | None) -> list[PeriodClose]:
    closes = rows_of(actor, PeriodClose).select_related("period").order_by("version")
    return list(closes if as_of is None else closes.filter(closed_at__lte=as_of))


def _reviewed(actor: Actor, as_of: datetime | None) -> frozenset[date]:
    """The months with a draft to be looked at; which there were at an earlier moment nobody knows."""
    if as_of is not None:
        return frozenset()
    drafts = rows_of(actor, Run).filter(status="draft").exclude(finished_at=None).exclude(period__status="closed")
    return frozenset(drafts.values_list("period__month_on", flat=True))
