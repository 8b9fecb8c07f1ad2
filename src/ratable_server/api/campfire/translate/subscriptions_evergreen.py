"""Subscriptions of evergreen contracts: an amount for each billing period, one line for each.

A contract without an end is planned for a year from the billing period of the day on; when a period has ended, the next
one is appended to the subscriptions that follow the contract.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from ratable.terms import Subscription, SubscriptionLine
from ratable_server.api.campfire.translate.subscriptions import UntellableError, lines_of, rounded
from ratable_server.api.campfire.translate.words import ends_before, last_day

FOLLOWS, FIXED = "FOLLOW_CONTRACT", "FIXED_END"
MONTHS_OF = {"monthly": 1, "quarterly": 3, "biannual": 6, "annual": 12}
PLANS = {"period_amount", "start_date", "end_date", "renewal_behavior", "quantity", "rate", "discount"}
_YEAR = 12


def is_evergreen(contract: Any) -> bool:
    """Does it renew until somebody ends it?"""
    return bool(contract.further.get("is_evergreen"))


def effective_end(contract: Any, *, on: date) -> date | None:
    """The last day that is planned of an evergreen contract; None: it is none, or its billing has no period."""
    if not is_evergreen(contract) or contract.further.get("billing_frequency", "monthly") not in MONTHS_OF:
        return None
    return last_day(horizon(contract, on=on))


def horizon(contract: Any, *, on: date) -> date:
    """The first day that is not planned any more: a year after the start of the period of the day."""
    months, number = _months(contract), 0
    while _start(contract, number + 1) <= on:
        number += 1
    return _start(contract, number + _YEAR // months)


def fields_of(fields: Mapping[str, Any], contract: Any, *, on: date) -> dict[str, Any]:
    """What a body says, with its end and a line for each billing period; lines that it has count as they are.

    Raises:
        UntellableError: its days are not those of billing periods, or it says no amount.
    """
    starts_on, follows = fields.get("start_date") or contract.starts_on, _follows(fields)
    last_ends = horizon(contract, on=max(on, starts_on))
    ends = last_ends if follows else ends_before(fields["end_date"]) or last_ends
    if ends > last_ends:
        raise UntellableError("end_date", f"It is after the end of what is planned, {last_day(last_ends)}.")
    told = {
        **fields,
        "start_date": starts_on,
        "end_date": last_day(ends),
        "renewal_behavior": FOLLOWS if follows else FIXED,
    }
    if fields.get("subscription_lines"):
        return told
    amount = _amount(fields, contract.currency)
    lines = list(_lines(contract, starts_on, ends, amount=amount))
    return {**told, "subscription_lines": [_told_line(line) for line in lines]}


def renewed(row: Any, contract: Any, was: Subscription, *, on: date) -> Subscription | None:
    """The subscription up to the end of what is planned on a day; None: it reaches so far already."""
    ends, amount = horizon(contract, on=on), row.further.get("period_amount")
    if row.ends_before >= ends or row.further.get("renewal_behavior") != FOLLOWS:
        return None
    last = lines_of(row)[-1].total_value if amount is None else Decimal(amount)
    more = list(_lines(contract, row.ends_before, ends, amount=last))
    lines = (*lines_of(row), *more)
    total = sum((line.total_value for line in lines), Decimal(0))
    return replace(was, ends_before=ends, lines=lines, total_value=total)


def _follows(fields: Mapping[str, Any]) -> bool:
    """Without an end it renews indefinitely."""
    return fields.get("end_date") is None or fields.get("renewal_behavior") == FOLLOWS


def _amount(fields: Mapping[str, Any], currency: str) -> Decimal:
    period, quantity, rate = (fields.get(name) for name in ("period_amount", "quantity", "rate"))
    if period is not None:
        return Decimal(period)
    if quantity is None or rate is None:
        raise UntellableError("period_amount", "It is needed for an evergreen contract, or a quantity and a rate.")
    return rounded(Decimal(quantity) * (Decimal(rate) - Decimal(fields.get("discount") or 0)), currency)


def _lines(contract: Any, starts_on: date, ends: date, *, amount: Decimal) -> Iterator[SubscriptionLine]:
    """A line for each billing period from a day on, which one begins, up to one that another begins."""
    starts = [each for each in _starts(contract, ends) if each >= starts_on]
    if not starts or starts[0] != starts_on:
        raise UntellableError("start_date", "It is not the first day of a billing period.")
    if starts[-1] != ends:
        raise UntellableError("end_date", "It is not the last day of a billing period.")
    for first_on, next_on in pairwise(starts):
        yield SubscriptionLine(starts_on=first_on, ends_before=next_on, total_value=amount)


def _starts(contract: Any, through_on: date) -> Iterator[date]:
    number = 0
    while _start(contract, number) <= through_on:
        yield _start(contract, number)
        number += 1


def _start(contract: Any, number: int) -> date:
    """The first day of a billing period; one from the 31st starts on the last day of a shorter month."""
    first = contract.starts_on
    years, month = divmod(first.month - 1 + number * _months(contract), _YEAR)
    year, month = first.year + years, month + 1
    return date(year, month, min(first.day, monthrange(year, month)[1]))


def _months(contract: Any) -> int:
    frequency = contract.further.get("billing_frequency") or "monthly"
    if frequency not in MONTHS_OF:
        raise UntellableError("contract", f"Its billing frequency, {frequency}, has no periods.")
    return MONTHS_OF[frequency]


def _told_line(line: SubscriptionLine) -> dict[str, Any]:
    return {"start_date": line.starts_on, "end_date": last_day(line.ends_before), "total_value": line.total_value}
