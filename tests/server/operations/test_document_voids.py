"""A document is taken back: nothing of it is posted in its own month, later the same with its sides swapped."""

# mypy: disable-error-code="comparison-overlap"
# Whole decimals are told as whole numbers.

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.document_voids import reopen_document, void_document
from ratable_server.operations.documents import (
    CreditMemo,
    Invoice,
    Payment,
    file_credit_memo,
    file_invoice,
    file_payment,
)
from ratable_server.operations.periods import close_period
from ratable_server.operations.told import Filed
from ratable_server.operations.usage import record_usage
from ratable_server.queries.documents import DocumentsAsked, documents
from ratable_server.queries.explanations import explain_entry
from ratable_server.queries.journals import JournalAsked, journal_entries
from ratable_server.queries.prepaid_commits import prepaid_balances, prepaid_commits
from ratable_server.queries.statements import balance_sheet
from ratable_server.queries.totals import contract_totals
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, MARCH, agree, last_entry, refuses
from tests.server.soundness import assert_sound

FEBRUARY = date(2026, 2, 1)
LATER = AT + timedelta(days=20)
POOL_ONLY = replace(ACME, subscriptions=(), milestones=(), usage_items=ACME.usage_items[:1])
NO_POOL = replace(POOL_ONLY, prepaid_commits=(), usage_items=(replace(ACME.usage_items[0], draws=False),))


@pytest.fixture
def pool(actor: Actor) -> Actor:
    """January is closed: 1,000.00 of a pool were invoiced, 500 calls at 0.10 drew 50.00."""
    agree(actor, POOL_ONLY)
    invoice(actor, 1000, date(2026, 1, 5), prepaid_commit="pool")
    use(actor)
    close(actor, JANUARY)
    return actor


def invoice(actor: Actor, amount: int, on: date, **target: Any) -> Filed:
    told = Invoice(contract="acme", amount=Decimal(amount), code=f"INV-{amount}", **target)
    return file_invoice(actor=actor, invoice=told, on=on, at=AT)


def use(actor: Actor) -> None:
    usage = {"id": "u-1", "item": "acme-calls", "used_on": date(2026, 1, 20), "quantity": Decimal(500)}
    record_usage(actor=actor, records=[usage], at=AT)


def close(actor: Actor, month_on: date) -> None:
    close_period(actor=actor, month_on=month_on, at=LATER)


def void(actor: Actor, kind: str, code: str, on: date) -> Filed:
    return void_document(actor=actor, kind=kind, code=code, on=on, reason="to the wrong address", at=LATER)


def stands(actor: Actor, on: date) -> dict[str, Decimal]:
    """What stands on each account, debits less credits, but for what is zero."""
    (column,) = balance_sheet(actor=actor, days=[on])
    return {row.account: row.net for row in column.rows if row.net}


def test_an_invoice_that_was_posted_is_taken_back_in_the_month_of_the_void(pool: Actor):
    assert stands(pool, FEBRUARY) == {"accounts_receivable": 1000, "contract_liability": -950, "income": -50}
    filed = void(pool, "invoice", "INV-1000", date(2026, 2, 10))
    assert (filed.booked_on, filed.on) == (FEBRUARY, date(2026, 2, 10))

    close(pool, FEBRUARY)

    assert stands(pool, date(2026, 2, 28)) == {"unbilled_revenue": 50, "income": -50}
    assert stands(pool, date(2026, 1, 31)) == {"accounts_receivable": 1000, "contract_liability": -950, "income": -50}
    (entry,) = journal_entries(actor=pool, asked=JournalAsked(days_from=FEBRUARY)).rows
    assert (entry.code, entry.kind) == (f"acme/invoice/2/void/{filed.number}", "invoice")
    assert [(line.account, line.debit, line.credit) for line in entry.lines] == [
        ("contract_liability", 950, 0),
        ("unbilled_revenue", 50, 0),
        ("accounts_receivable", 0, 1000),
    ]
    assert sum(step.value for step in explain_entry(actor=pool, entry_id=entry.code)) == 0
    assert_sound(pool)


def test_the_document_stays_readable_and_is_told_as_void(pool: Actor):
    void(pool, "invoice", "INV-1000", date(2026, 2, 10))
    (found,) = documents(actor=pool).rows
    assert (found.voided_on, found.created_at, found.modified_at) == (date(2026, 2, 10), AT, LATER)
    assert documents(actor=pool, asked=DocumentsAsked(is_void=True)).rows == (found,)
    assert documents(actor=pool, asked=DocumentsAsked(is_void=False)).count == 0
    assert documents(actor=pool, asked=DocumentsAsked(modified_from=LATER)).count == 1
    assert prepaid_commits(actor=pool).rows[0].invoices == ()
    totals = contract_totals(actor=pool, contracts=["acme"], on=FEBRUARY)["acme"]
    assert (totals.billed, totals.recognized, totals.unbilled) == (0, 50, 50)
    entry = last_entry(pool)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("void_document", "document", "INV-1000")
    assert entry.after["reason"] == "to the wrong address"


def test_a_document_that_was_taken_back_in_its_own_month_is_never_posted(pool: Actor):
    invoice(pool, 70, date(2026, 2, 3))
    void(pool, "invoice", "INV-70", date(2026, 2, 4))
    close(pool, FEBRUARY)
    assert journal_entries(actor=pool, asked=JournalAsked(days_from=FEBRUARY)).count == 0
    assert stands(pool, date(2026, 2, 28)) == stands(pool, date(2026, 1, 31))
    assert_sound(pool)


def test_an_invoice_of_usage_leaves_unbilled_again_what_it_had_cleared(actor: Actor):
    agree(actor, NO_POOL)
    use(actor)
    close(actor, JANUARY)
    invoice(actor, 80, date(2026, 2, 3))  # 50.00 of it clear what is unbilled, 30.00 are in advance
    close(actor, FEBRUARY)
    assert stands(actor, date(2026, 2, 28)) == {"accounts_receivable": 80, "contract_liability": -30, "income": -50}

    void(actor, "invoice", "INV-80", date(2026, 3, 5))
    close(actor, MARCH)

    assert stands(actor, date(2026, 3, 31)) == {"unbilled_revenue": 50, "income": -50}
    assert_sound(actor)


def test_an_invoice_that_names_usage_leaves_what_is_older_unbilled_with_it_and_without(actor: Actor):
    """50.00 drew a pool that nobody has invoiced, 75.00 are usage; of 80.00 that name usage 5.00 are in advance."""
    suite = {"id": "s-1", "item": "acme-suite", "used_on": date(2026, 1, 25), "amount": Decimal(75)}
    agree(actor, replace(ACME, subscriptions=(), milestones=()))
    use(actor)
    record_usage(actor=actor, records=[suite], at=AT)
    close(actor, JANUARY)
    assert stands(actor, date(2026, 1, 31)) == {"unbilled_revenue": 125, "income": -125}
    invoice(actor, 80, date(2026, 2, 3), is_of_usage=True)
    invoice(actor, 40, date(2026, 2, 4))
    close(actor, FEBRUARY)
    assert stands(actor, date(2026, 2, 28)) == {
        "accounts_receivable": 120, "unbilled_revenue": 10, "contract_liability": -5, "income": -125,
    }  # fmt: skip
    assert_sound(actor)

    void(actor, "invoice", "INV-80", date(2026, 3, 5))
    close(actor, MARCH)

    assert stands(actor, date(2026, 3, 31)) == {"accounts_receivable": 40, "unbilled_revenue": 85, "income": -125}
    (row,) = [row for row in documents(actor=actor).rows if row.code == "INV-80"]
    assert (row.is_of_usage, row.voided_on) == (True, date(2026, 3, 5))
    assert_sound(actor)


def test_a_void_in_a_later_open_month_waits_for_the_month_of_its_document(actor: Actor):
    agree(actor, NO_POOL)
    use(actor)
    invoice(actor, 80, date(2026, 1, 31))
    void(actor, "invoice", "INV-80", date(2026, 2, 2))
    close(actor, JANUARY)
    assert stands(actor, date(2026, 1, 31)) == {"accounts_receivable": 80, "contract_liability": -30, "income": -50}
    close(actor, FEBRUARY)
    assert stands(actor, date(2026, 2, 28)) == {"unbilled_revenue": 50, "income": -50}
    assert_sound(actor)


def test_a_payment_and_a_credit_of_revenue_are_taken_back(pool: Actor):
    payment = Payment(contract="acme", amount=Decimal(1000), code="P-1")
    file_payment(actor=pool, payment=payment, on=date(2026, 2, 1), at=AT)
    memo = CreditMemo(contract="acme", amount=Decimal(20), code="CM-1")
    file_credit_memo(actor=pool, memo=memo, on=date(2026, 2, 2), at=AT)
    close(pool, FEBRUARY)
    assert stands(pool, date(2026, 2, 28)) == {
        "accounts_receivable": -20, "cash": 1000, "contract_liability": -950, "income": -30,
    }  # fmt: skip

    void(pool, "payment", "P-1", MARCH)
    void(pool, "credit_memo", "CM-1", MARCH)
    close(pool, MARCH)

    assert stands(pool, MARCH) == stands(pool, date(2026, 1, 31))
    assert_sound(pool)


def test_what_a_credit_memo_took_from_a_pool_comes_back(pool: Actor):
    memo = CreditMemo(contract="acme", amount=Decimal(200), against="liability", prepaid_commit="pool", code="CM-1")
    file_credit_memo(actor=pool, memo=memo, on=date(2026, 2, 2), at=AT)
    close(pool, FEBRUARY)
    assert left(pool) == 750

    void(pool, "credit_memo", "CM-1", MARCH)
    assert left(pool) == 950
    close(pool, MARCH)

    assert left(pool) == 950
    assert stands(pool, MARCH) == stands(pool, date(2026, 1, 31))
    assert_sound(pool)


def left(actor: Actor) -> Decimal:
    commits = prepaid_commits(actor=actor).rows
    return prepaid_balances(actor=actor, commits=commits, on=MARCH)["pool"].remaining


def test_a_document_stands_again_while_its_void_is_not_posted(pool: Actor):
    before = stands(pool, date(2026, 1, 31))
    void(pool, "invoice", "INV-1000", date(2026, 2, 10))
    reopen_document(actor=pool, kind="invoice", code="INV-1000", at=LATER)
    with refuses(pool, "document_must_be_void"):
        reopen_document(actor=pool, kind="invoice", code="INV-1000", at=LATER)
    close(pool, FEBRUARY)
    assert stands(pool, date(2026, 2, 28)) == before
    assert [row.voided_on for row in documents(actor=pool).rows] == [None]

    void(pool, "invoice", "INV-1000", MARCH)
    close(pool, MARCH)
    with refuses(pool, "period_must_be_open"):
        reopen_document(actor=pool, kind="invoice", code="INV-1000", at=LATER)
    assert stands(pool, MARCH) == {"unbilled_revenue": 50, "income": -50}
    assert_sound(pool)


def test_what_cannot_be_taken_back_is_refused(pool: Actor):
    with refuses(pool, "document_must_be_known"):
        void(pool, "payment", "INV-1000", FEBRUARY)
    invoice(pool, 70, date(2026, 3, 3))
    with refuses(pool, "dates_must_ascend"):
        void(pool, "invoice", "INV-70", date(2026, 2, 4))
    with refuses(pool, "text_must_be_plain"):
        void_document(actor=pool, kind="invoice", code="INV-70", on=MARCH, reason="\x00", at=AT)
    void(pool, "invoice", "INV-1000", date(2026, 2, 10))
    with refuses(pool, "document_must_stand"):
        void(pool, "invoice", "INV-1000", date(2026, 2, 11))
    with refuses(replace(pool, role="viewer"), "role_must_allow_it"):
        void(replace(pool, role="viewer"), "invoice", "INV-70", MARCH)
    with refuses(pool, "document_must_be_void"):
        reopen_document(actor=pool, kind="invoice", code="INV-70", at=LATER)
