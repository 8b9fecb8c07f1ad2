"""Prepaid commits over the wire."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed

POOL = {"name": "Pool", "total_value": "80000.00", "discount_percentage": 20, "rate": Decimal("0.10"),
        "start_date": "2026-01-01", "expiration_date": "2026-12-31"}  # fmt: skip


def granted(api: Api, contract: Any, **fields: Any) -> Told:
    return api.post(f"contracts/{contract}/prepaid-commits", {**POOL, **fields})


def test_prepaid_commit_comes_back_as_it_was_granted(api: Api):
    contract = signed(api)
    told = granted(api, contract["id"], description="Paid in advance", auto_send_overage_invoices=True)
    assert told.status == 201, told.text
    assert (told["total_value"], told["remaining_value"], told["status"]) == (80000, 80000, "ACTIVE")
    assert (told["rate"], told["discount_percentage"]) == (Decimal("0.10"), 20)
    assert (told["start_date"], told["expiration_date"]) == ("2026-01-01", "2026-12-31")
    assert (told["description"], told["auto_send_overage_invoices"]) == ("Paid in advance", True)
    path = f"contracts/{contract['id']}/prepaid-commits"
    assert api.get(f"{path}/{told['id']}").body == told.body
    assert api.get(path).body["results"] == [told.body]


def test_prepaid_commits_are_signed_with_their_contract(api: Api):
    contract = signed(api, prepaid_commits=[POOL, {**POOL, "name": "Second", "priority": 2}])
    found = api.get(f"contracts/{contract['id']}/prepaid-commits")["results"]
    assert [(each["name"], each["priority"]) for each in found] == [("Pool", 1), ("Second", 2)]


def test_prepaid_commit_in_another_currency_is_refused(api: Api):
    contract = signed(api)
    told = granted(api, contract["id"], currency="EUR")
    assert (told.status, told["code"]) == (400, "prepaid_commit_currency_must_match_contract")
    assert api.get(f"contracts/{contract['id']}/prepaid-commits")["count"] == 0


def test_prepaid_commit_of_another_contract_is_not_there(api: Api):
    one, other = signed(api), signed(api)
    told = granted(api, one["id"])
    assert api.get(f"contracts/{other['id']}/prepaid-commits/{told['id']}").status == 404


def test_what_a_closed_month_has_drawn_on_keeps_its_terms_and_changes_its_labels(api: Api):
    """A pool that names no currency has its contract's; told back, that is no change of its terms."""
    path = f"contracts/{signed(api)['id']}/prepaid-commits"
    own = f"{path}/{api.post(path, POOL)['id']}"
    api.post(f"{own}/consumption", {"period_month": "2026-01-01", "gross_usage_amount": "30000.00"})
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    told = api.get(own)
    assert told["currency"] == "USD"
    assert api.patch(own, told.body).status == 200
    renamed = api.patch(own, {"name": "Credits", "description": "Paid", "priority": 2, "expiration_date": "2027-01-31"})
    assert renamed.status == 200, renamed.text
    assert (renamed["name"], renamed["priority"], renamed["expiration_date"]) == ("Credits", 2, "2027-01-31")
    more = api.patch(own, {"total_value": "90000.00", "currency": "USD"})
    assert (more["total_value"], more["remaining_value"]) == (90_000, 66_000)
    for fields in ({"discount_percentage": 10}, {"currency": "EUR"}, {"start_date": "2026-02-01"}):
        assert api.patch(own, fields).status == 400
    assert api.get(own).body == more.body
