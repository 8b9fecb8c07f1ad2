"""The audit: one entry for each change, written in the transaction of the change.

Owns the writing of entries. Seals over them are `store.sealing`; which changes there are is up to operations. Webhooks
hear of them by `store.webhooks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import JSONField, Model, Value

from ratable_server.actor import Actor
from ratable_server.store.inserting import inserting
from ratable_server.store.models import AuditEntry
from ratable_server.store.prepared import Asked, rows_of_each
from ratable_server.store.states import GONE, HOLD, KINDS, STATE, states_of
from ratable_server.store.webhooks import ANNOUNCE, announcement

Fields = dict[str, Any]
_AT_ONCE = 2_000
_ADD_MANY = """
INSERT INTO audit_entry (tenant_id, recorded_at, actor, request_id, action, subject_kind, subject_code, before, after)
SELECT %(tenant)s, %(at)s, %(by)s, %(request)s, told.action, told.kind, told.code, told.before, told.after
FROM jsonb_array_elements(%(told)s::jsonb) WITH ORDINALITY AS each (change, place),
    jsonb_to_record(each.change) AS told (action text, kind text, code text, before jsonb, after jsonb)
ORDER BY each.place
"""
_ADD_ONE = """
INSERT INTO audit_entry (tenant_id, recorded_at, actor, request_id, action, subject_kind, subject_code, before, after,
    state_of, state)
VALUES (%(tenant)s, %(at)s, %(by)s, %(request)s, %(action)s, %(kind)s, %(code)s, %(before)s, %(after)s, {state_of}, {state})
"""
_EXACT = JSONField(encoder=DjangoJSONEncoder)  # dates, decimals and ids as text
_as_json = DjangoJSONEncoder().encode


class Change(NamedTuple):
    """What happened to what: `action` is the operation, `before` and `after` the fields that matter."""

    action: str
    kind: str
    code: str
    before: Fields | None = None
    after: Fields | None = None


def record_change(actor: Actor, change: Change, *, at: datetime, part_of: str = "") -> None:
    """Write the audit entry of a change; call it inside the `books_of` that makes the change, when it is made.

    The entry says which state the change left. `part_of` is the code of the product where a part of one changed, which
    has no state of its own.
    """
    rows_of_each(*_recording(actor, change, at=at, part_of=part_of))


def record_added(actor: Actor, row: Model, change: Change, *, at: datetime) -> None:
    """Write a new row on a thing that is held, and the audit entry of its addition, in one trip; the row gets its id."""
    *_, entering = _recording(actor, change, at=at)
    found, _ = rows_of_each(inserting(row), entering)
    row.pk = found[0][0]


def record_new(actor: Actor, kind: str, told: Mapping[str, Fields], *, action: str, at: datetime) -> None:
    """Write an entry for each of many things of a kind that were just added, with the state of each."""
    states = states_of(actor, kind, list(told))
    entries = [
        _entry(actor, Change(action, kind, code, after=fields), at=at, state_of=f"{kind}/{code}", state=states[code])
        for code, fields in told.items()
    ]
    AuditEntry._default_manager.bulk_create(entries, batch_size=_AT_ONCE)


def record_changes(actor: Actor, changes: Sequence[Change], *, at: datetime) -> None:
    """Write the entries of many changes, of things that have no state and of which no webhook hears.

    There may be tens of thousands, so they go as documents that the database takes apart.
    """
    with connection.cursor() as cursor:
        for start in range(0, len(changes), _AT_ONCE):
            told = json.dumps([each._asdict() for each in changes[start : start + _AT_ONCE]], cls=DjangoJSONEncoder)
            cursor.execute(_ADD_MANY, {**_by(actor, at), "told": told})


def _recording(actor: Actor, change: Change, *, at: datetime, part_of: str = "") -> Iterator[Asked]:
    """The statements that write an entry: what has a state is kept first, so that it is told as it stays."""
    kind, code = ("product", part_of) if part_of else (change.kind, change.code)
    fields = change.after or change.before or {}
    event = announcement(action=change.action, kind=change.kind, code=change.code, fields=fields)
    told = {"before": change.before, "after": change.after}
    wanted = {
        **_by(actor, at),
        **{name: None if each is None else _as_json(each) for name, each in told.items()},
        "action": change.action,
        "kind": change.kind,
        "code": change.code,
        "state_of": f"{kind}/{code}",
        "codes": [code],
        "of_code": code,
        **(event or {}),
    }
    if kind in KINDS:
        yield HOLD[kind], wanted
    yield _entering(kind if kind in KINDS else "", is_announced=event is not None), wanted


@cache
def _entering(kind: str, *, is_announced: bool) -> str:
    """The statement that writes an entry; of a thing that has a state, this with it."""
    state_of, state = ("%(state_of)s", f"COALESCE({STATE[kind]}, '{GONE}')") if kind else ("''", "''")
    entry = _ADD_ONE.format(state_of=state_of, state=state)
    return f"WITH announced AS ({ANNOUNCE}) {entry}" if is_announced else entry


def _by(actor: Actor, at: datetime) -> dict[str, Any]:
    return {"tenant": actor.tenant_id, "at": at, "by": actor.name, "request": actor.request_id}


def _entry(actor: Actor, change: Change, *, at: datetime, state_of: str, state: str) -> AuditEntry:
    return AuditEntry(
        tenant_id=actor.tenant_id,
        recorded_at=at,
        actor=actor.name,
        request_id=actor.request_id,
        action=change.action,
        subject_kind=change.kind,
        subject_code=change.code,
        before=_told(change.before),
        after=_told(change.after),
        state_of=state_of,
        state=state,
    )


def _told(fields: Fields | None) -> Value | None:
    return None if fields is None else Value(fields, _EXACT)
