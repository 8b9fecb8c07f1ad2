"""A request with a key, sent by whichever process: a payment, answered as a door would."""

from __future__ import annotations

import os
import signal
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.documents import Payment, file_payment
from ratable_server.operations.idempotency import Answer, KeyedRequest, answer_once, forget_expired_keys
from ratable_server.store.scope import books_of
from tests.server.concurrency.crew import SECONDS
from tests.server.concurrency.doings import AT

REQUEST = KeyedRequest(space="native", key="k-1", route="POST /payments", body_sha256="of 9.10")


def pay(actor: Actor, amount: str = "9.10") -> Answer:
    """What a door would do: an operation, and its answer as text."""
    payment = Payment(contract="acme", amount=Decimal(amount))
    filed = file_payment(actor=actor, payment=payment, on=date(2026, 1, 1), at=AT)
    return Answer(status=201, body=f'{{"code": "{filed.code}", "amount": {amount}}}')


def send(actor: Actor, request: KeyedRequest = REQUEST, amount: str = "9.10") -> Answer:
    """Send it."""
    return answer_once(actor=actor, request=request, answer=lambda: pay(actor, amount), at=AT)


def told(actor: Actor) -> tuple[str, bool]:
    """What the sender was told, or its refusal, and whether somebody was told before."""
    try:
        answer = send(actor)
    except Refused as refused:
        return refused.code, True
    return answer.body, answer.is_replayed


def send_slowly(actor: Actor, is_begun: Any, goes_on: Any) -> str:
    """Send it, and stay in the middle until told to go on."""

    def answer() -> Answer:
        given = pay(actor)
        is_begun.set()
        goes_on.wait(SECONDS)
        return given

    return answer_once(actor=actor, request=REQUEST, answer=answer, at=AT).body


def send_and_die(actor: Actor) -> None:
    """Do everything but the commit."""

    def answer() -> Answer:
        pay(actor)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    answer_once(actor=actor, request=REQUEST, answer=answer, at=AT)


def forget_and_die(actor: Actor, at: datetime) -> None:
    """Forget what has expired, and die before the commit."""
    with books_of(actor):
        assert forget_expired_keys(actor=actor, at=at) > 0
        os.kill(os.getpid(), signal.SIGKILL)
