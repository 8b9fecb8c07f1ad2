"""No tenant sees, changes or points to a row of another, whoever asks the database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from ratable.errors import InvariantError
from ratable_server.actor import Actor
from ratable_server.store.models import Customer, Tenant
from ratable_server.store.scope import books_of, rows_of


def test_row_of_another_tenant_is_invisible(new_actor: Callable[..., Actor]):
    ours, theirs = new_actor(), new_actor()
    with books_of(ours):
        Customer(tenant_id=ours.tenant_id, code="acme", name="Acme").save()
    with books_of(theirs):
        assert rows_of(theirs, Customer).count() == 0
        assert Customer._default_manager.count() == 0
    with books_of(ours):
        assert [row.name for row in rows_of(ours, Customer)] == ["Acme"]


def test_nothing_is_visible_without_a_tenant(actor: Actor):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenant")
        assert cursor.fetchone() == (0,)
    with pytest.raises(InvariantError, match="outside books_of"):
        rows_of(actor, Tenant)
