"""Decisions of a tenant: accounting policy, time zone, how many people it takes to close a month.

Every figure depends on the first two, so that they stay once a month is closed.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any, get_args, get_type_hints

from django.db.models import Min

from ratable.terms import Policy
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.closed_months import keep_open
from ratable_server.operations.timezones import timezones
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.terms import load_entity, load_policy
from ratable_server.store.models import Contract, PolicyVersion, Tenant, UsageRecord
from ratable_server.store.numbers import next_fact_number
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@retried
def set_policy(*, actor: Actor, policy: Policy, at: datetime) -> Policy:
    """Compute everything under another policy from now on; give the one before. The same policy again is no change.

    A closed month was posted under its policy, and every amount is the difference to what is posted: another policy
    would restate closed months through the open one. So it stays as soon as a month is closed.

    Refuses:
        policy_must_be_sound, policy_must_stay_after_a_close, role_must_allow_it
    """
    _refuse_unsound(policy)
    with changes_by(actor, "admin"):
        _refuse_after_a_close(actor, field="policy")
        before = load_policy(actor)
        if policy == before:
            return before
        PolicyVersion(
            tenant_id=actor.tenant_id,
            number=next_fact_number(actor),
            recorded_at=at,
            recorded_by=actor.name,
            request_id=actor.request_id,
            **asdict(policy),
        ).save(force_insert=True)
        change = Change("set_policy", "policy", "policy", before=asdict(before), after=asdict(policy))
        record_change(actor, change, at=at)
    return before


@retried
def set_timezone(*, actor: Actor, timezone: str, at: datetime) -> str:
    """Count days in another time zone; give the one before.

    The day of a usage is settled when it is recorded, so that the zone stays once there is usage.

    Refuses:
        policy_must_be_sound, policy_must_stay_after_a_close, role_must_allow_it
    """
    if timezone not in timezones():
        raise Refused("policy_must_be_sound", field="timezone", detail=f"{timezone!r} is not a time zone")
    with changes_by(actor, "admin"):
        _refuse_after_a_close(actor, field="timezone")
        before = load_entity(actor).timezone
        if rows_of(actor, UsageRecord).exists():
            raise Refused("policy_must_stay_after_a_close", field="timezone", detail="usage is recorded already")
        rows_of(actor, Tenant).update(timezone=timezone)
        change = Change("set_timezone", "tenant", "", before={"timezone": before}, after={"timezone": timezone})
        record_change(actor, change, at=at)
    return before


@retried
def set_two_person_close(*, actor: Actor, is_wanted: bool, at: datetime) -> bool:
    """Let a month be closed only by somebody else than who computed it, or by anybody; give what it was before.

    Refuses:
        role_must_allow_it
    """
    with changes_by(actor, "admin"):
        before = rows_of(actor, Tenant).select_for_update(no_key=True).get().two_person_close
        if is_wanted != before:
            rows_of(actor, Tenant).update(two_person_close=is_wanted)
            told = {"before": {"two_person_close": before}, "after": {"two_person_close": is_wanted}}
            record_change(actor, Change("set_two_person_close", "tenant", "", **told), at=at)
    return before


def _refuse_after_a_close(actor: Actor, *, field: str) -> None:
    """The first month of a contract is kept from being closed meanwhile; without a contract none can be."""
    first_on = rows_of(actor, Contract).aggregate(first=Min("starts_on"))["first"]
    if first_on is not None and keep_open(actor, first_on) > date.min:
        raise Refused("policy_must_stay_after_a_close", field=field)


def _refuse_unsound(policy: Policy) -> None:
    hints = get_type_hints(Policy)
    for field in fields(policy):
        value: Any = getattr(policy, field.name)
        choices = (True, False) if hints[field.name] is bool else get_args(hints[field.name])
        if not any(value is choice or (isinstance(value, str) and value == choice) for choice in choices):
            raise Refused("policy_must_be_sound", field=field.name, detail=f"{value!r}")
