"""A played case as the inputs of reports: the same tables that the books would bind."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import pyarrow as pa

from ratable import reports, tables
from ratable.backends import Sheet, Stored
from ratable.cases.answers import Answers
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from ratable.cases.records import Case
from ratable.reports.explanation import COUNTED_USAGE, EVIDENCE, Evidence
from ratable.terms_tables import Amendments, terms_tables
from tests.factories import case_of

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
Inputs = dict[str, Stored]
_STAGES = {
    "months": "months",
    "grants": "grants",
    "forfeits": "forfeits",
    "rated": "rated",
    "draws": "drawdown",
    "allocated": "allocated",
    "revenue": "revenue",
    "journal": "journal",
}


def told(sheet: Sheet, folder: Path, text: str, *, at: date | None = None) -> Inputs:
    """Play a written case and bind what its reports read."""
    case = case_of(folder, text)
    return inputs_of(sheet, case, play(case, sheet), at=at)


def inputs_of(sheet: Sheet, case: Case, answers: Answers, *, at: date | None = None) -> Inputs:
    stage = answers.stage_tables()
    inputs = {name: _bind(sheet, name, stage[table], reports.INPUTS[name]) for name, table in _STAGES.items()}
    agreed = terms_tables(case.terms, Amendments())
    rows: dict[str, list[dict[str, object]]] = {
        "contracts": [
            {**row, "released_on": answers._released_on.get(str(row["contract_id"]), row["released_on"])}
            for row in agreed.contracts
        ],
        "customers": [{"contract_id": one.id, "customer_id": one.customer} for one in case.terms.contracts],
        "agreed_commits": agreed.commits,
        "agreed_schedules": agreed.schedules,
    }
    for name, found in rows.items():
        inputs[name] = sheet.bind_rows(f"report_in_{name}", found, reports.INPUTS[name])
    for name in ("rejected", "receipts", "closes"):
        inputs[name] = sheet.bind_rows(f"report_in_{name}", [], reports.INPUTS[name])
    return {**inputs, "day": reports.day_of(sheet, at or date(2026, 12, 31))}


def _bind(sheet: Sheet, name: str, table: pa.Table, schema: ibis.Schema) -> Stored:
    return sheet.bind(f"report_in_{name}", table, schema)


def options_of(report: reports.Report) -> dict[str, Any]:
    return {"rounding": "half_up"} if "rounding" in report.options else {}


def journal_of(sheet: Sheet, rows: list[dict[str, object]]) -> Stored:
    """Lines of a journal; what a test does not care about is filled in."""
    filled = [
        {
            **dict.fromkeys(("item_id", "product_id", "commit_id"), ""),
            "contract_id": "acme",
            "currency": "USD",
            "source_kind": "usage",
            "source_id": "acme",
            "place": 2,
            "number": 0,
            "is_adjusted": False,
            "debit_minor": 0,
            "credit_minor": 0,
            **row,
        }
        for row in rows
    ]
    return sheet.bind_rows("report_in_journal", filled, tables.JOURNAL)


class Played(NamedTuple):
    """A golden case, its books, and what an explanation reads of them."""

    case: Case
    answers: Answers
    evidence: Evidence


@cache
def golden(sheet: Sheet, name: str) -> Played:
    """A golden case, played once for all tests; nobody may change what it gives."""
    case = read_case(GOLDEN / f"{name}.yaml")
    answers = play(case, sheet)
    return Played(case, answers, evidence_of(sheet, answers))


def evidence_of(sheet: Sheet, answers: Answers) -> Evidence:
    """What an explanation reads, as the last run of the case left it on the sheet."""
    stage = answers.stage_tables()
    found = {
        "commits": stage["prepaid_commits"],
        "grants": stage["grants"],
        "forfeits": stage["forfeits"],
        "unit_draws": stage.get("unit_draws", stage["drawdown"].slice(0, 0)),
        "schedules": stage["schedules"],
        "rated": stage["rated"],
        "draws": stage["drawdown"],
        "allocated": stage["allocated"],
        "revenue": stage["revenue"],
        "journal": stage["journal"],
        "usage": _counted(sheet),
    }
    for name in ("contracts", "items", "tiers", "rating_options", "tier_limits", "shares", "unit_pools"):
        found[name] = sheet.fetch(Stored(name, EVIDENCE[name]))
    return Evidence.of(found)


def _counted(sheet: Sheet) -> pa.Table:
    """Accepted records without voids, each with its day (stories in this folder are told in UTC)."""
    examined = sheet.fetch(Stored("examined_usage", tables.EXAMINED)).to_pylist()
    out = {(row["usage_id"], row["batch"], row["row"]) for row in examined if row["status"] != "accepted"}
    rows = sheet.fetch(Stored("usage", tables.USAGE)).to_pylist()
    kept = [row for row in rows if (row["usage_id"], row["batch"], row["row"]) not in out]
    counted = [{**row, "used_on": row["used_on"] or row["used_at"].date()} for row in kept]
    return pa.Table.from_pylist(counted, schema=COUNTED_USAGE.to_pyarrow())
