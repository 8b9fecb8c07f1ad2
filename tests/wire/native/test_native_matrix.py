"""Every operation of the native API, asked by everybody who must not (I1, I3, I4, I5, I8, I9).

Without a token, in a smaller role, by another tenant; the operations are those of the served document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ratable_server.actor import ROLES, Actor, Role
from ratable_server.api.auth import role_for
from tests.wire.calling import Told
from tests.wire.native.calling import Native
from tests.wire.native.everything import Everything, Ids, filled, operations

NOBODYS = "987654321"
OF_ANYBODY = ("/api/v1/problems/", "/api/v1/reports/", "/api/v1/periods/", "/api/v1/exports/")  # no names of a tenant
ASKED: dict[str, dict[str, str]] = {"/api/v1/explanations": {"contract": "acme", "period": "2026-01"}}
UNLIKE = ("request_id", "instance", "detail", "errors")


@pytest.fixture(scope="module")
def everything(books: None) -> Everything:
    from ratable_server.operations.tenants import found_tenant  # noqa: PLC0415 - needs the settings
    from ratable_server.operations.tokens import create_token  # noqa: PLC0415
    from tests.server.conftest import AT  # noqa: PLC0415

    actor = found_tenant(code="of the native matrix", name="Of the native matrix", request_id="r-0", at=AT)
    token = create_token(actor=actor, email="a@b.test", role="admin", at=AT).token
    return Everything(Native(token=token, actor=actor))


def told_alike(told: Told) -> dict[str, Any]:
    return {name: value for name, value in told.body.items() if name not in UNLIKE}


def asked(native: Native, method: str, path: str, ids: Ids) -> Told:
    media = "text/csv" if path.endswith("/imports") else "application/json"
    content = b"" if method in {"GET", "DELETE"} else b"{}"
    return native.send(
        method, filled(path, ids), content, media=media, query=ASKED.get(path) if method == "GET" else None
    )


def test_i1_nobody_is_let_in_without_a_token(everything: Everything):
    before = everything.state()
    nobody = replace(everything.native, token="")
    for method, path in operations():
        told = asked(nobody, method, path, everything.ids)
        assert (told.status, told["code"]) == (401, "token_must_be_valid"), (method, path)
        assert told.headers["WWW-Authenticate"] == "Token"
    assert everything.state() == before


def test_i3_another_tenants_ids_are_nobodys(everything: Everything, actor: Actor, native_of: Callable[..., Native]):
    """Nothing of it is there for another tenant: the answer is that of an id which is nobody's."""
    before, other = everything.state(), native_of(actor)
    nobodys = {**dict.fromkeys(everything.ids, NOBODYS), "month_on": "2031-01"}
    for method, path in operations():
        if "{" in path and not path.startswith(OF_ANYBODY):
            theirs, none = (asked(other, method, path, ids) for ids in (everything.ids, nobodys))
            is_read = method == "GET" or path.endswith("{run}")
            assert theirs.status == (404 if is_read else 400), (method, path, theirs.text)
            assert told_alike(theirs) == told_alike(none), (method, path)
    assert everything.state() == before


def test_i4_another_tenants_things_in_a_body_are_nobodys(
    everything: Everything, actor: Actor, native_of: Callable[..., Native]
):
    before, other = everything.state(), native_of(actor)
    row = f"imports/{everything.ids['imports']}/rejections/1/resolve"
    bodies: list[tuple[str, dict[str, Any], int]] = [
        ("invoices", {"contract": "acme", "amount": 1}, 400),
        ("payments", {"contract": "acme", "amount": 1}, 400),
        ("credit-memos", {"contract": "acme", "amount": 1}, 400),
        ("adjustments", {"prepaid_commit": "pool", "period": "2026-01", "amount": 1}, 400),
        ("top-ups", {"prepaid_commit": "pool", "amount": 1}, 400),
        ("breakage-estimates", {"prepaid_commit": "pool", "expected_breakage_percentage": 1}, 400),
        ("allocations", {"item": "acme-calls", "lines": [{"product": "api", "percentage": 100}]}, 400),
        ("terminations", {"contract": "acme", "date": "2026-02-28"}, 400),
        ("reversals", {"entry": everything.ids["explanations"], "reason": "mine"}, 400),
        ("usage-voids", {"id": "jan-1"}, 400),
        ("periods/2026-01/close", {"run": int(everything.ids["run"])}, 404),
        (row, {"reason": "mine"}, 404),
    ]
    for path, body, status in bodies:
        told = other.post(path, body)
        assert (told.status, told["code"].endswith("_must_be_known")) == (status, True), (path, told.text)
    assert everything.state() == before


def test_i5_lists_of_another_tenant_are_empty(everything: Everything, actor: Actor, native_of: Callable[..., Native]):
    other = native_of(actor)
    of_anybody = ("/api/v1/problems", "/api/v1/reports")
    for method, path in operations():
        if method == "GET" and "{" not in path and path not in of_anybody:
            told = other.send("GET", path, b"", query=ASKED.get(path))
            assert told.status == (400 if path in ASKED else 200)
            assert told.body.get("results", []) == [], path


@pytest.mark.parametrize("role", ROLES)
def test_i8_roles_that_are_too_small_are_refused(everything: Everything, native_of: Callable[..., Native], role: Role):
    from django.urls import resolve  # noqa: PLC0415 - needs the settings

    native = native_of(everything.native.actor, role=role)
    before = everything.state()
    for method, path in operations():
        view = resolve(filled(path, everything.ids)).func.view_class  # type: ignore[attr-defined]
        if ROLES.index(role) < ROLES.index(role_for(view, method)):
            told = asked(native, method, path, everything.ids)
            assert (told.status, told["code"]) == (403, "role_must_allow_it"), (method, path)
        elif method == "GET":
            assert asked(native, method, path, everything.ids).status == 200, (method, path)
    assert everything.state() == before


def test_i9_a_preparer_neither_closes_nor_decides(everything: Everything, native_of: Callable[..., Native]):
    native = native_of(everything.native.actor, role="preparer")
    for method, path in (
        ("POST", "periods/2026-02/close"),
        ("POST", "periods/2026-01/reopen"),
        ("POST", "terminations"),
        ("PATCH", "policy"),
        ("PUT", "policy/two-person-close"),
    ):
        assert native.send(method, path, b"{}").status == 403, path
