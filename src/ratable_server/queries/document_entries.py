"""The entries that documents are, by ids that come of their codes: known before a close posts them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ratable.facts.documents import entry_id
from ratable_server.actor import Actor
from ratable_server.queries.ledger import entry_public_id
from ratable_server.store import models
from ratable_server.store.load.documents import standing_voids


class Entry(NamedTuple):
    """One entry of the journal."""

    id: int
    code: str


class EntriesOf(NamedTuple):
    """The entry of a document, and that of its void; None: the month that booked it took it back, or it books nothing."""

    own: Entry | None = None
    void: Entry | None = None


def entries_of(actor: Actor, documents: Iterable[models.Document]) -> dict[int, EntriesOf]:
    """The entries of documents, by their rows; each comes with its contract. The books are open."""
    every = {document.id: document for document in documents}
    voids = standing_voids(actor).filter(document_id__in=list(every))
    voided = {
        id: (number, booked_on) for id, number, booked_on in voids.values_list("document_id", "number", "booked_on")
    }
    return {id: _entries(document, voided.get(id)) for id, document in every.items()}


def _entries(document: models.Document, void: tuple[int, object] | None) -> EntriesOf:
    if document.against == "adjustment" or (void is not None and void[1] == document.booked_on):
        return EntriesOf()
    kind = "adjustment" if document.against == "revenue" else document.kind
    code = entry_id(document.contract.code, kind, document.number)
    return EntriesOf(own=_entry(code), void=_entry(f"{code}/void/{void[0]}") if void is not None else None)


def _entry(code: str) -> Entry:
    return Entry(id=entry_public_id(code), code=code)
