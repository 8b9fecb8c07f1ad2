"""Terms as schedules: lines, splits, catch-up, cut short by an end or a cut-over."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ratable.money import split_minor
from ratable.terms import BundleLine, Contract, Milestone, Opening, Subscription, SubscriptionLine, Terms
from ratable.terms_rules import check_terms
from ratable.terms_tables import Amendments, terms_tables

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
SPLIT = (
    BundleLine(product_id="b", percentage=Decimal(30)),
    BundleLine(product_id="a", percentage=Decimal(70)),
    BundleLine(product_id="none", percentage=Decimal(0)),
)


def quarter(**terms: Any) -> Subscription:
    """900.00 from January to March."""
    usual: dict[str, Any] = {"total_value": Decimal(900), "starts_on": JANUARY, "ends_before": date(2026, 4, 1)}
    return Subscription(id="s", **{**usual, **terms})


def contract(*subscriptions: Subscription, **terms: Any) -> Contract:
    usual: dict[str, Any] = {"customer": "c", "currency": "USD", "starts_on": JANUARY}
    return Contract(id="c", **{**usual, **terms}, subscriptions=subscriptions)


def steps(signed: Contract, **known: Any) -> list[tuple[Any, ...]]:
    """Product, line, month, total, and the days before and to date."""
    rows = terms_tables(Terms(contracts=(signed,)), Amendments(**known)).schedules
    names = ("product_id", "line_no", "month_on", "total_minor", "weight_before", "weight_to_date")
    return [tuple(row[name] for name in names) for row in rows]


def line(starts_on: date, ends_before: date, total: int) -> SubscriptionLine:
    return SubscriptionLine(starts_on=starts_on, ends_before=ends_before, total_value=Decimal(total))


def codes(signed: Contract) -> list[tuple[str, str]]:
    return [(refusal.code, refusal.id) for refusal in check_terms(Terms(contracts=(signed,)))]


def test_a_contract_that_ends_before_its_time_cuts_lines_short():
    ramp = quarter(lines=(line(JANUARY, MARCH, 300), line(MARCH, date(2026, 4, 1), 600)))
    whole = [
        ("", 0, JANUARY, 30_000, 0, 31), ("", 0, FEBRUARY, 30_000, 31, 59), ("", 1, MARCH, 60_000, 0, 31),
    ]  # fmt: skip
    assert steps(contract(ramp)) == whole
    assert steps(contract(ramp), terminated_on={"c": date(2026, 2, 10)}) == [
        whole[0],
        ("", 0, FEBRUARY, 30_000, 31, 41),
    ]


def test_what_was_earned_is_booked_with_the_month_that_catches_up_also_after_an_end():
    late = quarter(catches_up_on=date(2026, 3, 10))
    assert steps(contract(late)) == [("", 0, MARCH, 90_000, 0, 90)]
    (cut,) = steps(contract(late), terminated_on={"c": date(2026, 2, 10)})
    assert cut[3:] == (90_000, 0, 41)


def test_a_cut_over_leaves_what_was_before_it():
    told = contract(quarter(), opening=Opening(as_of=date(2026, 1, 31)))
    assert steps(told) == [("", 0, FEBRUARY, 90_000, 31, 59), ("", 0, MARCH, 90_000, 59, 90)]


def test_a_split_gives_each_product_its_part_of_every_line():
    """70 and 30 % of 900.01; a product without a share has no rows."""
    ramp = quarter(
        total_value=Decimal("900.01"),
        allocation=SPLIT,
        lines=(line(JANUARY, MARCH, 300), SubscriptionLine(starts_on=MARCH, ends_before=date(2026, 4, 1), total_value=Decimal("600.01"))),
    )  # fmt: skip
    found = {(product, number): total for product, number, _, total, _, _ in steps(contract(ramp))}
    assert found == {("a", 0): 21_000, ("a", 1): 42_001, ("b", 0): 9_000, ("b", 1): 18_000}
    assert sum(found.values()) == 90_001


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"lines": (line(JANUARY, date(2026, 5, 1), 900),)}, "dates_must_ascend"),
        ({"lines": (line(JANUARY, MARCH, 900), line(MARCH, MARCH, 0))}, "dates_must_ascend"),
        ({"catches_up_on": date(2026, 4, 1)}, "dates_must_ascend"),
        ({"lines": (line(JANUARY, MARCH, 1_000), line(MARCH, date(2026, 4, 1), -100))}, "amount_must_be_positive"),
        ({"lines": (line(JANUARY, MARCH, 899),)}, "allocation_must_sum_to_total"),
        ({"allocation": SPLIT[:1]}, "allocation_must_sum_to_total"),
        ({"allocation": (BundleLine(product_id="a", standalone_price=Decimal(-1)),)}, "amount_must_be_positive"),
    ],
)
def test_lines_and_splits_that_cannot_be(terms: dict[str, Any], code: str):
    assert codes(contract(quarter(**terms))) == [(code, "s")]


def test_a_free_line_and_a_split_milestone_can_be():
    done = Milestone(id="m", on=JANUARY, amount=Decimal(10), allocation=SPLIT)
    free = quarter(lines=(line(JANUARY, MARCH, 0), line(MARCH, date(2026, 4, 1), 900)))
    assert codes(contract(free, milestones=(done,))) == []
    rows = terms_tables(Terms(contracts=(contract(milestones=(done,)),)), Amendments()).schedules
    assert [(row["product_id"], row["total_minor"], row["on"]) for row in rows] == [
        ("a", 700, JANUARY),
        ("b", 300, JANUARY),
    ]


@given(total=some.integers(-(10**12), 10**12), weights=some.lists(some.integers(0, 10**15), min_size=1, max_size=6))
def test_a_split_loses_nothing_and_is_fair_to_one_unit(total: int, weights: list[int]):
    if not any(weights):
        return
    shares = split_minor(total, weights)
    assert sum(shares) == total
    whole = sum(weights)
    assert all(abs(share * whole - total * weight) < whole for share, weight in zip(shares, weights, strict=True))
    assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)
