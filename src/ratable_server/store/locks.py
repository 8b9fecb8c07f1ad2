"""Rows that a writer holds until it commits, always in the order of their kinds.

Things of the register, products, bundles, months, contracts, prepaid commits, customers, the tenant. Of several months the
earlier is taken first, of several of another kind the one whose row came first. A product is held by who changes its price
plans, before the contracts that use them, and kept, as a bundle is, by who names it (`store.keeping`); a thing of the register
by who names it (`operations.register_links`), a customer by who names it on a contract. A month that nobody has booked into
yet gets its row by the first who does, and everybody else who wants to waits for that one: who takes another month, or a month
after a contract, may wait for who waits for him.

Owns the locks of single facts. A close holds its months for itself alone; who books into a month shares it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import QuerySet

from ratable_server.actor import Actor
from ratable_server.store.models import Contract, Period, PrepaidCommit
from ratable_server.store.prepared import Asked, first_row
from ratable_server.store.scope import rows_of

_SHARE = "SELECT status FROM period WHERE tenant_id = %(tenant)s AND month_on = %(month)s FOR SHARE"
_HOLD = """
SELECT id FROM contract WHERE tenant_id = %(tenant)s AND code = %(code)s AND deleted_at IS NULL FOR NO KEY UPDATE
"""
# The month is kept in the same statement that finds it; its status is the one once the lock is there. The contract is
# held after that, and only if the month is kept: there is nothing to be held before a month.
_KEEP_AND_HOLD = """
WITH kept AS MATERIALIZED (
    SELECT contract.id, counts.from_on, closed.month_on, (
        SELECT status FROM period WHERE period.tenant_id = %(tenant)s AND period.month_on = date_trunc(
            'month', coalesce((closed.month_on + interval '1 month')::date, counts.from_on)
        )::date FOR SHARE
    ) AS status
    FROM contract
    CROSS JOIN LATERAL (SELECT coalesce(contract.opening_as_of + 1, contract.starts_on) AS from_on) AS counts
    CROSS JOIN (SELECT max(month_on) AS month_on FROM period WHERE tenant_id = %(tenant)s AND status = 'closed') AS closed
    WHERE contract.tenant_id = %(tenant)s AND contract.code = %(code)s AND contract.deleted_at IS NULL
)
SELECT kept.id, kept.from_on, kept.month_on, coalesce(kept.status <> 'closed', false), CASE WHEN kept.status <> 'closed' THEN (
    SELECT held.id FROM contract AS held
    WHERE held.tenant_id = %(tenant)s AND held.id = kept.id AND held.deleted_at IS NULL FOR NO KEY UPDATE
) END
FROM kept
"""


def share_month(actor: Actor, month_on: date) -> str:
    """Keep a month from being closed, and give its status as it is once the lock is there.

    A month without a row gets one: a close that makes the same row waits for this transaction, and the other way round.
    """
    status = _share(actor, month_on)
    if status is None:
        row = Period(tenant_id=actor.tenant_id, month_on=month_on)
        rows_of(actor, Period).bulk_create([row], ignore_conflicts=True)
        status = _share(actor, month_on)
    return status or "open"


def hold_contract(actor: Actor, code: str) -> int | None:
    """Keep a contract for this transaction: its acts are judged one after the other. None: there is none."""
    found = first_row(*holding(actor, code))
    return found[0] if found else None


def holding(actor: Actor, code: str) -> Asked:
    """The statement that keeps a contract and gives its row, with its parameters."""
    return _HOLD, {"tenant": actor.tenant_id, "code": code}


def keeping_and_holding(actor: Actor, code: str) -> Asked:
    """The statement that keeps a contract's first open month from being closed, and then the contract, with its parameters.

    It gives the row of the contract, the first day that it counts, the last month that is closed, whether the month is kept,
    and the row of the contract once it is held. A month that has no row yet, or was closed at this moment, is not kept, and
    then the contract is not held.
    """
    return _KEEP_AND_HOLD, {"tenant": actor.tenant_id, "code": code}


def hold_contracts(actor: Actor, codes: Iterable[str]) -> None:
    """Keep several contracts, in the order of their rows."""
    _hold_rows(rows_of(actor, Contract).filter(code__in=set(codes)))


def hold_contract_rows(actor: Actor, ids: Iterable[int]) -> None:
    """The same by their rows."""
    _hold_rows(rows_of(actor, Contract).filter(id__in=set(ids)))


def hold_commits(actor: Actor, contract_ids: Iterable[int]) -> None:
    """Keep the prepaid commits of contracts, in the order of their ids: nobody else draws on a balance meanwhile."""
    _hold_rows(rows_of(actor, PrepaidCommit).filter(contract_id__in=list(contract_ids)))


def _hold_rows(rows: QuerySet[Any]) -> None:
    list(rows.select_for_update(no_key=True).order_by("id").values_list("id", flat=True))


def _share(actor: Actor, month_on: date) -> str | None:
    found = first_row(_SHARE, {"tenant": actor.tenant_id, "month": month_on})
    return found[0] if found else None
