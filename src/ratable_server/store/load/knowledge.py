"""What the books knew, and terms as they were then.

Owns the reading of earlier states: inside `terms_known` a query of Django's over a table of terms gives its rows as they
were known, whatever became of them since. The database keeps those states (`models.earlier`); here they take the place of
the rows, each query being told under the table's own name what the table was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from ratable_server.actor import Actor

ALL_FACTS = 2**63 - 1  # a number that no fact reaches

_TOLD = (
    "contract", "usage_item", "tier_price_override", "prepaid_commit", "subscription", "milestone", "product",
    "usage_group", "tier", "product_bundle",
)  # fmt: skip
TERMS = (*_TOLD, "bundle_line")
_CHANGED = "SELECT DISTINCT kind FROM earlier_term WHERE tenant_id = {tenant} AND {unknown}"
# The first change that was not known says what a row was. A state says what is read; the rest is as it is now.
_THEN = """
"{table}" AS NOT MATERIALIZED (
    SELECT present.* FROM {table} AS present WHERE tenant_id = {tenant} AND {there} AND id NOT IN (
        SELECT row_id FROM earlier_term WHERE tenant_id = {tenant} AND kind = '{table}' AND {unknown}
    )
    UNION ALL
    SELECT was.* FROM (
        SELECT DISTINCT ON (row_id) row_id, state FROM earlier_term
        WHERE tenant_id = {tenant} AND kind = '{table}' AND {unknown} ORDER BY row_id, id
    ) AS earlier
    LEFT JOIN {table} AS present ON present.tenant_id = {tenant} AND present.id = earlier.row_id
    CROSS JOIN LATERAL jsonb_populate_record(present, earlier.state) AS was
    WHERE earlier.state IS NOT NULL AND {was_there}
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What was known: to a close, to the run of a draft, or at a moment; with none of these, all that is known now.

    A close knew the terms that were agreed when it was made, and facts up to the last one that its run has read.
    """

    close_id: int | None = None
    snapshot: str = ""
    at: datetime | None = None
    facts_through: int = ALL_FACTS


@contextmanager
def terms_known(actor: Actor, known: Knowledge) -> Iterator[None]:
    """Let Django's queries over terms give what was known; where nothing has changed since they are what they were."""
    states = _states(actor, known)
    if not states:
        yield
        return

    def told(execute: Callable[..., Any], query: str, *rest: Any) -> Any:
        return execute(_with(states, query), *rest)

    with connection.execute_wrapper(told):
        yield


def query_of_terms(actor: Actor, known: Knowledge, query: str) -> str:
    """A query of ours, which names its tables in quotes, over terms as they were known."""
    return _with(_states(actor, known), query)


def _with(states: dict[str, str], query: str) -> str:
    if not query.lstrip().startswith("SELECT"):
        return query
    named = [state for table, state in states.items() if f'"{table}"' in query]
    return f"WITH {', '.join(named)} {query}" if named else query


def _states(actor: Actor, known: Knowledge) -> dict[str, str]:
    """For each table that was not what it is now: what it was."""
    unknown = _unknown(known)
    if unknown is None:
        return {}
    told = {"tenant": actor.tenant_id, "unknown": unknown}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED.format(**told))
        changed = {kind for (kind,) in cursor.fetchall()} | set(_TOLD if known.at is not None else ())
    return {table: _THEN.format(table=table, **told, **_there(table, known)) for table in TERMS if table in changed}


def _there(table: str, known: Knowledge) -> dict[str, str]:
    """What was made before anything was computed has no earlier state: at a moment it was there if it had been made."""
    if known.at is None or table not in _TOLD:
        return {"there": "true", "was_there": "true"}
    made = f"created_at <= '{known.at.isoformat()}'"
    return {"there": f"present.{made}", "was_there": f"was.{made}"}


def _unknown(known: Knowledge) -> str | None:
    """Which changes were not known; None: all were."""
    if known.close_id is not None:
        return f"after_close >= {known.close_id}"
    if known.snapshot:
        return f"NOT pg_visible_in_snapshot(transaction_id::text::xid8, '{known.snapshot}'::pg_snapshot)"
    return None if known.at is None else f"stopped_at > '{known.at.isoformat()}'"
