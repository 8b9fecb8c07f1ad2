"""Real usage: 8,819 calls of a language model through the whole calculation, against plain decimals."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from ratable.backends import Sheet
from ratable.bench.azure import COLUMNS, COMMIT, DISCOUNT_PERCENTAGE, PRICES, azure_case, calls
from ratable.cases.answers import Answers
from ratable.cases.playing import play
from tests.factories import told

CENT = Decimal("0.01")
CALLS = 8819
NOVEMBER = date(2023, 11, 1)


@pytest.fixture(scope="module")
def trace(shared: Path) -> Path:
    path = shared / "data" / "azure-llm-2023-code.csv"
    if not path.is_file():
        pytest.skip(f"no real usage: {path} is not there; it is not part of this project (Azure Public Dataset)")
    return path


@pytest.fixture(scope="module")
def books(trace: Path, sheet: Sheet) -> Answers:
    return play(azure_case(trace), sheet)


def tokens(path: Path) -> dict[str, int]:
    """The sums of the file, read with nothing but `str.split`."""
    header, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    rows = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines if line]
    assert len(rows) == CALLS
    return {kind: sum(int(row[column]) for row in rows) for kind, column in COLUMNS.items()}


def to_cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def test_instants_are_cut_to_microseconds(trace: Path):
    number, instant, first = next(calls(trace))

    assert (number, instant.isoformat(), first) == (
        1,
        "2023-11-16T18:17:03.979960+00:00",
        {"context": 4808, "generated": 10},
    )


def test_every_call_is_accepted(books: Answers, trace: Path):
    metered = books.stage_tables()["metered"].to_pylist()
    expected = tokens(trace)

    assert {row["item_id"]: row["records"] for row in metered} == dict.fromkeys(PRICES, CALLS)
    assert {row["item_id"]: int(row["quantity_e12"]) for row in metered} == {
        kind: count * 10**12 for kind, count in expected.items()
    }
    assert books.rows("rejected") == books.rows("refused") == []


def test_tokens_are_rated_and_drawn_to_the_cent(books: Answers, trace: Path):
    rated = {kind: to_cents(count * PRICES[kind]) for kind, count in tokens(trace).items()}
    gross = sum(rated.values())
    keep = 1 - DISCOUNT_PERCENTAGE / 100
    covered = to_cents(COMMIT / keep)
    overage = gross - covered

    assert 0 < overage < gross, "the commit runs dry on the way"
    told(books, "rated", "item | tier | amount\n" + "\n".join(f"{kind} | 1 | {value}" for kind, value in rated.items()))
    (row,) = books.rows("consumption")
    assert {name: row[name] for name in ("gross", "discount", "net", "overage", "balance_before", "balance_after")} == {
        "gross": gross,
        "discount": covered - COMMIT,
        "net": COMMIT,
        "overage": overage,
        "balance_before": COMMIT,
        "balance_after": 0,
    }
    by_type = {
        kind: sum(Decimal(str(row["amount"])) for row in books.rows("revenue") if row["type"] == kind)
        for kind in ("drawdown", "overage", "usage", "breakage")
    }
    assert by_type == {"drawdown": COMMIT, "overage": overage, "usage": 0, "breakage": 0}


def test_the_month_is_closed_and_the_journal_balances(books: Answers, trace: Path):
    journal = books.rows("journal")
    overage = sum((to_cents(count * PRICES[kind]) for kind, count in tokens(trace).items()), -Decimal(25))
    at = {str(row["account"]): row["amount"] for row in books.rows("balances", date(2023, 11, 30)) if row["amount"]}

    assert books.open_on == date(2023, 12, 1)
    assert {row["period"] for row in journal} == {NOVEMBER}
    assert sum(row["debit"] for row in journal) == sum(row["credit"] for row in journal) > 0  # type: ignore[misc]
    assert at == {"accounts_receivable": COMMIT, "unbilled_revenue": overage, "revenue": COMMIT + overage}
