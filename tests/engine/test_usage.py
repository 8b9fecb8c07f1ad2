"""1 Usage: deduplication, days and months, rejections, and what is received is told in full."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import ibis
import pytest

from ratable import tables
from ratable import usage as stage
from ratable.backends import Sheet
from ratable.errors import REJECTION_CODES, NumberOverflowError
from ratable.terms import LateUsage
from ratable.usage import Metered, meter, meter_days, meter_records
from tests import factories as make
from tests.factories import expect, rows

ITEMS = """
item_id | pricing_model | bundle_id | starts_on  | ends_before
calls   | unit_based    | -         | 2026-01-10 | 2026-03-10
bare    | -             | -         | 2026-01-01 | 2027-01-01
suite   | -             | care      | 2026-01-01 | 2027-01-01
own     | unit_based    | -         | 2026-01-01 | 2027-01-01
"""
CARRYING = "item_id | price_dimension\nown | rate"


def metered(
    sheet: Sheet,
    text: str,
    *voided: str,
    zone: str = "UTC",
    late_usage: LateUsage = "next_open_period",
    **given: Any,
) -> Metered:
    items, options = make.items(sheet, ITEMS), make.rating_options(sheet, CARRYING)
    usage = make.usage(sheet, text, **given)
    return meter(sheet, usage, make.voids(sheet, *voided), items, options, zone=zone, late_usage=late_usage)


def codes(sheet: Sheet, found: Metered) -> dict[str, str]:
    return {str(row["usage_id"]): str(row["code"]) for row in rows(sheet, found.examined) if row["code"]}


# ── sums ─────────────────────────────────────────────────────────────────────────────────────


def test_records_are_summed_by_item_and_month(sheet: Sheet):
    found = metered(
        sheet,
        """
        usage_id | item_id | used_on    | quantity | amount
        a        | calls   | 2026-01-10 | 3        | -
        b        | calls   | 2026-01-31 | 4.5      | -
        c        | calls   | 2026-02-01 | 1        | -
        d        | suite   | 2026-02-01 | -        | 10.25
        """,
    )
    expect(
        sheet,
        found.by_month,
        """
        item_id | month_on | records | quantity | amount
        calls   | 2026-01  | 2       | 7.5      | 0
        calls   | 2026-02  | 1       | 1        | 0
        suite   | 2026-02  | 1       | 0        | 10.25
        """,
    )
    assert rows(sheet, found.examined) == []


def test_an_amount_wins_over_a_quantity(sheet: Sheet):
    found = metered(sheet, "usage_id | quantity | amount\na | 1000 | 5\nb | 2 | -")

    expect(sheet, found.by_month, "item_id | records | quantity | amount\ncalls | 2 | 2 | 5")


def test_a_voided_and_a_repeated_amount_win_over_their_quantities_too(sheet: Sheet):
    """The same through the look at single records: here because ids repeat."""
    text = "usage_id | quantity | amount | batch\na | 1000 | 5 | 1\na | 1000 | 5 | 2\nb | 2 | - | 1\nv | 7 | - | 1"
    found = metered(sheet, text, "v")

    expect(sheet, found.by_month, "item_id | records | quantity | amount\ncalls | 2 | 2 | 5")


def test_days_are_summed_where_they_are_wanted(sheet: Sheet):
    text = """
    usage_id | item_id | used_on    | quantity
    a        | calls   | 2026-01-10 | 3
    b        | calls   | 2026-01-10 | 4
    b        | calls   | 2026-01-10 | 4
    c        | calls   | 2026-01-11 | 5
    v        | calls   | 2026-01-11 | 6
    d        | calls   | 2026-02-01 | 7
    """
    found = metered(sheet, text, "v")
    wanted = make.table(
        sheet, "wanted", ibis.schema({"item_id": "string", "month_on": "date"}), "item_id | month_on\ncalls | 2026-01"
    )
    days = meter_days(sheet, make.usage(sheet, text), found, wanted, zone="UTC")

    expect(
        sheet,
        days,
        "item_id | month_on | used_on | records | quantity\n"
        "calls | 2026-01 | 2026-01-10 | 2 | 7\n"
        "calls | 2026-01 | 2026-01-11 | 1 | 5",
    )


def test_a_month_that_does_not_fit_is_refused_by_name(sheet: Sheet):
    with pytest.raises(NumberOverflowError):
        metered(sheet, f"usage_id | quantity\na | {'9' * 26}\nb | {'9' * 26}")


# ── days and months ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("UTC", "2026-01-31T23:59:59.999999+00:00", "2026-01-31"),
        ("UTC", "2026-02-01T00:00:00+00:00", "2026-02-01"),
        ("UTC", "2026-02-01T00:30:00+01:00", "2026-01-31"),
        # New York is five hours behind in winter, and four after the night of 8 March 2026
        ("America/New_York", "2026-02-01T04:59:59.999999+00:00", "2026-01-31"),
        ("America/New_York", "2026-02-01T05:00:00+00:00", "2026-02-01"),
        ("America/New_York", "2026-03-08T04:59:59+00:00", "2026-03-07"),
        ("America/New_York", "2026-03-09T03:59:59+00:00", "2026-03-08"),  # a day of 23 hours
        ("America/New_York", "2026-03-09T04:00:00+00:00", "2026-03-09"),
        ("Europe/Berlin", "2026-03-29T21:59:59+00:00", "2026-03-29"),  # Berlin's day of 23 hours
        ("Europe/Berlin", "2026-03-29T22:00:00+00:00", "2026-03-30"),
        ("Asia/Kolkata", "2026-01-31T18:30:00+00:00", "2026-02-01"),
    ],
)
def test_the_day_of_an_instant(sheet: Sheet, zone: str, instant: str, day: str):
    items = make.items(sheet, "item_id\ncalls", starts_on=date(2026, 1, 1))
    records = make.usage(sheet, f"usage_id | used_at | quantity\na | {instant} | 1", used_on=None)
    found = meter(sheet, records, make.voids(sheet), items, zone=zone, late_usage="next_open_period")
    wanted = make.table(
        sheet,
        "wanted",
        ibis.schema({"item_id": "string", "month_on": "date"}),
        f"item_id | month_on\ncalls | {day[:7]}",
    )

    expect(sheet, found.by_month, f"month_on | quantity\n{day[:7]} | 1")
    expect(sheet, meter_days(sheet, records, found, wanted, zone=zone), f"used_on | quantity\n{day} | 1")


def test_a_day_wins_over_an_instant(sheet: Sheet):
    found = metered(sheet, "usage_id | used_on | used_at | quantity\na | 2026-02-03 | 2026-01-31T12:00:00+00:00 | 1")
    expect(sheet, found.by_month, "month_on | quantity\n2026-02 | 1")


def test_the_windows_of_item_and_contract_are_half_open(sheet: Sheet):
    found = metered(
        sheet,
        """
        usage_id | item_id | used_on    | quantity | amount
        before   | calls   | 2026-01-09 | 1        | -
        first    | calls   | 2026-01-10 | 1        | -
        last     | calls   | 2026-03-09 | 1        | -
        after    | calls   | 2026-03-10 | 1        | -
        early    | suite   | 2025-12-31 | -        | 1
        start    | suite   | 2026-01-01 | -        | 1
        end      | suite   | 2026-12-31 | -        | 1
        late     | suite   | 2027-01-01 | -        | 1
        """,
    )

    assert codes(sheet, found) == {
        "before": "usage_must_fall_in_item",
        "after": "usage_must_fall_in_item",
        "early": "usage_must_fall_in_contract",
        "late": "usage_must_fall_in_contract",
    }


# ── ids ──────────────────────────────────────────────────────────────────────────────────────


def statuses(sheet: Sheet, found: Metered) -> list[tuple[object, ...]]:
    return sorted((row["usage_id"], row["batch"], row["row"], row["status"]) for row in rows(sheet, found.examined))


def test_the_same_record_again_is_a_duplicate(sheet: Sheet):
    found = metered(sheet, "usage_id | quantity | batch\na | 3 | 1\na | 3 | 1\na | 3 | 2\nb | 4 | 2")

    assert statuses(sheet, found) == [("a", 1, 1, "accepted"), ("a", 1, 2, "duplicate"), ("a", 2, 3, "duplicate")]
    expect(sheet, found.by_month, "item_id | records | quantity\ncalls | 2 | 7")


def test_other_content_under_a_known_id_is_rejected_and_the_first_stays(sheet: Sheet):
    found = metered(sheet, "usage_id | quantity | batch\na | 3 | 1\na | 4 | 2\na | 3 | 3")

    assert statuses(sheet, found) == [("a", 1, 1, "accepted"), ("a", 2, 2, "rejected"), ("a", 3, 3, "duplicate")]
    assert codes(sheet, found) == {"a": "usage_must_not_change_under_its_id"}
    expect(sheet, found.by_month, "item_id | records | quantity\ncalls | 1 | 3")


def test_within_one_file_all_differing_records_are_rejected(sheet: Sheet):
    found = metered(sheet, "usage_id | quantity | batch\na | 3 | 1\na | 4 | 1\na | 5 | 2")

    assert statuses(sheet, found) == [("a", 1, 1, "rejected"), ("a", 1, 2, "rejected"), ("a", 2, 3, "accepted")]
    expect(sheet, found.by_month, "item_id | records | quantity\ncalls | 1 | 5")


def test_a_rejected_record_does_not_take_its_id(sheet: Sheet):
    found = metered(sheet, "usage_id | quantity | batch\na | -3 | 1\na | 3 | 2")

    assert statuses(sheet, found) == [("a", 1, 1, "rejected"), ("a", 2, 2, "accepted")]


def test_a_voided_record_does_not_count_and_its_id_stays_taken(sheet: Sheet):
    found = metered(sheet, "usage_id | quantity | batch\na | 3 | 1\na | 3 | 2\nb | 4 | 1", "a")

    assert statuses(sheet, found) == [("a", 1, 1, "voided"), ("a", 2, 2, "duplicate")]
    expect(sheet, found.by_month, "item_id | records | quantity\ncalls | 1 | 4")


# ── rejections ───────────────────────────────────────────────────────────────────────────────

# One record for each code, in order of precedence. Each breaks its own rule and every later one that
# can be broken at the same time, so that it also shows which of two comes first.
REJECTED = """
usage_id | item_id | used_on    | quantity | amount | currency | unreadable                | batch
p01      | nobody  | -          | -1       | -      | EUR      | quantity_must_be_a_number | 1
p02      | calls   | 2025-01-01 | -1       | -      | EUR      | -                         | 1
p02      | calls   | 2025-01-01 | -2       | -      | EUR      | -                         | 1
p03      | calls   | -          | -1       | -      | EUR      | usage_must_have_a_date    | 1
p03b     | calls   | -          | -1       | -      | EUR      | -                         | 1
p04      | calls   | 2025-01-01 | -        | -      | EUR      | quantity_must_be_a_number | 1
p04b     | bare    | 2025-01-01 | -        | -      | EUR      | -                         | 1
p05      | calls   | 2025-01-01 | -1       | -      | EUR      | quantity_must_be_in_range | 1
p06      | calls   | 2025-01-01 | -1       | -      | EUR      | -                         | 1
p07      | calls   | 2025-01-01 | 1        | -      | EUR      | -                         | 1
p08      | bare    | 2025-01-01 | 1        | -      | USD      | -                         | 1
p09      | calls   | 2026-01-02 | 1        | -      | -        | -                         | 1
p10      | suite   | 2026-01-02 | 1        | -      | -        | -                         | 1
p11      | bare    | 2026-01-02 | 1        | -      | -        | -                         | 1
p12      | own     | 2026-01-02 | 1        | -      | -        | -                         | 1
p13      | bare    | 2026-01-02 | -        | 1      | -        | -                         | 1
fine     | calls   | 2026-02-02 | 1        | -      | -        | -                         | 1
"""


def test_every_code_and_its_precedence(sheet: Sheet):
    found = metered(sheet, REJECTED, late_usage="reject", open_on=date(2026, 2, 1))
    told = codes(sheet, found)

    assert {name[:3]: code for name, code in told.items()} == {
        f"p{number:02}": code for number, code in enumerate(REJECTION_CODES, start=1)
    }
    assert (told["p03b"], told["p04b"]) == ("usage_must_have_a_date", "quantity_must_be_a_number")
    assert "fine" not in told
    expect(sheet, found.by_month, "item_id | month_on | records | quantity\ncalls | 2026-02 | 1 | 1")


def test_late_usage_is_taken_where_the_policy_takes_it(sheet: Sheet):
    text = "usage_id | used_on | quantity\na | 2026-01-15 | 1"

    assert codes(sheet, metered(sheet, text, open_on=date(2026, 2, 1))) == {}
    assert codes(sheet, metered(sheet, text, open_on=date(2026, 2, 1), late_usage="reject")) == {
        "a": "period_must_be_open"
    }


def test_rejections_are_told_with_their_value(sheet: Sheet):
    found = metered(
        sheet,
        """
        usage_id | item_id | used_on    | quantity | currency
        a        | nobody  | 2026-01-15 | 1        | -
        b        | calls   | 2026-01-15 | -2.5     | -
        c        | calls   | 2026-01-15 | 1        | EUR
        d        | calls   | 2026-01-02 | 1        | -
        e        | bare    | 2026-01-02 | 1        | -
        """,
    )
    told = {row["usage_id"]: row["value"] for row in rows(sheet, sheet.run(stage.rejections, found.examined))}

    assert Decimal(str(told.pop("b"))) == Decimal("-2.5")
    assert told == {"a": "nobody", "c": "EUR", "d": "2026-01-02", "e": "bare"}


@pytest.mark.parametrize(
    ("dimensions", "value"),
    [
        ("null", ""),
        ('{"other": "1"}', ""),
        ('{"rate": ""}', ""),
        ('{"rate": "cheap"}', "cheap"),
        ('{"rate": "-1"}', "-1"),
        ('{"rate": "1e3"}', "1e3"),
        ('{"rate": "1,5"}', "1,5"),
        ('{"rate": "0.0000000000001"}', "0.0000000000001"),
        ('{"rate": "12345678901234"}', "12345678901234"),
    ],
)
def test_a_record_that_must_carry_its_price_does(sheet: Sheet, dimensions: str, value: str):
    """The one beside it does, and one that came priced needs none."""
    fine = '{"rate": "0.5"}'
    text = f"usage_id | quantity | amount | dimensions\na | 2 | - | {dimensions}\nb | 3 | - | {fine}\nc | - | 7 | null"
    found = metered(sheet, text, item_id="own")

    assert codes(sheet, found) == {"a": "usage_must_carry_its_price"}
    assert [row["value"] for row in rows(sheet, sheet.run(stage.rejections, found.examined))] == [value]
    expect(sheet, found.by_month, "item_id | records | quantity | amount\nown | 2 | 3 | 7")


def test_records_with_rating_options_are_told_one_by_one(sheet: Sheet):
    """Those that count and do not come priced; of other items none."""
    text = """
    usage_id | item_id | used_on    | quantity | amount | batch | dimensions
    a        | own     | 2026-01-10 | 3        | -      | 1     | {"rate": "1"}
    a        | own     | 2026-01-10 | 3        | -      | 2     | {"rate": "1"}
    b        | own     | 2026-02-11 | 4        | -      | 1     | {"rate": "1"}
    c        | own     | 2026-01-11 | 5        | -      | 1     | null
    d        | own     | 2026-01-11 | 6        | -      | 1     | {"rate": "1"}
    e        | own     | 2026-01-11 | -        | 7      | 1     | null
    f        | calls   | 2026-01-11 | 8        | -      | 1     | null
    """
    found = metered(sheet, text, "d")
    options = make.rating_options(sheet, CARRYING)
    records = meter_records(sheet, make.usage(sheet, text), found, options, zone="UTC")

    expect(
        sheet,
        records,
        "usage_id | month_on | used_on | batch | quantity\n"
        "a | 2026-01 | 2026-01-10 | 1 | 3\n"
        "b | 2026-02 | 2026-02-11 | 1 | 4",
    )


# ── conservation ─────────────────────────────────────────────────────────────────────────────


def test_received_is_accepted_voided_duplicate_and_rejected(sheet: Sheet):
    """In rows and in quantity. A group with a bad record is looked at one by one, a clean one is not."""
    text = """
    usage_id | item_id | used_on    | quantity | batch
    a        | calls   | 2026-01-15 | 1.5      | 1
    b        | calls   | 2026-01-15 | 2        | 1
    b        | calls   | 2026-01-15 | 2        | 2
    c        | calls   | 2026-01-15 | 4        | 1
    d        | calls   | 2026-01-02 | 8        | 1
    e        | calls   | 2026-02-15 | 16       | 1
    f        | nobody  | 2026-01-15 | 32       | 1
    g        | calls   | -          | 64       | 1
    """
    found = metered(sheet, text, "c")
    examined = rows(sheet, found.examined)
    accepted = rows(sheet, found.by_month)
    sums = {
        status: (len(mine), sum(Decimal(str(row["quantity"])) for row in mine))
        for status in ("voided", "duplicate", "rejected")
        for mine in [[row for row in examined if row["status"] == status]]
    }
    sums["accepted"] = (
        sum(int(str(row["records"])) for row in accepted),
        sum(Decimal(str(row["quantity_e12"])).scaleb(-12) for row in accepted),
    )

    assert sums == {
        "accepted": (3, Decimal("19.5")),
        "voided": (1, 4),
        "duplicate": (1, 2),
        "rejected": (3, 104),
    }
    assert sum(count for count, _ in sums.values()) == 8
    assert sum(quantity for _, quantity in sums.values()) == Decimal("129.5")
    assert "e" not in {row["usage_id"] for row in examined}


@pytest.mark.parametrize(
    "bad", ["x | nobody | 2026-01-15 | 1", "x | calls | 2026-01-02 | 1", "x | calls | 2026-01-15 | -1"]
)
def test_a_suspect_group_gives_what_a_clean_one_gives(sheet: Sheet, bad: str):
    text = """
    usage_id | item_id | used_on    | quantity
    a        | calls   | 2026-01-15 | 1.000000000001
    b        | calls   | 2026-01-16 | 2
    c        | calls   | 2026-02-16 | 3
    """
    clean = rows(sheet, metered(sheet, text).by_month)
    suspect = metered(sheet, text.rstrip() + f"\n    {bad}\n")

    assert sorted(rows(sheet, suspect.by_month), key=str) == sorted(clean, key=str)
    assert list(codes(sheet, suspect)) == ["x"]


def test_order_does_not_matter(sheet: Sheet):
    header, *body = make.cells(REJECTED)
    turned = [header, *reversed(body)]
    text = "\n".join(" | ".join(row) for row in turned)
    there = metered(sheet, REJECTED, late_usage="reject", open_on=date(2026, 2, 1))
    codes_there = codes(sheet, there)

    assert codes(sheet, metered(sheet, text, late_usage="reject", open_on=date(2026, 2, 1))) == codes_there


def test_no_usage_gives_no_rows(sheet: Sheet):
    records = make.empty(sheet, "usage", tables.USAGE)
    found = meter(
        sheet, records, make.voids(sheet), make.items(sheet, ITEMS), zone="UTC", late_usage="next_open_period"
    )

    assert rows(sheet, found.by_month) == rows(sheet, found.examined) == []


# ── dimensions ───────────────────────────────────────────────────────────────────────────────


DIMENSIONED = """
usage_id | used_on    | quantity | dimensions
a        | 2026-01-10 | 3        | {"model": "small", "region": "eu"}
b        | 2026-01-31 | 4        | {"model": "small"}
c        | 2026-01-31 | 5        | {"model": "large"}
d        | 2026-02-01 | 6        | null
"""


@pytest.mark.parametrize("more", ["", 'b | 2026-01-31 | 4 | {"model": "small"}'])
def test_usage_is_summed_by_a_dimension_with_and_without_repeated_records(sheet: Sheet, more: str):
    usage = make.usage(sheet, DIMENSIONED + more)
    items = make.items(sheet, ITEMS)
    found = meter(sheet, usage, make.voids(sheet), items, zone="UTC", late_usage="next_open_period")

    by_model = stage.meter_by_dimension(sheet, usage, found, zone="UTC", dimension="model")
    told = sorted(
        (str(row["month_on"]), row["value"] or "-", int(row["records"]), int(row["quantity_e12"]) // 10**12)
        for row in sheet.fetch(by_model).to_pylist()
    )

    assert told == [("2026-01-01", "large", 1, 5), ("2026-01-01", "small", 2, 7), ("2026-02-01", "-", 1, 6)]
