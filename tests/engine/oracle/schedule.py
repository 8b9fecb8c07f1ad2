"""Time-based recognition: how much of a fixed amount is earned through a day."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from ratable.terms import Subscription
from tests.engine.oracle.agreed import Window, window
from tests.engine.oracle.units import ZERO, days_in, in_minor, last_day, months, rounded


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


def earned_through(subscription: Subscription, day: date, *, method: str, rounding: str, currency: str) -> int:
    """Minor units earned through the end of `day`, cumulative and rounded once."""
    whole = window(subscription.starts_on, subscription.ends_before)
    total = in_minor(subscription.total_value, currency)
    progress = weight_of(whole.until(day), method) / weight_of(whole, method)
    return rounded(total * progress, rounding)
