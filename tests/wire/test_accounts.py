"""The chart of accounts over the wire, its halves, and the default accounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted

ACCOUNTS, SETTINGS = "/coa/api/account", "/coa/api/chart-account-settings"


def account(api: Api, number: str | None, name: str, **fields: Any) -> Told:
    told = api.post(ACCOUNTS, {"number": number, "name": name, **fields})
    assert told.status == 201, told.text
    return told


def told_ones(api: Api) -> list[Any]:
    """The accounts that are none of the books' own."""
    return [row for row in api.get(ACCOUNTS)["results"] if not row["protected"]]


def test_an_account_comes_back_as_it_was_told_with_its_place(api: Api):
    department = api.post("/coa/api/department", {"name": "Sales", "code": "S"})["id"]
    above = account(api, "4000", "Revenue", account_type="REVENUE", account_subtype="INCOME")
    told = account(api, "4010", "Usage", parent=above["id"], default_department=department, current_balance=99)
    assert (told["number"], told["name"], told["name_and_number"]) == ("4010", "Usage", "4010 - Usage")
    assert (told["parent_name_and_number"], told["lineage_array"]) == ("4000 - Revenue", [str(above["id"])])
    assert (told["account_type"], told["status"], told["currency"]) == ("UNCATEGORIZED", "ACTIVE", "USD")
    assert (told["current_balance"], told["balance_ytd"], told["has_associated_data"]) == (0, 0, False)
    own = f"{ACCOUNTS}/{told['id']}"
    assert api.get(own).body == told.body
    assert api.get(f"{ACCOUNTS}/{above['id']}")["has_associated_data"] is True
    changed = api.patch(own, {"account_type": "REVENUE", "current_balance": 5})
    assert (changed["account_type"], changed["number"], changed["current_balance"]) == ("REVENUE", "4010", 0)
    whole = api.put(own, {"number": None, "name": "Usage fees"})
    assert (whole["name_and_number"], whole["parent"], whole["account_id"]) == ("Usage fees", None, told["account_id"])
    assert account(api, None, "Other")["number"] is None


def test_a_list_is_narrowed_and_has_two_halves(api: Api):
    bank = account(api, "1000", "Bank", account_type="ASSET", account_subtype="BANK")
    account(api, "2500", "Deferred revenue", account_type="LIABILITY", account_subtype="DEFERRED_REVENUE")
    account(api, "4000", "Revenue", account_type="REVENUE")
    account(api, "4900", "Old revenue", account_type="REVENUE", status="INACTIVE")
    account(api, "9000", "Allocation", account_type="COST_ALLOCATION")

    def numbers(half: str = "", **asked: Any) -> list[str]:
        rows = api.get(f"{ACCOUNTS}{half}", **asked)["results"]
        return [row["number"] for row in rows if not row["protected"]]

    assert numbers() == ["1000", "2500", "4000", "9000"]
    assert numbers("/balance-sheet") == ["1000", "2500"]
    assert numbers("/balance-sheet", account_type="ASSET") == ["1000"]
    assert numbers("/balance-sheet", account_type="REVENUE") == []
    assert numbers("/balance-sheet", include_cost_allocation="true") == ["1000", "2500", "9000"]
    assert numbers("/balance-sheet", account=bank["id"]) == ["1000"]
    assert numbers("/income-statement") == ["4000"]
    assert numbers("/income-statement", include_inactive="true") == ["4000", "4900"]
    assert numbers(account_subtype=["BANK", "DEFERRED_REVENUE"]) == ["1000", "2500"]
    assert numbers(q="venue") == ["2500", "4000"]
    assert numbers(q="90", include_inactive="true") == ["4900", "9000"]
    for half in ("/balance-sheet", "/income-statement"):
        assert api.post(f"{ACCOUNTS}{half}", {"number": f"1{half[1]}", "name": "New"}).status == 201


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"number": "4000"}, "number"), ({"parent": 999_999}, "parent"), ({"account_type": "MONEY"}, "account_type"),
     ({"default_tags": [999_999]}, "default_tags"), ({"currency": "XXY"}, "currency"), ({"number": "1" * 13}, "number"),
     ({"default_department": 999_999}, "default_department")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_not_kept(api: Api, fields: dict[str, Any], field: str):
    account(api, "4000", "Revenue")
    told = api.post(ACCOUNTS, {"number": "4001", "name": "Usage", **fields})
    assert (told.status, next(iter(told.body))) == (400, field)
    assert len(told_ones(api)) == 1


def test_default_accounts_are_named_one_by_one_or_all_at_once(api: Api):
    untold = api.get(SETTINGS)
    assert (untold["deferred_revenue"], untold["deferred_revenue_name_and_number"]) == (None, None)
    deferred = account(api, "2500", "Deferred revenue")["id"]
    receivable = account(api, "1200", "Receivables")["id"]
    named = api.patch(SETTINGS, {"deferred_revenue": deferred})
    assert (named["deferred_revenue"], named["deferred_revenue_name_and_number"]) == (
        deferred,
        "2500 - Deferred revenue",
    )
    both = api.patch(SETTINGS, {"accounts_receivable": receivable, "mid_month_threshold": 10})
    assert (both["deferred_revenue"], both["accounts_receivable"], both["mid_month_threshold"]) == (
        deferred,
        receivable,
        10,
    )
    assert api.get(SETTINGS).body == both.body
    assert api.put(SETTINGS, {"accounts_receivable": receivable})["deferred_revenue"] is None
    assert api.get(f"{ACCOUNTS}/{receivable}")["has_associated_data"] is True

    for fields in ({"deferred_revenue": 999_999}, {"recognize_discounts_as_contra_revenue": True}):
        refused = api.patch(SETTINGS, fields)
        assert (refused.status, list(refused.body)) == (400, list(fields))
    assert api.get(SETTINGS)["accounts_receivable"] == receivable


def test_an_account_goes_once_nothing_names_it(api: Api):
    receivable, revenue = (account(api, number, number)["id"] for number in ("1200", "4000"))
    api.patch(SETTINGS, {"accounts_receivable": receivable})
    product = api.post("product", {"product_name": "API", "revenue_account": revenue})["id"]
    for each in (receivable, revenue):
        kept = api.delete(f"{ACCOUNTS}/{each}")
        assert (kept.status, kept["code"]) == (409, "nothing_must_name_it")
    assert api.get(f"product/{product}")["revenue_account_name"] == "4000"
    sundry = account(api, "8000", "Sundry")["id"]
    lines = [{"account": sundry, "debit_amount_native": 5}, {"account": sundry, "credit_amount_native": 5}]
    api.post("/coa/api/journal_entry", {"date": "2026-01-10", "currency": "USD", "transactions": lines})
    assert api.delete(f"{ACCOUNTS}/{sundry}").status == 409
    api.patch(SETTINGS, {"accounts_receivable": None})
    api.delete(f"product/{product}")
    for each in (receivable, revenue):
        assert api.delete(f"{ACCOUNTS}/{each}").status == 204
    assert [row["id"] for row in told_ones(api)] == [sundry]


def test_the_books_have_an_account_for_each_use(api: Api):
    rows = api.get(ACCOUNTS)["results"]
    assert {row["number"]: row["name"] for row in rows} == {
        "1000": "Cash",
        "1200": "Accounts Receivable",
        "1250": "Unbilled Revenue",
        "1260": "Contract Assets",
        "2500": "Deferred Revenue",
        "2550": "Refund Liability",
        "3200": "Retained Earnings",
        "3900": "Opening Balance",
        "4000": "Revenue",
        "4050": "Breakage Revenue",
    }
    revenue = next(row for row in rows if row["number"] == "4000")
    own = f"{ACCOUNTS}/{revenue['id']}"
    assert api.get(own).body == revenue
    for told in (api.patch(own, {"name": "Sales"}), api.put(own, {"number": "1", "name": "S"}), api.delete(own)):
        assert (told.status, list(told.body)) == (400, ["error"])
    assert api.get(own)["name"] == "Revenue"
    product = api.post("product", {"product_name": "API", "revenue_account": revenue["id"]})
    assert (product.status, product["revenue_account_name"]) == (201, "Revenue")
    mine = account(api, "4100", "Fees", account_type="REVENUE")
    assert [row["id"] for row in api.get(ACCOUNTS, limit=1)["results"]] == [mine["id"]]
    page = api.get(ACCOUNTS, limit=4, offset=9)
    assert (page["count"], [row["id"] for row in page["results"]]) == (11, [row["id"] for row in rows[8:]])
    income = api.get(f"{ACCOUNTS}/income-statement", q="rev")["results"]
    assert sorted(row["number"] for row in income) == ["4000", "4050"]


def test_balances_are_those_of_the_ledger_on_the_account_that_is_named_for_a_use(api: Api):
    """30,000.00 of list value at 20 % discount: 24,000.00 of revenue, which nobody has billed yet."""
    deferred = account(api, "2100", "Prepayments", account_type="LIABILITY", account_subtype="DEFERRED_REVENUE")["id"]
    unbilled = account(api, "1300", "To be billed", account_type="ASSET")["id"]
    api.patch(SETTINGS, {"deferred_revenue": deferred, "unbilled_revenue": unbilled})
    contract = signed(api)["id"]
    commit = granted(api, contract)["id"]
    consumption = f"contracts/{contract}/prepaid-commits/{commit}/consumption"
    api.post(consumption, {"period_month": "2026-01-01", "gross_usage_amount": "30000.00"})
    balances = {row["number"]: row["current_balance"] for row in api.get(ACCOUNTS)["results"] if row["current_balance"]}
    assert balances == {"1300": 24_000, "4000": 24_000}
    asset = api.get(f"{ACCOUNTS}/{unbilled}")
    assert (asset["balance_ytd"], asset["has_associated_data"]) == (24_000, True)
    assert api.get(f"{ACCOUNTS}/{deferred}")["current_balance"] == 0
