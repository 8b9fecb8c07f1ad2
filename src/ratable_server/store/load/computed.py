"""What is posted of revenue and of prepaid commits, of all contracts or of some, and how to tell that the books changed.

Owns the sign by which a computation of the books is still the one to show: it changes with every fact and every term.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import ibis
import pyarrow as pa
from django.db import connection

from ratable import tables
from ratable.drawdown.breakage import BREAKAGE
from ratable.facts.documents import TERMINATION
from ratable_server.actor import Actor
from ratable_server.store.models import PeriodClose
from ratable_server.store.scope import rows_of
from ratable_server.store.transport import read_table

REVENUE = ibis.schema({**tables.REVENUE, "public_id": "int64", "run_id": "int64"})
MOVES = ibis.schema({**tables.MOVES, "run_id": "int64"})

# An entry of the audit can be committed after a later one: those that may still have been missing are counted.
_STATE = """
SELECT fact_number, newest.id, newest.recorded_at, (
    SELECT count(*) FROM audit_entry WHERE tenant_id = %(tenant)s AND id > newest.id - 10000
)
FROM tenant LEFT JOIN LATERAL (
    SELECT id, recorded_at FROM audit_entry WHERE tenant_id = %(tenant)s ORDER BY id DESC LIMIT 1
) AS newest ON true
WHERE tenant.id = %(tenant)s
"""
_IS_OF_AN_END = f"(place = {TERMINATION} OR account = 'refund_liability')"
_LAST_USAGE = "SELECT max(month_on) FROM usage_record WHERE tenant_id = %s"


class KnowledgeState(NamedTuple):
    """How far the books have come: the same, nothing was learned in between."""

    fact_number: int
    audit_id: int
    audit_count: int
    changed_at: datetime


def knowledge_state(actor: Actor) -> KnowledgeState:
    """As this transaction sees the books."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"tenant": actor.tenant_id})
        fact_number, audit_id, changed_at, audit_count = cursor.fetchone()
    return KnowledgeState(fact_number, audit_id, audit_count, changed_at)


def last_month_used(actor: Actor) -> date | None:
    """The last month that usage was recorded in; None: there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_USAGE, [actor.tenant_id])
        (month_on,) = cursor.fetchone()
    return month_on if isinstance(month_on, date) else None


def closed_at_by_run(actor: Actor, runs: Sequence[int]) -> dict[int, datetime]:
    """When each run was posted."""
    return dict(rows_of(actor, PeriodClose).filter(run_id__in=runs).values_list("run_id", "closed_at"))


def posted_revenue(actor: Actor, runs: Sequence[int], contracts: Sequence[str] | None) -> pa.Table:
    """The revenue of these runs, with the ids of its rows."""
    return _posted("revenue_transaction", REVENUE, actor, runs=runs, contracts=contracts)


def posted_draws(actor: Actor, runs: Sequence[int], contracts: Sequence[str] | None) -> pa.Table:
    """What these runs drew on prepaid commits, and what none covered."""
    return _posted("draw", tables.DRAWS, actor, runs=runs, contracts=contracts)


def posted_breakage(actor: Actor, runs: Sequence[int], contracts: Sequence[str] | None) -> pa.Table:
    """What lapsed by these runs."""
    return _posted("breakage", BREAKAGE, actor, runs=runs, contracts=contracts)


def posted_endings(actor: Actor, runs: Sequence[int], contracts: Sequence[str] | None) -> pa.Table:
    """What terminations moved by these runs, and what came to be owed back."""
    return _posted("applied_move", MOVES, actor, runs=runs, contracts=contracts, where=_IS_OF_AN_END)


def _posted(
    table: str,
    schema: ibis.Schema,
    actor: Actor,
    *,
    runs: Sequence[int],
    contracts: Sequence[str] | None,
    where: str = "true",
) -> pa.Table:
    columns = ", ".join(f'"{name}"' for name in schema.names)
    query = f"SELECT {columns} FROM {table} WHERE tenant_id = %s AND run_id = ANY(%s) AND {where}"  # noqa: S608 - names are the code's own
    parameters: list[object] = [actor.tenant_id, list(runs)]
    if contracts is not None:
        query, parameters = f"{query} AND contract_id = ANY(%s)", [*parameters, list(contracts)]
    return read_table(query, parameters, schema)
