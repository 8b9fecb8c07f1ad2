"""3 Drawdown: what lapses at the cap of a rollover, what drawn units earn, and what of a month is left to rate."""

from __future__ import annotations

from datetime import date

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.drawdown import rollover, units
from tests import factories as make
from tests.factories import empty, expect, table


def lives(sheet: Sheet, text: str) -> Stored:
    """Lives by `commit_id | number | rolls_on | rank | cap_minor`; each has its rank from its first day."""
    header, *body = make.cells(text)
    found = [dict(zip(header, values, strict=True)) for values in body]
    return sheet.bind_rows(
        "rollovers",
        [
            {
                "commit_id": row["commit_id"],
                "number": int(row["number"]),
                "rolls_on": date.fromisoformat(row["rolls_on"]),
                "ranks_from": date.fromisoformat(row["rolls_on"]),
                "rank": int(row["rank"]),
                "cap_minor": int(row["cap_minor"]),
            }
            for row in found
        ],
        tables.ROLLOVERS,
    )


def test_what_exceeds_the_cap_of_each_life_is_forfeited(sheet: Sheet):
    commits = make.commits(sheet, "commit_id | granted_minor | ends_before | expires\npool | 100 | 2026-04-01 | yes")
    draws = table(
        sheet,
        "drawn_of_lives",
        tables.DRAWS,
        "item_id | commit_id | kind | service_on | booked_on | gross_minor | net_minor\n"
        "calls | pool | drawdown | 2026-01 | 2026-01 | 10 | 10\n"
        "calls | pool | drawdown | 2026-01 | 2026-02 | 15 | 15\n"
        "calls | pool | drawdown | 2026-02 | 2026-02 | 20 | 20",
        contract_id="acme",
        adjusted_on=make.FIRST,
    )
    rolled = lives(
        sheet,
        "commit_id | number | rolls_on | rank | cap_minor\npool | 1 | 2026-02-01 | 1 | 50\npool | 2 | 2026-03-01 | 2 | 25",
    )
    asked_at = sheet.bind_rows(
        "asked_at_of_lives",
        [
            {"known_on": date(2026, 1, 1), "through_on": date(2026, 2, 1)},
            {"known_on": date(2026, 2, 1), "through_on": date(2026, 3, 1)},
        ],
        rollover.ASKED_AT,
    )
    grants = empty(sheet, "grants_of_lives", tables.GRANTS)

    expect(
        sheet,
        sheet.run(rollover.forfeits, commits, grants, draws, rolled, asked_at),
        """
        commit_id | rolls_on   | known_on   | amount_minor
        pool      | 2026-02-01 | 2026-01-01 | 40
        pool      | 2026-02-01 | 2026-02-01 | 25
        pool      | 2026-03-01 | 2026-02-01 | 5
        """,
    )


def test_drawn_units_earn_their_part_of_the_price_and_the_last_takes_the_rest(sheet: Sheet):
    columns = "item_id | commit_id | kind | service_on | booked_on | gross_minor | net_minor"
    drawn_units = table(
        sheet,
        "units_of_test",
        tables.DRAWS,
        f"{columns}\ncalls | pool | drawdown | 2026-01 | 2026-01 | 1 | 1\n"
        "calls | pool | drawdown | 2026-01 | 2026-02 | 1 | 1\nhours | pool | drawdown | 2026-02 | 2026-02 | 1 | 1\n"
        "hours | - | usage | 2026-02 | 2026-02 | 7 | 7",
        contract_id="acme",
        adjusted_on=make.FIRST,
    )
    posted = table(
        sheet,
        "earned_of_test",
        tables.DRAWS,
        f"{columns}\ncalls | pool | drawdown | 2026-01 | 2026-01 | 0 | 33",
        contract_id="acme",
        adjusted_on=make.FIRST,
    )
    pools_of_units = table(
        sheet, "unit_pools_of_test", tables.UNIT_POOLS, "commit_id | price_minor | units\npool | 100 | 3"
    )
    months = make.months(sheet, "2026-01", "2026-03", open_on="2026-02")

    expect(
        sheet,
        sheet.run(units.earned_draws, drawn_units, posted, pools_of_units, months, rounding="half_up"),
        """
        item_id | service_on | booked_on | gross_minor | net_minor
        calls   | 2026-01    | 2026-02   | 0           | 34
        hours   | 2026-02    | 2026-02   | 0           | 33
        """,
    )


def test_the_rest_of_a_month_is_its_last_units_and_those_before_there_was_a_pool(sheet: Sheet):
    days = table(
        sheet,
        "days_of_test",
        tables.METERED,
        "item_id | month_on | used_on | records | quantity_e12 | amount_e12\n"
        "calls | 2026-01 | 2026-01-02 | 1 | 3 | 0\ncalls | 2026-01 | 2026-01-10 | 1 | 4 | 0\n"
        "calls | 2026-01 | 2026-01-20 | 1 | 5 | 0",
    )
    drawn_units = table(
        sheet,
        "drawn_of_test",
        tables.DRAWS,
        "commit_id | kind | gross_minor\n- | usage | 2000000\npool | drawdown | 8000000\npool | overage | 14000000",
        contract_id="acme",
        item_id="calls",
        service_on=date(2026, 1, 1),
        booked_on=date(2026, 1, 1),
        net_minor=0,
        adjusted_on=make.FIRST,
    )
    rates = table(sheet, "rates_of_test", tables.UNIT_RATES, "item_id | rate\ncalls | 2")

    expect(
        sheet,
        sheet.run(units.rest_by_day, days, drawn_units, rates),
        "used_on | quantity\n2026-01-02 | 1\n2026-01-10 | 2\n2026-01-20 | 5",
    )
