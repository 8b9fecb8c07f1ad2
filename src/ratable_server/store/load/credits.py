"""What processed adjustments have credited to the receivable, as their credit memos tell it.

It was decided when they were processed, by what had been invoiced then, and stays: an invoice that is void later, or is
dated before them, changes no memo that a customer has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from ratable.facts.booking import Booking
from ratable.facts.documents import Documents, credit_of_adjustment
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.terms import Codes, of_contracts
from ratable_server.store.scope import rows_of

_COLUMNS = ("service_on", "booked_on", "on")


class _Entry(NamedTuple):
    """Adjustments of a contract that are one entry of the journal."""

    contract_id: str
    service_on: date
    booked_on: date
    on: date


def load_credits(actor: Actor, contracts: Codes, *, undecided: Collection[int]) -> Iterator[tuple[int, Documents]]:
    """What each entry of processed adjustments has credited, with its number; nothing, where no memo tells of any.

    Entries of adjustments that are `undecided`, by the ids of their rows, are left to the ledger.
    """
    numbers, is_open = _processed(actor, contracts, undecided)
    memos = of_contracts(rows_of(actor, models.Document).filter(against="adjustment"), contracts)
    credited: dict[_Entry, int] = defaultdict(int)
    for *entry, amount_minor in memos.values_list("contract__code", *_COLUMNS, "amount_minor"):
        credited[_Entry(*entry)] += amount_minor
    for entry, number in numbers.items():
        booking = Booking(booked_on=entry.booked_on, on=entry.on, number=number)
        if entry not in is_open:
            contract_id, service_on = entry.contract_id, entry.service_on
            memo = credit_of_adjustment(
                credited[entry], contract_id=contract_id, booking=booking, service_on=service_on
            )
            yield number, memo


def _processed(actor: Actor, contracts: Codes, undecided: Collection[int]) -> tuple[dict[_Entry, int], set[_Entry]]:
    """The last number of each entry of adjustments that were reported and processed, and those that are undecided."""
    processed = rows_of(actor, models.ReportedAdjustment).exclude(adjustment=None).values("adjustment_id")
    rows = of_contracts(rows_of(actor, models.Adjustment).filter(id__in=processed), contracts, "commit__contract")
    numbers: dict[_Entry, int] = {}
    is_open = set()
    for *columns, number, row_id in rows.order_by("number").values_list(
        "commit__contract__code", *_COLUMNS, "number", "id"
    ):
        numbers[_Entry(*columns)] = number
        if row_id in undecided:
            is_open.add(_Entry(*columns))
    return numbers, is_open
