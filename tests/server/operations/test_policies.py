"""Decisions of a tenant: an admin makes them, and those that figures depend on stay once a month is closed."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal

import pytest

from ratable.terms import Policy
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.periods import close_period
from ratable_server.operations.policies import set_policy, set_timezone, set_two_person_close
from ratable_server.operations.runs import run_period
from ratable_server.operations.tenants import found_tenant
from ratable_server.operations.usage import record_usage
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import PolicyVersion
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import JANUARY, agree, close_months, held, kept, last_entry, refuses

HALF_EVEN = Policy(rounding="half_even", breakage="proportional", cascade=False)


def test_another_policy_is_another_version(actor: Actor):
    before = set_policy(actor=actor, policy=HALF_EVEN, at=AT)

    assert (before, load_terms(actor).policy) == (Policy(), HALF_EVEN)
    with books_of(actor):
        versions = list(rows_of(actor, PolicyVersion).order_by("number").values_list("rounding", "number"))
    assert versions == [("half_up", 1), ("half_even", 2)]
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("set_policy", "policy", "policy")
    assert (entry.before, entry.after) == (asdict(Policy()), asdict(HALF_EVEN))


def test_the_same_policy_again_is_no_change(actor: Actor):
    before = kept(actor)
    set_policy(actor=actor, policy=Policy(), at=AT)
    assert kept(actor) == before


def test_a_policy_that_cannot_be_leaves_nothing(actor: Actor):
    for policy in (
        Policy(rounding="up"),  # type: ignore[arg-type]
        Policy(cascade="yes"),  # type: ignore[arg-type]
        Policy(cascade=1),  # type: ignore[arg-type]
        Policy(late_usage=True),  # type: ignore[arg-type]
    ):
        with refuses(actor, "policy_must_be_sound"):
            set_policy(actor=actor, policy=policy, at=AT)
    with refuses(actor, "role_must_allow_it"):
        set_policy(actor=replace(actor, role="approver"), policy=HALF_EVEN, at=AT)


def test_policy_and_time_zone_stay_after_a_close(actor: Actor):
    agree(actor)
    set_timezone(actor=actor, timezone="America/New_York", at=AT)
    close_months(actor, JANUARY)
    with refuses(actor, "policy_must_stay_after_a_close"):
        set_policy(actor=actor, policy=HALF_EVEN, at=AT)
    with refuses(actor, "policy_must_stay_after_a_close"):
        set_timezone(actor=actor, timezone="UTC", at=AT)


def test_e13_the_time_zone_stays_once_there_is_usage(actor: Actor):
    agree(actor)
    assert set_timezone(actor=actor, timezone="America/New_York", at=AT) == "UTC"
    assert load_terms(actor).entity.timezone == "America/New_York"
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.before, entry.after) == (
        "set_timezone",
        "tenant",
        {"timezone": "UTC"},
        {"timezone": "America/New_York"},
    )
    usage = {"item": "acme-calls", "used_at": "2026-02-01T04:59:59Z", "quantity": Decimal(1)}
    record_usage(actor=actor, records=[usage], at=AT)
    with refuses(actor, "policy_must_stay_after_a_close"):
        set_timezone(actor=actor, timezone="UTC", at=AT)
    with refuses(actor, "policy_must_be_sound"):
        set_timezone(actor=actor, timezone="Mars/Olympus", at=AT)
    with refuses(actor, "role_must_allow_it"):
        set_timezone(actor=replace(actor, role="approver"), timezone="UTC", at=AT)


def test_j2_who_computed_a_month_does_not_close_it_where_the_tenant_says_so(actor: Actor):
    agree(actor)
    assert set_two_person_close(actor=actor, is_wanted=True, at=AT) is False
    entry = last_entry(actor)
    assert (entry.action, entry.before, entry.after) == (
        "set_two_person_close",
        {"two_person_close": False},
        {"two_person_close": True},
    )
    alice, bob = (replace(actor, name=name, role="approver") for name in ("alice", "bob"))
    draft = run_period(actor=alice, month_on=JANUARY, at=AT)
    with refuses(actor, "close_must_be_approved_by_another"):
        close_period(actor=alice, month_on=JANUARY, run_id=draft.run_id, at=AT)
    with refuses(actor, "role_must_allow_it"):
        set_two_person_close(actor=alice, is_wanted=False, at=AT)

    assert close_period(actor=bob, month_on=JANUARY, run_id=draft.run_id, at=AT).version == 1


def test_the_same_decision_again_is_no_change(actor: Actor):
    set_two_person_close(actor=actor, is_wanted=True, at=AT)
    before = kept(actor)
    assert set_two_person_close(actor=actor, is_wanted=True, at=AT) is True
    assert kept(actor) == before


def test_a_tenant_is_founded_with_the_default_policy_and_an_admin(actor: Actor):
    founded = found_tenant(code="berlin", name="Berlin", timezone="Europe/Berlin", request_id="r-9", at=AT)

    assert (founded.role, founded.request_id, load_terms(founded).policy) == ("admin", "r-9", Policy())
    assert load_terms(founded).entity.timezone == "Europe/Berlin"
    assert held(founded) == {"audit_entry": 1, "policy_version": 1}
    entry = last_entry(founded)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("found_tenant", "tenant", "berlin")
    assert (entry.after["name"], entry.after["timezone"]) == ("Berlin", "Europe/Berlin")
    for code, timezone, refusal in (
        ("berlin", "UTC", "tenant_code_must_be_unused"),
        ("mars", "Mars/Olympus", "policy_must_be_sound"),
    ):
        with pytest.raises(Refused, match=refusal):
            found_tenant(code=code, name="Again", timezone=timezone, request_id="r-10", at=AT)
    assert held(founded) == {"audit_entry": 1, "policy_version": 1}
