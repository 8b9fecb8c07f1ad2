"""Statements of one entity: what is told of an entry counts first, then what its document says, then its contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.counting import counted
from tests.wire.test_consumption import used
from tests.wire.test_credit_memos import MEMOS
from tests.wire.test_entities import entity
from tests.wire.test_invoices import INVOICES, Billing
from tests.wire.test_journal_entries import JOURNAL, LINES, account, side
from tests.wire.test_statements import trial_balance

YEAR = {"start_date": "2026-01-01", "end_date": "2026-12-31"}
SHEET, INCOME = "/ca/api/get_balance_sheet", "/ca/api/get_income_statement"
OnDay = Callable[[int, int], None]


class Group:
    """Two entities; a contract of the first, another of none, and two accounts."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.first, self.second = (entity(api, name)["id"] for name in ("First", "Second"))
        self.own, self.bare = Billing(api, entity=self.first), Billing(api, deal_name="Of nobody")
        self.bank, self.tools = account(api, "1010", "Bank"), account(api, "1600", "Tools")

    def written(self, amount: Any, *, debit: Any = None, credit: Any = None, **fields: Any) -> Any:
        lines = [
            {**side(self.tools, debit=amount), **(debit or {})},
            {**side(self.bank, credit=amount), **(credit or {})},
        ]
        return self.api.post(JOURNAL, {"date": "2026-01-15", "transactions": lines, **fields})

    def of(self, *entities: int) -> dict[str, Decimal]:
        """What stands on each account by the trial balance of some entities, of all lines without one."""
        asked = {"entity": ",".join(map(str, entities))} if entities else {}
        sides = trial_balance(self.api, **YEAR, **asked)
        return {name: debit - credit for name, (debit, credit) in sides.items() if debit != credit}

    def lines(self, **asked: Any) -> list[dict[str, Any]]:
        told = self.api.get(LINES, all_time="true", limit=1000, **asked)
        assert told.status == 200, told.text
        return list(told["results"])


@pytest.fixture
def group(api: Api, on_day: OnDay) -> Group:
    on_day(3, 20)
    return Group(api)


def test_an_entry_that_somebody_writes_is_of_its_own_entity(group: Group):
    assert group.written("99.90", entity=group.first).status == 201
    assert group.written(5).status == 201
    sheet = {"Tools": Decimal("99.90"), "Bank": Decimal("-99.90")}
    assert (group.of(group.first), group.of(group.second)) == (sheet, {})
    assert group.of() == {"Tools": Decimal("104.90"), "Bank": Decimal("-104.90")}
    asked = {**YEAR, "entity": group.first, "cadence": "yearly"}
    rows = group.api.get(SHEET, **asked)["balance_sheet"]
    assert {row["account_name"]: row["2026-01-01"]["ending_balance"] for row in rows}["Bank"] == Decimal("-99.90")
    assert [line["debit_amount"] or line["credit_amount"] for line in group.lines(entity=group.first)] == [
        Decimal("99.90"),
        Decimal("99.90"),
    ]
    assert group.lines(entity=group.second) == []


def test_a_document_is_of_its_own_entity_and_what_the_contract_earns_of_the_contract(group: Group):
    invoice = group.bare.billed(entity=group.second)
    assert group.bare.pay(invoice["id"], amount="50000.00").status == 200
    assert group.of(group.second) == {"Cash": 50_000, "Accounts Receivable": 30_000, "Deferred Revenue": -80_000}
    assert group.of(group.first) == {}
    pool = f"contracts/{group.own.contract['id']}/prepaid-commits/{group.own.commit['id']}"
    assert used(group.api, pool, 1, "1000.00").status == 201
    group.own.billed(entity=group.second)
    assert group.of(group.first) == {"Deferred Revenue": 800, "Revenue": -800}
    assert group.of(group.second)["Deferred Revenue"] == -160_000


def test_all_entities_and_none_come_to_the_whole(group: Group):
    """Over posted and open months, documents, what pays them and takes them back, entries by hand and postings."""
    api, second = group.api, group.second
    billed = group.bare.billed(entity=second)
    for of, month, gross in ((group.own, 1, 1000), (group.own, 2, 2000), (group.bare, 1, 4000), (group.bare, 3, 8000)):
        pool = f"contracts/{of.contract['id']}/prepaid-commits/{of.commit['id']}"
        assert used(api, pool, month, gross).status == 201
    paid = group.bare.pay(billed["id"], amount="90000.00")
    assert paid.status == 200, paid.text
    taken = group.own.billed(group.own.of_commit("700.00"), entity=second)
    sales = account(api, "4000", "Sales", account_type="REVENUE")
    memo = {"contract": group.own.contract["id"], "entity": second, "credit_memo_date": "2026-01-20"}
    assert api.post(MEMOS, {**memo, "lines": [{"amount": "30.00", "account": sales}]}).status == 201
    assert group.written(7, entity=second).status == 201
    assert group.written(3).status == 201
    each_in_one = {"debit": {"entity": group.first}, "credit": {"entity": group.first}}
    assert group.written(11, entity=second, **each_in_one).status == 201
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    _void_and_reverse(group, taken["id"])
    february = [row["id"] for row in api.get("transactions")["results"] if row["accounting_period"] == "2026-02-01"]
    posting = {"type": "revenue_recognition", "revenue_transactions": february, "entity": second}
    assert api.post(JOURNAL, posting).status == 201
    _are_the_whole(group)
    assert group.of(second)["Revenue"] == 30 - 1600


def _void_and_reverse(group: Group, invoice: int) -> None:
    told = group.api.post(f"{INVOICES}{invoice}/void/", {"void_date": "2026-02-10"})
    assert told.status == 200, told.text
    entries = group.api.get(JOURNAL, all_time="true", posted="true", limit=1000)["results"]
    (payment,) = [each for each in entries if each["type"] == "invoice_payment"]
    assert payment["entity"] == group.second
    back = group.api.post(JOURNAL, {"reversal_of": payment["id"], "date": "2026-02-12"})
    assert (back.status, back["entity"]) == (201, group.second), back.text


def _are_the_whole(group: Group) -> None:
    lines, entities = group.lines(), (group.first, group.second)
    for each in entities:
        told = [line["id"] for line in lines if line["entity"] == each]
        assert told
        assert [line["id"] for line in group.lines(entity=each)] == told
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line["entity"] is None:
            sums[line["account_name"].split(" - ")[1]] += (line["debit_amount"] or 0) - (line["credit_amount"] or 0)
    assert any(sums.values())
    for each in entities:
        for name, net in group.of(each).items():
            sums[name] += net
    assert {name: net for name, net in sums.items() if net} == group.of()
    both = defaultdict[str, Decimal](Decimal)
    for each in entities:
        for name, net in group.of(each).items():
            both[name] += net
    assert group.of(*entities) == {name: net for name, net in both.items() if net}


def test_an_entry_balances_in_each_entity(group: Group):
    before = group.lines()
    for told in (
        group.written(5, debit={"entity": group.first}, credit={"entity": group.second}),
        group.written(5, entity=group.first, credit={"entity": group.second}),
    ):
        text = f"Debits and credits of entity {group.first} are not equal."
        assert (told.status, told.body) == (400, {"transactions": [text]}), told.text
    assert group.lines() == before
    entry = group.written(5, debit={"entity": group.second}, credit={"entity": group.second})
    own = f"{JOURNAL}/{entry['id']}"
    lines = [{**side(group.tools, debit=5), "entity": group.first}, side(group.bank, credit=5)]
    assert group.api.patch(own, {"transactions": lines}).status == 400
    assert group.api.get(own).body == entry.body
    assert group.api.patch(own, {"memo": "The same"})["memo"] == "The same"


def test_as_many_statements_for_many_documents(group: Group):
    asked = {"entity": group.second}
    group.bare.billed(entity=group.second)
    with counted() as one:
        assert trial_balance(group.api, **YEAR, **asked)
        assert group.lines(**asked)
    for place in range(4):
        group.bare.billed(group.bare.of_commit("10.00"), entity=(group.first, group.second)[place % 2])
    with counted() as many:
        assert trial_balance(group.api, **YEAR, **asked)
        assert len(group.lines(**asked)) == 6
    assert len(one) == len(many)


def test_papers_that_say_no_entity_are_of_that_of_their_contract(group: Group):
    path = f"contracts/{group.own.contract['id']}/prepaid-commits/{group.own.commit['id']}"
    told = group.api.post(f"{path}/invoice", {"invoice_date": "2026-01-01"})
    assert (told.status, told["entity"]) == (201, group.first), told.text
    bare = group.api.post(f"contracts/{group.bare.contract['id']}/prepaid-commits/{group.bare.commit['id']}/invoice",
                          {"invoice_date": "2026-01-01"})  # fmt: skip
    assert bare["entity"] is None
    other = group.own.billed(group.own.of_commit("10.00"), entity=group.second)

    def found(path: str, entity: int) -> list[int]:
        return [row["id"] for row in group.api.get(path, entity=entity, sort="id")["results"]]

    assert (found(INVOICES, group.first), found(INVOICES, group.second)) == ([told["id"]], [other["id"]])
    assert group.api.patch(f"contracts/{group.bare.contract['id']}", {"entity": group.second}).status == 200
    assert found(INVOICES, group.second) == [bare["id"], other["id"]]
    assert group.bare.pay(bare["id"], amount="80001.00").status == 200
    (memo,) = group.api.get(MEMOS)["results"]
    assert (memo["entity"], found(MEMOS, group.second), found(MEMOS, group.first)) == (group.second, [memo["id"]], [])
