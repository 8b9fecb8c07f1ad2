"""Exact arithmetic over table columns: scaled integers, one rounding, splits that lose nothing.

Quantities and prices travel as decimal(38,0) scaled by 10^12 (`_e12`), their products as `_e24`,
posted amounts as int64 minor units (`_minor`). The operators `/`, `//` and `mean` run in double on
DuckDB whatever their declared type says, so division exists only here, as `mul_div`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import lru_cache

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from ratable.currencies import MINOR_UNIT_DIGITS
from ratable.errors import InexactNumberError

EXACT = dt.Decimal(38, 0)
SCALE = 10**12
_EVERY_DIGIT = 100


@ibis.udf.scalar.builtin(name="mul_div_half_up", signature=((EXACT, EXACT, EXACT), EXACT))
def _mul_div_half_up(a: int, b: int, c: int) -> int:  # type: ignore[empty-body]
    """a*b/c, halves away from zero."""


@ibis.udf.scalar.builtin(name="mul_div_half_even", signature=((EXACT, EXACT, EXACT), EXACT))
def _mul_div_half_even(a: int, b: int, c: int) -> int:  # type: ignore[empty-body]
    """a*b/c, halves to the even neighbour."""


@ibis.udf.scalar.builtin(name="mul_div_floor", signature=((EXACT, EXACT, EXACT), EXACT))
def _mul_div_floor(a: int, b: int, c: int) -> int:  # type: ignore[empty-body]
    """a*b/c of non-negative numbers, cut to the whole below."""


@ibis.udf.scalar.builtin(name="scaled_e12", signature=((dt.Decimal(38, 12),), EXACT))
def _scaled_e12(value: object) -> int:  # type: ignore[empty-body]
    """A decimal with 12 places as a whole number, 10^12 times as large."""


@ibis.udf.scalar.builtin(name="local_day", signature=(("string", "timestamp('UTC')"), "date"))
def local_day(zone: str, instant: object) -> object:
    """The calendar day of an instant in a time zone."""


@ibis.udf.scalar.builtin(name="hash64", signature=(("string",), "int64"))
def hash64(text: str) -> int:  # type: ignore[empty-body]
    """A 64-bit hash, for finding candidates only: equal texts have equal hashes."""


@ibis.udf.scalar.builtin(name="json_text", signature=(("string", "string"), "string"))
def json_text(record: str, key: str) -> str:  # type: ignore[empty-body]
    """The text under a key of a JSON object; null where there is none."""


def minor_unit_digits(currency: str) -> int:
    """ISO 4217 digits of the minor unit of `currency`."""
    return MINOR_UNIT_DIGITS[currency]


def exact(value: int | ir.Value) -> ir.Value:
    """`value` (a whole number or an integer column) as decimal(38,0)."""
    return (ibis.literal(str(value)) if isinstance(value, int) else value).cast(EXACT)


def mul_div(a: ir.Value, b: int | ir.Value, c: int | ir.Value, *, rounding: str = "half_up") -> ir.Value:
    """a*b/c, rounded once by `rounding`, on 128-bit integers; an overflow is refused."""
    function = _mul_div_half_even if rounding == "half_even" else _mul_div_half_up
    return function(exact(a), exact(b), exact(c))


def minor(a: ir.Value, b: int | ir.Value, c: int | ir.Value, *, rounding: str) -> ir.Value:
    """Like `mul_div`, as an amount in minor units (int64)."""
    return mul_div(a, b, c, rounding=rounding).cast("int64")


def floor_div(a: ir.Value, b: int | ir.Value, c: int | ir.Value) -> ir.Value:
    """a*b/c of non-negative numbers, cut to the whole below."""
    return _mul_div_floor(exact(a), exact(b), exact(c))


def started(a: ir.Value, size: ir.Value) -> ir.Value:
    """How many packages of `size` non-negative `a` starts (the ceiling of a/size)."""
    return floor_div(exact(a) + exact(size) - exact(1), 1, size)


def scaled(value: ir.Value) -> ir.Value:
    """A decimal(38,12) column as decimal(38,0) scaled by 10^12, whole and exact."""
    return _scaled_e12(value.cast(dt.Decimal(38, 12)))


def split_exact(
    table: ir.Table,
    into: str,
    *,
    total: str,
    weight: str,
    within: Sequence[str],
    ties: Sequence[str],
) -> ir.Table:
    """Add the column `into`: `total` of each group `within`, split by `weight`, nothing lost.

    Largest remainder on the absolute total, the sign restored, ties by the columns `ties` (never
    by input order). Weights are not negative; a group whose weights are all zero gives zeros.
    """
    columns = list(table.columns)
    table = table.mutate(_weight=exact(table[weight]))
    groups = table.group_by(list(within)).agg(_whole=table["_weight"].sum(), _members=table.count())
    table = _joined(table, groups, within)
    given = table["_whole"] > exact(0)
    alone = table.filter(table["_members"] == 1)
    alone = alone.mutate(**{into: ibis.ifelse(alone["_whole"] > exact(0), alone[total], 0).cast("int64")})
    many = table.filter((table["_members"] > 1) & given)
    many = many.mutate(_size=exact(many[total].abs()))
    many = many.mutate(_base=floor_div(many["_size"], many["_weight"], many["_whole"]))
    many = many.mutate(_rest=many["_size"] * many["_weight"] - many["_base"] * many["_whole"])
    many = _hand_out(many, into, total, within=within, ties=ties)
    nothing = table.filter((table["_members"] > 1) & ~given).mutate(**{into: ibis.literal(0).cast("int64")})
    kept = [*columns, into]
    return alone.select(kept).union(many.select(kept)).union(nothing.select(kept))


def round_to_sum(
    table: ir.Table,
    into: str,
    *,
    value: str,
    divisor: str,
    within: Sequence[str],
    ties: Sequence[str],
    rounding: str,
) -> ir.Table:
    """Add the column `into`: each non-negative `value`/`divisor`, rounded so that a group sums to its rounded sum.

    The units that cutting off loses go to the largest fractions, ties by the columns `ties`.
    """
    columns = list(table.columns)
    groups = table.group_by(list(within)).agg(_sum=table[value].sum(), _members=table.count())
    table = _joined(table, groups, within)
    table = table.mutate(_total=minor(table["_sum"], 1, table[divisor], rounding=rounding))
    alone = table.filter(table["_members"] == 1)
    alone = alone.mutate(**{into: alone["_total"]})
    many = table.filter(table["_members"] > 1)
    many = many.mutate(_base=floor_div(many[value], 1, many[divisor]), _size=exact(many["_total"]))
    many = many.mutate(_rest=many[value] - many["_base"] * many[divisor])
    many = _hand_out(many, into, "_total", within=within, ties=ties)
    kept = [*columns, into]
    return alone.select(kept).union(many.select(kept))


def _joined(table: ir.Table, groups: ir.Table, within: Sequence[str]) -> ir.Table:
    # A sum by group joined back is many times faster than a window over all rows.
    return table.inner_join(groups, list(within))


def _hand_out(table: ir.Table, into: str, total: str, *, within: Sequence[str], ties: Sequence[str]) -> ir.Table:
    """Give what the whole shares lack to the largest rests, one unit each."""
    given = table["_base"].sum().over(ibis.window(group_by=list(within)))
    order = [table["_rest"].desc(), *(table[name] for name in ties)]
    place = ibis.row_number().over(ibis.window(group_by=list(within), order_by=order))
    table = table.mutate(_given=given, _place=place)
    extra = (table["_place"] < table["_size"] - table["_given"]).cast("int64")
    share = (table["_base"].cast("int64") + extra) * ibis.ifelse(table[total] < 0, -1, 1)
    return table.mutate(**{into: share.cast("int64")})


def split_minor(total_minor: int, weights: Sequence[int]) -> list[int]:
    """`total_minor` by weights that are not negative and not all zero, nothing lost; of equal remainders the first wins.

    Example:
        >>> split_minor(100001, [3333, 3333, 3334])
        [33330, 33330, 33341]
    """
    whole = sum(weights)
    shares, rests = zip(*(divmod(abs(total_minor) * weight, whole) for weight in weights), strict=True)
    left = abs(total_minor) - sum(shares)
    first = sorted(range(len(weights)), key=lambda place: -rests[place])[:left]
    sign = -1 if total_minor < 0 else 1
    return [sign * (share + (place in first)) for place, share in enumerate(shares)]


@lru_cache(maxsize=4096)  # the same prices, over and over
def to_e12(value: Decimal) -> int:
    """A decimal with at most 12 places as a whole number scaled by 10^12."""
    whole = _shifted(value, 12)
    if whole is None:
        raise InexactNumberError(f"{value} has more than 12 decimal places")
    return whole


def to_minor(value: Decimal, currency: str) -> int:
    """An amount in major units as minor units of `currency`."""
    whole = _shifted(value, minor_unit_digits(currency))
    if whole is None:
        raise InexactNumberError(f"{value} has more decimal places than {currency} has")
    return whole


def to_major(amount_minor: int, currency: str) -> Decimal:
    """An amount in minor units of `currency` as major units."""
    with localcontext(prec=_EVERY_DIGIT):
        return Decimal(amount_minor).scaleb(-minor_unit_digits(currency))


def _shifted(value: Decimal, places: int) -> int | None:
    """`value` moved by `places` as a whole number; None where a digit would be lost."""
    with localcontext(prec=_EVERY_DIGIT):  # the default context would round a long number in silence
        moved = value.scaleb(places)
        return int(moved) if moved == moved.to_integral_value() else None
