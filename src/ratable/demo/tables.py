"""The demo on the screen: the story, the reports as tables of at most 100 columns, and where the files went.

Owns wording and layout. Without a terminal there is no colour and the width is fixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from textwrap import wrap

from rich import box
from rich.console import Console
from rich.table import Table

from ratable.cases.judging import Verdict
from ratable.demo.figures import MOVEMENTS, Figures, total
from ratable.money import minor_unit_digits
from ratable.scalars import plain

WIDTH = 100
STORY = """\
Tidewater Inference sells models behind an API. Five customers, the year 2025, every month closed:

  Bramble Studio   pays for API calls as it goes, in graduated tiers. Five records of March arrive
                   in May and are booked in May, because March is closed.
  Corvid Robotics  paid 60,000 in advance for GPU hours at 20 percent off. The pool runs dry in
                   August and list price follows. In October it turns out that August was counted
                   6,000 too high.
  Delphine Media   paid 24,000 euros for speech minutes; a quarter of it lapses in October.
  Everline Health  takes an assistant with support, split 70 to 30, at a minimum of 5,000 a month.
  Foxglove Bank    pays a year of seats in March, and a go-live.
"""
TYPES = ("usage", "drawdown", "overage", "minimum", "breakage", "subscription", "milestone", "adjustment")
ROLLED = {
    "contract_liability": MOVEMENTS,
    "unbilled_revenue": ("opening", "recognized", "breakage", "billed", "other", "closing"),
}
SIGNS = {
    "contract_liability": "opening + billed - recognized - breakage + other = closing",
    "unbilled_revenue": "opening + recognized + breakage - billed + other = closing",
}


def print_demo(verdict: Verdict, figures: Figures, *, folder: Path, files: Sequence[dict[str, object]]) -> None:
    """Print the whole demo."""
    console = new_console()
    console.print(STORY, soft_wrap=True)
    for table in report_tables(figures):
        print_table(console, table)
    for line in _last_words(verdict, figures, folder=folder, files=files):
        console.print(line, soft_wrap=True)


def new_console(*, is_quiet: bool = False) -> Console:
    """A console of at most 100 columns; without a terminal it has exactly these, and no colour."""
    console = Console(highlight=False, quiet=is_quiet)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def print_table(console: Console, table: Table) -> None:
    """A table under its title, which stands on a line of its own and is not wrapped to the table."""
    title, table.title = str(table.title), None
    console.print(title, style="bold", soft_wrap=True)
    console.print(table)
    console.print()


def report_tables(figures: Figures) -> Iterable[Table]:
    """Every report, currency by currency."""
    for currency in figures.currencies:
        yield from _currency_tables(figures, currency)
    yield burn_down(figures)


def record_of(verdict: Verdict, figures: Figures) -> dict[str, object]:
    """The demo for programs: figures as texts, months and days in ISO."""
    reports = {
        name: [{key: _spelled(key, value) for key, value in row.items()} for row in rows]
        for name, rows in figures.reports.items()
    }
    return {
        "case": verdict.case.case,
        "ok": verdict.ok,
        "checked": verdict.checked,
        "figures": figure_count(verdict),
        "first_month": f"{figures.first_on:%Y-%m}",
        "last_month": f"{figures.closing_on:%Y-%m}",
        "reports": reports,
    }


def _currency_tables(figures: Figures, currency: str) -> Iterable[Table]:
    yield rollforward(figures, currency, "contract_liability")
    yield rollforward(figures, currency, "unbilled_revenue")
    yield waterfall(figures, currency)
    yield revenue_by_customer(figures, currency)
    yield remaining_obligations(figures, currency)
    yield trial_balance(figures, currency)


def rollforward(figures: Figures, currency: str, account: str) -> Table:
    """Opening, movements and closing of an account by month."""
    movements = ROLLED[account]
    rows = figures.rows("rollforward", account=account, currency=currency)
    title = f"{_words(account)} rollforward, {currency}: {SIGNS[account]}"
    table = _table(title, "month", movements)
    for row in rows:
        _add(table, f"{row['period']:%Y-%m}", [row[name] for name in movements], currency=currency)
    if rows:
        sums = [total(rows, name) for name in movements[1:-1]]
        table.add_section()
        _add(table, "year", [rows[0]["opening"], *sums, rows[-1]["closing"]], currency=currency)
    return table


def waterfall(figures: Figures, currency: str) -> Table:
    """Revenue by the month of the billing that paid for it, and the quarter in which it is revenue."""
    rows = figures.rows("waterfall", currency=currency)
    quarters = sorted({_quarter(row["period"]) for row in rows})
    title = f"Revenue waterfall, {currency}: rows by month billed (in arrears: used), by quarter of revenue"
    table = _table(title, "booked", [*quarters, "total"])
    for booked in sorted({str(row["booked"]) for row in rows}):
        mine = [row for row in rows if str(row["booked"]) == booked]
        parts = [total([row for row in mine if _quarter(row["period"]) == quarter], "amount") for quarter in quarters]
        _add(table, booked[:7], [*parts, total(mine, "amount")], currency=currency, blank_zero=True)
    sums = [total([row for row in rows if _quarter(row["period"]) == quarter], "amount") for quarter in quarters]
    table.add_section()
    _add(table, "revenue", [*sums, total(rows, "amount")], currency=currency)
    return table


def revenue_by_customer(figures: Figures, currency: str) -> Table:
    """Revenue of the year by customer and type."""
    rows = figures.rows("revenue_by_customer", currency=currency)
    types = [kind for kind in TYPES if any(row["type"] == kind for row in rows)]
    table = _table(f"Revenue by customer and type, {currency}", "customer", [*types, "total"])
    for customer in sorted({str(row["customer"]) for row in rows}):
        mine = [row for row in rows if row["customer"] == customer]
        parts = [total([row for row in mine if row["type"] == kind], "amount") for kind in types]
        _add(table, customer, [*parts, total(mine, "amount")], currency=currency, blank_zero=True)
    sums = [total([row for row in rows if row["type"] == kind], "amount") for kind in types]
    table.add_section()
    _add(table, "all", [*sums, total(rows, "amount")], currency=currency)
    return table


def burn_down(figures: Figures) -> Table:
    """Prepaid commits at the end of each quarter, and how they ended."""
    rows = figures.reports["burn_down"]
    ends = [end for end in sorted({str(row["at"]) for row in rows}) if end[5:7] in {"03", "06", "09", "12"}]
    title = f"Prepaid commits: remaining at quarter ends, drawn and lapsed to {figures.closing_on}"
    columns = ["granted", *(end[:7] for end in ends), "drawn", "lapsed"]
    table = _table(title, "prepaid commit", columns)
    table.add_column("status")
    for commit_id in sorted({str(row["prepaid_commit"]) for row in rows}):
        mine = {str(row["at"]): row for row in rows if row["prepaid_commit"] == commit_id}
        last = mine[max(mine)]
        currency = str(last["currency"])
        values = [last["granted"], *(mine[end]["remaining"] for end in ends), last["drawn"], last["lapsed"]]
        amounts = [_money(value, currency) for value in values]
        table.add_row(f"{commit_id} {currency}", *amounts, str(last["status"]).lower())
    return table


def remaining_obligations(figures: Figures, currency: str) -> Table:
    """Contracted revenue that is not recognized yet."""
    rows = figures.rows("remaining_obligations", currency=currency)
    bands = ("12_months", "later")
    title = f"Remaining performance obligations at {figures.closing_on}, {currency}"
    table = _table(title, "customer", ["within 12 months", "later", "total"])
    for customer in sorted({str(row["customer"]) for row in rows}):
        mine = [row for row in rows if row["customer"] == customer]
        parts = [total([row for row in mine if row["band"] == band], "amount") for band in bands]
        _add(table, customer, [*parts, total(mine, "amount")], currency=currency)
    if not rows:
        table.add_row("none", "", "", "")
    return table


def trial_balance(figures: Figures, currency: str) -> Table:
    """Every account on its side; both sides sum to the same."""
    rows = figures.rows("trial_balance", currency=currency)
    table = _table(f"Trial balance at {figures.closing_on}, {currency}", "account", ["debit", "credit"])
    for row in rows:
        if row["debit"] != row["credit"]:  # an account without a balance stands on neither side
            _add(table, _words(str(row["account"])), [row["debit"], row["credit"]], currency=currency, blank_zero=True)
    table.add_section()
    _add(table, "total", [total(rows, "debit"), total(rows, "credit")], currency=currency)
    return table


def _last_words(
    verdict: Verdict, figures: Figures, *, folder: Path, files: Sequence[dict[str, object]]
) -> Iterable[str]:
    names = [str(file["table"]) for file in files]
    reports = [name for name in names if name in figures.reports]
    stages = [name for name in names if name not in figures.reports]
    months = f"{figures.first_on:%Y-%m} to {figures.closing_on:%Y-%m}"
    yield (
        f"{figures.customers} customers, {figures.usage_records} usage records, months {months} closed, "
        f"{figures.journal_lines} journal lines."
    )
    yield f"Every expected figure holds: {figure_count(verdict)} figures of {verdict.checked} questions checked."
    yield ""
    yield f"Files in {folder}, each as .csv and .parquet:"
    for head, names in (("reports", reports), ("tables", stages)):
        yield from wrap(", ".join(names), WIDTH, initial_indent=f"  {head:9}", subsequent_indent=" " * 11)


def _table(title: str, first: str, others: Sequence[str]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _add(table: Table, head: str, values: Iterable[object], *, currency: str, blank_zero: bool = False) -> None:
    cells = ["" if blank_zero and value == 0 else _money(value, currency) for value in values]
    table.add_row(head, *cells)


def _money(value: object, currency: str) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(value)
    return f"{value:,.{minor_unit_digits(currency)}f}"


def _words(account: str) -> str:
    return account.replace("_", " ").capitalize()


def _quarter(month_on: object) -> str:
    if not isinstance(month_on, date):
        raise TypeError(month_on)
    return f"{month_on.year} Q{(month_on.month + 2) // 3}"


def figure_count(verdict: Verdict) -> int:
    """How many figures the questions of a case ask for."""
    return sum(len(answer.expected) for answer in verdict.answers)


def _spelled(key: str, value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat() if key == "at" else f"{value:%Y-%m}"
    return value
