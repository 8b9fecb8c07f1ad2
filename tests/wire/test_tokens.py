"""Who asks: tokens and roles (I1, I2, I8, I10, I11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.tokens import create_token, revoke_token
from ratable_server.queries.tokens import tokens
from tests.server.conftest import AT
from tests.wire.calling import Api


@pytest.mark.parametrize(
    "header", ["", "Token", "Token bad", "Token a b", "Basic dTpw", "Bearer", "Token \u00e9", "Token " + "a" * 10_000]
)
def test_i1_no_sound_token_is_401(api: Api, header: str):
    told = api.send("GET", "product", b"", Authorization=header)
    assert (told.status, told.headers["WWW-Authenticate"]) == (401, "Token")
    assert list(told.body) == ["detail"]


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token", "BEARER"])
def test_i1_both_schemes_are_taken(api: Api, scheme: str):
    assert api.send("GET", "product", b"", Authorization=f"{scheme} {api.token}").status == 200


def test_i2_a_revoked_token_is_refused_at_the_next_request(api: Api):
    assert api.get("product").status == 200
    (token,) = tokens(actor=api.actor)
    revoke_token(actor=api.actor, token_id=token.token_id, at=AT)
    assert api.get("product").status == 401
    assert tokens(actor=api.actor)[0].revoked_at == AT


def test_i8_roles_read_and_write_as_they_may(actor: Actor, api_of: Callable[..., Api]):
    viewer, clerk = api_of(actor, role="viewer"), api_of(actor, role="preparer")
    assert viewer.get("product").status == 200
    told = viewer.post("product", {"product_name": "API"})
    assert (told.status, told.body) == (403, {"detail": "You do not have permission to perform this action."})
    assert viewer.get("product")["count"] == 0
    assert clerk.post("product", {"product_name": "API"}).status == 201


def test_i11_the_database_has_only_the_digest(api: Api, superuser: psycopg.Connection):
    rows = superuser.execute("SELECT to_jsonb(t)::text FROM api_token AS t").fetchall()
    assert rows
    assert not [row for row in rows if api.token in row[0]]


def test_tokens_are_given_and_taken_by_admins_only(actor: Actor):
    clerk = replace(actor, role="preparer")
    with pytest.raises(Refused, match="role_must_allow_it"):
        create_token(actor=clerk, email="a@b.test", role="viewer", at=AT)
    issued = create_token(actor=actor, email="a@b.test", role="viewer", at=AT)
    with pytest.raises(Refused, match="role_must_allow_it"):
        revoke_token(actor=clerk, token_id=issued.token_id, at=AT)
    assert [(each.email, each.revoked_at) for each in tokens(actor=actor)] == [("a@b.test", None)]


def test_a_token_needs_an_address(actor: Actor):
    with pytest.raises(Refused, match="email_must_be_an_address"):
        create_token(actor=actor, email="nobody", role="viewer", at=AT)
    assert tokens(actor=actor) == []


def test_another_tenants_tokens_are_not_there(api: Api, new_actor: Callable[..., Any]):
    (token,) = tokens(actor=api.actor)
    other = new_actor()
    assert tokens(actor=other) == []
    with pytest.raises(Refused, match="token_must_be_known"):
        revoke_token(actor=other, token_id=token.token_id, at=AT)
    assert api.get("product").status == 200
