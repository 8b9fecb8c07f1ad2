"""Revenue transactions: posted ones of closed months, and the draft of open months as the books stand.

A row has the same id before and after it is posted. Order: month booked, then id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ratable.money import to_major
from ratable.periods import month_end
from ratable_server.actor import Actor
from ratable_server.queries.computed import DRAFT, Computed, computed
from ratable_server.queries.contract_lines import UsageItem
from ratable_server.queries.ledger import entry_public_id
from ratable_server.queries.listing import EVERYTHING, Asked, Found
from ratable_server.queries.revenue_units import CommitPrice, Units, rated_quantities, units_of
from ratable_server.store import models
from ratable_server.store.public_ids import revenue_id
from ratable_server.store.scope import books_of, rows_of

_NEVER = date(1, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueTransaction:
    """One amount of revenue: `service_on` is the month it belongs to, `booked_on` the month that books it.

    `adjusted_on` is the day on which an adjustment of a closed month was learned, `entry` the code of the journal entry
    where that does not come of what is told here: of what a termination lets go. Ids are those of rows, None where there
    is no such thing. `source` is what its position belongs to, `line_further` what was told of its line beside the terms.
    """

    id: int
    contract_id: int
    contract: str
    contract_name: str
    customer_id: int
    customer_name: str
    currency: str
    kind: str
    product_id: int | None
    product: str | None
    product_name: str | None
    usage_item_id: int | None
    prepaid_commit_id: int | None
    subscription_id: int | None
    milestone_id: int | None
    bundle_id: int | None
    source_kind: str
    source: str
    line_further: dict[str, Any]
    units: Units
    service_on: date
    booked_on: date
    on: date
    adjusted_on: date | None
    entry: str
    amount_minor: int
    gross_minor: int
    is_posted: bool
    modified_at: datetime
    deleted_at: datetime | None = None

    @property
    def journal_entry(self) -> str:
        """The code of the entry that books it, before and after it is posted."""
        if self.entry:
            return self.entry
        months = f"{self.service_on:%Y-%m}/{self.booked_on:%Y-%m}/{self.on:%Y-%m-%d}"
        code = f"{self.contract}/{self.source_kind}/{self.source}/{self.kind}/{months}"
        return f"{code}/adjustment" if self.adjusted_on is not None and self.kind != "minimum" else code

    @property
    def journal_entry_id(self) -> int:
        """Its id."""
        return entry_public_id(self.journal_entry)

    @property
    def gross(self) -> Decimal:
        """List value, in major units: of what a pool covered, before its discount; of all else the amount."""
        return to_major(self.gross_minor, self.currency)

    @property
    def amount(self) -> Decimal:
        """In major units."""
        return to_major(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueAsked(Asked):
    """With codes of contracts, products, usage items or prepaid commits, kinds, or months booked: only theirs."""

    contracts: Sequence[str] | None = None
    products: Sequence[str] | None = None
    usage_items: Sequence[str] | None = None
    prepaid_commits: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    booked_from: date | None = None
    booked_through: date | None = None
    is_posted: bool | None = None


EVERY_REVENUE = RevenueAsked()


def revenue_transactions(*, actor: Actor, on: date, asked: RevenueAsked = EVERY_REVENUE) -> Found[RevenueTransaction]:
    """Revenue as of a day. A draft counts as modified with whatever the books learned last; deleted is `revenue_gone`."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    found = computed(actor, contracts=asked.contracts, on=on)
    rows = _narrowed(found, asked)
    page = rows.slice(asked.offset, asked.limit).to_pylist()
    return Found(count=rows.num_rows, rows=tuple(_transactions(actor, page, found)))


def revenue_of_month(*, actor: Actor, item: UsageItem, month_on: date, on: date) -> tuple[RevenueTransaction, ...]:
    """What a month of a usage item comes to, that of the month itself before what was booked late of it.

    Usage that costs nothing is a row of nothing, under the id that it has once it comes to something.
    """
    asked = RevenueAsked(contracts=[item.contract], usage_items=[item.code], limit=EVERYTHING.limit)
    rows = revenue_transactions(actor=actor, on=on, asked=asked).rows
    found = tuple(row for row in rows if row.service_on == month_on)
    return found or (_nothing_of(actor, item, month_on, on=on),)


def _nothing_of(actor: Actor, item: UsageItem, month_on: date, *, on: date) -> RevenueTransaction:
    found = computed(actor, contracts=[item.contract], on=on)
    booked_on = max(month_on, found.open_on or month_on)
    key: dict[str, str | date] = {
        "contract_id": item.contract,
        "source_kind": "usage",
        "source_id": item.contract,
        "item_id": item.code,
        "product_id": item.product or "",
        "commit_id": "",
        "kind": "usage",
        "service_on": month_on,
        "booked_on": booked_on,
        "adjusted_on": _NEVER,
    }
    nothing = {"run_id": DRAFT, "public_id": revenue_id(*key.values()), "amount_minor": 0, "gross_minor": 0}
    row = {**key, **nothing, "on": month_end(booked_on), "entry_id": ""}
    with books_of(actor):
        return _transaction(row, _Known(actor, [row]), {}, modified_at=found.modified_at(DRAFT))


def nothing_of(actor: Actor, gone: Sequence[tuple[int, dict[str, Any], datetime]]) -> list[RevenueTransaction]:
    """Amounts of nothing: ids, keys and moments of what was deleted. The books are open."""
    rows = [
        {**key, "public_id": id, "run_id": DRAFT, "amount_minor": 0, "gross_minor": 0, "deleted_at": at}
        for id, key, at in gone
    ]
    known = _Known(actor, rows)
    told = [(_transaction(row, known, {}, modified_at=row["deleted_at"]), row["deleted_at"]) for row in rows]
    return [replace(transaction, deleted_at=at) for transaction, at in told]


def _narrowed(found: Computed, asked: RevenueAsked) -> pa.Table:
    rows = found.revenue
    for column, wanted in (
        ("public_id", asked.ids),
        ("product_id", asked.products),
        ("item_id", asked.usage_items),
        ("commit_id", asked.prepaid_commits),
        ("kind", asked.kinds),
    ):
        if wanted is not None:
            rows = rows.filter(pc.is_in(rows[column], pa.array(list(wanted), rows[column].type)))
    for compared, day in ((pc.greater_equal, asked.booked_from), (pc.less_equal, asked.booked_through)):
        if day is not None:
            rows = rows.filter(compared(rows["booked_on"], pa.scalar(day, pa.date32())))
    if asked.is_posted is not None:
        is_posted = pc.not_equal(rows["run_id"], DRAFT)
        rows = rows.filter(is_posted if asked.is_posted else pc.invert(is_posted))
    return _modified(rows, found, asked)


def _modified(rows: pa.Table, found: Computed, asked: RevenueAsked) -> pa.Table:
    """The rows of the runs that were posted in time, and the draft if something was learned in time."""
    if asked.modified_from is None and asked.modified_through is None:
        return rows
    runs = [*found.closed_at, DRAFT]
    first_at, last_at = asked.modified_from, asked.modified_through
    wanted = [
        run
        for run in runs
        if (first_at is None or found.modified_at(run) >= first_at)
        and (last_at is None or found.modified_at(run) <= last_at)
    ]
    return rows.filter(pc.is_in(rows["run_id"], pa.array(wanted, pa.int64())))


def _transactions(actor: Actor, page: list[dict[str, Any]], found: Computed) -> list[RevenueTransaction]:
    with books_of(actor):
        known = _Known(actor, page)
        quantities = rated_quantities(actor, page, found)
    gross = _gross(found, {code for code, commit in known.commits.items() if not commit.is_of_units})
    whole = [{**row, "gross_minor": _gross_of(row, gross)} for row in page]
    return [_transaction(row, known, quantities, modified_at=found.modified_at(row["run_id"])) for row in whole]


def _gross(found: Computed, commits: set[str]) -> dict[tuple[object, ...], int]:
    """The list value that was drawn on commits, by what tells rows of revenue apart; units have none but what they earn."""
    wanted = pc.and_(
        pc.is_in(found.draws["commit_id"], pa.array(sorted(commits), pa.string())),
        pc.equal(found.draws["kind"], "drawdown"),
    )
    gross: dict[tuple[object, ...], int] = defaultdict(int)
    for row in found.draws.filter(wanted).to_pylist():
        item_id = "" if row["item_id"].startswith("!") else row["item_id"]  # a stream is no item of the contract
        gross[_drawn_key({**row, "item_id": item_id})] += row["gross_minor"]
    return gross


def _drawn_key(row: dict[str, Any]) -> tuple[object, ...]:
    return tuple(
        row[name] for name in ("contract_id", "item_id", "commit_id", "service_on", "booked_on", "adjusted_on")
    )


def _gross_of(row: dict[str, Any], gross: dict[tuple[object, ...], int]) -> int:
    is_drawn = row["kind"] == "drawdown"
    return gross.get(_drawn_key(row), row["amount_minor"]) if is_drawn else int(row["amount_minor"])


class _Known:
    """The rows that a page names, by their codes."""

    def __init__(self, actor: Actor, page: list[dict[str, Any]]) -> None:
        contracts = rows_of(actor, models.Contract, with_deleted=True).select_related("customer")
        self.contracts = {row.code: row for row in contracts.filter(code__in={row["contract_id"] for row in page})}
        products = rows_of(actor, models.Product, with_deleted=True)
        self.products = {row.code: row for row in products.filter(code__in={row["product_id"] for row in page})}
        items = rows_of(actor, models.UsageItem, with_deleted=True).filter(code__in={row["item_id"] for row in page})
        self.items = {row.code: row for row in items}
        commits = rows_of(actor, models.PrepaidCommit, with_deleted=True)
        named = commits.filter(code__in={row["commit_id"] for row in page})
        self.commits = {
            row.code: CommitPrice(id=row.id, rate=row.rate, is_of_units=row.units is not None, further=row.further)
            for row in named
        }
        self.subscriptions = self._of_contracts(actor, models.Subscription, page)
        self.milestones = self._of_contracts(actor, models.Milestone, page)

    def _of_contracts(self, actor: Actor, model: Any, page: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
        """Codes of these are unique within their contract only."""
        rows = rows_of(actor, model, with_deleted=True).filter(code__in={row["source_id"] for row in page})
        return {(row.contract.code, row.code): row for row in rows.select_related("contract")}

    def fixed(self, row: dict[str, Any], kind: str) -> Any:
        """The subscription or the milestone of a row; None: it is of none."""
        rows = self.subscriptions if kind == "subscription" else self.milestones
        return rows.get((row["contract_id"], row["source_id"])) if row["source_kind"] == kind else None


def _transaction(
    row: dict[str, Any], known: _Known, quantities: Mapping[tuple[int, str, date], Decimal], *, modified_at: datetime
) -> RevenueTransaction:
    contract, product = known.contracts[row["contract_id"]], known.products.get(row["product_id"])
    item, commit = known.items.get(row["item_id"]), known.commits.get(row["commit_id"])
    subscription, milestone = known.fixed(row, "subscription"), known.fixed(row, "milestone")
    line = next((each for each in (item, subscription, milestone, commit) if each is not None), None)
    further = {} if line is None else dict(line.further)
    return RevenueTransaction(
        id=row["public_id"],
        contract_id=contract.id,
        contract=contract.code,
        contract_name=contract.name,
        customer_id=contract.customer_id,
        customer_name=contract.customer.name,
        currency=contract.currency,
        kind=row["kind"],
        product_id=product.id if product else None,
        product=product.code if product else None,
        product_name=product.name if product else None,
        usage_item_id=None if item is None else item.id,
        prepaid_commit_id=None if commit is None else commit.id,
        subscription_id=None if subscription is None else subscription.id,
        milestone_id=None if milestone is None else milestone.id,
        bundle_id=None if item is None else item.bundle_id,
        source_kind=row["source_kind"],
        source=row["source_id"],
        line_further=further,
        units=units_of(row, quantities, currency=contract.currency, further=further, commit=commit),
        service_on=row["service_on"],
        booked_on=row["booked_on"],
        on=row["on"],
        adjusted_on=None if row["adjusted_on"] == _NEVER else row["adjusted_on"],
        entry=row["entry_id"],
        amount_minor=row["amount_minor"],
        gross_minor=row["gross_minor"],
        is_posted=row["run_id"] != DRAFT,
        modified_at=modified_at,
    )
