"""Pools of units: what usage draws of them month by month, what that earns, and what is left to rate.

Owns the units; the money that they cost is booked by recognition. Units are counted in millionths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from ratable.terms import Contract, PrepaidCommit, UsageItem
from tests.engine.oracle.agreed import Agreed, window
from tests.engine.oracle.diary import Diary, Fact, Source
from tests.engine.oracle.drawdown import Draw, Pool, Split, Stream, demand_by_day, forgive_overage
from tests.engine.oracle.lives import MILLIONTHS, Life, turn_in
from tests.engine.oracle.purse import Caps, Purse
from tests.engine.oracle.units import ZERO, in_minor, last_day, next_month, rounded

DUST = 10**12  # what is left to rate is told in twelve decimals

Facts = Callable[[Source, date, date], list[Fact]]
ByItem = dict[tuple[str, str], int]  # item and commit


@dataclass(frozen=True)
class Known:
    """What is known when a month is booked: facts, the last day of service, when the books end, whose rest lapsed."""

    facts: Facts
    stops: date | None
    released: date
    waived: set[str]


@dataclass(frozen=True)
class UnitMove:
    """Units in a month of booking: drawn on a commit, or uncovered (with the commit on which they stand)."""

    commit: str | None
    item: str
    service: date
    booked: date
    drawn: int = 0
    uncovered: int = 0


@dataclass
class UnitMonth:
    """What is known and drawn of one month of use."""

    streams: tuple[Stream, ...] = ()
    opening: dict[str, int] = field(default_factory=dict)
    drawn: ByItem = field(default_factory=lambda: defaultdict(int))
    over: dict[tuple[Source, str | None], int] = field(default_factory=dict)
    earned: ByItem = field(default_factory=lambda: defaultdict(int))  # in minor units
    touched: set[str] = field(default_factory=set)  # items of which a pool bore anything

    def stands(self, commit: str) -> int:
        return sum(units for (_, of), units in self.drawn.items() if of == commit)


class UnitPools:
    """The pools of units of one contract."""

    def __init__(
        self, agreed: Agreed, diary: Diary, contract: Contract, *, lives: dict[str, list[Life]], caps: dict[str, Caps]
    ) -> None:
        self.agreed, self.diary, self.contract, self.lives = agreed, diary, contract, lives
        self.commits = {commit.id: commit for commit in contract.prepaid_commits if commit.units is not None}
        self.purse = Purse(
            {id: millionths(Fraction(commit.units or 0)) for id, commit in self.commits.items()},
            {id: caps[id] for id in self.commits},
        )
        self.price = {id: int(in_minor(commit.total_value, contract.currency)) for id, commit in self.commits.items()}
        self.items = {id: self.drawers_of(commit) for id, commit in self.commits.items()}
        self.months: dict[date, UnitMonth] = {}
        self.moves: list[UnitMove] = []
        self.lapses: list[tuple[date, str, int]] = []  # at caps, by the last day of the month that books them
        self.rebooked: set[date] = set()  # months of use whose units changed in the month at hand

    def drawers_of(self, commit: PrepaidCommit) -> frozenset[str]:
        """The items that count in the unit of a pool, or are told to draw it."""
        return frozenset(item.id for item in self.contract.usage_items if self.draws(item, commit))

    def draws(self, item: UsageItem, commit: PrepaidCommit) -> bool:
        group = self.agreed.group_of(self.contract, item)
        if not item.draws or group is None or commit.product_id not in (None, item.product_id):
            return False
        return (item.drawdown_unit or group.unit_of_measure) == commit.unit_of_measure

    def rate(self, item: str) -> Fraction:
        told = self.agreed.items[item][1].drawdown_rate
        return Fraction(1) if told is None else Fraction(told)

    # ── the months ────────────────────────────────────────────────────────────────────────────

    def grant(self, commit: str, units: Fraction, booked: date) -> int:
        """Units are added; answers what all that was added has come to cost, less what it had before."""
        before = sum(self.purse.given[commit].values())
        self.purse.give(commit, millionths(units), booked)
        costs = [self.worth(commit, self.purse.base[commit] + added) for added in (before, before + millionths(units))]
        return costs[1] - costs[0]

    def worth(self, commit: str, units: int) -> int:
        """What so many units cost, rounded once."""
        exact = Fraction(self.price[commit] * units, self.purse.base[commit])
        return rounded(exact, self.agreed.policy.rounding)

    def worth_lost(self, commit: str) -> dict[date, int]:
        """What lapsed had cost, cut to the minor unit."""
        sold = self.purse.base[commit]
        return {first: self.price[commit] * units // sold for first, units in self.purse.lost[commit].items()}

    def book_month(self, month: date, late: Iterable[date], known: Known) -> None:
        """Late usage of earlier months first, oldest first, then the month's own."""
        self.rebooked = set()
        self.settle(month, month, known)
        for service in late:
            self.rebook(service, month, known)
            self.settle(month, month, known)
        state = self.months[month] = UnitMonth(opening=dict(self.purse.remaining))
        state.streams = self.demand(month, month, known)
        self.write(state, self.draw(state.streams, month, state.opening, known), month, month)
        self.settle(next_month(month), month, known)

    def settle(self, through: date, booked: date, known: Known) -> None:
        for commit in self.commits:
            more = self.purse.settle(commit, self.purse.lose(commit, min(through, known.released)))
            self.lapses.append((last_day(booked), commit, more))

    def left_at(self, commit: str, day: date) -> int:
        """Units left at the end of a day, by what the months that have ended by then have booked."""
        added = sum(units for month, units in self.purse.given[commit].items() if month <= day)
        drawn = sum(move.drawn for move in self.moves if move.commit == commit and last_day(move.booked) <= day)
        lapsed = sum(units for on, of, units in self.lapses if of == commit and on <= day)
        return self.purse.base[commit] + added - drawn - lapsed

    # ── drawing ───────────────────────────────────────────────────────────────────────────────

    def demand(self, service: date, booked: date, known: Known) -> tuple[Stream, ...]:
        """What each item asks for, rounded once to the millionth and spread over its days."""
        found = []
        for item in sorted(set().union(*self.items.values())):
            by_day = quantities(known.facts(("item", item), service, booked))
            asked = sum(by_day.values(), start=ZERO) * self.rate(item)
            units = rounded(asked * MILLIONTHS, self.agreed.policy.rounding)
            product = self.agreed.items[item][1].product_id
            found.append(Stream(("item", item), product, demand_by_day(units, by_day, last_day(service))))
        return tuple(found)

    def draw(self, streams: tuple[Stream, ...], service: date, balances: Mapping[str, int], known: Known) -> Split:
        pools = [self.pool(commit, service, known.stops) for commit in self.commits.values()]
        return Draw(streams, pools, balances, rounding="half_up", cascade=True).run()

    def pool(self, commit: PrepaidCommit, service: date, stops: date | None) -> Pool:
        lives = self.lives[commit.id]
        days = window(commit.starts_on, lives[-1].over).until(stops)
        items = self.items[commit.id]
        return Pool(
            commit.id, commit.product_id, days, turn_in(commit, lives, service), factor=Fraction(1), items=items
        )

    def rebook(self, service: date, booked: date, known: Known) -> None:
        state = self.months[service]
        streams = self.demand(service, booked, known)
        if streams == state.streams:
            return
        ideal, before = (self.draw(of, service, state.opening, known) for of in (streams, state.streams))
        allowed = {
            commit: self.purse.may_draw(
                commit,
                service,
                stands=state.stands(commit),
                ideal=ideal.net_of(commit),
                before=before.net_of(commit),
            )
            for commit in self.commits
        }
        split = self.draw(streams, service, allowed, known)
        forgive_overage(split, state.over, known.waived & self.purse.expired)
        state.streams = streams
        self.write(state, split, service, booked)
        self.rebooked.add(service)

    def write(self, state: UnitMonth, split: Split, service: date, booked: date) -> None:
        """Keep a split: what changed is a move, and earns its part of the price."""
        now = {(source[1], commit): units for (source, commit), units in split.net.items()}
        for item, commit in sorted({*now, *state.drawn}):
            more = now.get((item, commit), 0) - state.drawn[item, commit]
            if more:
                before = self.purse.drawn(commit)
                self.purse.take(commit, more, service)
                earned = self.worth(commit, before + more) - self.worth(commit, before)
                state.earned[item, commit] += earned
                state.drawn[item, commit] += more
                self.moves.append(UnitMove(commit, item, service, booked, drawn=more))
        for source, home in {*split.overage, *state.over}:
            over = split.overage.get((source, home), 0) - state.over.get((source, home), 0)
            self.moves.append(UnitMove(home, source[1], service, booked, uncovered=over))
        state.over = dict(split.overage)
        state.touched |= {source[1] for (source, _), units in split.covered.items() if units}

    # ── what is left to rate ──────────────────────────────────────────────────────────────────

    def rest(self, item: str, service: date) -> tuple[Fraction, Fraction] | None:
        """Of an item's month the quantities before there was a pool and after it lacked; None: all is left."""
        state = self.months.get(service)
        if state is None or item not in state.touched:
            return None
        over = {home: units for (source, home), units in state.over.items() if source[1] == item}
        early, late = over.get(None, 0), sum(units for home, units in over.items() if home is not None)
        return self.as_quantity(item, early), self.as_quantity(item, late)

    def as_quantity(self, item: str, units: int) -> Fraction:
        exact = Fraction(units, MILLIONTHS) / self.rate(item)
        return Fraction(rounded(exact * DUST, "half_up"), DUST)


def millionths(units: Fraction) -> int:
    return int(units * MILLIONTHS)


def quantities(facts: Iterable[Fact]) -> dict[date, Fraction]:
    """Units used by day; what came priced draws none."""
    found: dict[date, Fraction] = defaultdict(Fraction)
    for fact in facts:
        if fact.amount is None:
            found[fact.day] += fact.quantity or ZERO
    return {day: units for day, units in found.items() if units}


def left_by_day(used: Mapping[date, Fraction], early: Fraction, late: Fraction) -> dict[date, Fraction]:
    """The first days of a month have what came early, the last ones what came late."""
    left: dict[date, Fraction] = defaultdict(Fraction)
    for days, part in ((sorted(used), early), (sorted(used, reverse=True), late)):
        to_place = part
        for day in days:
            taken = min(to_place, used[day])
            left[day] += taken
            to_place -= taken
    return {day: min(units, used[day]) for day, units in left.items()}
