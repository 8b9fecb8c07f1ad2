"""What can be done to contracts over the wire: found by name, copied, ended, deleted; own prices; minimums."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.usage import record_usage
from ratable_server.operations.usage_items import add_usage_item
from ratable_server.queries.documents import documents
from ratable_server.queries.papers import PapersAsked, papers
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import POOL, granted
from tests.wire.test_products import CALLS, TIERS


def test_contracts_are_found_by_their_names(api: Api):
    one = signed(api, deal_name="One")
    signed(api, deal_name="Other")
    told = api.post("contracts/bulk-search", {"contracts": [{"deal_name": "One"}, {"deal_name": "None of it"}]})
    assert told.status == 200
    assert told.body == [one.body]
    assert api.get("contracts", q="oth")["count"] == 1
    assert api.get("contracts", client=one["client"])["results"] == [one.body]


def test_a_copy_has_the_terms_and_nothing_that_happened(api: Api):
    contract = signed(api, prepaid_commits=[POOL], consultant="Ada")
    (pool,) = api.get(f"contracts/{contract['id']}/prepaid-commits")["results"]
    used(api, f"contracts/{contract['id']}/prepaid-commits/{pool['id']}", 1, 30_000)
    told = api.post(f"contracts/{contract['id']}/duplicate")
    assert told.status == 200
    copy = api.get(f"contracts/{told['id']}")
    assert (copy["deal_name"], copy["consultant"], copy["total_revenue"]) == ("Acme 2026 (Copy)", "Ada", 0)
    (again,) = api.get(f"contracts/{told['id']}/prepaid-commits")["results"]
    assert (again["name"], again["total_value"], again["remaining_value"]) == ("Pool", 80_000, 80_000)


def test_a_contract_ends_before_its_time(api: Api, actor: Actor, api_of: Callable[..., Api]):
    contract = signed(api)
    path = f"contracts/{contract['id']}/terminate"
    assert api_of(actor, role="preparer").post(path, {"termination_date": "2026-06-30"}).status == 403
    assert api.get(f"contracts/{contract['id']}")["working_end_date"] == "2026-12-31"
    told = api.post(path, {"termination_date": "2026-06-30"})
    assert (told.status, told["contract_terminated"]) == (200, True)
    assert api.get(f"contracts/{contract['id']}")["working_end_date"] == "2026-06-30"
    again = api.post(path, {"termination_date": "2026-05-31"})
    assert (again.status, again["code"]) == (400, "contract_must_not_be_terminated")


def test_a_contract_ends_together_with_an_invoice_of_it(api: Api):
    contract, other = signed(api, deal_id="D-1"), signed(api, deal_id="D-2")
    for code in ("D-1", "D-2"):
        file_invoice(actor=api.actor, invoice=Invoice(contract=code, amount=Decimal(100)), on=date(2026, 1, 5), at=AT)
    ids = {row.contract: row.id for row in papers(actor=api.actor, asked=PapersAsked(kind="invoice")).rows}
    path = f"contracts/{contract['id']}/terminate"
    said = {"termination_date": "2026-06-30", "void_invoice_ids": [ids["D-1"]]}
    for fields, field in (({**said, "void_date": "2026-06-30", "void_invoice_ids": [ids["D-2"]]}, "void_invoice_ids"),
                          (said, "void_date"), ({**said, "void_date": "2026-01-01"}, "void_date")):  # fmt: skip
        refused = api.post(path, fields)
        assert refused.status == 400, refused.text
        assert next(iter(refused.body)) == field
        assert api.get(f"contracts/{contract['id']}")["working_end_date"] == "2026-12-31"
    told = api.post(path, {**said, "void_date": "2026-06-30"})
    assert (told.status, told["voided_invoice_ids"]) == (200, [ids["D-1"]])
    assert {row.contract: row.voided_on is not None for row in documents(actor=api.actor).rows} == {
        "D-1": True,
        "D-2": False,
    }
    assert api.get(f"contracts/{other['id']}")["has_invoices"] is True


def test_a_contract_is_deleted_as_long_as_nothing_has_happened(api: Api):
    contract = signed(api, prepaid_commits=[POOL])
    other = signed(api, prepaid_commits=[POOL])
    (pool,) = api.get(f"contracts/{other['id']}/prepaid-commits")["results"]
    used(api, f"contracts/{other['id']}/prepaid-commits/{pool['id']}", 1, 30_000)
    assert api.delete(f"contracts/{contract['id']}").status == 204
    assert api.get(f"contracts/{contract['id']}").status == 404
    refused = api.delete(f"contracts/{other['id']}")
    assert (refused.status, refused["code"]) == (400, "nothing_must_depend_on_it")
    assert [each["id"] for each in api.get("contracts")["results"]] == [other["id"]]
    (gone,) = api.get("contracts", include_deleted="true")["results"]
    assert (gone["id"], gone["is_deleted"], gone["status"]) == (contract["id"], "true", "DELETED")


def test_a_prepaid_commit_changes_and_goes(api: Api):
    contract = signed(api)
    told = granted(api, contract["id"], description="Paid in advance")
    path = f"contracts/{contract['id']}/prepaid-commits/{told['id']}"
    again = api.patch(path, {"name": "Large pool", "total_value": 90_000, "priority": 3})
    assert again.status == 200, again.text
    assert (again["name"], again["total_value"], again["remaining_value"], again["priority"]) == (
        "Large pool", 90_000, 90_000, 3,
    )  # fmt: skip
    assert (again["discount_percentage"], again["rate"], again["description"]) == (
        20,
        Decimal("0.1"),
        "Paid in advance",
    )
    whole = api.put(path, {**POOL, "name": "Pool"})
    assert (whole["total_value"], whole["description"], whole["priority"]) == (80_000, None, 3)
    used(api, path, 1, 30_000)
    refused = api.patch(path, {"total_value": 1_000})
    assert (refused.status, refused["code"]) == (400, "prepaid_commit_must_cover_its_draws")
    refused = api.delete(path)
    assert (refused.status, refused["code"]) == (400, "nothing_must_depend_on_it")
    assert api.get(path)["remaining_value"] == 56_000
    second = granted(api, contract["id"])
    assert api.delete(f"contracts/{contract['id']}/prepaid-commits/{second['id']}").status == 204
    assert api.get(f"contracts/{contract['id']}/prepaid-commits")["count"] == 1


def test_all_prepaid_commits_in_one_look(api: Api):
    contract = signed(api, prepaid_commits=[POOL, {**POOL, "name": "Second", "priority": 2}])
    first, second = api.get(f"contracts/{contract['id']}/prepaid-commits")["results"]
    used(api, f"contracts/{contract['id']}/prepaid-commits/{first['id']}", 1, 30_000)
    told = api.get(f"contracts/{contract['id']}/prepaid-commit-summary")
    assert told.status == 200, told.text
    names = ("total_value", "consumed_value", "remaining_value", "expired_value", "overage_total", "discount_total",
             "gross_total", "active_count")  # fmt: skip
    assert [told[name] for name in names] == [160_000, 24_000, 136_000, 0, 0, 6_000, 30_000, 2]
    assert [
        (each["id"], each["remaining_value"], each["utilization_percentage"], each["last_period"])
        for each in told["commits"]
    ] == [(first["id"], 56_000, 30, "2026-01-01"), (second["id"], 80_000, 0, None)]


def test_an_own_price_takes_the_place_of_the_one_before(api: Api):
    product = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
    tier = product["usage_groups"][0]["tiers"][1]
    contract = signed(api)
    path = f"contracts/{contract['id']}/tier-price-overrides"
    told = api.post(path, {"tier": tier["id"], "contract": contract["id"], "price": "0.07", "notes": "Agreed by mail"})
    assert told.status == 201, told.text
    assert (told["tier_name"], told["usage_group_name"], told["deal_name"]) == ("next", "calls", "Acme 2026")
    assert (told["price"], told["notes"], told["source"]) == (Decimal("0.07"), "Agreed by mail", "manual")
    again = api.post(path, {"tier": tier["id"], "price": "0.06"})
    assert (again.status, again["id"], again["price"], again["notes"]) == (201, told["id"], Decimal("0.06"), None)
    assert api.get(path)["results"] == [again.body]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"tier": 999_999, "price": 1}, "tier"), ({"price": 1}, "tier"), ({"contract": 0}, "contract")],
)
def test_an_own_price_of_nothing_is_refused(api: Api, fields: dict[str, Any], field: str):
    product = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
    contract = signed(api)
    said = (
        {"tier": product["usage_groups"][0]["tiers"][0]["id"], "price": 1, **fields} if field == "contract" else fields
    )
    told = api.post(f"contracts/{contract['id']}/tier-price-overrides", said)
    assert (told.status, list(told.body)) == (400, [field])
    assert api.get(f"contracts/{contract['id']}/tier-price-overrides")["count"] == 0


def test_what_a_month_lacks_to_its_minimum(api: Api):
    """3,200.00 of 5,000.00: 1,800.00. Nothing was computed here: the calculation says so."""
    flat = {**CALLS, "pricing_model": "unit_based", "tiers": [{**TIERS[2], "from_quantity": 0, "price": 1}]}
    product = api.post("product", {"product_id": "api", "product_name": "API", "usage_groups": [flat]})
    contract = signed(api, deal_id="D-1", minimum_monthly_commitment_amount=5_000)
    item = UsageItem(id="calls", product_id=product["product_id"], usage_group_id="calls", starts_on=date(2026, 1, 1))
    add_usage_item(actor=api.actor, contract="D-1", item=item, at=AT)
    record = {"id": "e-1", "item": "calls", "used_on": date(2026, 1, 20), "quantity": 3_200}
    record_usage(actor=api.actor, records=[record], at=AT)
    told = api.get(f"contracts/{contract['id']}/minimum-commit-preview", period_month="2026-01-01")
    assert told.status == 200, told.text
    names = ("minimum_amount", "usage_amount", "usage_quantity", "shortfall_amount", "true_up_amount", "already_posted")
    assert [told[name] for name in names] == [5_000, 3_200, 3_200, 1_800, 1_800, 0]
    later = api.get(f"contracts/{contract['id']}/minimum-commit-preview", period_month="2026-02-01")
    assert [(month["period_month"], month["true_up_amount"]) for month in later["months"]] == [
        ("2026-01-01", 1_800), ("2026-02-01", 5_000),
    ]  # fmt: skip


def test_without_a_minimum_nothing_lacks(api: Api):
    contract = signed(api)
    told = api.get(f"contracts/{contract['id']}/minimum-commit-preview")
    assert (told["minimum_amount"], told["true_up_amount"]) == (0, 0)
    assert api.get(f"contracts/{contract['id']}/minimum-commit-preview", period_month="x").status == 400


def test_contracts_are_not_read_from_files(api: Api):
    told = api.post("contracts/parse", {})
    assert (told.status, list(told.body)) == (501, ["detail"])
    assert api.get("contracts")["count"] == 0


def test_a_customer_changes_and_goes(api: Api):
    told = api.post("/coa/api/vendor", {"name": "Acme Inc", "city": "Bern", "contacts": [{"name": "Ada"}]})
    path = f"/coa/api/vendor/{told['id']}"
    again = api.patch(path, {"name": "Acme SA"})
    assert (again["name"], again["city"], again["contacts"][0]["name"]) == ("Acme SA", "Bern", "Ada")
    whole = api.put(f"customers/{told['id']}", {"name": "Acme AG"})
    assert (whole.status, whole["name"], whole["city"]) == (200, "Acme AG", None)
    contract = signed(api, client=told["id"])
    assert api.delete(path)["code"] == "nothing_must_depend_on_it"
    assert api.delete(f"contracts/{contract['id']}").status == 204
    assert api.delete(path).status == 204
    assert api.get(path).status == 404
