"""4 Allocation: what an item has earned is split over its products, to the last minor unit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ratable import tables
from ratable.allocation import allocate
from ratable.backends import Sheet, Stored
from ratable.errors import NumberOverflowError
from tests import factories as make
from tests.factories import empty, expect, rows, told

DRAWS = "item_id | commit_id | kind | service_on | booked_on | gross_minor | net_minor"


def allocated(
    sheet: Sheet, shares: str, *, rated: str, draws: Stored | None = None, items: str = "item_id\nsuite"
) -> Stored:
    return allocate(
        sheet,
        make.table(
            sheet,
            "rated",
            tables.RATED,
            f"item_id | month_on | amount_minor\n{rated}",
            contract_id="acme",
            quantity_e12=0,
        ),
        draws or empty(sheet, "draws", tables.DRAWS),
        make.items(sheet, items),
        make.table(sheet, "shares", tables.SHARES, f"item_id | product_id | weight\n{shares}"),
        months=make.months(sheet, "2025-01", "2027-01"),
    )


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100001, ("33.33", "33.33", "33.34"), (33330, 33330, 33341)),
        (100, ("1", "1", "1"), (34, 33, 33)),  # equal rests: the product's id decides
        (-100, ("1", "1", "1"), (-34, -33, -33)),
        (1, ("0", "50", "50"), (0, 1, 0)),
        (120, ("0", "0", "100"), (0, 0, 120)),
        (15000, ("50", "25", "75"), (5000, 2500, 7500)),  # standalone selling prices
    ],
)
def test_a_bundle_is_split_by_its_weights(sheet: Sheet, amount: int, weights: tuple[str, ...], parts: tuple[int, ...]):
    shares = "\n".join(f"suite | {product} | {weight}" for product, weight in zip("abc", weights, strict=True))
    lines = "\n".join(f"{product} | {part} | usage | 2026-01" for product, part in zip("abc", parts, strict=True))
    found = allocated(sheet, shares, rated=f"suite | 2026-01 | {amount}")

    expect(sheet, found, f"product_id | amount_minor | kind | service_on\n{lines}")


def test_each_month_is_split_for_itself(sheet: Sheet):
    """Three months of one cent give three cents to the first product, a year's total would not."""
    found = allocated(
        sheet, "suite | a | 1\nsuite | b | 1", rated="suite | 2026-01 | 1\nsuite | 2026-02 | 1\nsuite | 2026-03 | 1"
    )

    assert sum(row["amount_minor"] for row in rows(sheet, found) if row["product_id"] == "a") == 3


def test_a_product_alone_has_everything(sheet: Sheet):
    expect(
        sheet,
        allocated(sheet, "suite | api | 1", rated="suite | 2026-01 | 777"),
        "product_id | amount_minor\napi | 777",
    )


def test_a_drawing_item_earns_what_it_drew_and_its_overage(sheet: Sheet):
    """Net of the drawdown, overage at list value, and no discount; the rated amount itself is not earned."""
    draws = make.table(
        sheet,
        "draws",
        tables.DRAWS,
        f"""
        {DRAWS}
        suite | pool | drawdown | 2026-01 | 2026-01 | 1000 | 800
        suite | pool | drawdown | 2026-01 | 2026-03 | 100  | 81
        suite | pool | overage  | 2026-01 | 2026-01 | 55   | 55
        suite | pool | discount | 2026-01 | 2026-01 | 9    | 0
        """,
        contract_id="acme",
        adjusted_on=make.FIRST,
    )
    found = allocated(
        sheet,
        "suite | a | 50\nsuite | b | 50",
        rated="suite | 2026-01 | 1164",
        draws=draws,
        items="item_id | draws\nsuite | yes",
    )

    expect(
        sheet,
        found,
        """
        product_id | commit_id | kind     | amount_minor
        a          | pool      | drawdown | 441
        b          | pool      | drawdown | 440
        a          | pool      | overage  | 28
        b          | pool      | overage  | 27
        """,
    )


def test_an_adjustment_is_split_apart_from_the_month(sheet: Sheet):
    draws = make.table(
        sheet,
        "draws",
        tables.DRAWS,
        f"{DRAWS} | adjusted_on\n"
        "suite | pool | overage | 2026-01 | 2026-01 | 101 | 101 | 0001-01-01\n"
        "suite | pool | overage | 2026-01 | 2026-03 | -1 | -1 | 2026-03-05",
        contract_id="acme",
    )
    found = allocated(
        sheet,
        "suite | a | 50\nsuite | b | 50",
        rated="suite | 2026-01 | 101",
        draws=draws,
        items="item_id | draws\nsuite | yes",
    )

    expect(
        sheet,
        found,
        "product_id | adjusted_on | amount_minor\n"
        "a | 0001-01-01 | 51\nb | 0001-01-01 | 50\na | 2026-03-05 | -1\nb | 2026-03-05 | 0",
    )


def test_a_share_that_does_not_fit_is_refused_by_name(sheet: Sheet):
    with pytest.raises(NumberOverflowError):
        allocated(
            sheet, "suite | a | 99999999999999999999\nsuite | b | 1", rated="suite | 2026-01 | 9000000000000000000"
        )


REALLOCATED = """
products: [{id: api, name: API}, {id: care, name: Care}]
product_bundles: [{id: suite, lines: [{product: api, percentage: "60"}, {product: care, percentage: "40"}]}]
contracts:
  - id: acme
    customer: Acme
    start_date: 2026-01-01
    usage: [{id: acme-suite, product_bundle: suite}]
events:
  - {on: 2026-01-31, usage: {item: acme-suite, used_on: 2026-01-15, amount: "1000"}}
  - {on: 2026-02-01, close: 2026-01}
  - {on: 2026-02-03, allocate: {item: acme-suite, lines: [{product: api, percentage: "65"}, {product: care, percentage: "35"}]}}
"""


def test_a_changed_split_is_caught_up_in_the_open_month(sheet: Sheet, tmp_path: Path):
    books = make.played(sheet, tmp_path, REALLOCATED)

    told(books, "allocated", "product | amount\napi | 650\ncare | 350")
    told(
        books,
        "revenue",
        "product | period | service_period | amount\n"
        "api | 2026-01 | 2026-01 | 600\ncare | 2026-01 | 2026-01 | 400\n"
        "api | 2026-02 | 2026-01 | 50\ncare | 2026-02 | 2026-01 | -50",
    )
    assert books.rows("balances", date(2026, 2, 28))[0]["currency"] == "USD"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ('[{product: api, percentage: "65"}, {product: care, percentage: "36"}]', "allocation_must_sum_to_total"),
        ('[{product: api, percentage: "65"}]', "allocation_must_sum_to_total"),
    ],
)
def test_a_split_that_does_not_sum_is_refused_and_changes_nothing(sheet: Sheet, tmp_path: Path, lines: str, code: str):
    text = REALLOCATED[: REALLOCATED.index('lines: [{product: api, percentage: "65"}')] + f"lines: {lines}}}}}\n"
    books = make.played(sheet, tmp_path, text)

    assert [row["code"] for row in books.rows("refused")] == [code]
    told(books, "allocated", "product | amount\napi | 600\ncare | 400")
