"""The demo through the books: what they say of the sample's year, and what it prints and leaves behind."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pyarrow import parquet
from rich.console import Console

from ratable.cases.reading import read_case
from ratable.demo import SAMPLE, play_sample
from ratable.demo.tables import WIDTH
from ratable.reports import CATALOGUE
from ratable_server.actor import Actor
from ratable_server.demo.telling import NEXT, print_next, print_start
from ratable_server.demo.year import Year, tell_year
from ratable_server.operations.tenants import found_tenant
from tests.server.cli.asking import DONE, Command

AT = datetime(2026, 1, 4, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """The demo, told once for all tests of this module."""

    actor: Actor
    year: Year
    folder: Path
    lines: list[str]

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a CSV file that the demo has left."""
        with (self.folder / name).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    def line(self, start: str) -> str:
        """The one line that begins so, with single spaces."""
        (found,) = [line for line in (" ".join(line.split()) for line in self.lines) if line.startswith(start)]
        return found


@pytest.fixture(scope="module")
def told(books: None, tmp_path_factory: pytest.TempPathFactory) -> Told:
    actor = found_tenant(code="of-the-demo", name="Tidewater Inference", request_id="r-0", at=AT)
    folder, out = tmp_path_factory.mktemp("demo"), StringIO()
    console = Console(file=out, width=WIDTH)
    print_start(console, folder)
    year = tell_year(actor, read_case(SAMPLE), folder, tenant="of-the-demo", at=AT, console=console)
    print_next(console, folder, seconds=9)
    return Told(actor, year, folder, out.getvalue().splitlines())


def test_the_books_say_what_the_calculation_alone_says(told: Told):
    alone = play_sample()

    assert told.year.is_sound
    assert (told.year.verdict.checked, told.year.verdict.wrong) == (79, alone.verdict.wrong)
    assert told.year.figures == alone.figures


def test_every_month_tells_what_came_in_and_what_was_posted(told: Told):
    may = told.year.months[4]

    assert [month.month_on for month in told.year.months] == [date(2025, month, 1) for month in range(1, 13)]
    assert [may.rows(outcome) for outcome in ("received", "accepted", "duplicate", "rejected")] == [67, 37, 30, 0]
    assert told.line("2025-05 67") == f"2025-05 67 37 30 0 10 20,200.00 350.00 2,000.00 {may.journal_hash[:8]}"
    assert told.line("2025-10 32").startswith("2025-10 32 32 0 0 15 17,600.00 -5,800.00 8,000.00 ")
    assert told.line("2025-06-02") == (
        f"2025-06-02 usage-2025-05.csv once more: 30 rows known, nothing added (it was {may.receipts[-1].repeats})"
    )


def test_what_came_late_leaves_its_month_as_it_was_closed(told: Told):
    assert [
        (month.month_on, month.currency, month.when_closed, month.today, month.later, month.booked)
        for month in told.year.late
    ] == [
        (date(2025, 3, 1), "USD", Decimal(22550), Decimal(22550), Decimal(350), (date(2025, 5, 1),)),
        (date(2025, 8, 1), "USD", Decimal(21900), Decimal(21900), Decimal(-5800), (date(2025, 10, 1),)),
    ]
    assert told.line("2025-03 USD") == "2025-03 USD 22,550.00 22,550.00 350.00 2025-05 22,900.00"


def test_one_figure_is_explained_down_to_its_usage(told: Told):
    usage = [line for line in told.lines if line.strip().startswith("+ usage br-03-")]

    assert told.year.explanation.value == Decimal("350.00")
    assert "300,000: 100,000 x 0.01 + 200,000 x 0.007 = 2,400.00" in " ".join(" ".join(told.lines).split())
    assert len(usage) == 25
    assert sum("late" in line for line in usage) == 5


def test_what_is_printed_fits_without_a_terminal(told: Told):
    text = "\n".join(told.lines)

    assert "\x1b" not in text
    assert [line for line in told.lines if len(line) > WIDTH and str(told.folder) not in line] == []
    for words in ("Contract liability rollforward, USD", "Revenue waterfall, EUR", "Trial balance at 2025-12-31, USD"):
        assert words in text
    assert told.line("sound audit unsealed tail") == "sound audit unsealed tail every entry is sealed"
    assert told.line("Every check holds.")


def test_books_that_are_gone_are_not_proposed(tmp_path: Path):
    said = {}
    for name in ("kept", "gone"):
        folder, out = tmp_path / name, StringIO()
        (folder / ("books" if name == "kept" else "reports")).mkdir(parents=True)
        print_next(Console(file=out, width=WIDTH), folder, seconds=9)
        said[name] = out.getvalue()

    assert [f"export RATABLE_HOME={tmp_path}" in said[name] for name in ("kept", "gone")] == [True, False]
    assert "which was elsewhere and is gone" in said["gone"]
    assert "ratable explain" not in said["gone"]


@pytest.mark.parametrize("command", NEXT)
def test_what_may_be_done_next_works(told: Told, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    answer = Command(told.actor)(*command.split()[1:])

    assert answer.exit_code == DONE, answer.output
    assert answer.stdout


def test_the_journal_in_beancount_balances_as_the_trial_balance_does(told: Told):
    loader = pytest.importorskip("beancount.loader", reason="beancount is a tool of the tests")
    realization = pytest.importorskip("beancount.core.realization")
    file = told.folder / "exports" / "journal-2025-01-to-2025-12-beancount.beancount"
    entries, errors, _ = loader.load_file(str(file))
    cash = realization.get(realization.realize(entries), "Assets:Cash").balance

    assert errors == []
    assert {(amount.units.currency, amount.units.number) for amount in cash} == {("USD", 206500), ("EUR", 24000)}


def test_every_report_is_left_in_three_formats_that_agree(told: Told):
    for name in CATALOGUE:
        rows = told.rows(f"reports/{name}.csv")
        table = parquet.read_table(told.folder / "reports" / f"{name}.parquet")
        sheet = load_workbook(told.folder / "reports" / f"{name}.xlsx", read_only=True).active
        assert sheet is not None
        assert len(rows) == table.num_rows == sum(1 for _ in sheet.iter_rows()) - 1, name
    december = [row for row in told.rows("reports/trial_balance.csv") if row["period"] == "2025-12"]
    assert {row["account"]: row["closing"] for row in december if row["currency"] == "USD"} == {
        "accounts_receivable": "15850.00",
        "cash": "206500.00",
        "contract_liability": "-5900.00",
        "revenue": "-232650.00",
        "unbilled_revenue": "16200.00",
    }


def test_receipts_are_chained(told: Told):
    receipts = told.rows("receipts/receipts.csv")
    added = [row for row in receipts if row["accepted_sha256"]]

    assert sum(int(row["rows_accepted"]) for row in receipts) == 379
    assert [row["file_name"] for row in receipts if row["repeats"]] == ["usage-2025-05.csv"]
    assert [row["previous_sha256"] for row in added[1:]] == [row["accepted_sha256"] for row in added[:-1]]
