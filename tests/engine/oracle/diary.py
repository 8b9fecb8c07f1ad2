"""What the books have learnt so far, each thing with the month in which it is booked.

A month of booking is fixed when the entry is played and never changes, so that the whole
calculation can be replayed from the diary at any time with the same rows for closed months.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from ratable.terms import BundleLine
from tests.engine.oracle.units import BEGINNING, month_of, next_month

Source = tuple[str, str]  # kind and id; ("usage", "") is the contract's usage
USAGE: Source = ("usage", "")
CUT_OFF = "usage_must_fall_in_contract"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A usage record that was accepted; its target is an item, a prepaid commit or a contract."""

    id: str
    target: Source
    contract: str
    day: date
    quantity: Fraction | None
    amount: Fraction | None
    booked: date
    content: object
    dimensions: tuple[tuple[str, str], ...] = ()
    upload: int = 0  # the entry by which it came
    order: tuple[object, ...] = ()  # of use: day, time of day, entry, row

    @property
    def service(self) -> date:
        return month_of(self.day)


@dataclass(frozen=True, kw_only=True)
class Document:
    """An invoice, a payment or a credit memo, in minor units."""

    kind: str  # invoice | payment | memo_revenue | memo_liability
    contract: str
    amount: int
    on: date
    booked: date
    service: date
    number: int
    source: Source | None = None


@dataclass(frozen=True, kw_only=True)
class Correction:
    """An adjustment of a prepaid commit's usage of a closed month."""

    commit: str
    period: date
    amount: Fraction
    on: date
    booked: date
    number: int


@dataclass(frozen=True, kw_only=True)
class Allocation:
    item: str
    lines: tuple[BundleLine, ...]
    booked: date


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A top-up, in minor units; of a pool of units, in units."""

    commit: str
    amount: int
    booked: date
    units: Fraction | None = None


@dataclass(frozen=True, kw_only=True)
class Expectation:
    commit: str
    percentage: Fraction
    booked: date


@dataclass(frozen=True, kw_only=True)
class Termination:
    """`last` is the last day of service, known from a month on; `on` is the day on which its rest leaves."""

    contract: str
    last: date
    known: date
    on: date
    booked: date
    refund: int
    number: int


@dataclass
class Diary:
    """Everything accepted, and what was not."""

    facts: dict[str, Fact] = field(default_factory=dict)
    voided: dict[str, date] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    correction_ids: dict[str, tuple[object, ...]] = field(default_factory=dict)
    allocations: list[Allocation] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    terminations: dict[str, Termination] = field(default_factory=dict)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    rejected_of: dict[int, tuple[str, date]] = field(default_factory=dict)  # contract and day, where these were right
    refused: list[tuple[str, str]] = field(default_factory=list)
    duplicates: int = 0
    closed_through: date | None = None
    first_closed: date | None = None

    @property
    def first_open(self) -> date:
        """The first month that is not closed; the beginning of time if none is."""
        return next_month(self.closed_through) if self.closed_through else BEGINNING

    def booking_month(self, month: date) -> date:
        return max(month_of(month), self.first_open)

    def booking_day(self, on: date) -> date:
        return on if month_of(on) >= self.first_open else self.first_open

    def book_again_from(self, period: date) -> None:
        """A month is open again: what was learnt of it, or of earlier months, while it was closed is booked in it."""

        def earlier(booked: date, of: date) -> date:
            return max(of, period) if booked > period else booked

        self.facts = {id: replace(f, booked=earlier(f.booked, f.service)) for id, f in self.facts.items()}
        self.voided = {id: earlier(booked, self.facts[id].service) for id, booked in self.voided.items()}
        self.allocations = [replace(a, booked=earlier(a.booked, period)) for a in self.allocations]

    def facts_known(self, service: date, booked: date) -> list[Fact]:
        """Facts of a service month as known when the month `booked` is computed."""
        return [fact for fact in self.facts.values() if fact.service == service and self.is_known(fact, booked)]

    def is_known(self, fact: Fact, booked: date) -> bool:
        return fact.booked <= booked < self.voided.get(fact.id, date.max)

    def termination_known(self, contract: str, booked: date) -> Termination | None:
        termination = self.terminations.get(contract)
        return termination if termination and termination.known <= booked else None

    def is_cut_off(self, fact: Fact) -> bool:
        """Whether its contract has ended before its day, whenever that was learnt."""
        termination = self.terminations.get(fact.contract)
        return termination is not None and fact.day > termination.last

    def all_rejected(self) -> list[tuple[str, str]]:
        """With what had been accepted and is of no contract any more; that rule is the first of those of the day."""
        found = list(self.rejected)
        for place, (contract, day) in self.rejected_of.items():
            termination = self.terminations.get(contract)
            if termination is not None and day > termination.last:
                found[place] = found[place][0], CUT_OFF
        return found + [(fact.id, CUT_OFF) for fact in self.facts.values() if self.is_cut_off(fact)]

    def last_booked(self) -> date:
        months = [fact.booked for fact in self.facts.values()] + list(self.voided.values())
        months += [d.booked for d in self.documents] + [c.booked for c in self.corrections]
        months += [t.booked for t in self.terminations.values()]
        return max(months, default=BEGINNING)
