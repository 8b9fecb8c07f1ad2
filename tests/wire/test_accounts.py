"""The chart of accounts over the wire, its halves, and the default accounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.calling import Api, Told

ACCOUNTS, SETTINGS = "/coa/api/account", "/coa/api/chart-account-settings"


def account(api: Api, number: str | None, name: str, **fields: Any) -> Told:
    told = api.post(ACCOUNTS, {"number": number, "name": name, **fields})
    assert told.status == 201, told.text
    return told


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
        return [row["number"] for row in api.get(f"{ACCOUNTS}{half}", **asked)["results"]]

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
    assert api.get(ACCOUNTS)["count"] == 1


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
    api.patch(SETTINGS, {"accounts_receivable": None})
    api.delete(f"product/{product}")
    for each in (receivable, revenue):
        assert api.delete(f"{ACCOUNTS}/{each}").status == 204
    assert api.get(ACCOUNTS)["count"] == 0
