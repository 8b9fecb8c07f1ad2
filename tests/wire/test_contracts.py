"""Contracts over the wire: signed, read, changed; days as the API has them; nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.wire.calling import Api, Told


def customer_of(api: Api, name: str = "Acme Inc") -> int:
    told = api.post("/coa/api/vendor", {"name": name, "vendor_type": "customer"})
    assert told.status == 201, told.text
    return int(told["id"])


def signed(api: Api, **fields: Any) -> Told:
    usual = {"client": customer_of(api), "deal_name": "Acme 2026", "contract_start_date": "2026-01-01",
             "contract_end_date": "2026-12-31"}  # fmt: skip
    return api.post("contracts", {**usual, **fields})


def test_contract_comes_back_as_it_was_signed(api: Api):
    told = signed(
        api, deal_id="D-1", currency="EUR", exchange_rate=Decimal("1.170000"), purchase_order_number="PO-7",
        minimum_monthly_commitment_amount="5000.00",
    )  # fmt: skip
    assert told.status == 201, told.text
    assert (told["contract_start_date"], told["contract_end_date"]) == ("2026-01-01", "2026-12-31")
    assert (told["deal_id"], told["currency"], told["purchase_order_number"]) == ("D-1", "EUR", "PO-7")
    assert told["exchange_rate"] == Decimal("1.17")
    assert told["minimum_monthly_commitment_amount"] == 5000
    assert told["client_name"] == "Acme Inc"
    assert api.get(f"contracts/{told['id']}").body == told.body
    assert api.get("contracts").body["results"] == [told.body]


def test_some_of_a_contract_changes(api: Api):
    before = signed(api, exchange_rate=2)
    after = api.patch(f"contracts/{before['id']}", {"deal_name": "Acme again", "contract_end_date": "2027-06-30"})
    assert after.status == 200, after.text
    assert (after["deal_name"], after["contract_end_date"], after["exchange_rate"]) == ("Acme again", "2027-06-30", 2)
    assert after["contract_start_date"] == "2026-01-01"


def test_contract_of_an_unknown_customer_is_refused(api: Api):
    told = signed(api, client=999_999)
    assert (told.status, told.body) == (400, {"client": ['Invalid pk "999999" - object does not exist.']})
    assert api.get("contracts")["count"] == 0


def test_end_before_the_start_is_refused_and_nothing_is_written(api: Api):
    told = signed(api, contract_end_date="2025-12-31")
    assert told.status == 400
    assert told["code"] == "dates_must_ascend"
    assert api.get("contracts")["count"] == 0


def test_the_last_day_there_is_is_refused_as_any_day_that_far(api: Api):
    told = signed(api, contract_end_date="9999-12-31")
    assert (told.status, told["code"]) == (400, "date_must_be_in_range")
    assert api.get("contracts")["count"] == 0


def test_another_tenants_contract_is_not_there(api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]):
    told = signed(api)
    other = api_of(new_actor())
    assert other.get(f"contracts/{told['id']}").status == 404
    assert other.get(f"contracts/{told['id']}").body == other.get("contracts/987654321").body
    assert other.patch(f"contracts/{told['id']}", {"deal_name": "mine"}).status == 404
    assert other.get("contracts")["count"] == 0


def test_signing_with_another_tenants_customer_is_refused(
    api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]
):
    theirs = customer_of(api_of(new_actor()))
    told = signed(api, client=theirs)
    assert (told.status, list(told.body)) == (400, ["client"])


def test_customer_tells_its_contracts(api: Api):
    told = signed(api, contract_start_date="2026-01-01", contract_end_date="2026-02-28")
    customer = api.get(f"customers/{told['client']}")
    assert (customer["name"], customer["total_contracts"], customer["completed_contracts"]) == ("Acme Inc", 1, 1)
    assert api.get("customers").body["results"] == [customer.body]


def test_only_customers_are_kept_of_vendors(api: Api):
    told = api.post("/coa/api/vendor/", {"name": "Paper Ltd", "vendor_type": "vendor"})
    assert (told.status, list(told.body)) == (400, ["vendor_type"])
    assert api.get("/coa/api/vendor")["count"] == 0


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"auto_renew": True}, "auto_renew"),
        ({"billing_frequency": "one_time"}, "billing_frequency"),
        ({"contract_end_date": "2026-12-31"}, "contract_end_date"),
    ],
)
def test_an_evergreen_contract_renews_in_one_way(api: Api, fields: dict[str, Any], wrong: str):
    """Once it is signed too, whichever of the fields is said last."""
    evergreen = {"is_evergreen": True, "contract_end_date": None}
    refused = signed(api, **{**evergreen, **fields})
    assert (refused.status, list(refused.body)) == (400, [wrong]), refused.text
    told = signed(api, **evergreen)
    path = f"contracts/{told['id']}"
    assert (told["is_evergreen"], told["contract_end_date"], told["billing_frequency"]) == (True, None, "monthly")
    assert list(api.patch(path, fields).body) == [wrong]
    assert api.patch(path, {"auto_renew": False, "purchase_order_number": "PO-1"}).status == 200
    plain = signed(api, **{"contract_end_date": None, **fields})["id"]
    assert list(api.patch(f"contracts/{plain}", {"is_evergreen": True}).body) == [wrong]
    assert [each["id"] for each in api.get("contracts")["results"]] == [told["id"], plain]


def test_a_list_is_narrowed_by_what_is_an_id_or_refused(api: Api):
    told = signed(api)
    signed(api)
    assert [each["id"] for each in api.get("contracts", client=told["client"])["results"]] == [told["id"]]
    for said in ("abc", "-1", "\u0661"):
        refused = api.get("contracts", client=said)
        assert (refused.status, list(refused.body)) == (400, ["client"])
