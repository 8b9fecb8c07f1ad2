"""Bundles of contracts over the wire: kept and told; no revenue comes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_usage import product_of

SUITE = {"bundle_name": "Suite", "start_date": "2026-01-01", "end_date": "2026-12-31"}


def kept(api: Api, **fields: Any) -> tuple[str, Told]:
    path = f"contracts/{signed(api)['id']}/bundles"
    lines = [
        {"product": product_of(api, name)["id"], "amount": amount} for name, amount in (("A", 700), ("B", "300.5"))
    ]
    return path, api.post(path, {**SUITE, "lines": lines, **fields})


def test_a_bundle_comes_back_as_it_was_told_and_makes_no_revenue(api: Api):
    path, told = kept(api, bundle_description="All of it", proration_method="daily")
    assert told.status == 201, told.text
    assert [(line["product_name"], line["amount"]) for line in told["lines"]] == [("A", 700), ("B", 300.5)]
    assert (told["bundle_name"], told["bundle_description"], told["use_daily_accounting"]) == (
        "Suite",
        "All of it",
        True,
    )
    assert (told["rebalance_journal_entries_indefinitely"], told["catchup_date"]) == (False, None)
    assert api.get(f"{path}/{told['id']}").body == told.body
    assert api.get(path).body == [told.body]
    assert api.get("transactions")["count"] == 0


def test_a_bundle_changes_and_goes(api: Api):
    path, told = kept(api, bundle_description="All of it")
    own = f"{path}/{told['id']}"
    some = api.patch(own, {"bundle_name": "Office"})
    assert (some["bundle_name"], some["bundle_description"], len(some["lines"])) == ("Office", "All of it", 2)
    whole = api.put(own, {**SUITE, "lines": [{"product": told["lines"][0]["product"], "amount": 5}]})
    assert (whole["bundle_name"], whole["bundle_description"], len(whole["lines"])) == ("Suite", None, 1)
    assert api.delete(own).status == 204
    assert api.get(own).status == 404
    assert api.get(path).body == []
    assert [each["is_deleted"] for each in api.get(path, include_deleted="true").body] == [True]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"end_date": None}, "end_date"),
    ({"end_date": "2025-12-31"}, "end_date"),
    ({"bundle_name": None}, "bundle_name"),
    ({"use_catchup": True}, "catchup_date"),
    ({"lines": [{"product": 999_999, "amount": 1}]}, "lines"),
    ({"contract": 999_999}, "contract"),
    ({"proration_method": "weekly"}, "proration_method"),
]


def test_what_cannot_be_is_refused_and_not_kept(api: Api):
    path = f"contracts/{signed(api)['id']}/bundles"
    for fields, field in WRONG:
        told = api.post(path, {**SUITE, "lines": [], **fields})
        assert (told.status, list(told.body)) == (400, [field]), told.text
    assert api.get(path).body == []


def test_an_endless_contract_has_endless_bundles_and_forms_are_taken(api: Api):
    contract = signed(api, contract_end_date=None, is_evergreen=True, billing_frequency="monthly")
    told = api.form("POST", f"contracts/{contract['id']}/bundles", {**SUITE, "end_date": "", "lines": "[]"})
    assert (told.status, told["end_date"], told["lines"]) == (201, None, []), told.text


def test_a_bundle_is_of_its_contract_and_tenant(api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]):
    path, told = kept(api)
    other = f"contracts/{signed(api)['id']}/bundles/{told['id']}"
    theirs = api_of(new_actor())
    for refused in (api.get(other), api.delete(other), theirs.get(path), theirs.delete(f"{path}/{told['id']}")):
        assert refused.status == 404
    assert api_of(api.actor, role="viewer").delete(f"{path}/{told['id']}").status == 403
    assert api.get(f"{path}/{told['id']}").body == told.body
