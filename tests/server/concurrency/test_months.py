"""Months that nobody has booked into yet, by many at the same moment: who comes second waits, and nobody for himself (B11)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ratable.terms import UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.contracts import create_contract
from ratable_server.operations.paper_told import Line, Paper
from ratable_server.operations.papers import issue_papers
from tests.server.concurrency.crew import at_once, shared
from tests.server.concurrency.deadlocks import Deadlocks
from tests.server.concurrency.months import WAYS, book
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree
from tests.server.soundness import assert_sound


@pytest.mark.parametrize("rounds", [4, pytest.param(200, marks=pytest.mark.soak)])
def test_b11_new_months_and_contracts_are_taken_in_one_order_by_everybody(actor: Actor, rounds: int):
    """The contract whose name comes last is the older one: the order of the names is not that of the rows."""
    bare = replace(ACME, ends_before=None, prepaid_commits=(), subscriptions=(), milestones=())
    calls = UsageItem(id="calls", product_id="api", usage_group_id="calls", starts_on=JANUARY)
    zeta, acme = (
        replace(bare, id=code, usage_items=(replace(calls, id=f"{code}-calls"),)) for code in ("zeta", "acme")
    )
    agree(actor, zeta)
    create_contract(actor=actor, contract=acme, at=AT)
    paper = Paper(kind="invoice", contract="acme", on=JANUARY, lines=(Line(amount=Decimal(1)),))
    (invoice,) = issue_papers(actor=actor, papers=[paper], at=AT)
    deadlocks = Deadlocks()

    of_all = {"actor": actor, "rounds": rounds, "meeting": shared("Barrier", len(WAYS)), "invoice": invoice.id}
    answers = at_once([(book, {**of_all, "way": way}) for way in WAYS])

    assert dict(zip(WAYS, answers, strict=True)) == dict.fromkeys(WAYS, ["done"] * rounds)
    assert deadlocks.told() == []
    assert_sound(actor)
