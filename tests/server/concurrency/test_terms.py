"""Terms change while a file of usage is between its two transactions: what is written is judged by what is true then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from ratable.terms import UsageItem
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.operations.usage_items import add_usage_item, delete_usage_item, modify_usage_item
from ratable_server.store.load.receipts import Receipt
from tests.server.concurrency.crew import SECONDS, crew_of, shared
from tests.server.conftest import AT
from tests.server.operations.agreements import JANUARY, agree
from tests.server.soundness import assert_sound
from tests.server.usage.doings import send_and_wait
from tests.server.usage.files import broken, counts, csv_of, ids_taken, ingest, kept

EXTRA = UsageItem(id="extra", product_id="api", usage_group_id="calls", starts_on=JANUARY)
FILE = csv_of("e1,acme-calls,2026-01-05,1", "e2,extra,2026-01-20,2")


def overtaken(actor: Actor, act: Callable[[], object], content: bytes = FILE) -> Receipt:
    """The receipt of a file, after something else was done while its rows were judged and not written."""
    stands, goes_on = shared("Event"), shared("Event")
    named = {"actor": actor, "content": content, "stands": stands, "goes_on": goes_on}
    with crew_of([(send_and_wait, named)]) as crew:
        crew.go()
        assert stands.wait(SECONDS)
        act()
        goes_on.set()
        (receipt,) = crew.answers()
    assert isinstance(receipt, Receipt)
    return receipt


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor)
    add_usage_item(actor=actor, contract="acme", item=EXTRA, at=AT)


def test_an_item_that_is_deleted_meanwhile_takes_no_usage(actor: Actor):
    receipt = overtaken(actor, lambda: delete_usage_item(actor=actor, contract="acme", code="extra", at=AT))

    assert (receipt.status, counts(receipt)) == ("failed", (2, 0, 0, 2))
    assert broken(receipt) == [(2, "usage_must_name_a_known_item", "extra")]
    assert (kept(actor), ids_taken(actor)) == ([], [])
    assert_sound(actor)


def test_an_item_that_is_shortened_meanwhile_takes_no_usage_after_its_end(actor: Actor):
    shorter = replace(EXTRA, ends_before=date(2026, 1, 15))
    receipt = overtaken(actor, lambda: modify_usage_item(actor=actor, contract="acme", item=shorter, at=AT))

    assert broken(receipt) == [(2, "usage_must_fall_in_item", "2026-01-20")]
    assert (kept(actor), ids_taken(actor)) == ([], [])
    assert_sound(actor)


def test_a_contract_that_is_ended_meanwhile_takes_no_usage_after_its_last_day(actor: Actor):
    ended = ContractTermination(contract="acme", on=date(2026, 1, 10))
    receipt = overtaken(actor, lambda: terminate_contract(actor=actor, termination=ended, at=AT))

    assert broken(receipt) == [(2, "usage_must_fall_in_contract", "2026-01-20")]
    assert (kept(actor), ids_taken(actor)) == ([], [])
    assert_sound(actor)


def test_an_item_that_is_added_meanwhile_takes_its_usage(actor: Actor):
    later = replace(EXTRA, id="later")
    content = csv_of("e1,later,2026-01-05,1")
    receipt = overtaken(actor, lambda: add_usage_item(actor=actor, contract="acme", item=later, at=AT), content)

    assert (receipt.status, counts(receipt)) == ("completed", (1, 1, 0, 0))
    assert len(kept(actor)) == 1
    assert_sound(actor)


def test_what_is_used_first_is_not_deleted(actor: Actor):
    assert counts(ingest(actor, FILE)) == (2, 2, 0, 0)

    with pytest.raises(Refused, match="nothing_must_depend_on_it"):
        delete_usage_item(actor=actor, contract="acme", code="extra", at=AT)
