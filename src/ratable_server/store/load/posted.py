"""What earlier closes have posted, as the tables a run reads: whole, or carried forward as sums."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import ibis
import pyarrow as pa

from ratable import tables
from ratable.drawdown.breakage import BREAKAGE
from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.store.load.periods import current_runs
from ratable_server.store.load.selections import Selection
from ratable_server.store.transport import read_table


class Posted(NamedTuple):
    """Rows of `tables`, of the closes that count."""

    draws: pa.Table
    demands: pa.Table
    breakage: pa.Table
    revenue: pa.Table
    applied: pa.Table


# A carried row stands for everything before: booked on the last settled day, under no item and no product. Draws on a
# commit that a credit memo took from, or that rolls over, keep their months: how much the memo could take, and how much
# rolled over, depends on what was drawn before.
_CARRIED_DRAWS = """
WITH credited (code) AS (
    SELECT prepaid_commit.code FROM top_up
    JOIN prepaid_commit ON prepaid_commit.tenant_id = top_up.tenant_id AND prepaid_commit.id = top_up.commit_id
    WHERE top_up.tenant_id = {tenant} AND top_up.amount_minor < 0
    UNION SELECT code FROM prepaid_commit WHERE tenant_id = {tenant} AND rollover IS NOT NULL
)
SELECT contract_id, '', commit_id, kind, used_in, booked_in, DATE '0001-01-01', sum(gross_minor), sum(net_minor)
FROM (
    SELECT contract_id, commit_id, kind, gross_minor, net_minor,
        CASE WHEN commit_id IN (SELECT code FROM credited) THEN booked_on ELSE {month} END AS booked_in,
        CASE WHEN commit_id IN (SELECT code FROM credited) THEN service_on ELSE {month} END AS used_in
    FROM draw WHERE {of} AND kind IN ('drawdown', 'units')
) AS drawn
GROUP BY contract_id, commit_id, kind, used_in, booked_in
"""
_CARRIED_BREAKAGE = """
SELECT contract_id, commit_id, product_id, kind, {month}, {day}, sum(amount_minor)
FROM breakage WHERE {of} GROUP BY contract_id, commit_id, product_id, kind
"""
_CARRIED_REVENUE = """
SELECT contract_id, source_kind, source_id, '', '', commit_id, kind, {month}, {month}, {day}, DATE '0001-01-01',
    sum(amount_minor)
FROM revenue_transaction WHERE {of} GROUP BY contract_id, source_kind, source_id, commit_id, kind
"""


def load_posted(actor: Actor, selection: Selection) -> Posted:
    """What the selected contracts have posted."""
    runs = current_runs(actor)
    condition, codes = selection.of_contracts()
    of = f"tenant_id = %s AND run_id = ANY(%s) AND {condition}"
    parameters = [actor.tenant_id, runs, codes]
    applied = _whole("applied_move", tables.MOVES, of, parameters)
    if not selection.is_carried:
        return Posted(
            draws=_whole("draw", tables.DRAWS, of, parameters),
            demands=_whole("demand", tables.POSTED_DEMANDS, of, parameters),
            breakage=_whole("breakage", BREAKAGE, of, parameters),
            revenue=_whole("revenue_transaction", tables.REVENUE, of, parameters),
            applied=applied,
        )
    last_on = selection.first_on - timedelta(days=1)
    told = {"of": of, "tenant": actor.tenant_id, "month": f"DATE '{month_of(last_on)}'", "day": f"DATE '{last_on}'"}
    return Posted(
        draws=read_table(_CARRIED_DRAWS.format(**told), parameters, tables.DRAWS),
        demands=tables.POSTED_DEMANDS.to_pyarrow().empty_table(),
        breakage=read_table(_CARRIED_BREAKAGE.format(**told), parameters, BREAKAGE),
        revenue=read_table(_CARRIED_REVENUE.format(**told), parameters, tables.REVENUE),
        applied=applied,
    )


def _whole(table: str, schema: ibis.Schema, of: str, parameters: list[object]) -> pa.Table:
    columns = ", ".join(f'"{name}"' for name in schema.names)
    return read_table(f"SELECT {columns} FROM {table} WHERE {of}", parameters, schema)  # noqa: S608 - names are the code's own
