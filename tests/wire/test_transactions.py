"""Revenue over the wire: planned while its month is open, posted when it is closed, under the same id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.api.campfire.views import transactions
from ratable_server.errors import Refused
from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_consumption import CHAIN, used
from tests.wire.test_contracts import signed
from tests.wire.test_invoices import INVOICES, Billing
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_products import CALLS
from tests.wire.test_usage import MARCH, agreed, product_of


def chain(api: Api) -> tuple[int, int]:
    """The pool of 80,000.00 with its three months: the contract and the commit."""
    contract = signed(api)["id"]
    commit = granted(api, contract)["id"]
    for month, gross in CHAIN.items():
        used(api, f"contracts/{contract}/prepaid-commits/{commit}", month, gross)
    return contract, commit


def amounts(api: Api) -> list[tuple[Any, ...]]:
    names = ("accounting_period", "amount", "gross_amount", "discount", "recognized", "description")
    return [tuple(row[name] for name in names) for row in api.get("transactions")["results"]]


def test_a_drawn_pool_is_revenue_at_its_net_value(api: Api):
    contract, commit = chain(api)
    assert sorted(amounts(api)) == [
        ("2026-01-01", 24_000, "30000.00", 6_000, 0, "Prepaid commit drawdown 2026-01"),
        ("2026-02-01", 40_000, "50000.00", 10_000, 0, "Prepaid commit drawdown 2026-02"),
        ("2026-03-01", 16_000, "20000.00", 4_000, 0, "Prepaid commit drawdown 2026-03"),
        ("2026-03-01", 20_000, "20000.00", 0, 0, "Prepaid commit overage 2026-03"),
    ]
    row = api.get("transactions")["results"][0]
    assert (row["contract"], row["prepaid_commit"], row["revenue_type"]) == (contract, commit, "USAGE")
    assert (row["transaction_date"], row["transaction_end_date"]) == ("2026-01-01", "2026-01-31")
    assert api.get(f"transactions/{row['id']}").body == row
    months = api.get(f"contracts/{contract}/prepaid-commits/{commit}/consumption")["results"]
    told = {each["id"] for each in api.get("transactions")["results"]}
    assert {month["revenue_transaction"] for month in months} | {months[2]["overage_revenue_transaction"]} == told


def test_revenue_keeps_its_id_when_it_is_posted(api: Api):
    chain(api)
    before = {row["id"]: row["amount"] for row in api.get("transactions")["results"]}
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    after = api.get("transactions")["results"]
    assert {row["id"]: row["amount"] for row in after} == before
    assert sorted(row["recognized"] for row in after) == [0, 0, 0, 24_000]


def test_usage_lines_name_their_revenue(api: Api):
    _, told = agreed(api, lines=[MARCH])
    (row,) = api.get("transactions")["results"]
    assert (row["amount"], row["contract_usage"], row["product_name"]) == (Decimal("945.00"), told["id"], "API")


def test_another_tenants_revenue_is_not_there(api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]):
    chain(api)
    row = api.get("transactions")["results"][0]
    other = api_of(new_actor())
    assert other.get("transactions")["count"] == 0
    assert other.get(f"transactions/{row['id']}").status == 404


def test_units_and_the_price_of_one_are_told_where_they_are_known(api: Api):
    """300,000 at 0.08, of which 0.10 is the list price; 200,000 of overage at 0.10; 12,500 calls for 945.00."""
    chain(api)
    agreed(api, lines=[MARCH])
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    found = {
        (row["accounting_period"][5:7], row["description"][:-8]): row for row in api.get("transactions")["results"]
    }
    told = {key: (row["quantity"], row["rate"]) for key, row in found.items()}
    assert told == {
        ("01", "Prepaid commit drawdown"): (300_000, Decimal("0.08")),
        ("02", "Prepaid commit drawdown"): (500_000, Decimal("0.08")),
        ("03", "Prepaid commit drawdown"): (200_000, Decimal("0.08")),
        ("03", "Prepaid commit overage"): (200_000, Decimal("0.1")),
        ("03", "Usage"): (12_500, Decimal("0.0756")),
    }


def test_a_posted_amount_names_its_entry_in_the_journal(api: Api):
    _, told = agreed(api, lines=[{**MARCH, "period_month": "2026-01-01"}])
    (before,) = api.get("transactions")["results"]
    assert (before["journal_entry"], before["quantity"]) == (None, 12_500)
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    (row,) = api.get("transactions")["results"]
    assert (row["id"], row["contract_usage"], row["quantity"], row["rate"]) == (
        before["id"], told["id"], 12_500, Decimal("0.0756"),
    )  # fmt: skip
    entry = api.get(f"/coa/api/journal_entry/{row['journal_entry']}")
    assert (entry.status, entry["order"], entry["date"]) == (200, row["journal_entry_order"], "2026-01-31")


def figures(api: Api) -> list[dict[str, Any]]:
    """All revenue, but for the moment at which the books last learned anything: what is refused has a receipt."""
    moments = {"created_at": None, "last_modified_at": None}
    return [{**row, **moments} for row in api.get("transactions")["results"]]


def used_in_march(api: Api, month: str = "2026-03-01") -> tuple[dict[str, Any], Told]:
    """A usage line with 1,000 calls of a month, told as revenue: 100.00."""
    path, usage = agreed(api, department=None)
    said = {"contract": int(path.split("/")[1]), "contract_usage": usage["id"], "accounting_period": month}
    return said, api.post("transactions", {**said, "quantity": 1_000, "external_id": "m-1", "description": "March"})


def test_usage_is_told_as_revenue_of_its_month(api: Api):
    """1,000 x 0.10, then 11,500 more: 945.00; an amount of 5.00 is trusted."""
    said, told = used_in_march(api)
    assert told.status == 201, told.text
    assert (told["amount"], told["quantity"], told["rate"]) == (100, 1_000, Decimal("0.1"))
    assert (told["description"], told["external_id"], told["accounting_period"]) == ("March", "m-1", "2026-03-01")
    more = api.post("transactions", {**said, "quantity": "11500"})
    assert (more["id"], more["amount"], more["quantity"], more["external_id"]) == (
        told["id"], Decimal("945.00"), 12_500, "m-1",
    )  # fmt: skip
    again = api.post("transactions", {**said, "quantity": 500, "external_id": "m-1"})
    assert (again["id"], again["quantity"]) == (told["id"], 12_000)
    april = {**said, "accounting_period": "2026-04-01"}
    trusted = api.form(
        "POST", "transactions", {**april, "quantity": "1", "rate": "5.00", "transaction_date": "2026-04-01"}
    )
    assert (trusted.status, trusted["amount"]) == (201, 5)
    nothing = api.post("transactions", {**april, "accounting_period": "2026-05-01", "quantity": 0})
    assert (nothing.status, nothing["amount"], nothing["accounting_period"]) == (201, 0, "2026-05-01")
    assert [row["amount"] for row in api.get("transactions")["results"]] == [920, 5]


def test_usage_is_recorded_with_its_labels_or_not_at_all(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Labels that cannot be kept are found after the usage was judged."""

    def refused(**_: object) -> None:
        raise Refused("further_must_be_small", field="description")

    with monkeypatch.context() as patched:
        patched.setattr(transactions, "keep_entry", refused)
        said, told = used_in_march(api)
    assert (told.status, list(told.body)) == (400, ["description", "code"])
    assert api.get("transactions")["count"] == 0
    again = api.post("transactions", {**said, "quantity": 7})
    assert (again.status, again["quantity"]) == (201, 7)


def test_usage_is_told_again_until_its_month_is_closed(api: Api):
    said, told = used_in_march(api, "2026-01-01")
    own = f"transactions/{told['id']}"
    again = api.patch(own, {"quantity": 12_500})
    assert (again.status, again["id"], again["amount"], again["description"]) == (
        200,
        told["id"],
        Decimal("945.00"),
        "March",
    )
    whole = api.put(own, {**again.body, "amount": "7.00", "description": "Seven"})
    assert (whole.status, whole["amount"], whole["description"], whole["external_id"]) == (200, 7, "Seven", "m-1"), (
        whole.text
    )
    api.post("transactions", {**said, "quantity": 10})
    several = api.patch(own, {"quantity": 1})
    assert (several.status, several["external_id"]) == (
        400,
        ["The month has 2 records of usage: name one by its external_id."],
    )
    assert api.patch(own, {"amount": "1.00", "external_id": "m-1"})["amount"] == 2
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    posted = api.get(own)
    for refused in (api.patch(own, {"amount": 5}), api.delete(own), api.post("transactions", {**said, "quantity": 1})):
        assert (refused.status, refused["error"]) == (400, "Books are closed for this date"), refused.text
    assert api.get(own).body == posted.body
    labelled = api.patch(own, {"description": "As billed", "exchange_rate": "1.25", "client_external_id": "C-9"})
    assert (labelled.status, labelled["description"], labelled["exchange_rate"], labelled["client_external_id"]) == (
        200, "As billed", Decimal("1.25"), "C-9",
    )  # fmt: skip
    assert (labelled["amount"], labelled["recognized"]) == (2, 2)


def test_a_tier_is_one_of_the_usage_line(api: Api):
    """What it is priced by is calculated; a tier is a label, and stays one of what was agreed."""
    said, told = used_in_march(api)
    line = api.get(f"contracts/{said['contract']}/usage/{said['contract_usage']}")
    groups = {group["id"]: group for row in api.get("product")["results"] for group in row["usage_groups"]}
    tier = groups[line["usage_group"]]["tiers"][0]["id"]
    (foreign,) = product_of(api, "Other", usage_groups=[CALLS])["usage_groups"]
    (other,), own, before = foreign["tiers"][:1], f"transactions/{told['id']}", figures(api)
    for wrong, text in (
        (999_999, 'Invalid pk "999999" - object does not exist.'),
        (other["id"], "It is of another usage group."),
    ):
        for refused in (
            api.post("transactions", {**said, "quantity": 5, "usage_tier": wrong}),
            api.patch(own, {"quantity": 5, "usage_tier": wrong}),
        ):
            assert (refused.status, refused.body) == (400, {"usage_tier": [text]}), refused.text
        assert figures(api) == before
    usage = f"contracts/{said['contract']}/usage/{said['contract_usage']}"
    lines = [{"period_month": "2026-04-01", "quantity": 1, "usage_tier": each} for each in (tier, other["id"])]
    refused = api.patch(usage, {"lines": [lines[0], {**lines[1], "period_month": "2026-05-01"}]})
    assert (refused.status, refused.body) == (400, {"lines": {"1": {"usage_tier": ["It is of another usage group."]}}})
    malformed = api.patch(usage, {"lines": [lines[0], {**lines[1], "usage_tier": "x"}]})
    assert {place: list(told) for place, told in malformed["lines"].items()} == {"1": ["usage_tier"]}, malformed.text
    assert figures(api) == before
    assert api.patch(usage, {"lines": lines[:1]}).status == 200
    assert api.patch(own, {"usage_tier": tier})["usage_tier"] == tier
    assert api.post("transactions", {**said, "quantity": 5, "usage_tier": tier})["usage_tier"] == tier
    assert api.put(own, api.get(own).body)["usage_tier"] == tier
    assert api.patch(own, {"usage_tier": None})["usage_tier"] is None


def test_usage_that_is_told_twice_under_a_key_counts_once(api: Api):
    said, told = used_in_march(api)
    first, again = (api.post("transactions", {**said, "quantity": 10}, key="once") for _ in range(2))
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert api.get(f"transactions/{told['id']}")["quantity"] == 1_010


def test_usage_that_was_told_is_taken_back(api: Api):
    said, told = used_in_march(api)
    assert api.delete(f"transactions/{told['id']}").status == 204
    assert (api.get(f"transactions/{told['id']}").status, api.get("transactions")["count"]) == (404, 0)
    again = api.post("transactions", {**said, "quantity": 10, "external_id": "m-1"})
    assert (again.status, again["id"], again["amount"]) == (201, told["id"], 1)


def test_what_is_calculated_is_refused_by_name(api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]):
    said, told = used_in_march(api)
    contract = signed(api)["id"]
    commit = granted(api, contract)["id"]
    used(api, f"contracts/{contract}/prepaid-commits/{commit}", 1, 30_000)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"contract_usage": None}, "contract_usage"),
        ({"contract_usage": 999_999}, "contract_usage"),
        ({"accounting_period": None}, "accounting_period"),
        ({"quantity": None}, "quantity"),
        ({"transaction_end_date": "2026-04-30"}, "accounting_period"),
        ({"contract": contract}, "contract"),
        ({"currency": "EUR"}, "currency"),
        ({"prepaid_commit": commit}, "prepaid_commit"),
        ({"recognized": 5}, "recognized"),
        ({"journal_entry": 7}, "journal_entry"),
        ({"department": 999_999}, "department"),
        ({"accounting_period": "2031-01-01"}, "accounting_period"),
        ({"quantity": -1}, "quantity"),
    ]
    before = figures(api)
    for fields, field in wrong:
        refused = api.post("transactions", {**said, "quantity": 1, **fields})
        assert (refused.status, next(iter(refused.body))) == (400, field), refused.text
    drawn = next(row for row in before if row["prepaid_commit"])
    for fields, field in (({"amount": 1}, "amount"), ({"quantity": 1}, "quantity"), ({"accounting_period": "2026-05-01"}, "accounting_period"),
                          ({"contract_milestone": 3}, "contract_milestone"), ({"invoice": 3}, "invoice")):  # fmt: skip
        refused = api.patch(f"transactions/{drawn['id']}", fields)
        assert (refused.status, list(refused.body)) == (400, [field]), refused.text
    assert api.delete(f"transactions/{drawn['id']}").status == 400
    assert api_of(api.actor, role="viewer").delete(f"transactions/{told['id']}").status == 403
    theirs = api_of(new_actor())
    assert theirs.patch(f"transactions/{told['id']}", {"description": "mine"}).status == 404
    assert next(iter(theirs.post("transactions", {**said, "quantity": 1}).body)) == "contract_usage"
    assert figures(api) == before
    labelled = api.put(f"transactions/{drawn['id']}", {**drawn, "description": "Drawn"})
    assert (labelled.status, labelled["description"], labelled["amount"]) == (200, "Drawn", drawn["amount"])


def test_an_amount_names_the_invoice_that_it_stands_on(api: Api):
    """The pool's invoice bills what is drawn of it; overage has one of its own, which names it, or none."""
    billing = Billing(api)
    path = f"contracts/{billing.contract['id']}"
    for month, gross in CHAIN.items():
        used(api, f"{path}/prepaid-commits/{billing.commit['id']}", month, gross)
    invoice = billing.billed()
    rows = api.get("transactions")["results"]
    told = [(row["invoice"], row["invoice_number"], row["invoice_date"], row["invoice_payment_status"]) for row in rows]
    of_pool = (invoice["id"], invoice["invoice_number"], "2026-01-01", "open")
    assert [each for each, row in zip(told, rows, strict=True) if row["amount"] != 20_000] == [of_pool] * 3
    (overage,) = [row for row in rows if row["amount"] == 20_000]
    assert (overage["invoice"], overage["invoice_number"]) == (None, None)
    billed = billing.billed({"amount": "20000.00"}, revenue_transactions=[overage["id"]], invoice_date="2026-04-01")
    assert api.get(f"transactions/{overage['id']}")["invoice"] == billed["id"]
    assert api.post(f"{INVOICES}{billed['id']}/void/", {"void_date": "2026-04-02"}).status == 200
    assert api.get(f"transactions/{overage['id']}")["invoice"] is None


def test_what_a_pool_or_a_bundle_makes_of_usage_is_calculated(api: Api):
    """Usage of 1,000.00 is drawn at 800.00: neither part of it can be told, and all of it can be taken back."""
    path, usage = agreed(api, draws_on_prepaid_commits=True)
    granted(api, int(path.split("/")[1]))
    told = api.post("transactions", {"contract_usage": usage["id"], "accounting_period": "2026-01-01", "amount": 1_000})
    assert (told.status, told["amount"], told["gross_amount"]) == (201, 800, "1000.00"), told.text
    own = f"transactions/{told['id']}"
    assert list(api.patch(own, {"amount": 900}).body) == ["amount"]
    assert api.get(own)["amount"] == 800
    assert api.delete(own).status == 204
    assert api.get("transactions")["count"] == 0
