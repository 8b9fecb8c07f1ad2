"""Taking a record of usage back."""

from __future__ import annotations

from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.usage.settling import hold_books
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.terms import load_policy
from ratable_server.store.models import UsageKey, UsageVoid
from ratable_server.store.numbers import next_fact_number
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of


@retried
def void_usage(*, actor: Actor, event_id: str, at: datetime, takes_late: bool = True) -> None:
    """Take back the record that is current under an id; it no longer counts, and its id stays taken.

    Refuses:
        role_must_allow_it
        usage_must_be_known: no record has this id, or it was taken back already
        period_must_be_open: its month is closed, and the policy rejects late usage, or `takes_late` does not hold
    """
    if not actor.may_act_as("preparer"):
        raise Refused("role_must_allow_it", field="role", detail="a preparer voids usage")
    with books_of(actor):
        month_on = _current(actor, event_id).month_on
        open_on = hold_books(actor, [month_on], at=at)
        key = _current(actor, event_id)  # again: somebody may have revised or voided it before the lock was there
        if key.month_on < open_on and (not takes_late or load_policy(actor).late_usage == "reject"):
            raise Refused("period_must_be_open", field="id", detail=f"{event_id} was used in {key.month_on:%Y-%m}")
        UsageVoid(
            tenant_id=actor.tenant_id,
            number=next_fact_number(actor),
            recorded_at=at,
            recorded_by=actor.name,
            request_id=actor.request_id,
            event_id=event_id,
            month_on=key.month_on,
            record_id=key.record_id,
        ).save(force_insert=True)
        after = {"month_on": key.month_on, "record_id": key.record_id}
        record_change(actor, Change("void_usage", "usage_record", event_id, after=after), at=at)


def _current(actor: Actor, event_id: str) -> UsageKey:
    key = rows_of(actor, UsageKey).filter(event_id=event_id).first()
    if key is None or rows_of(actor, UsageVoid).filter(record_id=key.record_id).exists():
        raise Refused("usage_must_be_known", field="id", detail=event_id)
    return key
