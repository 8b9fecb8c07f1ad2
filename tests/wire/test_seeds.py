"""The requests of the documents that this dialect was asked for, as they show them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ratable_server.operations.register import keep_entry
from ratable_server.operations.usage import record_usage
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_products import CALLS
from tests.wire.test_usage import bundled


def shown(api: Api) -> tuple[str, dict[str, Any]]:
    """The body that the document shows, with ids that are there; the path that it goes to."""
    product = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
    contract = signed(api, contract_start_date="2023-01-01")["id"]
    department = keep_entry(actor=api.actor, kind="department", code="rd", further={"name": "R&D"}, at=AT).id
    tag = keep_entry(actor=api.actor, kind="tag", code="emea", further={"name": "EMEA"}, at=AT).id
    body = {
        "contract": contract,
        "product": product["id"],
        "usage_group": product["usage_groups"][0]["id"],
        "department": department,
        "tags": str(tag),
        "description": "<string>",
        "start_date": "2023-12-25",
        "end_date": "2023-12-25",
    }
    return f"contracts/{contract}/usage", body


def kept(told: Told, body: dict[str, Any]) -> bool:
    return all(told[name] == value for name, value in body.items() if name != "tags") and told["tags"] == "EMEA"


def test_seed_000_update_contract_usage_revenue(api: Api):
    path, body = shown(api)
    told = api.post(path, {**body, "description": "before"})
    again = api.put(f"{path}/{told['id']}", body)
    assert again.status == 200, again.text
    assert kept(again, body)
    assert again["id"] == told["id"]
    form = api.form("PUT", f"{path}/{told['id']}", {name: str(value) for name, value in body.items()})
    assert (form.status, kept(form, body)) == (200, True)


def test_seed_001_create_contract_usage_revenue(api: Api):
    path, body = shown(api)
    told = api.post(path, body)
    assert told.status == 201, told.text
    assert kept(told, body)
    form = api.form("POST", path, {name: str(value) for name, value in body.items()})
    assert (form.status, kept(form, body)) == (201, True)
    assert api.get(path)["count"] == 2


def test_seed_002_partial_update_bundle_allocations(api: Api):
    path, (one, other), told = bundled(api, "70", "30", lines=[{"period_month": "2026-03-01", "amount": 10_000}])
    lines = [{"product": one, "amount": 6_500}, {"product": other, "amount": 3_500}]
    split = api.patch(f"{path}/{told['id']}/allocations", {"lines": lines})
    assert split.status == 200, split.text
    assert [{"product": line["product"], "amount": line["amount"]} for line in split["lines"]] == lines
    assert split["total_amount"] == 10_000


def test_seed_003_get_prepaid_commits_usage_events(api: Api):
    contract = signed(api, deal_id="D-1")["id"]
    commit = granted(api, contract)["id"]
    used(api, f"contracts/{contract}/prepaid-commits/{commit}", 1, 30_000)  # a month as a whole is no event
    pool = prepaid_commits(actor=api.actor).rows[0].code
    records = [
        {"id": f"e-{day}", "prepaid_commit": pool, "used_on": date(2026, 2, day), "amount": Decimal("0.25"),
         "total_events": "5", "team_id": "a"}
        for day in range(1, 6)
    ]  # fmt: skip
    record_usage(actor=api.actor, records=records, at=AT)
    path = f"contracts/{contract}/prepaid-commits/{commit}/usage-events"
    told = api.get(path)
    assert told["count"] == 5
    first = told["results"][0]
    assert (first["external_id"], first["event_date"], first["period_month"]) == ("e-1", "2026-02-01", "2026-02-01")
    assert (first["total_revenue_dollars"], first["total_events"], first["data"]) == (
        Decimal("0.25"),
        5,
        {"team_id": "a"},
    )
    months = api.get(f"contracts/{contract}/prepaid-commits/{commit}/consumption")["results"]
    assert [(month["id"], month["gross_usage_amount"]) for month in months][1] == (
        first["consumption"],
        Decimal("1.25"),
    )
    page = api.get(path, limit=2, offset=2)
    assert [each["external_id"] for each in page["results"]] == ["e-3", "e-4"]
    assert page["next"].endswith(f"{path}?limit=2&offset=4")
