"""Every served operation, asked by everybody who must not: without a token, in a smaller role, by another tenant (I1, I3, I8).

The operations are those of the served document; a new one needs nothing here but the ids that its path names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ratable_server.actor import ROLES, Actor, Role
from ratable_server.api.auth import role_for
from tests.wire.calling import Api, Told, told_of
from tests.wire.schemas import served
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_products import CALLS
from tests.wire.test_usage import MARCH

NOBODYS = 987_654_321
NAMES = ("entity", "department", "tag", "tag-group", "account")
OF_ANYBODY = ("/coa/api/chart-account-settings", "/integrations/api/v1/webhook/topics")  # none of a tenant's things
Ids = dict[str, int]


def operations() -> list[tuple[str, str]]:
    return [(method.upper(), path) for path, each in served().paths.items() for method in each]


def kind_of(path: str, name: str) -> str:
    """What a parameter is an id of: what it is called, or for a bare `id` the part of the path before it."""
    if name != "id":
        return name.removesuffix("_id")
    return path.split("/{id}", maxsplit=1)[0].rsplit("/", 1)[1]


def filled(path: str, ids: Ids) -> str:
    return re.sub(r"{(\w+)}", lambda found: str(ids[kind_of(path, found[1])]), path)


def rows_in(told: Any) -> int:
    """How many rows an answer tells, of a page, a list or a statement."""
    if isinstance(told, dict):
        return int(told["count"]) if "count" in told else sum(rows_in(each) for each in told.values())
    return len(told) if isinstance(told, list) else 0


def billed(api: Api, contract: Told, commit: Told, *, entity: int, account: int) -> Ids:
    """An invoice with a payment, and a credit memo."""
    usual = {"contract": contract["id"], "entity": entity}
    line = {"amount": 80, "prepaid_commit": commit["id"]}
    days = {"invoice_date": "2026-01-01", "due_date": "2026-01-31"}
    invoice = api.post("/coa/api/v1/invoice/", {**usual, **days, "lines": [line]})["id"]
    money = {"account_id": account, "account_name": "Bank", "amount": 8, "payment_date": "2026-01-20"}
    (payment,) = api.post(f"/coa/api/v1/invoice/{invoice}/pay/", {"empty_transactions": [money]})["payment_ids"]
    credited = {**usual, "credit_memo_date": "2026-01-31", "lines": [{"amount": 1, "account": account}]}
    memo = api.post("/coa/api/v1/credit-memo", credited)["id"]
    return {"invoice": invoice, "payment": payment, "credit-memo": memo, "credit_memo": memo}


class Everything:
    """Books with one of each thing that a path can name."""

    def __init__(self, api: Api) -> None:
        self.api = api
        product = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
        bundle = api.post(
            "product-bundles", {"bundle_name": "B", "lines": [{"product": product["id"], "percentage_allocation": 100}]}
        )
        contract = signed(api)
        commit = granted(api, contract["id"])
        path = f"contracts/{contract['id']}"
        month = {"period_month": "2026-01-01", "gross_usage_amount": 100}
        consumption = api.post(f"{path}/prepaid-commits/{commit['id']}/consumption", month)
        usage = api.post(
            f"{path}/usage", {"product_bundle": bundle["id"], "lines": [{**MARCH, "amount": 5, "quantity": None}]}
        )
        milestone = {
            "milestone_name": "Setup",
            "milestone_date": "2026-02-01",
            "amount": 100,
            "product_bundle": bundle["id"],
        }
        done = api.post(f"{path}/milestones", milestone)
        names = {
            kind: api.post(f"/coa/api/{kind}", {"name": kind, **fields})["id"]
            for kind, fields in {
                "entity": {},
                "department": {"code": "D"},
                "tag": {},
                "tag-group": {},
                "account": {"number": "1"},
            }.items()
        }
        names["vendor_custom_field_1"] = api.post("/coa/api/vendor_custom_field_1", {"value": "Key"})["id"]
        hook = {"url": "https://hooks.example.com/x", "active": False}
        names["webhook"] = api.post("/integrations/api/v1/webhook", hook)["id"]
        year = {"start_date": "2026-01-01", "end_date": "2026-12-31"}
        agreed = api.post(f"{path}/subscriptions", {**year, "product_bundle": bundle["id"], "mrr": 100})
        lines = [{"product": product["id"], "amount": 100}]
        names["bundles"] = api.post(f"{path}/bundles", {**year, "bundle_name": "B", "lines": lines})["id"]
        for kind in ("journal_entry", "transaction"):
            names[kind] = api.get(f"/coa/api/{kind}", all_time="true")["results"][0]["id"]
        names |= billed(api, contract, commit, entity=names["entity"], account=names["account"])
        revenue = api.get("transactions")["results"][0]["id"]
        entry = api.get("/coa/api/journal_entry", all_time="true")["results"][0]
        self.ids: Ids = {
            "journal_entry": entry["id"], "transaction": entry["transactions"][0]["id"],
            "product": product["id"], "usage-groups": product["usage_groups"][0]["id"], "product-bundles": bundle["id"],
            "vendor": contract["client"], "customers": contract["client"], "contract": contract["id"],
            "contracts": contract["id"], "commit": commit["id"], "prepaid-commits": commit["id"],
            "consumption": consumption["id"], "usage": usage["id"], "transactions": revenue,
            "milestones": done["id"], "milestone": done["id"], "subscriptions": agreed["id"], "subscription": agreed["id"],
            **names,
        }  # fmt: skip

    def state(self) -> list[Any]:
        """What is told of all of it."""
        paths = (
            "product",
            "product-bundles",
            "customers",
            "contracts",
            "transactions",
            "/coa/api/v1/invoice/",
            "/coa/api/v1/credit-memo",
            *map("/coa/api/{}".format, NAMES),
        )
        return [self.api.get(path).body for path in paths]


@pytest.fixture(scope="module")
def everything(books: None) -> Everything:
    from ratable_server.operations.tenants import found_tenant  # noqa: PLC0415 - needs the settings
    from ratable_server.operations.tokens import create_token  # noqa: PLC0415
    from tests.server.conftest import AT  # noqa: PLC0415

    actor = found_tenant(code="of the matrix", name="Of the matrix", request_id="r-0", at=AT)
    return Everything(Api(token=create_token(actor=actor, email="a@b.test", role="admin", at=AT).token, actor=actor))


def test_i1_nobody_is_let_in_without_a_token(everything: Everything):
    before = everything.state()
    client = Client(headers={"host": "localhost"})
    for method, path in operations():
        told = told_of(client.generic(method, filled(path, everything.ids), "{}", content_type="application/json"))
        assert (told.status, list(told.body)) == (401, ["detail"]), (method, path)
    assert everything.state() == before


def test_i3_another_tenants_ids_are_nobodys(everything: Everything, actor: Actor, api_of: Callable[..., Api]):
    """Nothing of it is there for another tenant: the answer is that of an id which is nobody's."""
    before, other = everything.state(), api_of(actor)
    nobodys = dict.fromkeys(everything.ids, NOBODYS)
    for method, path in operations():
        if "{" in path:
            theirs, none = (other.send(method, filled(path, ids), b"{}") for ids in (everything.ids, nobodys))
            assert theirs.status == 404, (method, path, theirs.text)
            assert theirs.body == none.body, (method, path)
    assert everything.state() == before


def test_i5_lists_of_another_tenant_are_empty(everything: Everything, actor: Actor, api_of: Callable[..., Api]):
    other = api_of(actor)
    for method, path in operations():
        if method == "GET" and "{" not in path and path not in OF_ANYBODY:
            told = other.get(path).body
            rows = told.get("results", []) if isinstance(told, dict) else told
            assert [row for row in rows if not row.get("protected")] == [], (
                path
            )  # accounts of the books are everybody's


@pytest.mark.parametrize("role", ROLES)
def test_i8_roles_that_are_too_small_are_refused(everything: Everything, api_of: Callable[..., Api], role: Role):
    from django.urls import resolve  # noqa: PLC0415 - needs the settings

    api = api_of(everything.api.actor, role=role)
    before = everything.state()
    for method, path in operations():
        route = filled(path, everything.ids)
        needed = role_for(resolve(route).func.view_class, method)  # type: ignore[attr-defined]
        if ROLES.index(role) < ROLES.index(needed):
            told = api.send(method, route, b"{}")
            assert (told.status, list(told.body)) == (403, ["detail"]), (method, path)
        elif method == "GET":
            asked = {"field": "team_id"} if path.endswith("distinct-values") else {}
            assert api.get(route, **asked).status == 200, (method, path)
    assert everything.state() == before
