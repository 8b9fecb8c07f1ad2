"""Reports: pure functions over posted tables; each figure by hand, and they agree with each other."""

from __future__ import annotations

from datetime import date

import ibis
import pytest

from ratable import reports, tables
from ratable.backends import Sheet, Stored
from tests import factories as make
from tests.factories import empty, expect, rows, table

DAY = ibis.schema({"at": "date"})
LINES = "entry_id | source_kind | source_id | kind | account | on | debit_minor | credit_minor"

# A commit of 800: invoiced in January, drawn 240 and 320, 40 lapse in March; usage of 100 in arrears, invoiced in
# February; the adjustment a1 takes 30 of January's drawdown back.
STORY = f"""
{LINES}
i1 | prepaid_commit | pool | invoice  | accounts_receivable | 2026-01-01 | 800 | 0
i1 | prepaid_commit | pool | invoice  | contract_liability  | 2026-01-01 | 0   | 800
d1 | prepaid_commit | pool | drawdown | contract_liability  | 2026-01-31 | 240 | 0
d1 | prepaid_commit | pool | drawdown | revenue             | 2026-01-31 | 0   | 240
u1 | usage          | acme | usage    | unbilled_revenue    | 2026-01-31 | 100 | 0
u1 | usage          | acme | usage    | revenue             | 2026-01-31 | 0   | 100
i2 | usage          | acme | invoice  | accounts_receivable | 2026-02-02 | 100 | 0
i2 | usage          | acme | invoice  | unbilled_revenue    | 2026-02-02 | 0   | 100
p1 | usage          | acme | payment  | cash                | 2026-02-20 | 800 | 0
p1 | usage          | acme | payment  | accounts_receivable | 2026-02-20 | 0   | 800
a1 | prepaid_commit | pool | drawdown | revenue             | 2026-02-28 | 30  | 0
a1 | prepaid_commit | pool | drawdown | contract_liability  | 2026-02-28 | 0   | 30
d2 | prepaid_commit | pool | drawdown | contract_liability  | 2026-02-28 | 320 | 0
d2 | prepaid_commit | pool | drawdown | revenue             | 2026-02-28 | 0   | 320
b1 | prepaid_commit | pool | breakage | contract_liability  | 2026-03-31 | 270 | 0
b1 | prepaid_commit | pool | breakage | breakage_revenue    | 2026-03-31 | 0   | 270
"""


def journal(sheet: Sheet, text: str = STORY) -> Stored:
    """Lines of the contract `acme`; month booked and service month are those of the day."""
    header, *body = make.cells(text)
    found = []
    for values in body:
        given = dict(zip(header, values, strict=True))
        on = date.fromisoformat(given["on"])
        place = {"invoice": 1, "payment": 1, "breakage": 3}.get(given["kind"], 2)
        found.append(
            {
                **dict.fromkeys(("item_id", "product_id", "commit_id"), ""),
                **given,
                "contract_id": "acme",
                "currency": given.get("currency", "USD"),
                "service_on": on.replace(day=1),
                "booked_on": on.replace(day=1),
                "on": on,
                "place": place,
                "number": 0,
                "is_adjusted": given["entry_id"].startswith("a"),
                "debit_minor": int(given["debit_minor"]),
                "credit_minor": int(given["credit_minor"]),
            }
        )
    return sheet.bind_rows("journal_to_report", found, tables.JOURNAL)


def day(sheet: Sheet, on: str) -> Stored:
    return table(sheet, "report_day", DAY, f"at\n{on}")


# ── balances ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("on", "lines"),
    [
        ("2025-12-31", ""),
        ("2026-01-01", "accounts_receivable | 800\ncontract_liability | 800"),
        ("2026-01-30", "accounts_receivable | 800\ncontract_liability | 800"),
        (
            "2026-03-31",
            (
                "accounts_receivable | 100\ncash | 800\ncontract_liability | 0\nunbilled_revenue | 0\n"
                "revenue | 630\nbreakage_revenue | 270"
            ),
        ),
    ],
)
def test_balances_at_the_end_of_a_day(sheet: Sheet, on: str, lines: str):
    found = sheet.run(reports.balances, journal(sheet), day(sheet, on))

    expect(sheet, found, f"account | amount_minor\n{lines}")


def test_the_trial_balance_has_equal_sides(sheet: Sheet):
    found = sheet.run(reports.trial_balance, journal(sheet), day(sheet, "2026-02-28"))

    expect(
        sheet,
        found,
        """
        account             | currency | debit_minor | credit_minor | balance_minor
        accounts_receivable | USD      | 900         | 800          | 100
        cash                | USD      | 800         | 0            | 800
        contract_liability  | USD      | 560         | 830          | 270
        revenue             | USD      | 30          | 660          | 630
        unbilled_revenue    | USD      | 100         | 100          | 0
        """,
    )
    assert sum(row["debit_minor"] for row in rows(sheet, found)) == sum(
        row["credit_minor"] for row in rows(sheet, found)
    )


def test_currencies_stand_apart(sheet: Sheet):
    text = f"""
    {LINES} | currency
    i1 | usage | acme | invoice | cash    | 2026-01-01 | 5 | 0 | USD
    i2 | usage | acme | invoice | cash    | 2026-01-01 | 7 | 0 | EUR
    """
    found = sheet.run(reports.trial_balance, journal(sheet, text), day(sheet, "2026-01-31"))

    expect(sheet, found, "currency | balance_minor\nUSD | 5\nEUR | 7")


# ── rollforward ──────────────────────────────────────────────────────────────────────────────

MOVEMENTS = "period | opening_minor | billed_minor | recognized_minor | breakage_minor | other_minor | closing_minor"


def rolled(sheet: Sheet, account: str) -> Stored:
    stored = sheet.run(reports.rollforward, journal(sheet), make.months(sheet, "2026-01", "2026-05"))
    found = [row for row in rows(sheet, stored) if row["account"] == account]
    return sheet.bind_rows("rolled", found, stored.schema)


def test_rollforward_of_the_liability(sheet: Sheet):
    expect(
        sheet,
        rolled(sheet, "contract_liability"),
        f"""
        {MOVEMENTS}
        2026-01 | 0   | 800 | 240 | 0   | 0  | 560
        2026-02 | 560 | 0   | 320 | 0   | 30 | 270
        2026-03 | 270 | 0   | 0   | 270 | 0  | 0
        2026-04 | 0   | 0   | 0   | 0   | 0  | 0
        """,
    )


def test_rollforward_of_unbilled_revenue(sheet: Sheet):
    expect(
        sheet,
        rolled(sheet, "unbilled_revenue"),
        f"""
        {MOVEMENTS}
        2026-01 | 0   | 0   | 100 | 0 | 0 | 100
        2026-02 | 100 | 100 | 0   | 0 | 0 | 0
        2026-03 | 0   | 0   | 0   | 0 | 0 | 0
        2026-04 | 0   | 0   | 0   | 0 | 0 | 0
        """,
    )


def test_rollforward_of_the_receivable(sheet: Sheet):
    found = {str(row["period"])[:7]: row for row in rows(sheet, rolled(sheet, "accounts_receivable"))}

    assert (found["2026-02"]["billed_minor"], found["2026-02"]["other_minor"]) == (100, -800)
    assert found["2026-04"]["closing_minor"] == 100


def test_every_rollforward_adds_up(sheet: Sheet):
    signs = {"contract_liability": (1, -1), "unbilled_revenue": (-1, 1), "accounts_receivable": (1, 1)}
    stored = sheet.run(reports.rollforward, journal(sheet), make.months(sheet, "2026-01", "2026-05"))
    for row in rows(sheet, stored):
        billed, earned = signs[row["account"]]
        moved = billed * row["billed_minor"] + earned * (row["recognized_minor"] + row["breakage_minor"])
        assert row["opening_minor"] + moved + row["other_minor"] == row["closing_minor"], row


# ── revenue ──────────────────────────────────────────────────────────────────────────────────


def test_the_waterfall_pays_revenue_with_the_oldest_bill(sheet: Sheet):
    """Released first in, first out; in arrears it is of its own month; what is restored is a new lot of its month."""
    found = sheet.run(reports.waterfall, journal(sheet))

    expect(
        sheet,
        found,
        """
        booked  | period  | amount_minor
        2026-01 | 2026-01 | 340
        2026-01 | 2026-02 | 320
        2026-02 | 2026-02 | -30
        2026-01 | 2026-03 | 240
        2026-02 | 2026-03 | 30
        """,
    )


def test_the_columns_of_the_waterfall_are_the_revenue_of_the_month(sheet: Sheet):
    posted = journal(sheet)
    by_month: dict[date, int] = {}
    for row in rows(sheet, sheet.run(reports.waterfall, posted)):
        by_month[row["period"]] = by_month.get(row["period"], 0) + row["amount_minor"]
    for row in rows(sheet, sheet.run(reports.revenue, posted)):
        by_month[row["booked_on"]] -= row["amount_minor"]

    assert set(by_month.values()) == {0}


def test_revenue_by_type(sheet: Sheet):
    found = sheet.run(reports.revenue, journal(sheet))

    expect(
        sheet,
        found,
        "kind | booked_on | amount_minor\n"
        "drawdown | 2026-01 | 240\nusage | 2026-01 | 100\ndrawdown | 2026-02 | 290\nbreakage | 2026-03 | 270",
    )


# ── what is left ─────────────────────────────────────────────────────────────────────────────


def burnt(sheet: Sheet, on: str) -> Stored:
    return sheet.run(
        reports.burn_down,
        make.commits(
            sheet,
            """
            commit_id | granted_minor | ends_before | expires
            pool      | 800           | 2026-04-01  | yes
            open      | 100           | 9999-12-31  | no
            """,
        ),
        table(sheet, "grants", tables.GRANTS, "commit_id | month_on | amount_minor\nopen | 2026-02 | 50"),
        table(
            sheet,
            "revenue_to_report",
            tables.REVENUE,
            """
            commit_id | kind     | on         | amount_minor
            pool      | drawdown | 2026-01-31 | 240
            pool      | drawdown | 2026-02-28 | 290
            pool      | breakage | 2026-03-31 | 270
            open      | drawdown | 2026-01-31 | 100
            """,
            contract_id="acme",
            source_kind="prepaid_commit",
            source_id="",
            item_id="",
            product_id="",
            service_on=date(2026, 1, 1),
            booked_on=date(2026, 1, 1),
            adjusted_on=make.FIRST,
        ),
        make.empty(sheet, "forfeits", tables.FORFEITS),
        day(sheet, on),
    )


@pytest.mark.parametrize(
    ("on", "pool", "other"),
    [
        ("2026-01-30", "800 | ACTIVE", "100 | ACTIVE"),
        ("2026-01-31", "560 | ACTIVE", "0 | EXHAUSTED"),
        ("2026-02-28", "270 | ACTIVE", "50 | ACTIVE"),
        ("2026-03-30", "270 | ACTIVE", "50 | ACTIVE"),
        ("2026-03-31", "0 | EXPIRED", "50 | ACTIVE"),
    ],
)
def test_burn_down(sheet: Sheet, on: str, pool: str, other: str):
    expect(sheet, burnt(sheet, on), f"commit_id | remaining_minor | status\npool | {pool}\nopen | {other}")


@pytest.mark.parametrize(
    ("on", "soon", "later"),
    [
        ("2026-02-28", 270 + 1200 - 200, 50 + 0),
        ("2026-03-31", 0 + 1200 - 300, 50),
    ],
)
def test_remaining_obligations(sheet: Sheet, on: str, soon: int, later: int):
    """A commit by its end, one without an end later; a subscription by the months that are still to come."""
    steps = "\n".join(f"2026-{month:02} | {date(2026, month, 28)} | {month - 1} | {month}" for month in range(1, 13))
    schedules = table(
        sheet,
        "schedules",
        tables.SCHEDULES,
        f"month_on | on | weight_before | weight_to_date\n{steps}",
        source_id="seats",
        kind="subscription",
        contract_id="acme",
        product_id="",
        line_no=0,
        total_minor=1200,
        weight_total=12,
    )
    posted = table(
        sheet,
        "revenue_of_seats",
        tables.REVENUE,
        "on\n2026-01-28\n2026-02-28\n2026-03-28",
        **dict.fromkeys(("item_id", "product_id", "commit_id", "source_id"), ""),
        contract_id="acme",
        source_kind="subscription",
        kind="subscription",
        service_on=date(2026, 1, 1),
        booked_on=date(2026, 1, 1),
        adjusted_on=make.FIRST,
        amount_minor=100,
    )
    found = sheet.run(
        reports.remaining_obligations, burnt(sheet, on), schedules, posted, day(sheet, on), rounding="half_up"
    )

    expect(sheet, found, f"band | amount_minor\n12_months | {soon}\nlater | {later}")


def test_reports_of_an_empty_journal_are_empty(sheet: Sheet):
    posted = empty(sheet, "journal_to_report", tables.JOURNAL)

    assert rows(sheet, sheet.run(reports.waterfall, posted)) == []
    assert rows(sheet, sheet.run(reports.balances, posted, day(sheet, "2026-12-31"))) == []
    assert rows(sheet, sheet.run(reports.rollforward, posted, make.months(sheet, "2026-01", "2026-05"))) == []
