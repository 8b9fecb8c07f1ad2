"""What the contracts of customers have come to. A sum has one currency: that of the customer's first contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.queries.contracts import Contract
from ratable_server.queries.totals import Totals, contract_totals

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTotals:
    """Of one customer, over its contracts in `currency`."""

    currency: str
    revenue: Decimal
    deferred: Decimal
    billed: Decimal
    unbilled: Decimal
    paid: Decimal
    outstanding: Decimal
    credited: Decimal
    mrr: Decimal


def customer_totals(*, actor: Actor, contracts: Sequence[Contract], on: date) -> dict[int, CustomerTotals]:
    """The totals of the customers of these contracts on a day, by the ids of the customers."""
    totals = contract_totals(actor=actor, contracts=[contract.code for contract in contracts], on=on)
    signed: dict[int, list[Totals]] = defaultdict(list)
    for contract in contracts:
        signed[contract.customer_id].append(totals[contract.code])
    return {customer_id: _summed(each) for customer_id, each in signed.items()}


def _summed(totals: Sequence[Totals]) -> CustomerTotals:
    own = [each for each in totals if each.currency == totals[0].currency]
    return CustomerTotals(
        currency=totals[0].currency,
        revenue=sum((each.revenue for each in own), _NOTHING),
        deferred=sum((each.deferred for each in own), _NOTHING),
        billed=sum((each.billed for each in own), _NOTHING),
        unbilled=sum((each.unbilled for each in own), _NOTHING),
        paid=sum((each.paid for each in own), _NOTHING),
        outstanding=sum((each.outstanding for each in own), _NOTHING),
        credited=sum((each.credited for each in own), _NOTHING),
        mrr=sum((each.mrr for each in own), _NOTHING),
    )
