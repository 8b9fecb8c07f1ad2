"""Who buys: a customer is added once, by whoever may change the books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ratable_server.actor import Actor
from ratable_server.operations.customers import create_customer
from ratable_server.store.models import Customer
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import last_entry, refuses


def names(actor: Actor) -> dict[str, str]:
    with books_of(actor):
        return dict(rows_of(actor, Customer).values_list("code", "name"))


def test_a_customer_is_there_under_an_id(actor: Actor):
    created = create_customer(actor=actor, code="A-001", name="Acme Größe & Söhne", at=AT)

    assert created.code == "A-001"
    assert names(actor) == {"A-001": "Acme Größe & Söhne"}
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("create_customer", "customer", "A-001")
    assert (entry.before, entry.after) == (None, {"name": "Acme Größe & Söhne"})
    assert (entry.actor, entry.request_id, entry.recorded_at) == (actor.name, actor.request_id, AT)


def test_a_customer_that_cannot_be_leaves_nothing(actor: Actor):
    create_customer(actor=actor, code="A-001", name="Acme", at=AT)
    with refuses(actor, "code_must_be_unused"):
        create_customer(actor=actor, code="A-001", name="Another", at=AT)
    with refuses(actor, "text_must_be_plain"):
        create_customer(actor=actor, code="A-002", name="Ac\x00me", at=AT)
    with refuses(actor, "text_must_be_plain"):
        create_customer(actor=actor, code="", name="Acme", at=AT)
    with refuses(actor, "role_must_allow_it"):
        create_customer(actor=replace(actor, role="viewer"), code="A-002", name="Acme", at=AT)


def test_ids_of_two_tenants_do_not_meet(new_actor: Callable[[], Actor]):
    ours, theirs = new_actor(), new_actor()
    create_customer(actor=ours, code="A-001", name="Ours", at=AT)
    create_customer(actor=theirs, code="A-001", name="Theirs", at=AT)
    assert (names(ours), names(theirs)) == ({"A-001": "Ours"}, {"A-001": "Theirs"})
