"""Judging: which rows a question selects, what they sum to, and what is said when that is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ratable.cases.judging import Answer, Row, Verdict, judge
from ratable.cases.reading import read_case
from ratable.cases.reporting import records_of, report_of
from ratable.errors import InvariantError

D = Decimal
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
DAY = date(2026, 1, 31)


class FakeBooks:
    """Tables as literal rows; pictures of a day under (table, day)."""

    def __init__(self, **tables: list[Row]) -> None:
        self.tables = tables
        self.pictures: dict[tuple[str, date], list[Row]] = {}

    def rows(self, table: str, at: date | None = None) -> list[Row]:
        return self.tables.get(table, []) if at is None else self.pictures.get((table, at), [])


def revenue(period: date, amount: str, **others: str) -> Row:
    row: Row = {"contract": "acme", "product": "api", "item": "calls", "prepaid_commit": "", "type": "usage"}
    return row | {"period": period, "service_period": period, "amount": D(amount), "currency": "USD"} | others


def verdict_on(folder: Path, expect: str, books: FakeBooks) -> Verdict:
    path = folder / "case.yaml"
    path.write_text(
        "case: one\nevents:\n  - {on: 2026-01-31, void_usage: {id: e1}}\nexpect:\n" + expect, encoding="utf-8"
    )
    return judge(read_case(path), books)


def answer_to(folder: Path, expect: str, books: FakeBooks) -> Answer:
    return verdict_on(folder, f"  {expect}\n", books).answers[0]


BOOKS = FakeBooks(
    revenue=[
        revenue(JANUARY, "24000.00"),
        revenue(JANUARY, "0.10", type="overage"),
        revenue(FEBRUARY, "-36000"),
        revenue(FEBRUARY, "5", contract="beta", currency="EUR"),
    ]
)


@pytest.mark.parametrize(
    ("question", "amount"),
    [
        ("{period: 2026-01, amount: '24000.1'}", "24000.1"),
        ("{period: 2026-01, type: overage, amount: '0.1000'}", "0.1"),
        ("{contract: acme, amount: '-11999.90'}", "-11999.9"),
        ("{currency: EUR, amount: 5}", "5"),
        ("{period: 2026-03, amount: 0}", "0"),
        ("{period: 2026-03, amount: '-0'}", "0"),
    ],
)
def test_figures_are_exact_sums_over_the_selected_rows(tmp_path: Path, question: str, amount: str):
    answer = answer_to(tmp_path, f"revenue: [{question}]", BOOKS)

    assert answer.ok
    assert answer.actual == {"amount": amount}


def test_sums_are_exact_beyond_28_digits(tmp_path: Path):
    books = FakeBooks(revenue=[revenue(JANUARY, "999999999999999999"), revenue(JANUARY, "0.000000000001")])

    assert answer_to(tmp_path, "revenue: [{amount: '999999999999999999.000000000001'}]", books).ok
    assert not answer_to(tmp_path, "revenue: [{amount: '999999999999999999.000000000002'}]", books).ok


def test_a_wrong_figure_comes_with_its_rows(tmp_path: Path):
    verdict = verdict_on(tmp_path, "  revenue:\n    - {period: 2026-01, contract: acme, amount: 24000}\n", BOOKS)

    assert (verdict.ok, verdict.checked) == (False, 1)
    assert verdict.wrong == (
        Answer(
            table="revenue",
            line=6,
            keys={"period": "2026-01", "contract": "acme"},
            expected={"amount": "24000"},
            actual={"amount": "24000.1"},
            rows=BOOKS.tables["revenue"][:2],
        ),
    )


def test_two_currencies_are_not_summed_unless_currency_is_a_key(tmp_path: Path):
    wrong = answer_to(tmp_path, "revenue: [{period: 2026-02, amount: '-35995'}]", BOOKS)

    assert not wrong.ok
    assert wrong.actual == {"amount": "a sum over EUR and USD; make currency a key"}
    assert answer_to(tmp_path, "revenue: [{period: 2026-02, currency: USD, amount: '-36000'}]", BOOKS).ok


def test_absent_rows(tmp_path: Path):
    assert answer_to(tmp_path, "revenue: [{period: 2026-03, absent: true}]", BOOKS).ok
    wrong = answer_to(tmp_path, "revenue: [{period: 2026-02, absent: true}]", BOOKS)
    assert (wrong.ok, wrong.expected, wrong.actual) == (False, {"rows": "0"}, {"rows": "2"})


def test_a_row_of_zero_is_not_absent(tmp_path: Path):
    books = FakeBooks(revenue=[revenue(JANUARY, "0.00")])

    assert answer_to(tmp_path, "revenue: [{amount: 0}]", books).ok
    assert not answer_to(tmp_path, "revenue: [{period: 2026-01, absent: true}]", books).ok


def test_a_tier_is_a_number_and_on_is_a_date(tmp_path: Path):
    books = FakeBooks(
        rated=[{"item": "calls", "tier": 2, "quantity": D(9000), "amount": D(720), "currency": "USD"}],
        journal=[{"account": "cash", "on": DAY, "debit": D(7), "credit": D(0), "currency": "USD"}],
    )

    assert answer_to(tmp_path, "rated: [{item: calls, tier: 02, quantity: 9000, amount: 720}]", books).ok
    assert answer_to(tmp_path, "journal: [{account: cash, on: 2026-01-31, debit: 7, credit: 0}]", books).ok


def test_pictures_of_a_day_are_asked_for_that_day(tmp_path: Path):
    books = FakeBooks()
    row: Row = {"account": "cash", "contract": "acme", "prepaid_commit": "", "amount": D(5), "currency": "USD"}
    books.pictures["balances", DAY] = [row]

    assert answer_to(tmp_path, "balances: [{at: 2026-01-31, account: cash, amount: 5}]", books).ok
    assert answer_to(tmp_path, "balances: [{at: 2026-02-28, account: cash, amount: 0}]", books).ok


def test_balances_and_status_are_those_of_one_row(tmp_path: Path):
    books = FakeBooks()
    row: Row = {"prepaid_commit": "pool", "remaining": D(0), "status": "EXHAUSTED", "currency": "USD"}
    books.pictures["prepaid_commits", DAY] = [row, row | {"prepaid_commit": "other", "remaining": D(3)}]
    one = answer_to(
        tmp_path, "prepaid_commits: [{at: 2026-01-31, prepaid_commit: pool, remaining: 0, status: EXHAUSTED}]", books
    )
    two = answer_to(tmp_path, "prepaid_commits: [{at: 2026-01-31, remaining: 3, status: EXHAUSTED}]", books)
    none = answer_to(tmp_path, "consumption: [{prepaid_commit: pool, balance_before: 0}]", books)

    assert one.ok
    assert (two.ok, two.actual) == (False, {"remaining": "3", "status": "2 rows are selected, not one"})
    assert (none.ok, none.actual) == (False, {"balance_before": "0 rows are selected, not one"})


def test_rejections_are_asked_by_name(tmp_path: Path):
    books = FakeBooks(rejected=[{"id": "e1", "code": "period_must_be_open"}])

    assert answer_to(tmp_path, "rejected: [{id: e1, code: period_must_be_open}]", books).ok
    assert answer_to(tmp_path, "rejected: [{id: e2, absent: true}]", books).ok
    wrong = answer_to(tmp_path, "rejected: [{id: e2, code: period_must_be_open}]", books)
    assert (wrong.ok, wrong.expected, wrong.actual) == (False, {"rows": "at least 1"}, {"rows": "0"})


def test_a_refusal_that_nobody_expects_is_wrong_and_a_rejection_is_not(tmp_path: Path):
    books = FakeBooks(
        rejected=[{"id": "x", "code": "period_must_be_open"}],
        refused=[{"id": "e1", "code": "usage_must_be_known"}, {"id": "suite", "code": "bundle_must_sum_to_100"}],
    )
    verdict = verdict_on(tmp_path, "  refused: [{id: suite, code: bundle_must_sum_to_100}]\n", books)

    assert verdict.checked == 1
    assert [(a.table, a.line, a.keys) for a in verdict.wrong] == [
        ("refused", 3, {"id": "e1", "code": "usage_must_be_known"})
    ]
    assert verdict.wrong[0].rows == books.tables["refused"][:1]


def test_asking_that_a_refusal_is_absent_does_not_name_it(tmp_path: Path):
    books = FakeBooks(refused=[{"id": "suite", "code": "bundle_must_sum_to_100"}])
    verdict = verdict_on(tmp_path, "  refused: [{id: suite, absent: true}]\n", books)

    assert [answer.line for answer in verdict.wrong] == [5, None]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"amount": D(1), "currency": "USD"}, "no column period"),
        ({"period": "2026-01", "amount": D(1), "currency": "USD"}, "period is not a date"),
        ({"period": JANUARY, "amount": 1, "currency": "USD"}, r"revenue\.amount holds 1"),
        ({"period": JANUARY, "amount": D("NaN"), "currency": "USD"}, "not an exact decimal"),
        ({"period": JANUARY, "currency": "USD"}, r"revenue\.amount holds None"),
    ],
)
def test_books_of_another_shape_are_a_bug_and_never_a_silent_zero(tmp_path: Path, row: Row, message: str):
    with pytest.raises(InvariantError, match=message):
        answer_to(tmp_path, "revenue: [{period: 2026-01, amount: 0}]", FakeBooks(revenue=[row]))


def test_the_report_for_programs(tmp_path: Path):
    verdict = verdict_on(tmp_path, "  revenue:\n    - {period: 2026-01, type: overage, amount: 1}\n", BOOKS)

    assert records_of([verdict]) == [
        {
            "case": "one",
            "ok": False,
            "checked": 1,
            "wrong": [
                {
                    "table": "revenue",
                    "line": 6,
                    "keys": {"period": "2026-01", "type": "overage"},
                    "expected": {"amount": "1"},
                    "actual": {"amount": "0.1"},
                    "rows": [
                        {
                            "contract": "acme",
                            "product": "api",
                            "item": "calls",
                            "prepaid_commit": "",
                            "type": "overage",
                            "period": "2026-01",
                            "service_period": "2026-01",
                            "amount": "0.1",
                            "currency": "USD",
                        }
                    ],
                }
            ],
        }
    ]


def test_the_report_for_people(tmp_path: Path):
    right = verdict_on(tmp_path, "  revenue: [{period: 2026-03, amount: 0}]\n", BOOKS)
    wrong = verdict_on(
        tmp_path,
        "  revenue:\n    - {period: 2026-01, type: overage, amount: 1}\n    - {period: 2026-03, amount: 1}\n",
        BOOKS,
    )

    assert list(report_of([right])) == ["ok    one  1 checked", "1 case, all hold"]
    assert list(report_of([right, wrong])) == [
        "ok    one  1 checked",
        "WRONG one  2 checked, 2 wrong",
        f"  {tmp_path}/case.yaml:6 revenue period=2026-01 type=overage",
        "    amount: expected 1, got 0.1",
        "    from 1 row:",
        (
            "      contract=acme product=api item=calls type=overage period=2026-01 service_period=2026-01"
            " amount=0.1 currency=USD"
        ),
        f"  {tmp_path}/case.yaml:7 revenue period=2026-03",
        "    amount: expected 1, got 0",
        "    from no rows",
        "2 cases, 1 wrong",
    ]


def test_a_long_list_of_rows_is_cut_for_people_only(tmp_path: Path):
    books = FakeBooks(revenue=[revenue(JANUARY, "1")] * 15)
    verdict = verdict_on(tmp_path, "  revenue: [{amount: 1}]\n", books)

    assert list(report_of([verdict]))[-2] == "      and 3 more"
    assert len(verdict.wrong[0].rows) == 15
