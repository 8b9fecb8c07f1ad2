"""Setting a rejected row aside, so that it no longer keeps a month from closing."""

from __future__ import annotations

from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import UsageRejection
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of


@retried
def resolve_rejection(*, actor: Actor, import_code: str, row: int, reason: str, at: datetime) -> None:
    """Set a rejected row aside for a reason that the audit keeps. The row stays readable and does not come back.

    A row whose id is accepted later is resolved by that, without this.

    Refuses:
        role_must_allow_it, resolution_must_have_a_reason
        code_must_be_known: the import has no such row that is blocking and not resolved
    """
    if not actor.may_act_as("preparer"):
        raise Refused("role_must_allow_it", field="role", detail="a preparer resolves rejections")
    if not reason.strip():
        raise Refused("resolution_must_have_a_reason", field="reason")
    with books_of(actor):
        found = rows_of(actor, UsageRejection).filter(
            usage_import__code=import_code, row=row, is_blocking=True, resolved_at=None
        )
        rejection = found.select_for_update(of=("self",)).first()
        if rejection is None:
            raise Refused("code_must_be_known", field="row", detail=f"{import_code} has no open rejection of row {row}")
        rows_of(actor, UsageRejection).filter(id=rejection.id).update(resolved_at=at, resolved_by=actor.name)
        told = {"code": rejection.code, "event_id": rejection.event_id}
        change = Change("resolve_rejection", "usage_rejection", f"{import_code}.{row}", told, {"reason": reason})
        record_change(actor, change, at=at)
