"""Pools of units and of money that roll over, beside a simulation day by day that knows no months, passes or closes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, note
from hypothesis import strategies as st

from ratable.cases.answers import Answers
from ratable.cases.playing import play
from tests.engine.laws.profile import law
from tests.factories import case_of

FIRST, OVER = date(2026, 1, 1), date(2026, 10, 1)  # the story ends with September
MONTHS = [date(2026, month, 1) for month in range(1, 9)]
DAY = timedelta(days=1)


@dataclass
class Told:
    """A pool as a test tells it; `holds` is units, or an amount of money at a price of 1 a unit."""

    name: str
    in_units: bool
    holds: int
    price: int
    starts: date
    ends: date  # the first day out
    priority: int
    months: int = 0
    times: int = 0
    apply: str = "first"
    cap: int | None = None

    def lives(self) -> list[tuple[date, date]]:
        """Days of each life."""
        found = [(self.starts, self.ends)]
        for _ in range(self.times):
            found.append((found[-1][1], _later(found[-1][1], self.months)))
        return found

    @property
    def gone(self) -> date:
        return self.lives()[-1][1]

    def turn(self, day: date) -> tuple[int, int, date, date, str]:
        """Where the pool stands among others on a day."""
        number, (_, end) = next((n, life) for n, life in enumerate(self.lives()) if life[0] <= day < life[1])
        place = 1 if number == 0 else 0 if self.apply == "first" else 2
        return (place, self.priority, end, self.starts, self.name)

    def yaml(self) -> str:
        """The pool as a case file has it."""
        holds = f'units: "{self.holds}", unit_of_measure: call, ' if self.in_units else ""
        total = self.price if self.in_units else self.holds
        cap = "" if self.cap is None else f', cap_{"units" if self.in_units else "amount"}: "{self.cap}"'
        rolls = (
            f", rollover: {{months: {self.months}, times: {self.times}, apply: {self.apply}{cap}}}"
            if self.times
            else ""
        )
        return (
            f'{{id: {self.name}, {holds}total_value: "{total}", priority: {self.priority}, start_date: {self.starts}, '
            f"expiration_date: {self.ends - DAY}{rolls}}}"
        )


@dataclass
class Simulated:
    """What a day-by-day life of the pools comes to."""

    left: dict[str, int]
    drawn: dict[tuple[str, date], int] = field(default_factory=lambda: defaultdict(int))
    lapsed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    uncovered: int = 0


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def simulate(pools: list[Told], used: dict[date, int]) -> Simulated:
    """Each day: what exceeds a cap goes, then units draw on pools of units, then what is left on money."""
    found = Simulated({pool.name: pool.holds for pool in pools})
    day = FIRST
    while day <= OVER:
        for pool in pools:
            starts = [start for start, _ in pool.lives()[1:]]
            limit = 0 if day == pool.gone else pool.cap if day in starts else None
            if limit is not None and found.left[pool.name] > limit:
                found.lapsed[pool.name] += found.left[pool.name] - limit
                found.left[pool.name] = limit
        asked = used.get(day, 0)
        living = [pool for pool in pools if pool.starts <= day < pool.gone]
        for pool in sorted(living, key=lambda pool: (not pool.in_units, pool.turn(day))):
            taken = min(asked, found.left[pool.name])
            found.left[pool.name] -= taken
            found.drawn[pool.name, day.replace(day=1)] += taken
            asked -= taken
        found.uncovered += asked
        day += DAY
    return found


@st.composite
def pools(draw: st.DrawFn) -> list[Told]:
    found = []
    for number in range(draw(st.integers(1, 3))):
        start = draw(st.sampled_from(MONTHS[:4]))
        pool = Told(
            name=f"pool-{number}",
            in_units=draw(st.booleans()),
            holds=draw(st.integers(1, 40)),
            price=draw(st.integers(1, 50)),
            starts=start,
            ends=_later(start, draw(st.integers(1, 3))),
            priority=draw(st.integers(1, 2)),
        )
        if draw(st.booleans()):
            pool.months, pool.times = draw(st.integers(1, 2)), draw(st.integers(1, 2))
            pool.apply = draw(st.sampled_from(["first", "last"]))
            pool.cap = draw(st.none() | st.integers(0, 30))
        found.append(pool)
    return found


usages = st.dictionaries(
    st.integers(0, 200).map(lambda days: FIRST + timedelta(days=days)), st.integers(1, 25), max_size=8
)


def played(told: list[Told], events: list[str]) -> Answers:
    text = f"""
about: random
source: random
currency: USD
products:
  - id: api
    name: API
    usage_groups: [{{id: calls, unit_of_measure: call, pricing_model: unit_based, tiers: [{{price: "1"}}]}}]
contracts:
  - id: acme
    customer: Acme Inc
    start_date: 2026-01-01
    usage: [{{id: calls, product: api, usage_group: calls, draws: true}}]
    prepaid_commits: [{", ".join(pool.yaml() for pool in told)}]
events:
{chr(10).join(f"  - {event}" for event in events)}
"""
    note(text)
    with TemporaryDirectory() as folder:
        return play(case_of(Path(folder), text))


def usage(on: date, day: date, quantity: int) -> str:
    return f'{{on: {on}, usage: {{item: calls, used_on: {day}, quantity: "{quantity}", id: u{day}}}}}'


def sum_of(rows: list[dict[str, object]], figure: str, **keys: object) -> Fraction:
    chosen = [row for row in rows if all(row[key] == value for key, value in keys.items())]
    return sum((Fraction(str(row[figure])) for row in chosen), start=Fraction(0))


@law
@given(told=pools(), used=usages, closed=st.integers(0, 8))
def test_lives_and_units_come_to_what_days_come_to(told: list[Told], used: dict[date, int], closed: int):
    events = []
    for month in MONTHS:
        after = _later(month, 1)
        days = sorted(day for day in used if month <= day < after)
        events += [usage(after - DAY, day, used[day]) for day in days]
        if MONTHS.index(month) < closed:
            events.append(f"{{on: {after}, close: {month:%Y-%m}}}")
    answers, simulated = played(told, [*events, *_horizon()]), simulate(told, used)

    revenue, units = answers.rows("revenue"), answers.rows("units")
    for pool in told:
        kept = {"prepaid_commit": pool.name, "type": "drawdown"}
        drawn = sum(amount for (name, _), amount in simulated.drawn.items() if name == pool.name)
        cost = Fraction(pool.price, pool.holds) if pool.in_units else Fraction(1)
        for month in MONTHS:
            here = simulated.drawn[pool.name, month]
            if pool.in_units:
                assert sum_of(units, "drawn", prepaid_commit=pool.name, period=month) == here
            assert abs(sum_of(revenue, "amount", **kept, period=month) - here * cost) <= Fraction(1, 100)
        assert abs(sum_of(revenue, "amount", **kept) - drawn * cost) <= Fraction(1, 200)
        lapsed = sum_of(revenue, "amount", prepaid_commit=pool.name, type="breakage")
        assert abs(lapsed - simulated.lapsed[pool.name] * cost) <= Fraction(3, 100)
        assert sum_of(revenue, "amount", **kept) + lapsed <= (pool.price if pool.in_units else pool.holds)
    over = sum_of(revenue, "amount", type="overage") + sum_of(revenue, "amount", type="usage")
    assert over == simulated.uncovered


@law
@given(told=pools(), used=usages, data=st.data())
def test_whatever_is_late_or_void_no_law_breaks(told: list[Told], used: dict[date, int], data: st.DataObject):
    learned = {day: data.draw(st.integers(0, 3), label=f"months late {day}") for day in used}
    events = []
    for number, month in enumerate(MONTHS):
        after = _later(month, 1)
        due = [day for day in sorted(used) if min(MONTHS.index(day.replace(day=1)) + learned[day], 7) == number]
        events += [usage(after - DAY, day, used[day]) for day in due]
        known = [day for day in used if MONTHS.index(day.replace(day=1)) + learned[day] < number]
        is_void: bool = data.draw(st.booleans(), label="void")
        if known and is_void:
            events.append(f"{{on: {after - DAY}, void_usage: {{id: u{data.draw(st.sampled_from(known))}}}}}")
        events.append(f"{{on: {after}, close: {month:%Y-%m}}}")
    answers = played(told, [*events, *_horizon()])  # a broken law is an InvariantError

    for pool in told:
        earned = sum_of(answers.rows("revenue"), "amount", prepaid_commit=pool.name, type="drawdown")
        assert 0 <= earned <= (pool.price if pool.in_units else pool.holds)


def _horizon() -> list[str]:
    return ['{on: 2026-09-01, invoice: {contract: acme, amount: "1"}}']
