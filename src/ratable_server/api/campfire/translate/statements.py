"""Trial balance, income statement, balance sheet and general ledger: `/ca/api/get_…`, `/coa/api/general-ledger`.

Each amount is told on the natural side of its account, a trial balance by its debits and credits. Accounts in two
currencies have a row for each: nothing is converted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from ratable_server.api.campfire.translate.chart import Account, own_account
from ratable_server.queries.chart import INCOME, PRIOR_INCOME, RETAINED, OwnAccount

CADENCES = ("monthly", "daily", "quarterly", "weekly", "yearly")
BASES = ("period", "fiscal_ytd")
_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
_NOTHING = Decimal(0)

Accounts = Mapping[str, Account]


class Span(NamedTuple):
    """A column: its days, both included."""

    starts_on: date
    ends_on: date

    @property
    def key(self) -> str:
        """What the column is called."""
        return f"{self.starts_on}"


def spans(starts_on: date, ends_on: date, cadence: str) -> Iterator[Span]:
    """The columns of a range of days: whole periods of the calendar, cut at both ends."""
    first = starts_on
    while first <= ends_on:
        following = _after(first, cadence)
        yield Span(first, min(following - timedelta(days=1), ends_on))
        first = following


def _after(day: date, cadence: str) -> date:
    """The first day of the next period."""
    if cadence == "daily":
        return day + timedelta(days=1)
    if cadence == "weekly":
        return day + timedelta(days=7 - day.weekday())
    months = _MONTHS[cadence]
    places = (day.year * 12 + day.month - 1) // months * months + months
    return date(places // 12, places % 12 + 1, 1)


def year_start(day: date, month: int, of_month: int) -> date:
    """The first day of the fiscal year that a day is in."""
    start = _day_of(day.year, month, of_month)
    return start if start <= day else _day_of(day.year - 1, month, of_month)


def _day_of(year: int, month: int, day: int) -> date:
    """A day of a year, or the last of its month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day - 1), following - timedelta(days=1))


# ── trial balance ────────────────────────────────────────────────────────────────────────────


def from_trial_balance(balance: Any, accounts: Accounts, span: Span, *, basis: str) -> dict[str, Any]:
    """The accounts with their debits and credits; income of before stands in rows of its own, so that all sums to zero."""
    rows = [
        _with_sides(accounts[row.account], row.currency, (row.debit, row.credit), span=span) for row in balance.rows
    ]
    currencies = sorted({row.currency for row in balance.rows} | set(balance.retained) | set(balance.prior_income))
    for currency in currencies:
        rows.append(_income_row(RETAINED, currency, balance.retained, span=span))
        if basis == "period":
            rows.append(_income_row(PRIOR_INCOME, currency, balance.prior_income, span=span))
    return {
        "trial_balance": {"accounts": sorted(rows, key=_by_number)},
        "start_date": span.starts_on,
        "end_date": span.ends_on,
        "income_statement_start": balance.income_starts_on,
    }


def _income_row(own: OwnAccount, currency: str, income: Mapping[str, Decimal], *, span: Span) -> dict[str, Any]:
    amount = income.get(currency, _NOTHING)
    return _with_sides(own_account(own), currency, (max(-amount, _NOTHING), max(amount, _NOTHING)), span=span)


def _with_sides(account: Account, currency: str, booked: tuple[Decimal, Decimal], *, span: Span) -> dict[str, Any]:
    sides = dict(zip(("debits", "credits"), booked, strict=True))
    return {
        "id": str(account.id),
        "name": account.name,
        "number": account.number,
        "account_type": account.type,
        "currency": currency,
        "balances": {**sides, f"{span.ends_on}": sides},
    }


# ── income statement and balance sheet ───────────────────────────────────────────────────────


def from_income_statement(columns: Sequence[Any], accounts: Accounts, shown: Sequence[Span]) -> list[dict[str, Any]]:
    """What income accounts have in each column."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for span, column in zip(shown, columns, strict=True):
        for row in column.rows:
            own = rows.setdefault(
                (row.account, row.currency), _head(accounts[row.account], row.currency) | _zeros(shown)
            )
            own[f"{span.key}_Total"] = _natural(accounts[row.account], row.net)
    return sorted(rows.values(), key=_by_number)


def from_balance_sheet(
    columns: Sequence[Any], earlier: Sequence[Any], accounts: Accounts, *, shown: Sequence[Span]
) -> list[dict[str, Any]]:
    """What stands on each account at the end of each column.

    `earlier` are the same as of the day before the fiscal year of each column: income until then is retained, income
    since then is the year's.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for span, column, before in zip(shown, columns, earlier, strict=True):
        for account, currency, amount in _balances(column, before, accounts):
            unset = {each.key: {"ending_balance": _NOTHING} for each in shown}
            own = rows.setdefault((str(account.id), currency), _head(account, currency) | unset)
            own[span.key] = {"ending_balance": amount}
    return sorted(rows.values(), key=_by_number)


def _balances(column: Any, before: Any, accounts: Accounts) -> Iterator[tuple[Account, str, Decimal]]:
    retained = {row.currency: -row.net for row in before.rows if row.account == "income"}
    earned = {row.currency: -row.net for row in column.rows if row.account == "income"}
    for row in column.rows:
        if row.account != "income":
            yield accounts[row.account], row.currency, _natural(accounts[row.account], row.net)
    for currency in sorted({row.currency for row in column.rows}):
        kept = retained.get(currency, _NOTHING)
        yield own_account(RETAINED), currency, kept
        yield own_account(INCOME), currency, earned.get(currency, _NOTHING) - kept


def headers_of(shown: Iterable[Span]) -> dict[str, Any]:
    """The days of each column."""
    return {span.key: {"start_date": span.starts_on, "end_date": span.ends_on} for span in shown}


def _zeros(shown: Sequence[Span]) -> dict[str, Any]:
    return {f"{each.key}_Total": _NOTHING for each in shown}


def _head(account: Account, currency: str) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "account_name": account.name,
        "account_number": account.number,
        "hierarchy": [account.type, str(account.id)],
        "currency": currency,
    }


def _natural(account: Account, net: Decimal) -> Decimal:
    """Debits less credits, positive on the account's side."""
    return -net if account.is_credit_side else net


def _by_number(row: Mapping[str, Any]) -> tuple[bool, str, str, str]:
    number = str(row.get("number") or row.get("account_number") or "")
    return (not number, number, str(row.get("name") or row.get("account_name")), str(row["currency"]))


# ── general ledger ───────────────────────────────────────────────────────────────────────────


def from_general_ledger(opening: Any, closing: Any, accounts: Accounts) -> list[dict[str, Any]]:
    """Each account with what it had before the range, what moved it, and what it has at the end."""
    before = {(row.account, row.currency): row for row in opening.rows}
    rows = []
    for row in closing.rows:
        account, was = accounts[row.account], before.get((row.account, row.currency))
        moved = {
            "total_debits": row.debit - (was.debit if was else _NOTHING),
            "total_credits": row.credit - (was.credit if was else _NOTHING),
        }
        ends = {
            "opening_balance": _natural(account, was.net) if was else _NOTHING,
            "ending_balance": _natural(account, row.net),
        }
        head = _head(account, row.currency)
        del head["hierarchy"]
        rows.append({**head, "account_type": account.type, **moved, **ends})
    return sorted(rows, key=_by_number)
