"""What a database tells about itself: settings, roles, rights, guards."""

from __future__ import annotations

import shutil
from typing import Any

from django.db import connection

from ratable_server.store import places, setting_up

_CHANGES = {"append_only": ("UPDATE", "DELETE", "TRUNCATE"), "kept": ("DELETE", "TRUNCATE"), "free": ("TRUNCATE",)}


def setting(name: str) -> str:
    """A setting of this connection."""
    return str(_one("SELECT current_setting(%s)", name)[0])


def server_version() -> int:
    """The major version."""
    return int(setting("server_version_num")) // 10_000


def powers_of_the_role() -> list[str]:
    """What the application role may do and must not: each would show it rows of other tenants."""
    is_super, bypasses = _one("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    (owns,) = _one("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND pg_has_role(tableowner, 'USAGE')")
    powers = {"is a superuser": is_super, "bypasses row-level security": bypasses, "owns tables": owns}
    return [power for power, is_there in powers.items() if is_there]


def tables_without_guard() -> list[str]:
    """Tables of the books on which row-level security is not forced."""
    tables = [model._meta.db_table for model in setting_up.books()]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND relname = ANY(%s) AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname""",
            [tables],
        )
        return [str(row[0]) for row in cursor.fetchall()]


def rights_beyond_the_guards() -> list[str]:
    """Rights of the application role to change what must not be changed."""
    beyond = [
        (model._meta.db_table, right)
        for model in setting_up.books()
        for right in _CHANGES[getattr(model, "guard")]  # noqa: B009 - a model's own attribute, which Model has not
    ]
    return [
        f"{right} on {table}"
        for table, right in beyond
        if _one("SELECT has_table_privilege(%s, %s)", connection.ops.quote_name(table), right)[0]
    ]


def free_bytes() -> int | None:
    """Room left for the embedded database; None for a server, whose disk is not seen from here."""
    return shutil.disk_usage(places.cluster()).free if places.is_embedded() else None


def socket_mode() -> int | None:
    """Rights on the folder of the embedded server's socket."""
    return places.cluster().stat().st_mode & 0o777 if places.is_embedded() else None


def _one(query: str, *values: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()
