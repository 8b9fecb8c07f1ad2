"""Several processes use one credit memo: what is used is what there was (B1)."""

from __future__ import annotations

from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.operations.papers import Line, Paper, issue_papers
from ratable_server.operations.settlements import Credit
from ratable_server.queries.listing import Asked
from ratable_server.queries.papers import credit_memos, invoices
from tests.server.concurrency.crew import at_once
from tests.server.concurrency.doings import settle
from tests.server.conftest import AT
from tests.server.operations.agreements import JANUARY, agree
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
