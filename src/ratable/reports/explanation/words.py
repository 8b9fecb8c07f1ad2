"""Numbers and months as an explanation writes them: with thousands apart, in full, never rounded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext

from ratable.money import minor_unit_digits, to_major

_EVERY_DIGIT = 100


def money(amount_minor: int, currency: str) -> str:
    """An amount in major units: 12,500.00."""
    return f"{to_major(amount_minor, currency):,.{minor_unit_digits(currency)}f}"


def from_e12(value: object) -> Decimal:
    """A number that is scaled by 10^12, exact and without idle zeros."""
    with localcontext(prec=_EVERY_DIGIT):
        return plain(Decimal(str(value)).scaleb(-12))


def plain(value: Decimal) -> Decimal:
    """The number without idle zeros, never in the form 1E+3."""
    with localcontext(prec=_EVERY_DIGIT):
        short = value.normalize()
        return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


def number(value: Decimal) -> str:
    """A number with thousands apart: 12,500."""
    return f"{plain(value):,f}"


def unit_price(value: Decimal) -> str:
    """A price with at least two decimal places: 0.10."""
    places = -int(plain(value).as_tuple().exponent)
    return f"{value:,.{max(places, 2)}f}"


def month(day: date) -> str:
    """A month: 2026-03."""
    return f"{day:%Y-%m}"
