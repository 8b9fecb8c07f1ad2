"""A posted entry is taken back by another one: both stay, and everything that is told of the books agrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.journals import reverse_entry
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import run_period
from ratable_server.operations.told import Filed
from ratable_server.operations.usage import record_usage
from ratable_server.queries.explanations import explain_entry
from ratable_server.queries.reports import report
from ratable_server.queries.reversals import reversals
from ratable_server.store.models import JournalEntry, JournalLine
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree, held, last_entry
from tests.server.soundness import assert_sound

FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)
USAGE_ONLY = replace(ACME, subscriptions=(), milestones=(), usage_items=ACME.usage_items[:1], prepaid_commits=())
OVERAGE = "acme/usage/acme/usage/2026-01/2026-01/2026-01-31"
WHY = "billed to the wrong customer"
Line = tuple[str, int, int]


@pytest.fixture
def january(actor: Actor) -> Actor:
    """Books whose January is closed: 500 calls at 0.10, not invoiced."""
    agree(actor, replace(USAGE_ONLY, usage_items=(replace(ACME.usage_items[0], draws=False),)))
    usage = {"id": "u-1", "item": "acme-calls", "used_on": date(2026, 1, 20), "quantity": Decimal(500)}
    record_usage(actor=actor, records=[usage], at=AT)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    return actor


def lines(actor: Actor, entry: str) -> list[Line]:
    with books_of(actor):
        rows = rows_of(actor, JournalLine).filter(entry__entry_code=entry).order_by("account", "-debit_minor")
        return list(rows.values_list("account", "debit_minor", "credit_minor"))


def reverse(actor: Actor, entry: str = OVERAGE, on: date = date(2026, 2, 3)) -> Filed:
    return reverse_entry(actor=actor, entry=entry, reason=WHY, on=on, at=AT)


def test_a_reversal_is_posted_with_the_next_close_and_both_entries_stay(january: Actor):
    filed = reverse(january)
    assert (filed.code, filed.booked_on, filed.on) == ("acme/reversal/3", FEBRUARY, date(2026, 2, 3))
    assert [told.is_posted for told in reversals(actor=january)] == [False]
    assert lines(january, filed.code) == []  # a fact, until its month is closed

    close_period(actor=january, month_on=FEBRUARY, at=AT)

    assert lines(january, OVERAGE) == [("revenue", 0, 5000), ("unbilled_revenue", 5000, 0)]
    assert lines(january, filed.code) == [("revenue", 5000, 0), ("unbilled_revenue", 0, 5000)]
    (told,) = reversals(actor=january)
    assert (told.entry, told.reversed_by, told.reason, told.is_posted) == (OVERAGE, filed.code, WHY, True)
    assert_sound(january)
    with books_of(january):
        posted = rows_of(january, JournalEntry).get(entry_code=filed.code)
    assert (posted.kind, posted.service_on, posted.booked_on) == ("reversal", JANUARY, FEBRUARY)


def test_reports_tell_the_reversal_in_its_month_and_nothing_else_in_the_old_one(january: Actor):
    reverse(january)
    close_period(actor=january, month_on=FEBRUARY, at=AT)

    revenue = report(actor=january, name="revenue").table.to_pylist()
    told = [(row["period"], row["service_period"], row["kind"], row["amount_minor"]) for row in revenue]
    assert told == [(JANUARY, JANUARY, "usage", 5000), (FEBRUARY, JANUARY, "reversal", -5000)]
    balances = report(actor=january, name="trial_balance").table.to_pylist()
    closing = {row["account"]: row["closing_minor"] for row in balances if row["period"] == FEBRUARY}
    assert closing == {"revenue": 0, "unbilled_revenue": 0}
    assert all(row["difference"] == 0 for row in report(actor=january, name="completeness").table.to_pylist())


def test_a_reversal_is_explained_as_what_was_filed(january: Actor):
    filed = reverse(january)
    close_period(actor=january, month_on=FEBRUARY, at=AT)
    revenue, position = explain_entry(actor=january, entry_id=filed.code)
    assert (revenue.value, revenue.formula) == (Decimal(50), "reversal on 2026-02-03, as it was booked")
    assert (position.value, position.title) == (Decimal(-50), "credit unbilled_revenue on 2026-02-03")
    assert explain_entry(actor=january, entry_id=OVERAGE)[0].children != ()  # the original as before, down to its usage


def test_what_was_invoiced_meanwhile_is_owed_to_the_customer(january: Actor):
    file_invoice(actor=january, invoice=Invoice(contract="acme", amount=Decimal(50)), on=FEBRUARY, at=AT)
    filed = reverse(january)
    close_period(actor=january, month_on=FEBRUARY, at=AT)

    assert lines(january, filed.code) == [("contract_liability", 0, 5000), ("revenue", 5000, 0)]
    assert_sound(january)


def test_the_calculation_does_not_book_again_what_was_reversed(january: Actor):
    reverse(january)
    for month_on in (FEBRUARY, MARCH):
        close_period(actor=january, month_on=month_on, at=AT)
    with books_of(january):
        kinds = list(rows_of(january, JournalEntry).order_by("id").values_list("kind", "booked_on"))
    assert kinds == [("usage", JANUARY), ("reversal", FEBRUARY)]
    assert_sound(january)


def test_a_reversal_is_reversed_in_its_turn(january: Actor):
    first = reverse(january)
    close_period(actor=january, month_on=FEBRUARY, at=AT)
    second = reverse(january, first.code, MARCH)
    close_period(actor=january, month_on=MARCH, at=AT)

    assert lines(january, second.code) == lines(january, OVERAGE)
    assert [(told.entry, told.reversed_by) for told in reversals(actor=january)] == [
        (OVERAGE, first.code),
        (first.code, second.code),
    ]
    assert_sound(january)


def test_a_reversal_takes_back_what_its_month_posts_in_the_end(january: Actor):
    filed = reverse(january)
    reopen_period(actor=january, month_on=JANUARY, reason="usage was missing", at=AT)
    more = {"id": "u-2", "item": "acme-calls", "used_on": date(2026, 1, 21), "quantity": Decimal(100)}
    record_usage(actor=january, records=[more], at=AT)
    close_period(actor=january, month_on=JANUARY, at=AT)
    close_period(actor=january, month_on=FEBRUARY, at=AT)

    assert lines(january, filed.code) == [("revenue", 6000, 0), ("unbilled_revenue", 0, 6000)]
    assert_sound(january)


def test_a_draft_that_does_not_know_a_reversal_is_out_of_date(january: Actor):
    draft = run_period(actor=january, month_on=FEBRUARY, at=AT)
    reverse(january)
    before = held(january)

    with pytest.raises(Refused, match="run_must_be_current") as refused:
        close_period(actor=january, month_on=FEBRUARY, run_id=draft.run_id, at=AT)

    assert "journal_reversal" in refused.value.detail
    assert held(january) == before


def test_a_reversal_tells_the_audit_what_and_why(january: Actor):
    filed = reverse(january)
    entry = last_entry(january)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("reverse_entry", "journal_entry", OVERAGE)
    assert entry.before is None
    assert entry.after == {
        "reversed_by": filed.code,
        "reason": WHY,
        "code": filed.code,
        "number": 3,
        "booked_on": "2026-02-01",
        "on": "2026-02-03",
    }


def test_what_cannot_be_reversed_leaves_nothing(january: Actor, new_actor: Callable[[], Actor]):
    reverse(january)
    before = held(january)
    draft = run_period(actor=january, month_on=FEBRUARY, at=datetime(2026, 2, 28, tzinfo=UTC))
    with_a_draft = held(january)
    assert with_a_draft["draft_journal_entry"] == before.get("draft_journal_entry", 0) + 1

    for entry, reason, code in (
        (OVERAGE, WHY, "entry_must_not_be_reversed"),
        ("acme/nothing/1", WHY, "entry_must_be_known"),
        ("acme/reversal/3", WHY, "entry_must_be_known"),  # drafted, not posted
        (OVERAGE, " ", "reversal_must_have_a_reason"),
        (OVERAGE, "a\x00b", "text_must_be_plain"),
    ):
        with pytest.raises(Refused) as refused:
            reverse_entry(actor=january, entry=entry, reason=reason, on=FEBRUARY, at=AT)
        assert refused.value.code == code
    with pytest.raises(Refused, match="role_must_allow_it"):
        reverse(replace(january, role="viewer"))
    with pytest.raises(Refused, match="entry_must_be_known"):
        reverse(new_actor())

    assert draft.counts["journal"] == 2
    assert held(january) == with_a_draft
    assert before["journal_reversal"] == with_a_draft["journal_reversal"] == 1


def test_an_entry_of_a_close_that_was_taken_back_is_not_there(january: Actor):
    reopen_period(actor=january, month_on=JANUARY, reason="to look again", at=AT)
    before = held(january)
    with pytest.raises(Refused, match="entry_must_be_known"):
        reverse(january)
    assert held(january) == before
