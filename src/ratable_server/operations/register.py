"""The register: things that only give names and dimensions, as they were told. No calculation reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.closed_months import keep_open, refuse_closed
from ratable_server.operations.kept import Further
from ratable_server.operations.register_links import (
    NAMED_KINDS,
    Thing,
    give_instead,
    is_named,
    keep_things,
    things_in,
)
from ratable_server.operations.soundness import refuse_unfit_further, refuse_unfit_text
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import RegisterEntry
from ratable_server.store.models.register import REGISTER_KINDS
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of

# What no two things of a kind say alike, as far as they say it.
_TOLD_APART_BY = {"account": ("number",), "department": ("code",), "tag": ("group", "name"), "tag_group": ("name",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A thing of the register, by its row and by its code; `is_new`: nothing had this code before."""

    id: int
    code: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A new thing: its code, and what is told of it."""

    code: str
    further: Further


@retried
def keep_entry(
    *, actor: Actor, kind: str, code: str, further: Further, at: datetime, seen: Further | None = None
) -> Registered:
    """Keep what is told of a thing: a new one, or in place of what was told before. The same again is no change.

    With `seen` it must be there, and still say that. One that was removed keeps its code for itself.

    Refuses:
        register_must_have_such_a_kind, code_must_be_unused (it was removed; or another thing has its number, its code
        or its name), change_must_be_of_what_was_seen, text_must_be_plain, further_must_be_small
    """
    _refuse_unknown(kind)
    refuse_unfit_text("code", code)
    refuse_unfit_further(further)
    with changes_by(actor):
        _take_turn(actor, kind)
        keep_things(actor, things_in(further, kind=kind))
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
def keep_entry_of_month(*, actor: Actor, kind: str, code: str, further: Further, on: date, at: datetime) -> Registered:
    """Keep what is told of a month, as `keep_entry` does; that of the day `on` is open, and stays so until it is kept.

    Refuses:
        period_must_be_open, and what `keep_entry` refuses
    """
    with changes_by(actor):
        refuse_closed(on, keep_open(actor, on), field="period_month")
        return keep_entry(actor=actor, kind=kind, code=code, further=further, at=at)


@retried
def change_entry(
    *, actor: Actor, kind: str, code: str, change: Callable[[Further], Further], at: datetime
) -> Registered:
    """Keep what `change` makes of what is told of a thing that is there: what others say of it waits, and is not lost.

    After a conflict `change` is called again.

    Refuses:
        register_must_have_such_a_kind, code_must_be_known, code_must_be_unused (another thing has its number, its code
        or its name), text_must_be_plain, further_must_be_small
    """
    _refuse_unknown(kind)
    with changes_by(actor):
        _take_turn(actor, kind)
        seen = _seen(actor, kind, code)
        keep_things(actor, things_in(change(seen), kind=kind))  # before it is held itself, as by everybody
        row = _there(actor, kind, code)
        further = change(dict(row.further))
        refuse_unfit_further(further)
        if row.further == dict(further):
            return Registered(id=row.id, code=code, is_new=False)
        return _keep(actor, row, further, at=at)


@retried
def add_entries(*, actor: Actor, kind: str, named: Sequence[Named], at: datetime) -> list[Registered]:
    """Keep new things, all of them or none.

    Refuses:
        register_must_have_such_a_kind, code_must_be_unused (its own, or another thing has its number or its name),
        text_must_be_plain, further_must_be_small
    """
    _refuse_unknown(kind)
    for each in named:
        refuse_unfit_text("code", each.code)
        refuse_unfit_further(each.further)
    with changes_by(actor):
        _take_turn(actor, kind)
        keep_things(actor, things_in(*(each.further for each in named), kind=kind))
        rows = [RegisterEntry(tenant_id=actor.tenant_id, kind=kind, code=each.code, created_at=at) for each in named]
        return [_keep(actor, row, each.further, at=at) for row, each in zip(rows, named, strict=True)]


@retried
def remove_entry(*, actor: Actor, kind: str, code: str, at: datetime, instead: str | None = None) -> None:
    """Take a thing out of the register; its code stays taken. `instead` is named from then on where it was named.

    Refuses:
        register_must_have_such_a_kind, code_must_be_known (one of the two), nothing_must_name_it
    """
    _refuse_unknown(kind)
    with changes_by(actor):
        _take_turn(actor, kind)
        row = _there(actor, kind, code, is_alone=kind in NAMED_KINDS)
        if instead is not None:
            give_instead(actor, Thing(kind, row.id), _there(actor, kind, instead).id, at=at)
        if is_named(actor, Thing(kind, row.id)):
            raise Refused("nothing_must_name_it", field=kind, detail=code)
        row.deleted_at = row.modified_at = at
        row.save()
        told = {"before": dict(row.further), **({"after": {"instead": instead}} if instead else {})}
        record_change(actor, Change("remove_entry", "register", f"{kind}/{code}", **told), at=at)


def _refuse_unknown(kind: str) -> None:
    if kind not in REGISTER_KINDS:
        raise Refused("register_must_have_such_a_kind", field="kind", detail=kind)


def _take_turn(actor: Actor, kind: str) -> None:
    """One change of a kind at a time, to the end of the transaction: two things are told apart while both are seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('register ' || %s, %s))", [kind, actor.tenant_id])


def _held(actor: Actor, kind: str, code: str, *, is_alone: bool = False) -> RegisterEntry | None:
    """The row, which nobody else changes until this transaction ends; alone: nor does anybody name it."""
    rows = rows_of(actor, RegisterEntry, with_deleted=True).select_for_update(no_key=not is_alone)
    return rows.filter(kind=kind, code=code).first()


def _there(actor: Actor, kind: str, code: str, *, is_alone: bool = False) -> RegisterEntry:
    row = _held(actor, kind, code, is_alone=is_alone)
    if row is None or row.deleted_at is not None:
        raise Refused("code_must_be_known", field=kind, detail=code)
    return row


def _seen(actor: Actor, kind: str, code: str) -> dict[str, Any]:
    """What is told of a thing at this moment, without holding it."""
    found = rows_of(actor, RegisterEntry).filter(kind=kind, code=code).values_list("further", flat=True).first()
    if found is None:
        raise Refused("code_must_be_known", field=kind, detail=code)
    return dict(found)


def _keep(actor: Actor, row: RegisterEntry, further: Further, *, at: datetime) -> Registered:
    is_new = row.pk is None
    before = None if is_new else dict(row.further)
    row.further, row.modified_at = dict(further), at
    _refuse_another(actor, row)
    row.save(force_insert=is_new, force_update=not is_new)
    change = Change("keep_entry", "register", f"{row.kind}/{row.code}", before=before, after=dict(further))
    record_change(actor, change, at=at)
    return Registered(id=row.id, code=row.code, is_new=is_new)


def _refuse_another(actor: Actor, row: RegisterEntry) -> None:
    """Go on, unless another thing of the kind is told by the same number, code or name."""
    fields = _TOLD_APART_BY.get(row.kind, ())
    if not fields or row.further.get(fields[-1]) is None:
        return
    same = {field: row.further.get(field) for field in fields}
    others = rows_of(actor, RegisterEntry).filter(kind=row.kind, further__contains=same).exclude(id=row.pk)
    if others.exists():
        raise Refused("code_must_be_unused", field=fields[-1], detail=str(row.further[fields[-1]]))
