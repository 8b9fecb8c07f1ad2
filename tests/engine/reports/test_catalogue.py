"""Every report of the catalogue runs, gives the columns that it promises, and can be summed over its keys."""

from __future__ import annotations

from datetime import date

import pytest

from ratable import reports
from ratable.backends import Sheet
from ratable.cases.answers import Answers
from ratable.cases.records import Case
from tests.engine.reports.books import GOLDEN, Inputs, golden, inputs_of, options_of

EACH = pytest.mark.parametrize("name", reports.CATALOGUE)


@pytest.fixture(scope="module")
def story(sheet: Sheet) -> tuple[Case, Answers]:
    """A pool of 80,000 at 20 percent that runs dry in March, is corrected in May and lapses in December."""
    return golden(sheet, "chain/ledger")[:2]


@pytest.fixture
def chain(sheet: Sheet, story: tuple[Case, Answers]) -> Inputs:
    return inputs_of(sheet, *story)


@EACH
def test_a_report_gives_the_columns_that_it_promises(sheet: Sheet, chain: Inputs, name: str):
    report = reports.CATALOGUE[name]
    found = reports.run_report(sheet, name, chain, **options_of(report))

    assert found.schema == report.schema.to_pyarrow()


@EACH
def test_keys_tell_the_rows_apart_and_order_them(sheet: Sheet, chain: Inputs, name: str):
    """Lines of one entry on one account may be alike; the listing keeps them all."""
    report = reports.CATALOGUE[name]
    found = reports.run_report(sheet, name, chain, **options_of(report))
    keys = [tuple(str(row[key]) for key in report.keys) for row in found.to_pylist()]

    assert keys == sorted(keys)
    assert len(keys) == len(set(keys))


@EACH
def test_a_sum_over_keys_keeps_every_figure_and_currencies_apart(sheet: Sheet, chain: Inputs, name: str):
    report = reports.CATALOGUE[name]
    whole = reports.run_report(sheet, name, chain, **options_of(report)).to_pylist()
    summed = reports.run_report(sheet, name, chain, by=(), **options_of(report)).to_pylist()

    apart = {(row.get("currency"), row.get("unit")) for row in whole}
    assert len(summed) == (len(apart) if {"currency", "unit"} & set(report.keys) else 1)
    for figure in report.figures:
        assert sum(row[figure] for row in summed) == sum(row[figure] for row in whole)


def test_a_report_of_some_months_opens_with_what_came_before(sheet: Sheet, chain: Inputs):
    spring = (date(2026, 2, 1), date(2026, 3, 1))
    whole = reports.run_report(sheet, "contract_liability", chain).to_pylist()
    found = reports.run_report(sheet, "contract_liability", chain, periods=spring).to_pylist()

    assert found == [row for row in whole if spring[0] <= row["period"] <= spring[1]]
    assert [(row["opening_minor"], row["closing_minor"]) for row in found] == [(5600000, 1600000), (1600000, 0)]
    (summed,) = reports.run_report(sheet, "revenue", chain, periods=spring, by=()).to_pylist()
    assert summed["amount_minor"] == 7600000
    with pytest.raises(LookupError, match="balances has no periods"):
        reports.run_report(sheet, "balances", chain, periods=spring)


@EACH
def test_every_column_is_defined(name: str):
    report = reports.CATALOGUE[name]

    assert report.name == name
    assert report.title
    assert all(column.meaning for column in report.columns)
    assert report.keys
    assert report.figures
    assert {column.name for column in report.columns if column.unit == "minor"} == {
        column.name for column in report.columns if column.name.endswith("_minor")
    }
    assert any(column.name == "currency" for column in report.columns) or not any(
        column.unit == "minor" for column in report.columns
    )


def test_every_input_is_declared_and_read_by_some_report():
    read = {table for report in reports.CATALOGUE.values() for table in report.inputs}

    assert read == set(reports.INPUTS)


def test_a_report_that_is_not_there_is_refused_by_name(sheet: Sheet, chain: Inputs):
    with pytest.raises(LookupError, match="no report profit"):
        reports.run_report(sheet, "profit", chain)
    with pytest.raises(LookupError, match="waterfall has no key shoe_size"):
        reports.run_report(sheet, "waterfall", chain, by=("shoe_size",))
    with pytest.raises(LookupError, match=r"rpo takes the options \['rounding'\]"):
        reports.run_report(sheet, "rpo", chain)
    with pytest.raises(LookupError, match="waterfall needs the tables journal"):
        reports.run_report(sheet, "waterfall", {"customers": chain["customers"]})


CASES = [
    "chain/ledger",
    "chain/restored-value-is-drawn-again",
    *sorted(f"rollforward/{path.stem}" for path in (GOLDEN / "rollforward").glob("*.yaml"))[:3],
    *sorted(f"breakage/{path.stem}" for path in (GOLDEN / "breakage").glob("*.yaml"))[:3],
]


@pytest.mark.parametrize("name", CASES)
def test_the_reports_of_a_golden_case_foot_and_agree(sheet: Sheet, name: str):
    case, answers, _ = golden(sheet, name)
    inputs = inputs_of(sheet, case, answers)

    def rows(name: str) -> list[dict[str, int]]:
        found: list[dict[str, int]] = reports.run_report(sheet, name, inputs).to_pylist()
        return found

    for row in rows("contract_liability"):
        moved = row["billed_minor"] - row["recognized_minor"] - row["breakage_minor"] + row["other_minor"]
        assert row["opening_minor"] + moved == row["closing_minor"], row
    for row in rows("unbilled_revenue"):
        moved = row["recognized_minor"] + row["breakage_minor"] - row["billed_minor"] + row["other_minor"]
        assert row["opening_minor"] + moved == row["closing_minor"], row
    for row in rows("burn_down"):
        moved = row["granted_minor"] + row["topped_up_minor"] - row["drawn_minor"] - row["expired_minor"]
        assert row["opening_minor"] + moved == row["remaining_minor"], row
        assert row["remaining_minor"] >= 0, row
    for row in rows("trial_balance"):
        assert row["opening_minor"] + row["debit_minor"] - row["credit_minor"] == row["closing_minor"], row
    for row in reports.run_report(sheet, "trial_balance", inputs, by=("period",)).to_pylist():
        assert row["closing_minor"] == 0, row
    assert not [row for row in rows("completeness") if row["difference"]]
    columns = reports.run_report(sheet, "waterfall", inputs, by=("period",)).to_pylist()
    by_month = reports.run_report(sheet, "revenue_by_customer", inputs, by=("period",)).to_pylist()
    in_detail = reports.run_report(sheet, "revenue", inputs, by=("period",)).to_pylist()
    assert columns == by_month == in_detail


def test_what_remains_is_what_the_case_player_says(sheet: Sheet):
    """Two roads to one figure: month by month here, on a day there; a termination in between."""
    for name in CASES[:4]:
        case, answers, _ = golden(sheet, name)
        inputs = inputs_of(sheet, case, answers)
        history = reports.run_report(sheet, "burn_down", inputs).to_pylist()
        for row in history:
            last_on = date(row["period"].year + row["period"].month // 12, row["period"].month % 12 + 1, 1)
            at = date.fromordinal(last_on.toordinal() - 1)
            (picture,) = [
                one for one in answers.rows("prepaid_commits", at) if one["prepaid_commit"] == row["commit_id"]
            ]
            assert answers._major(row["contract_id"], row["remaining_minor"]) == picture["remaining"], (name, row)
            assert row["status"] == picture["status"], (name, row)
