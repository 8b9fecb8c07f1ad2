"""Who works on something that has a row but no transaction of its own: an import, a run.

Owns the sign: a lock of the connection. It goes with the connection, however that ends, so that a process that was
killed leaves nothing behind that looks as if it went on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_LOCK = "(hashtext(%s), (%s %% 2147483647)::integer)"


@contextmanager
def at_work(kind: str, row_id: int) -> Iterator[None]:
    """Show that this process works on a row."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock{_LOCK}", [kind, row_id])
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock{_LOCK}", [kind, row_id])


def is_nobody_at_work(kind: str, row_id: int) -> bool:
    """Whether nobody works on a row; true keeps others away from it to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock{_LOCK}", [kind, row_id])
        return bool(cursor.fetchone()[0])
