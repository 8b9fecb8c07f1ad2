"""What stands around vendors over the wire: looked up at once, contacts, sums, a field of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratable_server.actor import Actor
from ratable_server.operations.usage import delete_reported_usage
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.server.usage.reporting import agree_on_reports, reported
from tests.wire.calling import Api
from tests.wire.test_contracts import customer_of

VENDORS, FIELDS = "/coa/api/vendor", "/coa/api/vendor_custom_field_1/"


def names(rows: list[Any]) -> list[str]:
    return [row["name"] for row in rows]


def test_vendors_are_found_by_their_ids_before_their_names_and_made_where_that_is_asked(api: Api):
    acme = api.post(VENDORS, {"name": "Acme", "vendor_type": "customer", "external_id": "crm-1"})["id"]
    customer_of(api, "Beta")
    search = f"{VENDORS}/bulk-search"
    wanted = [{"name": "Renamed", "external_id": "crm-1"}, {"name": "Beta"}, {"name": "Gamma", "external_id": "crm-3"}]
    found = api.post(search, {"vendors": wanted})
    assert (found.status, names(found.body)) == (200, ["Acme", "Beta"])
    assert found.body[0]["id"] == acme
    made = api.post(search, {"vendors": [*wanted, *wanted], "upsert": True})
    assert names(made.body) == ["Acme", "Beta", "Gamma"]
    assert (made.body[2]["external_id"], made.body[2]["vendor_type"]) == ("crm-3", "customer")
    assert api.post(search, {"vendors": wanted, "upsert": True}).body == made.body
    assert names(api.post(search, {"vendors": [{"name": "Beta", "external_id": "crm-2"}]}).body) == ["Beta"]
    assert api.post(search, {"vendors": [{"name": "Acme", "external_id": "crm-2"}]}).body == []
    assert names(api.get(VENDORS)["results"]) == ["Acme", "Beta", "Gamma"]

    bill: dict[str, Any] = {"vendors": [{"name": "Landlord", "vendor_type": "vendor"}], "upsert": True}
    wrong: list[dict[str, Any]] = [bill, {"vendors": []}, {"vendors": [{"name": "X", "email": "no address"}]}, {}]
    for body in wrong:
        assert list(api.post(search, body).body) == ["vendors"]
    assert api.get(VENDORS)["count"] == 3


def test_contacts_are_added_to_a_vendor_and_told_with_it(
    api: Api, new_actor: Callable[[], Actor], api_of: Callable[..., Api]
):
    own = f"{VENDORS}/{customer_of(api)}"
    ada = api.post(f"{own}/contacts", {"name": "Ada", "email": "ada@a.test"})
    bob = api.post(f"{own}/contacts", {"first_name": "Bob"}, key="once")
    assert (ada.status, ada["id"], ada["email"], bob["id"]) == (201, 1, "ada@a.test", 2)
    assert api.post(f"{own}/contacts", {"first_name": "Bob"}, key="once")["id"] == 2
    page = api.get(f"{own}/contacts", limit=1)
    assert (page["count"], names(page["results"])) == (2, ["Ada"])
    assert [each["first_name"] for each in api.get(own)["contacts"]] == [None, "Bob"]
    assert api.patch(own, {"city": "Berlin"})["contacts"][0]["name"] == "Ada"
    theirs = api_of(new_actor())
    assert theirs.post(f"{own}/contacts", {"name": "Eve"}).status == 404
    assert api.get(f"{own}/contacts")["count"] == 2


def test_nothing_is_bought_from_customers(api: Api):
    customer_of(api, "Acme")
    (row,) = api.get(f"{VENDORS}/summary")["results"]
    assert (row["name"], row["total_spend"], row["total_unpaid_book"]) == ("Acme", 0, 0)


def test_a_field_of_ones_own_tells_vendors_apart(api: Api):
    made = api.post(FIELDS, {"value": "Key account"})
    assert (made.status, made["value"], made["customer"]) == (201, "Key account", api.actor.tenant_id)
    other = api.post(FIELDS, {"value": "Reseller"})["id"]
    assert [row["value"] for row in api.get(FIELDS).body] == ["Key account", "Reseller"]
    vendor = f"{VENDORS}/{customer_of(api)}"
    told = api.patch(vendor, {"vendor_custom_field_1": made["id"]})
    assert (told["vendor_custom_field_1"], told["vendor_custom_field_1_name"]) == (made["id"], "Key account")
    own = f"{FIELDS}{made['id']}/"
    assert api.patch(own, {"value": "Key"})["value"] == "Key"
    assert api.put(own, {"value": "Strategic"})["value"] == "Strategic"
    assert api.get(f"/rr/api/v1/customers/{told['id']}")["vendor_custom_field_1_name"] == "Strategic"
    assert api.delete(own).status == 409
    assert api.delete(f"{FIELDS}{other}/").status == 204
    assert list(api.patch(vendor, {"vendor_custom_field_1": other}).body) == ["vendor_custom_field_1"]
    assert api.get(own)["value"] == "Strategic"


def test_a_customer_whose_usage_stands_is_not_deleted_though_the_contract_is_anothers(api: Api):
    """What was reported of Bolt goes on naming it, once Acme has the contract."""
    agree_on_reports(api.actor)
    row_id = reported(api.actor, customer="Bolt GmbH")
    bolt, acme = (api.get("customers", q=name)["results"][0]["id"] for name in ("Bolt", "Acme"))
    (contract,) = api.get("contracts", client=bolt)["results"]
    assert api.patch(f"contracts/{contract['id']}", {"client": acme})["client"] == acme
    before = kept(api.actor)
    for path in (f"customers/{bolt}", f"{VENDORS}/{bolt}"):
        refused = api.delete(path)
        assert (refused.status, refused["code"]) == (400, "nothing_must_depend_on_it"), refused.text
    assert kept(api.actor) == before
    delete_reported_usage(actor=api.actor, ids=[row_id], at=AT)
    assert api.delete(f"customers/{bolt}").status == 204
    assert api.get(f"customers/{bolt}").status == 404
