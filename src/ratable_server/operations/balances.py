"""Balances that a rule needs before it can judge an act: computed from the books as this transaction sees them.

Each of these asks the calculation for one contract. The caller holds the month, the contract and its prepaid commits,
so that the balance is still true when the act is written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from ratable.ledger.entries import TERMINATION
from ratable.money import to_major
from ratable.periods import month_of, next_month
from ratable.terms import Contract
from ratable.terms_tables import addressed_stream, counts_from
from ratable_server.actor import Actor
from ratable_server.operations.calculation import calculate
from ratable_server.store.load.computed import last_month_used
from ratable_server.store.models import Adjustment
from ratable_server.store.scope import rows_of


def left_of_commit(actor: Actor, contract: Contract, commit: str, *, through: date) -> Decimal:
    """What a prepaid commit has left at the end of a month."""
    found = calculate(actor, contracts=[contract.id], before_on=next_month(through))
    balances = found.sheet.fetch(found.outcome.drawdowns.balances).to_pylist()
    left_minor = next(row["balance_minor"] for row in balances if row["commit_id"] == commit)
    return to_major(left_minor, contract.currency)


def drawn_of_commit(actor: Actor, contract: Contract, commit: str, *, open_on: date) -> Decimal:
    """What usage has drawn of a prepaid commit so far, in closed months and open ones."""
    first_on = max(open_on, month_of(counts_from(contract)))
    through = max(first_on, last_month_used(actor) or first_on)
    found = calculate(actor, contracts=[contract.id], before_on=next_month(through))
    draws = found.sheet.fetch(found.outcome.drawdowns.draws).to_pylist()
    of_pool = (row["net_minor"] for row in draws if (row["commit_id"], row["kind"]) == (commit, "drawdown"))
    return to_major(sum(of_pool), contract.currency)


def used_of_commit(actor: Actor, contract: Contract, commit: str, *, month_on: date, through: date) -> Decimal:
    """What is addressed to a prepaid commit in a month, as adjusted so far, in list value."""
    found = calculate(actor, contracts=[contract.id], before_on=next_month(through))
    by_month = found.sheet.fetch(found.outcome.metered.by_month).to_pylist()
    wanted = (addressed_stream(commit), month_on)
    used = sum(row["amount_e12"] for row in by_month if (row["item_id"], row["month_on"]) == wanted)
    adjustments = rows_of(actor, Adjustment).filter(commit__code=commit, service_on=month_on)
    adjusted_minor = adjustments.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    return Decimal(used).scaleb(-12) + to_major(int(adjusted_minor), contract.currency)


def held_for_refund(actor: Actor, contract: Contract, *, through: date, terminate: Callable[[], object]) -> Decimal:
    """The liability that a termination without a refund would release.

    `terminate` writes that termination, as a trial: it is undone before anybody else could see it.
    """
    point = transaction.savepoint()
    try:
        terminate()
        found = calculate(actor, contracts=[contract.id], before_on=next_month(through))
        applied = found.sheet.fetch(found.outcome.journal.applied).to_pylist()
    finally:
        transaction.savepoint_rollback(point)
    released_minor = -sum(
        row["debit_minor"] for row in applied if row["contract_id"] == contract.id and row["place"] == TERMINATION
    )
    return to_major(released_minor, contract.currency)
