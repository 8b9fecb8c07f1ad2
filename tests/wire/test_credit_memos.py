"""Credit memos over the wire: what they take back, what they are used for, how they are taken back themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.documents import CreditMemo, file_credit_memo
from ratable_server.queries.chart import OWN_ACCOUNTS
from ratable_server.queries.contracts import contracts
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_accounts import account
from tests.wire.test_invoices import FEBRUARY, INVOICES, JANUARY, Billing, close, stands

MEMOS = "/coa/api/v1/credit-memo"
END = date(2026, 1, 31)


class Crediting(Billing):
    """The same, with an account of revenue and one of what was billed in advance."""

    def __init__(self, api: Api, **contract: Any) -> None:
        super().__init__(api, **contract)
        self.sales = account(api, "4000", "Sales", account_type="REVENUE", account_subtype="INCOME")["id"]
        self.deferred = account(
            api, "2500", "Deferred revenue", account_type="LIABILITY", account_subtype="DEFERRED_REVENUE"
        )["id"]

    def memo(self, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        usual = {"contract": self.contract["id"], "entity": self.entity, "credit_memo_date": "2026-01-20",
                 "lines": list(lines) or [self.of_revenue()]}  # fmt: skip
        return {**usual, **fields}

    def of_revenue(self, amount: str = "200.00", **fields: Any) -> dict[str, Any]:
        return {"amount": amount, "account": self.sales, **fields}

    def credited(self, *lines: dict[str, Any], **fields: Any) -> Told:
        told = self.api.post(MEMOS, self.memo(*lines, **fields))
        assert told.status == 201, told.text
        return told

    def use(self, invoice: Any, memo: Any, amount: str, on: str = "2026-01-25") -> Told:
        used = {"credit_memo_id": memo, "amount": amount, "posted_at": on}
        return self.api.post(f"{INVOICES}{invoice}/pay/", {"credit_memos": [used]})


@pytest.fixture
def crediting(api: Api) -> Crediting:
    return Crediting(api)


def test_a_credit_memo_settles_invoices_of_the_customer(crediting: Crediting):
    api = crediting.api
    assert api.get(f"{MEMOS}/next-credit-memo-number")["next_credit_memo_number"] == "CM-0000001"
    told = crediting.credited(crediting.of_revenue(description="Outage"), message_on_credit_memo="Sorry")
    own = f"{MEMOS}/{told['id']}"
    assert (told["credit_memo_number"], told["application_status"]) == ("CM-0000001", "open")
    assert (told["total_amount"], told["amount_used"], told["amount_remaining"]) == (200, 0, 200)
    (line,) = told["lines"]
    assert (line["account_number"], line["account_name"], line["amount"]) == ("4000", "4000 - Sales", 200)
    assert (told["client_name"], told["message_on_credit_memo"]) == ("Acme Inc", "Sorry")
    assert api.get(own).body == told.body
    assert api.get(MEMOS)["results"] == [told.body]
    assert api.get(f"{MEMOS}/next-credit-memo-number")["next_credit_memo_number"] == "CM-0000002"

    invoice = crediting.billed(crediting.of_commit("150.00"))
    assert crediting.use(invoice["id"], told["id"], "150.00").status == 200
    paid, used = api.get(f"{INVOICES}{invoice['id']}/"), api.get(own)
    assert (paid["payment_status"], paid["payments"][0]["payment_type"]) == ("paid", "CREDIT_MEMO")
    assert paid["payments"][0]["credit_memo"] == "CM-0000001"
    assert (used["application_status"], used["amount_remaining"]) == ("partially_used", 50)
    assert (used["payments"][0]["invoice"], used["payments"][0]["amount"]) == (invoice["invoice_number"], 150)

    assert api.post(f"{own}/void/", {"void_date": "2026-01-31"})["code"] == "document_must_not_be_settled"
    assert api.delete(own)["code"] == "document_must_not_be_settled"
    close(api, JANUARY)
    assert stands(api, END) == {"accounts_receivable": -50, "contract_liability": -150, "income": 200}

    (use,) = used["payments"]
    refused = api.post(f"{own}/payment/{use['id']}/void", {"void_date": "2026-01-31"})
    assert refused["error"] == "Books are closed for this date"
    void = api.post(f"{own}/payment/{use['id']}/void", {"void_date": "2026-02-01"})
    assert (void.status, void["voided_date"]) == (200, "2026-02-01")
    assert api.get(own)["application_status"] == "open"
    assert api.get(f"{INVOICES}{invoice['id']}/")["payment_status"] == "open"


def test_a_credit_to_deferred_revenue_takes_from_the_pool(crediting: Crediting):
    api = crediting.api
    crediting.billed()
    line = {"amount": "30000.00", "account": crediting.deferred, "prepaid_commit": crediting.commit["id"]}
    told = crediting.credited(line)
    assert told["lines"][0]["prepaid_commit"] == crediting.commit["id"]
    assert crediting.commit_now()["remaining_value"] == 50_000
    own = f"{MEMOS}/{told['id']}"
    too_much = {**line, "amount": "80000.01"}
    assert api.put(own, crediting.memo(too_much)).status == 400
    assert crediting.commit_now()["remaining_value"] == 50_000
    own_account = OWN_ACCOUNTS["contract_liability"]  # of the books themselves, which nobody has told
    changed = api.put(own, crediting.memo({**line, "amount": "20000.00", "account": own_account.id}))
    assert (changed["total_amount"], changed["lines"][0]["account_number"]) == (20_000, own_account.number)
    assert crediting.commit_now()["remaining_value"] == 60_000
    assert api.post(f"{own}/void/", {"void_date": "2026-01-21"})["application_status"] == "voided"
    assert crediting.commit_now()["remaining_value"] == 80_000
    assert api.post(f"{own}/reopen/")["application_status"] == "open"
    assert crediting.commit_now()["remaining_value"] == 60_000
    close(api, JANUARY)
    assert stands(api, END) == {"accounts_receivable": 60_000, "contract_liability": -60_000}


def test_a_credit_memo_is_paid_out(crediting: Crediting):
    api = crediting.api
    told = crediting.credited()
    own = f"{MEMOS}/{told['id']}"
    money = {"transaction_id": 14, "account_id": 1, "amount": "120.00", "payment_date": "2026-01-30"}
    used = api.post(f"{own}/mark-used", money)
    assert (used.status, used["application_status"], used["amount_remaining"]) == (200, "partially_used", 80)
    assert used["payments"][0]["payment_transaction"] == 14
    assert api.post(f"{own}/mark-used", {**money, "amount": "80.01"}).status == 400
    close(api, JANUARY)
    assert stands(api, END) == {"accounts_receivable": -80, "cash": -120, "income": 200}
    (payment,) = used["payments"]
    refused = api.delete(f"{own}/payment/{payment['id']}/void")
    assert refused["error"] == "Books are closed for this date"
    assert api.post(f"{own}/payment/{payment['id']}/void", {"void_date": "2026-02-02"}).status == 200
    close(api, FEBRUARY)
    assert stands(api, FEBRUARY.replace(day=28)) == {"accounts_receivable": -200, "income": 200}


def test_some_of_a_credit_memo_changes_and_it_goes(crediting: Crediting):
    api = crediting.api
    told = crediting.credited(credit_memo_number="CM-0000041")
    own = f"{MEMOS}/{told['id']}"
    changed = api.patch(own, {"ref_number": "R-1"})
    assert (changed["ref_number"], changed["total_amount"], changed["credit_memo_number"]) == ("R-1", 200, "CM-0000041")
    assert api.patch(own, {"lines": [crediting.of_revenue("90.00", tax="9.00")]})["total_amount"] == 99
    assert crediting.credited()["credit_memo_number"] == "CM-0000042"
    wanted = {"credit_memos": [{"credit_memo_number": "CM-0000041"}]}
    assert [each["id"] for each in api.post(f"{MEMOS}/bulk-search", wanted)["credit_memos"]] == [told["id"]]
    assert api.delete(own).status == 204
    assert api.get(own).status == 404
    close(api, JANUARY)
    assert stands(api, END) == {"accounts_receivable": -200, "income": 200}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"contract": None}, "contract"),
        ({"lines": []}, "lines"),
        ({"lines": [{"amount": 1}]}, "lines"),
        ({"lines": [{"amount": 1, "account": 999_999}]}, "lines"),
        ({"credit_memo_date": None}, "credit_memo_date"),
        ({"entity": None}, "entity"),
    ],
)
def test_what_cannot_be_credited_is_refused_and_nothing_is_written(
    crediting: Crediting, fields: dict[str, Any], field: str
):
    told = crediting.api.post(MEMOS, {**crediting.memo(), **fields})
    assert (told.status, next(iter(told.body))) == (400, field), told.text
    bank = account(crediting.api, "1000", "Bank", account_type="ASSET", account_subtype="BANK")["id"]
    of_bank = crediting.memo(crediting.of_revenue(account=bank))
    assert next(iter(crediting.api.post(MEMOS, of_bank).body)) == "lines"
    assert crediting.api.get(MEMOS)["count"] == 0


def test_what_a_credit_memo_cannot_settle(crediting: Crediting):
    api = crediting.api
    told, invoice = crediting.credited(), crediting.billed(crediting.of_commit("150.00"))
    stranger = Billing(api, deal_name="Other")
    theirs = stranger.billed({"amount": 500})
    for of, amount in ((invoice, "150.01"), (theirs, "1.00"), (invoice, "0")):
        assert crediting.use(of["id"], told["id"], amount).status == 400
    assert crediting.use(invoice["id"], 999_999, "1.00").status == 404
    parts = [{"credit_memo_id": told["id"], "amount": amount, "posted_at": "2026-01-25"} for amount in (100, "50.01")]
    both = {"credit_memos": parts}
    assert api.post(f"{INVOICES}{invoice['id']}/pay/", both).status == 400
    assert (api.get(f"{MEMOS}/{told['id']}")["amount_used"], api.get(f"{INVOICES}{invoice['id']}/")["amount_paid"]) == (
        0, 0,
    )  # fmt: skip
    close(api, JANUARY)
    assert crediting.use(invoice["id"], told["id"], "1.00")["error"] == "Books are closed for this date"


def test_a_list_is_narrowed_by_whose_when_and_how_it_stands(crediting: Crediting):
    api = crediting.api
    first = crediting.credited(credit_memo_date="2026-01-05", message_on_credit_memo="Outage")
    second = crediting.credited(crediting.of_revenue("5.00"), credit_memo_date="2026-01-10")
    invoice = crediting.billed(crediting.of_commit("150.00"))
    assert crediting.use(invoice["id"], second["id"], "5.00").status == 200

    def found(**asked: Any) -> list[int]:
        return [each["id"] for each in api.get(MEMOS, **asked)["results"]]

    assert found() == found(client=crediting.contract["client"]) == [second["id"], first["id"]]
    assert found(sort="-total_amount") == [first["id"], second["id"]]
    assert found(q="outage") == found(status="open") == found(end_date="2026-01-09") == [first["id"]]
    assert found(status="used") == [second["id"]]
    assert found(status="partially_used") == found(status="voided") == found(contract=999_999) == []


def test_nobody_else_sees_or_changes_a_credit_memo(
    crediting: Crediting, new_actor: Callable[..., Any], api_of: Callable[..., Api]
):
    told = crediting.credited()
    other, viewer = api_of(new_actor()), api_of(crediting.api.actor, role="viewer")
    own = f"{MEMOS}/{told['id']}"
    assert [other.get(own).status, other.delete(own).status, other.post(f"{own}/void/", {}).status] == [404] * 3
    assert other.get(f"{MEMOS}/next-credit-memo-number")["next_credit_memo_number"] == "CM-0000001"
    assert (viewer.get(own).status, viewer.post(MEMOS, {}).status) == (200, 403)


def test_a_credit_memo_of_an_adjustment_is_told_and_stays(crediting: Crediting):
    api = crediting.api
    contract = contracts(actor=api.actor).rows[0].code
    memo = CreditMemo(contract=contract, amount=Decimal(9), against="adjustment", code="CM-0000007")
    file_credit_memo(actor=api.actor, memo=memo, on=JANUARY, at=AT)
    (told,) = api.get(MEMOS)["results"]
    assert (told["credit_memo_number"], told["total_amount"], told["journal_entry"]) == ("CM-0000007", 9, None)
    assert [line["account"] for line in told["lines"]] == [OWN_ACCOUNTS["revenue"].id]
    own = f"{MEMOS}/{told['id']}"
    assert api.patch(own, {"message_on_credit_memo": "Late usage"})["message_on_credit_memo"] == "Late usage"
    for refused in (api.delete(own), api.post(f"{own}/void/", {"void_date": "2026-01-31"}),
                    api.patch(own, {"lines": [crediting.of_revenue()]})):  # fmt: skip
        assert (refused.status, refused["code"]) == (400, "credit_memo_must_go_with_its_cause")
    invoice = crediting.billed(crediting.of_commit("9.00"))
    assert crediting.use(invoice["id"], told["id"], "9.00").status == 200
    assert api.get(own)["application_status"] == "used"


def test_what_is_deferred_is_less_what_was_credited_where_the_tenant_says_so(crediting: Crediting):
    """Billed 80,000, recognized nothing, 20,000 of the pool credited: 60,000 with the setting, 80,000 without."""
    api = crediting.api
    crediting.billed(crediting.of_commit())
    crediting.credited({"amount": "20000.00", "account": crediting.deferred, "prepaid_commit": crediting.commit["id"]})
    path, setting = f"contracts/{crediting.contract['id']}", "deduct_credit_memos_from_invoiced_amount"
    assert api.get(path)["total_deferred_revenue"] == 80_000
    assert api.patch("/coa/api/chart-account-settings", {setting: True})[setting] is True
    assert api.get("/users/api/get_user_info")[setting] is True
    assert api.get(path)["total_deferred_revenue"] == 60_000
