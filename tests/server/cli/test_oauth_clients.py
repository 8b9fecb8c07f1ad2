"""Programs that draw their tokens themselves, on the command line: `ratable oauth-client create|list|revoke`."""

from __future__ import annotations

import json

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.register import keep_entry
from ratable_server.queries.oauth_clients import oauth_clients, program_of_secret
from tests.server.cli.asking import DONE, MALFORMED, REFUSED, Command
from tests.server.conftest import AT


def test_a_program_gets_its_id_and_secret_as_json(actor: Actor):
    keep_entry(actor=actor, kind="entity", code="uk", further={"name": "UK"}, at=AT)
    told = Command(actor)("oauth-client", "create", "--name", "Billing", "--role", "clerk", "--entity", "uk")
    assert told.exit_code == DONE, told.output
    issued = json.loads(told.stdout)
    assert set(issued) == {"client_id", "client_secret", "name", "role", "entities"}
    found = program_of_secret(client_id=issued["client_id"], client_secret=issued["client_secret"], request_id="r-1")
    assert found is not None
    assert found.actor == Actor(tenant_id=actor.tenant_id, name="Billing", role="preparer", request_id="r-1")
    assert list(found.entities) == issued["entities"]
    assert len(issued["entities"]) == 1


def test_programs_are_listed_without_secrets_and_taken_back(actor: Actor):
    ratable = Command(actor)
    issued = ratable.json("oauth-client", "create", "--name", "Billing")
    (listed,) = ratable.json("oauth-client", "list")
    assert (listed["client_id"], listed["name"], listed["role"]) == (issued["client_id"], "Billing", "preparer")
    assert issued["client_secret"] not in ratable("oauth-client", "list").output
    assert ratable("oauth-client", "revoke", issued["client_id"]).exit_code == DONE
    secret = {"client_id": issued["client_id"], "client_secret": issued["client_secret"]}
    assert program_of_secret(**secret, request_id="r-1") is None


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("create", "--name", "Billing", "--role", "king"), MALFORMED),
        (("create", "--name", " "), REFUSED),
        (("create", "--name", "Billing", "--entity", "nowhere"), REFUSED),
        (("revoke", "00000000-0000-4000-8000-000000000000"), REFUSED),
    ],
)
def test_what_cannot_be_is_refused_and_gives_out_nothing(actor: Actor, arguments: tuple[str, ...], status: int):
    assert Command(actor)("oauth-client", *arguments).exit_code == status
    assert oauth_clients(actor=actor) == []
