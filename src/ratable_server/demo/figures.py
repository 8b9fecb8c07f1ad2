"""The figures of the demo, as the books' own reports tell them.

Owns which report gives which figure, and the words of `ratable.demo.figures` for it. It adds nothing up but what a
year needs of its months.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate, groupby
from typing import Any

from ratable.demo.figures import ACCOUNTS, MOVEMENTS, Figures
from ratable.money import to_major
from ratable.periods import month_end
from ratable_server.actor import Actor
from ratable_server.demo.playing import MonthClosed
from ratable_server.queries.reports import report

Row = dict[str, Any]

ROLLED = ("accounts_receivable", "contract_liability", "unbilled_revenue")


def figures_of_books(actor: Actor, months: Sequence[MonthClosed]) -> Figures:
    """Ask the books for every report that the demo shows."""
    status = _rows(actor, "close_status")
    customers = _rows(actor, "revenue_by_customer", by=["customer_id"])
    return Figures(
        first_on=months[0].month_on,
        closing_on=month_end(months[-1].month_on),
        currencies=tuple(sorted({row["currency"] for row in status if row["currency"]}, reverse=True)),
        journal_lines=sum(row["lines"] for row in status),
        usage_records=sum(month.rows("accepted") for month in months),
        customers=len(customers),
        reports={
            "rollforward": _rollforward(actor),
            "waterfall": _amounts(actor, "waterfall", "currency", "booked", "period"),
            "revenue_by_customer": _revenue_by_customer(actor),
            "burn_down": _burn_down(actor),
            "remaining_obligations": _remaining_obligations(actor),
            "trial_balance": _trial_balance(actor, months[-1].month_on),
        },
    )


def _rows(actor: Actor, name: str, **asked: Any) -> list[Row]:
    """The rows of a report, in major units."""
    found = report(actor=actor, name=name, **asked)
    money = [column.name for column in found.columns if column.unit == "minor"]
    return [_in_major(row, money) for row in found.table.to_pylist()]


def _in_major(row: Row, money: Sequence[str]) -> Row:
    amounts = {
        name.removesuffix("_minor"): to_major(row.pop(name), row["currency"]) for name in money if row["currency"]
    }
    return {**row, **amounts}


def _rollforward(actor: Actor) -> list[Row]:
    return [
        {
            "account": account,
            "currency": row["currency"],
            "period": row["period"],
            **{name: row.get(name, Decimal(0)) for name in MOVEMENTS},
        }
        for account in ROLLED
        for row in _rows(actor, account, by=["currency", "period"])
    ]


def _amounts(actor: Actor, name: str, *keys: str) -> list[Row]:
    rows = _rows(actor, name, by=list(keys))
    return [{key: row[key] for key in (*keys, "amount")} for row in rows]


def _revenue_by_customer(actor: Actor) -> list[Row]:
    rows = [
        {"currency": row["currency"], "customer": row["customer_id"], "type": row["kind"], "amount": row["amount"]}
        for row in _rows(actor, "revenue", by=["currency", "customer_id", "kind"])
    ]
    return sorted(rows, key=lambda row: str(row["currency"]))


def _burn_down(actor: Actor) -> list[Row]:
    found: list[Row] = []
    for _, rows in groupby(_rows(actor, "burn_down"), key=lambda row: row["commit_id"]):
        found.extend(_burnt(list(rows)))
    return sorted(found, key=lambda row: (str(row["prepaid_commit"]), str(row["at"])))


def _burnt(rows: Sequence[Row]) -> list[Row]:
    """A commit at the end of each month: granted, drawn and lapsed to date."""
    to_date = {
        name: list(accumulate(row[name] for row in rows)) for name in ("granted", "topped_up", "drawn", "expired")
    }
    return [
        {
            "prepaid_commit": row["commit_id"],
            "customer": row["customer_id"],
            "currency": row["currency"],
            "at": month_end(row["period"]),
            "granted": to_date["granted"][place] + to_date["topped_up"][place],
            "drawn": to_date["drawn"][place],
            "lapsed": to_date["expired"][place],
            "remaining": row["remaining"],
            "status": row["status"],
        }
        for place, row in enumerate(rows)
    ]


def _remaining_obligations(actor: Actor) -> list[Row]:
    rows = _rows(actor, "rpo", by=["currency", "customer_id", "band"])
    return [
        {"currency": row["currency"], "customer": row["customer_id"], "band": row["band"], "amount": row["amount"]}
        for row in rows
        if row["amount"]
    ]


def _trial_balance(actor: Actor, month_on: date) -> list[Row]:
    """Each account's balance on the side where it stands."""
    rows = [
        {
            "currency": row["currency"],
            "account": row["account"],
            "debit": max(row["closing"], Decimal(0)),
            "credit": max(-row["closing"], Decimal(0)),
        }
        for row in _rows(actor, "trial_balance", periods=(month_on, month_on))
    ]
    return sorted(rows, key=lambda row: (str(row["currency"]), ACCOUNTS.index(str(row["account"]))))
