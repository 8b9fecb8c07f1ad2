"""What is left to bill of the revenue of subscriptions, milestones and prepaid commits.

The ledger says how much of a source is unbilled, and how much of it was billed in advance, once all is earned that is
planned. What an invoice names it bills; of the rest the oldest was billed first, by lines that are of the source or clear
it without naming its revenue. Usage is `queries.usage_unbilled`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import F, Max, Sum

from ratable.money import to_major, to_minor
from ratable_server.actor import Actor
from ratable_server.errors import Unavailable
from ratable_server.queries.billed_by_name import Bill, take_named
from ratable_server.queries.computed import Computed, computed, due_lines
from ratable_server.store import models
from ratable_server.store.load.periods import current_runs
from ratable_server.store.load.terms import Codes, of_contracts
from ratable_server.store.scope import books_of, moment_of, rows_of

Source = tuple[str, str, str]  # ("acme-2026", "subscription", "seats"): two contracts may have seats
_SOURCES = ("subscription", "milestone", "prepaid_commit")
_ACCOUNTS = ("unbilled_revenue", "contract_liability")
_LET_GO = "adjustment"  # what was billed before: no invoice names it
_NAMED = "revenue_transactions"
_TRIES = 3


@dataclass(slots=True, kw_only=True)
class _Fixed:
    """A source: rows of revenue, the latest last, what the ledger has left to bill of it, and invoices that name some."""

    currency: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    unbilled_minor: int = 0
    bills: list[Bill] = field(default_factory=list)


def fixed_left(
    *, actor: Actor, contracts: Sequence[str], on: date, besides: Mapping[Source, Decimal]
) -> dict[int, Decimal]:
    """What is left to bill of each revenue by its id; `besides` is what an invoice bills that does not count, by source.

    That is what no invoice names of it, less what was billed of its source without its name, the oldest first. What
    invoices bill above the revenue that they name is of nothing.

    Raises:
        Unavailable: months were closed and opened all the while.
    """
    left: dict[int, Decimal] = {}
    for source, fixed in _sources(actor, contracts, on=on).items():
        beside_minor = to_minor(besides.get(source, Decimal(0)), fixed.currency)
        left |= {id: to_major(minor, fixed.currency) for id, minor in _left(fixed, beside_minor).items()}
    return left


def _left(fixed: _Fixed, beside_minor: int) -> dict[int, int]:
    open_minor = {row["public_id"]: int(row["amount_minor"]) for row in fixed.rows}
    above_minor = take_named(fixed.bills, open_minor)
    left = fixed.unbilled_minor + above_minor + beside_minor
    unbilled = {}
    for id in reversed(open_minor):
        unbilled[id] = max(min(open_minor[id], left), 0)
        left -= unbilled[id]
    return unbilled


def _sources(actor: Actor, contracts: Sequence[str], *, on: date) -> dict[Source, _Fixed]:
    """The sources of contracts as the books stand; invoices of a day to come count, too."""
    with books_of(actor):
        filed = of_contracts(rows_of(actor, models.Document), contracts).aggregate(on=Max("on"))["on"]
        signed = rows_of(actor, models.Contract, with_deleted=True).filter(code__in=contracts)
        currencies = dict(signed.values_list("code", "currency"))
    day = max(on, filed or on)
    for _ in range(_TRIES):
        drafted = computed(actor, contracts=contracts, on=day)  # by itself, so that it is remembered
        with moment_of(actor):
            if set(current_runs(actor)) != set(drafted.closed_at):
                continue
            found = _of_rows(drafted.revenue, currencies)
            for source, debit_minor in [*_posted(actor, contracts), *_drafted(drafted, day)]:
                if source in found:
                    found[source].unbilled_minor += debit_minor
            for source, bill in _bills(actor, contracts):
                if source in found:
                    found[source].bills.append(bill)
            return found
    raise Unavailable("busy")


def _of_rows(revenue: pa.Table, currencies: Mapping[str, str]) -> dict[Source, _Fixed]:
    is_fixed = pc.is_in(revenue["source_kind"], pa.array(_SOURCES))
    rows = revenue.filter(pc.and_(is_fixed, pc.not_equal(revenue["kind"], _LET_GO))).to_pylist()
    found: dict[Source, _Fixed] = {}
    for row in sorted(rows, key=lambda row: (row["on"], row["service_on"], row["public_id"])):
        source = row["contract_id"], row["source_kind"], row["source_id"]
        found.setdefault(source, _Fixed(currency=currencies[row["contract_id"]])).rows.append(row)
    return found


_Line = tuple[Source, int]  # debits less credits


def _posted(actor: Actor, contracts: Codes) -> list[_Line]:
    """Sums of what closed months have posted of each source."""
    entries = rows_of(actor, models.JournalEntry).filter(source_kind__in=_SOURCES, run_id__in=current_runs(actor))
    wanted = entries if contracts is None else entries.filter(contract_id__in=contracts)
    lines = rows_of(actor, models.JournalLine).filter(entry_id__in=wanted.values("id"), account__in=_ACCOUNTS)
    sums = lines.values_list("entry__contract_id", "entry__source_kind", "entry__source_id")
    return [
        ((contract, kind, code), int(minor))
        for contract, kind, code, minor in sums.annotate(minor=Sum(F("debit_minor") - F("credit_minor")))
    ]


def _drafted(drafted: Computed, day: date) -> list[_Line]:
    """The same of what open months come to, those that are planned among them."""
    rows = due_lines(drafted.drafted_journal, day)
    is_own = pc.and_(pc.is_in(rows["source_kind"], pa.array(_SOURCES)), pc.is_in(rows["account"], pa.array(_ACCOUNTS)))
    rows = rows.filter(is_own)
    names = ("contract_id", "source_kind", "source_id", "debit_minor", "credit_minor")
    columns = (rows[name].to_pylist() for name in names)
    return [
        ((contract, kind, code), debit - credit) for contract, kind, code, debit, credit in zip(*columns, strict=True)
    ]


def _bills(actor: Actor, contracts: Codes) -> list[tuple[Source, Bill]]:
    """What the invoices that stand and name revenue bill of each source."""
    lines = of_contracts(rows_of(actor, models.PaperLine), contracts, "paper__contract").filter(
        paper__further__has_key=_NAMED,
        paper__kind="invoice",
        paper__voided_on=None,
        paper__deleted_at=None,
        document__isnull=False,
    )
    codes = [f"document__{kind}__code" for kind in _SOURCES]
    columns = ("paper_id", "document__contract__code", "paper__further", *codes)
    sums = lines.values_list(*columns).annotate(minor=Sum("amount_minor"))
    bills: dict[Source, list[Bill]] = defaultdict(list)
    for _, contract, further, *named, minor in sums.order_by("paper_id", *codes):
        bill = Bill(tuple(dict.fromkeys(further.get(_NAMED) or ())), int(minor))
        for kind, code in zip(_SOURCES, named, strict=True):
            if code is not None:
                bills[contract, kind, code].append(bill)
    return [(source, bill) for source, some in bills.items() for bill in some]
