"""Revenue that was deleted over the wire: its ids are told by `include_deleted`, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.server.operations.agreements import kept
from tests.wire.calling import Api
from tests.wire.counting import counted
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_transactions import used_in_march

ROWS = "transactions"
SEATS = {"start_date": "2026-01-01", "end_date": "2026-06-30", "mrr": "1000.00"}


def gone(api: Api, **asked: Any) -> list[dict[str, Any]]:
    """Deleted revenue."""
    told = api.get(ROWS, include_deleted="true", **asked)
    assert told.status == 200, told.text
    assert told["count"] == len(told["results"])
    return list(told["results"])


def test_usage_that_is_deleted_is_told_as_deleted(
    api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api], on_day: Callable[[int, int], None]
):
    on_day(4, 1)
    said, told = used_in_march(api)
    assert gone(api) == []
    on_day(4, 2)
    assert api.delete(f"{ROWS}/{told['id']}").status == 204
    assert (api.get(f"{ROWS}/{told['id']}").status, api.get(ROWS)["count"]) == (404, 0)
    (stub,) = gone(api)
    assert (stub["id"], stub["is_deleted"], stub["deleted_at"][:10]) == (told["id"], True, "2026-04-02")
    assert (stub["contract"], stub["contract_usage"], stub["accounting_period"], stub["amount"]) == (
        said["contract"], said["contract_usage"], "2026-03-01", 0,
    )  # fmt: skip
    assert gone(api, last_modified_at__gte="2026-04-02T00:00:00+0000") == [stub]
    assert gone(api, last_modified_at__gte="2026-04-03T00:00:00+0000") == []
    assert gone(api_of(new_actor())) == []
    again = api.post(ROWS, {**said, "quantity": 10, "external_id": "m-1"})
    assert (again["id"], gone(api)) == (told["id"], [])
    on_day(4, 3)
    assert api.delete(f"{ROWS}/{told['id']}").status == 204
    assert [row["deleted_at"][:10] for row in gone(api)] == ["2026-04-03"]


def test_the_revenue_of_a_deleted_contract_is_told_as_deleted(api: Api):
    contract, other = signed(api), signed(api, deal_name="Other")
    for each in (contract, other):
        assert api.post(f"contracts/{each['id']}/subscriptions", SEATS).status == 201
    there = {row["id"]: row["contract"] for row in api.get(ROWS, limit=1000)["results"]}
    own = {id for id, of in there.items() if of == contract["id"]}
    assert 0 < len(own) < len(there)
    assert gone(api) == []
    assert api.delete(f"contracts/{contract['id']}").status == 204
    assert {row["id"] for row in api.get(ROWS, limit=1000)["results"]} == set(there) - own
    assert {row["id"] for row in gone(api)} == own
    assert {(row["contract"], row["is_deleted"], row["contract_name"]) for row in gone(api)} == {
        (contract["id"], True, "Acme 2026")
    }
    first = api.get(ROWS, include_deleted="true", limit=2)
    assert ([row["id"] for row in first["results"]], first["count"]) == ([row["id"] for row in gone(api)][:2], len(own))
    with counted() as one:
        gone(api)
    assert api.patch(f"contracts/{other['id']}", {"status": "DELETED"}).status == 200
    assert {row["id"] for row in gone(api)} == set(there)
    with counted() as both:
        gone(api)
    assert len(one) == len(both)


def test_a_contract_with_the_status_deleted_is_deleted(api: Api):
    contract, other = signed(api), signed(api, deal_name="Other")
    told = api.patch(f"contracts/{contract['id']}", {"status": "DELETED"})
    assert (told.status, told["id"], told["status"], told["is_deleted"]) == (200, contract["id"], "DELETED", "true")
    assert api.get(f"contracts/{contract['id']}").status == 404
    assert api.patch(f"contracts/{contract['id']}", {"status": "DELETED"}).status == 404
    (stub,) = api.get("contracts", include_deleted="true")["results"]
    assert stub == told.body
    whole = api.put(f"contracts/{other['id']}", {**other.body, "status": "DELETED"})
    assert (whole.status, whole["status"], api.get("contracts")["count"]) == (200, "DELETED", 0), whole.text


def test_the_status_deleted_is_refused_where_a_deletion_is(api: Api):
    contract = signed(api)
    pool = f"contracts/{contract['id']}/prepaid-commits/{granted(api, contract['id'])['id']}"
    assert used(api, pool, 1, 30_000).status == 201
    before = kept(api.actor)
    refused = api.patch(f"contracts/{contract['id']}", {"status": "DELETED", "deal_name": "Gone"})
    assert (refused.status, refused["code"]) == (400, "nothing_must_depend_on_it")
    assert (refused.status, refused.body) == (400, api.delete(f"contracts/{contract['id']}").body)
    assert (kept(api.actor), gone(api)) == (before, [])
    new = api.post("contracts", {"client": contract["client"], "deal_name": "New", "status": "DELETED"})
    assert (new.status, list(new.body), kept(api.actor)) == (400, ["status"], before)
