"""Time-based recognition: how much of a fixed amount is earned through a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from ratable.terms import Milestone, Subscription
from tests.engine.oracle.agreed import Window, window
from tests.engine.oracle.units import (
    BEGINNING,
    ZERO,
    day_after,
    day_before,
    days_in,
    in_minor,
    largest_remainder,
    last_day,
    month_of,
    months,
    rounded,
)


def month_weight(days: Window, method: str) -> Fraction:
    """The weight of some consecutive days of one month."""
    if days.last is None or days.days == 0:
        return ZERO
    if method == "daily":
        return Fraction(days.days)
    if method == "standard":
        return Fraction(days.days, days_in(days.first))
    lower = min(days.first.day, 30)
    upper = 30 if days.last == last_day(days.last) else min(days.last.day, 30)
    return Fraction(upper - lower + 1)


def weight_of(days: Window, method: str) -> Fraction:
    if days.last is None or days.days == 0:
        return ZERO
    return sum((month_weight(days.in_month(month), method) for month in months(days.first, days.last)), start=ZERO)


@dataclass(frozen=True)
class Part:
    """What one product earns over the days of one line, in minor units."""

    product: str | None
    days: Window
    total: int

    def earned_through(self, day: date, *, method: str, rounding: str) -> int:
        """Minor units earned through the end of `day`, cumulative and rounded once."""
        progress = weight_of(self.days.until(day), method) / weight_of(self.days, method)
        return rounded(self.total * progress, rounding)


def parts(subscription: Subscription, currency: str) -> list[Part]:
    """The whole over its products, and each product over the lines."""
    found = []
    for product, amount in by_product(subscription, in_minor(subscription.total_value, currency)):
        if not subscription.lines:
            found.append(Part(product, window(subscription.starts_on, subscription.ends_before), amount))
            continue
        shares = largest_remainder(amount, [in_minor(line.total_value, currency) for line in subscription.lines])
        for line, share in zip(subscription.lines, shares, strict=True):
            found.append(Part(product, window(line.starts_on, line.ends_before), share))
    return found


def by_product(source: Subscription | Milestone, total: Fraction | int) -> list[tuple[str | None, int]]:
    """A total in minor units over the products of what it is for."""
    if not source.allocation:
        return [(source.product_id, int(total))]
    lines = sorted(source.allocation, key=lambda line: line.product_id)
    weights = [
        Fraction(line.percentage if line.percentage is not None else line.standalone_price or ZERO) for line in lines
    ]
    return list(zip([line.product_id for line in lines], largest_remainder(int(total), weights), strict=True))


@dataclass(frozen=True)
class Frame:
    """What bounds the months of a schedule: the contract's first day, a cut-over, a catch-up, a last day of service."""

    contract_starts: date
    served_after: date
    caught_up: date | None
    stops: date | None = None

    def due_in(self, service: date, earned: Callable[[date], int]) -> int:
        """What a month has of something earned; the first that is booked has what was served before it, too."""
        through = min(last_day(service), self.stops) if self.stops else last_day(service)
        first = month_of(self.caught_up) if self.caught_up else BEGINNING
        was_deferred = self.caught_up is not None and first > month_of(day_after(self.served_after))
        first = max(min(first, month_of(self.stops)) if self.stops else first, month_of(self.contract_starts))
        before = BEGINNING if was_deferred else self.served_after
        after = before if service == first else max(day_before(service), before)
        return earned(through) - earned(after) if through > after and service >= first else 0
