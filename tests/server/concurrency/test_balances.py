"""Several processes draw on one prepaid commit: what is drawn is what there was (B1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.operations.documents import CreditMemo, Invoice, file_invoice
from ratable_server.operations.periods import close_period
from ratable_server.queries.reports import report
from tests.server.concurrency.crew import at_once
from tests.server.concurrency.doings import compute, take_back, use
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree, held
from tests.server.soundness import assert_sound

POOL_ONLY = replace(ACME, usage_items=(), subscriptions=(), milestones=())


def sell(actor: Actor, pool: int) -> None:
    """A pool of this size, invoiced."""
    commit = replace(ACME.prepaid_commits[0], total_value=Decimal(pool))
    agree(actor, replace(POOL_ONLY, prepaid_commits=(commit,)))
    invoice = Invoice(contract="acme", prepaid_commit="pool", amount=Decimal(pool))
    file_invoice(actor=actor, invoice=invoice, on=JANUARY, at=AT)


def closing(actor: Actor) -> dict[str, int]:
    rows = report(actor=actor, name="trial_balance").table.to_pylist()
    return {row["account"]: row["closing_minor"] for row in rows}


def test_b1_eight_processes_draw_exactly_what_is_there(actor: Actor):
    sell(actor, 1000)
    row = {"prepaid_commit": "pool", "used_on": date(2026, 1, 20), "amount": Decimal(30)}
    answers = at_once([(use, {"actor": actor, "name": f"p{number}", "records": 10, "row": row}) for number in range(8)])
    assert answers == [["done"] * 10] * 8

    close_period(actor=actor, month_on=JANUARY, at=AT)

    (pool,) = report(actor=actor, name="burn_down").table.to_pylist()
    drawn = {name: pool[f"{name}_minor"] for name in ("granted", "drawn", "overage", "remaining")}
    assert drawn == {"granted": 100_000, "drawn": 100_000, "overage": 140_000, "remaining": 0}
    assert closing(actor) == {
        "accounts_receivable": 100_000,
        "contract_liability": 0,
        "unbilled_revenue": 140_000,
        "revenue": -240_000,
    }
    assert held(actor)["usage_record"] == 80
    assert_sound(actor)


def test_b1_no_more_is_taken_from_a_pool_than_it_has(actor: Actor):
    sell(actor, 100)
    memo = CreditMemo(contract="acme", prepaid_commit="pool", against="liability", amount=Decimal(30))
    answers = at_once([(take_back, {"actor": actor, "memos": 2, "memo": memo, "warm": compute})] * 4)

    told = sorted(code for each in answers for code in each)
    assert told == ["credit_must_not_exceed_prepaid_commit"] * 5 + ["done"] * 3
    close_period(actor=actor, month_on=JANUARY, at=AT)
    (pool,) = report(actor=actor, name="burn_down").table.to_pylist()
    assert (pool["topped_up_minor"], pool["remaining_minor"]) == (-9_000, 1_000)
    assert closing(actor) == {"accounts_receivable": 1_000, "contract_liability": -1_000}
    assert_sound(actor)
