"""Overage that nobody has billed, by prepaid commit and month.

The ledger says how much of a contract's usage is unbilled: an invoice that names nothing clears the oldest there is, which
may be a prepaid commit that nobody has invoiced, and only the rest of it usage. Which usage that is, invoices say that name
revenue; of the rest the latest is unbilled. Where an invoice names usage alone, that is billed even if the ledger let it
clear a prepaid commit: it was filed before invoices could name usage, and the customer has been asked for that usage. One
that names other revenue, too, bills of usage what its lines of usage come to. An invoice of a cycle of overage that no
longer says its revenue bills that of its cycle.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import F, Max, Q, Sum

from ratable.money import to_major, to_minor
from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.errors import Unavailable
from ratable_server.queries.billed_by_name import Bill, take_named
from ratable_server.queries.computed import Computed, computed, due_lines
from ratable_server.store import models
from ratable_server.store.load.periods import current_runs
from ratable_server.store.load.terms import Codes, of_contracts
from ratable_server.store.scope import books_of, moment_of, rows_of

_KINDS = ("usage", "overage", "minimum")  # in their order of a day
_NAMED = "revenue_transactions"
_COMMIT, _PERIOD = "overage_of_commit", "overage_from"  # of an invoice that bills a cycle of overage
_NEVER = date(1, 1, 1)
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OverageOfMonth:
    """Overage of a prepaid commit in a service month, and how much of it no invoice has covered; `revenue` are its ids."""

    contract: str
    prepaid_commit_id: int
    service_on: date
    amount: Decimal
    unbilled: Decimal
    revenue: tuple[int, ...]


_Entry = tuple[date, date]  # the service month of an adjustment, and its day


@dataclass(slots=True, kw_only=True)
class _Usage:
    """The usage of a contract: rows of revenue, the latest last, what the ledger has of it, and invoices that name some."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    unbilled_minor: int = 0
    credits: Counter[_Entry] = field(default_factory=Counter)  # to the receivable, by adjustments of billed overage
    memos: Counter[tuple[_Entry, str]] = field(default_factory=Counter)  # of these what memos tell, by prepaid commit
    bills: list[Bill] = field(default_factory=list)


def overage_months(*, actor: Actor, contracts: Sequence[str] | None, on: date) -> tuple[OverageOfMonth, ...]:
    """Overage by prepaid commit and month, of some contracts or of all; in the order of months."""
    return _told(actor, _usages(actor, contracts, on=on))


class OverageCredited(NamedTuple):
    """Overage of a contract, and what adjustments credit to its receivable for billed overage, by service month.

    `unlike` is what they credit without a credit memo, as far as the ledger has more unbilled than is told.
    """

    months: tuple[OverageOfMonth, ...]
    credits: Mapping[date, Decimal]
    unlike: Decimal


def overage_and_credits(*, actor: Actor, contract: str, on: date) -> OverageCredited:
    """The same of one contract, with what adjustments credit of it."""
    usages = _usages(actor, [contract], on=on)
    with books_of(actor):
        (currency,) = rows_of(actor, models.Contract).filter(code=contract).values_list("currency", flat=True)
    usage = usages.get(contract, _Usage())
    credits: Counter[date] = Counter()
    for (service_on, _), minor in usage.credits.items():
        credits[service_on] += minor
    unlike_minor = min(usage.unbilled_minor - sum(_unbilled(usage).values()), _untold_minor(usage))
    return OverageCredited(
        months=_told(actor, usages),
        credits={month: to_major(minor, currency) for month, minor in credits.items()},
        unlike=to_major(max(unlike_minor, 0), currency),
    )


def _told(actor: Actor, usages: Mapping[str, _Usage]) -> tuple[OverageOfMonth, ...]:
    with books_of(actor):
        rows = rows_of(actor, models.Contract, with_deleted=True).filter(code__in=list(usages))
        currencies = dict(rows.values_list("code", "currency"))
        named = {row["commit_id"] for usage in usages.values() for row in usage.rows if row["commit_id"]}
        commits = rows_of(actor, models.PrepaidCommit, with_deleted=True).filter(code__in=named)
        ids = dict(commits.values_list("code", "id"))
    told = [
        each
        for contract, usage in usages.items()
        for each in _months(usage, contract=contract, currency=currencies[contract], ids=ids)
    ]
    return tuple(sorted(told, key=lambda each: (each.service_on, each.prepaid_commit_id)))


def usage_left(
    *, actor: Actor, contracts: Sequence[str], on: date, besides: Mapping[str, Decimal]
) -> dict[int, Decimal]:
    """What is left to bill of each revenue of usage by its id; `besides` is what an invoice bills that does not count.

    That is what no invoice names of it, less what has cleared usage without a name, the oldest first. What invoices bill
    above the revenue that they name is of nothing.
    """
    usages = _usages(actor, contracts, on=on)
    with books_of(actor):
        rows = rows_of(actor, models.Contract, with_deleted=True).filter(code__in=list(usages))
        currencies = dict(rows.values_list("code", "currency"))
    left: dict[int, Decimal] = {}
    for contract, usage in usages.items():
        currency = currencies[contract]
        open_minor, above_minor = _open(usage)
        more = above_minor + to_minor(besides.get(contract, Decimal(0)), currency)
        unbilled = _latest(usage, open_minor, usage.unbilled_minor + more)
        left |= {id: to_major(minor, currency) for id, minor in unbilled.items()}
    return left


def _months(usage: _Usage, *, contract: str, currency: str, ids: Mapping[str, int]) -> list[OverageOfMonth]:
    unbilled = _unbilled(usage)
    months: dict[tuple[str, date], list[dict[str, Any]]] = defaultdict(list)
    for row in usage.rows:
        if row["kind"] == "overage" and row["commit_id"] in ids:
            months[row["commit_id"], row["service_on"].replace(day=1)].append(row)
    return [
        OverageOfMonth(
            contract=contract,
            prepaid_commit_id=ids[commit],
            service_on=service_on,
            amount=to_major(sum(row["amount_minor"] for row in rows), currency),
            unbilled=to_major(sum(unbilled[row["public_id"]] for row in rows), currency),
            revenue=tuple(sorted(row["public_id"] for row in rows)),
        )
        for (commit, service_on), rows in months.items()
    ]


def _unbilled(usage: _Usage) -> dict[int, int]:
    """What no invoice has covered of each revenue."""
    open_minor, _ = _open(usage)
    return _latest(usage, open_minor, usage.unbilled_minor)


def _open(usage: _Usage) -> tuple[dict[int, int], int]:
    """What no invoice names of each revenue, and what those that name some of it bill above that."""
    open_minor = _less_credits(usage)
    return open_minor, take_named(usage.bills, open_minor)


def _less_credits(usage: _Usage) -> dict[int, int]:
    """The amount of each revenue; what adjustments take back is less what credit memos tell: invoices do not lower it again."""
    memos, credits = usage.memos.copy(), usage.credits.copy()
    amounts = {row["public_id"]: int(row["amount_minor"]) for row in usage.rows}
    for row in usage.rows:
        if row["kind"] == "overage" and row["adjusted_on"] > _NEVER:
            entry = (month_of(row["service_on"]), row["on"])
            for memo in ((entry, row["commit_id"]), (entry, "")):
                part = max(min(-amounts[row["public_id"]], memos[memo], credits[entry]), 0)
                amounts[row["public_id"]] += part
                memos[memo] -= part
                credits[entry] -= part
    return amounts


def _untold_minor(usage: _Usage) -> int:
    """What adjustments credit that no credit memo tells."""
    amounts = sum(int(row["amount_minor"]) for row in usage.rows)
    return usage.credits.total() - (sum(_less_credits(usage).values()) - amounts)


def _latest(usage: _Usage, open_minor: Mapping[int, int], unbilled_minor: int) -> dict[int, int]:
    """What is unbilled of each revenue: no more than what no invoice names of it, the latest first."""
    left = min(unbilled_minor, sum(open_minor.values()) + _untold_minor(usage))
    whole, unbilled = _lowered(usage, open_minor), {}
    for row in reversed(usage.rows):
        unbilled[row["public_id"]] = max(min(whole[row["public_id"]], left), 0)
        left -= unbilled[row["public_id"]]
    return unbilled


def _lowered(usage: _Usage, open_minor: Mapping[int, int]) -> dict[int, int]:
    """What lowers overage is taken from that of its prepaid commit and month, the latest first."""
    whole = dict(open_minor)
    months: dict[tuple[str, date], list[int]] = defaultdict(list)
    for row in usage.rows:
        if row["kind"] == "overage":
            months[row["commit_id"], month_of(row["service_on"])].append(row["public_id"])
    for ids in months.values():
        left = sum(whole[id] for id in ids)
        for id in ids:  # the oldest keep what is left
            whole[id] = max(min(whole[id], left), 0)
            left -= whole[id]
    return whole


def _usages(actor: Actor, contracts: Sequence[str] | None, *, on: date) -> dict[str, _Usage]:
    """The usage of contracts by their codes, as the books stand; invoices of a day to come count, too.

    Raises:
        Unavailable: months were closed and opened all the while.
    """
    with books_of(actor):
        filed = of_contracts(rows_of(actor, models.Document), contracts).aggregate(on=Max("on"))["on"]
    day = max(on, filed or on)
    for _ in range(_TRIES):
        drafted = computed(actor, contracts=contracts, on=day)  # by itself, so that it is remembered
        with moment_of(actor):
            if set(current_runs(actor)) != set(drafted.closed_at):
                continue
            usages = _of_rows(drafted.revenue)
            _add_ledger(usages, [*_posted(actor, contracts), *_drafted(drafted, day)])
            _add_memos(usages, actor)
            _add_bills(usages, actor, contracts, revenue=drafted.revenue)
            return usages
    raise Unavailable("busy")


def _of_rows(revenue: pa.Table) -> dict[str, _Usage]:
    rows = revenue.filter(pc.is_in(revenue["kind"], pa.array(_KINDS))).to_pylist()
    usages: dict[str, _Usage] = defaultdict(_Usage)
    for row in sorted(
        rows, key=lambda row: (row["on"], _KINDS.index(row["kind"]), row["service_on"], row["public_id"])
    ):
        usages[row["contract_id"]].rows.append(row)
    return dict(usages)


# Contract, account, is it of an adjustment, service month and day of the entry, debits less credits.
_Line = tuple[str, str, bool, date, date, int]


def _add_ledger(usages: Mapping[str, _Usage], lines: Sequence[_Line]) -> None:
    for contract, account, is_adjusted, service_on, on, debit_minor in lines:
        usage = usages.get(contract)
        if usage is not None and account == "unbilled_revenue":
            usage.unbilled_minor += debit_minor
        elif usage is not None and account == "accounts_receivable" and is_adjusted:
            usage.credits[month_of(service_on), on] -= debit_minor


def _posted(actor: Actor, contracts: Codes) -> list[_Line]:
    """Sums of what closed months have posted of usage."""
    entries = rows_of(actor, models.JournalEntry).filter(source_kind="usage", run_id__in=current_runs(actor))
    wanted = entries if contracts is None else entries.filter(contract_id__in=contracts)
    lines = rows_of(actor, models.JournalLine).filter(entry_id__in=wanted.values("id"))
    of_entry = ("entry__is_adjusted", "entry__service_on", "entry__on")
    sums = lines.values_list("entry__contract_id", "account", *of_entry)
    return list(sums.annotate(minor=Sum(F("debit_minor") - F("credit_minor"))))


def _drafted(drafted: Computed, day: date) -> list[_Line]:
    """The same of what open months come to."""
    rows = due_lines(drafted.drafted_journal, day)
    rows = rows.filter(pc.equal(rows["source_kind"], "usage"))
    columns = ("contract_id", "account", "is_adjusted", "service_on", "on", "debit_minor", "credit_minor")
    return [
        (*told, debit_minor - credit_minor)
        for *told, debit_minor, credit_minor in zip(*(rows[name].to_pylist() for name in columns), strict=True)
    ]


def _add_memos(usages: Mapping[str, _Usage], actor: Actor) -> None:
    """What credit memos tell of adjustments, where these credit anything."""
    credited = [contract for contract, usage in usages.items() if usage.credits]
    if not credited:
        return
    memos = rows_of(actor, models.Document).filter(against="adjustment", contract__code__in=credited)
    commits = dict(
        rows_of(actor, models.PrepaidCommit, with_deleted=True)
        .filter(contract__code__in=credited)
        .values_list("id", "code")
    )
    columns = ("contract__code", "service_on", "on", "further", "amount_minor")
    for contract, service_on, on, further, minor in memos.values_list(*columns):
        if service_on is not None:
            usages[contract].memos[(service_on, on), commits.get(further.get("prepaid_commit"), "")] += minor


def _add_bills(usages: Mapping[str, _Usage], actor: Actor, contracts: Codes, *, revenue: pa.Table) -> None:
    """The invoices that stand and bill usage, with what their lines of usage come to.

    Lines that do not name usage are among them only where all revenue is that the invoice names: what names other revenue
    too has cleared that.
    """
    bills = _bills_told(actor, contracts)
    others = _others(revenue, {id for bill in bills if not bill.is_of_usage for id in bill.named})
    commits = _codes_of(actor, {bill.commit_id for bill in bills if bill.commit_id is not None and not bill.named})
    for bill in bills:
        usage = usages.get(bill.contract)
        if usage is not None and (bill.is_of_usage or others.isdisjoint(bill.named)):
            named = bill.named or _of_cycle(usage, commits.get(bill.commit_id), starts_on=bill.starts_on)
            usage.bills.append(Bill(named, bill.amount_minor))


class _BillTold(NamedTuple):
    """What lines of an invoice come to, and what it says of usage: revenue, or the cycle of a prepaid commit."""

    contract: str
    named: tuple[int, ...]
    commit_id: int | None
    starts_on: str
    is_of_usage: bool
    amount_minor: int


def _bills_told(actor: Actor, contracts: Codes) -> list[_BillTold]:
    lines = of_contracts(rows_of(actor, models.PaperLine), contracts, "paper__contract").filter(
        Q(paper__further__has_key=_NAMED) | Q(paper__further__has_key=_COMMIT),
        paper__kind="invoice",
        paper__voided_on=None,
        paper__deleted_at=None,
        document__isnull=False,
        document__prepaid_commit=None,
        document__subscription=None,
        document__milestone=None,
    )
    columns = ("paper_id", "paper__contract__code", "paper__further", "document__is_of_usage")
    sums = lines.values_list(*columns).annotate(minor=Sum("amount_minor")).order_by(*columns[:2], columns[3])
    return [
        _BillTold(
            contract=contract,
            named=tuple(dict.fromkeys(further.get(_NAMED) or ())),
            commit_id=further.get(_COMMIT),
            starts_on=further.get(_PERIOD) or "",
            is_of_usage=is_of_usage,
            amount_minor=int(minor),
        )
        for _, contract, further, is_of_usage, minor in sums
    ]


def _others(revenue: pa.Table, ids: Collection[int]) -> set[int]:
    """Those of some ids that are of revenue other than usage."""
    if not ids:
        return set()
    rows = revenue.filter(pc.is_in(revenue["public_id"], pa.array(sorted(ids), revenue["public_id"].type)))
    return set(rows.filter(pc.invert(pc.is_in(rows["kind"], pa.array(_KINDS))))["public_id"].to_pylist())


def _codes_of(actor: Actor, ids: Collection[int]) -> dict[int | None, str]:
    rows = rows_of(actor, models.PrepaidCommit, with_deleted=True).filter(id__in=ids) if ids else ()
    return {row.id: row.code for row in rows}


def _of_cycle(usage: _Usage, commit: str | None, *, starts_on: str) -> tuple[int, ...]:
    """The overage of a prepaid commit from a day on: an invoice of a cycle bills its months first.

    Nothing, where the contract is another: the invoice was moved to it.
    """
    rows = (row for row in usage.rows if row["kind"] == "overage" and row["commit_id"] == commit)
    months = sorted((row["service_on"], row["public_id"]) for row in rows if row["service_on"].isoformat() >= starts_on)
    return tuple(id for _, id in months)
