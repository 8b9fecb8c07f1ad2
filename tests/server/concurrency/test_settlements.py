"""Several processes settle papers: of a credit memo is used what there was (B1), and nobody waits for who waits for him (B11)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest

from ratable_server.actor import Actor
from ratable_server.operations import paper_rows
from ratable_server.operations.contracts import create_contract
from ratable_server.operations.paper_told import Line, Paper
from ratable_server.operations.papers import issue_papers
from ratable_server.operations.settlements import Credit
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.papers import credit_memos, invoices
from ratable_server.store import locks
from ratable_server.store.locks import hold_contracts
from ratable_server.store.scope import books_of
from tests.server.concurrency.crew import at_once
from tests.server.concurrency.deadlocks import Deadlocks
from tests.server.concurrency.doings import settle, trade
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree
from tests.server.soundness import assert_sound


def test_b1_no_more_is_used_of_a_credit_memo_than_it_has(actor: Actor):
    agree(actor)
    papers = [
        Paper(kind="invoice", contract="acme", on=JANUARY, lines=(Line(amount=Decimal(100)),)),
        Paper(kind="credit_memo", contract="acme", on=JANUARY, lines=(Line(amount=Decimal(70)),)),
    ]
    invoice, credit = issue_papers(actor=actor, papers=papers, at=AT)
    part = Credit(credit_memo=credit.id, amount=Decimal(20), on=JANUARY)
    answers = at_once([(settle, {"actor": actor, "invoice": invoice.id, "part": part, "times": 2})] * 4)

    told = sorted(code for each in answers for code in each)
    assert told == ["done"] * 3 + ["settlement_must_not_exceed_document"] * 5
    (paid,), (used,) = invoices(actor=actor, asked=Asked()).rows, credit_memos(actor=actor, asked=Asked()).rows
    assert paid.settled == used.settled == 60
    assert_sound(actor)


@pytest.mark.parametrize("rounds", [3, pytest.param(300, marks=pytest.mark.soak)])
def test_b11_papers_of_two_contracts_meet_in_either_order_without_a_deadlock(actor: Actor, rounds: int):
    """Each order twice: billed at once, settled with each other's credit memo and money, moved to and fro."""
    bare = replace(ACME, usage_items=(), prepaid_commits=(), subscriptions=(), milestones=())
    agree(actor, bare)
    create_contract(actor=actor, contract=replace(bare, id="beta"), at=AT)
    papers = [
        Paper(kind=kind, contract=contract, on=JANUARY, lines=(Line(amount=Decimal(100_000)),))
        for kind in ("invoice", "credit_memo")
        for contract in ("acme", "beta")
    ]
    (billed, also), (credited, other) = (
        [issued.id for issued in issue_papers(actor=actor, papers=papers[start : start + 2], at=AT)] for start in (0, 2)
    )
    (wanderer,) = issue_papers(actor=actor, papers=papers[:1], at=AT)
    pairs = [(billed, other), (also, credited)]
    deadlocks = Deadlocks()

    answers = at_once(
        [
            (
                trade,
                {"actor": actor, "rounds": rounds, "pairs": pairs[::step], "contracts": order, "wanderer": wanderer.id},
            )
            for step, order in [(1, ("acme", "beta")), (-1, ("beta", "acme"))] * 2
        ]
    )

    assert answers == [["done"] * 5 * rounds] * 4
    assert deadlocks.told() == []
    every = invoices(actor=actor, asked=EVERYTHING).rows
    assert sorted(int(each.settled) for each in every)[-3:] == [0, 8 * rounds, 8 * rounds]
    assert {memo.settled for memo in credit_memos(actor=actor, asked=Asked()).rows} == {0}
    assert len(every) == 3 + 8 * rounds
    assert_sound(actor)


def test_b11_a_paper_that_moves_while_its_contract_is_waited_for_is_held_in_the_order_of_contracts(
    actor: Actor, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
):
    """It is read in beta, and is in acme once beta is there: beta is let go before acme is asked for."""
    bare = replace(ACME, usage_items=(), prepaid_commits=(), subscriptions=(), milestones=())
    agree(actor, bare)
    create_contract(actor=actor, contract=replace(bare, id="beta"), at=AT)
    paper = Paper(kind="invoice", contract="beta", on=JANUARY, lines=(Line(amount=Decimal(100)),))
    (issued,) = issue_papers(actor=actor, papers=[paper], at=AT)
    asked: list[tuple[list[str], set[str]]] = []

    def hold_after_a_move(actor: Actor, codes: Collection[str]) -> None:
        if not asked:
            acme = "(SELECT id FROM contract WHERE code = 'acme' AND tenant_id = paper.tenant_id)"
            superuser.execute(f"UPDATE paper SET contract_id = {acme} WHERE id = %s", [issued.id])
        asked.append((sorted(codes), not_held(superuser, actor)))
        hold_contracts(actor, codes)

    monkeypatch.setattr(locks, "hold_contracts", hold_after_a_move)
    with books_of(actor):
        paper_rows.hold_contracts(actor, [("invoice", issued.id)], "beta")
        assert asked == [(["beta"], {"acme", "beta"}), (["acme", "beta"], {"acme", "beta"})]
        assert not_held(superuser, actor) == set()
    assert not_held(superuser, actor) == {"acme", "beta"}


def not_held(superuser: psycopg.Connection, actor: Actor) -> set[str]:
    """The contracts that nobody holds."""
    free = "SELECT code FROM contract WHERE tenant_id = %s FOR NO KEY UPDATE SKIP LOCKED"
    return {code for (code,) in superuser.execute(free, [actor.tenant_id])}
