"""2 Rating: every pricing model at and around its bounds, fees without usage, one rounding per month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ratable.backends import Sheet
from ratable.errors import NumberOverflowError
from ratable.rating import Rated, rate
from ratable.terms import Rounding
from tests import factories as make
from tests.factories import expect, rows, told

THREE = """
item_id | upper | unit_price | flat_fee
calls   | 1000  | 0.10       | 0
calls   | 10000 | 0.08       | 5
calls   | -     | 0.05       | 0
"""


def priced(
    sheet: Sheet,
    quantity: str,
    tiers: str,
    *,
    amount: str = "0",
    rounding: Rounding = "half_up",
    currency: str = "USD",
    **item: Any,
) -> Rated:
    """The item `calls` with a quantity in January 2026."""
    return rate(
        sheet,
        make.metered(sheet, f"item_id | month_on | quantity | amount\ncalls | 2026-01 | {quantity} | {amount}"),
        make.items(sheet, currency=currency, **item),
        make.tiers(sheet, tiers),
        make.months(sheet, "2026-01", "2026-02"),
        rounding=rounding,
    )


def one_price(price: str) -> str:
    return f"item_id | upper | unit_price\ncalls | - | {price}"


def amount(sheet: Sheet, found: Rated) -> int:
    return sum(int(row["amount_minor"]) for row in rows(sheet, found.months))


# ── models ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("quantity", "lines"),
    [
        ("12500", "1 | 1000 | 10000\n2 | 9000 | 72500\n3 | 2500 | 12500"),
        ("1000", "1 | 1000 | 10000"),  # an upper bound belongs to its tier
        ("1000.5", "1 | 1000 | 10000\n2 | 0.5 | 504"),
        ("10000", "1 | 1000 | 10000\n2 | 9000 | 72500"),
        ("0.000000000001", "1 | 0.000000000001 | 0"),
    ],
)
def test_graduated_tiers(sheet: Sheet, quantity: str, lines: str):
    found = priced(sheet, quantity, THREE, pricing_model="graduated_tiered")

    expect(sheet, found.lines, f"tier | quantity | amount_minor\n{lines}")


@pytest.mark.parametrize(
    ("quantity", "line"),
    [
        ("1000", "1 | 1000 | 10000"),
        ("1000.5", "2 | 1000.5 | 8504"),
        ("10000", "2 | 10000 | 80500"),
        ("12500", "3 | 12500 | 62500"),
    ],
)
@pytest.mark.parametrize("model", ["volume_based", "unit_based"])
def test_the_tier_that_is_reached_prices_all(sheet: Sheet, model: str, quantity: str, line: str):
    expect(sheet, priced(sheet, quantity, THREE, pricing_model=model).lines, f"tier | quantity | amount_minor\n{line}")


@pytest.mark.parametrize(
    ("quantity", "cents"),
    [("50", 0), ("50.000000000001", 300), ("150", 300), ("151", 600), ("1", 0)],
)
def test_packages_that_are_started(sheet: Sheet, quantity: str, cents: int):
    found = priced(
        sheet,
        quantity,
        one_price("3"),
        pricing_model="package",
        package_size_e12=100 * 10**12,
        free_units_e12=50 * 10**12,
    )

    expect(sheet, found.lines, f"tier | quantity | amount_minor\n1 | {quantity} | {cents}")


def test_a_percentage_of_an_amount_of_money(sheet: Sheet):
    found = priced(sheet, "1234.56", one_price("0.029"), pricing_model="percentage_based")

    assert amount(sheet, found) == 3580  # 35.80224


@pytest.mark.parametrize("quantity", ["1", "99999"])
def test_a_fixed_fee_does_not_know_a_quantity(sheet: Sheet, quantity: str):
    found = priced(sheet, quantity, one_price("250"), pricing_model="fixed_fee")

    expect(sheet, found.lines, f"tier | quantity | amount_minor\n1 | {quantity} | 25000")


def test_an_amount_priced_at_source_has_a_line_of_its_own(sheet: Sheet):
    found = priced(sheet, "10", one_price("2"), amount="7.005")

    expect(sheet, found.lines, "tier | quantity | amount_minor\n0 | 0 | 701\n1 | 10 | 2000")
    expect(sheet, found.months, "quantity | amount_minor\n10 | 2701")


def test_an_item_without_a_price_rates_amounts_only(sheet: Sheet):
    found = priced(sheet, "0", "item_id | upper | unit_price\nother | - | 1", amount="7.25", pricing_model="")

    expect(sheet, found.lines, "tier | amount_minor\n0 | 725")


# ── months without usage ─────────────────────────────────────────────────────────────────────


def test_a_fixed_fee_is_due_in_every_active_month(sheet: Sheet):
    found = rate(
        sheet,
        make.metered(sheet, "item_id | month_on | quantity\ncalls | 2026-02 | 3"),
        make.items(sheet, pricing_model="fixed_fee", starts_on=date(2026, 1, 31), ends_before=date(2026, 3, 2)),
        make.tiers(sheet, one_price("250")),
        make.months(sheet, "2025-12", "2026-05"),
        rounding="half_up",
    )

    expect(
        sheet,
        found.months,
        "month_on | quantity | amount_minor\n2026-01 | 0 | 25000\n2026-02 | 3 | 25000\n2026-03 | 0 | 25000",
    )


@pytest.mark.parametrize(("policy", "cents"), [(True, 500), (False, 0)])
def test_a_flat_fee_without_usage_is_a_matter_of_policy(sheet: Sheet, *, policy: bool, cents: int):
    found = rate(
        sheet,
        make.metered(sheet, "item_id | month_on | quantity\nother | 2026-01 | 3"),
        make.items(sheet, pricing_model="graduated_tiered", zero_usage_flat_fee=policy),
        make.tiers(sheet, "item_id | upper | unit_price | flat_fee\ncalls | 100 | 1 | 5\ncalls | - | 1 | 7"),
        make.months(sheet, "2026-01", "2026-02"),
        rounding="half_up",
    )

    assert amount(sheet, found) == cents


def test_unused_per_unit_items_have_no_row(sheet: Sheet):
    found = rate(
        sheet,
        make.metered(sheet, "item_id | month_on | quantity\ncalls | 2026-02 | 3"),
        make.items(sheet),
        make.tiers(sheet, one_price("1")),
        make.months(sheet, "2026-01", "2026-02"),
        rounding="half_up",
    )

    assert rows(sheet, found.months) == rows(sheet, found.lines) == []


# ── digits ───────────────────────────────────────────────────────────────────────────────────


def test_prices_have_12_decimals(sheet: Sheet):
    found = priced(sheet, "3000000000000", one_price("0.000000000005"))

    assert amount(sheet, found) == 1500


@pytest.mark.parametrize(
    ("quantity", "rounding", "currency", "minor"),
    [
        ("0.005", "half_up", "USD", 1),
        ("0.005", "half_even", "USD", 0),
        ("0.015", "half_even", "USD", 2),
        ("0.004999999999", "half_up", "USD", 0),
        ("0.5", "half_up", "JPY", 1),
        ("1.5", "half_even", "JPY", 2),
        ("0.0005", "half_up", "KWD", 1),
    ],
)
def test_a_month_is_rounded_once(sheet: Sheet, quantity: str, rounding: Rounding, currency: str, minor: int):
    assert amount(sheet, priced(sheet, quantity, one_price("1"), rounding=rounding, currency=currency)) == minor


def test_lines_sum_to_the_month_whatever_the_digits(sheet: Sheet):
    """Three tiers of a third of a cent: the month is one cent, and one line has it."""
    tiers = "item_id | upper | unit_price\ncalls | 1 | 0.0033\ncalls | 2 | 0.0034\ncalls | - | 0.0033"
    found = priced(sheet, "3", tiers, pricing_model="graduated_tiered")

    expect(sheet, found.lines, "tier | amount_minor\n1 | 0\n2 | 1\n3 | 0")
    expect(sheet, found.months, "quantity | amount_minor\n3 | 1")


def test_equal_fractions_go_to_the_lower_tier(sheet: Sheet):
    tiers = "item_id | upper | unit_price\ncalls | 1 | 0.005\ncalls | - | 0.005"

    found = priced(sheet, "2", tiers, pricing_model="graduated_tiered")
    expect(sheet, found.lines, "tier | amount_minor\n1 | 1\n2 | 0")


def test_an_amount_that_does_not_fit_is_refused_by_name(sheet: Sheet):
    with pytest.raises(NumberOverflowError):
        priced(sheet, "99999999999999", one_price("1000000000000"))


# ── overrides, through the terms ─────────────────────────────────────────────────────────────

OVERRIDE = """
products:
  - id: api
    name: API
    usage_groups:
      - id: calls
        pricing_model: graduated_tiered
        tiers: [{to_quantity: "10", price: "1"}, {price: "0.50"}]
contracts:
  - id: list
    customer: List
    start_date: 2026-01-01
    usage: [{id: list-calls, product: api, usage_group: calls}]
  - id: own
    customer: Own
    start_date: 2026-01-01
    tier_price_overrides: [{product: api, usage_group: calls, tier: 2, price: "0.000000000001"}]
    usage: [{id: own-calls, product: api, usage_group: calls}]
events:
  - {on: 2026-01-31, usage: {item: list-calls, used_on: 2026-01-15, quantity: "20"}}
  - {on: 2026-01-31, usage: {item: own-calls, used_on: 2026-01-15, quantity: "5000000000005"}}
  - {on: 2026-01-31, usage: {item: own-calls, used_on: 2026-01-16, quantity: "5000000000005"}}
"""


def test_a_contract_has_its_own_price_of_one_tier(sheet: Sheet, tmp_path: Path):
    told(
        make.played(sheet, tmp_path, OVERRIDE),
        "rated",
        "item | tier | amount\nlist-calls | 1 | 10\nlist-calls | 2 | 5\nown-calls | 1 | 10\nown-calls | 2 | 10",
    )


def test_quantities_are_told_exactly(sheet: Sheet, tmp_path: Path):
    found = make.played(sheet, tmp_path, OVERRIDE).rows("rated")

    assert sum(Decimal(str(row["quantity"])) for row in found) == Decimal(10000000000030)
