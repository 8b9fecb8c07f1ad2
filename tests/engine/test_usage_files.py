"""Usage files and odd usage in a played case: what is malformed, what is rejected, and with which value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from ratable.__main__ import app
from ratable.cases.answers import Answers
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from ratable.errors import MalformedCaseError

TERMS = """\
case: files
products: [{id: api, name: API, usage_groups: [{id: calls, pricing_model: unit_based, tiers: [{price: "1"}]}]}]
contracts: [{id: acme, customer: Acme, start_date: 2026-01-01, usage: [{id: u, product: api, usage_group: calls}]}]
events:
"""


def played(folder: Path, *entries: str) -> Answers:
    path = folder / "case.yaml"
    path.write_text(TERMS + "".join(f"  - {{on: 2026-01-31, {entry}}}\n" for entry in entries), encoding="utf-8")
    return play(read_case(path))


def file_refused(folder: Path, name: str) -> MalformedCaseError:
    """The error of a case with this file; `ratable run` tells the same and writes nothing."""
    with pytest.raises(MalformedCaseError) as caught:
        played(folder, f"usage_file: {{item: u, path: {name}}}")
    told = CliRunner().invoke(app, ["run", str(folder / "case.yaml"), "--out", str(folder / "out")])
    assert (told.exit_code, told.stderr.strip()) == (2, str(caught.value))
    assert not (folder / "out").exists()
    assert caught.value.file == folder / name
    return caught.value


def rejected(answers: Answers) -> list[tuple[str, str, str]]:
    rows = answers.stage_tables()["rejected"].to_pylist()
    return sorted((row["usage_id"], row["code"], row["value"]) for row in rows)


def records(answers: Answers) -> int:
    return sum(answers.stage_tables()["metered"]["records"].to_pylist())


# ── files that are malformed ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("id,used_on,quantity\na,2026-01-15,1\ne1,2026-01-15,1,234\n", 3, "row 2 has 4 cells where the header has 3"),
        ("id,used_on,quantity\n\ne3\n", 3, "row 1 has 1 cells where the header has 3"),
        ("id,used_on,quantity,quantity\ne1,2026-01-15,100,7\n", 1, "two columns have this name"),
        ("id,used_on,used_at,quantity\ne1,2026-01-15,2026-03-01T00:00:00Z,5\n", 2, "do not go together"),
        ('id,used_on,quantity\ne1,2026-01-15,"5\n', 1, "not a CSV file"),
        (f"id,used_on,quantity,note\ne1,2026-01-15,5,{'x' * 200_000}\n", 1, "not a CSV file"),
        ("id,quantity\ne1,5\n", 1, "used_on or used_at"),
        ("id,used_on\ne1,2026-01-15\n", 1, "quantity or amount"),
    ],
)
def test_a_csv_file_whose_cells_cannot_be_told_apart(tmp_path: Path, text: str, line: int, message: str):
    (tmp_path / "usage.csv").write_text(text, encoding="utf-8")
    error = file_refused(tmp_path, "usage.csv")

    assert error.line == line
    assert message in error.message


def test_files_that_are_not_what_their_name_says(tmp_path: Path):
    (tmp_path / "usage.csv").write_text("id,used_on,quantity\ne1,2026-01-15,1\n", encoding="utf-16")
    (tmp_path / "usage.parquet").write_bytes(b"PAR1 not really")

    assert "not a CSV file in UTF-8" in file_refused(tmp_path, "usage.csv").message
    assert "not a readable Parquet file" in file_refused(tmp_path, "usage.parquet").message


def test_parquet_in_floating_point_is_refused_by_column(tmp_path: Path):
    table = pa.table({"used_on": ["2026-01-15"], "amount": pa.array([0.1], pa.float64())})
    pq.write_table(table, tmp_path / "usage.parquet")

    assert file_refused(tmp_path, "usage.parquet").key == "amount"


def test_parquet_decimals_are_read_digit_by_digit(tmp_path: Path):
    quantities = pa.array([Decimal("0.0000001"), Decimal(0), Decimal(3)], pa.decimal128(38, 12))
    pq.write_table(pa.table({"used_on": ["2026-01-15"] * 3, "quantity": quantities}), tmp_path / "usage.parquet")
    answers = played(tmp_path, "usage_file: {item: u, path: usage.parquet}")

    assert rejected(answers) == []
    assert records(answers) == 3
    assert answers.stage_tables()["metered"]["quantity_e12"].to_pylist() == [Decimal(3_000_000_100_000)]


# ── usage that is rejected ───────────────────────────────────────────────────────────────────


def test_what_cannot_be_read_is_told_as_written(tmp_path: Path):
    answers = played(
        tmp_path,
        "usage: {id: a, item: u, used_on: 31.01.2026, quantity: five}",
        "usage: {id: b, item: u, used_on: 2026-01-15, quantity: five}",
        'usage: {id: c, item: u, used_on: 2026-01-15, quantity: "1", amount: "1,50"}',
        'usage: {id: d, item: u, used_at: "2026-01-15T10:00:00", quantity: "1"}',
        'usage: {id: e, item: u, quantity: "1"}',
        'usage: {id: f, item: u, used_on: 2026-01-15, quantity: "1"}',
    )

    assert rejected(answers) == [
        ("a", "usage_must_have_a_date", "31.01.2026"),
        ("b", "quantity_must_be_a_number", "five"),
        ("c", "quantity_must_be_a_number", "1,50"),
        ("d", "usage_must_have_a_date", "2026-01-15T10:00:00"),
        ("e", "usage_must_have_a_date", ""),
    ]
    assert records(answers) == 1


def test_a_number_out_of_range_is_a_rejected_row_and_the_rest_counts(tmp_path: Path):
    (tmp_path / "usage.csv").write_text(
        "id,used_on,quantity\n"
        "most,2026-01-15,9999999999999.999999999999\n"
        "more,2026-01-15,10000000000000\n"
        "less,2026-01-15,-00010000000000000.5\n"
        "long,2026-01-15,1234567890123456789012345678901234567890\n"
        "zeros,2026-01-15,000001\n",
        encoding="utf-8",
    )
    answers = played(tmp_path, "usage_file: {item: u, path: usage.csv}")

    assert rejected(answers) == [
        ("less", "quantity_must_be_in_range", "-00010000000000000.5"),
        ("long", "quantity_must_be_in_range", "1234567890123456789012345678901234567890"),
        ("more", "quantity_must_be_in_range", "10000000000000"),
    ]
    assert records(answers) == 2
    assert answers.stage_tables()["metered"]["quantity_e12"].to_pylist() == [
        Decimal(10_000_000_000_000 * 10**12 + 10**12 - 1)
    ]


@pytest.mark.parametrize(
    "day",
    [
        'used_at: "0001-01-01T00:00:00+10:00"',
        'used_at: "9999-12-31T23:00:00-10:00"',
        "used_on: 9999-12-31",
        "used_on: 3000-01-01",
        "used_on: 0001-01-01",
    ],
)
def test_days_at_the_ends_of_time_are_rejected_and_the_rest_counts(tmp_path: Path, day: str):
    answers = played(
        tmp_path,
        f'usage: {{id: odd, item: u, {day}, quantity: "1"}}',
        'usage: {id: fine, item: u, used_on: 2026-01-15, quantity: "2"}',
    )

    assert [row[:2] for row in rejected(answers)] == [("odd", "usage_must_have_a_date")]
    assert records(answers) == 1
    assert max(answers.stage_tables()["months"]["month_on"].to_pylist()) == date(2026, 1, 1)


def test_another_dimension_under_one_id_is_a_change(tmp_path: Path):
    (tmp_path / "usage.csv").write_text(
        "id,used_on,quantity,model,region\n"
        "same,2026-01-15,5,large,eu\n"
        "same,2026-01-15,5,large,eu\n"
        "other,2026-01-15,7,large,eu\n"
        "other,2026-01-15,7,large,us\n"
        "bare,2026-01-15,9,,\n",
        encoding="utf-8",
    )
    answers = played(
        tmp_path,
        "usage_file: {item: u, path: usage.csv}",
        'usage: {id: same, item: u, used_on: 2026-01-15, quantity: "5", dimensions: {region: eu, model: large}}',
        'usage: {id: bare, item: u, used_on: 2026-01-15, quantity: "9"}',
    )

    assert [row[:2] for row in rejected(answers)] == [("other", "usage_must_not_change_under_its_id")] * 2
    assert records(answers) == 2


# ── dates of terms ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("entry", ["close: 9999-12", "terminate: {contract: acme, date: 9999-12-31}"])
def test_entries_far_outside_any_books_are_malformed(tmp_path: Path, entry: str):
    with pytest.raises(MalformedCaseError, match="between the years 1900 and 2999"):
        played(tmp_path, entry)
