"""Commands around programs that draw their tokens themselves: `ratable oauth-client create|list|revoke`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, cast

import typer

from ratable_server.cli.answering import Json, answer, answer_rows, told
from ratable_server.cli.serving import ROLE_OF, AsRole
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

Name = Annotated[str, typer.Option("--name", help="As whom the program acts; the audit says so.")]
Entities = Annotated[
    list[str] | None, typer.Option("--entity", help="Code of an entity that it may name; again for more. None: any.")
]
AsLocale = Annotated[
    str, typer.Option("--locale", help="How its files write days: en_US is 12/31/2026, en_GB and en_AU are 31/12/2026.")
]
ClientId = Annotated[
    str, typer.Argument(metavar="CLIENT_ID", help="The client id, as `ratable oauth-client list` shows it.")
]

_LOCALES = ("en_US", "en_GB", "en_AU")


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    clients = typer.Typer(help="Programs that draw tokens at /oauth/token.", no_args_is_help=True)
    clients.command("create")(told(create))
    clients.command("list")(told(listed))
    clients.command("revoke")(told(revoke))
    app.add_typer(clients, name="oauth-client")


def create(
    *,
    name: Name,
    role: AsRole = "preparer",
    entity: Entities = None,
    locale: AsLocale = "en_US",
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = True,  # noqa: ARG001 - a program is told in JSON only, and may ask for it as everywhere
) -> None:
    """Give out a client id and a secret, as JSON: the secret is shown once, and only its digest is kept."""
    if role not in ROLE_OF:
        raise typer.BadParameter(f"{role!r} is none of {', '.join(ROLE_OF)}")
    if locale not in _LOCALES:
        raise typer.BadParameter(f"{locale!r} is none of {', '.join(_LOCALES)}")
    actor = open_books(tenant)
    from ratable_server.actor import Role
    from ratable_server.clock import now_at
    from ratable_server.operations.oauth_clients import Locale, create_oauth_client

    issued = create_oauth_client(
        actor=actor,
        name=name,
        role=cast("Role", ROLE_OF[role]),
        entities=tuple(entity or ()),
        locale=cast("Locale", locale),
        at=now_at(),
    )
    answer(asdict(issued), [], as_json=True)


def listed(*, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Show the programs that may draw tokens, or might once."""
    actor = open_books(tenant)
    from ratable_server.queries.oauth_clients import oauth_clients

    rows = [asdict(client) for client in oauth_clients(actor=actor)]
    answer_rows(rows, ["client_id", "name", "role", "recorded_at", "revoked_at"], as_json=as_json)


def revoke(*, client_id: ClientId, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Take a program's right back: servers that run refuse its secret and its tokens within half a second."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.oauth_clients import revoke_oauth_client

    revoke_oauth_client(actor=actor, client_id=client_id, at=now_at())
    answer({"client_id": client_id}, [f"revoked: client {client_id}"], as_json=as_json)
