"""The figures of the demo: the reports of the closed months, summed over contracts, currencies apart.

Owns which figures are shown. Calculates nothing: it adds rows of `ratable.reports` up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa

from ratable.cases.answers import Answers
from ratable.cases.records import Case
from ratable.money import minor_unit_digits
from ratable.periods import month_end

Row = dict[str, object]

MOVEMENTS = ("opening", "billed", "recognized", "breakage", "other", "closing")
DEBIT_SIDE = ("cash", "accounts_receivable", "unbilled_revenue", "contract_asset")
ACCOUNTS = (*DEBIT_SIDE, "contract_liability", "refund_liability", "opening_balance", "revenue", "breakage_revenue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the demo shows: reports by name, and the months that they cover."""

    first_on: date
    closing_on: date  # the last day of the last closed month
    currencies: tuple[str, ...]
    journal_lines: int
    usage_records: int
    customers: int
    reports: dict[str, list[Row]]

    def rows(self, report: str, **keys: object) -> list[Row]:
        """The rows of a report that have these values."""
        return [row for row in self.reports[report] if all(row[key] == value for key, value in keys.items())]


def figures_of(case: Case, answers: Answers) -> Figures:
    """Ask every report as of the last closed month."""
    closing_on = answers.open_on - timedelta(days=1)
    tables = answers.stage_tables()
    months = [row["month_on"] for row in tables["months"].to_pylist() if row["month_on"] < answers.open_on]
    return Figures(
        first_on=min(months),
        closing_on=closing_on,
        currencies=tuple(sorted({contract.currency for contract in case.terms.contracts}, reverse=True)),
        journal_lines=sum(row["period"] <= closing_on for row in answers.rows("journal")),  # type: ignore[operator]
        usage_records=sum(row["records"] for row in tables["metered"].to_pylist()),
        customers=len({contract.customer for contract in case.terms.contracts}),
        reports={
            "rollforward": _rollforward(answers),
            "waterfall": _waterfall(answers),
            "revenue_by_customer": _revenue_by_customer(case, answers),
            "burn_down": _burn_down(case, answers, [month_end(month_on) for month_on in months]),
            "remaining_obligations": _remaining_obligations(case, answers, closing_on),
            "trial_balance": _trial_balance(answers, closing_on),
        },
    )


def as_tables(figures: Figures) -> dict[str, pa.Table]:
    """The reports as tables with exact decimals, for files."""
    digits = max(minor_unit_digits(currency) for currency in figures.currencies)
    return {name: _as_table(rows, digits) for name, rows in figures.reports.items()}


def total(rows: Iterable[Row], figure: str) -> Decimal:
    """The exact sum of a figure."""
    return sum((_decimal(row[figure]) for row in rows), Decimal(0))


def _rollforward(answers: Answers) -> list[Row]:
    return _summed(_closed(answers.rows("rollforward"), answers), ("account", "currency", "period"), MOVEMENTS)


def _waterfall(answers: Answers) -> list[Row]:
    return _summed(_closed(answers.rows("waterfall"), answers), ("currency", "booked", "period"), ("amount",))


def _revenue_by_customer(case: Case, answers: Answers) -> list[Row]:
    customer = {contract.id: contract.customer for contract in case.terms.contracts}
    rows = [{**row, "customer": customer[str(row["contract"])]} for row in _closed(answers.rows("revenue"), answers)]
    return _summed(rows, ("currency", "customer", "type"), ("amount",))


def _burn_down(case: Case, answers: Answers, ends: Sequence[date]) -> list[Row]:
    """Each prepaid commit at the end of each month: granted and drawn to date, lapsed, what remains."""
    found: list[Row] = []
    granted = _granted(case)
    revenue = _closed(answers.rows("revenue"), answers)
    for at in ends:
        for row in answers.rows("prepaid_commits", at):
            commit_id = row["prepaid_commit"]
            mine = [one for one in revenue if one["prepaid_commit"] == commit_id and _day(one["period"]) <= at]
            value, customer = granted[str(commit_id)]
            found.append(
                {
                    "prepaid_commit": commit_id,
                    "customer": customer,
                    "currency": row["currency"],
                    "at": at,
                    "granted": value,
                    "drawn": total([one for one in mine if one["type"] == "drawdown"], "amount"),
                    "lapsed": total([one for one in mine if one["type"] == "breakage"], "amount"),
                    "remaining": row["remaining"],
                    "status": row["status"],
                }
            )
    return sorted(found, key=lambda row: (str(row["prepaid_commit"]), str(row["at"])))


def _granted(case: Case) -> dict[str, tuple[Decimal, str]]:
    return {
        commit.id: (commit.total_value, contract.customer)
        for contract in case.terms.contracts
        for commit in contract.prepaid_commits
    }


def _remaining_obligations(case: Case, answers: Answers, at: date) -> list[Row]:
    customer = {contract.id: contract.customer for contract in case.terms.contracts}
    rows = [{**row, "customer": customer[str(row["contract"])]} for row in answers.rows("rpo", at)]
    summed = _summed(rows, ("currency", "customer", "band"), ("amount",))
    return [row for row in summed if row["amount"]]


def _trial_balance(answers: Answers, at: date) -> list[Row]:
    """Each account's balance on the side where it stands."""
    rows = []
    for row in _summed(answers.rows("balances", at), ("currency", "account"), ("amount",)):
        normal = _decimal(row["amount"])
        debit = normal if row["account"] in DEBIT_SIDE else -normal
        sides = {"debit": max(debit, Decimal(0)), "credit": max(-debit, Decimal(0))}
        rows.append({"currency": row["currency"], "account": row["account"], **sides})
    return sorted(rows, key=lambda row: (str(row["currency"]), ACCOUNTS.index(str(row["account"]))))


def _closed(rows: Iterable[Row], answers: Answers) -> list[Row]:
    return [row for row in rows if _day(row["period"]) < answers.open_on]


def _summed(rows: Iterable[Row], keys: Sequence[str], figures: Sequence[str]) -> list[Row]:
    """The sums of the figures by keys, in the order of the keys."""
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    ordered = sorted(groups, key=lambda key: tuple(map(str, key)))
    return [
        {**dict(zip(keys, key, strict=True)), **{figure: total(groups[key], figure) for figure in figures}}
        for key in ordered
    ]


def _as_table(rows: Sequence[Row], digits: int) -> pa.Table:
    columns = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        kind = pa.decimal128(38, digits) if isinstance(values[0], Decimal) else None
        columns[name] = pa.array(values, kind)
    return pa.table(columns)


def _decimal(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
