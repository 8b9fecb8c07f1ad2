"""5 Recognition: the whole of a service month less what is posted, on its day, in the month that books it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.drawdown.breakage import BREAKAGE
from ratable.recognition import recognize
from ratable.terms import Rounding
from tests import factories as make
from tests.factories import empty, expect, rows, table, told

ALLOCATED = "kind | service_on | amount_minor"
POSTED = "kind | service_on | booked_on | amount_minor"


def recognized(
    sheet: Sheet,
    allocated: str,
    *,
    posted: str = "",
    true_ups: str = "",
    schedules: str = "",
    breakage: str = "",
    open_on: str | None = None,
    rounding: Rounding = "half_up",
    **given: Any,
) -> Stored:
    """New revenue of the contract `acme`, item `calls`, product `api`."""
    own: dict[str, Any] = {"contract_id": "acme", "item_id": "calls", "product_id": "api", "commit_id": ""}
    months = make.months(sheet, "2026-01", "2026-04", open_on=open_on)
    found = recognize(
        sheet,
        table(
            sheet,
            "allocated",
            tables.ALLOCATED,
            f"{ALLOCATED}\n{allocated}",
            **own,
            adjusted_on=given.pop("adjusted_on", make.FIRST),
        ),
        table(sheet, "true_ups", TRUE_UPS, f"contract_id | month_on | amount_minor\n{true_ups}", learned_on=make.FIRST),
        table(
            sheet,
            "lapses",
            BREAKAGE,
            f"commit_id | booked_on | on | amount_minor\n{breakage}",
            contract_id="acme",
            product_id="api",
            kind="breakage",
        ),
        table(
            sheet,
            "schedules",
            tables.SCHEDULES,
            "source_id | kind | month_on | on | total_minor | weight_before | weight_to_date | weight_total\n"
            + schedules,
            contract_id="acme",
            product_id="api",
            line_no=0,
        ),
        table(
            sheet,
            "posted_revenue",
            tables.REVENUE,
            f"{POSTED}\n{posted}",
            **own,
            source_kind="usage",
            source_id="acme",
            on=date(2026, 1, 31),
            adjusted_on=make.FIRST,
        ),
        calendar=(
            months,
            make.contracts(sheet, **given),
            empty(sheet, "commits", tables.COMMITS),
            make.items(sheet),
        ),
        rounding=rounding,
    )
    return sheet.run(booked_in_open_months, found, months)


def booked_in_open_months(revenue: ir.Table, months: ir.Table) -> ir.Table:
    return revenue.semi_join(months.filter(months.is_open), [("booked_on", "month_on")])


TRUE_UPS = ibis.schema({"contract_id": "string", "month_on": "date", "learned_on": "date", "amount_minor": "int64"})
NEW = "kind | service_on | booked_on | on | amount_minor"


def test_an_open_month_books_itself_on_its_last_day(sheet: Sheet):
    found = recognized(sheet, "usage | 2026-01 | 500\nusage | 2026-02 | 700")

    expect(
        sheet,
        found,
        f"{NEW}\nusage | 2026-01 | 2026-01 | 2026-01-31 | 500\nusage | 2026-02 | 2026-02 | 2026-02-28 | 700",
    )


def test_a_closed_month_books_its_difference_in_the_first_open_one(sheet: Sheet):
    found = recognized(
        sheet,
        "usage | 2026-01 | 520\nusage | 2026-02 | 700",
        posted="usage | 2026-01 | 2026-01 | 500",
        open_on="2026-02",
    )

    expect(
        sheet,
        found,
        f"{NEW}\nusage | 2026-01 | 2026-02 | 2026-02-28 | 20\nusage | 2026-02 | 2026-02 | 2026-02-28 | 700",
    )


@pytest.mark.parametrize("whole", [500, 0])
def test_what_is_posted_is_not_booked_again_and_what_is_gone_is_taken_back(sheet: Sheet, whole: int):
    found = recognized(sheet, f"usage | 2026-01 | {whole}", posted="usage | 2026-01 | 2026-01 | 500", open_on="2026-02")

    assert [row["amount_minor"] for row in rows(sheet, found)] == ([] if whole == 500 else [-500])


def test_corrections_of_corrections_add_up(sheet: Sheet):
    posted = "usage | 2026-01 | 2026-01 | 500\nusage | 2026-01 | 2026-02 | 20"
    found = recognized(sheet, "usage | 2026-01 | 505", posted=posted, open_on="2026-03")

    expect(sheet, found, f"{NEW}\nusage | 2026-01 | 2026-03 | 2026-03-31 | -15")


def test_an_adjustment_is_dated_the_day_it_was_learned(sheet: Sheet):
    found = recognized(sheet, "overage | 2026-01 | -40", open_on="2026-02", adjusted_on=date(2026, 3, 5), posted="")

    expect(sheet, found, f"{NEW}\noverage | 2026-01 | 2026-03 | 2026-03-05 | -40")


def test_a_minimum_belongs_to_no_item(sheet: Sheet):
    found = recognized(sheet, "", true_ups="acme | 2026-01 | 90")

    expect(sheet, found, "kind | item_id | product_id | source_kind | amount_minor\nminimum | - | - | usage | 90")


@pytest.mark.parametrize("ended", [date(2026, 2, 10)])
def test_usage_of_the_month_of_a_termination_is_dated_then(sheet: Sheet, ended: date):
    found = recognized(sheet, "usage | 2026-01 | 500\nusage | 2026-02 | 700", terminated_on=ended, released_on=ended)

    expect(sheet, found, "service_on | on\n2026-01 | 2026-01-31\n2026-02 | 2026-02-10")


def test_breakage_comes_as_it_is(sheet: Sheet):
    found = recognized(sheet, "", breakage="pool | 2026-02 | 2026-02-15 | 600")

    expect(
        sheet,
        found,
        "source_kind | source_id | commit_id | kind | service_on | booked_on | on | amount_minor\n"
        "prepaid_commit | pool | pool | breakage | 2026-02 | 2026-02 | 2026-02-15 | 600",
    )


# ── amounts over time ────────────────────────────────────────────────────────────────────────


def test_a_schedule_is_rounded_to_date_and_booked_as_the_step(sheet: Sheet):
    """100 in thirds: 33.33, 66.67 and 100 to date."""
    steps = "\n".join(
        f"seats | subscription | 2026-0{month} | 2026-0{month}-28 | 10000 | {month - 1} | {month} | 3"
        for month in (1, 2, 3)
    )
    found = recognized(sheet, "", schedules=steps)

    expect(
        sheet,
        found,
        "item_id | service_on | amount_minor\nseats | 2026-01 | 3333\nseats | 2026-02 | 3334\nseats | 2026-03 | 3333",
    )


def test_a_step_that_is_half_goes_to_the_even_neighbour_by_policy(sheet: Sheet):
    step = "seats | subscription | 2026-01 | 2026-01-31 | 1 | 0 | 1 | 2"

    assert [row["amount_minor"] for row in rows(sheet, recognized(sheet, "", schedules=step))] == [1]
    assert rows(sheet, recognized(sheet, "", schedules=step, rounding="half_even")) == []


def test_a_milestone_is_dated_its_own_day(sheet: Sheet):
    found = recognized(sheet, "", schedules="launch | milestone | 2026-02 | 2026-02-10 | 2500 | 0 | 1 | 1")

    expect(sheet, found, f"{NEW}\nmilestone | 2026-02 | 2026-02 | 2026-02-10 | 2500")


def test_months_that_are_not_computed_earn_nothing(sheet: Sheet):
    found = recognized(sheet, "", schedules="seats | subscription | 2026-04 | 2026-04-30 | 10000 | 3 | 4 | 12")

    assert rows(sheet, found) == []


SEATS = """
policy: {{proration: {proration}}}
products: [{{id: seats, name: Seats}}]
contracts:
  - id: acme
    customer: Acme
    start_date: 2026-01-01
    subscriptions: [{{id: plan, product: seats, total_value: "12000", start_date: 2026-01-15, end_date: 2027-01-14}}]
expect:
  revenue: [{{period: 2027-01, amount: "0"}}]
"""


@pytest.mark.parametrize(
    ("proration", "january", "february"),
    [
        ("daily", "558.9", "920.55"),  # 17 and 28 of 365 days
        ("standard", "548.39", "1000"),  # 17/31 of a month, a month
        ("thirty_day", "533.33", "1000"),  # 16 of 30 days
    ],
)
def test_a_subscription_by_each_proration(sheet: Sheet, tmp_path: Path, proration: str, january: str, february: str):
    books = make.played(sheet, tmp_path, SEATS.format(proration=proration))
    found = {str(row["period"])[:7]: row["amount"] for row in books.rows("revenue")}

    assert (f"{found['2026-01'].normalize():f}", f"{found['2026-02'].normalize():f}") == (january, february)  # type: ignore[attr-defined]
    assert len(found) == 13
    assert sum(found.values()) == 12000  # type: ignore[arg-type]
    told(books, "rpo", "band | amount\n12_months | 0", at=date(2027, 1, 31))
