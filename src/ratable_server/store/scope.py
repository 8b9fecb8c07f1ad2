"""The only road to a row: a transaction for one tenant, and rows of that tenant.

Owns the setting that row-level security reads. Outside `books_of` the database shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from ratable.errors import InvariantError
from ratable_server.actor import Actor
from ratable_server.store.models.rows import Told
from ratable_server.store.prepared import PLANS_AS_BEFORE, PLANS_ONCE, Asked, Rows, rows_of_each
from ratable_server.store.transport import reading_beside
from ratable_server.store.trips import Prepared, Texts, Value, ask, first_texts, is_transaction_open, live_connection

Row = TypeVar("Row", bound=Model)

_SNAPSHOT = "ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_ENTER = "SELECT set_config('ratable.tenant', '{}', true)"  # until the end of the transaction

_open_books: ContextVar[int | None] = ContextVar("open_books", default=None)


@contextmanager
def books_of(actor: Actor, *, as_snapshot: bool = False, first: Sequence[Asked] = ()) -> Iterator[list[Rows]]:
    """One transaction in the books of the actor's tenant; inside another one of the same tenant, a part of it.

    With `as_snapshot` all reads see one moment, nothing can be written, and nobody waits. The rows of statements that are
    asked `first`, in the trip that opens the books, are given.

    Raises:
        InvariantError: the books of another tenant are open, or a snapshot is asked for in the middle of a transaction.
    """
    opened = _open_books.get()
    if opened not in {None, actor.tenant_id}:
        raise InvariantError(f"books of tenant {opened} are open, asked for those of {actor.tenant_id}")
    if as_snapshot and connection.in_atomic_block:
        raise InvariantError("a snapshot begins with its transaction")
    live_connection()
    with transaction.atomic():
        entering = _entering(actor, mode=_SNAPSHOT if as_snapshot else "") if opened is None else ""
        found = rows_of_each(*first, opening=entering) if first else []
        if entering and not first:
            ask(entering)
        token = _open_books.set(actor.tenant_id)
        try:
            with reading_beside(actor.tenant_id) if as_snapshot else nullcontext():
                yield found
        finally:
            _open_books.reset(token)


@contextmanager
def moment_of(actor: Actor) -> Iterator[None]:
    """All reads see one moment of the books; inside a transaction that is open they see what it has done so far."""
    with books_of(actor, as_snapshot=not connection.in_atomic_block):
        yield


def rows_of_each_in(actor: Actor, *asked: Asked) -> list[Rows]:
    """The rows of statements that only read, in the books of the actor's tenant; in one trip where no transaction is open."""
    if live_connection().in_atomic_block:
        with books_of(actor, first=asked) as found:
            return found
    return rows_of_each(*asked, opening=_ENTER.format(int(actor.tenant_id)))


def first_texts_of(actor: Actor, statement: Prepared, values: Sequence[Value]) -> Texts | None:
    """The first row of a statement that only reads, each field as the database writes it; None: there is none.

    In the books of the actor's tenant, in one trip as above, and planned once as `prepared` does.
    """
    if live_connection().in_atomic_block:
        with books_of(actor):
            ask(PLANS_ONCE)
            found = first_texts(statement, values)
            ask(PLANS_AS_BEFORE)
            return found
    return first_texts(statement, values, opening=f"{_ENTER.format(int(actor.tenant_id))}; {PLANS_ONCE}; ")


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


def _entering(actor: Actor, *, mode: str = "") -> str:
    """What shows the rest of this transaction the rows of a tenant; one that has yet to begin does so, in this mode."""
    begin = "" if is_transaction_open() else f"BEGIN {mode}; "
    return f"{begin}{_ENTER.format(int(actor.tenant_id))}"
