"""Setting up the books: from nothing to a migrated database with a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connections

from ratable_server.errors import Refused
from ratable_server.operations.tenants import found_tenant, tenant_id
from ratable_server.store import embedded, places, setting_up


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """What `set_up_books` found and did."""

    place: str
    is_new_database: bool
    migrations: tuple[str, ...]
    tenant: str
    is_new_tenant: bool


def set_up_books(*, tenant: str, name: str, timezone: str, request_id: str, at: datetime) -> SetUp:
    """Start or reach the database, migrate it, and found the tenant if there is none of this code. Idempotent.

    Refuses:
        owner_must_be_named, policy_must_be_sound
    """
    if places.is_embedded():
        embedded.refuse_unfit_path(places.cluster())  # before anything is written there
    setting_up.keep_secret_key()
    is_new_database = False
    if places.is_embedded():
        embedded.start()
        is_new_database = setting_up.create_embedded_database()
    migrations = setting_up.migrate() if setting_up.has_owner() else setting_up.pending_migrations()
    if migrations and not setting_up.has_owner():
        raise Refused("owner_must_be_named", field="RATABLE_DATABASE_OWNER_URL", detail=", ".join(migrations))
    is_new_tenant = tenant_id(tenant) is None
    if is_new_tenant:
        try:
            found_tenant(code=tenant, name=name, timezone=timezone, request_id=request_id, at=at)
        except Refused as refused:
            if refused.code != "tenant_code_must_be_unused":
                raise
            is_new_tenant = False  # another process has just founded it
    return SetUp(
        place=str(places.cluster()) if places.is_embedded() else str(connections["default"].settings_dict["HOST"]),
        is_new_database=is_new_database,
        migrations=tuple(migrations),
        tenant=tenant,
        is_new_tenant=is_new_tenant,
    )
