"""Usage that was recognized and not billed: invoices of a contract's usage cover the oldest first.

What a cut-over brought in as unbilled is older than any usage. The ledger lets such an invoice clear a pool that was
never invoiced before it, which is no reason to bill overage again: here it is of usage alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.queries.documents import Document, DocumentsAsked, documents
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

_KINDS = ("usage", "overage", "minimum")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverageOfMonth:
    """Overage of a prepaid commit in a service month, and how much of it no invoice has covered; `revenue` are its ids."""

    contract: str
    prepaid_commit_id: int
    service_on: date
    amount: Decimal
    unbilled: Decimal
    revenue: tuple[int, ...]


def overage_months(*, actor: Actor, contracts: Sequence[str] | None, on: date) -> tuple[OverageOfMonth, ...]:
    """Overage by prepaid commit and month, of some contracts or of all; in the order of months."""
    asked = RevenueAsked(contracts=contracts, kinds=_KINDS, limit=EVERYTHING.limit)
    rows: dict[str, list[RevenueTransaction]] = defaultdict(list)
    for row in revenue_transactions(actor=actor, on=on, asked=asked).rows:
        rows[row.contract].append(row)
    billed, brought_in = _billed(actor, list(rows)), _brought_in(actor, list(rows))
    told = []
    for contract, own in rows.items():
        of_usage = billed.get(contract, _NOTHING) - min(
            billed.get(contract, _NOTHING), brought_in.get(contract, _NOTHING)
        )
        told += _of_contract(own, of_usage)
    return tuple(sorted(told, key=lambda each: (each.service_on, each.prepaid_commit_id)))


def _of_contract(rows: Sequence[RevenueTransaction], billed: Decimal) -> list[OverageOfMonth]:
    """The latest usage makes up what is not billed."""
    left = sum((row.amount for row in rows), _NOTHING) - billed
    whole: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    unbilled: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    ids: dict[tuple[int, date], list[int]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.on, reverse=True):
        taken = max(min(row.amount, left), _NOTHING)
        left -= taken
        if row.kind == "overage" and row.prepaid_commit_id is not None:
            month = row.prepaid_commit_id, row.service_on.replace(day=1)
            whole[month] += row.amount
            unbilled[month] += taken
            ids[month].append(row.id)
    return [
        OverageOfMonth(
            contract=rows[0].contract,
            prepaid_commit_id=commit_id,
            service_on=service_on,
            amount=amount,
            unbilled=unbilled[commit_id, service_on],
            revenue=tuple(sorted(ids[commit_id, service_on])),
        )
        for (commit_id, service_on), amount in whole.items()
    ]


def _billed(actor: Actor, contracts: Sequence[str]) -> dict[str, Decimal]:
    """Invoices of contracts' usage, less what adjustments have credited of them."""
    asked = DocumentsAsked(contracts=contracts, kinds=["invoice", "credit_memo"], is_void=False, limit=EVERYTHING.limit)
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for each in documents(actor=actor, asked=asked).rows if contracts else ():
        billed[each.contract] += each.amount if _is_of_usage(each) else _NOTHING
        billed[each.contract] -= each.amount if each.against == "adjustment" else _NOTHING
    return billed


def _brought_in(actor: Actor, contracts: Sequence[str]) -> dict[str, Decimal]:
    """What cut-overs have brought in as unbilled usage."""
    sources = {"prepaid_commit": None, "subscription": None, "milestone": None}
    brought_in: dict[str, Decimal] = defaultdict(Decimal)
    with books_of(actor):
        rows = rows_of(actor, models.OpeningBalance).filter(account="unbilled_revenue", **sources)
        for contract, amount in rows.filter(contract__code__in=contracts).values_list("contract__code", "amount"):
            brought_in[contract] += amount or _NOTHING
    return brought_in


def _is_of_usage(document: Document) -> bool:
    sources = (document.prepaid_commit_id, document.subscription_id, document.milestone_id)
    return document.kind == "invoice" and sources == (None, None, None)
