"""What is taken back in a later month than its own is out of the books from that day on, before either month is closed.

What the open months come to is what their closes post.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.amendments import (
    ConsumptionAdjustment,
    ContractTermination,
    adjust_consumption,
    terminate_contract,
)
from ratable_server.queries.contracts import contracts
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.server.conftest import AT
from tests.server.operations.agreements import refuses
from tests.wire.calling import Api, Told
from tests.wire.test_invoices import FEBRUARY, INVOICES, JANUARY, SUBSCRIPTION, Billing, close

MARCH = date(2026, 3, 1)
ENDS = "2026-01-31", "2026-02-28"
RECEIVABLE = {"Accounts Receivable": 80_000, "Deferred Revenue": -80_000}


def books(api: Api) -> list[dict[str, Decimal]]:
    """What stands on each account at the end of January and of February, debits less credits, but for what is zero."""
    return [stood(api, on) for on in ENDS]


def stood(api: Api, on: str) -> dict[str, Decimal]:
    told = api.get("/ca/api/get_trial_balance", start_date="2026-01-01", end_date=on)["trial_balance"]["accounts"]
    nets = {each["name"]: each["balances"]["debits"] - each["balances"]["credits"] for each in told}
    return {name: net for name, net in nets.items() if net}


def stays(api: Api, told: list[Any]) -> None:
    """The books tell this now, once January is closed, and once February is."""
    assert books(api) == told
    for month_on in (JANUARY, FEBRUARY):
        close(api, month_on)
        assert books(api) == told


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
    stays(api, [RECEIVABLE, {}])


def test_a_payment_that_is_void_a_month_later(billed: Billing, on_day: Callable[[int, int], None]):
    api = billed.api
    on_day(2, 28)
    told = billed.billed()
    (payment,) = billed.pay(told["id"])["payment_ids"]
    assert api.post(f"{INVOICES}{told['id']}/payment/{payment}/void/", {"void_date": "2026-02-10"}).status == 200
    stays(api, [{"Cash": 80_000, "Deferred Revenue": -80_000}, RECEIVABLE])


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
    stays(api, [before[0], {"Unbilled Revenue": 80_500, "Revenue": -80_500}])


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
    stays(api, after)


def test_the_void_of_an_invoice_without_a_target_gives_each_source_back_what_it_cleared(yearly: Yearly):
    """January's 100.00 were cleared by it: they are unbilled again, until the invoice of the year has them."""
    assert yearly.void_of_one_hundred().status == 200
    assert yearly.books() == [
        {"Unbilled Revenue": 100, "Revenue": -100},
        {"Accounts Receivable": 1_300, "Deferred Revenue": -1_100, "Revenue": -200},
        {"Accounts Receivable": 1_200, "Deferred Revenue": -900, "Revenue": -300},
    ]
    yearly.stays_as_it_is()


def test_what_was_void_is_billed_again(yearly: Yearly):
    """Nothing is unbilled any more: the second one is a liability of the usage, and no revenue of the year's."""
    assert yearly.void_of_one_hundred().status == 200
    yearly.billed.billed({"amount": "100.00"}, invoice_date="2026-03-05")
    assert yearly.books()[-1] == {"Accounts Receivable": 1_300, "Deferred Revenue": -1_000, "Revenue": -300}
    yearly.stays_as_it_is()


def test_a_void_that_is_taken_back_takes_nothing(yearly: Yearly):
    void = yearly.void_of_one_hundred()
    assert yearly.billed.api.post(f"{INVOICES}{void['id']}/reopen/").status == 200
    assert yearly.books()[-1] == {"Accounts Receivable": 1_300, "Deferred Revenue": -1_000, "Revenue": -300}
    yearly.stays_as_it_is()


def test_what_lapses_is_without_the_void_invoice_that_named_nothing(yearly: Yearly):
    assert yearly.void_of_one_hundred().status == 200
    yearly.end("0")
    assert yearly.books()[-1] == {"Accounts Receivable": 1_200, "Revenue": -300, "Breakage Revenue": -900}
    yearly.stays_as_it_is()


def test_a_refund_is_of_what_the_void_invoice_leaves(yearly: Yearly):
    assert yearly.void_of_one_hundred().status == 200
    before = yearly.books()
    for refund in ("1000.00", "900.01"):
        with refuses(yearly.billed.api.actor, "refund_must_not_exceed_liability"):
            yearly.end(refund)
    assert yearly.books() == before
    yearly.end("900.00")
    assert yearly.books()[-1] == {"Accounts Receivable": 1_200, "Refund Liability": -900, "Revenue": -300}
    yearly.stays_as_it_is()


def test_an_adjustment_credits_what_other_invoices_bill_of_the_overage(yearly: Yearly):
    """500.00 of overage stay billed by their own invoice: taken back in March, they are credited in whole."""
    billed = yearly.billed
    path = f"contracts/{billed.contract['id']}/prepaid-commits/{billed.commit['id']}/consumption"
    assert billed.api.post(path, {"period_month": "2026-01-01", "gross_usage_amount": "100500.00"}).status == 201
    billed.billed()
    close(billed.api, JANUARY)
    billed.billed({"amount": "500.00"}, invoice_date="2026-02-10")
    assert yearly.void_of_one_hundred().status == 200
    (commit,) = prepaid_commits(actor=billed.api.actor).rows
    less = ConsumptionAdjustment(prepaid_commit=commit.code, period=JANUARY, amount=Decimal(-500))
    adjust_consumption(actor=billed.api.actor, adjustment=less, on=date(2026, 3, 10), at=AT)
    assert yearly.books()[-1] == {"Accounts Receivable": 81_200, "Deferred Revenue": -900, "Revenue": -80_300}
    yearly.stays_as_it_is(FEBRUARY, MARCH)


class Yearly:
    """1,200.00 for the year, billed on 11 February; 100.00 that name nothing the day before. It is the end of March."""

    def __init__(self, billed: Billing) -> None:
        self.billed = billed
        self.contract = billed.contract["id"]
        subscription = billed.api.post(f"contracts/{self.contract}/subscriptions", SUBSCRIPTION)["id"]
        self.one_hundred = billed.billed({"amount": "100.00"}, invoice_date="2026-02-10")["id"]
        billed.billed({"amount": "1200.00", "contract_subscription": subscription}, invoice_date="2026-02-11")

    def void_of_one_hundred(self) -> Told:
        return self.billed.api.post(f"{INVOICES}{self.one_hundred}/void/", {"void_date": "2026-03-03"})

    def end(self, refund: str) -> None:
        (contract,) = contracts(actor=self.billed.api.actor).rows
        ended = ContractTermination(contract=contract.code, on=date(2026, 3, 31), refund=Decimal(refund))
        terminate_contract(actor=self.billed.api.actor, termination=ended, at=AT)

    def books(self) -> list[dict[str, Decimal]]:
        return [stood(self.billed.api, on) for on in (*ENDS, "2026-03-31")]

    def stays_as_it_is(self, *months: date) -> None:
        """Each close posts what the open months came to, source by source."""
        before = self.books()
        for month_on in months or (JANUARY, FEBRUARY, MARCH):
            close(self.billed.api, month_on)
            assert self.books() == before


@pytest.fixture
def yearly(billed: Billing, on_day: Callable[[int, int], None]) -> Yearly:
    on_day(3, 31)
    return Yearly(billed)


@pytest.fixture
def billed(api: Api) -> Billing:
    return Billing(api)
