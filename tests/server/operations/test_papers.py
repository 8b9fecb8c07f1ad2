"""Invoices and credit memos as a customer has them: which documents they are, what settles them, what nobody may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Terms
from ratable_server.actor import Actor
from ratable_server.operations.document_voids import void_document
from ratable_server.operations.documents import CreditMemo, Invoice, file_credit_memo, file_invoice
from ratable_server.operations.paper_revisions import delete_paper, revise_paper
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.paper_voids import reopen_paper, void_paper
from ratable_server.operations.papers import issue_papers
from ratable_server.operations.periods import close_period
from ratable_server.operations.settlements import (
    Credit,
    Money,
    delete_settlement,
    pay_credit_memo_out,
    settle_invoice,
    void_settlement,
)
from ratable_server.operations.terms import import_terms
from ratable_server.queries.documents import documents
from ratable_server.queries.listing import Asked
from ratable_server.queries.papers import credit_memos, invoices
from ratable_server.queries.statements import balance_sheet
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, MARCH, agree, last_entry, refuses
from tests.server.soundness import assert_sound

FEBRUARY, LATER = date(2026, 2, 1), AT + timedelta(days=20)
POOL, SEATS = {"prepaid_commit": "pool"}, {"subscription": "seats"}


@pytest.fixture
def acme(actor: Actor) -> Actor:
    """Books with the contract of Acme."""
    agree(actor, ACME)
    return actor


def line(amount: str, **fields: Any) -> Line:
    return Line(amount=Decimal(amount), **fields)


def paper(*lines: Line, **fields: Any) -> Paper:
    usual: dict[str, Any] = {
        "kind": "invoice",
        "contract": "acme",
        "on": JANUARY,
        "lines": lines or (line("1000", **POOL),),
    }
    return Paper(**{**usual, **fields})


def issue(actor: Actor, *lines: Line, **fields: Any) -> int:
    (issued,) = issue_papers(actor=actor, papers=[paper(*lines, **fields)], at=AT)
    return issued.id


def row_of(actor: Actor, id: int) -> Any:
    rows = [ask(actor=actor, asked=Asked(ids=[id])).first for ask in (invoices, credit_memos)]
    return next(row for row in rows if row is not None)


def filed(actor: Actor) -> list[tuple[Any, ...]]:
    """The documents of the books: code, amount, and whether it stands."""
    return [(row.code, row.amount, row.voided_on is None) for row in documents(actor=actor).rows]


def pay(actor: Actor, invoice: int, amount: str, *, on: date = JANUARY, **fields: Any) -> int:
    (id,) = settle_invoice(actor=actor, invoice=invoice, parts=[Money(amount=Decimal(amount), on=on, **fields)], at=AT)
    return id


def stands(actor: Actor, on: date) -> dict[str, Decimal]:
    (column,) = balance_sheet(actor=actor, days=[on])
    return {row.account: row.net for row in column.rows if row.net}


def test_lines_of_one_source_are_one_document(acme: Actor):
    id = issue(acme, line("600", **POOL), line("400", **POOL), line("1200", **SEATS, tax=Decimal(19)), line("5"))
    assert filed(acme) == [("INV-0000001", 1000, True), ("#3", 1200, True), ("#4", 5, True)]
    row = row_of(acme, id)
    assert (row.total, row.standing, [each.amount for each in row.lines]) == (2224, "open", [600, 400, 1200, 5])
    assert [each.prepaid_commit for each in row.lines] == ["pool", "pool", None, None]
    assert len(row.entries) == 3
    entry = last_entry(acme)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("issue_paper", "invoice", "INV-0000001")
    assert entry.after["total_minor"] == 222_400
    close_period(actor=acme, month_on=JANUARY, at=LATER)
    assert stands(acme, date(2026, 1, 31))["accounts_receivable"] == 2205
    assert_sound(acme)


def test_several_papers_are_issued_together_or_not_at_all(acme: Actor):
    with refuses(acme, "prepaid_commit_must_be_known"):
        issue_papers(actor=acme, papers=[paper(), paper(line("1", prepaid_commit="other"))], at=AT)
    issued = issue_papers(actor=acme, papers=[paper(line("1")), paper(line("2"))], at=AT)
    assert [each.code for each in issued] == ["INV-0000001", "INV-0000002"]


def test_a_paper_that_says_the_same_keeps_its_documents(acme: Actor):
    id = issue(acme, line("600", **POOL), line("400", **POOL))
    told = PaperBeside(further={"message_on_invoice": "Hello"}, lines=[{"description": "All of it"}])
    revise_paper(actor=acme, id=id, paper=paper(), beside=told, at=LATER)
    assert filed(acme) == [("INV-0000001", 1000, True)]
    row = row_of(acme, id)
    assert (row.further["message_on_invoice"], row.lines[0].further["description"]) == ("Hello", "All of it")
    revise_paper(actor=acme, id=id, paper=paper(line("900", **POOL), code="A-1"), beside=told, at=LATER)
    assert filed(acme) == [("INV-0000001", 1000, False), ("A-1", 900, True)]
    assert (row_of(acme, id).code, row_of(acme, id).total) == ("A-1", 900)
    pay(acme, id, "500")
    with refuses(acme, "settlement_must_not_exceed_document"):
        revise_paper(actor=acme, id=id, paper=paper(line("499", **POOL)), beside=told, at=LATER)
    close_period(actor=acme, month_on=JANUARY, at=LATER)
    with refuses(acme, "period_must_be_open"):
        revise_paper(actor=acme, id=id, paper=paper(line("901", **POOL)), beside=told, at=LATER)
    with refuses(acme, "period_must_be_open"):
        revise_paper(actor=acme, id=id, paper=paper(line("900", **POOL), on=FEBRUARY), beside=told, at=LATER)
    revise_paper(actor=acme, id=id, paper=paper(line("900", **POOL)), beside=told, at=LATER)
    assert_sound(acme)


def test_what_is_filed_by_itself_is_a_paper_and_follows_its_document(acme: Actor):
    file_invoice(actor=acme, invoice=Invoice(contract="acme", amount=Decimal(70), code="X-1"), on=JANUARY, at=AT)
    memo = CreditMemo(contract="acme", amount=Decimal(20), code="C-1")
    file_credit_memo(actor=acme, memo=memo, on=JANUARY, at=AT)
    (invoice,), (credit,) = invoices(actor=acme, asked=Asked()).rows, credit_memos(actor=acme, asked=Asked()).rows
    assert (invoice.code, credit.code) == ("X-1", "C-1")
    assert [each.total for each in (invoice, credit)] == [70, 20]
    used = Credit(credit_memo=credit.id, amount=Decimal(20), on=JANUARY)
    settle_invoice(actor=acme, invoice=invoice.id, parts=[used], at=AT)
    payment = pay(acme, invoice.id, "50")
    assert row_of(acme, invoice.id).standing == "settled"
    code = next(row.code for row in documents(actor=acme).rows if row.kind == "payment")
    void_document(actor=acme, kind="payment", code=code, on=FEBRUARY, at=LATER)
    assert (row_of(acme, invoice.id).standing, row_of(acme, credit.id).standing) == ("partial", "settled")
    with refuses(acme, "document_must_stand"):
        void_settlement(actor=acme, id=payment, on=MARCH, at=LATER)
    void_document(actor=acme, kind="invoice", code="X-1", on=FEBRUARY, at=LATER)
    assert row_of(acme, invoice.id).voided_on == FEBRUARY
    assert_sound(acme)


def test_a_paper_is_taken_back_with_all_its_documents_and_stands_again(acme: Actor):
    id = issue(acme, line("1000", **POOL), line("1200", **SEATS))
    void_paper(actor=acme, kind="invoice", id=id, on=FEBRUARY, at=LATER)
    assert [stands for *_, stands in filed(acme)] == [False, False]
    reopen_paper(actor=acme, kind="invoice", id=id, at=LATER)
    assert [stands for *_, stands in filed(acme)] == [True, True]
    with refuses(acme, "document_must_be_void"):
        reopen_paper(actor=acme, kind="invoice", id=id, at=LATER)
    with refuses(acme, "dates_must_ascend"):
        void_paper(actor=acme, kind="invoice", id=id, on=date(2025, 12, 31), at=LATER)
    payment = pay(acme, id, "1")
    for kept in (lambda: void_paper(actor=acme, kind="invoice", id=id, on=FEBRUARY, at=LATER),
                 lambda: delete_paper(actor=acme, kind="invoice", id=id, at=LATER)):  # fmt: skip
        with refuses(acme, "document_must_not_be_settled"):
            kept()
    delete_settlement(actor=acme, id=payment, at=LATER)
    delete_paper(actor=acme, kind="invoice", id=id, at=LATER)
    assert invoices(actor=acme, asked=Asked()).count == 0
    close_period(actor=acme, month_on=JANUARY, at=LATER)
    assert "accounts_receivable" not in stands(acme, date(2026, 1, 31))
    assert_sound(acme)


def test_a_credit_memo_is_paid_out_by_a_payment_below_nothing(acme: Actor):
    id = issue(acme, line("200", tax=Decimal(38)), kind="credit_memo")
    for amount in ("119", "119"):
        pay_credit_memo_out(actor=acme, credit_memo=id, money=Money(amount=Decimal(amount), on=JANUARY), at=AT)
    assert row_of(acme, id).standing == "settled"
    assert [amount for _, amount, _ in filed(acme)] == [200, -100, -100]
    with refuses(acme, "settlement_must_not_exceed_document"):
        pay_credit_memo_out(actor=acme, credit_memo=id, money=Money(amount=Decimal(1), on=JANUARY), at=AT)
    close_period(actor=acme, month_on=JANUARY, at=LATER)
    found = stands(acme, date(2026, 1, 31))
    assert "accounts_receivable" not in found
    assert found["cash"] == -200
    assert_sound(acme)


def untaxed(actor: Actor) -> Decimal:
    """What stands in the books of payments."""
    rows = documents(actor=actor).rows
    return sum((row.amount for row in rows if row.kind == "payment" and row.voided_on is None), Decimal(0))


def test_payments_of_an_invoice_with_tax_sum_to_what_is_billed_without_it(acme: Actor):
    """10 cents and 1 of tax: the first cent is all tax, the other ten make it whole."""
    id = issue(acme, line("0.10", tax=Decimal("0.01")))
    first = pay(acme, id, "0.01")
    assert untaxed(acme) == 0
    pay(acme, id, "0.10")
    assert untaxed(acme) == Decimal("0.10")
    void_settlement(actor=acme, id=first, on=JANUARY, at=LATER)
    pay(acme, id, "0.01")
    assert (row_of(acme, id).standing, untaxed(acme)) == ("settled", Decimal("0.10"))


def test_a_payment_that_is_made_again_after_one_was_taken_back_makes_the_same_whole(acme: Actor):
    """Shares of 7 cents in 10: 3 and 4, then 5 of 7 once the first is void, then all; what was paid above is apart."""
    id = issue(acme, line("0.07", tax=Decimal("0.03")))
    first = pay(acme, id, "0.05")
    pay(acme, id, "0.08")
    assert untaxed(acme) == Decimal("0.10")  # 0.07 and the 0.03 above
    with refuses(acme, "settlement_must_not_exceed_document"):
        pay(acme, id, "0.01")
    void_settlement(actor=acme, id=first, on=JANUARY, at=LATER)
    pay(acme, id, "0.05")
    assert (row_of(acme, id).standing, untaxed(acme)) == ("settled", Decimal("0.10"))
    assert_sound(acme)


def test_what_cannot_be_settled_is_refused(acme: Actor):
    agree_other(acme)
    id, draft = issue(acme, line("10")), issue(acme, line("10"), stage="draft")
    memo = issue(acme, line("5"), kind="credit_memo", contract="other")
    for amount, code in (("0", "amount_must_be_positive"), ("1.001", "amount_must_fit_currency")):
        with refuses(acme, code):
            pay(acme, id, amount)
    for of, code in ((draft, "document_must_stand"), (999_999, "document_must_be_known"),
                     (memo, "document_must_be_known")):  # fmt: skip
        with refuses(acme, code):
            pay(acme, of, "1")
    with refuses(acme, "credit_memo_must_be_of_the_customer"):
        used = Credit(credit_memo=memo, amount=Decimal(1), on=JANUARY)
        settle_invoice(actor=acme, invoice=id, parts=[used], at=AT)
    pay(acme, id, "1", external_id="e-1")
    with refuses(acme, "code_must_be_unused"):
        pay(acme, id, "1", external_id="e-1")
    with refuses(Actor(tenant_id=acme.tenant_id, name="v", role="viewer", request_id="r"), "role_must_allow_it"):
        pay(Actor(tenant_id=acme.tenant_id, name="v", role="viewer", request_id="r"), id, "1")
    close_period(actor=acme, month_on=JANUARY, at=LATER)
    with refuses(acme, "period_must_be_open"):
        pay(acme, id, "1")


def agree_other(actor: Actor) -> None:
    """Another customer's contract."""
    nothing: dict[str, Any] = dict.fromkeys(("usage_items", "prepaid_commits", "subscriptions", "milestones"), ())
    other = replace(ACME, id="other", customer="Other Inc", **nothing)
    import_terms(actor=actor, terms=Terms(contracts=(other,)), at=AT)
