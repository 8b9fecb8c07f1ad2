"""Single entries of the journal, as they are posted now: each with its lines, as rows of `ratable.tables.JOURNAL`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from django.db.models import QuerySet

from ratable import tables
from ratable.facts.documents import DOCUMENT
from ratable.terms_tables import Row
from ratable_server.actor import Actor
from ratable_server.store.load.periods import current_runs
from ratable_server.store.models import JournalEntry, JournalLine
from ratable_server.store.scope import rows_of

_OF_THE_LINE = ("account", "item_id", "product_id", "commit_id", "debit_minor", "credit_minor")
_COLUMNS = tuple(tables.JOURNAL.names)
_ROADS = tuple(
    name if name in _OF_THE_LINE else "entry__entry_code" if name == "entry_id" else f"entry__{name}"
    for name in _COLUMNS
)


def posted_entry(actor: Actor, code: str) -> JournalEntry | None:
    """The entry that counts under an id; None: nothing that is posted and not taken back has it."""
    return rows_of(actor, JournalEntry).filter(run_id__in=current_runs(actor), entry_code=code).first()


def posted_lines(actor: Actor, codes: Collection[str]) -> dict[str, list[Row]]:
    """The lines of entries that count, by the id of the entry."""
    entries = rows_of(actor, JournalEntry).filter(run_id__in=current_runs(actor), entry_code__in=codes)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in _lines(actor, entries):
        found[str(row["entry_id"])].append(row)
    return found


def posted_lines_of_documents(actor: Actor, numbers: Collection[int]) -> dict[int, list[Row]]:
    """The lines of what counts of documents, by the number of the fact."""
    entries = rows_of(actor, JournalEntry).filter(run_id__in=current_runs(actor), place=DOCUMENT, number__in=numbers)
    found: dict[int, list[Row]] = defaultdict(list)
    for row in _lines(actor, entries):
        found[int(str(row["number"]))].append(row)
    return found


def _lines(actor: Actor, entries: QuerySet[JournalEntry]) -> Iterator[Row]:
    rows = rows_of(actor, JournalLine).filter(entry_id__in=entries.values("id")).order_by("entry_id", "id")
    for values in rows.values_list(*_ROADS):
        yield dict(zip(_COLUMNS, values, strict=True))
