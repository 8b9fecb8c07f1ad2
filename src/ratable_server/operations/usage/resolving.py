"""Setting a rejected row aside, so that it no longer keeps a month from closing."""

from __future__ import annotations

from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.rejected_usage import RejectedRecord, open_records
from ratable_server.store.models import Run, UsageRejection, UsageSetAside
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of


@retried
def resolve_rejection(*, actor: Actor, import_code: str, row: int, reason: str, at: datetime) -> None:
    """Set a rejected row aside for a reason that the audit keeps. The row stays readable and does not come back.

    A row whose id is accepted later is resolved by that, without this. Usage that was taken when it came and that the
    last draft rejects is set aside in the same way: it stays out of the calculation for as long as it breaks that rule.

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
            _set_aside(actor, _rejected_now(actor, import_code, row), reason=reason, at=at)
            return
        rows_of(actor, UsageRejection).filter(id=rejection.id).update(resolved_at=at, resolved_by=actor.name)
        told = {"code": rejection.code, "event_id": rejection.event_id}
        change = Change("resolve_rejection", "usage_rejection", f"{import_code}.{row}", told, {"reason": reason})
        record_change(actor, change, at=at)


def _rejected_now(actor: Actor, import_code: str, row: int) -> RejectedRecord:
    """What the last draft rejects of a row; nobody else sets it aside meanwhile."""
    for seen in open_records(actor, import_code=import_code, row=row):
        rows_of(actor, Run).select_for_update().get(id=seen.run_id)
        for found in open_records(actor, import_code=import_code, row=row):
            return found
    raise Refused("code_must_be_known", field="row", detail=f"{import_code} has no open rejection of row {row}")


def _set_aside(actor: Actor, record: RejectedRecord, *, reason: str, at: datetime) -> None:
    UsageSetAside(
        tenant_id=actor.tenant_id,
        usage_id=record.usage_id,
        batch=record.batch,
        row=record.row,
        code=record.code,
        reason=reason,
        resolved_at=at,
        resolved_by=actor.name,
        request_id=actor.request_id,
    ).save(force_insert=True)
    told = {"code": record.code, "event_id": record.usage_id, "run": record.run_id}
    subject = f"{record.import_code}.{record.row}"
    change = Change("resolve_rejection", "usage_rejection", subject, told, {"reason": reason})
    record_change(actor, change, at=at)
