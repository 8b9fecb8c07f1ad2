"""Statements over a journal: trial balance, income statement, balance sheet; one row per account and currency.

The journal is what is posted, or a ledger whose lines have their accounts named by the caller (`Booked`). Amounts are in major units, positive on the account's normal side. Accounts of the income statement count what is booked
in a range of days, all others what is booked from the beginning; the sums are `ratable.reports.trial_balance`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from ratable.money import to_major
from ratable.reports import day_of, trial_balance
from ratable.reports.words import CREDIT_SIDE, REVENUE_ACCOUNTS
from ratable_server.actor import Actor
from ratable_server.store.load.counted import counted
from ratable_server.store.load.reported import Shown, load_reported
from ratable_server.store.load.sheets import bind_tables, forget_tables, sheet_for
from ratable_server.store.scope import moment_of

Basis = Literal["period", "fiscal_ytd"]
BEFORE_ALL = date(1, 1, 1)


class Side(NamedTuple):
    """What is booked on an account, in minor units."""

    debit_minor: int
    credit_minor: int

    def less(self, other: Side) -> Side:
        return Side(self.debit_minor - other.debit_minor, self.credit_minor - other.credit_minor)


Account = tuple[str, str]  # its role, or what the caller calls it, and a currency
NOTHING = Side(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Lines of `tables.JOURNAL` to be summed, and which of their accounts are of the income statement."""

    lines: pa.Table
    income_accounts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account in a currency: `balance` is positive on its normal side, `net` is debits less credits."""

    account: str
    currency: str
    debit: Decimal
    credit: Decimal

    @property
    def net(self) -> Decimal:
        """Debits less credits."""
        return self.debit - self.credit

    @property
    def balance(self) -> Decimal:
        """On the account's normal side."""
        return -self.net if self.account in CREDIT_SIDE else self.net


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBalance:
    """Accounts at the end of a day. Income before the range stands in two sums by currency, so that all sums to zero.

    `prior_income` is that of the fiscal year before the range, `retained` that of the years before; both are what income
    accounts gave, above zero for a profit.
    """

    rows: tuple[AccountRow, ...]
    income_starts_on: date
    prior_income: Mapping[str, Decimal]
    retained: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Of an income statement what is booked from a day to another, of a balance sheet all up to the last."""

    starts_on: date
    through_on: date
    rows: tuple[AccountRow, ...]

    def total(self, currency: str) -> Decimal:
        """The sum of the column, positive on the credit side for income, debits less credits for balances."""
        return sum((row.net for row in self.rows if row.currency == currency), Decimal(0))


def trial_balance_of(
    *,
    actor: Actor,
    starts_on: date,
    through_on: date,
    year_starts_on: date,
    basis: Basis = "period",
    booked: Booked | None = None,
) -> TrialBalance:
    """The trial balance at the end of `through_on`, of what is posted or of what is told.

    Income accounts count from `starts_on`, with `fiscal_ytd` from the start of the fiscal year of `through_on`.
    """
    income_on = starts_on if basis == "period" else year_starts_on
    year_on = min(year_starts_on, income_on)
    end, before, before_year = _sums(actor, [through_on, _eve(income_on), _eve(year_on)], booked)
    is_income = _is_income(booked)
    return TrialBalance(
        rows=tuple(_rows(_within(end, before, is_income))),
        income_starts_on=income_on,
        prior_income=_income(before, before_year, is_income),
        retained=_income(before_year, {}, is_income),
    )


def income_statement(
    *, actor: Actor, ranges: Sequence[tuple[date, date]], booked: Booked | None = None
) -> list[Column]:
    """What income accounts have in each range of days, both ends included."""
    if not ranges:
        return []
    is_income = _is_income(booked)
    days = [day for starts_on, through_on in ranges for day in (_eve(starts_on), through_on)]
    sums = iter(_sums(actor, days, booked))
    columns = []
    for starts_on, through_on in ranges:
        before, end = next(sums), next(sums)
        rows = (row for row in _rows(_within(end, before, is_income)) if is_income(row.account))
        columns.append(Column(starts_on=starts_on, through_on=through_on, rows=tuple(rows)))
    return columns


def balance_sheet(*, actor: Actor, days: Sequence[date], booked: Booked | None = None) -> list[Column]:
    """What stands on all other accounts at the end of each day, and as `income` what income accounts gave until then."""
    columns, is_income = [], _is_income(booked)
    for day, sums in zip(days, _sums(actor, days, booked), strict=True):
        rows = [row for row in _rows(sums) if not is_income(row.account)]
        earned = [
            AccountRow(
                account="income", currency=currency, debit=max(-amount, Decimal(0)), credit=max(amount, Decimal(0))
            )
            for currency, amount in sorted(_income(sums, {}, is_income).items())
        ]
        columns.append(Column(starts_on=BEFORE_ALL, through_on=day, rows=(*rows, *earned)))
    return columns


def _is_income(booked: Booked | None) -> Callable[[str], bool]:
    accounts = frozenset(REVENUE_ACCOUNTS) if booked is None else booked.income_accounts
    return accounts.__contains__


def _sums(actor: Actor, days: Sequence[date], booked: Booked | None) -> list[dict[Account, Side]]:
    """Each account at the end of each day, from the beginning; the journal is read once."""
    with moment_of(actor) if booked is None else nullcontext():
        tables = _posted(actor) if booked is None else {"journal": _by_day(booked.lines)}
        sheet = sheet_for(tables)
        journal = bind_tables(sheet, tables)["journal"]
        found = []
        for day in days:
            rows = sheet.fetch(sheet.run(trial_balance, journal, day_of(sheet, day))).to_pylist()
            found.append(
                {(row["account"], row["currency"]): Side(row["debit_minor"], row["credit_minor"]) for row in rows}
            )
        forget_tables(sheet, tables)
    return found


def _posted(actor: Actor) -> dict[str, pa.Table]:
    return load_reported(actor, ["journal"], Shown(counted=counted(actor), last_on=None, day=BEFORE_ALL))


def _by_day(lines: pa.Table) -> pa.Table:
    """One line for each account, currency and day: as much as sums by day need of a journal."""
    keys = ["account", "currency", "on"]
    sums = lines.group_by(keys, use_threads=False).aggregate([("debit_minor", "sum"), ("credit_minor", "sum")])
    known = {**{key: sums[key] for key in keys}, "debit_minor": sums["debit_minor_sum"]}
    known["credit_minor"] = sums["credit_minor_sum"]
    empty = {field.name: pa.array([_NO_VALUE[str(field.type)]] * sums.num_rows, field.type) for field in lines.schema}
    return pa.table({**empty, **known}, schema=lines.schema)


_NO_VALUE: Mapping[str, Any] = {"string": "", "date32[day]": BEFORE_ALL, "int64": 0, "bool": False}


def _eve(day: date) -> date:
    return day - timedelta(days=1) if day > BEFORE_ALL else day


def _within(
    end: Mapping[Account, Side], before: Mapping[Account, Side], is_income: Callable[[str], bool]
) -> dict[Account, Side]:
    """Income accounts less what they had before; the others as they stand."""
    return {key: side.less(before.get(key, NOTHING)) if is_income(key[0]) else side for key, side in end.items()}


def _income(
    end: Mapping[Account, Side], before: Mapping[Account, Side], is_income: Callable[[str], bool]
) -> dict[str, Decimal]:
    """What income accounts gave in between, by currency."""
    totals: dict[str, int] = {}
    for (account, currency), side in end.items():
        if is_income(account):
            own = side.less(before.get((account, currency), NOTHING))
            totals[currency] = totals.get(currency, 0) + own.credit_minor - own.debit_minor
    return {currency: to_major(minor, currency) for currency, minor in sorted(totals.items())}


def _rows(sums: Mapping[Account, Side]) -> Iterable[AccountRow]:
    for (account, currency), side in sorted(sums.items()):
        if side != NOTHING:
            yield AccountRow(
                account=account,
                currency=currency,
                debit=to_major(side.debit_minor, currency),
                credit=to_major(side.credit_minor, currency),
            )
