"""Credit memos that adjustments have made: what their lines take back, which revenue is theirs, what takes them back.

The chain of three months that empties a pool, with March corrected in May: 30,000.00 less are 20,000.00 of overage that
was invoiced, and 10,000.00 that the pool had covered.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.documents import CreditMemo, Invoice, file_credit_memo, file_invoice
from ratable_server.queries.chart import OWN_ACCOUNTS
from ratable_server.queries.prepaid_commits import PrepaidCommit, prepaid_commits
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api
from tests.wire.counting import counted
from tests.wire.test_accounts import account
from tests.wire.test_adjustments import HEADER
from tests.wire.test_consumption import CHAIN, used
from tests.wire.test_contracts import signed
from tests.wire.test_invoices import Billing
from tests.wire.test_invoices_of_usage import closed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import sent

MEMOS = "/coa/api/v1/credit-memo"
SETTINGS = "/coa/api/chart-account-settings"
OWN = OWN_ACCOUNTS["revenue"]


class Chain:
    """A pool of a product, empty since March, with its overage invoiced; closed until May."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.product = int(api.post("product", {"product_name": "API"})["id"])
        contract = signed(api)["id"]
        self.pool = f"contracts/{contract}/prepaid-commits/{granted(api, contract, product=self.product)['id']}"
        assert [used(api, self.pool, month, gross).status for month, gross in CHAIN.items()] == [201, 201, 201]
        invoice = Invoice(contract=self.commit.contract, amount=Decimal(20_000), is_of_usage=True)
        file_invoice(actor=api.actor, invoice=invoice, on=date(2026, 4, 1), at=AT)
        closed(api, 1, 2, 3, 4)

    @property
    def commit(self) -> PrepaidCommit:
        (commit,) = prepaid_commits(actor=self.api.actor).rows
        return commit

    def adjust(self, amount: int, on: str = "2026-05-12", *, month: str = "2026-03-01") -> Any:
        """The id of the credit memo; None: there is none."""
        assert sent(self.api, self.pool, f"{HEADER}\n{on},,{amount},,true,{month},{on}")["created"] == 1
        told = self.api.post(f"{self.pool}/process-adjustments")
        assert told.status == 200, told.text
        return told["periods"][0]["credit_memo"]

    def revenue(self) -> list[dict[str, Any]]:
        """What adjustments have changed."""
        rows = self.api.get("transactions", limit=1_000)["results"]
        return [row for row in rows if row["accounting_period"] == "2026-05-01"]

    def line(self, memo: int) -> dict[str, Any]:
        """The only line of a credit memo, the same wherever it is told."""
        one = self.api.get(f"{MEMOS}/{memo}")
        (same,) = [each for each in self.api.get(MEMOS)["results"] if each["id"] == memo]
        wanted = {"credit_memos": [{"credit_memo_number": one["credit_memo_number"]}]}
        assert one.body == same == self.api.post(f"{MEMOS}/bulk-search", wanted)["credit_memos"][0]
        (line,) = one["lines"]
        return dict(line)


@pytest.fixture
def chain(api: Api) -> Chain:
    return Chain(api)


def accounted(line: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in ("account", "account_number", "account_name"))


def test_a_line_tells_what_was_adjusted_and_the_account_of_its_revenue(chain: Chain):
    """That of the books; then that of the product, also of what was credited before it had one."""
    api = chain.api
    memo = chain.adjust(-30_000)
    line = chain.line(memo)
    assert (line["product"], line["product_name"]) == (chain.product, "API")
    assert (line["prepaid_commit"], line["period_month"]) == (chain.commit.id, "2026-03-01")
    assert accounted(line) == (OWN.id, OWN.number, f"{OWN.number} - {OWN.name}")
    sales = account(api, "4010", "Sales of API", account_type="REVENUE", account_subtype="INCOME")["id"]
    assert api.patch(f"product/{chain.product}", {"revenue_account": sales}).status == 200
    assert accounted(chain.line(memo)) == (sales, "4010", "4010 - Sales of API")
    entries = api.get("/coa/api/journal_entry", all_time="true", limit=1_000)["results"]
    (entry,) = [each for each in entries if each["memo"].startswith("Prepaid commit overage 2026-03 (adjustment)")]
    debits = {each["account"]: each["debit_amount"] for each in entry["transactions"] if each["debit_amount"]}
    assert debits == {sales: 20_000}


def test_what_is_told_comes_back_and_another_account_does_not(chain: Chain):
    api = chain.api
    own = f"{MEMOS}/{chain.adjust(-30_000)}"
    told = api.get(own).body
    again = api.put(own, {**told, "message_on_credit_memo": "Late"})
    assert (again.status, again["message_on_credit_memo"], again["lines"][0]["account"]) == (200, "Late", OWN.id)
    assert again["lines"][0]["product"] == chain.product
    unnamed = [{**line, "account": None} for line in told["lines"]]
    assert api.patch(own, {"lines": unnamed}).status == 200
    sales = account(api, "4010", "Sales of API", account_type="REVENUE")["id"]
    before = kept(api.actor)
    refused = api.patch(own, {"lines": [{**told["lines"][0], "account": sales}]})
    assert (refused.status, refused["code"]) == (400, "credit_memo_must_go_with_its_cause")
    assert kept(api.actor) == before


def test_lines_that_other_doors_have_filed_have_accounts(api: Api):
    """Of revenue, of what was billed in advance, and what was paid above an invoice, which the receivable has."""
    billing = Billing(api)
    (commit,) = prepaid_commits(actor=api.actor).rows
    invoice = billing.billed()
    assert billing.pay(invoice["id"], amount="80025.00").status == 200
    usual = CreditMemo(contract=commit.contract, amount=Decimal(9))
    of_pool = replace(usual, against="liability", prepaid_commit=commit.code)
    for memo in (usual, of_pool, replace(usual, against="adjustment")):
        file_credit_memo(actor=api.actor, memo=memo, on=date(2026, 1, 20), at=AT)

    def told() -> list[Any]:
        memos = sorted(api.get(MEMOS)["results"], key=lambda each: each["id"])
        return [line["account"] for memo in memos for line in memo["lines"]]

    roles = ("accounts_receivable", "revenue", "contract_liability", "revenue")
    assert told() == [OWN_ACCOUNTS[role].id for role in roles]
    named = {
        "accounts_receivable": account(api, "1201", "Owed", account_type="ASSET")["id"],
        "deferred_revenue": account(api, "2501", "Deferred", account_type="LIABILITY")["id"],
    }
    assert api.patch(SETTINGS, named).status == 200
    assert told() == [named["accounts_receivable"], OWN.id, named["deferred_revenue"], OWN.id]


def test_a_list_takes_as_many_statements_however_many_lines_it_has(chain: Chain):
    counts = []
    for day in ("2026-05-12", "2026-05-13", "2026-05-14"):
        chain.adjust(-1_000, day)
        with counted() as asked:
            assert chain.api.get(MEMOS)["results"][0]["lines"][0]["account"] == OWN.id
        counts.append(len(asked))
    assert counts[0] == counts[2]


def test_the_revenue_of_a_credit_memo_comes_to_it(chain: Chain):
    """The 8,000.00 that the pool gets back are no credit, and what is found late of the month is none of it."""
    memo = chain.adjust(-30_000)
    assert chain.adjust(5_000, "2026-05-13") is None
    found = {row["amount"]: row for row in chain.revenue()}
    assert {amount: row["credit_memo"] for amount, row in found.items()} == {-8_000: None, -20_000: memo, 4_000: None}
    told = ("credit_memo_number", "credit_memo_date", "credit_memo_application_status")
    assert [found[-8_000][name] for name in told] == [None] * 3
    assert -found[-20_000]["amount"] == chain.api.get(f"{MEMOS}/{memo}")["total_amount"]


def test_overage_that_is_found_late_is_none_of_the_memo_before_it(chain: Chain):
    memo = chain.adjust(-10_000)
    assert chain.adjust(3_000, "2026-05-13") is None
    assert {row["amount"]: row["credit_memo"] for row in chain.revenue()} == {-10_000: memo, 3_000: None}


@pytest.mark.parametrize("months", [(), (5,)])
def test_an_opposite_adjustment_takes_a_credit_memo_back(chain: Chain, months: tuple[int, ...]):
    """In its month and after it; what it says is how, and then the overage is there again."""
    api = chain.api
    memo = chain.adjust(-10_000)
    closed(api, *months)
    before = kept(api.actor)
    day = "2026-06-12" if months else "2026-05-13"
    told = api.post(f"{MEMOS}/{memo}/void/", {"void_date": day})
    number = api.get(f"{MEMOS}/{memo}")["credit_memo_number"]
    assert (told.status, told["code"]) == (400, "credit_memo_must_go_with_its_cause")
    assert told["error"] == (
        "a credit memo goes with what has made it: "
        f"{number} is of an adjustment: an opposite adjustment of a later day takes back what it credits"
    )
    assert kept(api.actor) == before
    assert chain.adjust(10_000, day) is None
    summary = api.get(f"contracts/{chain.commit.contract_id}/prepaid-commit-summary")
    assert (summary["overage_total"], summary["overage_uninvoiced"]) == (20_000, 10_000)


def test_what_was_paid_above_an_invoice_goes_with_its_payment(api: Api):
    billing = Billing(api)
    (credit,) = billing.pay(billing.billed()["id"], amount="80025.00")["auto_created_credit_memos"]
    before = kept(api.actor)
    told = api.post(f"{MEMOS}/{credit['id']}/void/", {"void_date": "2026-01-31"})
    assert kept(api.actor) == before
    assert (told.status, told["code"]) == (400, "credit_memo_must_go_with_its_cause")
    assert told["error"].endswith(
        f"{credit['credit_memo_number']} is what was paid above an invoice: take the payment back"
    )
