"""Several processes change one thing that they read before (B8), or make the same thing (B9)."""

from __future__ import annotations

from dataclasses import replace

from ratable_server.actor import Actor
from ratable_server.operations.contracts import ContractHead
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import AuditEntry, Customer
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import at_once
from tests.server.concurrency.doings import create, modify
from tests.server.operations.agreements import JANUARY, NEXT_YEAR, agree, held
from tests.server.soundness import assert_sound

SEEN = ContractHead(name="", customer="Acme Inc", currency="USD", starts_on=JANUARY, ends_before=NEXT_YEAR)


def test_b8_of_two_changes_of_what_both_have_seen_one_is_made(actor: Actor):
    agree(actor)
    heads = [replace(SEEN, name=name) for name in ("ours", "theirs")]
    named = {"actor": actor, "contract": "acme", "seen": SEEN}
    answers = at_once([(modify, {**named, "head": head}) for head in heads])

    assert sorted(answers) == ["contract_must_be_as_seen", "done"]
    (made,) = (head for head, answer in zip(heads, answers, strict=True) if answer == "done")
    with books_of(actor):
        (entry,) = rows_of(actor, AuditEntry).filter(action="modify_contract")
    assert entry.after is not None
    assert entry.after["name"] == made.name
    assert load_terms(actor, ["acme"]).contracts[0].ends_before == NEXT_YEAR
    assert_sound(actor)


def test_b9_of_twenty_who_add_a_customer_one_does(actor: Actor):
    answers = at_once([(create, {"actor": actor, "code": "X", "name": f"by {number}"}) for number in range(20)])

    assert sorted(answers) == ["code_must_be_unused"] * 19 + ["done"]
    with books_of(actor):
        (name,) = rows_of(actor, Customer).values_list("name", flat=True)
    assert name == f"by {answers.index('done')}"
    assert held(actor)["audit_entry"] == 2
    assert_sound(actor)
