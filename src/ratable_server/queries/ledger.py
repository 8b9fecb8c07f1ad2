"""The ledger as the books stand: what closed months have posted, what open months come to, and entries written by hand.

One list, as revenue is one (decision 0013): an entry has the same id before and after the close that posts it. Accounts
are roles with the product and the prepaid commit of a line; which account of a chart that is, is asked of the caller.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ratable import tables
from ratable.money import minor_unit_digits, to_major
from ratable_server.actor import Actor
from ratable_server.queries.computed import computed
from ratable_server.queries.listing import Asked, Found
from ratable_server.store import models
from ratable_server.store.load.computed import closed_at_by_run
from ratable_server.store.load.counted import counted
from ratable_server.store.load.kept_rows import kept_journal
from ratable_server.store.public_ids import journal_id
from ratable_server.store.scope import moment_of, rows_of

_SCHEMA = tables.JOURNAL.to_pyarrow()
_WAITS = ("breakage", "refund", "minimum")  # what depends on a day that must have come
_DOCUMENTS = ("invoice", "payment", "credit_memo")


class AccountKey(NamedTuple):
    """What decides on which account a line stands: its role, and of what it is (codes, empty where it is of nothing)."""

    role: str
    product: str
    prepaid_commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One side of an entry, in major units; `on` and the like are those of its entry."""

    id: int
    key: AccountKey
    usage_item: str | None
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One balanced entry; `is_posted` says that a close has posted it. Names and ids are those of its contract.

    `document_id` and `document` are the row and the code of the document that it is of; `number` is the fact's.
    """

    id: int
    code: str
    kind: str
    contract_id: int | None
    contract: str | None
    contract_name: str | None
    contract_further: Mapping[str, Any]
    customer_id: int | None
    customer_name: str | None
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
    lines: tuple[LedgerLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLine:
    """A line with its entry."""

    line: LedgerLine
    entry: LedgerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAsked(Asked):
    """What of the ledger: None is everything.

    `on_account` picks lines by what decides on their account, `of_entry` entries by kind and code. `customers` and what contracts say beside their terms
    (`contract_further`: a field and the values that it may have) pick contracts. `order` is by day, or the newest first.
    """

    days_from: date | None = None
    days_through: date | None = None
    entries: Sequence[str] | None = None
    of_entry: Callable[[str, str], bool] | None = None
    currencies: Sequence[str] | None = None
    customers: Sequence[int] | None = None
    contracts: Sequence[str] | None = None
    contract_further: Mapping[str, Sequence[int]] = field(default_factory=dict)
    on_account: Callable[[AccountKey], bool] | None = None
    debit_from: Decimal | None = None
    debit_through: Decimal | None = None
    credit_from: Decimal | None = None
    credit_through: Decimal | None = None
    is_debit: bool | None = None
    is_credit: bool | None = None
    is_posted: bool | None = None
    newest_first: bool = False


EVERY_LINE = LedgerAsked()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Every line as of one moment, and when each month was posted."""

    lines: pa.Table
    open_on: date | None
    changed_at: datetime
    closed_at: Mapping[date, datetime]

    def is_posted(self, booked_on: date) -> bool:
        """Has a close posted what is booked in a month?"""
        return self.open_on is not None and booked_on < self.open_on

    def modified_at(self, booked_on: date) -> datetime:
        """When an entry of a month last could have changed: a draft with whatever was learned last."""
        if not self.is_posted(booked_on):
            return self.changed_at
        return min((at for month_on, at in self.closed_at.items() if month_on >= booked_on), default=self.changed_at)


def ledger_of(actor: Actor, *, on: date) -> Ledger:
    """The ledger as the books stand. What depends on a day after `on` is not in it, unless a close has posted it."""
    with moment_of(actor):
        drafted = computed(actor, contracts=None, on=on)
        counts = counted(actor)
        posted = kept_journal(actor, counts)
        closed_at = closed_at_by_run(actor, counts.runs)
    draft = drafted.drafted_journal
    stands = pc.or_(
        pc.less_equal(draft["on"], pa.scalar(on, pa.date32())), pc.invert(pc.is_in(draft["kind"], pa.array(_WAITS)))
    )
    return Ledger(
        lines=pa.concat_tables([posted.cast(_SCHEMA), draft.filter(stands).cast(_SCHEMA)]),
        open_on=drafted.open_on,
        changed_at=drafted.changed_at,
        closed_at={month_on: closed_at[run] for run, month_on in zip(counts.runs, counts.months, strict=True)},
    )


def ledger_entries(*, actor: Actor, on: date, asked: LedgerAsked = EVERY_LINE) -> Found[LedgerEntry]:
    """Entries by their day, each whole with its debits first; one with a line that is asked for is found."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    ledger = ledger_of(actor, on=on)
    found = narrowed(actor, ledger, asked)
    heads = _sorted(found.group_by([*_HEAD], use_threads=False).aggregate([]), asked)
    if asked.ids is not None:
        heads = _with_ids(heads, [entry_public_id(code) for code in heads["entry_id"].to_pylist()], asked.ids)
    page = heads.slice(asked.offset, asked.limit)
    known, lines = _Known(actor, page), defaultdict(list)
    for row, line in _lines_of(ledger, page):
        lines[row["entry_id"]].append(line)
    rows = [_entry(row, ledger, known, lines=lines[row["entry_id"]]) for row in page.to_pylist()]
    return Found(count=heads.num_rows, rows=tuple(rows))


def ledger_lines(*, actor: Actor, on: date, asked: LedgerAsked = EVERY_LINE) -> Found[PlacedLine]:
    """Lines by their day, each with its entry; `ids` are of lines."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    ledger = ledger_of(actor, on=on)
    found = _sorted(narrowed(actor, ledger, asked), asked)
    if asked.ids is not None:
        found = _with_ids(found, _line_ids(found.to_pylist()), asked.ids)
    page = found.slice(asked.offset, asked.limit)
    lines = {_told_apart(row): line for row, line in _lines_of(ledger, page)}
    known, rows = _Known(actor, page), page.to_pylist()
    entries = {row["entry_id"]: _entry(row, ledger, known, lines=()) for row in rows}
    placed = [PlacedLine(line=lines[_told_apart(row)], entry=entries[row["entry_id"]]) for row in rows]
    return Found(count=found.num_rows, rows=tuple(placed))


def entry_public_id(code: str) -> int:
    """The id of an entry, before and after it is posted."""
    return journal_id("entry", code)


def with_accounts(lines: pa.Table, named: Callable[[AccountKey], str]) -> pa.Table:
    """The lines with the account that each stands on in place of its role."""
    names = {"\x1f".join(key): named(key) for key in account_keys(lines)}
    told = _key_texts(lines)
    keys = pa.array(list(names), pa.string())
    accounts = pa.array(list(names.values()), pa.string()).take(pc.index_in(told, value_set=keys))
    return lines.set_column(lines.schema.get_field_index("account"), "account", accounts)


# ── what is asked for ────────────────────────────────────────────────────────────────────────

_HEAD = (
    "entry_id", "contract_id", "currency", "source_kind", "source_id", "kind", "service_on", "booked_on", "on", "place",
    "number", "is_adjusted",
)  # fmt: skip
_IN_ENTRY = ("account", "item_id", "product_id", "commit_id")


def narrowed(actor: Actor, ledger: Ledger, asked: LedgerAsked) -> pa.Table:
    """The lines that are asked for, of all pages."""
    rows = _in_days(ledger.lines, asked)
    for column, wanted in (
        ("entry_id", asked.entries),
        ("currency", asked.currencies),
        ("contract_id", _contracts(actor, asked)),
    ):
        if wanted is not None:
            rows = rows.filter(pc.is_in(rows[column], pa.array(list(wanted), pa.string())))
    return _in_amounts(_on_accounts(_of_entries(_modified(rows, ledger, asked), asked), asked), asked)


def _in_days(rows: pa.Table, asked: LedgerAsked) -> pa.Table:
    for compared, day in ((pc.greater_equal, asked.days_from), (pc.less_equal, asked.days_through)):
        if day is not None:
            rows = rows.filter(compared(rows["on"], pa.scalar(day, pa.date32())))
    return rows


def _contracts(actor: Actor, asked: LedgerAsked) -> set[str] | None:
    """The contracts that are asked for; None: whatever contract."""
    if asked.contracts is None and asked.customers is None and not asked.contract_further:
        return None
    limits: dict[str, Any] = {f"further__{name}__in": list(values) for name, values in asked.contract_further.items()}
    if asked.contracts is not None:
        limits["code__in"] = asked.contracts
    if asked.customers is not None:
        limits["customer_id__in"] = asked.customers
    with moment_of(actor):
        rows = rows_of(actor, models.Contract, with_deleted=True).filter(**limits)
        return set(rows.values_list("code", flat=True))


def _modified(rows: pa.Table, ledger: Ledger, asked: LedgerAsked) -> pa.Table:
    """The lines of months that were posted, or could have changed, in time; posted ones, or those that are not."""
    first_at, last_at, is_posted = asked.modified_from, asked.modified_through, asked.is_posted
    if first_at is None and last_at is None and is_posted is None:
        return rows
    wanted = [
        month_on
        for month_on in pc.unique(rows["booked_on"]).to_pylist()
        if (first_at is None or ledger.modified_at(month_on) >= first_at)
        and (last_at is None or ledger.modified_at(month_on) <= last_at)
        and (is_posted is None or ledger.is_posted(month_on) == is_posted)
    ]
    return rows.filter(pc.is_in(rows["booked_on"], pa.array(wanted, pa.date32())))


def _of_entries(rows: pa.Table, asked: LedgerAsked) -> pa.Table:
    if asked.of_entry is None:
        return rows
    found = rows.group_by(["kind", "entry_id"], use_threads=False).aggregate([]).to_pylist()
    codes = [row["entry_id"] for row in found if asked.of_entry(row["kind"], row["entry_id"])]
    return rows.filter(pc.is_in(rows["entry_id"], pa.array(codes, pa.string())))


def _on_accounts(rows: pa.Table, asked: LedgerAsked) -> pa.Table:
    if asked.on_account is None:
        return rows
    keys = [key for key in account_keys(rows) if asked.on_account(key)]
    return rows.filter(pc.is_in(_key_texts(rows), pa.array(["\x1f".join(key) for key in keys], pa.string())))


def _key_texts(rows: pa.Table) -> Any:
    return pc.binary_join_element_wise(*(rows[name] for name in ("account", "product_id", "commit_id")), "\x1f")


def account_keys(rows: pa.Table) -> list[AccountKey]:
    """What decides on the accounts of lines, each once."""
    columns = ["account", "product_id", "commit_id"]
    found = rows.group_by(columns, use_threads=False).aggregate([]).select(columns).to_pylist()
    return [AccountKey(*row.values()) for row in found]


def _in_amounts(rows: pa.Table, asked: LedgerAsked) -> pa.Table:
    """Amounts are compared in the minor units of each line's currency."""
    for column, is_there in (("debit_minor", asked.is_debit), ("credit_minor", asked.is_credit)):
        if is_there is not None:
            rows = rows.filter(pc.equal(pc.greater(rows[column], 0), is_there))
    for column, compared, amount in (
        ("debit_minor", pc.greater_equal, asked.debit_from),
        ("debit_minor", pc.less_equal, asked.debit_through),
        ("credit_minor", pc.greater_equal, asked.credit_from),
        ("credit_minor", pc.less_equal, asked.credit_through),
    ):
        if amount is not None:
            rows = pa.concat_tables([rows.schema.empty_table(), *_of_amount(rows, column, amount, compared=compared)])
    return rows


def _of_amount(rows: pa.Table, column: str, amount: Decimal, *, compared: Callable[..., Any]) -> Iterable[pa.Table]:
    for currency in pc.unique(rows["currency"]).to_pylist():
        own = rows.filter(pc.equal(rows["currency"], currency))
        own = own.filter(pc.greater(own[column], 0))
        minor = pa.scalar(amount.scaleb(minor_unit_digits(currency)), pa.decimal128(38, 12))
        yield own.filter(compared(own[column].cast(pa.decimal128(38, 12)), minor))


def _sorted(rows: pa.Table, asked: LedgerAsked) -> pa.Table:
    direction = "descending" if asked.newest_first else "ascending"
    order = [(name, direction) for name in ("on", "place", "number")]
    order.append(("entry_id", "ascending"))
    if "debit_minor" in rows.column_names:
        order += [("debit_minor", "descending"), *((name, "ascending") for name in _IN_ENTRY)]
    return rows.sort_by(order)


def _with_ids(rows: pa.Table, ids: Sequence[int], wanted: Sequence[int]) -> pa.Table:
    places = [place for place, each in enumerate(ids) if each in set(wanted)]
    return rows.take(pa.array(places, pa.int64()))


# ── records ──────────────────────────────────────────────────────────────────────────────────

_Row = Mapping[str, Any]


def _told_apart(row: _Row) -> tuple[Any, ...]:
    """What tells a line from the others of a page."""
    return tuple(row[name] for name in ("entry_id", *_IN_ENTRY, "debit_minor", "credit_minor"))


def _line_ids(rows: Sequence[_Row]) -> list[int]:
    """Ids of lines in their order: of the entry, what the line is of, and where several are, which of them."""
    seen: Counter[tuple[Any, ...]] = Counter()
    ids = []
    for row in rows:
        key = tuple(row[name] for name in ("entry_id", *_IN_ENTRY))
        ids.append(journal_id("line", *key, seen[key]))
        seen[key] += 1
    return ids


def _lines_of(ledger: Ledger, page: pa.Table) -> list[tuple[_Row, LedgerLine]]:
    """All lines of the entries of a page, debits first."""
    rows = ledger.lines.filter(pc.is_in(ledger.lines["entry_id"], page["entry_id"].combine_chunks()))
    order = [("debit_minor", "descending"), *((name, "ascending") for name in _IN_ENTRY), ("credit_minor", "ascending")]
    told = rows.sort_by(order).to_pylist()
    return [(row, _line(row, id)) for row, id in zip(told, _line_ids(told), strict=True)]


def _line(row: _Row, id: int) -> LedgerLine:
    return LedgerLine(
        id=id,
        key=AccountKey(row["account"], row["product_id"], row["commit_id"]),
        usage_item=row["item_id"] or None,
        debit=to_major(row["debit_minor"], row["currency"]),
        credit=to_major(row["credit_minor"], row["currency"]),
    )


def _entry(row: _Row, ledger: Ledger, known: _Known, *, lines: Sequence[LedgerLine]) -> LedgerEntry:
    contract = known.contracts.get(row["contract_id"])
    document = known.documents.get(row["number"]) if row["kind"] in (*_DOCUMENTS, "adjustment") else None
    names = ("kind", "currency", "source_kind", "service_on", "booked_on", "on", "number", "is_adjusted")
    return LedgerEntry(
        id=entry_public_id(row["entry_id"]),
        code=row["entry_id"],
        **{name: row[name] for name in names},
        contract_id=contract.id if contract else None,
        contract=row["contract_id"] or None,
        contract_name=contract.name if contract else None,
        contract_further=contract.further if contract else {},
        customer_id=contract.customer_id if contract else None,
        customer_name=contract.customer.name if contract else None,
        source=row["source_id"] or None,
        is_posted=ledger.is_posted(row["booked_on"]),
        modified_at=ledger.modified_at(row["booked_on"]),
        total=sum((line.debit for line in lines), Decimal(0)),
        document_id=document[0] if document else None,
        document=document[1] if document else None,
        lines=tuple(lines),
    )


class _Known:
    """The rows that a page names: contracts by their codes, documents by the numbers of their facts."""

    def __init__(self, actor: Actor, page: pa.Table) -> None:
        numbers = pc.unique(page.filter(pc.is_in(page["kind"], pa.array([*_DOCUMENTS, "adjustment"])))["number"])
        with moment_of(actor):
            contracts = rows_of(actor, models.Contract, with_deleted=True).select_related("customer")
            codes = set(page["contract_id"].to_pylist())
            self.contracts: dict[str, models.Contract] = {row.code: row for row in contracts.filter(code__in=codes)}
            documents = rows_of(actor, models.Document).filter(number__in=numbers.to_pylist())
            self.documents = {number: (id, code) for number, id, code in documents.values_list("number", "id", "code")}
