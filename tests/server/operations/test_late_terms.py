"""Terms that reach back behind a close: what they earned there is booked in the first open month, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ratable.terms import Contract, Milestone, Subscription
from ratable_server.actor import Actor
from ratable_server.operations.contracts import create_contract
from ratable_server.operations.milestones import add_milestone
from ratable_server.operations.periods import close_period
from ratable_server.operations.subscriptions import add_subscription
from ratable_server.queries.reports import report
from tests.server.conftest import AT
from tests.server.operations.agreements import JANUARY, MARCH, NEXT_YEAR, agree
from tests.server.soundness import assert_sound

FEBRUARY = date(2026, 2, 1)
BARE = Contract(id="bare", customer="Acme Inc", currency="USD", starts_on=JANUARY)
KICK_OFF = Milestone(id="kick-off", on=date(2026, 1, 10), amount=Decimal(500))
SEATS = Subscription(id="seats", total_value=Decimal(365), starts_on=JANUARY, ends_before=NEXT_YEAR)
Told = tuple[str, date, date, int]


@pytest.fixture
def january(actor: Actor) -> Actor:
    """Books whose January is closed, with a contract that earned nothing."""
    agree(actor, BARE)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    return actor


def told(actor: Actor) -> list[Told]:
    rows = report(actor=actor, name="revenue").table.to_pylist()
    return [(row["contract_id"], row["period"], row["service_period"], row["amount_minor"]) for row in rows]


def close(actor: Actor, *months: date) -> None:
    for month_on in months:
        close_period(actor=actor, month_on=month_on, at=AT)
        assert_sound(actor)


def test_a_milestone_of_a_closed_month_is_booked_in_the_open_one(january: Actor):
    add_milestone(actor=january, contract="bare", milestone=KICK_OFF, at=AT)
    close(january, FEBRUARY, MARCH)
    assert told(january) == [("bare", FEBRUARY, JANUARY, 50000)]


def test_a_subscription_catches_up(january: Actor):
    add_subscription(actor=january, contract="bare", subscription=SEATS, at=AT)
    close(january, FEBRUARY, MARCH)
    assert told(january) == [
        ("bare", FEBRUARY, JANUARY, 3100),
        ("bare", FEBRUARY, FEBRUARY, 2800),
        ("bare", MARCH, MARCH, 3100),
    ]


def test_a_contract_that_is_signed_late_catches_up(january: Actor):
    create_contract(actor=january, contract=replace(BARE, id="late", subscriptions=(SEATS,)), at=AT)
    close(january, FEBRUARY, MARCH)
    assert told(january) == [
        ("late", FEBRUARY, JANUARY, 3100),
        ("late", FEBRUARY, FEBRUARY, 2800),
        ("late", MARCH, MARCH, 3100),
    ]


def test_two_contracts_may_call_their_lines_the_same(actor: Actor):
    agree(actor, replace(BARE, milestones=(KICK_OFF,), subscriptions=(SEATS,)))
    other = replace(BARE, id="other", milestones=(replace(KICK_OFF, amount=Decimal(70)),), subscriptions=(SEATS,))
    create_contract(actor=actor, contract=other, at=AT)
    close(actor, JANUARY)
    assert sorted((contract, amount) for contract, *_, amount in told(actor)) == [
        ("bare", 3100),
        ("bare", 50000),
        ("other", 3100),
        ("other", 7000),
    ]
