"""The register: kept, changed, taken out; nothing of it is computed with."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.operations.register import keep_entry, remove_entry
from ratable_server.queries.listing import Asked
from ratable_server.queries.register import register
from tests.server.conftest import AT
from tests.server.operations.agreements import held, kept, last_entry, refuses

LATER = AT + timedelta(days=1)
RENT = {"name": "Rent", "number": "6000", "balance": Decimal("0.1"), "tags": [{"id": 1}]}


def test_a_thing_is_kept_as_it_was_told_and_changed(actor: Actor):
    made = keep_entry(actor=actor, kind="account", code="6000", further=RENT, at=AT)
    assert made.is_new
    changed = keep_entry(actor=actor, kind="account", code="6000", further={"name": "Hire"}, seen=RENT, at=LATER)
    assert (changed.id, changed.is_new) == (made.id, False)

    (entry,) = register(actor=actor, kind="account").rows
    assert (entry.id, entry.further, entry.created_at, entry.modified_at) == (made.id, {"name": "Hire"}, AT, LATER)
    told = last_entry(actor)
    assert (told.action, told.subject_kind, told.subject_code) == ("keep_entry", "register", "account/6000")
    assert (told.before["name"], told.after) == ("Rent", {"name": "Hire"})


def test_the_same_again_changes_nothing(actor: Actor):
    keep_entry(actor=actor, kind="account", code="6000", further=RENT, at=AT)
    before = kept(actor)
    keep_entry(actor=actor, kind="account", code="6000", further=RENT, at=LATER)
    assert kept(actor) == before


def test_what_was_removed_is_listed_as_such_and_keeps_its_code(actor: Actor):
    made = keep_entry(actor=actor, kind="tag", code="west", further={"name": "West"}, at=AT)
    remove_entry(actor=actor, kind="tag", code="west", at=LATER)

    assert register(actor=actor, kind="tag").count == 0
    (gone,) = register(actor=actor, kind="tag", asked=Asked(is_deleted=True)).rows
    assert (gone.id, gone.deleted_at, gone.modified_at) == (made.id, LATER, LATER)
    with refuses(actor, "code_must_be_unused"):
        keep_entry(actor=actor, kind="tag", code="west", further={}, at=LATER)
    with refuses(actor, "code_must_be_known"):
        remove_entry(actor=actor, kind="tag", code="west", at=LATER)


def test_what_cannot_be_kept_is_refused(actor: Actor):
    deep: object = 1
    for _ in range(30):
        deep = [deep]
    with refuses(actor, "register_must_have_such_a_kind"):
        keep_entry(actor=actor, kind="planet", code="x", further={}, at=AT)
    with refuses(actor, "further_must_be_small"):
        keep_entry(actor=actor, kind="tag", code="x", further={"deep": deep}, at=AT)
    with refuses(actor, "further_must_be_small"):
        keep_entry(actor=actor, kind="tag", code="x", further={"long": list(range(10_001))}, at=AT)
    with refuses(actor, "text_must_be_plain"):
        keep_entry(actor=actor, kind="tag", code="x", further={"name": "a\x00"}, at=AT)
    with refuses(actor, "number_must_be_exact"):
        keep_entry(actor=actor, kind="tag", code="x", further={"n": Decimal("NaN")}, at=AT)
    with refuses(actor, "change_must_be_of_what_was_seen"):
        keep_entry(actor=actor, kind="tag", code="x", further={}, seen={"name": "West"}, at=AT)
    assert "register_entry" not in held(actor)
