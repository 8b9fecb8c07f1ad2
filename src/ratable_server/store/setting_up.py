"""Making the books: roles and database of the embedded server, migrations, rights of the application role.

Everything here may be done again and changes nothing then.
"""

from __future__ import annotations

import os
import secrets

import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from psycopg import sql

from ratable_server.store import places

_KEY_BYTES = 48
_TURN_SECONDS = 120
_EMBEDDED_SETTINGS = {"log_timezone": "UTC", "max_wal_size": "4GB"}  # room for an import between two checkpoints
_FUNCTIONS = (  # act as the owner
    "ratable_tenant_id(text)", "ratable_token(text)", "ratable_prepare_month(date)", "ratable_due_tenants(timestamptz)",
    "ratable_oauth_client(text, text)", "ratable_oauth_token(text, timestamptz)", "ratable_filing_tenants()",
    "ratable_forgetting_tenants(timestamptz)", "ratable_tenants()",
)  # fmt: skip
_RIGHTS = {
    "append_only": "SELECT, INSERT",
    "kept": "SELECT, INSERT, UPDATE",
    "free": "SELECT, INSERT, UPDATE, DELETE",
}


def books() -> list[type[Model]]:
    """All models of the books."""
    return list(apps.get_app_config("store").get_models())


def create_embedded_database() -> bool:
    """Roles and database in the embedded cluster; False if they were there."""
    with psycopg.connect(
        dbname="postgres", user=places.SUPERUSER, host=str(places.cluster()), port=5432, autocommit=True
    ) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('ratable set-up'))")  # until the connection ends
        for role in (places.OWNER, places.APPLICATION):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                attributes = "LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS"
                connection.execute(sql.SQL("CREATE ROLE {} " + attributes).format(sql.Identifier(role)))
        for name, value in _EMBEDDED_SETTINGS.items():
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        connection.execute("SELECT pg_reload_conf()")
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [places.DATABASE]).fetchone():
            return False
        connection.execute(
            sql.SQL(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
                " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            ).format(sql.Identifier(places.DATABASE), sql.Identifier(places.OWNER))
        )
        return True


def has_owner() -> bool:
    """Is a connection of the owner named?"""
    return "owner" in connections.settings


def pending_migrations() -> list[str]:
    """Names of migrations that the database has not seen; all of them where it is empty."""
    executor = MigrationExecutor(connections["owner" if has_owner() else "default"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate() -> list[str]:
    """Apply the pending migrations as the owner, and give the application role its rights; one process at a time."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{_TURN_SECONDS}s'")  # on a slow machine the first one takes its time
        cursor.execute("SELECT pg_advisory_lock(hashtext('ratable set-up'))")
        cursor.execute("RESET lock_timeout")
        try:
            pending = pending_migrations()
            call_command("migrate", database="owner", verbosity=0, interactive=False)
            give_rights()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('ratable set-up'))")
    return pending


def give_rights() -> None:
    """The rights of the application role, by the guard of each table; what it had beyond them is taken away."""
    application = connections["default"].settings_dict["USER"]
    owner = connections["owner"]
    quote = owner.ops.quote_name
    role = quote(application)
    with transaction.atomic(using="owner"), owner.cursor() as cursor:  # nobody is without rights in between
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
        for model in books():
            rights = _RIGHTS[getattr(model, "guard")]  # noqa: B009 - a model's own attribute, which Model has not
            cursor.execute(f"GRANT {rights} ON {quote(model._meta.db_table)} TO {role}")
        cursor.execute(f"GRANT SELECT ON django_migrations TO {role}")
        cursor.execute(f"GRANT EXECUTE ON FUNCTION {', '.join(_FUNCTIONS)} TO {role}")


def keep_secret_key() -> None:
    """Draw the secret key once and keep it where only this user reads it."""
    file = places.secret_key_file()
    if os.environ.get("RATABLE_SECRET_KEY") or file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(secrets.token_urlsafe(_KEY_BYTES))
