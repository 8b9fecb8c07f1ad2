"""Months before a contract starts: a credit memo may come then, and such a month may be closed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ratable.terms import Contract, PrepaidCommit, Terms
from ratable_server.actor import Actor
from ratable_server.operations.documents import CreditMemo, file_credit_memo
from ratable_server.operations.periods import close_period
from ratable_server.operations.terms import import_terms
from ratable_server.queries.reports import report
from tests.server.conftest import AT

POOL = PrepaidCommit(id="pool", total_value=Decimal(100), starts_on=date(2026, 2, 1))
TERMS = Terms(
    contracts=(
        Contract(id="c", customer="Somebody", currency="USD", starts_on=date(2026, 2, 1), prepaid_commits=(POOL,)),
    )
)


def test_a_month_before_the_start_is_credited_and_closed(actor: Actor):
    import_terms(actor=actor, terms=TERMS, at=AT)
    memo = CreditMemo(contract="c", amount=Decimal(40), against="liability", prepaid_commit="pool")
    filed = file_credit_memo(actor=actor, memo=memo, on=date(2026, 1, 10), at=AT)
    closed = close_period(actor=actor, month_on=date(2026, 1, 1), at=AT)

    assert (filed.booked_on, closed.month_on) == (date(2026, 1, 1), date(2026, 1, 1))
    lines = report(actor=actor, name="trial_balance").table.to_pylist()
    assert [(row["account"], row["debit_minor"], row["credit_minor"]) for row in lines] == [
        ("accounts_receivable", 0, 4000),
        ("unbilled_revenue", 4000, 0),
    ]


def test_a_month_before_anything_is_closed_with_nothing(actor: Actor):
    import_terms(actor=actor, terms=TERMS, at=AT)
    closed = close_period(actor=actor, month_on=date(2025, 11, 1), at=AT)

    assert closed.totals == {}
