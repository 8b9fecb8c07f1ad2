"""Tenants: whose books there are."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db import IntegrityError, connection

from ratable.terms import Policy
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.timezones import timezones
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import PolicyVersion, Tenant
from ratable_server.store.numbers import next_fact_number
from ratable_server.store.scope import books_of


def found_tenant(*, code: str, name: str, timezone: str = "UTC", request_id: str, at: datetime) -> Actor:
    """Open books for a new tenant, under the default policy; give its first actor, an admin.

    Refuses:
        tenant_code_must_be_unused, policy_must_be_sound (an unknown time zone)
    """
    if timezone not in timezones():
        raise Refused("policy_must_be_sound", field="timezone", detail=f"{timezone!r} is not a time zone")
    actor = Actor(tenant_id=_next_id(), name="setup", role="admin", request_id=request_id)
    try:
        with books_of(actor):
            _found(actor, code=code, name=name, timezone=timezone, at=at)
    except IntegrityError as error:
        if tenant_id(code) is None:
            raise
        raise Refused("tenant_code_must_be_unused", field="code", detail=code) from error
    return actor


def tenant_id(code: str) -> int | None:
    """The id of a tenant; asked before any is entered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ratable_tenant_id(%s)", [code])
        (found,) = cursor.fetchone()
    return found if found is None else int(found)


def tenant_ids() -> list[int]:
    """Every tenant; asked before any is entered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM ratable_tenants() ORDER BY 1")
        return [tenant for (tenant,) in cursor.fetchall()]


def _next_id() -> int:
    """Row-level security wants to know the tenant before its row is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('tenant', 'id'))")
        (number,) = cursor.fetchone()
    return int(number)


def _found(actor: Actor, *, code: str, name: str, timezone: str, at: datetime) -> None:
    Tenant(id=actor.tenant_id, code=code, name=name, timezone=timezone, recorded_at=at).save(force_insert=True)
    policy = asdict(Policy())
    PolicyVersion(
        tenant_id=actor.tenant_id,
        number=next_fact_number(actor),
        recorded_at=at,
        recorded_by=actor.name,
        request_id=actor.request_id,
        **policy,
    ).save(force_insert=True)
    after = {"name": name, "timezone": timezone, "policy": policy}
    record_change(actor, Change("found_tenant", "tenant", code, after=after), at=at)
