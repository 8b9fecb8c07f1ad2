"""Drawdown: the demand of a contract's month meets its prepaid commits; rounded once per commit and month.

Owns the split of one month. Which balances the commits have is the caller's business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.engine.oracle.agreed import Window
from tests.engine.oracle.diary import Source
from tests.engine.oracle.units import ZERO, largest_remainder, rounded


@dataclass(frozen=True)
class Stream:
    """Demand by day in minor units at list value: of an item, addressed to a commit, or of the contract."""

    source: Source  # ("item", id) | ("prepaid_commit", id) | ("contract", id)
    product: str | None
    demand: tuple[tuple[date, int], ...]

    @property
    def commit(self) -> str | None:
        return self.source[1] if self.source[0] == "prepaid_commit" else None

    @property
    def order(self) -> tuple[int, str]:
        return ("prepaid_commit", "contract", "item").index(self.source[0]), self.source[1]


@dataclass(frozen=True)
class Pool:
    """A prepaid commit as a draw sees it; `factor` is what is paid of a unit of list value.

    `items` are those that a pool of units serves; None: it holds money.
    """

    id: str
    product: str | None
    window: Window
    rank: tuple[object, ...]
    factor: Fraction
    items: frozenset[str] | None = None

    def matches(self, stream: Stream) -> bool:
        """Whether the product allows it, and the measure."""
        kind = stream.source[0]
        if self.items is not None:
            return kind == "item" and stream.source[1] in self.items
        if kind == "contract" or stream.commit == self.id:
            return True
        if kind == "prepaid_commit":
            return None in (self.product, stream.product) or self.product == stream.product
        return self.product is None or self.product == stream.product


@dataclass
class Split:
    """What a month comes to, by stream and commit: gross covered, net drawn, overage on its home (or nobody)."""

    covered: dict[tuple[Source, str], int] = field(default_factory=lambda: defaultdict(int))
    net: dict[tuple[Source, str], int] = field(default_factory=lambda: defaultdict(int))
    overage: dict[tuple[Source, str | None], int] = field(default_factory=lambda: defaultdict(int))
    outside: dict[tuple[Source, str | None], int] = field(
        default_factory=lambda: defaultdict(int)
    )  # of the home's life

    def net_of(self, commit: str) -> int:
        return sum(net for (_, c), net in self.net.items() if c == commit)

    def covered_of(self, commit: str) -> int:
        return sum(covered for (_, c), covered in self.covered.items() if c == commit)

    def overage_of(self, commit: str) -> int:
        return sum(overage for (_, c), overage in self.overage.items() if c == commit)


def cover(gross: int, balance: int, factor: Fraction, *, rounding: str) -> tuple[int, int]:
    """Net drawn and gross covered when `gross` reaches a commit that has `balance`."""
    net = rounded(gross * factor, rounding)
    if net <= balance:
        return net, gross
    return balance, min(gross, rounded(balance / factor, rounding))


class Draw:
    """One month of one contract, drawn in the order of the rulings."""

    def __init__(
        self,
        streams: Sequence[Stream],
        pools: Sequence[Pool],
        balances: Mapping[str, int],
        *,
        rounding: str,
        cascade: bool,
    ) -> None:
        self.streams = sorted(streams, key=lambda stream: stream.order)
        self.pools = sorted(pools, key=lambda pool: pool.rank)
        self.balances = balances
        self.rounding = rounding
        self.cascade = cascade
        self.left = {(day, s): amount for s, stream in enumerate(self.streams) for day, amount in stream.demand}
        self.reached: dict[str, int] = defaultdict(int)
        self.covered: dict[str, int] = defaultdict(int)
        self.net: dict[str, int] = defaultdict(int)
        self.result = Split()

    def run(self) -> Split:
        for s, stream in enumerate(self.streams):
            if stream.commit:
                own = next(pool for pool in self.pools if pool.id == stream.commit)
                self.serve(own, [cell for cell in sorted(self.left) if cell[1] == s and own.window.holds(cell[0])])
        for pool in self.pools:
            self.serve(pool, [cell for cell in sorted(self.left) if self.takes_part(pool, cell)])
        self.share_net()
        self.stand_overage()
        return self.result

    def takes_part(self, pool: Pool, cell: tuple[date, int]) -> bool:
        """Whether a cell reaches the pool in the pass by rank; its own addressed usage was there already."""
        day, s = cell
        stream = self.streams[s]
        if stream.commit and (stream.commit == pool.id or not self.cascade):
            return False
        return pool.matches(stream) and pool.window.holds(day)

    def serve(self, pool: Pool, cells: list[tuple[date, int]]) -> None:
        """Let the pool cover cells in order, as far as the month's total that reached it allows."""
        gross = sum(self.left[cell] for cell in cells)
        if gross == 0:
            return
        self.reached[pool.id] += gross
        balance = max(0, self.balances.get(pool.id, 0))
        self.net[pool.id], total = cover(self.reached[pool.id], balance, pool.factor, rounding=self.rounding)
        more = max(0, total - self.covered[pool.id])
        for cell in cells:
            taken = min(more, self.left[cell])
            more -= taken
            self.left[cell] -= taken
            self.covered[pool.id] += taken
            if taken:
                self.result.covered[self.streams[cell[1]].source, pool.id] += taken

    def share_net(self) -> None:
        for commit, net in self.net.items():
            sources = [stream.source for stream in self.streams if (stream.source, commit) in self.result.covered]
            shares = largest_remainder(net, [self.result.covered[source, commit] for source in sources])
            for source, share in zip(sources, shares, strict=True):
                self.result.net[source, commit] = share

    def stand_overage(self) -> None:
        for (day, s), amount in sorted(self.left.items()):
            if amount:
                stream = self.streams[s]
                home = self.home(stream, day)
                self.result.overage[stream.source, home] += amount
                if not any(pool.id == home and pool.window.holds(day) for pool in self.pools):
                    self.result.outside[stream.source, home] += amount

    def home(self, stream: Stream, day: date) -> str | None:
        """The commit on which uncovered demand of a day stands; none if no commit has started."""
        if stream.commit:
            return stream.commit
        matching = [pool for pool in self.pools if pool.matches(stream)]
        valid = [pool.id for pool in matching if pool.window.holds(day)]
        started = [pool.id for pool in matching if pool.window.first <= day]
        return next(iter(valid + started), None)


def forgive_overage(split: Split, stands: Mapping[tuple[Source, str | None], int], waived: Container[str]) -> None:
    """In the life of a commit whose breakage is booked no overage arises: the rest is discount; what `stands` stays."""
    for (source, home), amount in list(split.overage.items()):
        if home is not None and home in waived:
            outside = split.outside[source, home]
            booked = stands.get((source, home), 0) - outside
            stays = outside + min(amount - outside, max(0, booked))
            split.overage[source, home] = stays
            split.covered[source, home] += amount - stays


def demand_by_day(amount: int, weights: Mapping[date, Fraction], fallback: date) -> tuple[tuple[date, int], ...]:
    """A month amount over days, by largest remainder with ties by date; on one day if nothing has a weight."""
    days = sorted(weights)
    if sum(weights.values(), start=ZERO) == 0:
        return ((fallback, amount),) if amount else ()
    shares = largest_remainder(amount, [weights[day] for day in days])
    return tuple((day, share) for day, share in zip(days, shares, strict=True) if share)


def adjusted_by_day(demand: tuple[tuple[date, int], ...], on: date, amount: int) -> tuple[tuple[date, int], ...]:
    """Demand with an adjustment on a day; what falls below zero is taken from the latest days."""
    by_day = defaultdict(int, demand)
    by_day[on] += amount
    left = max(0, sum(by_day.values()))
    kept = []
    for day in sorted(by_day):
        share = min(max(0, by_day[day]), left)
        left -= share
        kept.append((day, share))
    return tuple((day, share) for day, share in kept if share)
