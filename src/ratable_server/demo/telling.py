"""The demo on the screen: the year as it happens, what came late, and what was left behind.

Owns wording and layout of what the books add to the tables of `ratable.demo.tables`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from textwrap import wrap

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ratable.cases.judging import Verdict
from ratable.demo.figures import Figures
from ratable.demo.tables import STORY, figure_count, print_table, report_tables
from ratable.money import minor_unit_digits
from ratable.reports.explanation import Step, explanation_text
from ratable_server.demo.files import EXPORTS, RECEIPTS, REPORTS, TABLE_FORMATS
from ratable_server.demo.home import BOOKS
from ratable_server.demo.late import ServiceMonth
from ratable_server.demo.playing import Corrected, FileTaken, Happening, MonthClosed
from ratable_server.exports import FORMATS
from ratable_server.queries.verification import Verified

_HASH_LENGTH = 8
_HANGING = 6  # of the second line of a formula
_WHOLE_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
NEXT = (
    "ratable report contract_liability --as-of 2025-06-30 --by currency,period",
    "ratable explain corvid-08",
    "ratable export journal --period 2025-12 --format quickbooks --out december",
)
_OUTCOMES = ("received", "accepted", "duplicate", "rejected")


def print_start(console: Console, home: Path) -> None:
    """Who the sample is, and where its books are."""
    console.print(STORY, soft_wrap=True)
    console.print(f"Their books: PostgreSQL, started in {home}.", soft_wrap=True)
    console.print()
    console.print("Twelve months, each closed on the third of the next: usage rows, entries, revenue", style="bold")
    console.print(_line("month", _OUTCOMES, ("entries", "USD", "late USD", "EUR"), last="journal"), style="dim")


def print_happening(console: Console, happening: Happening) -> None:
    """One line: of every close, and of what is out of the ordinary."""
    match happening:
        case MonthClosed():
            console.print(_closed(happening))
        case FileTaken(on=on, receipt=receipt) if receipt.repeats:
            rows = receipt.rows_duplicate
            note = f"{receipt.file_name} once more: {rows} rows known, nothing added (it was {receipt.repeats})"
            console.print(f"         {on}  {note}", style="yellow")
        case FileTaken(on=on, receipt=receipt) if "late" in receipt.file_name:
            note = f"{receipt.file_name}: {receipt.rows_accepted} rows of a closed month; they go into the open one"
            console.print(f"         {on}  {note}", style="yellow")
        case Corrected(on=on, act=act):
            note = f"{act.prepaid_commit}: {act.period:%Y-%m} is closed, and was {-act.amount:,f} too high"
            console.print(f"         {on}  {note}", style="yellow")
        case _:
            pass


def _closed(month: MonthClosed) -> str:
    dollars, euros = month.in_currency("USD"), month.in_currency("EUR")
    entries = sum(posted.entries for posted in month.posted)
    figures = (
        str(entries),
        _amount(dollars.revenue if dollars else None, "USD"),
        _amount(dollars.late if dollars else None, "USD"),
        _amount(euros.revenue if euros else None, "EUR"),
    )
    rows = [str(month.rows(outcome)) for outcome in _OUTCOMES]
    return _line(f"{month.month_on:%Y-%m}", rows, figures, last=month.journal_hash[:_HASH_LENGTH])


def _line(month: str, rows: Sequence[str], figures: Sequence[str], *, last: str) -> str:
    counts = "".join(f"{row:>10}" for row in rows)
    entries, *amounts = figures
    return f"{month:<7}{counts}{entries:>8}{''.join(f'{amount:>11}' for amount in amounts)}  {last}"


def _amount(value: Decimal | None, currency: str) -> str:
    return f"{value:,.{minor_unit_digits(currency)}f}" if value else ""


def print_late(console: Console, months: Iterable[ServiceMonth]) -> None:
    """What came after the close of its month: the month stays, the difference is booked where it became known."""
    table = _table("What came late: a closed month stays as it was closed, the difference is booked later")
    for heading in ("month", "told when closed", "told today", "booked later", "in", "all in all"):
        table.add_column(heading, justify="left" if heading in {"month", "in"} else "right", no_wrap=True)
    for month in months:
        amounts = [f"{amount:,f}" for amount in (month.when_closed, month.today, month.later)]
        booked = ", ".join(f"{on:%Y-%m}" for on in month.booked)
        table.add_row(f"{month.month_on:%Y-%m} {month.currency}", *amounts, booked, f"{month.today + month.later:,f}")
    console.print()
    print_table(console, table)


def print_explanation(console: Console, step: Step) -> None:
    """One figure of revenue, down to the rows of usage that it is made of."""
    console.print("Why is it this figure? Revenue of Bramble Studio for March, booked in May", style="bold")
    for line in explanation_text(step).splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + _HANGING)
        for part in wrap(line, console.width, subsequent_indent=indent, drop_whitespace=True):
            console.print(part, markup=False)
    console.print()


def print_reports(console: Console, figures: Figures) -> None:
    """Every report, currency by currency."""
    for table in report_tables(figures):
        print_table(console, table)


def print_checked(console: Console, verdict: Verdict, figures: Figures) -> None:
    """What was told, and that the books say of it what was worked out by hand."""
    months = f"{figures.first_on:%Y-%m} to {figures.closing_on:%Y-%m}"
    console.print(
        f"{figures.customers} customers, {figures.usage_records} usage records, months {months} closed, "
        f"{figures.journal_lines} journal lines."
    )
    figures_held = f"{figure_count(verdict)} figures of {verdict.checked} questions"
    console.print(f"Every figure that was worked out by hand holds: {figures_held}.")
    console.print()


def print_verified(console: Console, checks: Sequence[Verified]) -> None:
    """Each check of `ratable verify` in its colour."""
    console.print("ratable verify", style="bold")
    table = Table.grid(padding=(0, 2))
    for check in checks:
        word = "[green]sound[/]" if check.is_sound else "[bold red]NOT SOUND[/]"
        told = _WHOLE_HASH.sub(r"\1...", f"{check.detail} {check.first_bad_row}".strip())
        table.add_row(f"  {word}", check.check.replace("_", " "), escape(told))
    console.print(table)
    console.print("[bold green]Every check holds.[/]" if all(check.is_sound for check in checks) else "[red]Look![/]")
    console.print()


def print_files(console: Console, folder: Path, files: Mapping[str, Sequence[str]]) -> None:
    """Where everything is."""
    tables = ", ".join(f".{format}" for format in TABLE_FORMATS)
    told = {
        REPORTS: f"{len(files[REPORTS])} files: every report as {tables}",
        EXPORTS: f"{len(files[EXPORTS])} files: the journal for {', '.join(FORMATS)}",
        RECEIPTS: f"{len(files[RECEIPTS])} files: what became of every file and record of usage",
    }
    if (folder / BOOKS).is_dir():
        told[BOOKS] = "the database itself"
    console.print(f"Files in {folder}", style="bold", soft_wrap=True)
    for name, words in told.items():
        console.print(f"  {name + '/':<10} {words}")
    console.print()


def print_next(console: Console, folder: Path, *, seconds: int) -> None:
    """What may be done now, with the books if they are still there, and without."""
    home = (folder / BOOKS).resolve()
    if home.is_dir():
        console.print(f"Done in {seconds} s; the database is stopped, and starts again when a command needs it.")
        console.print()
        console.print("What to do next", style="bold")
        console.print(f"  export RATABLE_HOME={shlex.quote(str(home))}", soft_wrap=True)
        for command in (*NEXT, "ratable stop"):
            console.print(f"  .venv/bin/{command}")
    else:
        console.print(f"Done in {seconds} s. The path is too long for a database, which was elsewhere and is gone.")
    console.print("Books of your own, step by step: docs/guides/first-closed-month.md")


def _table(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
