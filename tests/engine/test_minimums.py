"""Monthly minimums: the larger shortfall is due, once, and never less than nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.rating.minimums import counted, shortfalls, true_up
from ratable.terms import PartialMonth
from tests import factories as make
from tests.factories import expect, rows

ONE_PRICE = "item_id | upper | unit_price\ncalls | - | 2"


def due(
    sheet: Sheet,
    counted_rows: str,
    *,
    used: str = "calls | 2026-01 | 0",
    tiers: str = ONE_PRICE,
    model: str = "unit_based",
    partial_month: PartialMonth = "full",
    before: str = "2026-02",
    **contract: Any,
) -> Stored:
    """True-ups of the contract `acme`; pay-as-you-go fees of its months as given."""
    items = make.items(sheet, f"item_id | pricing_model\ncalls | {model}\npayg | -")
    short = shortfalls(
        sheet,
        make.metered(sheet, f"item_id | month_on | quantity\n{used}"),
        items,
        make.tiers(sheet, tiers),
        make.contracts(sheet, **contract),
        make.months(sheet, "2026-01", before),
        partial_month=partial_month,
    )
    fees = make.table(
        sheet,
        "rated",
        tables.RATED,
        f"contract_id | month_on | amount_minor\n{counted_rows}",
        item_id="payg",
        quantity_e12=0,
    )
    return true_up(sheet, short, fees, make.empty(sheet, "draws", tables.DRAWS), items, rounding="half_up")


AMOUNT: dict[str, Any] = {"minimum_amount_e12": 5000 * 10**12}
QUANTITY: dict[str, Any] = {"minimum_quantity_e12": 1000 * 10**12}


@pytest.mark.parametrize(("fees", "missing"), [(320000, 180000), (0, 500000), (499999, 1)])
def test_what_the_month_lacks_is_due(sheet: Sheet, fees: int, missing: int):
    found = due(sheet, f"acme | 2026-01 | {fees}", **AMOUNT)

    expect(sheet, found, f"contract_id | month_on | amount_minor\nacme | 2026-01 | {missing}")


@pytest.mark.parametrize("fees", [500000, 500001])
def test_nothing_is_due_at_or_above_the_minimum(sheet: Sheet, fees: int):
    assert rows(sheet, due(sheet, f"acme | 2026-01 | {fees}", **AMOUNT)) == []


def test_a_contract_without_a_minimum_owes_none(sheet: Sheet):
    assert rows(sheet, due(sheet, "acme | 2026-01 | 0")) == []


def test_a_month_without_any_usage_owes_the_whole(sheet: Sheet):
    expect(sheet, due(sheet, "other | 2026-01 | 1", **AMOUNT), "month_on | amount_minor\n2026-01 | 500000")


@pytest.mark.parametrize(
    ("policy", "amounts"),
    [("full", (500000, 500000, 500000)), ("prorated", (274194, 500000, 16129))],  # 17/31, all, 1/31
)
def test_partial_months(sheet: Sheet, policy: PartialMonth, amounts: tuple[int, int, int]):
    found = due(
        sheet,
        "other | 2026-01 | 0",
        partial_month=policy,
        before="2026-05",
        starts_on=date(2026, 1, 15),
        counts_from=date(2026, 1, 15),
        ends_before=date(2026, 3, 2),
        **AMOUNT,
    )
    lines = "\n".join(f"2026-0{month} | {amount}" for month, amount in enumerate(amounts, start=1))

    expect(sheet, found, f"month_on | amount_minor\n{lines}")


def test_the_value_of_missing_units(sheet: Sheet):
    """1,000 units at 2.00 less 400 used: 1,200.00."""
    found = due(sheet, "acme | 2026-01 | 80000", used="calls | 2026-01 | 400", **QUANTITY)

    expect(sheet, found, "amount_minor\n120000")


def test_missing_units_are_valued_by_the_tiers(sheet: Sheet):
    """1,000 units cost 100 x 2 + 900 x 1 = 1,100; 400 cost 200 + 300 = 500; the difference is 600."""
    tiers = "item_id | upper | unit_price\ncalls | 100 | 2\ncalls | - | 1"
    found = due(
        sheet,
        "acme | 2026-01 | 50000",
        used="calls | 2026-01 | 400",
        tiers=tiers,
        model="graduated_tiered",
        **QUANTITY,
    )

    expect(sheet, found, "amount_minor\n60000")


def test_more_than_the_minimum_quantity_owes_nothing(sheet: Sheet):
    assert rows(sheet, due(sheet, "acme | 2026-01 | 0", used="calls | 2026-01 | 1000.5", **QUANTITY)) == []


@pytest.mark.parametrize(
    ("minimum", "missing"),
    [(900, 120000), (3000, 220000)],  # 900 - 800 = 100 < 1,200; 3,000 - 800 = 2,200 > 1,200
)
def test_the_larger_shortfall_is_due_and_not_both(sheet: Sheet, minimum: int, missing: int):
    found = due(
        sheet,
        "acme | 2026-01 | 80000",
        used="calls | 2026-01 | 400",
        minimum_amount_e12=minimum * 10**12,
        **QUANTITY,
    )

    expect(sheet, found, f"amount_minor\n{missing}")


def test_what_counts_is_net_of_commits_overage_and_pay_as_you_go(sheet: Sheet):
    rated = make.table(
        sheet,
        "rated",
        tables.RATED,
        "contract_id | item_id | month_on | quantity | amount_minor\n"
        "acme | payg  | 2026-01 | 1 | 1000\n"
        "acme | drawn | 2026-01 | 1 | 50000",
    )
    draws = make.table(
        sheet,
        "draws",
        tables.DRAWS,
        "kind | gross_minor | net_minor\ndrawdown | 10000 | 8000\noverage | 39000 | 39000\ndiscount | 1000 | 0",
        contract_id="acme",
        item_id="drawn",
        commit_id="pool",
        service_on=date(2026, 1, 1),
        booked_on=date(2026, 1, 1),
        adjusted_on=make.FIRST,
    )
    items = make.items(sheet, "item_id | draws\npayg | no\ndrawn | yes")

    expect(
        sheet, sheet.run(counted, rated, draws, items), "contract_id | month_on | counted_minor\nacme | 2026-01 | 48000"
    )
