"""The register: things that only give names and dimensions, as they were told. No calculation reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.kept import Further
from ratable_server.operations.soundness import refuse_unfit_further, refuse_unfit_text
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import RegisterEntry
from ratable_server.store.models.register import REGISTER_KINDS
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A thing of the register, by its row and by its code; `is_new`: nothing had this code before."""

    id: int
    code: str
    is_new: bool


@retried
def keep_entry(
    *, actor: Actor, kind: str, code: str, further: Further, at: datetime, seen: Further | None = None
) -> Registered:
    """Keep what is told of a thing: a new one, or in place of what was told before. The same again is no change.

    With `seen` it must be there, and still say that. One that was removed keeps its code for itself.

    Refuses:
        register_must_have_such_a_kind, code_must_be_unused (it was removed), change_must_be_of_what_was_seen,
        text_must_be_plain, further_must_be_small
    """
    _refuse_unknown(kind)
    refuse_unfit_text("code", code)
    refuse_unfit_further(further)
    with changes_by(actor):
        row = _held(actor, kind, code)
        if seen is not None and (row is None or row.further != dict(seen)):
            raise Refused("change_must_be_of_what_was_seen", field=kind, detail=code)
        if row is None:
            row = RegisterEntry(tenant_id=actor.tenant_id, kind=kind, code=code, created_at=at)
            return _keep(actor, row, further, at=at)
        if row.deleted_at is not None:
            raise Refused("code_must_be_unused", field=kind, detail=f"{code} was removed")
        if row.further == dict(further):
            return Registered(id=row.id, code=code, is_new=False)
        return _keep(actor, row, further, at=at)


@retried
def remove_entry(*, actor: Actor, kind: str, code: str, at: datetime) -> None:
    """Take a thing out of the register; its code stays taken.

    Refuses:
        register_must_have_such_a_kind, code_must_be_known
    """
    _refuse_unknown(kind)
    with changes_by(actor):
        row = _held(actor, kind, code)
        if row is None or row.deleted_at is not None:
            raise Refused("code_must_be_known", field=kind, detail=code)
        row.deleted_at = row.modified_at = at
        row.save()
        change = Change("remove_entry", "register", f"{kind}/{code}", before=dict(row.further))
        record_change(actor, change, at=at)


def _refuse_unknown(kind: str) -> None:
    if kind not in REGISTER_KINDS:
        raise Refused("register_must_have_such_a_kind", field="kind", detail=kind)


def _held(actor: Actor, kind: str, code: str) -> RegisterEntry | None:
    rows = rows_of(actor, RegisterEntry, with_deleted=True).select_for_update(no_key=True)
    return rows.filter(kind=kind, code=code).first()


def _keep(actor: Actor, row: RegisterEntry, further: Further, *, at: datetime) -> Registered:
    is_new = row.pk is None
    before = None if is_new else dict(row.further)
    row.further, row.modified_at = dict(further), at
    row.save(force_insert=is_new, force_update=not is_new)
    change = Change("keep_entry", "register", f"{row.kind}/{row.code}", before=before, after=dict(further))
    record_change(actor, change, at=at)
    return Registered(id=row.id, code=row.code, is_new=is_new)
