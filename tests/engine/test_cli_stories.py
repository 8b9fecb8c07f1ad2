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


def test_run_writes_every_table_of_the_flow(tmp_path: Path):
    result = ratable("run", GOLDEN / "chain" / "prepaid-chain.yaml", "--out", tmp_path / "out")

    assert result.exit_code == 0
    names = {path.stem for path in (tmp_path / "out").glob("*.parquet")}
    assert {"metered", "rated", "drawdown", "allocated", "revenue", "journal", "rejected"} <= names
    journal = pq.read_table(tmp_path / "out" / "journal.parquet")
    assert sum(journal["debit_minor"].to_pylist()) == sum(journal["credit_minor"].to_pylist()) > 0
