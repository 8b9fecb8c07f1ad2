"""The commands of the books: `ratable init`, `doctor`, `stop`, `verify`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from ratable_server.cli import (
    agreeing,
    amending,
    closing,
    deciding,
    explaining,
    exporting,
    filing,
    ingesting,
    oauth_clients,
    reporting,
    serving,
    working,
)
from ratable_server.cli.answering import DONE, REFUSED, Json, answer, answer_rows, told
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, new_request_id, open_books, prepare

Name = Annotated[str, typer.Option("--name", help="Name of the tenant, if it is new.")]
Timezone = Annotated[str, typer.Option("--timezone", help="Its time zone, if it is new: decides the day of a usage.")]
Seal = Annotated[
    bool,
    typer.Option(
        "--seal", help="First seal the entries of the audit that can be: each with a hash over all before it."
    ),
]


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (init, doctor, stop, verify):
        app.command()(told(command))
    agreeing.join(app)
    deciding.join(app)
    filing.join(app)
    amending.join(app)
    ingesting.join(app)
    closing.join(app)
    reporting.join(app)
    explaining.join(app)
    serving.join(app)
    oauth_clients.join(app)
    working.join(app)
    exporting.join(app)


def init(
    *, tenant: Tenant = DEFAULT_TENANT, name: Name = "", timezone: Timezone = "UTC", as_json: Json = False
) -> None:
    """Make books: start the database, make or migrate its tables, found the tenant. What is there already stays as it is."""
    prepare()
    from ratable_server.clock import now_at
    from ratable_server.operations.setup import set_up_books

    done = set_up_books(tenant=tenant, name=name or tenant, timezone=timezone, request_id=new_request_id(), at=now_at())
    lines = [
        f"database  {'made' if done.is_new_database else 'there'}: {done.place}",
        f"tables    {len(done.migrations)} migrations applied",
        f"tenant    {'founded' if done.is_new_tenant else 'there'}: {done.tenant}",
    ]
    answer(asdict(done), lines, as_json=as_json)


def doctor(*, as_json: Json = False) -> None:
    """Look at the database and say how to mend what is wrong. Exit status: 0 all fine, 1 something is not."""
    prepare()
    from ratable_server.operations.embedded import EmbeddedServerError, wake_embedded_server
    from ratable_server.queries.health import health

    with suppress(EmbeddedServerError):  # found again, and told, by the first look
        wake_embedded_server()
    findings = health()
    answer_rows([asdict(finding) for finding in findings], ["check", "is_fine", "detail", "mend"], as_json=as_json)
    raise typer.Exit(DONE if all(finding.is_fine for finding in findings) else REFUSED)


def stop(*, as_json: Json = False) -> None:
    """Stop the embedded database."""
    prepare()
    from ratable_server.operations.embedded import stop_embedded_server

    stopped = stop_embedded_server()
    answer({"stopped": stopped}, ["stopped" if stopped else "it did not run"], as_json=as_json)


def verify(*, tenant: Tenant = DEFAULT_TENANT, seal: Seal = False, as_json: Json = False) -> None:
    """Recompute chains, hashes and identities. Exit status: 0 sound, 1 a row does not fit; the first one is named."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.audit import seal_audit
    from ratable_server.queries.verification import verification

    if seal:
        seal_audit(actor, at=now_at())
    checks = [asdict(check) for check in verification(actor)]
    answer_rows(checks, ["check", "is_sound", "rows", "detail", "first_bad_row"], as_json=as_json)
    raise typer.Exit(DONE if all(check["is_sound"] for check in checks) else REFUSED)
