"""Exact arithmetic: one rounding against fractions, splits that lose nothing, scales and their limits."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

import ibis
import pyarrow as pa
import pytest

from ratable.backends import Sheet, connect
from ratable.errors import InexactNumberError, NumberOverflowError
from ratable.money import (
    floor_div,
    minor_unit_digits,
    mul_div,
    round_to_sum,
    scaled,
    split_exact,
    started,
    to_e12,
    to_major,
    to_minor,
)
from tests.factories import expect, only, rows, table

TRIPLES = ibis.schema({"number": "int64", "a": "decimal(38, 0)", "b": "decimal(38, 0)", "c": "decimal(38, 0)"})
PARTS = ibis.schema({"group": "string", "part": "string", "total": "int64", "weight": "int64"})
VALUES = ibis.schema({"group": "string", "part": "string", "value": "decimal(38, 0)", "divisor": "decimal(38, 0)"})
DECIMALS = ibis.schema({"value": "decimal(38, 12)"})


@pytest.fixture(scope="module", params=["small", "large"])
def sheet(request: pytest.FixtureRequest) -> Iterator[Sheet]:
    """Large runs on DuckDB divide in another way than small ones."""
    name = os.environ.get("RATABLE_BACKEND", "duckdb")
    if name == "spark" and request.param == "large":
        pytest.skip("Spark divides in one way")
    own_sheet = connect(name, is_small=request.param == "small")
    yield own_sheet
    if name != "spark":  # the session of Spark is shared
        own_sheet.backend.close()


def half_up(value: Fraction) -> int:
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole


def half_even(value: Fraction) -> int:
    return round(value)


def triples() -> list[tuple[int, int, int]]:
    """Products below 2^127, many of them far above 2^63, of both signs, with ties among them."""
    dice = random.Random(606)  # noqa: S311 - made-up numbers, the same each time
    found = [(1, 1, 2), (3, 1, 2), (-1, 1, 2), (5, 1, 10), (-25, 1, 10), (0, 7, 3), (2**63, 3, 2), (-(2**64) - 1, 1, 2)]
    found += [
        (10**19 - 1, 10**18, 3),
        (-(10**19) + 1, 10**18, 7),
        (8 * 10**36, 9, 1),
        (8 * 10**36 + 1, 9, 10**37),
        (10**18, 1, 1),
    ]
    found += [(2**63 + shift, 2**60 + 1, 2**60) for shift in range(-3, 4)]  # around what int64 can hold
    found += [(2 * n + 1, 10**17 + 3, 2 * (10**17 + 3)) for n in range(20)]  # exact halves of large products
    found += [
        ((2 * n + 1) * (10**17 + 3) + step, 1, 2 * (10**17 + 3)) for n in range(9) for step in (-1, 1)
    ]  # and beside
    found += [(dice.randint(-(10**18), 10**18), dice.randint(0, 10**18), dice.randint(1, 10**12)) for _ in range(500)]
    found += [(dice.randint(-(10**24), 10**24), dice.randint(0, 10**12), dice.randint(1, 10**24)) for _ in range(500)]
    found += [(dice.randint(-(10**6), 10**6), dice.randint(0, 99), 2 * dice.randint(1, 50)) for _ in range(500)]
    return found


def products(numbers: ibis.Table, *, rounding: str) -> ibis.Table:
    result = mul_div(numbers.a, numbers.b, numbers.c, rounding=rounding)
    return numbers.select("number", result=result)


def floors(numbers: ibis.Table) -> ibis.Table:
    result = floor_div(numbers.a, numbers.b, numbers.c)
    return numbers.select("number", result=result, packages=started(numbers.a, numbers.c))


def kept_by(sheet: Sheet, numbers: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Spark refuses, by name, a result of more than 32 digits; DuckDB one of more than 38."""
    if sheet.backend.dialect != "pyspark":
        return numbers
    return [(a, b, c) for a, b, c in numbers if max(abs(a * b) // c, abs(a) // c, c) < 10**32]


def bound(sheet: Sheet, numbers: list[tuple[int, int, int]]):
    found = [{"number": n, "a": Decimal(a), "b": Decimal(b), "c": Decimal(c)} for n, (a, b, c) in enumerate(numbers)]
    return sheet.bind_rows("triples", found, TRIPLES)


@pytest.mark.parametrize(("rounding", "law"), [("half_up", half_up), ("half_even", half_even)])
def test_mul_div_is_the_rounded_fraction(sheet: Sheet, rounding: str, law: Callable[[Fraction], int]):
    numbers = kept_by(sheet, triples())
    found = rows(sheet, sheet.run(products, bound(sheet, numbers), rounding=rounding))
    whole = [law(Fraction(a * b, c)) for a, b, c in numbers]
    wrong = [row for row in found if int(row["result"]) != whole[row["number"]]]

    assert len(found) == len(numbers) > 1500
    assert any(abs(a * b) > 2**63 for a, b, _ in numbers)
    assert not wrong


def test_floor_div_and_started_packages(sheet: Sheet):
    numbers = kept_by(sheet, [(abs(a), b, c) for a, b, c in triples()])
    for row in rows(sheet, sheet.run(floors, bound(sheet, numbers))):
        a, b, c = numbers[row["number"]]
        assert (int(row["result"]), int(row["packages"])) == (a * b // c, -(-a // c))


def test_an_overflow_is_refused_by_name(sheet: Sheet):
    too_large = bound(sheet, [(10**20, 10**20, 1)])

    with pytest.raises(NumberOverflowError):
        sheet.fetch(sheet.run(products, too_large, rounding="half_up"))


def scaling(numbers: ibis.Table) -> ibis.Table:
    return numbers.select(value_e12=scaled(numbers.value))


@pytest.mark.parametrize(
    "text",
    ["0.000000000001", "99999999999999.999999999999", "-3.5", "0"],
)
def test_scaled_keeps_every_digit(sheet: Sheet, text: str):
    numbers = sheet.bind("decimals", pa.table({"value": pa.array([Decimal(text)], pa.decimal128(38, 12))}), DECIMALS)

    assert int(only(sheet, sheet.run(scaling, numbers))["value_e12"]) == int(Decimal(text).scaleb(12))


def test_scaled_keeps_every_digit_there_is_or_refuses(sheet: Sheet):
    text = "-98765432109876543210987654.123456789012"
    numbers = sheet.bind("decimals", pa.table({"value": pa.array([Decimal(text)], pa.decimal128(38, 12))}), DECIMALS)

    if sheet.backend.dialect == "pyspark":  # whose decimals are narrower on the way
        with pytest.raises(NumberOverflowError):
            sheet.fetch(sheet.run(scaling, numbers))
    else:
        assert only(sheet, sheet.run(scaling, numbers))["value_e12"] == Decimal(text.replace(".", ""))


# ── splits ───────────────────────────────────────────────────────────────────────────────────


def split(parts: ibis.Table) -> ibis.Table:
    return split_exact(parts, "share", total="total", weight="weight", within=["group"], ties=["part"])


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, (1, 1, 1), (34, 33, 33)),
        (-100, (1, 1, 1), (-34, -33, -33)),
        (100001, (3333, 3333, 3334), (33330, 33330, 33341)),
        (5, (0, 1, 1), (0, 3, 2)),
        (1, (1, 1, 1), (1, 0, 0)),
        (2, (1, 2, 3), (0, 1, 1)),
        (7, (0, 0, 0), (0, 0, 0)),
        (0, (1, 2, 3), (0, 0, 0)),
        (9_000_000_000_000_000_000, (1, 1, 2), (2_250_000_000_000_000_000,) * 2 + (4_500_000_000_000_000_000,)),
    ],
)
def test_split_exact(sheet: Sheet, total: int, weights: tuple[int, ...], shares: tuple[int, ...]):
    text = "\n".join(f"g | {name} | {total} | {weight}" for name, weight in zip("abc", weights, strict=True))
    parts = table(sheet, "parts", PARTS, f"group | part | total | weight\n{text}")
    wanted = "\n".join(f"{name} | {share}" for name, share in zip("abc", shares, strict=True))

    expect(sheet, sheet.run(split, parts), f"part | share\n{wanted}")


def test_split_of_many_groups_loses_nothing_and_knows_no_order(sheet: Sheet):
    dice = random.Random(32)  # noqa: S311 - made-up numbers, the same each time
    parts = [
        {
            "group": f"g{group}",
            "part": f"p{part}",
            "total": total,
            "weight": dice.choice([0, 1, dice.randint(1, 10**9)]),
        }
        for group in range(200)
        for total in [dice.randint(-(10**12), 10**12)]
        for part in range(dice.randint(1, 9))
    ]
    found = rows(sheet, sheet.run(split, sheet.bind_rows("parts", parts, PARTS)))
    dice.shuffle(parts)
    again = rows(sheet, sheet.run(split, sheet.bind_rows("parts", parts, PARTS)))
    groups = {row["group"]: [one for one in found if one["group"] == row["group"]] for row in found}

    def key(row: dict[str, object]) -> tuple[str, str]:
        return str(row["group"]), str(row["part"])

    for members in groups.values():
        whole = sum(row["weight"] for row in members)
        assert sum(row["share"] for row in members) == (members[0]["total"] if whole else 0)
        for row in members:
            exact_share = Fraction(row["total"] * row["weight"], whole or 1)
            assert abs(row["share"] - exact_share) < 1
            assert row["share"] * row["total"] >= 0
    assert sorted(found, key=key) == sorted(again, key=key)


def rounded(values: ibis.Table, *, rounding: str) -> ibis.Table:
    return round_to_sum(
        values, "share", value="value", divisor="divisor", within=["group"], ties=["part"], rounding=rounding
    )


@pytest.mark.parametrize(
    ("values", "rounding", "shares"),
    [
        ((13, 17, 10), "half_up", (1, 2, 1)),  # 4.0
        ((13, 13, 10), "half_up", (2, 1, 1)),  # 3.6 is 4: equal fractions, the first part has it
        ((4, 4, 4), "half_up", (1, 0, 0)),  # 1.2
        ((5, 5, 5), "half_up", (1, 1, 0)),  # 1.5
        ((5, 0, 0), "half_up", (1, 0, 0)),
        ((5, 0, 0), "half_even", (0, 0, 0)),
        ((5, 10, 0), "half_even", (1, 1, 0)),  # 1.5 is 2
    ],
)
def test_round_to_sum_gives_the_largest_fractions_a_unit(
    sheet: Sheet, values: tuple[int, ...], rounding: str, shares: tuple[int, ...]
):
    text = "\n".join(f"g | {name} | {value} | 10" for name, value in zip("abc", values, strict=True))
    parts = table(sheet, "values_to_sum", VALUES, f"group | part | value | divisor\n{text}")
    wanted = "\n".join(f"{name} | {share}" for name, share in zip("abc", shares, strict=True))

    expect(sheet, sheet.run(rounded, parts, rounding=rounding), f"part | share\n{wanted}")


# ── scales ───────────────────────────────────────────────────────────────────────────────────


def test_minor_units_of_currencies():
    assert [minor_unit_digits(currency) for currency in ("USD", "JPY", "KWD", "CLF", "EUR")] == [2, 0, 3, 4, 2]
    assert (to_minor(Decimal("1.23"), "USD"), to_minor(Decimal(7), "JPY"), to_minor(Decimal("0.001"), "KWD")) == (
        123,
        7,
        1,
    )
    assert (to_major(-123, "USD"), to_major(7, "JPY"), to_major(1, "KWD")) == (
        Decimal("-1.23"),
        Decimal(7),
        Decimal("0.001"),
    )
    assert to_e12(Decimal("0.000000000001")) == 1


@pytest.mark.parametrize(("amount", "currency"), [("1.234", "USD"), ("0.5", "JPY"), ("0.0001", "KWD")])
def test_amounts_finer_than_the_currency_are_refused(amount: str, currency: str):
    with pytest.raises(InexactNumberError, match=f"than {currency} has"):
        to_minor(Decimal(amount), currency)


def test_more_than_12_places_are_refused():
    with pytest.raises(InexactNumberError, match="more than 12 decimal places"):
        to_e12(Decimal("0.0000000000001"))


def test_a_long_number_is_kept_or_refused_and_never_rounded():
    assert to_e12(Decimal("12345678901234567.891234567891")) == 12345678901234567891234567891
    with pytest.raises(InexactNumberError, match="more than 12 decimal places"):
        to_e12(Decimal("12345678901234567.8912345678911"))
