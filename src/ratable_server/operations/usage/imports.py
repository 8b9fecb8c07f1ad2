"""The row of an import: opened before a file is read, completed with its usage, or failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import UsageImport, UsageRejection
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of

_LOCK = "(hashtext('usage_import'), (%s %% 2147483647)::integer)"
UNREADABLE = "file_must_be_readable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An import that has its row, or will have it with its usage: `is_kept` says which.

    `now` tells the moment to whoever settles it: a file that is read for long is known to the books when that is done.
    """

    actor: Actor
    at: datetime
    import_id: int
    file_name: str
    sha256: str
    is_partial: bool
    is_kept: bool = True
    content_bytes: int = 0
    now: Callable[[], datetime] | None = None

    def settled(self) -> Begun:
        """The same at the moment at which the books learn of its usage; never before it began."""
        return self if self.now is None else replace(self, at=max(self.at, self.now()))

    @property
    def code(self) -> str:
        """The public id."""
        return f"import-{self.import_id}"

    def row(self) -> UsageImport:
        """The row of the import, as it is before anything is known."""
        return UsageImport(
            id=self.import_id,
            tenant_id=self.actor.tenant_id,
            code=self.code,
            recorded_at=self.at,
            recorded_by=self.actor.name,
            request_id=self.actor.request_id,
            file_name=self.file_name,
            sha256=self.sha256,
            is_partial=self.is_partial,
            is_turn=self.actor.is_turn,
            content_bytes=self.content_bytes,
        )


def next_import_id() -> int:
    """The id of a new import: its code, and the ids of rows without one, are made of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('usage_import', 'id'))")
        return int(cursor.fetchone()[0])


@retried
def begin(begun: Begun) -> None:
    """Write the row of a pending import; a close waits for it to end."""
    with books_of(begun.actor):
        begun.row().save(force_insert=True)


@retried
def fail_unread(begun: Begun, detail: str) -> None:
    """An import of a file that cannot be read has failed; the reason stays readable as its one rejection."""
    with books_of(begun.actor):
        rows_of(begun.actor, UsageImport).filter(id=begun.import_id).update(status="failed")
        UsageRejection(
            tenant_id=begun.actor.tenant_id,
            usage_import_id=begun.import_id,
            row=0,
            code=UNREADABLE,
            value=detail,
            is_blocking=False,
        ).save(force_insert=True)
        record_failure(begun.actor, begun.code, {"code": UNREADABLE, "detail": detail}, at=begun.at)


@retried
def record_progress(begun: Begun, *, read_bytes: int, read_rows: int) -> None:
    """Tell how much of a file was read, and how many rows that were, for whoever asks while it is."""
    with books_of(begun.actor):
        rows_of(begun.actor, UsageImport).filter(id=begun.import_id).update(read_bytes=read_bytes, read_rows=read_rows)


def record_failure(actor: Actor, code: str, after: dict[str, object], *, at: datetime) -> None:
    """Tell the audit that an import added nothing."""
    record_change(actor, Change("fail_import", "usage_import", code, after=after), at=at)


@contextmanager
def at_work(import_id: int) -> Iterator[None]:
    """Show that somebody works on an import; the sign goes with the connection, however that ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock{_LOCK}", [import_id])
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock{_LOCK}", [import_id])


def is_nobody_at_work(import_id: int) -> bool:
    """Whether nobody works on an import; true keeps others away from it to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock{_LOCK}", [import_id])
        return bool(cursor.fetchone()[0])
