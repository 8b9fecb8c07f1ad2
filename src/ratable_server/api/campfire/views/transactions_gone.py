"""What goes of revenue when somebody deletes what it is of: its ids are kept, for lists of what was deleted."""

from __future__ import annotations

from collections.abc import Callable

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.transactions import NOTE
from ratable_server.clock import now_at
from ratable_server.operations.alone import change_together
from ratable_server.operations.register import keep_entry
from ratable_server.queries.revenue_gone import GONE, drafted_revenue


def delete_with_revenue(actor: Actor, contract: str, delete: Callable[[], None]) -> None:
    """Delete something of a contract, by its code, and keep which of its revenue is not there any more: both or nothing."""
    change_together(actor=actor, change=lambda: _delete(actor, contract, delete))


def _delete(actor: Actor, contract: str, delete: Callable[[], None]) -> None:
    at = now_at()
    before = drafted_revenue(actor=actor, contract=contract, on=at.date())
    delete()
    after = drafted_revenue(actor=actor, contract=contract, on=at.date())
    for id in sorted(before.keys() - after.keys()):
        further = {"is_gone": True, "id": id, GONE: before[id], "gone_at": at.isoformat()}
        keep_entry(actor=actor, kind=NOTE, code=f"gone/{id}", further=further, at=at)
