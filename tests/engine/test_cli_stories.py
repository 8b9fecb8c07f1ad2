"""The command line with the real player: verdicts, warnings, numbers that do not fit, tables on disk."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner, Result

from ratable.__main__ import app

GOLDEN = Path(__file__).parents[1] / "golden"
TOO_MANY = """
case: too-many
products: [{id: api, name: API, usage_groups: [{id: calls, pricing_model: unit_based, tiers: [{price: "100000000000"}]}]}]
contracts: [{id: acme, customer: Acme, start_date: 2026-01-01, usage: [{id: u, product: api, usage_group: calls}]}]
events: [{on: 2026-01-31, usage: {item: u, used_on: 2026-01-15, quantity: "9000000000000"}}]
expect: {revenue: [{amount: "1"}]}
"""


def ratable(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_case_that_holds():
    result = ratable("check", GOLDEN / "chain" / "prepaid-chain.yaml")

    assert result.exit_code == 0
    assert "prepaid-chain" in result.stdout
    assert "all hold" in result.stdout


def test_a_cliff_in_a_price_plan_is_told_and_changes_no_verdict():
    result = ratable("check", GOLDEN / "rating" / "tiers-and-overrides.yaml")

    assert result.exit_code == 0
    assert "warning: volume: price_falls_at_tier" in result.stderr


def test_a_quantity_that_does_not_fit_is_told_by_file_and_nothing_is_written(tmp_path: Path):
    case = tmp_path / "too-many.yaml"
    case.write_text(TOO_MANY)

    checked = ratable("check", case)
    ran = ratable("run", case, "--out", tmp_path / "out")

    assert checked.exit_code == ran.exit_code == 2
    assert f"{case}:" in checked.stderr
    assert "a number does not fit" in checked.stderr
    assert not (tmp_path / "out").exists()


def test_run_tells_how_much_was_not_taken(tmp_path: Path):
    case = tmp_path / "left-out.yaml"
    case.write_text(TOO_MANY.replace('quantity: "9000000000000"', "quantity: many"))
    ran, clean = (
        ratable("run", path, "--out", tmp_path / path.stem) for path in (case, GOLDEN / "chain" / "prepaid-chain.yaml")
    )

    assert (ran.exit_code, ran.stderr) == (0, "not taken: 1 rejected usage rows, 0 refused terms or acts\n")
    assert pq.read_table(tmp_path / "left-out" / "rejected.parquet")["value"].to_pylist() == ["many"]
    assert "not taken" not in clean.stderr


OUTCOME_TABLES = ("usage_outcome", "metered", "rejected")
EVERY_OUTCOME = """
case: outcomes
policy: {late_usage: reject}
products: [{id: api, name: API, usage_groups: [{id: calls, pricing_model: unit_based, tiers: [{price: "1"}]}]}]
contracts: [{id: acme, customer: Acme, start_date: 2026-01-01, usage: [{id: u, product: api, usage_group: calls}]}]
events:
  - {on: 2026-01-31, usage: {id: a, item: u, used_on: 2026-01-15, quantity: "1"}}
  - {on: 2026-01-31, usage: {id: a, item: u, used_on: 2026-01-15, quantity: "1"}}
  - {on: 2026-01-31, usage: {id: b, item: u, used_on: 2026-01-15, quantity: "20"}}
  - {on: 2026-01-31, usage: {id: c, item: u, used_on: 2026-01-16, quantity: "300"}}
  - {on: 2026-01-31, usage: {id: d, item: u, used_on: 2026-01-16, quantity: "10000000000000"}}
  - {on: 2026-01-31, void_usage: {id: b}}
  - {on: 2026-02-01, close: 2026-01}
  - {on: 2026-02-28, usage_file: {item: u, path: usage.csv}}
  - {on: 2026-02-28, void_usage: {id: c}}
"""


def test_what_became_of_every_record_can_be_followed_in_the_files(tmp_path: Path):
    (tmp_path / "usage.csv").write_text("id,used_on,quantity\ne,2026-02-01,4000\nf,2026-01-02,5\n", encoding="utf-8")
    (tmp_path / "case.yaml").write_text(EVERY_OUTCOME, encoding="utf-8")

    assert ratable("run", tmp_path / "case.yaml", "--out", tmp_path / "out").exit_code == 0
    read = {name: pq.read_table(tmp_path / "out" / f"{name}.parquet").to_pylist() for name in OUTCOME_TABLES}
    records = read["usage_outcome"]

    # 7 records in 5 entries and a file of 2; the void of a closed month is rejected too, and is no record
    assert [(row["usage_id"], row["batch"], row["row"], row["status"], row["code"]) for row in records] == [
        ("a", 1, 0, "accepted", ""),
        ("a", 2, 0, "duplicate", ""),
        ("b", 3, 0, "voided", ""),
        ("c", 4, 0, "accepted", ""),
        ("d", 5, 0, "rejected", "quantity_must_be_in_range"),
        ("e", 8, 1, "accepted", ""),
        ("f", 8, 2, "rejected", "period_must_be_open"),
    ]
    taken = [row for row in records if row["status"] == "accepted"]
    assert sum(row["records"] for row in read["metered"]) == len(taken) == 3
    assert sum(row["quantity_e12"] for row in read["metered"]) == sum(row["quantity"] for row in taken) * 10**12
    turned_away = {(row["usage_id"], row["code"], row["value"]) for row in records if row["status"] == "rejected"}
    assert {(row["usage_id"], row["code"], row["value"]) for row in read["rejected"]} - turned_away == {
        ("c", "period_must_be_open", "")
    }


def test_run_writes_every_table_of_the_flow(tmp_path: Path):
    result = ratable("run", GOLDEN / "chain" / "prepaid-chain.yaml", "--out", tmp_path / "out")

    assert result.exit_code == 0
    names = {path.stem for path in (tmp_path / "out").glob("*.parquet")}
    assert {"metered", "rated", "drawdown", "allocated", "revenue", "journal", "rejected"} <= names
    journal = pq.read_table(tmp_path / "out" / "journal.parquet")
    assert sum(journal["debit_minor"].to_pylist()) == sum(journal["credit_minor"].to_pylist()) > 0
