"""The journal as entries and lines, and the statements over it: the small company, closed through March."""

# mypy: disable-error-code="comparison-overlap"
# Whole decimals are told as whole numbers.

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ratable_server.actor import Actor
from ratable_server.queries.documents import DocumentsAsked, documents
from ratable_server.queries.journals import JournalAsked, journal_entries, journal_lines
from ratable_server.queries.revenue import RevenueAsked, revenue_transactions
from ratable_server.queries.statements import balance_sheet, income_statement, trial_balance_of
from ratable_server.queries.totals import contract_totals
from ratable_server.queries.usage import UsageAsked, distinct_data, usage_records, used_months
from tests.server.stories import FEBRUARY, JANUARY, MARCH, found_company

END_OF_JANUARY, END_OF_MARCH = date(2026, 1, 31), date(2026, 3, 31)
USD, EUR = "USD", "EUR"


@pytest.fixture(scope="module")
def admin(books: None, tmp_path_factory: pytest.TempPathFactory) -> Actor:
    """The admin of the small company, closed through March; nobody changes it."""
    return found_company(tmp_path_factory.mktemp("story"))


# ── journal ──────────────────────────────────────────────────────────────────────────────────


def test_every_entry_comes_with_its_lines(admin: Actor):
    found = journal_entries(actor=admin)
    assert found.count == len(found.rows) == 11
    for entry in found.rows:
        assert sum(line.debit for line in entry.lines) == sum(line.credit for line in entry.lines) == entry.total
    late = next(entry for entry in found.rows if entry.service_on == JANUARY and entry.booked_on == FEBRUARY)
    assert (late.contract, late.customer_name, late.kind, late.source) == ("acme", "Acme Inc", "drawdown", "pool")
    assert [(line.account, line.debit, line.credit, line.prepaid_commit) for line in late.lines] == [
        ("contract_liability", 25, 0, "pool"),
        ("revenue", 0, 25, "pool"),
    ]


def test_entries_and_lines_are_found_by_day_contract_kind_and_account(admin: Actor):
    def entries(**asked: object) -> int:
        return journal_entries(actor=admin, asked=JournalAsked(**asked)).count  # type: ignore[arg-type]

    def lines(**asked: object) -> list[Decimal]:
        found = journal_lines(actor=admin, asked=JournalAsked(**asked))  # type: ignore[arg-type]
        return [line.debit - line.credit for line in found.rows]

    assert entries(days_from=FEBRUARY, days_through=date(2026, 2, 28)) == 4
    assert entries(contracts=["bolt"]) == 1
    assert entries(kinds=["payment", "invoice"]) == 3
    assert entries(accounts=["cash"]) == 1
    assert entries(is_deleted=True) == 0
    (one,) = journal_entries(actor=admin, asked=JournalAsked(kinds=["payment"])).rows
    assert journal_entries(actor=admin, asked=JournalAsked(ids=[one.id])).rows == (one,)
    assert entries(modified_from=one.posted_at) == 11
    assert entries(modified_through=one.posted_at) == 5
    assert sorted(lines(accounts=["cash", "accounts_receivable"])) == [-1000, 70, 1000, 1000]
    assert len(lines()) == 22
    line = journal_lines(actor=admin, asked=JournalAsked(accounts=["cash"])).rows[0]
    assert (line.entry.code, line.entry.lines) == (one.code, ())
    for line in journal_lines(actor=admin).rows:
        assert journal_lines(actor=admin, asked=JournalAsked(ids=[line.id])).rows == (line,)


# ── statements ───────────────────────────────────────────────────────────────────────────────


def balances(rows: object) -> dict[tuple[str, str], Decimal]:
    return {(row.account, row.currency): row.balance for row in rows}  # type: ignore[attr-defined]


def test_a_trial_balance_counts_income_from_its_start_and_the_rest_from_the_beginning(admin: Actor):
    found = trial_balance_of(actor=admin, starts_on=MARCH, through_on=END_OF_MARCH, year_starts_on=JANUARY)

    assert balances(found.rows) == {
        ("accounts_receivable", USD): 70,
        ("cash", USD): 1000,
        ("contract_liability", USD): 0,
        ("revenue", USD): 310,
        ("unbilled_revenue", USD): 900,
        ("unbilled_revenue", EUR): 50,
    }
    assert (found.prior_income, found.retained) == ({EUR: 50, USD: 1660}, {})
    for currency in (USD, EUR):
        net = sum(row.net for row in found.rows if row.currency == currency)
        assert net == found.prior_income[currency]

    to_date = trial_balance_of(
        actor=admin, starts_on=MARCH, through_on=END_OF_MARCH, year_starts_on=JANUARY, basis="fiscal_ytd"
    )
    assert (to_date.income_starts_on, balances(to_date.rows)["revenue", USD]) == (JANUARY, 1970)
    assert (to_date.prior_income, to_date.retained) == ({}, {})


def test_income_of_a_year_that_is_over_is_retained(admin: Actor):
    found = trial_balance_of(
        actor=admin, starts_on=date(2027, 2, 1), through_on=date(2027, 2, 28), year_starts_on=date(2027, 1, 1)
    )
    assert ("revenue", USD) not in balances(found.rows)
    assert (found.prior_income[USD], found.retained[USD]) == (0, 1970)


def test_an_income_statement_has_what_is_booked_in_each_range(admin: Actor):
    quarter, march = income_statement(actor=admin, ranges=[(JANUARY, END_OF_MARCH), (MARCH, END_OF_MARCH)])
    assert balances(quarter.rows) == {("revenue", EUR): 50, ("revenue", USD): 1970}
    assert balances(march.rows) == {("revenue", USD): 310}
    assert income_statement(actor=admin, ranges=[]) == []


def test_a_balance_sheet_balances_on_each_day(admin: Actor):
    january, march = balance_sheet(actor=admin, days=[END_OF_JANUARY, END_OF_MARCH])
    assert {(row.account, row.currency): row.net for row in january.rows} == {
        ("cash", USD): 1000,
        ("accounts_receivable", USD): 0,
        ("contract_liability", USD): -55,
        ("unbilled_revenue", USD): 310,
        ("unbilled_revenue", EUR): 50,
        ("income", USD): -1255,
        ("income", EUR): -50,
    }
    for column in (january, march):
        assert (column.total(USD), column.total(EUR)) == (0, 0)


def test_books_without_entries_have_empty_statements(actor: Actor):
    found = trial_balance_of(actor=actor, starts_on=MARCH, through_on=END_OF_MARCH, year_starts_on=JANUARY)
    assert (found.rows, found.prior_income) == ((), {})


# ── constant statements ──────────────────────────────────────────────────────────────────────


def _revenue(actor: Actor, limit: int) -> object:
    return revenue_transactions(actor=actor, on=END_OF_MARCH, asked=RevenueAsked(limit=limit))


LISTS: list[Callable[[Actor, int], object]] = [
    _revenue,
    lambda actor, limit: journal_entries(actor=actor, asked=JournalAsked(limit=limit)),
    lambda actor, limit: journal_lines(actor=actor, asked=JournalAsked(limit=limit)),
    lambda actor, limit: documents(actor=actor, asked=DocumentsAsked(limit=limit)),
    lambda actor, limit: usage_records(actor=actor, asked=UsageAsked(usage_items=["acme-calls"], limit=limit)),
]


@pytest.mark.parametrize("listed", LISTS, ids=["revenue", "entries", "lines", "documents", "usage"])
def test_statements_do_not_grow_with_the_page(admin: Actor, listed: Callable[[Actor, int], object]):
    listed(admin, 1)  # a draft is remembered
    assert statements(lambda: listed(admin, 1)) == statements(lambda: listed(admin, 3))


def statements(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


# ── documents, usage, totals ─────────────────────────────────────────────────────────────────


def test_documents_are_told_as_they_were_filed(admin: Actor):
    found = documents(actor=admin)
    assert [(row.kind, row.contract, row.amount, row.on) for row in found.rows] == [
        ("invoice", "acme", 1000, date(2026, 1, 5)),
        ("payment", "acme", 1000, date(2026, 1, 20)),
        ("invoice", "acme", 70, date(2026, 3, 4)),
    ]
    pool, _, usage = found.rows
    assert pool.prepaid_commit_id is not None
    assert (usage.prepaid_commit_id, usage.customer_name, usage.further) == (None, "Acme Inc", {})
    assert documents(actor=admin, asked=DocumentsAsked(kinds=["payment"])).count == 1
    assert documents(actor=admin, asked=DocumentsAsked(contracts=["bolt"])).count == 0
    assert documents(actor=admin, asked=DocumentsAsked(filed_from=MARCH)).rows == (usage,)
    assert documents(actor=admin, asked=DocumentsAsked(prepaid_commit_ids=[pool.prepaid_commit_id])).rows == (pool,)
    assert documents(actor=admin, asked=DocumentsAsked(further={"x": 1})).count == 0


def test_usage_is_told_by_item_with_sums_by_month(admin: Actor):
    asked = UsageAsked(usage_items=["acme-calls"])
    found = usage_records(actor=admin, asked=asked)
    assert [(row.event_id, row.quantity, row.month_on) for row in found.rows] == [
        ("jan-1", 12000, JANUARY),
        ("jan-2", 500, JANUARY),
        ("late-1", 500, JANUARY),
        ("feb-1", 1000, FEBRUARY),
    ]
    assert {(row.usage_item, row.prepaid_commit, row.contract) for row in found.rows} == {("acme-calls", None, None)}
    months = used_months(actor=admin, asked=asked)
    assert [(row.month_on, row.records, row.quantity) for row in months] == [(JANUARY, 3, 13000), (FEBRUARY, 1, 1000)]
    late = usage_records(actor=admin, asked=UsageAsked(usage_items=["acme-calls"], codes=["late-1"]))
    assert [row.used_on for row in late.rows] == [date(2026, 1, 25)]
    assert usage_records(actor=admin, asked=UsageAsked(prepaid_commits=["pool"])).count == 0
    assert usage_records(actor=admin, asked=UsageAsked(usage_items=["acme-calls"], is_deleted=True)).count == 0
    assert distinct_data(actor=admin, asked=asked, name="team") == []


def test_totals_of_contracts(admin: Actor):
    totals = contract_totals(actor=admin, contracts=["acme", "bolt"], on=END_OF_MARCH)
    acme = totals["acme"]
    assert (acme.revenue, acme.recognized) == (4720, 1970)
    assert (acme.billed, acme.paid, acme.credited, acme.outstanding) == (1070, 1000, 0, 70)
    assert (acme.deferred, acme.unbilled) == (0, 900)
    assert (totals["bolt"].revenue, totals["bolt"].currency) == (50, "EUR")
    assert contract_totals(actor=admin, contracts=["acme"], on=END_OF_MARCH) == {"acme": acme}
