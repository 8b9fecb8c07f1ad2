"""The only road to a row: a transaction for one tenant, and rows of that tenant.

Owns the setting that row-level security reads. Outside `books_of` the database shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from ratable.errors import InvariantError
from ratable_server.actor import Actor
from ratable_server.store.models.rows import Told
from ratable_server.store.transport import reading_beside

Row = TypeVar("Row", bound=Model)

_open_books: ContextVar[int | None] = ContextVar("open_books", default=None)


@contextmanager
def books_of(actor: Actor, *, as_snapshot: bool = False) -> Iterator[None]:
    """One transaction in the books of the actor's tenant; inside another one of the same tenant, a part of it.

    With `as_snapshot` all reads see one moment, nothing can be written, and nobody waits.

    Raises:
        InvariantError: the books of another tenant are open, or a snapshot is asked for in the middle of a transaction.
    """
    opened = _open_books.get()
    if opened not in {None, actor.tenant_id}:
        raise InvariantError(f"books of tenant {opened} are open, asked for those of {actor.tenant_id}")
    if as_snapshot and connection.in_atomic_block:
        raise InvariantError("a snapshot begins with its transaction")
    with transaction.atomic():
        if as_snapshot:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        enter_tenant(actor.tenant_id)
        token = _open_books.set(actor.tenant_id)
        try:
            with reading_beside(actor.tenant_id) if as_snapshot else nullcontext():
                yield
        finally:
            _open_books.reset(token)


@contextmanager
def moment_of(actor: Actor) -> Iterator[None]:
    """All reads see one moment of the books; inside a transaction that is open they see what it has done so far."""
    with books_of(actor, as_snapshot=not connection.in_atomic_block):
        yield


def enter_tenant(tenant_id: int) -> None:
    """Show the rest of this transaction the rows of a tenant."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ratable.tenant', %s, true)", [str(tenant_id)])


def rows_of(actor: Actor, model: type[Row], *, with_deleted: bool = False) -> QuerySet[Row]:
    """The rows of the actor's tenant; of `Tenant` its own row. What was deleted is left out, unless it is asked for.

    Raises:
        InvariantError: its books are not open; the database would show nothing.
    """
    if _open_books.get() != actor.tenant_id:
        raise InvariantError(f"rows of {model._meta.db_table} outside books_of(actor)")
    column = "id" if model._meta.model_name == "tenant" else "tenant_id"
    rows = model._default_manager.filter(**{column: actor.tenant_id})
    return rows.filter(deleted_at=None) if issubclass(model, Told) and not with_deleted else rows
