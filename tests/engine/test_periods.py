"""Days and months: half-open ranges, and weights of time that sum to the whole."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from ratable.periods import FAR, day_after, month_end, month_of, months_between, next_month, schedule_weights

D = date


def test_months():
    assert month_of(D(2026, 2, 14)) == D(2026, 2, 1)
    assert (next_month(D(2026, 1, 31)), next_month(D(2026, 12, 1))) == (D(2026, 2, 1), D(2027, 1, 1))
    assert [month_end(D(year, 2, 1)).day for year in (2023, 2024, 2100)] == [28, 29, 28]
    assert (day_after(D(2026, 12, 31)), day_after(FAR)) == (D(2027, 1, 1), FAR)


def test_months_between_is_half_open():
    assert list(months_between(D(2026, 11, 15), D(2027, 2, 1))) == [D(2026, 11, 1), D(2026, 12, 1), D(2027, 1, 1)]
    assert list(months_between(D(2026, 11, 15), D(2026, 11, 16))) == [D(2026, 11, 1)]
    assert list(months_between(D(2026, 11, 1), D(2026, 11, 1))) == []


def test_daily_weights_are_days():
    weights = schedule_weights(D(2026, 1, 15), D(2027, 1, 15), "daily")

    assert weights.total == 365
    assert (weights.through(D(2026, 1, 14)), weights.through(D(2026, 1, 15))) == (0, 1)
    assert (weights.through(D(2026, 1, 31)), weights.through(D(2026, 2, 28))) == (17, 45)
    assert weights.through(D(2030, 1, 1)) == 365


def test_standard_weights_are_parts_of_months():
    """Half of November and half of a longer December are not the same number of days."""
    weights = schedule_weights(D(2026, 11, 16), D(2027, 1, 1), "standard")

    assert Fraction(weights.through(D(2026, 11, 30)), weights.total) == Fraction(1, 3)
    assert Fraction(weights.through(D(2026, 12, 31)), weights.total) == 1


@pytest.mark.parametrize(
    ("starts_on", "ends_before", "total"),
    [
        (D(2026, 1, 1), D(2027, 1, 1), 360),
        (D(2026, 2, 1), D(2026, 3, 1), 30),  # a whole February
        (D(2024, 2, 15), D(2024, 3, 1), 16),  # February's last day is the 30th
        (D(2026, 1, 31), D(2026, 2, 1), 1),  # the 31st is the 30th
        (D(2026, 1, 15), D(2026, 2, 15), 30),
    ],
)
def test_thirty_day_weights(starts_on: date, ends_before: date, total: int):
    assert schedule_weights(starts_on, ends_before, "thirty_day").total == total


@pytest.mark.parametrize("proration", ["daily", "standard", "thirty_day"])
def test_weights_never_fall_and_end_at_the_whole(proration: str):
    starts_on, ends_before = D(2024, 1, 31), D(2025, 3, 17)
    weights = schedule_weights(starts_on, ends_before, proration)
    days = [starts_on + timedelta(days=n) for n in range((ends_before - starts_on).days)]
    path = [weights.through(day) for day in days]

    assert path == sorted(path)
    assert (path[-1], weights.through(starts_on - timedelta(days=1))) == (weights.total, 0)


@pytest.mark.parametrize("proration", ["daily", "standard", "thirty_day"])
def test_an_empty_range_has_no_weight(proration: str):
    assert schedule_weights(D(2026, 1, 1), D(2026, 1, 1), proration).through(D(2026, 1, 31)) == 0
