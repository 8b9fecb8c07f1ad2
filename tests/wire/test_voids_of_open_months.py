"""What is taken back in a later month than its own is out of the books from that day on, before either month is closed.

What the open months come to is what their closes post.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.wire.calling import Api
from tests.wire.test_invoices import FEBRUARY, INVOICES, JANUARY, SUBSCRIPTION, Billing, close

ENDS = "2026-01-31", "2026-02-28"
RECEIVABLE = {"Accounts Receivable": 80_000, "Deferred Revenue": -80_000}


def books(api: Api) -> list[dict[str, Decimal]]:
    """What stands on each account at the end of January and of February, debits less credits, but for what is zero."""
    return [stood(api, on) for on in ENDS]


def stood(api: Api, on: str) -> dict[str, Decimal]:
    told = api.get("/ca/api/get_trial_balance", start_date="2026-01-01", end_date=on)["trial_balance"]["accounts"]
    nets = {each["name"]: each["balances"]["debits"] - each["balances"]["credits"] for each in told}
    return {name: net for name, net in nets.items() if net}


def test_an_invoice_that_is_void_a_month_later_is_billed_until_then(
    billed: Billing, on_day: Callable[[int, int], None]
):
    api = billed.api
    on_day(2, 28)
    told = billed.billed()
    void = api.post(f"{INVOICES}{told['id']}/void/", {"void_date": "2026-02-03"})
    assert void.status == 200, void.text
    assert books(api) == [RECEIVABLE, {}]
    (entry,) = api.get("/coa/api/journal_entry", start_date="2026-02-01", end_date="2026-02-28")["results"]
    assert (entry["type"], void["voided_journal_entry"]) == ("void_invoice", entry["id"])
    close(api, JANUARY)
    assert books(api) == [RECEIVABLE, {}]
    close(api, FEBRUARY)
    assert books(api) == [RECEIVABLE, {}]


def test_a_payment_that_is_void_a_month_later(billed: Billing, on_day: Callable[[int, int], None]):
    api = billed.api
    on_day(2, 28)
    told = billed.billed()
    (payment,) = billed.pay(told["id"])["payment_ids"]
    assert api.post(f"{INVOICES}{told['id']}/payment/{payment}/void/", {"void_date": "2026-02-10"}).status == 200
    paid = [{"Cash": 80_000, "Deferred Revenue": -80_000}, RECEIVABLE]
    assert books(api) == paid
    for month_on in (JANUARY, FEBRUARY):
        close(api, month_on)
        assert books(api) == paid


def test_an_invoice_of_usage_that_is_void_a_month_later(billed: Billing, on_day: Callable[[int, int], None]):
    """100,000.00 of usage draw the pool and 500.00 of overage were billed; then these are unbilled again."""
    api = billed.api
    on_day(2, 28)
    path = f"contracts/{billed.contract['id']}/prepaid-commits/{billed.commit['id']}/consumption"
    assert api.post(path, {"period_month": "2026-01-01", "gross_usage_amount": "100500.00"}).status == 201
    told = billed.billed(billed.of_commit(), {"amount": "500.00"})
    before = books(api)
    assert before == [{"Accounts Receivable": 80_500, "Revenue": -80_500}] * 2
    assert api.post(f"{INVOICES}{told['id']}/void/", {"void_date": "2026-02-03"}).status == 200
    after = books(api)
    assert after == [before[0], {"Unbilled Revenue": 80_500, "Revenue": -80_500}]
    for month_on in (JANUARY, FEBRUARY):
        close(api, month_on)
        assert books(api) == after


def test_what_ends_with_its_invoice_leaves_no_breakage(billed: Billing, on_day: Callable[[int, int], None]):
    """1,200.00 for a year: two months were served; without the invoice nothing is left that could lapse."""
    api = billed.api
    on_day(3, 31)
    contract = billed.contract["id"]
    subscription = api.post(f"contracts/{contract}/subscriptions", SUBSCRIPTION)["id"]
    told = billed.billed({"amount": "1200.00", "contract_subscription": subscription})
    ended: dict[str, Any] = {"termination_date": "2026-02-28", "void_invoice_ids": [told["id"]]}
    assert api.post(f"contracts/{contract}/terminate", {**ended, "void_date": "2026-02-28"}).status == 200
    after = books(api)
    assert after[1] == {"Unbilled Revenue": 200, "Revenue": -200}
    for month_on in (JANUARY, FEBRUARY):
        close(api, month_on)
        assert books(api) == after


@pytest.fixture
def billed(api: Api) -> Billing:
    return Billing(api)
