"""Overage that adjustments have credited stays billed: without its invoice nobody could tell what the credit memo is of.

Judged by what the books come to with the change and without it: of a month that adjustments have lowered, no more may be
unbilled than its overage comes to, and no less be credited than its credit memos tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Max

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.queries.usage_unbilled import overage_and_credits
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

_Month = tuple[int, date]  # a prepaid commit by its row, and a service month
_NOTHING = Decimal(0)


class _Adjusted(NamedTuple):
    """What adjustments have lowered of a contract, and the last day that any document or adjustment of it is of."""

    months: frozenset[_Month]
    last_on: date


class _Stand(NamedTuple):
    """How a contract stands: what is unbilled of a month above its overage, and what is credited by service month.

    `unlike` is credited without a credit memo, and unbilled by the ledger alone.
    """

    above: Mapping[_Month, Decimal]
    credits: Mapping[date, Decimal]
    unlike: Decimal


@contextmanager
def keeping_credits(contract: str, *, actor: Actor, on: date) -> Iterator[None]:
    """Change what invoices of a contract bill; `on` is today, or the later day of the change.

    Without adjustments it costs a statement. With some the contract is computed before and after.

    Refuses:
        credit_of_adjustment_must_stand: more of a month's overage would be credited than is billed of it, or less than its
            credit memos tell
    """
    adjusted = _adjusted(actor, contract, on=on)
    if adjusted is None:
        yield
        return
    before = _stand(actor, contract, adjusted)
    yield
    _refuse_uncovered(before, _stand(actor, contract, adjusted), memos=_memos(actor, contract))


def _adjusted(actor: Actor, contract: str, *, on: date) -> _Adjusted | None:
    with books_of(actor):
        adjustments = rows_of(actor, models.Adjustment).filter(commit__contract__code=contract)
        found = list(adjustments.values_list("commit_id", "service_on", "on", "amount_minor"))
        months = frozenset((commit_id, service_on) for commit_id, service_on, _, minor in found if minor < 0)
        if not months:
            return None
        voids = rows_of(actor, models.DocumentVoid).filter(document__contract__code=contract)
        void_on = voids.aggregate(on=Max("on"))["on"]
    return _Adjusted(months, max(on, void_on or on, *(day for _, _, day, _ in found)))


def _stand(actor: Actor, contract: str, adjusted: _Adjusted) -> _Stand:
    found = overage_and_credits(actor=actor, contract=contract, on=adjusted.last_on)
    above = {
        (each.prepaid_commit_id, each.service_on): max(each.unbilled - each.amount, _NOTHING) for each in found.months
    }
    return _Stand({month: above.get(month, _NOTHING) for month in adjusted.months}, found.credits, found.unlike)


class _Memo(NamedTuple):
    """A line of a credit memo of an adjustment, with the month that it is of; one that tells none is of any."""

    code: str
    service_on: date | None
    amount: Decimal


def _refuse_uncovered(before: _Stand, after: _Stand, *, memos: Sequence[_Memo]) -> None:
    """Go on, unless less is credited of a month than credit memos tell, or more of it is unbilled than it comes to."""
    for service_on in sorted(month for month, credited in before.credits.items() if credited):
        of_month = [memo for memo in memos if memo.service_on in {None, service_on}]
        codes = [memo.code for memo in of_month]
        told = min(before.credits[service_on], sum((memo.amount for memo in of_month), _NOTHING))
        less = told - after.credits.get(service_on, _NOTHING)
        if less > 0:
            raise _refused(f"{less:f} of overage of {service_on:%Y-%m} would not be credited any more", codes)
        more = sum(max(after.above[key] - before.above[key], _NOTHING) for key in after.above if key[1] == service_on)
        if more > 0:
            raise _refused(f"{more:f} of overage of {service_on:%Y-%m} more would be credited than billed", codes)
    if after.unlike > before.unlike:
        raise _refused(f"{after.unlike - before.unlike:f} of overage more would be credited than billed", [])


def _memos(actor: Actor, contract: str) -> list[_Memo]:
    with books_of(actor):
        of_contract = {"document__contract__code": contract, "document__against": "adjustment"}
        lines = (
            rows_of(actor, models.PaperLine).filter(**of_contract, paper__deleted_at=None).order_by("paper_id", "place")
        )
        columns = ("paper__code", "document__service_on", "amount_minor", "paper__contract__currency")
        return [
            _Memo(code, service_on, to_major(minor, currency))
            for code, service_on, minor, currency in lines.values_list(*columns)
        ]


def _refused(detail: str, memos: Sequence[str]) -> Refused:
    named = f" ({', '.join(dict.fromkeys(memos))})" if memos else ""
    return Refused("credit_of_adjustment_must_stand", field="invoice", detail=detail + named)
