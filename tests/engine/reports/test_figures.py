"""The reports of the books, figure by figure, each by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ratable import reports, tables
from ratable.backends import Sheet, Stored
from ratable.cases.answers import Answers
from ratable.cases.records import Case
from tests import factories as make
from tests.engine.reports.books import Inputs, golden, inputs_of, journal_of, told

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture(scope="module")
def story(sheet: Sheet) -> tuple[Case, Answers]:
    """A pool of 80,000 at 20 percent that runs dry in March, is corrected in May and lapses in December."""
    return golden(sheet, "chain/ledger")[:2]


@pytest.fixture
def chain(sheet: Sheet, story: tuple[Case, Answers]) -> Inputs:
    return inputs_of(sheet, *story)


def said(sheet: Sheet, name: str, inputs: Inputs, text: str, **keys: object) -> None:
    """Assert that the rows of a report that have these keys are exactly the written ones, in this order."""
    header, *body = make.cells(text)
    found = [
        [make.written(row[column], column) for column in header]
        for row in reports.run_report(sheet, name, inputs).to_pylist()
        if all(row[key] == value for key, value in keys.items())
    ]
    assert found == [[cell.replace(",", "") for cell in row] for row in body]


def test_the_burn_down_tells_the_whole_life_of_a_pool(sheet: Sheet, chain: Inputs):
    """80,000 drawn at 80 percent of list value; May gives 8,000 back, December lets them lapse."""
    text = """
    period  | opening_minor | granted_minor | drawn_minor | expired_minor | remaining_minor | overage_minor | status
    2026-01 | 0             | 8000000       | 2400000     | 0             | 5600000         | 0             | ACTIVE
    2026-02 | 5600000       | 0             | 4000000     | 0             | 1600000         | 0             | ACTIVE
    2026-03 | 1600000       | 0             | 1600000     | 0             | 0               | 2000000       | EXHAUSTED
    2026-04 | 0             | 0             | 0           | 0             | 0               | 0             | EXHAUSTED
    2026-05 | 0             | 0             | -800000     | 0             | 800000          | -2000000      | ACTIVE
    2026-06 | 800000        | 0             | 0           | 0             | 800000          | 0             | ACTIVE
    2026-07 | 800000        | 0             | 0           | 0             | 800000          | 0             | ACTIVE
    2026-08 | 800000        | 0             | 0           | 0             | 800000          | 0             | ACTIVE
    2026-09 | 800000        | 0             | 0           | 0             | 800000          | 0             | ACTIVE
    2026-10 | 800000        | 0             | 0           | 0             | 800000          | 0             | ACTIVE
    2026-11 | 800000        | 0             | 0           | 0             | 800000          | 0             | ACTIVE
    2026-12 | 800000        | 0             | 0           | 800000        | 0               | 0             | EXPIRED
    """
    said(sheet, "burn_down", chain, text)


TERMINATED = """
products: [{id: api, name: API usage}]
contracts:
  - id: acme
    customer: Acme Inc
    start_date: 2026-01-01
    prepaid_commits: [{id: pool, product: api, total_value: "1000", start_date: 2026-01-01}]
events:
  - {on: 2026-01-10, prepaid_usage: {prepaid_commit: pool, used_on: 2026-01-10, amount: "300", id: jan}}
  - {on: 2026-02-01, close: 2026-01}
  - {on: 2026-02-05, top_up: {prepaid_commit: pool, amount: "50"}}
  - {on: 2026-03-15, terminate: {contract: acme, date: 2026-03-31}}
"""


def test_a_termination_ends_a_pool_in_its_own_month_and_not_before(sheet: Sheet, tmp_path: Path):
    inputs = told(sheet, tmp_path, TERMINATED)

    text = """
    period  | opening_minor | granted_minor | topped_up_minor | drawn_minor | expired_minor | remaining_minor | status
    2026-01 | 0             | 100000        | 0               | 30000       | 0             | 70000           | ACTIVE
    2026-02 | 70000         | 0             | 5000            | 0           | 0             | 75000           | ACTIVE
    2026-03 | 75000         | 0             | 0               | 0           | 75000         | 0               | EXPIRED
    """
    said(sheet, "burn_down", inputs, text)


@pytest.mark.parametrize(("at", "amount"), [(date(2026, 2, 28), 75000), (date(2026, 3, 30), 75000)])
def test_a_contract_counts_as_signed_until_the_books_have_ended_it(sheet: Sheet, tmp_path: Path, at: date, amount: int):
    inputs = told(sheet, tmp_path, TERMINATED, at=at)
    (row,) = reports.run_report(sheet, "rpo", inputs, rounding="half_up").to_pylist()

    assert (row["band"], row["amount_minor"], row["customer_id"]) == ("later", amount, "Acme Inc")


def test_a_contract_that_has_ended_owes_no_performance(sheet: Sheet, tmp_path: Path):
    inputs = told(sheet, tmp_path, TERMINATED, at=date(2026, 3, 31))

    assert reports.run_report(sheet, "rpo", inputs, rounding="half_up").to_pylist() == []


def test_the_trial_balance_carries_each_account_from_month_to_month(sheet: Sheet, chain: Inputs):
    text = """
    account             | opening_minor | debit_minor | credit_minor | closing_minor
    accounts_receivable | 0             | 0           | 0            | 0
    breakage_revenue    | 0             | 0           | 0            | 0
    cash                | 8000000       | 0           | 0            | 8000000
    contract_liability  | -1600000      | 1600000     | 0            | 0
    revenue             | -6400000      | 0           | 3600000      | -10000000
    unbilled_revenue    | 0             | 2000000     | 0            | 2000000
    """
    said(sheet, "trial_balance", chain, text, period=MARCH)


def test_revenue_belongs_to_who_bought_it(sheet: Sheet, chain: Inputs):
    text = """
    customer_id | product_id | currency | period  | amount_minor
    Acme Inc    | api        | USD      | 2026-01 | 2400000
    Acme Inc    | api        | USD      | 2026-02 | 4000000
    Acme Inc    | api        | USD      | 2026-03 | 3600000
    Acme Inc    | api        | USD      | 2026-05 | -2800000
    Acme Inc    | api        | USD      | 2026-12 | 800000
    """
    said(sheet, "revenue_by_customer", chain, text)


def test_a_contract_without_a_customer_loses_no_revenue(sheet: Sheet, chain: Inputs):
    nobody = sheet.bind_rows("report_in_customers", [], reports.INPUTS["customers"])
    found = reports.run_report(sheet, "waterfall", {**chain, "customers": nobody}, by=("customer_id",)).to_pylist()

    assert found == [{"customer_id": "", "currency": "USD", "amount_minor": 8000000}]


def test_the_journal_is_listed_in_the_order_of_booking(sheet: Sheet, chain: Inputs):
    text = """
    on         | kind     | account             | debit_minor | credit_minor
    2026-01-01 | invoice  | accounts_receivable | 8000000     | 0
    2026-01-01 | invoice  | contract_liability  | 0           | 8000000
    2026-01-20 | payment  | accounts_receivable | 0           | 8000000
    2026-01-20 | payment  | cash                | 8000000     | 0
    2026-01-31 | drawdown | contract_liability  | 2400000     | 0
    2026-01-31 | drawdown | revenue             | 0           | 2400000
    """
    said(sheet, "journal", chain, text, period=JANUARY)


def test_two_currencies_are_never_added(sheet: Sheet):
    base = {"kind": "usage", "on": date(2026, 1, 31), "booked_on": JANUARY, "service_on": JANUARY}
    lines = [
        {**base, "entry_id": "a", "account": "unbilled_revenue", "debit_minor": 70},
        {**base, "entry_id": "a", "account": "revenue", "credit_minor": 70},
        {**base, "entry_id": "b", "account": "unbilled_revenue", "debit_minor": 9, "currency": "EUR"},
        {**base, "entry_id": "b", "account": "revenue", "credit_minor": 9, "currency": "EUR"},
    ]
    customers: list[dict[str, object]] = [{"contract_id": "acme", "customer_id": "Acme"}]
    inputs = {
        "months": make.months(sheet, "2026-01", "2026-02"),
        "customers": sheet.bind_rows("report_in_customers", customers, reports.INPUTS["customers"]),
        "journal": journal_of(sheet, lines),
    }

    for name, figure in [
        ("waterfall", "amount_minor"),
        ("revenue", "amount_minor"),
        ("unbilled_revenue", "closing_minor"),
    ]:
        found = reports.run_report(sheet, name, inputs, by=()).to_pylist()
        assert [(row["currency"], row[figure]) for row in found] == [("EUR", 9), ("USD", 70)]
    balanced = reports.run_report(sheet, "trial_balance", inputs, by=("period",)).to_pylist()
    assert [(row["currency"], row["debit_minor"], row["closing_minor"]) for row in balanced] == [
        ("EUR", 9, 0),
        ("USD", 70, 0),
    ]


# ── completeness ─────────────────────────────────────────────────────────────────────────────


def receipts(sheet: Sheet, text: str) -> Stored:
    return make.table(sheet, "report_in_receipts", reports.INPUTS["receipts"], text)


def test_every_row_of_an_import_is_somewhere(sheet: Sheet, chain: Inputs):
    counted = receipts(
        sheet,
        """
        import_id | status    | records | quantity
        one       | received  | 10      | 100.5
        one       | accepted  | 6       | 60.5
        one       | voided    | 1       | 10
        one       | duplicate | 2       | 20
        one       | rejected  | 1       | 10
        two       | received  | 3       | 3
        two       | accepted  | 2       | 2
        """,
    )
    found = reports.run_report(sheet, "completeness", {**chain, "receipts": counted}).to_pylist()
    received = {(row["import_id"], row["unit"]): row for row in found if row["identity"] == "received"}

    assert {key: row["difference"] for key, row in received.items()} == {
        ("one", "records"): 0,
        ("one", "quantity_e12"): 0,
        ("two", "records"): 1,
        ("two", "quantity_e12"): 10**12,
    }
    assert received["one", "quantity_e12"]["left_value"] == Decimal(100500000000000)
    assert received["two", "records"]["period"] is None


def test_a_journal_that_lost_a_line_is_told_by_how_much(sheet: Sheet, chain: Inputs):
    lines = sheet.fetch(chain["journal"])
    short = [row for row in lines.to_pylist() if not (row["account"] == "revenue" and row["booked_on"] == MARCH)]
    broken = {**chain, "journal": sheet.bind_rows("report_in_journal", short, tables.JOURNAL)}
    found = reports.run_report(sheet, "completeness", broken).to_pylist()

    assert {row["identity"]: (row["left_value"], row["right_value"]) for row in found if row["difference"]} == {
        "balanced": (3600000, 0),
        "recognized": (3600000, 0),
    }


def test_usage_that_was_rated_and_never_drawn_is_told(sheet: Sheet, chain: Inputs):
    none = make.empty(sheet, "report_in_draws", tables.DRAWS)
    found = reports.run_report(sheet, "completeness", {**chain, "draws": none}).to_pylist()

    assert [(row["period"], row["difference"]) for row in found if row["difference"]] == [
        (JANUARY, 3000000),
        (FEBRUARY, 5000000),
        (MARCH, 4000000),
    ]


# ── lists ────────────────────────────────────────────────────────────────────────────────────


def test_the_status_of_each_month(sheet: Sheet):
    months = make.months(sheet, "2026-01", "2026-04", open_on="2026-02")
    at = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
    latest = {"version": 2, "closed_at": at, "closed_by": "ann@acme.test", "warnings": "odd: 1"}
    closes = [{"month_on": JANUARY, "status": "closed", **latest}]
    base = {"kind": "usage", "on": date(2026, 2, 28), "booked_on": FEBRUARY, "service_on": FEBRUARY}
    lines = [
        {**base, "entry_id": "a", "account": "unbilled_revenue", "debit_minor": 70},
        {**base, "entry_id": "a", "account": "revenue", "credit_minor": 70},
        {**base, "entry_id": "b", "account": "unbilled_revenue", "debit_minor": 5, "service_on": JANUARY},
        {**base, "entry_id": "b", "account": "revenue", "credit_minor": 5, "service_on": JANUARY},
        {**base, "entry_id": "c", "account": "cash", "debit_minor": 9, "currency": "EUR"},
        {**base, "entry_id": "c", "account": "unbilled_revenue", "credit_minor": 9, "currency": "EUR"},
    ]
    inputs = {
        "months": months,
        "closes": sheet.bind_rows("report_in_closes", closes, reports.INPUTS["closes"]),
        "journal": journal_of(sheet, lines),
    }

    text = """
    period  | currency | status | version | closed_by     | entries | lines | debit_minor | revenue_minor | late_revenue_minor
    2026-01 | -        | closed | 2       | ann@acme.test | 0       | 0     | 0           | 0             | 0
    2026-02 | EUR      | open   | 0       | -             | 1       | 2     | 9           | 0             | 0
    2026-02 | USD      | open   | 0       | -             | 2       | 4     | 75          | 75            | 5
    2026-03 | -        | open   | 0       | -             | 0       | 0     | 0           | 0             | 0
    """
    said(sheet, "close_status", inputs, text)
    rows = reports.run_report(sheet, "close_status", inputs).to_pylist()
    assert rows[0]["closed_at"] == at
    assert [row["warnings"] for row in rows] == ["odd: 1", "", "", ""]


def test_rejections_are_counted_by_their_rule(sheet: Sheet):
    rejected = make.table(
        sheet,
        "report_in_rejected",
        reports.INPUTS["rejected"],
        """
        import_id | row | usage_id | item_id | code                         | value | is_blocking | is_resolved
        one       | 7   | u7       | gone    | usage_must_name_a_known_item | gone  | yes         | no
        one       | 3   | u3       | calls   | quantity_must_be_a_number    | many  | yes         | no
        two       | 1   | u9       | calls   | quantity_must_be_a_number    | lots  | no          | yes
        """,
    )
    inputs = {"rejected": rejected}
    by_code = reports.run_report(sheet, "rejections", inputs, by=("code",)).to_pylist()

    assert by_code == [
        {"code": "quantity_must_be_a_number", "records": 2},
        {"code": "usage_must_name_a_known_item", "records": 1},
    ]
    said(sheet, "rejections", inputs, "row | usage_id\n3 | u3\n7 | u7", import_id="one")
