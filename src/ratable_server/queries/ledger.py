"""Entries and lines of the ledger (`queries.ledger_books`) as records, by pages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.ledger_books import (
    EVERY_LINE,
    IN_ENTRY,
    WRITTEN,
    AccountKey,
    Ledger,
    LedgerAsked,
    heads_of,
    in_order,
    ledger_of,
    narrowed,
    with_ids,
)
from ratable_server.queries.ledger_entities import ENTITY, with_entities
from ratable_server.queries.listing import Found
from ratable_server.store import models
from ratable_server.store.public_ids import journal_id
from ratable_server.store.scope import moment_of, rows_of

_DOCUMENTS = ("invoice", "payment", "credit_memo", "adjustment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The contract that a line is of, with its customer."""

    id: int
    code: str
    name: str
    further: Mapping[str, Any]
    customer_id: int
    customer_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One side of an entry, in major units; `on` and the like are those of its entry.

    `further` is what was told of a line that is written by hand, `entity` the id of the entity that it is of.
    """

    id: int
    key: AccountKey
    usage_item: str | None
    debit: Decimal
    credit: Decimal
    party: Party | None
    entity: int | None = None
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One balanced entry; `is_posted` says that a close has posted it. `party` is the contract of all of its lines.

    `document_id` and `document` are the row and the number of the invoice or credit memo that it is of, or of its payment;
    `number` is the fact's. `written` is what was told of an entry that is written by hand or posts others, whose codes are `posts`; `reversals`
    are ids and codes of written entries that say that they reverse this one.
    """

    id: int
    code: str
    kind: str
    party: Party | None
    currency: str
    source_kind: str
    source: str | None
    service_on: date
    booked_on: date
    on: date
    number: int
    is_adjusted: bool
    is_posted: bool
    total: Decimal
    modified_at: datetime
    document_id: int | None = None
    document: str | None = None
    written: Mapping[str, Any] | None = None
    posts: tuple[str, ...] = ()
    reversals: tuple[tuple[int, str], ...] = ()
    lines: tuple[LedgerLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLine:
    """A line with its entry."""

    line: LedgerLine
    entry: LedgerEntry


def ledger_entries(*, actor: Actor, on: date, asked: LedgerAsked = EVERY_LINE) -> Found[LedgerEntry]:
    """Entries by their day, each whole with its debits first; one with a line that is asked for is found."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    ledger = ledger_of(actor, on=on)
    heads = in_order(heads_of(narrowed(actor, ledger, asked)), asked)
    if asked.ids is not None:
        heads = with_ids(heads, [entry_public_id(code) for code in heads["shown_id"].to_pylist()], asked.ids)
    page = heads.slice(asked.offset, asked.limit)
    whole = ledger.lines.filter(pc.is_in(ledger.lines["shown_id"], page["shown_id"].combine_chunks()))
    known, lines = _Known(actor, whole, ledger), defaultdict(list)
    for row, line in _lines_of(actor, whole, known):
        lines[row["shown_id"]].append(line)
    rows = [_entry(row, known, lines=lines[row["shown_id"]]) for row in page.to_pylist()]
    emptied = _emptied(known, set(asked.ids) - {row.id for row in rows}) if asked.ids is not None else []
    return Found(count=heads.num_rows + len(emptied), rows=(*rows, *emptied))


def ledger_lines(*, actor: Actor, on: date, asked: LedgerAsked = EVERY_LINE) -> Found[PlacedLine]:
    """Lines by their day, each with its entry; `ids` are of lines."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    ledger = ledger_of(actor, on=on)
    found = in_order(narrowed(actor, ledger, asked), asked)
    if asked.ids is not None:
        found = with_ids(found, _line_ids(found.to_pylist()), asked.ids)
    page = found.slice(asked.offset, asked.limit)
    whole = ledger.lines.filter(pc.is_in(ledger.lines["shown_id"], page["shown_id"].combine_chunks()))
    known = _Known(actor, whole, ledger)
    lines = {_told_apart(row): line for row, line in _lines_of(actor, whole, known)}
    entries = {row["shown_id"]: _entry(row, known, lines=()) for row in heads_of(whole).to_pylist()}
    placed = [PlacedLine(line=lines[_told_apart(row)], entry=entries[row["shown_id"]]) for row in page.to_pylist()]
    return Found(count=found.num_rows, rows=tuple(placed))


def entry_public_id(code: str) -> int:
    """The id of an entry, before and after it is posted."""
    return journal_id("entry", code)


# ── records ──────────────────────────────────────────────────────────────────────────────────

_Row = Mapping[str, Any]


def _told_apart(row: _Row) -> tuple[Any, ...]:
    """What tells a line from the others of a page."""
    return tuple(row[name] for name in ("entry_id", *IN_ENTRY, "debit_minor", "credit_minor"))


def _line_ids(rows: Sequence[_Row]) -> list[int]:
    """Ids of lines in their order: of the entry, what the line is of, and where several are, which of them."""
    seen: Counter[tuple[Any, ...]] = Counter()
    ids = []
    for row in rows:
        key = tuple(row[name] for name in ("entry_id", *IN_ENTRY))
        ids.append(journal_id("line", *key, seen[key]))
        seen[key] += 1
    return ids


def _lines_of(actor: Actor, whole: pa.Table, known: _Known) -> list[tuple[_Row, LedgerLine]]:
    """All lines of entries, debits first."""
    whole = with_entities(actor, whole, known.ledger.written, is_page=True)
    order = [("debit_minor", "descending"), ("entry_id", "ascending"), *((name, "ascending") for name in IN_ENTRY)]
    told = whole.sort_by([*order, ("credit_minor", "ascending")]).to_pylist()
    return [(row, _line(row, id, known)) for row, id in zip(told, _line_ids(told), strict=True)]


def _line(row: _Row, id: int, known: _Known) -> LedgerLine:
    entry = known.ledger.written.get(row["entry_id"])
    return LedgerLine(
        id=id,
        key=AccountKey(row["account"], row["product_id"], row["commit_id"]),
        usage_item=None if entry else row["item_id"] or None,
        debit=to_major(row["debit_minor"], row["currency"]),
        credit=to_major(row["credit_minor"], row["currency"]),
        party=known.parties.get(row["contract_id"]),
        entity=row[ENTITY],
        further=entry.lines[int(row["item_id"])]["further"] if entry else {},
    )


def _entry(row: _Row, known: _Known, *, lines: Sequence[LedgerLine]) -> LedgerEntry:
    code, ledger = row["shown_id"], known.ledger
    written = ledger.written.get(code)
    document = None if written else known.documents.get((row["contract_id"], row["number"]))
    names = ("currency", "source_kind", "service_on", "booked_on", "number", "is_adjusted")
    parties = {line.party.code if line.party else None for line in lines}
    return LedgerEntry(
        id=entry_public_id(code),
        code=code,
        kind=ledger.kind_of(row),
        on=written.on if written else row["on"],
        **{name: row[name] for name in names},
        party=known.parties.get(row["contract_id"]) if len(parties) <= 1 else None,
        source=row["source_id"] or None,
        is_posted=ledger.is_posted(row["booked_on"]),
        modified_at=written.recorded_at if written else ledger.modified_at(row["booked_on"]),
        total=sum((line.debit for line in lines), Decimal(0)),
        document_id=document[0] if document else None,
        document=document[1] if document else None,
        written=written.further if written else None,
        posts=tuple(written.posts) if written else (),
        reversals=tuple(known.reversals.get(entry_public_id(code), ())),
        lines=tuple(lines),
    )


def _emptied(known: _Known, ids: Collection[int]) -> list[LedgerEntry]:
    """Postings of which nothing is left: what they post has come to nothing since, and can come to something again."""
    return [
        LedgerEntry(
            id=entry_public_id(code),
            code=code,
            kind=f"{WRITTEN} {entry.kind}",
            party=None,
            currency=entry.currency,
            source_kind="",
            source=None,
            service_on=entry.booked_on,
            booked_on=entry.booked_on,
            on=entry.on,
            number=entry.number,
            is_adjusted=False,
            is_posted=known.ledger.is_posted(entry.booked_on),
            total=Decimal(0),
            modified_at=entry.recorded_at,
            written=entry.further,
            posts=tuple(entry.posts),
            reversals=tuple(known.reversals.get(entry_public_id(code), ())),
        )
        for code, entry in known.ledger.written.items()
        if entry.posts and entry_public_id(code) in ids
    ]


class _Known:
    """What a page names: contracts by their codes, documents by the contracts and numbers of their facts."""

    def __init__(self, actor: Actor, whole: pa.Table, ledger: Ledger) -> None:
        self.ledger = ledger
        self.reversals: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for code, entry in ledger.written.items():
            if entry.further.get("reversal_of"):
                self.reversals[entry.further["reversal_of"]].append((entry_public_id(code), code))
        of_documents = whole.filter(pc.is_in(whole["kind"], pa.array(_DOCUMENTS)))
        with moment_of(actor):
            contracts = rows_of(actor, models.Contract, with_deleted=True).select_related("customer")
            codes = pc.unique(whole["contract_id"]).to_pylist()
            self.parties = {row.code: _party(row) for row in contracts.filter(code__in=codes)}
            numbers = pc.unique(of_documents["number"]).to_pylist()
            documents = rows_of(actor, models.Document).filter(number__in=numbers)
            self.documents = {
                (contract, number): (id, code)
                for contract, number, id, code in documents.values_list("contract__code", "number", "id", "code")
            }
            lines = rows_of(actor, models.PaperLine).filter(document__number__in=numbers)
            columns = ("document__contract__code", "document__number", "paper_id", "paper__code")
            papers = lines.values_list(*columns)
            self.documents |= {(contract, number): (id, code) for contract, number, id, code in papers}


def _party(row: models.Contract) -> Party:
    return Party(
        id=row.id,
        code=row.code,
        name=row.name,
        further=row.further,
        customer_id=row.customer_id,
        customer_name=row.customer.name,
    )
