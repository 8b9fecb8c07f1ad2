"""What happens once happens once, however many ask for it at the same moment."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.operations.documents import Payment, file_payment
from ratable_server.operations.journals import reverse_entry
from ratable_server.operations.periods import close_period, reopen_period
from tests.server.concurrency.crew import at_once, outcome
from tests.server.conftest import AT
from tests.server.operations.agreements import JANUARY, agree, held
from tests.server.soundness import assert_sound

FEBRUARY = date(2026, 2, 1)
EIGHT = 8


def ask(**named: object) -> list[str]:
    """What eight processes were told that asked for the same."""
    return sorted(at_once([(outcome, named)] * EIGHT))


def test_an_entry_is_reversed_once(actor: Actor):
    agree(actor)
    file_payment(actor=actor, payment=Payment(contract="acme", amount=Decimal(9)), on=JANUARY, at=AT)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    entry = "acme/payment/2"
    told = ask(operation=reverse_entry, actor=actor, entry=entry, reason="twice", on=FEBRUARY, at=AT)

    assert told == ["done"] + ["entry_must_not_be_reversed"] * 7
    assert held(actor)["journal_reversal"] == 1
    close_period(actor=actor, month_on=FEBRUARY, at=AT)
    assert_sound(actor)


def test_a_contract_ends_once(actor: Actor):
    agree(actor)
    termination = ContractTermination(contract="acme", on=date(2026, 2, 15))
    told = ask(operation=terminate_contract, actor=actor, termination=termination, at=AT)

    assert told == ["contract_must_not_be_terminated"] * 7 + ["done"]
    assert held(actor)["termination"] == 1


def test_a_close_is_taken_back_once(actor: Actor):
    agree(actor)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    told = ask(operation=reopen_period, actor=actor, month_on=JANUARY, reason="once", at=AT)

    assert told == ["done"] + ["period_must_be_closed"] * 7
    assert held(actor)["period_reopening"] == 1
    close_period(actor=actor, month_on=JANUARY, at=AT)
    assert_sound(actor)
