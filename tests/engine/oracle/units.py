"""Exact arithmetic of the oracle: minor units, one rounding, largest remainder, calendar months.

Money is an int of minor units once it is rounded and a Fraction of minor units before.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

BEGINNING = date.min
ZERO = Fraction(0)

_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF = {currency: digits for digits, names in _DIGITS.items() for currency in names.split()}


def digits_of(currency: str) -> int:
    """Minor digits of ISO 4217; 2 unless the list says otherwise."""
    return _DIGITS_OF.get(currency, 2)


def in_minor(amount: Decimal | Fraction, currency: str) -> Fraction:
    """An amount in major units as an exact number of minor units."""
    return Fraction(amount) * Fraction(10 ** digits_of(currency))


def fits(amount: Decimal, currency: str) -> bool:
    return in_minor(amount, currency).denominator == 1


def in_major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-digits_of(currency))


def as_decimal(value: Fraction) -> Decimal:
    """A quantity, which is a sum of decimals and therefore has a finite expansion."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(value.numerator) / Decimal(value.denominator)


def rounded(value: Fraction, mode: str) -> int:
    """Round to an integer; half_up goes away from zero, both modes are symmetric in the sign."""
    whole, rest = divmod(abs(value), 1)
    half = Fraction(1, 2)
    up = rest > half or (rest == half and (mode == "half_up" or whole % 2 == 1))
    size = int(whole) + int(up)
    return size if value >= 0 else -size


def largest_remainder(total: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Split |total| by weight, floor each share, give what is left to the largest fractions; ties to the earlier."""
    all_weights = sum(weights, start=ZERO)
    if total == 0 or all_weights == 0:
        if total:
            raise ValueError("an amount cannot be split over no weight")
        return [0] * len(weights)
    exact = [abs(total) * Fraction(weight) / all_weights for weight in weights]
    shares = [int(value) for value in exact]
    missing = abs(total) - sum(shares)
    by_fraction = sorted(range(len(weights)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_fraction[:missing]:
        shares[i] += 1
    return shares if total > 0 else [-share for share in shares]


def month_of(day: date) -> date:
    return day.replace(day=1)


def last_day(month: date) -> date:
    return month.replace(day=days_in(month))


def days_in(month: date) -> int:
    return calendar.monthrange(month.year, month.month)[1]


def next_month(month: date) -> date:
    return last_day(month) + timedelta(days=1)


def add_months(day: date, count: int) -> date:
    """The same day some months later, or the last day of that month if it is shorter."""
    index = day.year * 12 + day.month - 1 + count
    month = date(index // 12, index % 12 + 1, 1)
    return month.replace(day=min(day.day, days_in(month)))


def months(first: date, last: date) -> Iterator[date]:
    month = month_of(first)
    while month <= last:
        yield month
        month = next_month(month)


def day_before(day: date) -> date:
    return day - timedelta(days=1)


def day_after(day: date) -> date:
    return day + timedelta(days=1)
