"""Several processes close: one does (B2, B10), and a price that changes meanwhile never tears a month (B5)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import run_period
from ratable_server.operations.usage import record_usage
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import AuditEntry, JournalEntry, JournalLine, PeriodClose
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import at_once, crew_of, outcome, shared
from tests.server.concurrency.doings import Rounds, change_price, close
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree, held
from tests.server.soundness import assert_sound

REFUSED = {"period_must_be_open", "run_must_be_a_draft", "run_must_be_current", "periods_must_close_in_order"}
CALLS_ONLY = replace(
    ACME, usage_items=(replace(ACME.usage_items[0], draws=False),), prepaid_commits=(), subscriptions=(), milestones=()
)


@pytest.fixture
def used(actor: Actor) -> Actor:
    """500 calls at 0.10 in January."""
    agree(actor, CALLS_ONLY)
    row = {"id": "u-1", "item": "acme-calls", "used_on": date(2026, 1, 20), "quantity": Decimal(500)}
    record_usage(actor=actor, records=[row], at=AT)
    return actor


def assert_closed_once(actor: Actor) -> None:
    """I9: one close of January and one set of entries, told once."""
    with books_of(actor):
        assert rows_of(actor, PeriodClose).count() == 1
        assert rows_of(actor, AuditEntry).filter(action="close_period").count() == 1
        assert list(rows_of(actor, JournalEntry).values_list("entry_code", "total_minor")) == [
            ("acme/usage/acme/usage/2026-01/2026-01/2026-01-31", 5000)
        ]
    assert_sound(actor)


def assert_one_did(answers: list[str]) -> None:
    assert answers.count("done") == 1
    assert set(answers) <= REFUSED | {"done"}


@pytest.mark.parametrize("closers", [4, pytest.param(20, marks=pytest.mark.soak)])
def test_b2_of_many_parallel_closes_one_closes(used: Actor, closers: int):
    answers = at_once([(close, {"actor": used, "month_on": JANUARY})] * closers)
    assert_one_did(answers)
    assert_closed_once(used)


@pytest.mark.parametrize("approvers", [8, pytest.param(20, marks=pytest.mark.soak)])
def test_b10_a_draft_is_posted_once_whoever_approves_it(used: Actor, approvers: int):
    draft = run_period(actor=used, month_on=JANUARY, at=AT)
    answers = at_once([(close, {"actor": used, "month_on": JANUARY, "run_id": draft.run_id})] * approvers)
    assert answers == ["done"] * approvers  # who comes later is told what was posted
    assert_closed_once(used)


@pytest.mark.parametrize("tries", [8, pytest.param(100, marks=pytest.mark.soak)])
def test_b5_a_price_changes_before_a_close_or_not_at_all(used: Actor, tries: int):
    rounds = Rounds(
        meeting=shared("Barrier", 2), seconds=shared("Value", "d", 0), month=shared("Value", "i", 1), is_over=shared("Event")
    )  # fmt: skip
    closes = 0
    with crew_of([(change_price, {"actor": used, "name": "b5", "rounds": rounds})]) as crew:
        crew.go()
        for _ in range(tries):
            closes += _close_against(used, rounds)
        rounds.is_over.set()
        rounds.meet()
        (told,) = crew.answers()

    assert set(told) <= {"done", "period_must_be_open"}
    with books_of(used):
        assert rows_of(used, AuditEntry).filter(action="set_tier_price_override").count() == told.count("done")
        assert rows_of(used, PeriodClose).count() == closes
    assert held(used).get("period_reopening", 0) == closes
    assert_sound(used)


def _close_against(actor: Actor, rounds: Rounds) -> int:
    """Try to close January while the price changes; what is closed has the price that is in the books."""
    draft = run_period(actor=actor, month_on=JANUARY, at=AT)
    begun = time.perf_counter()
    rounds.meet()
    told = outcome(close_period, actor=actor, month_on=JANUARY, run_id=draft.run_id, at=AT)
    rounds.seconds.value = 2 * (time.perf_counter() - begun)
    rounds.meet()
    if told != "done":
        assert told == "run_must_be_current"
        return 0
    assert _revenue_of(actor, draft.run_id) == 500 * _price(actor)
    assert_sound(actor)
    reopen_period(actor=actor, month_on=JANUARY, reason="for the next try", at=AT)
    return 1


def _revenue_of(actor: Actor, run_id: int) -> Decimal:
    with books_of(actor):
        rows = rows_of(actor, JournalLine).filter(run_id=run_id, account="revenue")
        return Decimal(sum(rows.values_list("credit_minor", flat=True))).scaleb(-2)


def _price(actor: Actor) -> Decimal:
    (contract,) = load_terms(actor, ["acme"]).contracts
    prices = [override.price for override in contract.tier_price_overrides]
    return (prices[0] or Decimal(0)) if prices else Decimal("0.10")
