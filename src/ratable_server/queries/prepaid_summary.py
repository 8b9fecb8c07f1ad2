"""All prepaid commits of a contract in one look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.prepaid_commits import Balance, PrepaidCommit, prepaid_balances, prepaid_commits

_NOTHING = Decimal(0)
_ALL = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidSummary:
    """Sums over the commits of a contract, in its currency; each commit with its balance."""

    granted: Decimal
    drawn: Decimal
    remaining: Decimal
    lapsed: Decimal
    overage: Decimal
    discount: Decimal
    gross: Decimal
    active_count: int
    commits: tuple[tuple[PrepaidCommit, Balance], ...]


def prepaid_summary(*, actor: Actor, contract_id: int, on: date) -> PrepaidSummary:
    """Where the prepaid commits of a contract stand on a day."""
    commits = prepaid_commits(actor=actor, contract_id=contract_id, asked=EVERYTHING).rows
    balances = prepaid_balances(actor=actor, commits=commits, on=on)
    told = tuple((commit, balances[commit.code]) for commit in commits)
    months = [month for _, balance in told for month in balance.consumptions]
    return PrepaidSummary(
        granted=sum((balance.granted for _, balance in told), _NOTHING),
        drawn=sum((balance.drawn for _, balance in told), _NOTHING),
        remaining=sum((balance.remaining for _, balance in told), _NOTHING),
        lapsed=sum((balance.lapsed for _, balance in told), _NOTHING),
        overage=sum((balance.overage for _, balance in told), _NOTHING),
        discount=sum((month.discount for month in months), _NOTHING),
        gross=sum((month.gross for month in months), _NOTHING),
        active_count=sum(balance.status == "ACTIVE" for _, balance in told),
        commits=told,
    )


def utilization_percentage(balance: Balance) -> Decimal:
    """How much of a commit is drawn, in percent with two digits."""
    if not balance.granted:
        return _NOTHING
    return (balance.drawn * _ALL / balance.granted).quantize(Decimal("0.01"))
