"""What the books know but usage: terms, amendments and documents, as the engine's records and rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ratable.periods import month_of
from ratable.terms import Terms
from ratable.terms_tables import Amendments, Row, counts_from
from ratable_server.actor import Actor
from ratable_server.store.load.amendments import load_amendments
from ratable_server.store.load.documents import load_adjustments, load_documents
from ratable_server.store.load.terms import load_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What the books know but usage: small enough to be held whole."""

    terms: Terms
    amendments: Amendments
    moves: tuple[Row, ...]
    turns: tuple[Row, ...]
    adjustments: tuple[Row, ...]

    def first_month(self) -> date:
        """The first month in which anything can be booked."""
        starts = [month_of(counts_from(contract)) for contract in self.terms.contracts]
        booked = [booked_on(row) for row in (*self.moves, *self.turns)]
        return min([*starts, *booked], default=date(1970, 1, 1))

    def first_service_month(self) -> date:
        """The first month of a contract; documents can be older."""
        return min(month_of(counts_from(contract)) for contract in self.terms.contracts)


def load_learned(actor: Actor, contracts: Iterable[str] | None = None) -> Learned:
    """Everything that was agreed and filed, of these contracts or of all."""
    codes = None if contracts is None else list(contracts)
    documents = load_documents(actor, codes)
    return Learned(
        terms=load_terms(actor, codes),
        amendments=load_amendments(actor, codes),
        moves=tuple(documents.moves),
        turns=tuple(documents.turns),
        adjustments=tuple(load_adjustments(actor, codes)),
    )


def booked_on(row: Row) -> date:
    """The month that books a row."""
    month_on = row["booked_on"]
    if not isinstance(month_on, date):
        raise TypeError(month_on)
    return month_on
