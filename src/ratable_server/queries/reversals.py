"""Which entries were reversed, by which, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ratable.facts.documents import entry_id
from ratable_server.actor import Actor
from ratable_server.store.load.journal import posted_lines
from ratable_server.store.models import JournalReversal
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """An entry and the one that takes it back: `is_posted` once the month that books it is closed."""

    entry: str
    reversed_by: str
    reason: str
    on: date
    booked_on: date
    recorded_at: datetime
    recorded_by: str
    is_posted: bool


def reversals(*, actor: Actor) -> list[Reversal]:
    """Every reversal, in the order in which the books learned them."""
    columns = ("entry_code", "contract__code", "number", "reason", "on", "booked_on", "recorded_at", "recorded_by")
    with books_of(actor):
        found = list(rows_of(actor, JournalReversal).order_by("number").values_list(*columns))
        posted = posted_lines(actor, [entry_id(contract, "reversal", number) for _, contract, number, *_ in found])
    told = ((entry, entry_id(contract, "reversal", number), *rest) for entry, contract, number, *rest in found)
    return [
        Reversal(
            entry=entry,
            reversed_by=code,
            reason=reason,
            on=on,
            booked_on=booked_on,
            recorded_at=recorded_at,
            recorded_by=recorded_by,
            is_posted=code in posted,
        )
        for entry, code, reason, on, booked_on, recorded_at, recorded_by in told
    ]
