"""The audit: one entry for each change, written in the transaction of the change.

Owns the writing of entries. Seals over them are `store.sealing`; which changes there are is up to operations. Webhooks
hear of them by `store.webhooks`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import JSONField, Value

from ratable_server.actor import Actor
from ratable_server.store.models import AuditEntry
from ratable_server.store.webhooks import announce

Fields = dict[str, Any]
_EXACT = JSONField(encoder=DjangoJSONEncoder)  # dates, decimals and ids as text


class Change(NamedTuple):
    """What happened to what: `action` is the operation, `before` and `after` the fields that matter."""

    action: str
    kind: str
    code: str
    before: Fields | None = None
    after: Fields | None = None


def record_change(actor: Actor, change: Change, *, at: datetime) -> None:
    """Write the audit entry of a change; call it inside the `books_of` that makes the change."""
    AuditEntry(
        tenant_id=actor.tenant_id,
        recorded_at=at,
        actor=actor.name,
        request_id=actor.request_id,
        action=change.action,
        subject_kind=change.kind,
        subject_code=change.code,
        before=_told(change.before),
        after=_told(change.after),
    ).save(force_insert=True)
    fields = change.after or change.before or {}
    announce(actor, action=change.action, kind=change.kind, code=change.code, fields=fields, at=at)


def _told(fields: Fields | None) -> Value | None:
    return None if fields is None else Value(fields, _EXACT)
