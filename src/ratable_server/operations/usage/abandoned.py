"""Imports whose process died: nothing of them is in the books, and a close need not wait for them."""

from __future__ import annotations

from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.operations.usage.imports import is_nobody_at_work, record_failure
from ratable_server.store.models import UsageImport
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of


@retried
def fail_abandoned_imports(*, actor: Actor, at: datetime) -> int:
    """Mark the pending imports that nobody works on as failed; give how many there were. Idempotent.

    An import writes all its usage in one transaction at its end, so an abandoned one has written none.
    """
    with books_of(actor):
        pending = rows_of(actor, UsageImport).filter(status="pending").values_list("id", "code")
        abandoned = [(row_id, code) for row_id, code in pending if is_nobody_at_work(row_id)]
        for row_id, code in abandoned:
            rows_of(actor, UsageImport).filter(id=row_id, status="pending").update(status="failed")
            record_failure(actor, code, {"reason": "its process ended before it did"}, at=at)
    return len(abandoned)
