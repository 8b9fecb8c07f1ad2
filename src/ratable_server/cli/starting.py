"""What a command needs before it can ask: settings, a running database, somebody who asks."""

from __future__ import annotations

import os
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ratable_server.actor import Actor

DEFAULT_TENANT = "main"
REQUEST_ID = "RATABLE_REQUEST_ID"  # in the environment: what the audit calls this request
_MOST_LETTERS = 500

Tenant = Annotated[str, typer.Option("--tenant", envvar="RATABLE_TENANT", help="Whose books.")]


def prepare() -> None:
    """Read the settings; touches no database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ratable_server.config.settings")
    import django

    django.setup()


def open_books(tenant: str) -> Actor:
    """Start the embedded server if it is the one in use; give the actor of this command, an admin of the tenant.

    Who can run commands on this machine as this user owns the books anyway, so there are no roles here.

    Refuses:
        tenant_must_be_known
    """
    prepare()
    from ratable_server.actor import Actor
    from ratable_server.errors import Refused
    from ratable_server.operations.embedded import start_embedded_server
    from ratable_server.operations.tenants import tenant_id

    start_embedded_server()
    found = tenant_id(tenant)
    if found is None:
        raise Refused("tenant_must_be_known", field="--tenant", detail=f"{tenant}; `ratable init` founds it")
    return Actor(tenant_id=found, name=user_name(), role="admin", request_id=new_request_id())


def user_name() -> str:
    """Who runs the command, as the audit will say: the user that the system runs it as, whatever the environment says."""
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without a name, as in some containers
        return f"uid-{os.getuid()}"


def new_request_id() -> str:
    """One command is one request, unless who calls it says which request it is a part of.

    Refuses:
        text_must_be_plain
    """
    from ratable_server.errors import Refused

    said = os.environ.get(REQUEST_ID, "")
    if not said.isprintable() or len(said) > _MOST_LETTERS:
        raise Refused("text_must_be_plain", field=REQUEST_ID, detail=f"{said[:100]!r}")
    return said or f"cli-{secrets.token_hex(8)}"
