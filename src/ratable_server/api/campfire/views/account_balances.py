"""What stands on each account now, and what came onto it in the fiscal year: as much as the ledger tells."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.chart import Account
from ratable_server.api.campfire.views.ledger_told import chart_of
from ratable_server.api.campfire.views.statements import year_start
from ratable_server.queries.ledger_books import AccountKey, ledger_of, with_accounts
from ratable_server.queries.statements import Booked, Column, balance_sheet

Balances = dict[int, dict[str, tuple[Decimal, Decimal]]]


def account_balances(actor: Actor, *, on: date) -> Balances:
    """By account and currency: the balance, and that of the fiscal year, each positive on the account's own side.

    Accounts of income are told by what the year has brought, all others by what stands on them.
    """
    chart, accounts = chart_of(actor), dict[str, Account]()

    def named(key: AccountKey) -> str:
        account = chart.account(key)
        accounts[str(account.id)] = account
        return str(account.id)

    lines = with_accounts(ledger_of(actor, on=on).lines, named)
    days = [year_start(actor, on) - timedelta(days=1), on]
    before, now = balance_sheet(actor=actor, days=days, booked=Booked(lines=lines, income_accounts=frozenset()))
    earlier, found = _nets(before), defaultdict[int, dict[str, tuple[Decimal, Decimal]]](dict)
    for (key, currency), net in _nets(now).items():
        account = accounts[key]
        of_year = net - earlier.get((key, currency), Decimal(0)) if account.is_of_income else net
        sign = -1 if account.is_credit_side else 1
        found[account.id][currency] = (sign * net, sign * of_year)
    return dict(found)


def _nets(column: Column) -> dict[tuple[str, str], Decimal]:
    return {(row.account, row.currency): row.net for row in column.rows}
