"""Usage on the command line: a file and its receipt, what was rejected, what is set aside and taken back."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ratable_server.actor import Actor
from tests.server.cli.asking import DONE, MALFORMED, REFUSED, Command
from tests.server.operations.agreements import agree
from tests.server.usage.files import csv_of, kept

GOOD = ("e1,acme-calls,2026-01-05,3,eu", "e2,acme-calls,2026-01-06,4.5,=us")
BAD = ("e3,nowhere,2026-01-06,1,eu", "e4,acme-calls,2026-01-06,1_000,=us")
HEADER = "id,item,used_on,quantity,region"


@pytest.fixture
def command(actor: Actor) -> Command:
    agree(actor)
    return Command(actor)


def file_of(folder: Path, *lines: str, name: str = "usage.csv") -> str:
    path = folder / name
    path.write_bytes(csv_of(*lines, header=HEADER))
    return str(path)


def test_a_file_gets_a_receipt_and_again_one_that_says_so(command: Command, tmp_path: Path):
    path = file_of(tmp_path, *GOOD)

    first = command("ingest", path)
    again = command("ingest", path)

    assert (first.exit_code, again.exit_code) == (DONE, DONE)
    code = first.stdout.split()[1].rstrip(",")
    assert f"import    {code}, completed: usage.csv" in first.stdout
    assert "accepted             2                         7.5" in first.stdout
    assert f"the same file as {code}; nothing was added" in again.stdout
    assert "duplicate            2                         7.5" in again.stdout
    listed = command.json("imports")
    assert [(line["rows_accepted"], line["rows_duplicate"]) for line in listed] == [(0, 2), (2, 0)]
    assert command("imports", code).stdout == first.stdout


def test_a_file_with_a_bad_row_is_not_taken(command: Command, tmp_path: Path):
    refused = command("ingest", file_of(tmp_path, *GOOD, *BAD))

    assert refused.exit_code == REFUSED
    assert "2 rows break a rule:" in refused.stdout
    assert "row 3: usage_must_name_a_known_item 'nowhere'" in refused.stdout
    assert "row 4: quantity_must_be_a_number '1_000'" in refused.stdout
    assert kept(command.actor) == []
    assert command.json("rejections") == []  # they keep nothing from closing: nothing of the file is in the books


def test_the_rows_that_were_not_taken_are_written_as_they_came(command: Command, tmp_path: Path):
    receipt = command.json("ingest", file_of(tmp_path, *GOOD, *BAD), "--partial")
    out = tmp_path / "rejected.csv"

    assert (receipt["rows_accepted"], receipt["rows_rejected"]) == (2, 2)
    assert command("rejections", receipt["import_code"], "--out", str(out)).exit_code == DONE

    with out.open(newline="") as file:
        rows = [{name: row[name] for name in ("row", "code", *HEADER.split(","))} for row in csv.DictReader(file)]
    assert rows == [
        {"row": "3", "code": "usage_must_name_a_known_item"}
        | dict(zip(HEADER.split(","), BAD[0].split(","), strict=True)),
        {
            "row": "4",
            "code": "quantity_must_be_a_number",
            "id": "e4",
            "item": "acme-calls",
            "used_on": "2026-01-06",
            "quantity": "1_000",
            "region": "'=us",  # no formula in a spreadsheet
        },
    ]


def test_a_rejected_row_is_set_aside_for_a_reason(command: Command, tmp_path: Path):
    code = command.json("ingest", file_of(tmp_path, *GOOD, BAD[0]), "--partial")["import_code"]

    assert command("resolve", code, "3", "--reason", " ").exit_code == REFUSED
    assert [row["row"] for row in command.json("rejections")] == [3]
    assert command("resolve", code, "3", "--reason", "a test system sent it").exit_code == DONE
    assert command.json("rejections") == []
    assert command("resolve", code, "3", "--reason", "once more").exit_code == REFUSED
    assert [row["resolved_by"] != "" for row in command.json("rejections", code)] == [True]


def test_a_usage_is_taken_back_once(command: Command, tmp_path: Path):
    command("ingest", file_of(tmp_path, *GOOD))

    assert command("void", "e1").exit_code == DONE
    again = command("void", "e1")

    assert again.exit_code == REFUSED
    assert "usage_must_be_known" in again.stderr


def test_a_revision_is_wished_for(command: Command, tmp_path: Path):
    command("ingest", file_of(tmp_path, *GOOD))
    changed = file_of(tmp_path, GOOD[0].replace(",3,", ",5,"), name="changed.csv")

    assert command("ingest", changed).exit_code == REFUSED
    assert command.json("ingest", changed, "--revise")["quantity_accepted"] == "5"


def test_what_cannot_be_asked_is_malformed(command: Command, tmp_path: Path):
    assert command("ingest", str(tmp_path / "none.csv")).exit_code == MALFORMED
    assert command("rejections", "--out", str(tmp_path / "rows.txt")).exit_code == MALFORMED
    assert command("imports", "import-0").exit_code == REFUSED
    assert command("ingest", file_of(tmp_path, name="usage.txt")).exit_code == REFUSED
    assert command("ingest", file_of(tmp_path, *GOOD, name="usage.dat"), "--format", "csv").exit_code == DONE
