"""2 Rating: what counts in a month other than its sum, records priced by themselves, carried prices and limits."""

from __future__ import annotations

from typing import Any

import pytest

from ratable.backends import Sheet, Stored
from ratable.errors import NumberOverflowError
from ratable.rating import Optioned, Rated, rate
from ratable.rating.groups import price_groups
from ratable.terms import Rounding
from tests import factories as make
from tests.factories import expect, rows

TWO = "item_id | upper | unit_price | flat_fee\ncalls | 10 | 1 | 0\ncalls | - | 0.9 | 0"
FEES = "item_id | upper | unit_price | flat_fee\ncalls | 10 | 1 | 5\ncalls | - | 0.9 | 3"
NO_TIERS = "item_id | upper | unit_price | flat_fee"


def priced(
    sheet: Sheet,
    records: str,
    *,
    tiers: str = TWO,
    model: str = "volume_based",
    limits: str = "item_id | tier | minimum | maximum",
    rounding: Rounding = "half_up",
    currency: str = "USD",
    **options: Any,
) -> Stored:
    """The unrounded lines of the item `calls`, whose plan has these options."""
    written = {name: "yes" if value is True else str(value) for name, value in options.items()}
    text = f"item_id | {' | '.join(written)}\ncalls | {' | '.join(written.values())}" if written else "item_id\ncalls"
    return price_groups(
        sheet,
        make.counted_records(sheet, records),
        make.rating_options(sheet, text),
        make.items(sheet, pricing_model=model, currency=currency),
        make.tiers(sheet, tiers),
        make.tier_limits(sheet, limits),
        make.months(sheet, "2026-01", "2026-03"),
        rounding=rounding,
    )


def worth(sheet: Sheet, lines: Stored) -> dict[int, tuple[str, str]]:
    """Units and value of each tier in plain numbers."""
    return {
        row["tier"]: (
            make.written(row["units_e12"], "units_e12"),
            make.written(row["value_e24"].scaleb(-12), "value_e12"),
        )
        for row in rows(sheet, lines)
    }


# ── groups ───────────────────────────────────────────────────────────────────────────────────

GROUPED = """
usage_id | used_on    | batch | quantity | dimensions
a        | 2026-01-05 | 1     | 8        | {"team": "x"}
b        | 2026-01-05 | 2     | 5        | {"team": "y"}
c        | 2026-01-06 | 2     | 4        | {"team": "x"}
d        | 2026-01-07 | 2     | 3        | null
e        | 2026-01-07 | 3     | 2        | {"team": ""}
"""


@pytest.mark.parametrize(
    ("rating_group", "expected"),
    [
        ("month", {2: ("22", "19.8")}),
        ("day", {1: ("9", "9"), 2: ("13", "11.7")}),
        ("record", {1: ("22", "22")}),
        ("upload", {1: ("10", "10"), 2: ("12", "10.8")}),
        ("dimension", {1: ("10", "10"), 2: ("12", "10.8")}),
    ],
)
def test_tiers_count_a_group(sheet: Sheet, rating_group: str, expected: dict[int, tuple[str, str]]):
    found = priced(sheet, GROUPED, rating_group=rating_group, group_dimension="team")

    assert worth(sheet, found) == expected


def test_a_group_never_reaches_over_two_months(sheet: Sheet):
    text = "usage_id | month_on | used_on | quantity\na | 2026-01 | 2026-01-31 | 8\nb | 2026-02 | 2026-02-01 | 5"
    found = priced(sheet, text, rating_group="upload")

    assert sorted((row["month_on"].month, row["tier"]) for row in rows(sheet, found)) == [(1, 1), (2, 1)]


def test_requests_that_were_taken_together_are_uploads_of_their_own(sheet: Sheet):
    text = "usage_id | batch | quantity | came_alone\na | 1 | 8 | yes\nb | 1 | 5 | yes\nc | 2 | 8 | no\nd | 2 | 5 | no"

    assert worth(sheet, priced(sheet, text, rating_group="upload")) == {1: ("13", "13"), 2: ("13", "11.7")}


def test_a_flat_fee_is_due_in_each_group(sheet: Sheet):
    text = "usage_id | used_on | quantity\na | 2026-01-05 | 12\nb | 2026-01-06 | 4\nc | 2026-01-07 | 0"
    found = priced(sheet, text, tiers=FEES, model="graduated_tiered", rating_group="day")

    assert worth(sheet, found) == {1: ("14", "24"), 2: ("2", "4.8")}  # the 7th touches nothing


# ── one by one ───────────────────────────────────────────────────────────────────────────────


def test_a_volume_of_the_group_prices_each_record(sheet: Sheet):
    found = priced(sheet, "usage_id | quantity\na | 8\nb | 5", is_individual=True)

    assert worth(sheet, found) == {2: ("13", "11.7")}


def test_a_record_goes_on_where_the_one_before_left(sheet: Sheet):
    """In the order of use: by day, without a time of day first, by time, then as they were learned."""
    text = """
    usage_id | used_on    | used_at                   | batch | quantity
    late     | 2026-01-06 | -                         | 1     | 100
    third    | 2026-01-05 | 2026-01-05T10:00:00+00:00 | 2     | 4
    second   | 2026-01-05 | 2026-01-05T10:00:00+00:00 | 1     | 3.335
    first    | 2026-01-05 | -                         | 3     | 4.335
    """
    found = priced(sheet, text, model="graduated_tiered", is_individual=True)

    # 4.335 -> 4.34; 3.335 -> 3.34; 2.33 + 1.67 x 0.9 = 3.833 -> 3.83, of it 2.33 and 1.5; 100 x 0.9
    assert worth(sheet, found) == {1: ("10", "10.01"), 2: ("101.67", "91.5")}


def test_each_record_is_rounded_by_itself(sheet: Sheet):
    text = "usage_id | quantity\na | 0.005\nb | 0.005\nc | 0.015"

    assert worth(sheet, priced(sheet, text, is_individual=True)) == {1: ("0.025", "0.04")}
    assert worth(sheet, priced(sheet, text, is_individual=True, rounding="half_even")) == {1: ("0.025", "0.02")}
    assert worth(sheet, priced(sheet, text, is_individual=True, currency="JPY")) == {1: ("0.025", "0")}
    assert worth(sheet, priced(sheet, text)) == {1: ("0.025", "0.025")}


@pytest.mark.parametrize(
    ("model", "expected"),
    [("graduated_tiered", {1: ("10", "15"), 2: ("7", "9.3")}), ("volume_based", {2: ("17", "18.3")})],
)
def test_a_fee_goes_once_to_who_touches_the_tier_first(sheet: Sheet, model: str, expected: dict[int, tuple[str, str]]):
    text = "usage_id | quantity\na | 0\nb | 8\nc | 9"

    assert worth(sheet, priced(sheet, text, tiers=FEES, model=model, is_individual=True)) == expected


# ── what of a month counts ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("aggregation", "units"), [("sum", "22"), ("highest_day", "9"), ("maximum", "8"), ("last", "2")]
)
def test_aggregations(sheet: Sheet, aggregation: str, units: str):
    text = """
    usage_id | used_on    | used_at                   | batch | quantity
    a        | 2026-01-09 | 2026-01-09T20:00:00+00:00 | 1     | 2
    b        | 2026-01-05 | -                         | 4     | 8
    c        | 2026-01-09 | 2026-01-09T08:00:00+00:00 | 3     | 7
    d        | 2026-01-06 | -                         | 2     | 5
    """
    found = priced(sheet, text, tiers="item_id | upper | unit_price\ncalls | - | 1", aggregation=aggregation)

    assert worth(sheet, found) == {1: (units, units)}


# ── quantities ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rounding", "step", "units"),
    [
        ("half_up", "0.1", "2.5"),
        ("half_even", "0.1", "2.4"),
        ("up", "0.1", "2.5"),
        ("down", "0.1", "2.4"),
        ("up", "1", "3"),
        ("half_up", "0.000000000001", "2.45"),
    ],
)
def test_a_quantity_is_rounded_when_it_is_rated(sheet: Sheet, rounding: str, step: str, units: str):
    text = "usage_id | quantity\na | 1.2\nb | 1.25"
    found = priced(sheet, text, quantity_step=step, quantity_rounding=rounding)

    assert worth(sheet, found) == {1: (units, units)}


def test_what_is_priced_by_itself_is_rounded_by_itself(sheet: Sheet):
    text = "usage_id | quantity\na | 1.2\nb | 1.3"
    up: dict[str, Any] = {"quantity_step": "1", "quantity_rounding": "up"}

    assert worth(sheet, priced(sheet, text, rating_group="record", **up)) == {1: ("4", "4")}
    assert worth(sheet, priced(sheet, text, is_individual=True, **up)) == {1: ("4", "4")}


def test_what_is_rounded_to_nothing_costs_nothing(sheet: Sheet):
    found = priced(sheet, "usage_id | quantity\na | 0.4", tiers=FEES, quantity_step="1")

    assert rows(sheet, found) == []


# ── carried prices ───────────────────────────────────────────────────────────────────────────

CARRYING = """
usage_id | quantity | dimensions
a        | 2        | {"rate": "0.335"}
b        | 3.5      | {"rate": "2"}
"""


def test_a_record_carries_its_unit_price(sheet: Sheet):
    found = priced(sheet, CARRYING, tiers=NO_TIERS, price_dimension="rate")

    assert worth(sheet, found) == {0: ("5.5", "7.67")}


def test_a_record_carries_its_amount(sheet: Sheet):
    found = priced(sheet, CARRYING, tiers=NO_TIERS, amount_dimension="rate")

    assert worth(sheet, found) == {0: ("5.5", "2.335")}


def test_carried_prices_one_by_one(sheet: Sheet):
    found = priced(sheet, CARRYING, tiers=NO_TIERS, amount_dimension="rate", is_individual=True, rounding="half_even")

    assert worth(sheet, found) == {0: ("5.5", "2.34")}


def test_carried_prices_of_rounded_quantities(sheet: Sheet):
    found = priced(sheet, CARRYING, tiers=NO_TIERS, price_dimension="rate", quantity_step="1", quantity_rounding="down")

    assert worth(sheet, found) == {0: ("5", "6.67")}


def test_a_price_beyond_every_number_is_refused_by_name(sheet: Sheet):
    text = 'usage_id | quantity | dimensions\na | 1234567890123 | {"rate": "1234567890123"}'
    with pytest.raises(NumberOverflowError):
        priced(sheet, text, tiers=NO_TIERS, price_dimension="rate")


# ── limits ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("2", {1: ("2", "5")}),
        ("8", {1: ("8", "8")}),
        ("15", {1: ("10", "10"), 2: ("5", "7")}),
        ("20", {1: ("10", "10"), 2: ("10", "8")}),
    ],
)
def test_a_touched_tier_keeps_its_limits(sheet: Sheet, quantity: str, expected: dict[int, tuple[str, str]]):
    limits = "item_id | tier | minimum | maximum\ncalls | 1 | 5 | -\ncalls | 2 | 7 | 8"
    found = priced(sheet, f"usage_id | quantity\na | {quantity}", model="graduated_tiered", limits=limits)

    assert worth(sheet, found) == expected


@pytest.mark.parametrize(
    ("maximum", "expected"),
    [
        ("100", {1: ("10", "10"), 2: ("5", "4.5")}),
        ("12", {1: ("10", "10"), 2: ("5", "2")}),
        ("10", {1: ("10", "10"), 2: ("5", "0")}),
        ("7.5", {1: ("10", "7.5"), 2: ("5", "0")}),
    ],
)
def test_what_is_above_the_maximum_is_taken_from_the_highest_tiers(
    sheet: Sheet, maximum: str, expected: dict[int, tuple[str, str]]
):
    found = priced(sheet, "usage_id | quantity\na | 15", model="graduated_tiered", maximum=maximum)

    assert worth(sheet, found) == expected


# ── beside other items ───────────────────────────────────────────────────────────────────────


def rated(sheet: Sheet, metered: str, records: str, options: str, **item: Any) -> Rated:
    """Items with options beside items without, through the whole stage."""
    optioned = Optioned(
        make.counted_records(sheet, records), make.rating_options(sheet, options), make.tier_limits(sheet)
    )
    tiers = "item_id | upper | unit_price | flat_fee"
    for name in ("calls", "plain"):
        tiers += f"\n{name} | 10 | 1 | 5\n{name} | - | 0.9 | 0"
    return rate(
        sheet,
        make.metered(sheet, metered),
        make.items(sheet, "item_id | pricing_model\ncalls | volume_based\nplain | volume_based", **item),
        make.tiers(sheet, tiers),
        make.months(sheet, "2026-01", "2026-03"),
        rounding="half_up",
        optioned=optioned,
    )


def test_items_without_options_are_rated_as_ever_and_amounts_stay_beside(sheet: Sheet):
    found = rated(
        sheet,
        "item_id | month_on | quantity | amount\ncalls | 2026-01 | 13 | 7.005\nplain | 2026-01 | 13 | 0",
        "usage_id | used_on | quantity\na | 2026-01-05 | 8\nb | 2026-01-06 | 5",
        "item_id | rating_group\ncalls | day",
    )

    expect(
        sheet,
        found.lines,
        "item_id | tier | quantity | amount_minor\ncalls | 0 | 0 | 701\ncalls | 1 | 13 | 2300\nplain | 2 | 13 | 1170",
    )


def test_carried_prices_and_amounts_share_a_line(sheet: Sheet):
    """Both were priced elsewhere: 2 x 0.3325 + 7.005 = 7.67, rounded together."""
    found = rated(
        sheet,
        "item_id | month_on | quantity | amount\ncalls | 2026-01 | 2 | 7.005",
        'usage_id | quantity | dimensions\na | 2 | {"rate": "0.3325"}',
        "item_id | price_dimension\ncalls | rate",
    )

    expect(sheet, found.lines, "item_id | tier | quantity | amount_minor\ncalls | 0 | 2 | 767")


def test_a_fee_without_use_is_due_once_and_only_without_units(sheet: Sheet):
    """January has units, February a record of nothing."""
    found = rated(
        sheet,
        "item_id | month_on | quantity\ncalls | 2026-01 | 3\ncalls | 2026-02 | 0\nplain | 2026-02 | 0",
        """
        usage_id | month_on | used_on    | quantity
        a        | 2026-01  | 2026-01-05 | 2
        b        | 2026-01  | 2026-01-06 | 1
        c        | 2026-02  | 2026-02-06 | 0
        """,
        "item_id | rating_group\ncalls | day",
        zero_usage_flat_fee=True,
    )

    expect(
        sheet,
        found.months,
        "item_id | month_on | amount_minor\ncalls | 2026-01 | 1300\ncalls | 2026-02 | 500\n"
        "plain | 2026-01 | 500\nplain | 2026-02 | 500",
    )
