"""The same request twice has one effect and one answer (C1 to C7, C11); several processes send it at once (C3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.idempotency import Answer, answer_once
from ratable_server.operations.usage import record_usage
from ratable_server.store.models import Document, IdempotencyKey
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import SECONDS, at_once, crew_of, outcome, shared
from tests.server.concurrency.keyed import REQUEST, pay, send, send_and_die, send_slowly, told
from tests.server.conftest import AT
from tests.server.operations.agreements import agree, held, kept, refuses


def payments(actor: Actor) -> list[int]:
    with books_of(actor):
        return list(rows_of(actor, Document).order_by("id").values_list("amount_minor", flat=True))


def test_c1_the_same_request_again_is_answered_to_the_letter_and_does_nothing(actor: Actor):
    agree(actor)
    first = send(actor)
    before = kept(actor)
    again = [send(actor) for _ in range(4)]

    assert (first.status, first.body, first.is_replayed) == (201, '{"code": "#2", "amount": 9.10}', False)
    assert again == [replace(first, is_replayed=True)] * 4
    assert kept(actor) == before
    assert payments(actor) == [910]


def test_c1_usage_is_recorded_once_in_a_month_that_nobody_used_before(actor: Actor):
    agree(actor)
    row = {"id": "u-1", "item": "acme-calls", "used_on": date(2026, 11, 3), "quantity": Decimal(5)}

    def answer() -> Answer:
        return Answer(status=201, body=str(record_usage(actor=actor, records=[row], at=AT).rows_accepted))

    given = [answer_once(actor=actor, request=REQUEST, answer=answer, at=AT) for _ in range(2)]
    assert [(each.body, each.is_replayed) for each in given] == [("1", False), ("1", True)]
    assert held(actor)["usage_record"] == held(actor)["usage_import"] == 1


def test_c2_c5_a_key_keeps_its_request(actor: Actor):
    agree(actor)
    send(actor)
    with refuses(actor, "idempotency_key_must_keep_its_request"):
        send(actor, replace(REQUEST, body_sha256="of 9.20"), "9.20")
    with refuses(actor, "idempotency_key_must_keep_its_request"):
        send(actor, replace(REQUEST, route="POST /invoices"))
    send(actor, replace(REQUEST, key="k-2"))
    assert payments(actor) == [910, 910]


def test_c4_a_key_is_its_tenants(new_actor: Callable[[], Actor]):
    ours, theirs = new_actor(), new_actor()
    for actor in (ours, theirs):
        agree(actor)
    send(ours)
    answer = send(theirs, replace(REQUEST, body_sha256="of 7.00"), "7.00")
    assert (answer.is_replayed, payments(ours), payments(theirs)) == (False, [910], [700])


def test_c6_a_key_is_plain(actor: Actor):
    agree(actor)
    send(actor, replace(REQUEST, key="k" * 255))
    for key in ("", "k" * 256, "a\x00b", "é", "a\nb"):
        with refuses(actor, "idempotency_key_must_be_plain"):
            send(actor, replace(REQUEST, key=key))


def test_c7_what_was_refused_does_not_use_its_key_up(actor: Actor):
    agree(actor)
    with refuses(actor, "amount_must_be_positive"):
        send(actor, amount="-9.10")
    assert send(actor).is_replayed is False
    assert payments(actor) == [910]


def test_c8_a_key_counts_for_a_week_and_is_as_good_as_new_then(actor: Actor):
    """What no program forgets at its end is done again: whoever wants more has ids."""
    agree(actor)
    week = timedelta(days=7)
    moments = [AT, AT + week - timedelta(seconds=1), AT + week, AT + week, AT + 2 * week - timedelta(seconds=1)]
    answers = [answer_once(actor=actor, request=REQUEST, answer=lambda: pay(actor), at=at) for at in moments]

    assert [(each.is_replayed, each.body[10:12]) for each in answers] == [
        (False, "#2"), (True, "#2"), (False, "#3"), (True, "#3"), (True, "#3"),
    ]  # fmt: skip
    assert payments(actor) == [910, 910]
    with books_of(actor):
        assert rows_of(actor, IdempotencyKey).count() == 1


def test_c8_what_is_refused_under_an_old_key_leaves_it_as_it_was(actor: Actor):
    agree(actor)
    send(actor)
    before = kept(actor)
    with refuses(actor, "amount_must_be_positive"):
        answer_once(actor=actor, request=REQUEST, answer=lambda: pay(actor, "-1"), at=AT + timedelta(days=8))
    assert kept(actor) == before


def test_effect_and_answer_live_or_die_together(actor: Actor):
    agree(actor)
    before = kept(actor)

    def answer() -> Answer:
        pay(actor)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_once(actor=actor, request=REQUEST, answer=answer, at=AT)
    assert kept(actor) == before


# ── several processes ────────────────────────────────────────────────────────────────────────


def test_c3_of_twenty_at_once_one_works(actor: Actor):
    agree(actor)
    answers = at_once([(told, {"actor": actor})] * 20)

    assert payments(actor) == [910]
    assert [is_replayed for _, is_replayed in answers].count(False) == 1
    assert {body for body, _ in answers} <= {send(actor).body, "idempotency_key_must_not_be_in_use"}
    with books_of(actor):
        assert rows_of(actor, IdempotencyKey).count() == 1


def test_c3_while_the_first_is_answered_the_second_is_told_so(actor: Actor):
    agree(actor)
    named: dict[str, Any] = {"actor": actor, "is_begun": shared("Event"), "goes_on": shared("Event")}
    with crew_of([(send_slowly, named)]) as crew:
        crew.go()
        assert named["is_begun"].wait(SECONDS)
        with refuses(actor, "idempotency_key_must_not_be_in_use"):
            send(actor)
        named["goes_on"].set()
        (body,) = crew.answers()

    assert send(actor) == Answer(status=201, body=body, is_replayed=True)
    assert payments(actor) == [910]


def test_c11_who_dies_before_the_commit_leaves_neither_effect_nor_key(actor: Actor):
    agree(actor)
    before = kept(actor)
    assert at_once([(send_and_die, {"actor": actor})]) == [None]

    assert kept(actor) == before
    assert send(actor).is_replayed is False
    assert payments(actor) == [910]


def test_c3_a_key_is_of_one_request_whoever_comes_first(actor: Actor):
    agree(actor)
    others = [replace(REQUEST, body_sha256=f"of 9.{cents}") for cents in range(10, 14)]
    jobs = [{"operation": send, "actor": actor, "request": other} for other in others]
    answers = at_once([(outcome, job) for job in jobs])
    assert answers.count("done") == 1
    assert set(answers) <= {"done", "idempotency_key_must_keep_its_request", "idempotency_key_must_not_be_in_use"}
    assert payments(actor) == [910]
