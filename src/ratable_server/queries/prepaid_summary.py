"""All prepaid commits of a contract in one look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.queries.contracts import Contract
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.prepaid_commits import Balance, PrepaidCommit, prepaid_balances, prepaid_commits
from ratable_server.queries.usage_unbilled import overage_months

_NOTHING = Decimal(0)
_ALL = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidSummary:
    """Sums over the commits of a contract, in its currency; each commit with its balance.

    gross = discount + drawn + overage. `uninvoiced` is the overage that no invoice has covered (`queries.usage_unbilled`).
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
    return PrepaidSummary(
        granted=sum((balance.granted for _, balance in told), _NOTHING),
        drawn=sum((balance.drawn for _, balance in told), _NOTHING),
        remaining=sum((balance.remaining for _, balance in told), _NOTHING),
        lapsed=sum((balance.lapsed for _, balance in told), _NOTHING),
        overage=sum((balance.overage for _, balance in told), _NOTHING),
        uninvoiced=_uninvoiced(actor, contract, on=on),
        discount=sum((balance.discount for _, balance in told), _NOTHING),
        gross=sum((balance.gross for _, balance in told), _NOTHING),
        active_count=sum(balance.status == "ACTIVE" for _, balance in told),
        commits=told,
    )


def _uninvoiced(actor: Actor, contract: Contract, *, on: date) -> Decimal:
    """The overage that nobody has billed."""
    months = overage_months(actor=actor, contracts=[contract.code], on=on)
    return sum((month.unbilled for month in months), _NOTHING)


def utilization_percentage(balance: Balance) -> Decimal:
    """How much of a commit is drawn, in percent with two digits."""
    if not balance.granted:
        return _NOTHING
    return (balance.drawn * _ALL / balance.granted).quantize(Decimal("0.01"))
