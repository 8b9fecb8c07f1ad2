"""All prepaid commits of a contract in one look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.queries.contracts import Contract
from ratable_server.queries.documents import DocumentsAsked, documents
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.prepaid_commits import Balance, PrepaidCommit, prepaid_balances, prepaid_commits
from ratable_server.queries.revenue import RevenueAsked, revenue_transactions

_NOTHING = Decimal(0)
_ALL = Decimal(100)
_BILLED_AS_USAGE = ("usage", "overage", "minimum")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidSummary:
    """Sums over the commits of a contract, in its currency; each commit with its balance.

    `uninvoiced` is the overage that no invoice of the contract's usage has covered: invoices cover the oldest usage first.
    """

    granted: Decimal
    drawn: Decimal
    remaining: Decimal
    lapsed: Decimal
    overage: Decimal
    uninvoiced: Decimal
    discount: Decimal
    gross: Decimal
    active_count: int
    commits: tuple[tuple[PrepaidCommit, Balance], ...]


def prepaid_summary(*, actor: Actor, contract: Contract, on: date) -> PrepaidSummary:
    """Where the prepaid commits of a contract stand on a day."""
    commits = prepaid_commits(actor=actor, contract_id=contract.id, asked=EVERYTHING).rows
    balances = prepaid_balances(actor=actor, commits=commits, on=on)
    told = tuple((commit, balances[commit.code]) for commit in commits)
    months = [month for _, balance in told for month in balance.consumptions]
    return PrepaidSummary(
        granted=sum((balance.granted for _, balance in told), _NOTHING),
        drawn=sum((balance.drawn for _, balance in told), _NOTHING),
        remaining=sum((balance.remaining for _, balance in told), _NOTHING),
        lapsed=sum((balance.lapsed for _, balance in told), _NOTHING),
        overage=sum((balance.overage for _, balance in told), _NOTHING),
        uninvoiced=_uninvoiced(actor, contract, on=on),
        discount=sum((month.discount for month in months), _NOTHING),
        gross=sum((month.gross for month in months), _NOTHING),
        active_count=sum(balance.status == "ACTIVE" for _, balance in told),
        commits=told,
    )


def _uninvoiced(actor: Actor, contract: Contract, *, on: date) -> Decimal:
    """The overage among the latest usage that makes up what is not billed."""
    asked = RevenueAsked(contracts=[contract.code], kinds=_BILLED_AS_USAGE, limit=EVERYTHING.limit)
    rows = revenue_transactions(actor=actor, on=on, asked=asked).rows
    left = sum((row.amount for row in rows), _NOTHING) - _billed(actor, contract)
    overage = _NOTHING
    for row in sorted(rows, key=lambda row: row.on, reverse=True):
        taken = max(min(row.amount, left), _NOTHING)
        left -= taken
        overage += taken if row.kind == "overage" else _NOTHING
    return overage


def _billed(actor: Actor, contract: Contract) -> Decimal:
    """Invoices of the contract's usage, less what adjustments have credited of them."""
    asked = DocumentsAsked(
        contracts=[contract.code], kinds=["invoice", "credit_memo"], is_void=False, limit=EVERYTHING.limit
    )
    found = documents(actor=actor, asked=asked).rows
    invoices = [
        each for each in found
        if each.kind == "invoice" and (each.prepaid_commit_id, each.subscription_id, each.milestone_id) == (None,) * 3
    ]  # fmt: skip
    credited = [each for each in found if each.against == "adjustment"]
    return sum((each.amount for each in invoices), _NOTHING) - sum((each.amount for each in credited), _NOTHING)


def utilization_percentage(balance: Balance) -> Decimal:
    """How much of a commit is drawn, in percent with two digits."""
    if not balance.granted:
        return _NOTHING
    return (balance.drawn * _ALL / balance.granted).quantize(Decimal("0.01"))
