"""Acts that a balance decides: no more is taken than there is, to the cent; and each tells the audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import BundleLine
from ratable_server.actor import Actor
from ratable_server.operations.allocations import change_allocation
from ratable_server.operations.amendments import (
    ConsumptionAdjustment,
    ContractTermination,
    adjust_consumption,
    terminate_contract,
)
from ratable_server.operations.documents import CreditMemo, Invoice, file_credit_memo, file_invoice
from ratable_server.operations.periods import close_period
from ratable_server.operations.prepaid_commits import estimate_breakage, top_up_prepaid_commit
from ratable_server.operations.told import Filed
from ratable_server.operations.usage import record_usage
from ratable_server.queries.reports import report
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree, last_entry, refuses
from tests.server.soundness import assert_sound

FEBRUARY = date(2026, 2, 1)
POOL_ONLY = replace(ACME, usage_items=(), subscriptions=(), milestones=())
DAY = date(2026, 2, 10)


@pytest.fixture
def drawn(actor: Actor) -> Actor:
    """A pool of 1,000.00, invoiced; 300.00 of it were used in January, which is closed."""
    agree(actor, POOL_ONLY)
    invoice = Invoice(contract="acme", prepaid_commit="pool", amount=Decimal(1000))
    file_invoice(actor=actor, invoice=invoice, on=JANUARY, at=AT)
    use(actor, "u-1", 300, date(2026, 1, 20))
    close_period(actor=actor, month_on=JANUARY, at=AT)
    return actor


def use(actor: Actor, event_id: str, amount: int, used_on: date) -> None:
    usage = {"id": event_id, "prepaid_commit": "pool", "used_on": used_on, "amount": Decimal(amount)}
    record_usage(actor=actor, records=[usage], at=AT)


def take(actor: Actor, amount: str) -> Filed:
    memo = CreditMemo(contract="acme", prepaid_commit="pool", against="liability", amount=Decimal(amount))
    return file_credit_memo(actor=actor, memo=memo, on=DAY, at=AT)


def adjust(actor: Actor, amount: str, **named: Any) -> Filed:
    adjustment = ConsumptionAdjustment(
        **{"prepaid_commit": "pool", "period": JANUARY, "amount": Decimal(amount), **named}
    )
    return adjust_consumption(actor=actor, adjustment=adjustment, on=DAY, at=AT)


def end(actor: Actor, refund: str = "0", on: date = DAY) -> Filed:
    termination = ContractTermination(contract="acme", on=on, refund=Decimal(refund))
    return terminate_contract(actor=actor, termination=termination, at=AT)


def left(actor: Actor) -> int:
    (row,) = report(actor=actor, name="burn_down", periods=(FEBRUARY, FEBRUARY)).table.to_pylist()
    return int(row["remaining_minor"])


def closing(actor: Actor) -> dict[str, int]:
    rows = report(actor=actor, name="trial_balance", periods=(FEBRUARY, FEBRUARY)).table.to_pylist()
    return {row["account"]: row["closing_minor"] for row in rows if row["closing_minor"]}


def test_a_credit_memo_takes_what_a_pool_has_left_and_no_cent_more(drawn: Actor):
    with refuses(drawn, "credit_must_not_exceed_prepaid_commit"):
        take(drawn, "700.01")
    take(drawn, "600")
    use(drawn, "u-2", 30, date(2026, 2, 20))
    with refuses(drawn, "credit_must_not_exceed_prepaid_commit"):
        take(drawn, "70.01")
    filed = take(drawn, "70")

    entry = last_entry(drawn)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("file_credit_memo", "document", filed.code)
    assert (entry.after["against"], entry.after["amount"], entry.after["prepaid_commit"]) == ("liability", "70", "pool")
    close_period(actor=drawn, month_on=FEBRUARY, at=AT)
    assert left(drawn) == 0
    assert closing(drawn) == {"accounts_receivable": 33000, "revenue": -33000}
    assert_sound(drawn)


def test_a_pool_that_has_ended_has_nothing_left_to_take(drawn: Actor):
    memo = CreditMemo(contract="acme", prepaid_commit="pool", against="liability", amount=Decimal("0.01"))
    with refuses(drawn, "credit_must_not_exceed_prepaid_commit"):
        file_credit_memo(actor=drawn, memo=memo, on=date(2027, 1, 1), at=AT)


def test_an_adjustment_takes_away_what_was_used_and_no_cent_more(drawn: Actor):
    with refuses(drawn, "adjustment_must_not_make_usage_negative"):
        adjust(drawn, "-300.01")
    adjust(drawn, "-100")
    with refuses(drawn, "adjustment_must_not_make_usage_negative"):
        adjust(drawn, "-200.01")
    filed = adjust(drawn, "-200", code="all-of-it")
    with refuses(drawn, "code_must_be_unused"):
        adjust(drawn, "5", code="all-of-it")

    entry = last_entry(drawn)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("adjust_consumption", "adjustment", "all-of-it")
    assert (entry.after["period"], entry.after["amount"], entry.after["number"]) == ("2026-01-01", "-200", filed.number)
    close_period(actor=drawn, month_on=FEBRUARY, at=AT)
    assert left(drawn) == 100000
    assert closing(drawn) == {"accounts_receivable": 100000, "contract_liability": -100000}
    assert_sound(drawn)


def test_an_adjustment_that_cannot_be_leaves_nothing(drawn: Actor):
    for amount, named, code in (
        ("5", {"period": FEBRUARY}, "adjustment_must_name_a_closed_period"),
        ("0.001", {}, "amount_must_fit_currency"),
        ("5", {"prepaid_commit": "nothing"}, "prepaid_commit_must_be_known"),
        ("5", {"code": "!"}, "text_must_be_plain"),
    ):
        with refuses(drawn, code):
            adjust(drawn, amount, **named)


def test_a_termination_refunds_what_is_owed_and_no_cent_more(drawn: Actor):
    use(drawn, "u-2", 200, date(2026, 2, 5))
    for refund, code in (
        ("500.01", "refund_must_not_exceed_liability"),
        ("-1", "amount_must_be_positive"),
        ("0.001", "amount_must_fit_currency"),
    ):
        with refuses(drawn, code):
            end(drawn, refund)
    with refuses(drawn, "dates_must_ascend"):
        end(drawn, on=date(2025, 12, 31))
    filed = end(drawn, "450")

    entry = last_entry(drawn)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("terminate_contract", "termination", "acme")
    assert (entry.after["on"], entry.after["refund"], entry.after["number"]) == ("2026-02-10", "450", filed.number)
    close_period(actor=drawn, month_on=FEBRUARY, at=AT)
    assert closing(drawn) == {
        "accounts_receivable": 100000,
        "revenue": -50000,
        "refund_liability": -45000,
        "breakage_revenue": -5000,
    }
    assert_sound(drawn)


def test_value_and_estimates_of_a_pool_tell_the_audit(drawn: Actor):
    filed = top_up_prepaid_commit(actor=drawn, commit="pool", amount=Decimal("12.50"), on=DAY, at=AT)
    entry = last_entry(drawn)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("top_up_prepaid_commit", "top_up", "pool")
    assert (entry.after["amount"], entry.after["booked_on"], entry.after["number"]) == (
        "12.50",
        "2026-02-01",
        filed.number,
    )
    estimate_breakage(actor=drawn, commit="pool", percentage=Decimal("2.5"), on=DAY, at=AT)
    entry = last_entry(drawn)
    assert (entry.action, entry.subject_kind) == ("estimate_breakage", "breakage_estimate")
    assert entry.after["percentage"] == "2.5"

    close_period(actor=drawn, month_on=FEBRUARY, at=AT)
    assert left(drawn) == 71250
    for amount, commit, code in (
        ("0", "pool", "amount_must_be_positive"),
        ("0.001", "pool", "amount_must_fit_currency"),
        ("1", "nothing", "prepaid_commit_must_be_known"),
        ("NaN", "pool", "number_must_be_exact"),
    ):
        with refuses(drawn, code):
            top_up_prepaid_commit(actor=drawn, commit=commit, amount=Decimal(amount), on=DAY, at=AT)


def test_another_split_of_a_bundle_moves_closed_months_in_the_open_one(actor: Actor):
    agree(actor, replace(POOL_ONLY, usage_items=ACME.usage_items[1:], prepaid_commits=()))
    usage = {"id": "u-1", "item": "acme-suite", "used_on": date(2026, 1, 20), "amount": Decimal(100)}
    record_usage(actor=actor, records=[usage], at=AT)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    halves = tuple(BundleLine(product_id=product, percentage=Decimal(50)) for product in ("api", "support"))
    change_allocation(actor=actor, item="acme-suite", lines=halves, on=DAY, at=AT)

    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == (
        "change_allocation",
        "allocation_change",
        "acme-suite",
    )
    assert [line["percentage"] for line in entry.after["lines"]] == ["50", "50"]
    close_period(actor=actor, month_on=FEBRUARY, at=AT)
    rows = report(actor=actor, name="revenue").table.to_pylist()
    assert sorted((row["product_id"], row["period"], row["amount_minor"]) for row in rows) == [
        ("api", JANUARY, 7000),
        ("api", FEBRUARY, -2000),
        ("support", JANUARY, 3000),
        ("support", FEBRUARY, 2000),
    ]
    assert_sound(actor)


def test_a_fact_of_another_tenant_is_none_of_ours(drawn: Actor, new_actor: Callable[[], Actor]):
    other = new_actor()
    for attempt, code in (
        (take, "contract_must_be_known"),
        (adjust, "prepaid_commit_must_be_known"),
        (end, "contract_must_be_known"),
    ):
        with refuses(other, code):
            attempt(other, "1")
        with refuses(drawn, "role_must_allow_it"):
            attempt(replace(drawn, role="viewer"), "1")
    with refuses(other, "prepaid_commit_must_be_known"):
        top_up_prepaid_commit(actor=other, commit="pool", amount=Decimal(1), on=DAY, at=AT)
    with refuses(other, "item_must_be_known"):
        change_allocation(actor=other, item="acme-suite", lines=(), on=DAY, at=AT)
