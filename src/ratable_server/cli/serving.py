"""Commands around the API: `ratable serve`, `token create|list|revoke`, `schema`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ratable_server.cli.answering import UNAVAILABLE, Json, answer, answer_rows, told
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books, prepare

if TYPE_CHECKING:
    from ratable_server.cli.web_server import Listening

Host = Annotated[str, typer.Option("--host", help="The address to listen on.")]
Port = Annotated[
    int,
    typer.Option(
        "--port", min=0, max=65_535, help="The port to listen on; 0: any that is free. The first line tells it."
    ),
]
Threads = Annotated[int, typer.Option("--threads", min=1, help="How many requests are worked on at once.")]
NoWorker = Annotated[bool, typer.Option("--no-worker", help="Leave webhooks and files of usage to `ratable work`.")]
Email = Annotated[str, typer.Option("--email", help="As whom the program acts; the audit says so.")]
AsRole = Annotated[
    str, typer.Option("--role", help="admin, approver, preparer (or clerk), viewer: each may do what the next one may.")
]
TokenId = Annotated[
    int, typer.Argument(metavar="TOKEN_ID", help="The number of the token, as `ratable token list` shows it.")
]
Api = Annotated[str, typer.Option("--api", help="Which API: campfire, native or zuora.")]
Out = Annotated[Path | None, typer.Option("--out", help="The file to write; without it, the document is printed.")]

ROLE_OF = {role: role for role in ("viewer", "preparer", "approver", "admin")} | {"clerk": "preparer"}


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(told(serve))
    app.command()(told(schema))
    tokens = typer.Typer(help="Tokens by which programs prove who they are.", no_args_is_help=True)
    tokens.command("create")(told(create))
    tokens.command("list")(told(listed))
    tokens.command("revoke")(told(revoke))
    app.add_typer(tokens, name="token")


def serve(*, host: Host = "127.0.0.1", port: Port = 8000, threads: Threads = 8, no_worker: NoWorker = False) -> None:
    """Answer the APIs over HTTP until it is stopped; what is being worked on then is finished."""
    prepare()
    from ratable_server.cli.web_server import end_process, run
    from ratable_server.cli.working import Worker
    from ratable_server.operations.embedded import start_embedded_server

    start_embedded_server()
    listening = _listening(host=host, port=port, threads=threads)
    worker = None if no_worker else Worker()
    if worker is not None:
        worker.start()
    run(listening, begun=lambda: _tell_where(host, listening.ports))
    if worker is not None:
        worker.stop()
        worker.join()
    end_process()


def _tell_where(host: str, ports: Sequence[int]) -> None:
    for each in ports:
        typer.echo(f"http://{f'[{host}]' if ':' in host else host}:{each}  (reference: /docs)")


def _listening(*, host: str, port: int, threads: int) -> Listening:
    """The web server, which takes connections; where it cannot, that is told."""
    from ratable_server.cli.web_server import listen

    try:
        return listen(host=host, port=port, threads=threads)
    except OSError as error:
        typer.echo(f"not now: it cannot listen on {host!r}, port {port}: {error.strerror}", err=True)
        raise typer.Exit(UNAVAILABLE) from None


def schema(*, api: Api = "campfire", out: Out = None) -> None:
    """Print the OpenAPI document of an API that is served; a file that ends with .yaml is YAML, else it is JSON."""
    prepare()
    from django.conf import settings
    from django.core.management import call_command

    if api not in settings.API_ROUTES:
        raise typer.BadParameter(f"{api!r} is none of {', '.join(settings.API_ROUTES)}")
    form = "openapi" if out is not None and out.suffix == ".yaml" else "openapi-json"
    file = None if out is None else str(out)
    call_command("spectacular", urlconf=settings.API_ROUTES[api], format=form, file=file)


def create(*, email: Email, role: AsRole = "preparer", tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Give out a token and print it: it is shown once, and only its digest is kept."""
    if role not in ROLE_OF:
        raise typer.BadParameter(f"{role!r} is none of {', '.join(ROLE_OF)}")
    actor = open_books(tenant)
    from typing import cast

    from ratable_server.actor import Role
    from ratable_server.clock import now_at
    from ratable_server.operations.tokens import create_token

    issued = create_token(actor=actor, email=email, role=cast("Role", ROLE_OF[role]), at=now_at())
    answer(asdict(issued), [issued.token], as_json=as_json)


def listed(*, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Show the tokens that were given out, by their first letters."""
    actor = open_books(tenant)
    from ratable_server.queries.tokens import tokens

    rows = [asdict(token) for token in tokens(actor=actor)]
    answer_rows(rows, ["token_id", "hint", "email", "role", "recorded_at", "revoked_at"], as_json=as_json)


def revoke(*, token_id: TokenId, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Take a token back: servers that run refuse requests with it within half a second."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.tokens import revoke_token

    revoke_token(actor=actor, token_id=token_id, at=now_at())
    answer({"token_id": token_id}, [f"revoked: token {token_id}"], as_json=as_json)
