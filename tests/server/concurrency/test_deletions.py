"""Something is deleted while somebody agrees on it: he is told so, or who deletes it is; nothing is agreed of what is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ratable.terms import Contract
from ratable_server.actor import Actor
from ratable_server.operations.contracts import ContractHead, create_contract, modify_contract
from ratable_server.operations.customers import create_customer, delete_customer
from tests.server.concurrency.crew import crew_of
from tests.server.concurrency.doings import sign
from tests.server.concurrency.meeting import meeting
from tests.server.conftest import AT
from tests.server.operations.agreements import JANUARY, NEXT_YEAR, agree, held
from tests.server.soundness import assert_sound

OTHER = "Other Inc"
BARE = Contract(id="other", customer=OTHER, currency="USD", starts_on=JANUARY, ends_before=NEXT_YEAR)
MOVED = ContractHead(name="", customer=OTHER, currency="USD", starts_on=JANUARY, ends_before=NEXT_YEAR)


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor)
    create_customer(actor=actor, code=OTHER, name="", at=AT)


@pytest.mark.parametrize(
    ("then", "named"), [(create_contract, {"contract": BARE}), (modify_contract, {"contract": "acme", "head": MOVED})]
)
def test_a_customer_who_is_deleted_meanwhile_gets_no_contract(
    actor: Actor, then: Callable[..., object], named: dict[str, Any]
):
    before = held(actor)
    delete = lambda: delete_customer(actor=actor, customer=OTHER, at=AT)  # noqa: E731 - said where it is used
    assert meeting(actor, delete, then, at=AT, **named) == "code_must_be_known"
    after = held(actor)
    assert {table: after[table] - before[table] for table in after if after[table] != before[table]} == {
        "audit_entry": 1,
        "customer": -1,
    }
    assert_sound(actor)


def test_a_customer_with_whom_somebody_signs_meanwhile_is_not_deleted(actor: Actor):
    signing = lambda: create_contract(actor=actor, contract=BARE, at=AT)  # noqa: E731 - said where it is used
    assert meeting(actor, signing, delete_customer, customer=OTHER, at=AT) == "nothing_must_depend_on_it"
    assert_sound(actor)


def test_two_contracts_are_signed_with_one_customer_at_once(actor: Actor):
    """Who signs keeps the customer, and lets others sign."""
    with crew_of([(sign, {"actor": actor, "contract": replace(BARE, id=code)}) for code in ("one", "two")]) as crew:
        crew.go()
        assert crew.answers() == ["done", "done"]
    assert_sound(actor)
