"""Contracts about which something was learned that reaches back into closed months."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import connection

from ratable.terms import Contract
from ratable.terms_tables import Row, addressed_stream, unaddressed_stream
from ratable_server.actor import Actor
from ratable_server.store.load.horizon import UNKNOWN, horizon_of
from ratable_server.store.load.learned import Learned
from ratable_server.store.load.periods import current_closes
from ratable_server.store.models import AllocationChange, Run
from ratable_server.store.scope import rows_of

_LATE = """
SELECT DISTINCT stream FROM usage_record WHERE tenant_id = %(tenant)s AND number > %(through)s AND month_on < %(open_on)s
UNION
SELECT record.stream FROM usage_void AS void
JOIN usage_record AS record
    ON record.tenant_id = void.tenant_id AND record.month_on = void.month_on AND record.id = void.record_id
WHERE void.tenant_id = %(tenant)s AND void.number > %(through)s AND void.month_on < %(open_on)s
"""
# What was agreed after the last close read the terms; a term that is signed late reaches back.
_AGREED = f"""
WITH entry AS ({UNKNOWN})
SELECT subject_code FROM entry WHERE subject_kind = 'contract'
UNION
SELECT jsonb_array_elements_text(after -> 'contracts') FROM entry WHERE subject_kind = 'terms'
"""  # noqa: S608 - the code's own


def stirred_contracts(actor: Actor, learned: Learned, open_on: date) -> frozenset[str]:
    """Codes of contracts whose closed months must be computed again; the others carry their sums forward.

    Late usage and voids, adjustments, changed allocations, terms signed late; documents that look at single months
    (an invoice without a target, a termination); and commits whose rest is owed back, which depends on what was billed
    when.
    """
    last = current_closes(actor)[-1].run
    through = last.facts_through
    owner = {stream: contract.id for contract in learned.terms.contracts for stream in streams_of(contract)}
    found = {owner[stream] for stream in _late_streams(actor, through, open_on) if stream in owner}
    found |= _named_by(row for row in (*learned.adjustments, *learned.turns) if _is_due(row, open_on))
    changed = rows_of(actor, AllocationChange).filter(number__gt=through)
    found |= set(changed.values_list("item__contract__code", flat=True))
    found |= _agreed_since(actor, last)
    if learned.terms.policy.breakage == "none":
        found |= {contract.id for contract in learned.terms.contracts if contract.prepaid_commits}
    return frozenset(found & {contract.id for contract in learned.terms.contracts})  # less what is gone


def streams_of(contract: Contract) -> list[str]:
    """Every stream on which usage of a contract can stand."""
    items = [item.id for item in contract.usage_items]
    return [
        *items,
        *(addressed_stream(commit.id) for commit in contract.prepaid_commits),
        unaddressed_stream(contract.id),
    ]


def _late_streams(actor: Actor, through: int, open_on: date) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_LATE, {"tenant": actor.tenant_id, "through": through, "open_on": open_on})
        return [stream for (stream,) in cursor.fetchall()]


def _agreed_since(actor: Actor, run: Run) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_AGREED, horizon_of(run).told(actor))
        return {code for (code,) in cursor.fetchall()}


def _named_by(rows: Iterable[Row]) -> set[str]:
    return {str(row["contract_id"]) for row in rows}


def _is_due(row: Row, open_on: date) -> bool:
    booked_on = row["booked_on"]
    return isinstance(booked_on, date) and booked_on >= open_on
