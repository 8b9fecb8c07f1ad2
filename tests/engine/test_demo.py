"""The demo: the sample's expectations, what is printed without a terminal, what is left behind."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ratable import __main__, demo
from ratable.__main__ import app
from ratable.backends import Sheet
from ratable.cases.judging import judge
from ratable.demo import Sample, play_sample, write_sample
from ratable.demo.figures import total
from ratable.demo.tables import WIDTH
from ratable.errors import InvariantError
from tests.factories import with_one_figure_changed


@pytest.fixture(scope="module")
def sample(sheet: Sheet) -> Sample:
    return play_sample(sheet)


@pytest.fixture
def played_before(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """The command finds the sample as it was played once for all tests of this module, and no books."""
    monkeypatch.setattr(demo, "play_sample", lambda: sample)
    monkeypatch.setattr(__main__, "_has_books", lambda: False)
    return sample


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_sample_holds(sample: Sample):
    assert sample.verdict.ok, sample.verdict.wrong
    assert sample.verdict.checked == 79


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_the_reports_agree_with_each_other(sample: Sample, currency: str):
    figures = sample.figures
    trial = figures.rows("trial_balance", currency=currency)
    revenue = total([row for row in trial if row["account"] in {"revenue", "breakage_revenue"}], "credit")
    liability = figures.rows("rollforward", currency=currency, account="contract_liability")

    assert total(trial, "debit") == total(trial, "credit") == {"USD": Decimal(238550), "EUR": Decimal(28000)}[currency]
    assert revenue == total(figures.rows("waterfall", currency=currency), "amount")
    assert revenue == total(figures.rows("revenue_by_customer", currency=currency), "amount")
    assert [row["closing"] for row in liability[:-1]] == [row["opening"] for row in liability[1:]]


def test_the_reports_end_with_the_last_closed_month(sample: Sample):
    """Entries of January 2026 make it a draft month of the case; the demo shows what is posted."""
    periods = {str(row["period"]) for name in ("rollforward", "waterfall") for row in sample.figures.reports[name]}

    assert (min(periods), max(periods)) == ("2025-01-01", "2025-12-01")
    assert max(row["booked_on"] for row in sample.answers.stage_tables()["revenue"].to_pylist()).year == 2026


def test_prepaid_commits_are_used_up_in_full(sample: Sample):
    for row in sample.figures.reports["burn_down"]:
        left = row["granted"] - row["drawn"] - row["lapsed"]  # type: ignore[operator]
        assert left == row["remaining"], row


@pytest.mark.usefixtures("played_before")
def test_the_demo_without_a_terminal_has_no_colour_and_fits(tmp_path: Path):
    answer = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "out")])
    lines = answer.stdout.splitlines()
    figures = [" ".join(line.split()) for line in lines]

    assert answer.exit_code == 0, answer.output
    assert "The books are not installed" in answer.stderr
    assert "\x1b" not in answer.stdout
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= WIDTH
    for words in (
        "Contract liability rollforward, USD: opening + billed - recognized - breakage + other = closing",
        "2025-10 15,100.00 0.00 3,900.00 0.00 800.00 12,000.00",
        "Unbilled revenue rollforward, EUR",
        "Everline Health 67,100.00 2,300.00 69,400.00",
        "Every expected figure holds: 119 figures of 79 questions checked.",
    ):
        assert any(words in line for line in figures), words
    assert [line for line in figures if line.startswith("delphine-pool")] == [
        "delphine-pool EUR 24,000.00 20,000.00 14,000.00 8,000.00 0.00 18,000.00 6,000.00 expired"
    ]


@pytest.mark.usefixtures("played_before")
def test_the_demo_leaves_tables_and_reports(tmp_path: Path):
    answer = CliRunner().invoke(app, ["demo", "--out", str(tmp_path), "--json"])
    record = json.loads(answer.stdout)
    journal, trial = csv_rows(tmp_path / "journal.csv"), csv_rows(tmp_path / "trial_balance.csv")
    debits = {currency: [row for row in journal if row["currency"] == currency] for currency in ("USD", "EUR")}

    assert (record["ok"], record["checked"], record["figures"]) == (True, 79, 119)
    assert (record["first_month"], record["last_month"]) == ("2025-01", "2025-12")
    assert {"currency": "EUR", "account": "cash", "debit": "24000", "credit": "0"} in record["reports"]["trial_balance"]
    assert {file["table"] for file in record["files"]} >= {"journal", "rated", "rollforward", "waterfall", "burn_down"}
    assert all(Path(file["csv"]).is_file() and Path(file["parquet"]).is_file() for file in record["files"])
    assert max(row["booked_on"] for row in journal) == "2025-12-01"
    for rows in debits.values():
        assert sum(int(row["debit_minor"]) for row in rows) == sum(int(row["credit_minor"]) for row in rows) > 0
    assert {"currency": "USD", "account": "revenue", "debit": "0.00", "credit": "232650.00"} in trial


def test_a_sample_that_does_not_hold_is_a_crash(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wrong = judge(with_one_figure_changed(sample.case), sample.answers)
    monkeypatch.setattr(demo, "play_sample", lambda: sample._replace(verdict=wrong))

    with pytest.raises(InvariantError, match=r"expected 100001, got 100000"):
        demo.run(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_draft_rows_are_left_out(sample: Sample, tmp_path: Path):
    write_sample(sample, tmp_path)

    assert max(row["month_on"] for row in csv_rows(tmp_path / "rated.csv")) == "2025-12-01"
    assert len(csv_rows(tmp_path / "revenue.csv")) < sample.answers.stage_tables()["revenue"].num_rows
    assert max(row["month_on"] for row in csv_rows(tmp_path / "balance_history.csv")) == "2025-12-01"


def test_posted_breakage_and_balances_of_every_closed_month_are_left_behind(sample: Sample, tmp_path: Path):
    write_sample(sample, tmp_path)
    lapsed = csv_rows(tmp_path / "breakage.csv")
    earned = [row for row in csv_rows(tmp_path / "revenue.csv") if row["kind"] == "breakage"]

    assert sum(int(row["amount_minor"]) for row in lapsed) == sum(int(row["amount_minor"]) for row in earned) > 0
    assert min(row["month_on"] for row in csv_rows(tmp_path / "balance_history.csv")) == "2025-01-01"
