"""An invoice of overage that an adjustment has credited stays, or the credit memo would be of nothing: exact or refused.

Invoices less credit memos are what the ledger has as receivable, and once all is billed what was used, to the cent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import PrepaidCommit
from ratable_server.operations.amendments import ConsumptionAdjustment, adjust_consumption
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api, Told
from tests.wire.counting import counted
from tests.wire.test_adjustments import HEADER
from tests.wire.test_contracts import signed
from tests.wire.test_entities import entity
from tests.wire.test_invoices_of_usage import (
    CONTRACT,
    INVOICES,
    USAGE,
    balances,
    closed,
    sign,
    uninvoiced,
    used,
)
from tests.wire.test_uploads import sent
from tests.wire.test_usage_overage import billed

MARCH = date(2026, 3, 1)
RULE = "credit_of_adjustment_must_stand"
MEMO = "CM-0000001"


class Credited:
    """Pools that March has drawn, each with overage of 20,000.00 in March and 5,000.00 in April."""

    def __init__(self, api: Api, *pools: str) -> None:
        self.api = api
        commits = tuple(PrepaidCommit(id=pool, total_value=Decimal(80_000), starts_on=MARCH) for pool in pools)
        self.id = sign(api, replace(CONTRACT, starts_on=MARCH, prepaid_commits=commits))
        for pool in pools:
            used(api, pool, {3: 100_000, 4: 5_000})
        self.pools = {each.code: each.id for each in prepaid_commits(actor=api.actor).rows}

    def bill(self, month: str = "2026-03-01") -> dict[int, str]:
        """What `overage-invoicing` bills: the paths of its invoices, by prepaid commit, those of one month."""
        return {each["prepaid_commit"]: f"{INVOICES}{each['invoice']}/" for each in billed(self.api, month)["invoices"]}

    def bill_of(self, pool: str) -> str:
        """The path of the invoice of a pool's March; other pools are billed beside it."""
        (path,) = (
            f"{INVOICES}{each['id']}/"
            for each in self.invoices
            if each["invoice_number"] == f"OVR-{self.pools[pool]}-2026-03"
        )
        return path

    @property
    def invoices(self) -> list[dict[str, Any]]:
        """All invoices; March is billed by then."""
        self.bill()
        return list(self.api.get(INVOICES)["results"])

    def reported(self, row: str, *, pool: str = "pool") -> Told:
        """A row of a file of adjustments, processed."""
        path = f"contracts/{self.id}/prepaid-commits/{self.pools[pool]}"
        assert sent(self.api, path, f"{HEADER}\n{row}")["created"] == 1
        return self.api.post(f"{path}/process-adjustments")

    def adjust(self, amount: int, on: str, *, credited: int = 0, pool: str = "pool", month: str = "2026-03-01") -> None:
        """What was reported is processed, and so much is credited."""
        told = self.reported(f"{pool}/{on}/{amount},,{amount},1,true,{month},{on}", pool=pool)
        assert told.status == 200, told.text
        assert [memo["amount"] for memo in told["credit_memos"]] == ([credited] if credited else [])

    def adjust_natively(self, amount: int, on: date, *, pool: str = "pool") -> None:
        less = ConsumptionAdjustment(prepaid_commit=pool, period=MARCH, amount=Decimal(amount))
        adjust_consumption(actor=self.api.actor, adjustment=less, on=on, at=AT)

    def name(self, amount: int, *named: int, on: str = "2026-04-01") -> str:
        """The path of an invoice that names revenue."""
        body = {"contract": self.id, "entity": entity(self.api)["id"], "invoice_date": on, "due_date": "2999-01-31",
                "lines": [{"amount": amount}], "revenue_transactions": list(named)}  # fmt: skip
        told = self.api.post(INVOICES, body)
        assert told.status == 201, told.text
        return f"{INVOICES}{told['id']}/"

    def revenue(self, amount: int, month: str = "2026-03-01") -> int:
        """The id of overage of so much, in the month that books it."""
        rows = self.api.get("transactions", contract=self.id, limit=1_000)["results"]
        (row,) = [row for row in rows if (row["amount"], row["accounting_period"]) == (amount, month)]
        return int(row["id"])

    @property
    def owed(self) -> Any:
        """What the customer owes: invoices that stand, less credit memos."""
        standing = (
            each for each in self.api.get(INVOICES)["results"] if each["payment_status"] not in {"voided", "draft"}
        )
        memos = self.api.get("/coa/api/v1/credit-memo")["results"]
        return sum(each["total_amount"] for each in standing) - sum(each["total_amount"] for each in memos)

    @property
    def stands(self) -> tuple[Any, ...]:
        """What is owed by documents and by the ledger, and what is not billed by the ledger and as it is told."""
        receivable, unbilled = (balances(self.api, account).get(USAGE, 0) for account in _SIDES)
        return self.owed, Decimal(receivable) / 100, Decimal(unbilled) / 100, uninvoiced(self.api, self.id)

    def comes_to(self, worth: int) -> None:
        """Once all is billed, the customer owes what was used."""
        self.bill("2026-12-01")
        assert self.stands == (worth, worth, 0, 0)
        assert self.bill("2026-12-01") == {}


_SIDES = ("accounts_receivable", "unbilled_revenue")


def void(api: Api, path: str, day: str, **options: Any) -> Told:
    return api.post(f"{path}void/", {"void_date": day}, **options)


def is_refused(told: Told, detail: str) -> None:
    assert (told.status, told["code"]) == (400, RULE), told.text
    assert told["error"].endswith(f": {detail}")


@pytest.fixture
def march(api: Api) -> Credited:
    """Its 20,000.00 are billed, and 5,000.00 of them credited on 12 April."""
    found = Credited(api, "pool")
    found.bill()
    closed(api, 3)
    found.adjust(-5_000, "2026-04-12", credited=5_000)
    assert found.stands == (15_000, 15_000, 5_000, 5_000)
    return found


def only(api: Api) -> str:
    """The path of the one invoice."""
    (row,) = api.get(INVOICES)["results"]
    return f"{INVOICES}{row['id']}/"


@pytest.mark.parametrize(
    "how", ["void after", "void before", "delete", "less", "whole", "later", "draft", "other contract"]
)
def test_what_a_credit_memo_is_of_is_neither_void_nor_less(march: Credited, how: str):
    """Before, 15,000.00 were billed anew, and with the memo of 5,000.00 the customer owed 10,000.00 of 15,000.00."""
    api, path = march.api, only(march.api)
    told = api.get(path).body
    said = {"entity": entity(api)["id"], "invoice_date": "2026-04-01", "due_date": "2026-05-01"}
    other = signed(api)["id"]
    before = kept(api.actor)
    match how:
        case "void after":
            answer, amount = void(api, path, "2026-04-20"), "5000.00"
        case "void before":
            answer, amount = void(api, path, "2026-04-05"), "5000.00"
        case "delete":
            answer, amount = api.delete(path), "5000.00"
        case "less":
            answer, amount = api.patch(path, {"lines": [{"amount": 4_999.99}]}), "0.01"
        case "whole":
            answer, amount = api.put(path, {**said, "lines": [{"amount": 3_000}]}), "2000.00"
        case "later":
            answer, amount = api.patch(path, {"invoice_date": "2026-04-13", "due_date": "2026-05-13"}), "5000.00"
        case "draft":
            answer, amount = api.patch(path, {"payment_status": "draft"}), "5000.00"
        case _:
            answer, amount = api.patch(path, {"contract": other}), "5000.00"
    is_refused(answer, f"{amount} of overage of 2026-03 would not be credited any more ({MEMO})")
    assert kept(api.actor) == before
    assert api.get(path).body == told
    march.comes_to(20_000)


def test_what_is_said_again_and_bills_no_less_is_taken(march: Credited):
    """Its due day, more, and the same of other revenue: what is told as not billed follows, to the cent."""
    api, path = march.api, only(march.api)
    assert api.patch(path, {"due_date": "2026-06-01", "memo": "Later"}).status == 200
    assert api.patch(path, {"lines": [{"amount": 20_000.01}]}).status == 200
    assert api.patch(path, {"lines": [{"amount": 20_000}]}).status == 200
    assert api.patch(path, {"revenue_transactions": [march.revenue(5_000, "2026-04-01")]}).status == 200
    march.comes_to(20_000)


@pytest.mark.parametrize("months", [(4,), (4, 5)], ids=["before the credit", "after the credit"])
def test_an_invoice_of_a_closed_month_stays_as_long_as_it_is_credited(api: Api, months: tuple[int, ...]):
    """The void is of a later month, and the ledger keeps the credit: 5,000.00 would stand on nothing."""
    march = Credited(api, "pool")
    (path,) = march.bill().values()
    closed(api, 3, 4)
    march.adjust(-5_000, "2026-05-12", credited=5_000)
    closed(api, *months[1:])
    before = kept(api.actor)
    is_refused(
        void(api, path, "2026-06-20"), f"5000.00 of overage of 2026-03 more would be credited than billed ({MEMO})"
    )
    assert kept(api.actor) == before
    march.comes_to(20_000)


@pytest.mark.parametrize("day", ["2026-04-13", "2026-05-13"])
def test_another_adjustment_whose_overage_is_billed_lets_the_invoice_go(march: Credited, day: str):
    """5,000.00 more of a later day are billed, and the memo is of these: then 20,000.00 are void and billed anew."""
    api, path = march.api, only(march.api)
    march.adjust(5_000, day)
    before = kept(api.actor)
    assert void(api, path, "2026-04-20", key="void it")["code"] == RULE
    assert kept(api.actor) == before
    march.bill("2026-12-01")
    assert march.stands == (25_000, 25_000, 0, 0)
    gone = void(api, path, "2026-04-20", key="void it")
    assert (gone.status, gone["payment_status"]) == (200, "voided"), gone.text
    again = void(api, path, "2026-04-20", key="void it")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert void(api, path, "2026-04-20")["code"] == "document_must_stand"
    assert march.stands == (5_000, 5_000, 20_000, 20_000)
    march.comes_to(25_000)
    march.adjust(-5_000, "2026-05-14", credited=5_000)
    march.comes_to(20_000)


def test_what_a_credit_memo_has_told_is_not_taken_back_on_its_own_day(march: Credited):
    """Of one day they would be one entry, which credits nothing, and the memo would still tell 5,000.00."""
    before = kept(march.api.actor)
    path = f"contracts/{march.id}/prepaid-commits/{march.pools['pool']}"
    assert sent(march.api, path, f"{HEADER}\na2,,5000.00,1,true,2026-03-01,2026-04-12")["created"] == 1
    before = kept(march.api.actor)
    told = march.api.post(f"{path}/process-adjustments")
    assert (told.status, told["code"]) == (400, RULE)
    (wrong,) = told["errors"]
    assert (wrong["external_id"], wrong["field"], wrong["total_revenue_dollars"]) == ("a2", "adjustment_date", 5_000)
    assert wrong["message"].endswith("tell a later adjustment_date")
    assert kept(march.api.actor) == before
    assert sent(march.api, path, f"{HEADER}\na2,,5000.00,1,true,2026-03-01,2026-04-13")["created"] == 1
    assert march.api.post(f"{path}/process-adjustments").status == 200
    march.comes_to(25_000)


def test_parts_by_name_go_as_long_as_the_others_bear_the_credit(api: Api):
    """12,000.00 and 8,000.00 of March, 10,000.00 credited: the smaller one goes and is billed anew, the larger one stays."""
    march = Credited(api, "pool")
    row = march.revenue(20_000)
    larger, smaller = march.name(12_000, row), march.name(8_000, row)
    closed(api, 3)
    march.adjust(-10_000, "2026-04-12", credited=10_000)
    before = kept(api.actor)
    assert void(api, larger, "2026-04-20")["code"] == RULE
    assert kept(api.actor) == before
    assert void(api, smaller, "2026-04-20").status == 200
    assert march.stands == (2_000, 2_000, 13_000, 13_000)
    march.comes_to(15_000)
    assert void(api, larger, "2026-04-21")["code"] == RULE  # of 20,000.00 that stand, 8,000.00 would be left
    march.comes_to(15_000)


def test_what_is_taken_back_before_it_is_billed_lowers_what_is_left_of_its_own_month(api: Api):
    """April's 5,000.00 are no more: all 20,000.00 of March are billed, and nothing of April; before, 5,000.00 were left."""
    march = Credited(api, "pool")
    closed(api, 3, 4)
    march.adjust(-5_000, "2026-05-12", month="2026-04-01")
    assert march.stands == (0, 0, 20_000, 20_000)
    march.comes_to(20_000)


def test_what_was_lowered_before_it_was_billed_is_billed_without_it_and_once(api: Api):
    """The invoice of 1 April is older than the adjustment and names it: no memo lowers it again, and nothing is left."""
    march = Credited(api, "pool")
    closed(api, 3)
    march.adjust(-5_000, "2026-04-12")
    told = billed(api, "2026-12-01")
    assert [each["amount"] for each in told["invoices"]] == [15_000, 5_000]
    assert (march.bill("2026-12-01"), march.owed, uninvoiced(api, march.id)) == ({}, 20_000, 0)


def test_a_part_of_a_later_month_does_not_bear_the_credit_of_another(api: Api):
    """April's 5,000.00 are billed, too: they are not what the 5,000.00 of March were credited of."""
    march = Credited(api, "pool")
    first, april = march.name(20_000, march.revenue(20_000)), march.name(5_000, march.revenue(5_000, "2026-04-01"))
    closed(api, 3, 4)
    march.adjust(-5_000, "2026-05-12", credited=5_000)
    assert void(api, first, "2026-06-20")["code"] == RULE
    assert void(api, april, "2026-06-20").status == 200
    assert march.stands == (15_000, 15_000, 5_000, 5_000)
    march.comes_to(20_000)


def test_what_nothing_was_credited_of_is_void_as_ever(api: Api):
    """Void before the adjustment, which credits nothing then; and more found after all credits nothing, either."""
    march = Credited(api, "pool")
    (path,) = march.bill().values()
    closed(api, 3)
    assert void(api, path, "2026-04-05").status == 200
    march.adjust(-5_000, "2026-04-12")
    march.adjust(2_000, "2026-04-13")
    assert march.stands == (0, 0, 22_000, 22_000)
    path = march.name(5_000, march.revenue(5_000, "2026-04-01"), on="2026-05-01")
    assert march.stands == (5_000, 5_000, 17_000, 17_000)
    assert void(api, path, "2026-05-20").status == 200
    assert march.stands == (0, 0, 22_000, 22_000)


@pytest.mark.parametrize(("credited", "other"), [("pool", "rest"), ("rest", "pool")])
def test_of_two_pools_only_the_credited_one_keeps_its_invoice(api: Api, credited: str, other: str):
    """Both of one contract, with the same months: what is credited of one is of its own invoices."""
    march = Credited(api, "pool", "rest")
    paths = {code: march.bill_of(code) for code in (credited, other)}
    closed(api, 3, 4)
    march.adjust(-5_000, "2026-05-12", credited=5_000, pool=credited)
    before = kept(api.actor)
    assert void(api, paths[credited], "2026-05-20")["code"] == RULE
    assert void(api, paths[credited], "2026-06-20")["code"] == RULE
    assert kept(api.actor) == before
    assert void(api, paths[other], "2026-06-20").status == 200
    assert march.stands == (15_000, 15_000, 30_000, 30_000)
    march.comes_to(45_000)


def test_an_adjustment_of_another_door_that_no_memo_tells(march_of_old: Credited):
    """Void in the month of the invoice, nothing is credited and nothing stands; in a later one 5,000.00 would."""
    march = march_of_old
    march.adjust_natively(-5_000, date(2026, 5, 12))
    (path,) = (f"{INVOICES}{each['id']}/" for each in march.api.get(INVOICES)["results"])
    told = void(march.api, path, "2026-06-20")
    is_refused(told, "5000.00 of overage more would be credited than billed")


@pytest.fixture
def march_of_old(api: Api) -> Credited:
    """March is billed and April is closed."""
    found = Credited(api, "pool")
    found.bill()
    closed(api, 3, 4)
    return found


def test_what_another_door_has_credited_goes_with_its_invoice(api: Api):
    """Nothing tells the customer of a credit: in the month of the invoice the void takes both, as before."""
    march = Credited(api, "pool")
    (path,) = march.bill().values()
    closed(api, 3)
    march.adjust_natively(-5_000, date(2026, 4, 12))
    assert march.stands == (20_000, 15_000, 5_000, 5_000)
    assert void(api, path, "2026-04-20").status == 200
    assert march.stands == (0, 0, 20_000, 20_000)


def test_what_another_door_has_credited_goes_with_its_invoice_whatever_a_memo_tells_of_another_pool(api: Api):
    """The memo of 5,000.00 is of the one pool; the 3,000.00 of the other go with their invoice, and nothing else does."""
    march = Credited(api, "pool", "rest")
    paths = {code: march.bill_of(code) for code in march.pools}
    closed(api, 3)
    march.adjust(-5_000, "2026-04-12", credited=5_000)
    march.adjust_natively(-3_000, date(2026, 4, 12), pool="rest")
    before = kept(api.actor)
    assert void(api, paths["pool"], "2026-04-20")["code"] == RULE
    assert kept(api.actor) == before
    assert march.stands == (35_000, 32_000, 10_000, 10_000)
    assert void(api, paths["rest"], "2026-04-20").status == 200
    assert march.stands == (15_000, 15_000, 27_000, 27_000)


def test_an_adjustment_of_another_door_on_the_day_of_a_memo(march: Credited):
    """3,000.00 less in the same entry: 8,000.00 are credited and 5,000.00 told, and the invoice stays for all of it."""
    api, path = march.api, only(march.api)
    march.adjust_natively(-3_000, date(2026, 4, 12))
    assert march.stands == (15_000, 12_000, 5_000, 5_000)
    before = kept(api.actor)
    told = void(api, path, "2026-05-20")
    is_refused(told, f"5000.00 of overage of 2026-03 more would be credited than billed ({MEMO})")
    assert kept(api.actor) == before


def test_a_contract_does_not_end_with_an_invoice_that_is_credited(march: Credited):
    api, path = march.api, only(march.api)
    before = kept(api.actor)
    ends = {"termination_date": "2026-04-30", "void_date": "2026-04-30", "void_invoice_ids": [int(path.split("/")[-2])]}
    told = api.post(f"contracts/{march.id}/terminate", ends)
    is_refused(told, f"5000.00 of overage of 2026-03 would not be credited any more ({MEMO})")
    assert kept(api.actor) == before


def test_a_void_takes_as_many_statements_however_much_was_adjusted(march: Credited):
    """Of a contract whose invoices are credited; of one without adjustments one more than before."""
    api, path = march.api, only(march.api)
    counts = []
    for days in ((), ("2026-04-13", "2026-04-14", "2026-04-15")):
        for day in days:
            march.adjust(-1_000, day, credited=1_000)
        assert march.stands[2:] == (5_000, 5_000)
        with counted() as asked:
            assert void(api, path, "2026-04-20")["code"] == RULE
        counts.append(len(asked))
    assert counts[0] == counts[1]
