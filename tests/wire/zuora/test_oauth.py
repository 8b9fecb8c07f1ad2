"""Programs draw tokens by their id and secret (I1, I2, I11), and act with them as they may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from django.test import Client

from ratable_server.actor import Actor, Role
from ratable_server.errors import Refused
from ratable_server.operations.oauth_clients import IssuedClient, create_oauth_client, revoke_oauth_client
from ratable_server.queries.oauth_clients import oauth_clients
from tests.server.conftest import AT
from tests.wire.calling import Told, told_of
from tests.wire.zuora.calling import Zuora

FORM = "application/x-www-form-urlencoded"
NOON = datetime(2026, 1, 15, 12, 0, 40, tzinfo=UTC)
REALMS = "Basic realm=Zuora API, ZSession realm=Zuora API, Bearer realm=Zuora API"


def program(actor: Actor, role: Role = "preparer") -> IssuedClient:
    return create_oauth_client(actor=actor, name="Billing", role=role, at=AT)


def draw(issued: IssuedClient, *, media: str = FORM, **said: Any) -> Told:
    asked = {"client_id": issued.client_id, "client_secret": issued.client_secret, "grant_type": "client_credentials"}
    content = urlencode([(name, value) for name, value in {**asked, **said}.items() if value is not None], doseq=True)
    client = Client(headers={"host": "localhost"})
    return told_of(client.generic("POST", "/oauth/token", content, content_type=media))


def test_a_token_is_as_documented(actor: Actor):
    issued = program(actor)
    assert (len(issued.client_id), len(issued.client_secret) <= 42) == (36, True)
    told = draw(issued)
    assert told.status == 200
    assert set(told.body) == {"access_token", "token_type", "expires_in", "scope", "jti"}
    assert (told["token_type"], told["expires_in"]) == ("bearer", 3599)
    assert (len(told["access_token"]), len(told["jti"])) == (32, 32)
    user, tenant = told["scope"].split()
    assert (user[:13], tenant) == ("user.8ad00007", f"tenant.{actor.tenant_id}")
    assert (told.headers["Cache-Control"], len(told.headers["Zuora-Request-Id"])) == ("no-store", 36)
    assert (told.headers["X-RateLimit-Limit-minute"], int(told.headers["X-RateLimit-Remaining-minute"]) >= 0) == (
        "1000",
        True,
    )


def test_a_token_lets_in_for_an_hour(actor: Actor, monkeypatch: pytest.MonkeyPatch):
    from ratable_server.api.zuora import authentication  # noqa: PLC0415 - needs the settings
    from ratable_server.api.zuora.views import tokens  # noqa: PLC0415

    moment = [NOON]
    monkeypatch.setattr(tokens, "now_at", lambda: moment[0])
    monkeypatch.setattr(authentication, "now_at", lambda: moment[0])
    zuora = Zuora(token=draw(program(actor))["access_token"], actor=actor)
    assert zuora.get("/v1/nothing").status == 404
    moment[0] += timedelta(minutes=59, seconds=59)
    assert zuora.get("/v1/nothing").status == 404
    moment[0] += timedelta(seconds=1)
    told = zuora.get("/v1/nothing")
    assert (told.status, told.body) == (401, {"message": "Authentication error"})
    assert told.headers["WWW-Authenticate"] == REALMS


def test_tokens_that_have_expired_go_when_the_next_is_drawn(
    actor: Actor, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
):
    from ratable_server.api.zuora.views import tokens  # noqa: PLC0415 - needs the settings

    moment = [NOON]
    monkeypatch.setattr(tokens, "now_at", lambda: moment[0])
    issued = program(actor)
    for minutes in (0, 30, 31):
        moment[0] = NOON + timedelta(minutes=minutes)
        draw(issued)
    count = "SELECT count(*) FROM oauth_token WHERE tenant_id = %s"
    assert superuser.execute(count, [actor.tenant_id]).fetchone() == (3,)
    moment[0] = NOON + timedelta(minutes=90)
    draw(issued)
    assert superuser.execute(count, [actor.tenant_id]).fetchone() == (2,)


@pytest.mark.parametrize(
    "said",
    [
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"client_secret": None},
        {"client_id": "00000000-0000-4000-8000-000000000000"},
        {"client_id": "short"},
        {"client_id": None},
        {"client_secret": "a" * 10_000},
        {"client_secret": "\u00e9"},
        {"client_id": "\0" * 36},
    ],
)
def test_who_proves_nothing_gets_nothing(actor: Actor, superuser: psycopg.Connection, said: dict[str, Any]):
    told = draw(program(actor), **said)
    assert (told.status, told.body) == (401, {"error": "invalid_client"})
    count = "SELECT count(*) FROM oauth_token WHERE tenant_id = %s"
    assert superuser.execute(count, [actor.tenant_id]).fetchone() == (0,)


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token", "CLIENT_CREDENTIALS", "x" * 500])
def test_another_grant_is_400(actor: Actor, grant: str):
    told = draw(program(actor), grant_type=grant)
    assert (told.status, told.body) == (400, {"error": "unsupported_grant_type"})


@pytest.mark.parametrize("grant", [None, "", ["client_credentials", "client_credentials"]])
def test_no_grant_or_two_are_400(actor: Actor, grant: Any):
    told = draw(program(actor), grant_type=grant)
    assert (told.status, told["error"]) == (400, "invalid_request")


def test_a_scope_that_is_not_its_own_is_400(actor: Actor):
    told = draw(program(actor), scope="everything")
    assert (told.status, told["error"]) == (400, "invalid_scope")


def test_json_is_415(actor: Actor):
    told = draw(program(actor), media="application/json")
    assert (told.status, told["reasons"][0]["code"]) == (415, 50000090)


def test_other_methods_are_405(zuora: Zuora):
    told = zuora.get("/oauth/token")
    assert (told.status, told["reasons"][0]["code"]) == (405, 50000045)


def test_too_many_requests_of_an_address_are_429(actor: Actor, monkeypatch: pytest.MonkeyPatch):
    from django.conf import settings  # noqa: PLC0415 - once they are configured

    from ratable_server.api import throttling  # noqa: PLC0415 - needs the settings

    monkeypatch.setattr(throttling, "now_at", lambda: NOON)
    monkeypatch.setattr(settings, "TOKEN_REQUESTS_PER_MINUTE", 2)
    issued = program(actor)
    told = [draw(issued, client_secret=secret) for secret in (issued.client_secret, "wrong", issued.client_secret)]
    assert [each.status for each in told] == [200, 401, 429]
    assert [each.headers["X-RateLimit-Remaining-minute"] for each in told] == ["1", "0", "0"]
    assert (told[2].headers["Retry-After"], told[2].headers["X-RateLimit-Limit-minute"]) == ("20", "2")
    assert told[2]["reasons"][0]["code"] == 50000070


def test_i2_what_was_taken_back_is_refused_at_the_next_request(actor: Actor):
    issued = program(actor)
    zuora = Zuora(token=draw(issued)["access_token"], actor=actor)
    assert zuora.get("/v1/nothing").status == 404
    for _ in range(2):
        revoke_oauth_client(actor=actor, client_id=issued.client_id, at=AT)
    assert zuora.get("/v1/nothing").status == 401
    assert draw(issued).status == 401
    assert [each.revoked_at for each in oauth_clients(actor=actor)] == [AT]


def test_i11_the_database_has_only_digests(actor: Actor, superuser: psycopg.Connection):
    issued = program(actor)
    token = draw(issued)["access_token"]
    rows = superuser.execute(
        "SELECT to_jsonb(c)::text || to_jsonb(t)::text FROM oauth_client AS c, oauth_token AS t, audit_entry AS a"
        " WHERE t.client_id = c.id"
    ).fetchall()
    assert rows
    assert not [row for row in rows if token in row[0] or issued.client_secret in row[0]]
    audited = superuser.execute("SELECT to_jsonb(a)::text FROM audit_entry AS a").fetchall()
    assert not [row for row in audited if token in row[0] or issued.client_secret in row[0]]


def test_the_old_ways_to_send_an_id_and_a_secret_are_taken(actor: Actor):
    import base64  # noqa: PLC0415 - only here

    issued = program(actor)
    basic = base64.b64encode(f"{issued.client_id}:{issued.client_secret}".encode()).decode()
    keys = {"apiAccessKeyId": issued.client_id, "apiSecretAccessKey": issued.client_secret, "Authorization": ""}
    nobody = Zuora(token="", actor=actor)
    assert nobody.get("/v1/nothing", headers={"Authorization": f"Basic {basic}"}).status == 404
    assert nobody.get("/v1/nothing", headers=keys).status == 404
    assert nobody.get("/v1/nothing", headers={**keys, "apiSecretAccessKey": "wrong"}).status == 401
    assert nobody.get("/v1/nothing", headers={"Authorization": "Basic ===="}).status == 401


def test_programs_are_given_and_taken_by_admins_only(actor: Actor, new_actor: Callable[..., Actor]):
    clerk = replace(actor, role="preparer")
    with pytest.raises(Refused, match="role_must_allow_it"):
        program(clerk)
    issued = program(actor)
    with pytest.raises(Refused, match="role_must_allow_it"):
        revoke_oauth_client(actor=clerk, client_id=issued.client_id, at=AT)
    with pytest.raises(Refused, match="token_must_be_known"):
        revoke_oauth_client(actor=new_actor(), client_id=issued.client_id, at=AT)
    assert [(each.name, each.role, each.revoked_at) for each in oauth_clients(actor=actor)] == [
        ("Billing", "preparer", None)
    ]
    assert draw(issued).status == 200


@pytest.mark.parametrize("name", ["", "a\0b", "a" * 501])
def test_a_program_has_a_name(actor: Actor, name: str):
    with pytest.raises(Refused, match="text_must_be_plain"):
        create_oauth_client(actor=actor, name=name, role="viewer", at=AT)
    assert oauth_clients(actor=actor) == []
