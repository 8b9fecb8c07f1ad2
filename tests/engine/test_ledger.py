"""6 Ledger: the entry of every event that we reach, balanced; events A and B as in the accounting manual."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ratable import tables
from ratable.backends import Sheet
from ratable.cases.answers import Answers
from ratable.ledger import Journal, journalize
from tests import factories as make
from tests.factories import empty, expect, rows, table

TERMS = """
products: [{id: api, name: API, usage_groups: [{id: calls, pricing_model: unit_based, tiers: [{price: "1"}]}]}]
"""
PREPAID = (
    TERMS
    + """
contracts:
  - id: acme
    customer: Acme
    start_date: 2026-01-01
    end_date: 2026-12-31
    prepaid_commits:
      - {id: pool, product: api, total_value: "800", discount_percentage: "20", start_date: 2026-01-01, expiration_date: 2026-03-31}
events:
"""
)
POSTPAID = (
    TERMS
    + """
contracts:
  - id: acme
    customer: Acme
    start_date: 2026-01-01
    end_date: 2026-12-31
    usage: [{id: calls, product: api, usage_group: calls}]
events:
"""
)
INVOICE = '  - {on: 2026-01-01, invoice: {contract: acme, prepaid_commit: pool, amount: "800"}}\n'


def prepaid_usage(used_on: str, amount: int, on: str | None = None) -> str:
    return f'  - {{on: {on or used_on}, prepaid_usage: {{prepaid_commit: pool, used_on: {used_on}, amount: "{amount}"}}}}\n'


def usage(used_on: str, quantity: int, on: str | None = None) -> str:
    return f'  - {{on: {on or used_on}, usage: {{item: calls, used_on: {used_on}, quantity: "{quantity}", id: u{used_on}-{quantity}}}}}\n'


def entries(books: Answers, **keys: Any) -> dict[tuple[str, str], list[str]]:
    """Entries as `Dr account amount, Cr account amount`, by day and type; each must balance."""
    found: dict[tuple[str, str], dict[str, Decimal]] = {}
    by_entry: dict[object, Decimal] = {}
    for row in books.rows("journal"):
        if any(row[key] != value for key, value in keys.items()):
            continue
        signed = row["debit"] - row["credit"]  # type: ignore[operator]
        by_entry[row["entry"]] = by_entry.get(row["entry"], Decimal(0)) + signed
        accounts = found.setdefault((str(row["on"]), str(row["type"])), {})
        accounts[str(row["account"])] = accounts.get(str(row["account"]), Decimal(0)) + signed
    assert set(by_entry.values()) <= {Decimal(0)}, by_entry
    return {
        key: sorted(_side(account, amount) for account, amount in accounts.items()) for key, accounts in found.items()
    }


def _side(account: str, signed: Decimal) -> str:
    return f"{'Dr' if signed > 0 else 'Cr'} {account} {abs(signed):.0f}"


def told_entries(sheet: Sheet, folder: Path, text: str) -> dict[tuple[str, str], list[str]]:
    return entries(make.played(sheet, folder, text))


# ── A: the life of a prepaid commit ──────────────────────────────────────────────────────────


def test_a1_signing_books_nothing(sheet: Sheet, tmp_path: Path):
    """No entry while nothing is due and nothing used, but the promise is a remaining obligation."""
    books = make.played(sheet, tmp_path, PREPAID.replace("events:", "events: []"))

    assert books.rows("journal") == []
    assert [row["amount"] for row in books.rows("rpo", date(2026, 1, 1))] == [800]


def test_a3_invoice_and_a4_cash(sheet: Sheet, tmp_path: Path):
    found = told_entries(
        sheet, tmp_path, PREPAID + INVOICE + '  - {on: 2026-01-20, payment: {contract: acme, amount: "800"}}\n'
    )

    assert found == {
        ("2026-01-01", "invoice"): ["Cr contract_liability 800", "Dr accounts_receivable 800"],
        ("2026-01-20", "payment"): ["Cr accounts_receivable 800", "Dr cash 800"],
    }


def test_a6_drawdown(sheet: Sheet, tmp_path: Path):
    found = told_entries(sheet, tmp_path, PREPAID + INVOICE + prepaid_usage("2026-01-15", 300))

    assert found["2026-01-31", "drawdown"] == ["Cr revenue 240", "Dr contract_liability 240"]


def test_a6u_drawdown_ahead_of_the_invoice_and_a6b_the_invoice(sheet: Sheet, tmp_path: Path):
    late = INVOICE.replace("2026-01-01", "2026-02-10")
    found = told_entries(sheet, tmp_path, PREPAID + prepaid_usage("2026-01-15", 300) + late)

    assert found["2026-01-31", "drawdown"] == ["Cr revenue 240", "Dr unbilled_revenue 240"]
    assert found["2026-02-10", "invoice"] == [
        "Cr contract_liability 560",
        "Cr unbilled_revenue 240",
        "Dr accounts_receivable 800",
    ]


def test_a8_overage_and_a8i_its_invoice(sheet: Sheet, tmp_path: Path):
    found = told_entries(
        sheet,
        tmp_path,
        PREPAID
        + INVOICE
        + prepaid_usage("2026-01-15", 1100)
        + '  - {on: 2026-02-02, invoice: {contract: acme, amount: "100"}}\n',
    )

    assert found["2026-01-31", "overage"] == ["Cr revenue 100", "Dr unbilled_revenue 100"]
    assert found["2026-02-02", "invoice"] == ["Cr unbilled_revenue 100", "Dr accounts_receivable 100"]


def test_a9_proportional_breakage_and_a9c_a_changed_estimate(sheet: Sheet, tmp_path: Path):
    text = "policy: {breakage: proportional}\n" + PREPAID.replace(
        "expiration_date", 'expected_breakage_percentage: "20", expiration_date'
    )
    found = told_entries(
        sheet,
        tmp_path,
        text
        + INVOICE
        + prepaid_usage("2026-01-15", 400)
        + '  - {on: 2026-02-10, estimate: {prepaid_commit: pool, expected_breakage_percentage: "0"}}\n',
    )

    assert found["2026-01-31", "breakage"] == ["Cr breakage_revenue 80", "Dr contract_liability 80"]  # 320 / 0.8
    assert found["2026-02-28", "breakage"] == ["Cr contract_liability 80", "Dr breakage_revenue 80"]


def test_a10_expiry(sheet: Sheet, tmp_path: Path):
    text = PREPAID + INVOICE + prepaid_usage("2026-01-15", 300) + "  - {on: 2026-04-02, close: 2026-01}\n"

    assert told_entries(sheet, tmp_path, text)["2026-03-31", "breakage"] == [
        "Cr breakage_revenue 560",
        "Dr contract_liability 560",
    ]


def test_a10_expiry_where_the_rest_is_owed_back(sheet: Sheet, tmp_path: Path):
    text = "policy: {breakage: none}\n" + PREPAID + INVOICE + "  - {on: 2026-04-02, close: 2026-01}\n"
    found = told_entries(sheet, tmp_path, text)

    assert [sides for (on, _), sides in found.items() if on == "2026-03-31"] == [
        ["Cr refund_liability 800", "Dr contract_liability 800"]
    ]


def test_a13_late_usage_of_an_expired_commit(sheet: Sheet, tmp_path: Path):
    closes = "".join(f"  - {{on: 2026-04-02, close: 2026-0{month}}}\n" for month in (1, 2, 3))
    books = make.played(sheet, tmp_path, PREPAID + INVOICE + closes + prepaid_usage("2026-03-15", 100, on="2026-04-05"))
    april: dict[str, int] = {}
    for row in books.rows("journal"):
        if row["period"] == date(2026, 4, 1):
            account = str(row["account"])
            april[account] = april.get(account, 0) + int(row["debit"] - row["credit"])  # type: ignore[operator]

    # the position of the commit is touched and restored on the same day
    assert {account: signed for account, signed in april.items() if signed} == {"breakage_revenue": 80, "revenue": -80}


def test_a14_a_deleted_record_is_given_back(sheet: Sheet, tmp_path: Path):
    text = (
        PREPAID
        + INVOICE
        + '  - {on: 2026-01-15, prepaid_usage: {prepaid_commit: pool, used_on: 2026-01-15, amount: "300", id: one}}\n'
        + "  - {on: 2026-02-01, close: 2026-01}\n  - {on: 2026-02-05, void_usage: {id: one}}\n"
    )
    found = told_entries(sheet, tmp_path, text)

    assert found["2026-02-28", "drawdown"] == ["Cr contract_liability 240", "Dr revenue 240"]


def test_a15_a_credit_of_what_is_not_drawn(sheet: Sheet, tmp_path: Path):
    credit = (
        '  - {on: 2026-01-10, credit_memo: {contract: acme, prepaid_commit: pool, amount: "100", against: liability}}\n'
    )

    assert told_entries(sheet, tmp_path, PREPAID + INVOICE + credit)["2026-01-10", "credit_memo"] == [
        "Cr accounts_receivable 100",
        "Dr contract_liability 100",
    ]


def test_a15r_a_credit_of_what_is_drawn(sheet: Sheet, tmp_path: Path):
    credit = '  - {on: 2026-02-10, credit_memo: {contract: acme, amount: "100", period: 2026-01}}\n'

    assert told_entries(sheet, tmp_path, PREPAID + INVOICE + credit)["2026-02-10", "adjustment"] == [
        "Cr accounts_receivable 100",
        "Dr revenue 100",
    ]


@pytest.mark.parametrize(
    ("refund", "sides"),
    [
        ("0", ["Cr breakage_revenue 560", "Dr contract_liability 560"]),  # A17
        ("200", ["Cr breakage_revenue 360", "Cr refund_liability 200", "Dr contract_liability 560"]),  # A17r
    ],
)
def test_a17_termination(sheet: Sheet, tmp_path: Path, refund: str, sides: list[str]):
    end = f'  - {{on: 2026-01-20, terminate: {{contract: acme, date: 2026-01-20, refund: "{refund}"}}}}\n'
    found = told_entries(sheet, tmp_path, PREPAID + INVOICE + prepaid_usage("2026-01-15", 300) + end)

    assert found["2026-01-20", "adjustment"] == sides
    assert found["2026-01-20", "drawdown"] == ["Cr revenue 240", "Dr contract_liability 240"]


def test_a_refund_above_the_liability_is_refused_and_books_nothing(sheet: Sheet, tmp_path: Path):
    end = '  - {on: 2026-01-20, terminate: {contract: acme, date: 2026-01-20, refund: "801"}}\n'
    books = make.played(sheet, tmp_path, PREPAID + INVOICE + end)

    assert [row["code"] for row in books.rows("refused")] == ["refund_must_not_exceed_liability"]
    assert entries(books) == {("2026-01-01", "invoice"): ["Cr contract_liability 800", "Dr accounts_receivable 800"]}


@pytest.mark.parametrize(
    ("named", "sides"),
    [
        (", of_usage: true", ["Cr accounts_receivable 100", "Cr unbilled_revenue 50", "Dr revenue 150"]),
        ("", ["Cr unbilled_revenue 150", "Dr revenue 150"]),
    ],
    ids=["of usage", "of nothing"],
)
def test_an_adjustment_credits_what_an_invoice_of_usage_has_billed(
    sheet: Sheet, tmp_path: Path, named: str, sides: list[str]
):
    """Overage of 200, of which 100 were billed; one that names nothing was of the pool, which nobody has invoiced."""
    text = (
        PREPAID
        + prepaid_usage("2026-01-15", 1200)
        + f'  - {{on: 2026-02-02, invoice: {{contract: acme, amount: "100"{named}}}}}\n'
        + "  - {on: 2026-02-03, close: 2026-01}\n"
        + '  - {on: 2026-02-20, adjustment: {prepaid_commit: pool, period: 2026-01, amount: "-150"}}\n'
    )
    found = told_entries(sheet, tmp_path, text)

    assert found["2026-01-31", "overage"] == ["Cr revenue 200", "Dr unbilled_revenue 200"]
    assert found["2026-02-02", "invoice"] == ["Cr unbilled_revenue 100", "Dr accounts_receivable 100"]
    assert found["2026-02-20", "overage"] == sides


def test_a_termination_lets_go_what_was_billed_of_usage_in_advance(sheet: Sheet, tmp_path: Path):
    """100 of 130 were used; the pool stays unbilled, and nothing of it is set off against the rest of 30."""
    text = (
        PREPAID
        + prepaid_usage("2026-01-15", 1100)
        + '  - {on: 2026-02-02, invoice: {contract: acme, amount: "130", of_usage: true}}\n'
        + '  - {on: 2026-02-10, terminate: {contract: acme, date: 2026-02-10, refund: "20"}}\n'
    )
    found = told_entries(sheet, tmp_path, text)

    assert found["2026-02-02", "invoice"] == [
        "Cr contract_liability 30",
        "Cr unbilled_revenue 100",
        "Dr accounts_receivable 130",
    ]
    assert found["2026-02-10", "adjustment"] == [
        "Cr breakage_revenue 10",
        "Cr refund_liability 20",
        "Dr contract_liability 30",
    ]


# ── B: the life of a postpaid contract ───────────────────────────────────────────────────────


def test_b1_usage_b2_invoice_b3_cash(sheet: Sheet, tmp_path: Path):
    documents = (
        '  - {on: 2026-02-02, invoice: {contract: acme, amount: "100"}}\n'
        '  - {on: 2026-02-20, payment: {contract: acme, amount: "100"}}\n'
    )

    assert told_entries(sheet, tmp_path, POSTPAID + usage("2026-01-15", 100) + documents) == {
        ("2026-01-31", "usage"): ["Cr revenue 100", "Dr unbilled_revenue 100"],
        ("2026-02-02", "invoice"): ["Cr unbilled_revenue 100", "Dr accounts_receivable 100"],
        ("2026-02-20", "payment"): ["Cr accounts_receivable 100", "Dr cash 100"],
    }


def test_b2_an_invoice_above_what_is_unbilled_is_paid_in_advance(sheet: Sheet, tmp_path: Path):
    text = (
        POSTPAID
        + usage("2026-01-15", 100)
        + '  - {on: 2026-02-02, invoice: {contract: acme, amount: "130"}}\n'
        + usage("2026-02-15", 50)
    )
    found = told_entries(sheet, tmp_path, text)

    assert found["2026-02-02", "invoice"] == [
        "Cr contract_liability 30",
        "Cr unbilled_revenue 100",
        "Dr accounts_receivable 130",
    ]
    assert found["2026-02-28", "usage"] == ["Cr revenue 50", "Dr contract_liability 30", "Dr unbilled_revenue 20"]


def test_b2d_late_usage_is_revenue_of_the_open_month(sheet: Sheet, tmp_path: Path):
    text = (
        POSTPAID
        + usage("2026-01-15", 100)
        + "  - {on: 2026-02-01, close: 2026-01}\n"
        + usage("2026-01-16", 7, on="2026-02-03")
    )
    books = make.played(sheet, tmp_path, text)

    assert entries(books)["2026-02-28", "usage"] == ["Cr revenue 7", "Dr unbilled_revenue 7"]
    assert {str(row["service_period"]) for row in books.rows("journal")} == {"2026-01-01"}


def test_b4_a_minimum(sheet: Sheet, tmp_path: Path):
    text = POSTPAID.replace("    usage:", '    minimum_monthly_commitment_amount: "150"\n    usage:') + usage(
        "2026-01-15", 100
    )

    assert told_entries(sheet, tmp_path, text)["2026-01-31", "minimum"] == ["Cr revenue 50", "Dr unbilled_revenue 50"]


def test_b7_rerating_down(sheet: Sheet, tmp_path: Path):
    text = (
        POSTPAID
        + usage("2026-01-15", 100)
        + "  - {on: 2026-02-01, close: 2026-01}\n  - {on: 2026-02-05, void_usage: {id: u2026-01-15-100}}\n"
    )

    assert told_entries(sheet, tmp_path, text)["2026-02-28", "usage"] == ["Cr unbilled_revenue 100", "Dr revenue 100"]


def test_balances_that_were_brought_in(sheet: Sheet, tmp_path: Path):
    text = POSTPAID.replace(
        "    usage:",
        '    opening: {as_of: 2025-12-31, balances: [{account: contract_liability, amount: "40"}]}\n    usage:',
    )
    found = told_entries(sheet, tmp_path, text + usage("2026-01-15", 100))

    assert found["2025-12-31", "opening"] == ["Cr contract_liability 40", "Dr opening_balance 40"]
    assert found["2026-01-31", "usage"] == ["Cr revenue 100", "Dr contract_liability 40", "Dr unbilled_revenue 60"]


# ── the stage alone ──────────────────────────────────────────────────────────────────────────

REVENUE = "source_kind | source_id | kind | amount_minor"


def journalized(sheet: Sheet, revenue: str) -> Journal:
    return journalize(
        sheet,
        table(
            sheet,
            "revenue_to_post",
            tables.REVENUE,
            f"{REVENUE}\n{revenue}",
            contract_id="acme",
            item_id="",
            product_id="",
            commit_id="",
            service_on=date(2026, 1, 1),
            booked_on=date(2026, 1, 1),
            on=date(2026, 1, 31),
            adjusted_on=make.FIRST,
        ),
        empty(sheet, "documents", tables.MOVES),
        empty(sheet, "waiting", tables.TURNS),
        make.contracts(sheet),
        empty(sheet, "sources", tables.SOURCES),
        commits=empty(sheet, "commits", tables.COMMITS),
        months=make.months(sheet, "2026-01", "2027-01"),
    )


def test_a_negative_amount_swaps_the_sides(sheet: Sheet):
    found = journalized(sheet, "usage | acme | usage | -70")

    expect(
        sheet,
        found.journal,
        "account | debit_minor | credit_minor\nrevenue | 70 | 0\ncontract_liability | 0 | 70",
    )


def test_each_source_has_its_own_position(sheet: Sheet):
    """One commit's liability does not pay another source's revenue."""
    found = journalized(sheet, "prepaid_commit | one | drawdown | -50\nprepaid_commit | two | drawdown | 50")

    assert sorted((row["source_id"], row["account"]) for row in rows(sheet, found.journal)) == [
        ("one", "contract_liability"),
        ("one", "revenue"),
        ("two", "revenue"),
        ("two", "unbilled_revenue"),
    ]


def test_no_revenue_makes_no_lines(sheet: Sheet):
    assert rows(sheet, journalized(sheet, "").journal) == []
