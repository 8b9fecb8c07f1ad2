"""The ledger as the books stand: what closed months have posted, what open months come to, and entries written by hand.

One list, as revenue is one (decision 0013): an entry has the same id before and after the close that posts it. Owns which
lines there are and what of them is asked for; `queries.ledger` tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ratable import tables
from ratable.money import minor_unit_digits
from ratable_server.actor import Actor
from ratable_server.errors import Unavailable
from ratable_server.queries.computed import Computed, computed, due_lines
from ratable_server.queries.ledger_entities import ENTITY, with_entities
from ratable_server.queries.listing import Asked
from ratable_server.store import models
from ratable_server.store.load.counted import Counted, counted
from ratable_server.store.load.kept_rows import kept_journal
from ratable_server.store.load.written_entries import last_revisions
from ratable_server.store.scope import moment_of, rows_of

WRITTEN = "written"  # before the kind of an entry that is written by hand
HEAD = (
    "entry_id", "contract_id", "currency", "source_kind", "source_id", "kind", "service_on", "booked_on", "on", "place",
    "number", "is_adjusted",
)  # fmt: skip
IN_ENTRY = ("account", "item_id", "product_id", "commit_id")  # what tells the lines of an entry apart
_SCHEMA = tables.JOURNAL.to_pyarrow()
_NOTHING = dict.fromkeys(_SCHEMA.names, "") | {"place": 5, "is_adjusted": False}
_TRIES = 3


class AccountKey(NamedTuple):
    """What decides on which account a line stands: its role, and of what it is (codes, empty where it is of nothing).

    The role of a line that is written by hand may be an account of the register: `#` and its id.
    """

    role: str
    product: str
    prepaid_commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAsked(Asked):
    """What of the ledger: None is everything.

    `on_account` picks lines by what decides on their account, `of_entry` entries by kind and code. `customers` and what contracts say beside their terms
    (`contract_further`: a field and the values that it may have) pick contracts, `entities` lines by what is told of
    themselves first. `order` is by day, or the newest first.
    """

    days_from: date | None = None
    days_through: date | None = None
    entries: Sequence[str] | None = None
    of_entry: Callable[[str, str], bool] | None = None
    currencies: Sequence[str] | None = None
    customers: Sequence[int] | None = None
    contracts: Sequence[str] | None = None
    contract_further: Mapping[str, Sequence[int]] = field(default_factory=dict)
    entities: Sequence[int] | None = None
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
    """Every line as of one moment, and when each month was posted.

    `shown_id` of a line is the entry that it is told in: its own, or the one that posts it. `written` are the entries
    that somebody wrote, by their codes.
    """

    lines: pa.Table
    open_on: date | None
    changed_at: datetime
    closed_at: Mapping[date, datetime]
    written: Mapping[str, models.WrittenEntry]

    def is_posted(self, booked_on: date) -> bool:
        """Has a close posted what is booked in a month?"""
        return self.open_on is not None and booked_on < self.open_on

    def kind_of(self, row: Mapping[str, Any]) -> str:
        """The kind of the entry that a line is told in."""
        entry = self.written.get(row["shown_id"])
        return f"{WRITTEN} {entry.kind}" if entry else str(row["kind"])

    def modified_at(self, booked_on: date) -> datetime:
        """When an entry of a month last could have changed: a draft with whatever was learned last."""
        if not self.is_posted(booked_on):
            return self.changed_at
        return min((at for month_on, at in self.closed_at.items() if month_on >= booked_on), default=self.changed_at)


def ledger_of(actor: Actor, *, on: date) -> Ledger:
    """The ledger as the books stand. What depends on a day after `on` is not in it, unless a close has posted it.

    The draft is asked for by itself, so that it is remembered; a close or a reopening in between makes both be read again.

    Raises:
        Unavailable: months were closed and opened all the while.
    """
    for _ in range(_TRIES):
        drafted = computed(actor, contracts=None, on=on)
        with moment_of(actor):
            counts = counted(actor)
            if set(counts.runs) == set(drafted.closed_at):
                return _ledger(drafted, counts, kept_journal(actor, counts), written=_written(actor), on=on)
    raise Unavailable("busy")


def _written(actor: Actor) -> dict[str, models.WrittenEntry]:
    return {row.code: row for row in last_revisions(actor).filter(is_removed=False)}


def _ledger(
    drafted: Computed, counts: Counted, posted: pa.Table, *, written: dict[str, models.WrittenEntry], on: date
) -> Ledger:
    draft = due_lines(drafted.drafted_journal, on)
    lines = [posted.cast(_SCHEMA), draft.cast(_SCHEMA), _written_lines(written.values())]
    return Ledger(
        lines=_shown(pa.concat_tables(lines), written.values()),
        written=written,
        open_on=drafted.open_on,
        changed_at=drafted.changed_at,
        closed_at={month_on: drafted.closed_at[run] for run, month_on in zip(counts.runs, counts.months, strict=True)},
    )


def _written_lines(entries: Iterable[models.WrittenEntry]) -> pa.Table:
    """Lines that are written by hand, as lines of the journal: `item_id` is their place, a leading `#` an account's id."""
    rows = [
        {
            **_NOTHING,
            "entry_id": entry.code,
            "currency": entry.currency,
            "kind": f"{WRITTEN} {entry.kind}",
            "account": line["role"] or f"#{line['account']}",
            "item_id": f"{place:05}",
            "service_on": entry.booked_on,
            "booked_on": entry.booked_on,
            "on": entry.on,
            "number": entry.number,
            "debit_minor": line["debit_minor"],
            "credit_minor": line["credit_minor"],
        }
        for entry in entries
        for place, line in enumerate(entry.lines)
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _shown(lines: pa.Table, entries: Iterable[models.WrittenEntry]) -> pa.Table:
    """The lines with the entry that each is told in."""
    posted = {code: entry.code for entry in entries for code in entry.posts}
    shown = lines["entry_id"]
    if posted:
        place = pc.index_in(shown, value_set=pa.array(list(posted), pa.string()))
        told = pa.array(list(posted.values()), pa.string()).take(place)
        shown = pc.coalesce(told, shown)
    return lines.append_column("shown_id", shown)


def with_accounts(lines: pa.Table, named: Callable[[AccountKey], str]) -> pa.Table:
    """The lines with the account that each stands on in place of its role."""
    names = {"\x1f".join(key): named(key) for key in account_keys(lines)}
    told = _key_texts(lines)
    keys = pa.array(list(names), pa.string())
    accounts = pa.array(list(names.values()), pa.string()).take(pc.index_in(told, value_set=keys))
    return lines.set_column(lines.schema.get_field_index("account"), "account", accounts)


# ── what is asked for ────────────────────────────────────────────────────────────────────────


def narrowed(actor: Actor, ledger: Ledger, asked: LedgerAsked) -> pa.Table:
    """The lines that are asked for, of all pages."""
    rows = _in_days(ledger.lines, asked)
    for column, wanted in (
        ("shown_id", asked.entries),
        ("currency", asked.currencies),
        ("contract_id", _contracts(actor, asked)),
    ):
        if wanted is not None:
            rows = rows.filter(pc.is_in(rows[column], pa.array(list(wanted), pa.string())))
    rows = _in_amounts(_on_accounts(_of_entries(_modified(rows, ledger, asked), ledger, asked), asked), asked)
    return _in_entities(actor, rows, ledger, asked=asked)


def heads_of(rows: pa.Table) -> pa.Table:
    """Each entry once; one that posts others has the least of theirs."""
    found = rows.group_by(["shown_id"], use_threads=False).aggregate([(name, "min") for name in HEAD])
    return found.rename_columns([name.removesuffix("_min") for name in found.column_names])


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


def _in_entities(actor: Actor, rows: pa.Table, ledger: Ledger, *, asked: LedgerAsked) -> pa.Table:
    if asked.entities is None:
        return rows
    told = with_entities(actor, rows, ledger.written)[ENTITY]
    return rows.filter(pc.is_in(told, pa.array(list(asked.entities), pa.int64())))


def _modified(rows: pa.Table, ledger: Ledger, asked: LedgerAsked) -> pa.Table:
    """The lines of months that were posted, or could have changed, in time; posted ones, or those that are not."""
    if asked.modified_from is None and asked.modified_through is None and asked.is_posted is None:
        return rows
    months = pc.unique(rows["booked_on"]).to_pylist()
    of_months = [month for month in months if _is_in_time(asked, ledger.modified_at(month))]
    of_months = [month for month in of_months if asked.is_posted in {None, ledger.is_posted(month)}]
    wanted = [code for code, entry in ledger.written.items() if _is_in_time(asked, entry.recorded_at)]
    wanted = [code for code in wanted if asked.is_posted in {None, ledger.is_posted(ledger.written[code].booked_on)}]
    is_written = pc.is_in(rows["shown_id"], pa.array(list(ledger.written), pa.string()))
    in_time = pc.is_in(rows["booked_on"], pa.array(of_months, pa.date32()))
    return rows.filter(pc.if_else(is_written, pc.is_in(rows["shown_id"], pa.array(wanted, pa.string())), in_time))


def _is_in_time(asked: LedgerAsked, at: datetime) -> bool:
    is_after = asked.modified_from is None or at >= asked.modified_from
    return is_after and (asked.modified_through is None or at <= asked.modified_through)


def _of_entries(rows: pa.Table, ledger: Ledger, asked: LedgerAsked) -> pa.Table:
    if asked.of_entry is None:
        return rows
    found = rows.group_by(["kind", "shown_id"], use_threads=False).aggregate([]).to_pylist()
    codes = {row["shown_id"] for row in found if asked.of_entry(ledger.kind_of(row), row["shown_id"])}
    return rows.filter(pc.is_in(rows["shown_id"], pa.array(sorted(codes), pa.string())))


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


def in_order(rows: pa.Table, asked: LedgerAsked) -> pa.Table:
    direction = "descending" if asked.newest_first else "ascending"
    order = [(name, direction) for name in ("on", "place", "number")]
    order += [("shown_id", "ascending"), ("entry_id", "ascending")]
    if "debit_minor" in rows.column_names:
        order += [("debit_minor", "descending"), *((name, "ascending") for name in IN_ENTRY)]
    return rows.sort_by(order)


def with_ids(rows: pa.Table, ids: Sequence[int], wanted: Sequence[int]) -> pa.Table:
    places = [place for place, each in enumerate(ids) if each in set(wanted)]
    return rows.take(pa.array(places, pa.int64()))
