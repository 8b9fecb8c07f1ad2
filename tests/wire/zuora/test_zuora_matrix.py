"""Every served operation, asked by everybody who must not: without a token, in a smaller role, by another tenant (I1, I3, I8).

The operations are those of the served document; a new one needs nothing here but the ids that its path names.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import resolve

from ratable_server.actor import ROLES, Actor, Role
from ratable_server.api.auth import role_for
from tests.wire.calling import Told
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.everything import BOUNDARY, FILE, Everything, Ids, filled, operations

NOBODYS: Ids = {
    "usage": "8ad00001000000000000000000ffffff",
    "account": "nobody",
    "import": "8ad00005000000000000000000ffffff",
    "period": "8ad0000600000000000000000002ef5d",
}


@pytest.fixture(scope="module")
def everything(books: None) -> Everything:
    return Everything("of the zuora matrix")


def ask(zuora: Zuora, method: str, path: str) -> Told:
    if path in {"/v1/usage", "/v1/object/import"} and method == "POST":
        return zuora.send(method, path, FILE, media=f"multipart/form-data; boundary={BOUNDARY}")
    return zuora.send(method, path, b"{}")


def test_i1_nobody_is_let_in_without_a_token(everything: Everything):
    before = everything.state()
    nobody = Zuora(token="nobody", actor=everything.actor)
    for method, path in operations():
        told = ask(nobody, method, filled(path, everything.ids))
        assert (told.status, told.body) == (401, {"message": "Authentication error"}), (method, path)
    assert everything.state() == before


def test_i3_another_tenants_ids_are_nobodys(everything: Everything, actor: Actor, zuora_of: Callable[..., Zuora]):
    """Nothing of it is there for another tenant: the answer is that of an id which is nobody's."""
    before, other = everything.state(), zuora_of(actor)
    for method, path in operations():
        if "{" in path:
            theirs, none = (ask(other, method, filled(path, ids)) for ids in (everything.ids, NOBODYS))
            assert theirs.status == none.status, (method, path, theirs.text)
            assert theirs.status in {400, 404}, (method, path, theirs.text)
            assert _without_ids(theirs, everything.ids) == _without_ids(none, NOBODYS), (method, path)
    assert everything.state() == before


@pytest.mark.parametrize("role", ROLES)
def test_i8_roles_that_are_too_small_are_refused(everything: Everything, zuora_of: Callable[..., Zuora], role: Role):
    zuora, before = zuora_of(everything.actor, role=role), everything.state()
    for method, path in operations():
        route = filled(path, everything.ids)
        needed = role_for(resolve(route).func.view_class, method)  # type: ignore[attr-defined]
        if ROLES.index(role) < ROLES.index(needed):
            told = ask(zuora, method, route)
            assert (told.status, list(told.body)) == (403, ["code", "message"]), (method, path)
        elif method == "GET":
            assert ask(zuora, method, route).status == 200, (method, path)
    assert everything.state() == before


def _without_ids(told: Told, ids: Ids) -> str:
    """What was told, but for the ids that were asked for and that of the request."""
    request_id = told.headers["Zuora-Request-Id"]
    text = told.text.replace(request_id, "").replace(request_id.replace("-", "")[:16].upper(), "")
    for each in ids.values():
        text = text.replace(each, "")
    return text
