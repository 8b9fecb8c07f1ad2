"""Explanations: every arrow in words and numbers, every sum exact, down to the usage and up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ratable.backends import Sheet
from ratable.cases.playing import play
from ratable.errors import InvariantError
from ratable.reports.explanation import (
    Evidence,
    Step,
    explain_entry,
    explain_revenue,
    explanation_text,
    trace_text,
    trace_usage,
)
from tests.engine.reports import books
from tests.engine.reports.books import evidence_of
from tests.factories import case_of

MARCH = date(2026, 3, 1)


def golden(sheet: Sheet, name: str) -> Evidence:
    return books.golden(sheet, name).evidence


def only(step: Step, kind: str) -> Step:
    """The only step of a kind in an explanation."""
    (found,) = [one for one in step.every() if one.kind == kind]
    return found


# ── down ─────────────────────────────────────────────────────────────────────────────────────


def test_graduated_usage_is_told_tier_by_tier(sheet: Sheet):
    step = explain_revenue(golden(sheet, "rating/tiers-and-overrides"), {"item_id": "g"})

    assert explanation_text(step).splitlines() == [
        "revenue of item_id g  945.00 USD: 1 revenue row",
        "  + usage revenue of g for 2026-01  945.00 USD: the whole of 2026-01",
        "    + g in 2026-01, rated  945.00 USD: 12,500: 1,000 x 0.10 + 9,000 x 0.08 + 2,500 x 0.05 = 945.00",
        "      + tier 1  100.00 USD: 1,000 x 0.10 = 100.00",
        "      + tier 2  720.00 USD: 9,000 x 0.08 = 720.00",
        "      + tier 3  125.00 USD: 2,500 x 0.05 = 125.00",
        "      <- g in 2026-01, metered  12,500 units: 1 record, 12,500 units",
        "        + usage 1 on 2026-01-15  12,500 units: as recorded",
    ]


@pytest.mark.parametrize(
    ("name", "item", "formulas"),
    [
        (
            "rating/group-by-day",
            "days",
            [
                "18 x 2.00 + 1.00 flat fee where the tier is touched; tiers count each day = 38.00",
                "1 x 1.00; tiers count each day = 1.00",
            ],
        ),
        (
            "rating/zuora-individual-volume",
            "cents",
            ["3 x 0.005 + 2.00 flat fee where the tier is touched; each record rounded by itself = 2.03"],
        ),
        ("rating/zuora-group-by-id", "minutes", ["50 x 11.00; tiers count each group_id = 550.00"]),
        ("rating/zuora-pre-rated", "price", ["unit prices in unit_price of the records = 2,100.00"]),
        ("rating/zuora-pre-rated", "total", ["amounts in total of the records = 2,100.00"]),
        ("rating/zuora-pre-rated", "amount", ["amounts of the records = 2,100.00"]),
        ("rating/high-water-mark", "volume", ["13 x 1.00; the highest day counts = 13.00"]),
        ("rating/rounded-quantities", "half-even", ["2.4 x 1.00; quantities rounded to 0.1, half even = 2.40"]),
        (
            "rating/openmeter-maximum",
            "steps",
            [
                "15 x 1.00; tiers count each day; the month at most 17.50 = 15.00",
                "5 x 0.50; tiers count each day; the month at most 17.50 = 2.50",
            ],
        ),
        (
            "minimums/zuora-charge-minimum",
            "t",
            ["10 x 1.00; at least 5.00 and at most 20.00 where the tier is touched = 10.00"],
        ),
        ("rating/tiered-with-overage", "tiered", ["10 x 1.00 = 10.00", "10 x 2.00 = 20.00", "5.5 x 3.00 = 16.50"]),
    ],
)
def test_rating_options_are_told_where_they_decide(sheet: Sheet, name: str, item: str, formulas: list[str]):
    step = explain_revenue(golden(sheet, name), {"item_id": item})
    told = [one.formula for one in step.every() if one.kind == "tier"]

    assert told[: len(formulas)] == formulas
    assert step.value == sum(child.value for child in step.children)


def test_prepaid_usage_with_overage_is_told_from_the_state_of_the_pool(sheet: Sheet):
    """The chain's March: 40,000 of list value against what is left of the pool, 16,000."""
    step = explain_revenue(golden(sheet, "chain/ledger"), {"kind": "drawdown", "booked_on": MARCH})
    pool = only(step, "consumption")

    assert step.value == Decimal("16000.00")
    assert only(step, "drawdown").formula == (
        "its part of the month's cover: 20,000.00 list value less 20 % discount = 16,000.00"
    )
    assert pool.formula == (
        "40,000.00 list value, discount 20 %, pool had 16,000.00: covered 20,000.00, net 16,000.00, overage 20,000.00"
    )
    assert [(part.title, part.value) for part in pool.children] == [
        ("covered", Decimal(20000)),
        ("overage", Decimal(20000)),
    ]
    assert (only(step, "usage").key, only(step, "usage").value) == ("mar", Decimal(40000))


def test_what_an_adjustment_gives_back_is_told_as_a_correction(sheet: Sheet):
    step = explain_revenue(golden(sheet, "chain/ledger"), {"booked_on": date(2026, 5, 1), "kind": "drawdown"})

    assert step.value == Decimal("-8000.00")
    assert only(step, "correction").formula == (
        "its part of the month's cover: -10,000.00 list value less 20 % discount = -8,000.00; "
        "the difference to what was booked before, adjusted on 2026-05-12"
    )


def test_late_usage_is_told_as_the_whole_less_what_was_booked(sheet: Sheet):
    """95 at 10 were booked in January; ten more make it 105 at 9, which is five less."""
    evidence = golden(sheet, "rating/zuora-late-usage")
    step = explain_revenue(evidence, {"contract_id": "down", "booked_on": date(2026, 2, 1)})
    (row,) = step.children

    assert row.formula == "the whole of 2026-01 is 945.00; of it 950.00 is booked at other times: -5.00"
    assert [(one.kind, one.value) for one in row.children] == [
        ("rated", Decimal("945.00")),
        ("booked_at_another_time", Decimal("-950.00")),
    ]
    assert [(one.key, one.value) for one in step.every() if one.kind == "usage"] == [
        ("2", Decimal(95)),
        ("5", Decimal(10)),
    ]


def test_a_bundle_is_told_by_the_share_of_each_product(sheet: Sheet):
    evidence = golden(sheet, "allocation/reallocated-after-close")
    step = explain_revenue(evidence, {"product_id": "api", "service_on": date(2026, 1, 1), "booked_on": MARCH})

    assert only(step, "allocation").formula == "65 of 100 parts of 10,000.00 = 6,500.00, shares by largest remainder"
    assert only(step, "rated").value == 10000
    assert step.value == -500


@pytest.mark.parametrize(
    ("name", "keys", "formula"),
    [
        ("minimums/monthly-amount", {"kind": "minimum"}, "minimum 5,000 less 3,200.00 that counts = 1,800.00"),
        (
            "breakage/proportional",
            {"kind": "breakage", "booked_on": date(2026, 1, 1)},
            (
                "earned to date 26,666.67 of 80,000.00, by the expected breakage, "
                "less 24,000.00 drawn less 0.00 lapsed before = 2,666.67"
            ),
        ),
        (
            "chain/ledger",
            {"kind": "breakage"},
            "price 80,000.00 less 72,000.00 drawn less 0.00 lapsed before = 8,000.00",
        ),
    ],
)
def test_what_needs_no_usage_is_told_by_its_terms(sheet: Sheet, name: str, keys: dict[str, object], formula: str):
    assert only(explain_revenue(golden(sheet, name), keys), "agreed").formula == formula


def test_a_subscription_is_told_by_its_progress(sheet: Sheet, tmp_path: Path):
    """12,000 from 2026-01-15 to 2027-01-14, by days: 17 of 365 in January."""
    case = case_of(
        tmp_path,
        """
        products: [{id: seats, name: Seats}]
        contracts:
          - id: acme
            customer: Acme Inc
            start_date: 2026-01-15
            subscriptions: [{id: s, product: seats, total_value: "12000", start_date: 2026-01-15, end_date: 2027-01-14}]
        events:
          - {on: 2026-02-28, close: 2026-01}
        """,
    )
    evidence = evidence_of(sheet, play(case, sheet))
    step = explain_revenue(evidence, {"booked_on": date(2026, 2, 1)})

    assert only(step, "agreed").formula == (
        "12,000.00: 45 of 365 parts to date less 17 of 365 parts before, each rounded = 920.55"
    )


def test_every_side_of_an_entry_is_told(sheet: Sheet):
    evidence = golden(sheet, "chain/ledger")
    (entry_id,) = {
        row["entry_id"] for row in evidence.journal if row["on"] == date(2026, 3, 31) and row["kind"] == "drawdown"
    }
    revenue, liability = explain_entry(evidence, entry_id)

    assert (revenue.title, revenue.value) == ("credit revenue on 2026-03-31", Decimal(-16000))
    assert (liability.title, liability.value) == ("debit contract_liability on 2026-03-31", Decimal(16000))
    assert liability.formula.startswith("prepaid_commit pool, billed less recognized: 16,000.00 before, 0.00 after")
    assert revenue.value + liability.value == 0
    assert only(revenue, "usage").key == "mar"


def test_a_month_of_many_records_shows_some_and_sums_the_others(sheet: Sheet, tmp_path: Path):
    usage = "\n".join(
        f"          - {{on: 2026-01-{day:02}, usage: {{item: calls, used_on: 2026-01-{day:02}, quantity: '{day}.5', id: u{day:02}}}}}"
        for day in range(1, 26)
    )
    case = case_of(
        tmp_path,
        f"""
        products: [{{id: api, name: API, usage_groups: [{{id: each, pricing_model: unit_based, tiers: [{{price: "0.333"}}]}}]}}]
        contracts: [{{id: acme, customer: Acme, start_date: 2026-01-01, usage: [{{id: calls, product: api, usage_group: each}}]}}]
        events:
{usage}
        """,
    )
    step = explain_revenue(evidence_of(sheet, play(case, sheet)), {}, records_shown=3)
    metered = only(step, "metered")

    assert [one.title for one in metered.children] == [
        "usage u01 on 2026-01-01",
        "usage u02 on 2026-01-02",
        "usage u03 on 2026-01-03",
        "and 22 more records",
    ]
    assert (metered.value, metered.children[-1].value) == (Decimal("337.5"), Decimal(330))
    assert only(step, "tier").formula == "337.5 x 0.333 = 112.3875, rounded with its month to 112.39"


# ── up ───────────────────────────────────────────────────────────────────────────────────────


def test_a_usage_record_is_traced_up_to_every_line_that_it_stands_in(sheet: Sheet):
    """March drew on the pool and ran over; May gave a part back."""
    trace = trace_usage(golden(sheet, "chain/ledger"), "mar")

    assert (trace.part, trace.whole, trace.usage.unit) == (Decimal(40000), Decimal(40000), "USD")
    assert {(line.title, line.value) for line in trace.lines} == {
        ("credit revenue on 2026-03-31", Decimal(-16000)),
        ("debit contract_liability on 2026-03-31", Decimal(16000)),
        ("credit revenue on 2026-03-31", Decimal(-20000)),
        ("debit unbilled_revenue on 2026-03-31", Decimal(20000)),
        ("debit revenue on 2026-05-12", Decimal(20000)),
        ("debit revenue on 2026-05-31", Decimal(8000)),
        ("credit contract_liability on 2026-05-31", Decimal(-8000)),
    }


def test_a_record_has_its_share_of_its_month(sheet: Sheet):
    evidence = golden(sheet, "rating/zuora-late-usage")
    text = trace_text(trace_usage(evidence, "5"))

    assert text.splitlines()[:3] == [
        "usage 5 on 2026-01-31  10 units: as recorded",
        "  share: 10 of 105 units",
        "  of: d in 2026-01, rated  945.00 USD: 105: 105 x 9.00 = 945.00",
    ]
    assert "debit revenue on 2026-02-28  5.00 USD" in text


# ── laws ─────────────────────────────────────────────────────────────────────────────────────

STORIES = [
    "chain/restored-value-is-drawn-again",
    "allocation/void-after-close",
    "breakage/estimate-changes",
    "minimums/prepaid-counts",
    "rating/lines-by-largest-remainder",
    "rating/package-within-free-units",
    "recognition/milestone",
]


@pytest.mark.parametrize("name", STORIES)
def test_every_line_of_a_story_is_explained_to_the_last_digit(sheet: Sheet, name: str):
    """`explain_entry` itself refuses parts that do not sum up; here its lines are those of the journal."""
    evidence = golden(sheet, name)
    for entry_id in {row["entry_id"] for row in evidence.journal}:
        lines = explain_entry(evidence, entry_id)
        debits = sum(row["debit_minor"] for row in evidence.journal if row["entry_id"] == entry_id)
        credits = sum(row["credit_minor"] for row in evidence.journal if row["entry_id"] == entry_id)
        assert sum(line.value for line in lines) == 0
        assert debits == credits
        assert all(step.formula for line in lines for step in line.every())


@pytest.mark.parametrize("name", STORIES)
def test_every_record_finds_lines_and_these_lines_find_it(sheet: Sheet, name: str):
    evidence = golden(sheet, name)
    for row in evidence.usage:
        trace = trace_usage(evidence, row["usage_id"])
        below = {
            step.key
            for line in trace.lines
            for told in explain_entry(evidence, line.key, records_shown=1000)
            for step in told.every()
            if step.kind == "usage"
        }
        assert not trace.lines or row["usage_id"] in below


def test_evidence_with_a_hole_is_no_explanation(sheet: Sheet):
    evidence = golden(sheet, "chain/ledger")
    march = [row for row in evidence.draws if row["service_on"] == MARCH and row["kind"] == "drawdown"]
    short = replace(
        evidence,
        allocated=tuple(
            {**row, "amount_minor": row["amount_minor"] + 1} if row["kind"] == "drawdown" else row
            for row in evidence.allocated
        ),
        draws=tuple({**row, "net_minor": 1} if row in march else row for row in evidence.draws),
    )

    with pytest.raises(InvariantError, match="its parts are off by"):
        explain_revenue(short, {"kind": "drawdown", "booked_on": MARCH})


def test_what_is_not_there_cannot_be_explained(sheet: Sheet):
    evidence = golden(sheet, "chain/ledger")

    with pytest.raises(LookupError, match="no journal entry nothing"):
        explain_entry(evidence, "nothing")
    with pytest.raises(LookupError, match="0 currencies have revenue"):
        explain_revenue(evidence, {"contract_id": "nobody"})
    with pytest.raises(LookupError, match="0 usage records that count have the id gone"):
        trace_usage(evidence, "gone")
