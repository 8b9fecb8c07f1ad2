"""Cycles in which overage is billed: so many months each, from an anchor on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ratable.periods import month_end, month_of
from ratable_server.api.campfire.translate.invoices import NAMED_REVENUE
from ratable_server.api.campfire.translate.words import last_day

MONTHS = {"monthly": 1, "quarterly": 3, "biannual": 6, "annual": 12}
COMMIT, PERIOD = "overage_of_commit", "overage_from"  # what an invoice of overage keeps beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The overage of a prepaid commit from one day to another: what it comes to, and what no invoice has covered.

    `revenue` are the ids of its amounts.
    """

    commit: Any
    starts_on: date
    ends_on: date
    amount: Decimal
    unbilled: Decimal
    revenue: tuple[int, ...]

    @property
    def key(self) -> tuple[int, str]:
        """By which an invoice names it."""
        return self.commit.id, self.starts_on.isoformat()


def cycles(months: Iterable[Any], commits: Mapping[int, Any], *, ends: Mapping[str, date | None]) -> list[Cycle]:
    """The cycles of overage, in their order; `ends` are the last days of contracts. Custom ones are never billed here."""
    found: dict[tuple[int, date, date], list[Any]] = defaultdict(list)
    for month in months:
        commit = commits.get(month.prepaid_commit_id)
        span = None if commit is None else _span(commit, month.service_on, ends.get(commit.contract))
        if commit is not None and span is not None:
            found[commit.id, *span].append(month)
    return [
        Cycle(
            commit=commits[commit_id],
            starts_on=starts_on,
            ends_on=ends_on,
            amount=sum((month.amount for month in own), Decimal(0)),
            unbilled=sum((month.unbilled for month in own), Decimal(0)),
            revenue=tuple(id for month in own for id in month.revenue),
        )
        for (commit_id, starts_on, ends_on), own in sorted(found.items(), key=lambda each: each[0])
    ]


def from_cycle(cycle: Cycle, amount: Decimal, *, on: date, issued: Any) -> dict[str, Any]:
    """A cycle with the invoice that bills it."""
    return {
        "contract": cycle.commit.contract_id,
        "prepaid_commit": cycle.commit.id,
        "period_start": cycle.starts_on,
        "period_end": cycle.ends_on,
        "invoice_date": on,
        "amount": amount,
        "invoice": None if issued is None else issued.id,
        "invoice_number": None if issued is None else issued.code,
    }


def further_of(cycle: Cycle, on: date) -> dict[str, Any]:
    """What the invoice of a cycle keeps beside it."""
    told = cycle.commit.further
    sends = {"auto_send_invoice": True, "auto_send_invoice_at": on} if told.get("auto_send_overage_invoices") else {}
    entity = {"entity": told["entity"]} if told.get("entity") else {}
    return {
        COMMIT: cycle.commit.id,
        PERIOD: cycle.starts_on.isoformat(),
        NAMED_REVENUE: list(cycle.revenue),
        **sends,
        **entity,
    }


def cycle_told(further: Mapping[str, Any]) -> dict[str, Any]:
    """Of what is kept beside an invoice, the cycle that it bills, with its revenue: whatever else it says, it stays that."""
    return {name: further[name] for name in (COMMIT, PERIOD, NAMED_REVENUE) if COMMIT in further and name in further}


def line_of(cycle: Cycle) -> dict[str, Any]:
    """What its line keeps beside it."""
    name = cycle.commit.name or cycle.commit.code
    return {
        "description": f"Overage of {name}, {cycle.starts_on} to {cycle.ends_on}",
        "product": cycle.commit.product_id,
        "period_start": cycle.starts_on,
        "period_end": cycle.ends_on,
    }


def after(cycle: Cycle) -> date:
    """The day on which a cycle is billed."""
    return cycle.ends_on + timedelta(days=1)


def _span(commit: Any, month_on: date, contract_ends_on: date | None) -> tuple[date, date] | None:
    """The first and last day of the cycle of a month; None: it is never billed by itself."""
    cadence = commit.further.get("overage_invoice_cadence") or "monthly"
    if cadence == "one_time":
        ends_on = last_day(commit.ends_before) or contract_ends_on
        return None if ends_on is None else (month_of(commit.starts_on), month_end(ends_on))
    length = MONTHS.get(cadence)
    if length is None:
        return None
    said = commit.further.get("overage_invoice_start_month")
    anchor = month_of(date.fromisoformat(str(said)) if said else commit.starts_on)
    first = _number(anchor) + (_number(month_on) - _number(anchor)) // length * length
    return _month(first), month_end(_month(first + length - 1))


def _number(month_on: date) -> int:
    return month_on.year * 12 + month_on.month - 1


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
