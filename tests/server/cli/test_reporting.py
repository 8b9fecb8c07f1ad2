"""`ratable report`: every way to ask and to be answered, over the small company closed through March."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from ratable.reports import CATALOGUE
from ratable_server.actor import Actor
from tests.server.cli.asking import DONE, MALFORMED, REFUSED, Command, golden
from tests.server.stories import DECEMBER, company, fill, found_company


@pytest.fixture(scope="module")
def ratable(books: None, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command line over the small company; nobody changes it."""
    return Command(found_company(tmp_path_factory.mktemp("story")))


def test_the_waterfall_of_the_worked_chain(actor: Actor):
    """A pool of 80,000 at 20 percent that runs dry in March."""
    fill(actor, golden("chain/ledger"))
    rows = Command(actor).rows("waterfall", "--period", "2026-01:2026-03")

    assert [(row["booked"], row["period"], row["amount"]) for row in rows] == [
        ("2026-01", "2026-01", "24000.00"),
        ("2026-01", "2026-02", "40000.00"),
        ("2026-01", "2026-03", "16000.00"),
        ("2026-03", "2026-03", "20000.00"),
    ]


def test_a_table_for_people(ratable: Command):
    told = ratable("report", "revenue_by_customer", "--period", "2026-01")

    assert (told.exit_code, told.stderr) == (DONE, "")
    assert told.stdout.splitlines()[0].strip() == "Revenue by customer, product and month"
    assert [line.split() for line in told.stdout.splitlines()[3:]] == [
        ["Acme", "Inc", "api", "USD", "2026-01", "945.00"],
        ["Acme", "Inc", "seats", "USD", "2026-01", "310.00"],
        ["Bolt", "GmbH", "api", "EUR", "2026-01", "50.00"],
    ]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_report_can_be_asked_for(ratable: Command, name: str):
    assert ratable("report", name).exit_code == DONE
    assert ratable.json("report", name)["report"] == name


def test_sums_over_all_keys_but_some(ratable: Command):
    rows = ratable.rows("revenue", "--by", "currency, period")

    assert [(row["currency"], row["period"], row["amount"]) for row in rows] == [
        ("EUR", "2026-01", "50.00"),
        ("USD", "2026-01", "1255.00"),
        ("USD", "2026-02", "405.00"),
        ("USD", "2026-03", "310.00"),
    ]


def test_the_end_of_a_day(ratable: Command):
    rows = ratable.rows("balances", "--at", "2026-01-05")

    assert [(row["account"], row["amount"]) for row in rows] == [
        ("accounts_receivable", "1000.00"),
        ("contract_liability", "1000.00"),
    ]


def test_a_moment_of_knowledge(ratable: Command):
    """A day stands for its end: on March 3 February was closed, at noon."""
    for moment, months in (
        ("2026-03-02", ["2026-01"]),
        ("2026-03-03T11:59:00Z", ["2026-01"]),
        ("2026-03-03", ["2026-01", "2026-02"]),
        ("2026-02-01", []),
    ):
        rows = ratable.rows("trial_balance", "--as-of", moment, "--by", "period,currency")
        assert sorted({row["period"] for row in rows}) == months


def test_where_the_posted_months_end_is_said(ratable: Command, actor: Actor, tmp_path: Path):
    told = ratable("report", "waterfall", "--period", "2026-03:2026-06")
    assert (told.exit_code, told.stderr) == (DONE, "nothing is posted after 2026-03\n")
    fill(actor, company(tmp_path, closed_through=DECEMBER))
    assert Command(actor)("report", "waterfall").stderr == "nothing is posted yet\n"


def test_a_draft_on_top(actor: Actor, tmp_path: Path):
    fill(actor, company(tmp_path, closed_through=DECEMBER))
    ratable = Command(actor)
    run = str(ratable.json("draft", "2026-01")["run"])

    rows = ratable.rows("revenue_by_customer", "--run", run)

    assert [row["amount"] for row in rows] == ["945.00", "310.00", "50.00"]
    assert ratable.rows("revenue_by_customer") == []


# ── files ────────────────────────────────────────────────────────────────────────────────────


def test_files_by_their_name(ratable: Command, tmp_path: Path):
    def write(suffix: str, *more: str) -> Path:
        file = tmp_path / f"liability.{suffix}"
        told = ratable("report", "contract_liability", "--out", str(file), *more)
        assert (told.exit_code, told.stdout) == (DONE, "")
        return file

    columns = ("period", "opening", "billed", "recognized", "closing")
    with write("csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [tuple(row[name] for name in columns) for row in csv.DictReader(file)]
    assert rows[0] == ("2026-01", "0.00", "1000.00", "945.00", "55.00")
    assert json.loads(write("json").read_text(encoding="utf-8"))["rows"][0]["closing"] == "55.00"
    assert str(pq.read_table(write("parquet"))["closing"][0].as_py()) == "55.00"
    sheet = load_workbook(write("xlsx")).active
    assert sheet is not None
    header = [cell.value for cell in sheet[1]]
    assert sheet.cell(row=2, column=header.index("closing") + 1).value == 55
    assert "Contract liability rollforward" in write("txt").read_text(encoding="utf-8")
    assert write("txt", "--format", "csv").read_text(encoding="utf-8-sig").startswith("customer_id,")


def test_text_without_a_file_goes_to_the_output(ratable: Command):
    told = ratable("report", "rpo", "--format", "csv")

    assert [row["amount"] for row in csv.DictReader(io.StringIO(told.stdout.removeprefix("\ufeff")))] == ["2750.00"]


# ── what is refused ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "arguments",
    [
        ("revenue", "--format", "pdf"),
        ("revenue", "--format", "xlsx"),
        ("revenue", "--period", "2026"),
        ("revenue", "--as-of", "2026-02-30"),
        ("revenue", "--as-of", "2026-02-03T10:00:00"),
        ("balances", "--at", "yesterday"),
        ("revenue", "--run", "1", "--as-of", "2026-02-03"),
    ],
)
def test_a_call_that_cannot_be_read(ratable: Command, arguments: tuple[str, ...]):
    assert ratable("report", *arguments).exit_code == MALFORMED


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nothing",), "report_must_be_known"),
        (("rpo", "--period", "2026-01"), "report_must_be_asked_as_defined"),
        (("revenue", "--at", "2026-01-31"), "report_must_be_asked_as_defined"),
        (("revenue", "--by", "colour"), "report_must_be_asked_as_defined"),
        (("revenue", "--period", "2026-03:2026-01"), "report_must_be_asked_as_defined"),
        (("revenue", "--run", "999999"), "run_must_be_known"),
    ],
)
def test_a_question_that_no_report_answers(ratable: Command, arguments: tuple[str, ...], code: str):
    told = ratable("report", *arguments)

    assert (told.exit_code, told.stdout) == (REFUSED, "")
    assert told.stderr.startswith(f"refused: {code}: ")
