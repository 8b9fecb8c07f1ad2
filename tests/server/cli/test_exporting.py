"""`ratable export journal` out of the books: outside judges load it, agree with our trial balance, and see it once."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from beancount import loader
from beancount.core.realization import compute_balance, iter_children, realize

from ratable.cases.records import Usage
from ratable_server.actor import Actor
from ratable_server.exports import DEFAULT_ACCOUNTS
from ratable_server.queries import exports
from ratable_server.queries.exports import Wanted, exported_journal
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of
from tests.server.cli.asking import DONE, MALFORMED, REFUSED, Command
from tests.server.conftest import AT
from tests.server.stories import FEBRUARY, JANUARY, MARCH, company, fill, found_company, use

Balances = dict[tuple[str, str], Decimal]
CHOICES = pytest.mark.parametrize("arguments", [(), ("--detailed",)], ids=["summarised", "detailed"])


@pytest.fixture(scope="module")
def closed(books: None, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command line over the small company, closed through February; nobody changes it."""
    return Command(found_company(tmp_path_factory.mktemp("story"), closed_through=FEBRUARY))


@pytest.fixture
def ratable(actor: Actor, tmp_path: Path) -> Command:
    """The same, for a test that goes on with it."""
    fill(actor, company(tmp_path, closed_through=FEBRUARY))
    return Command(actor)


def export(ratable: Command, out: Path, *arguments: str) -> dict[str, bytes]:
    """The files of an export by name."""
    told = ratable.json("export", "journal", "--out", str(out), *arguments)
    return {Path(row["file"]).name: Path(row["file"]).read_bytes() for row in told}


def trial_balance(ratable: Command, month: str) -> Balances:
    """Our own, by the names that the accounts have elsewhere."""
    rows = ratable.rows("trial_balance", "--period", month)
    found = {
        (DEFAULT_ACCOUNTS[row["account"]].path, row["currency"]): Decimal(row["debit"]) - Decimal(row["credit"])
        for row in rows
    }
    return {key: amount for key, amount in found.items() if amount}


@CHOICES
@pytest.mark.parametrize("month", ["2026-01", "2026-02"])
def test_beancount_loads_a_closed_month_and_agrees(
    closed: Command, tmp_path: Path, month: str, arguments: tuple[str, ...]
):
    files = export(closed, tmp_path, "--period", month, "--format", "beancount", *arguments)
    directives, errors, _ = loader.load_string(files[f"journal-{month}-beancount.beancount"].decode())

    assert errors == []
    found: Balances = {}
    for account in iter_children(realize(directives), leaf_only=True):
        for position in compute_balance(account, leaf_only=True):
            found[account.account, position.units.currency] = position.units.number
    assert found == trial_balance(closed, month)
    assert found["Income:Revenue", "USD"] == {"2026-01": Decimal("-1255.00"), "2026-02": Decimal("-405.00")}[month]


@CHOICES
def test_hledger_balances_a_closed_month_and_agrees(closed: Command, tmp_path: Path, arguments: tuple[str, ...]):
    hledger = shutil.which("hledger")
    if hledger is None:
        pytest.skip("hledger is not installed (Debian and Ubuntu: apt-get install hledger)")
    export(closed, tmp_path, "--period", "2026-01", "--format", "hledger", *arguments)
    file = tmp_path / "journal-2026-01-hledger.journal"
    environment = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}

    def ask(*words: str) -> str:
        done = subprocess.run(
            [hledger, "-f", str(file), *words], capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    ask("check", "--strict")
    told = csv.DictReader(io.StringIO(ask("balance", "--flat", "--layout=bare", "--no-total", "-O", "csv")))
    found = {(row["account"], row["commodity"]): Decimal(row["balance"]) for row in told if Decimal(row["balance"])}
    assert found == trial_balance(closed, "2026-01")


def test_an_export_made_again_has_the_same_bytes(ratable: Command, tmp_path: Path):
    """J12: also when the books have learned more since, and another month was closed."""
    first = export(ratable, tmp_path / "1", "--period", "2026-01:2026-02", "--format", "netsuite")
    use(ratable.actor, Usage(item="bolt-calls", used_on="2026-01-30", quantity="9", id="later"), AT.date())
    ratable.json("close", "2026-03")

    assert export(ratable, tmp_path / "2", "--period", "2026-01:2026-02", "--format", "netsuite") == first
    assert list(first) == [
        "journal-2026-01-netsuite-EUR.csv",
        "journal-2026-01-netsuite-USD.csv",
        "journal-2026-02-netsuite-USD.csv",
    ]


def test_a_month_closed_again_has_other_ids_or_only_what_has_changed(ratable: Command, tmp_path: Path):
    month = ("--period", "2026-02", "--format", "csv")
    first = ratable.json("export", "journal", "--out", str(tmp_path / "1"), *month)
    ratable.json("reopen", "2026-02", "--reason", "usage of Bolt was missing")
    use(ratable.actor, Usage(item="bolt-calls", used_on="2026-02-20", quantity="200", id="missing"), AT.date())
    assert ratable("export", "journal", *month).exit_code == REFUSED
    ratable.json("close", "2026-02")

    twice = ratable("export", "journal", "--out", str(tmp_path / "2"), *month)
    assert twice.exit_code == REFUSED
    assert twice.stderr.startswith(
        "refused: export_after_reopening_must_be_chosen: since_version: 2026-02 was closed 2 "
    )
    assert "--since-version 1" in twice.stderr
    assert not (tmp_path / "2").exists()

    again = ratable.json("export", "journal", "--since-version", "0", "--out", str(tmp_path / "2"), *month)
    assert {row["version"] for row in first} == {1}
    assert {row["version"] for row in again} == {2}
    assert not {id for row in first for id in row["entries"]} & {id for row in again for id in row["entries"]}
    changed = export(ratable, tmp_path / "3", *month, "--since-version", "1")
    assert list(changed) == ["journal-2026-02-csv-EUR.csv"]
    rows = list(csv.DictReader(io.StringIO(changed["journal-2026-02-csv-EUR.csv"].decode())))
    assert [(row["account_name"], row["debit"], row["credit"]) for row in rows] == [
        ("Revenue", "0.00", "20.00"),
        ("Unbilled Revenue", "20.00", "0.00"),
    ]


def test_what_cannot_be_exported_is_refused_and_writes_nothing(closed: Command, tmp_path: Path):
    out = tmp_path / "out"

    def refused(*arguments: str) -> tuple[int, str]:
        told = closed("export", "journal", "--out", str(out), *arguments)
        return told.exit_code, told.stderr.removeprefix("refused: ").split(":")[0]

    assert refused("--period", "2026-03") == (REFUSED, "period_must_be_closed")
    assert refused("--period", "2026-02:2026-03") == (REFUSED, "period_must_be_closed")
    assert refused("--period", "2026-01", "--format", "sap") == (REFUSED, "export_format_must_be_known")
    assert refused("--period", "2026-01", "--since-version", "1") == (REFUSED, "close_must_be_known")
    assert refused("--period", "2026-01", "--since-version", "7") == (REFUSED, "close_must_be_known")
    assert closed("export", "waterfall", "--period", "2026-01").exit_code == MALFORMED
    assert closed("export", "journal", "--period", "2026").exit_code == MALFORMED
    assert not out.exists()


def test_accounts_of_ones_own(closed: Command, tmp_path: Path):
    chart = tmp_path / "chart.csv"
    chart.write_text("role,code,name,kind\nrevenue,4711,Sales:API,Income\n", encoding="utf-8")
    month = ("--period", "2026-01", "--format", "hledger", "--chart", str(chart))

    (content,) = export(closed, tmp_path, *month).values()

    assert b"Income:Sales:API" in content
    assert b"Income:Revenue" not in content
    for wrong in (
        "role,code,name\nx,1,X\n",
        "role,code,name,kind\nx,1,X,Income\n",
        "role,code,name,kind\ncash,1,X,Y\n",
    ):
        chart.write_text(wrong, encoding="utf-8")
        assert closed("export", "journal", *month).exit_code == MALFORMED
    assert closed("export", "journal", "--period", "2026-01", "--chart", str(tmp_path / "none.csv")).exit_code == 2


def test_a_month_without_anything_has_no_file(closed: Command, tmp_path: Path):
    told = closed("export", "journal", "--period", "2025-12", "--out", str(tmp_path / "out"))

    assert (told.exit_code, told.stdout) == (DONE, "nothing is posted in these months\n")


def test_an_export_is_one_snapshot(
    ratable: Command, second_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
):
    """A reopening that commits between the reading of two months is seen in neither, or in both."""
    actor, read = ratable.actor, exports._posted
    reopened: list[bool] = []

    def read_while_another_reopens(*arguments: object) -> object:
        if not reopened:
            reopened.append(_reopen_elsewhere(actor, second_connection))
        return read(*arguments)  # type: ignore[arg-type]

    wanted = Wanted(format="csv")
    before = exported_journal(actor=actor, periods=(JANUARY, FEBRUARY), wanted=wanted)
    monkeypatch.setattr(exports, "_posted", read_while_another_reopens)
    during = exported_journal(actor=actor, periods=(JANUARY, FEBRUARY), wanted=wanted)

    assert reopened
    assert during == before
    assert ratable("export", "journal", "--period", "2026-02").exit_code == REFUSED
    assert MARCH not in {month.month_on for month in during}


def _reopen_elsewhere(actor: Actor, connection: psycopg.Connection) -> bool:
    """Another process takes the close of February back, and commits."""
    connection.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])
    connection.execute(
        "INSERT INTO period_reopening (tenant_id, close_id, reason, reopened_at, reopened_by, request_id)"
        " SELECT close.tenant_id, close.id, 'elsewhere', now(), 'other', 'r' FROM period_close AS close"
        " JOIN period ON period.id = close.period_id WHERE period.month_on = %s",
        [FEBRUARY],
    )
    connection.execute("UPDATE period SET status = 'open' WHERE month_on = %s", [FEBRUARY])
    connection.commit()
    return True


def test_customers_have_their_names_in_the_files_that_have_a_place_for_them(ratable: Command, tmp_path: Path):
    """The id that a file of terms gives a customer is its name, too; here it is called otherwise by now."""
    with books_of(ratable.actor):
        rows_of(ratable.actor, models.Customer).filter(code="Acme Inc").update(name="Acme Incorporated")

    files = export(ratable, tmp_path, "--period", "2026-01", "--format", "csv", "--detailed")
    rows = [row for file in files.values() for row in csv.DictReader(io.StringIO(file.decode()))]

    assert {(row["customer"], row["customer_name"]) for row in rows} == {
        ("Acme Inc", "Acme Incorporated"),
        ("Bolt GmbH", "Bolt GmbH"),
    }


def test_only_what_counts_is_exported(ratable: Command):
    """A draft of the open month is nobody else's business."""
    ratable.json("draft", "2026-03")
    with books_of(ratable.actor):
        assert rows_of(ratable.actor, models.DraftJournalLine).exists()

    assert ratable("export", "journal", "--period", "2026-03").exit_code == REFUSED
