"""The journal: bookings and documents in the order of their days, with a position for each source.

A position is what was billed less what was recognized: above zero it is contract liability, below
zero unbilled revenue. Owns what depends on that order: which unbilled an invoice clears, what an
adjustment credits, what a termination releases, and which liability a revenue was released from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

from ratable.terms import Contract, OpeningBalance
from tests.engine.oracle.bookings import Booking, LineKey
from tests.engine.oracle.diary import USAGE, Diary, Document, Source, Termination
from tests.engine.oracle.units import in_minor, largest_remainder, month_of

OPENING, DOCUMENT, TERMINATION = 0, 1, 4
SOURCE_KINDS = ("prepaid_commit", "subscription", "milestone", "usage")
TYPES = ("usage", "drawdown", "overage", "minimum", "subscription", "milestone", "breakage", "adjustment")
DEBIT_ACCOUNTS = ("accounts_receivable", "unbilled_revenue", "contract_asset", "cash")


def source_order(source: Source) -> tuple[int, str]:
    return SOURCE_KINDS.index(source[0]), source[1]


@dataclass(frozen=True, kw_only=True)
class JournalLine:
    """One side of one account; debit and credit are never negative."""

    entry: int
    contract: str
    account: str
    source: Source | None = None
    type: str
    prepaid_commit: str | None = None
    product: str | None = None
    item: str | None = None
    period: date
    service_period: date
    on: date
    is_adjustment: bool = False
    debit: int = 0
    credit: int = 0


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the lines of one entry have in common."""

    entry: int
    contract: str
    type: str
    period: date
    service_period: date
    on: date
    is_adjustment: bool = False


@dataclass
class Lot:
    """A positive revenue booking of a source; the most recent ones make up its unbilled balance."""

    on: date
    service: date
    type: str
    commit: str | None
    amount: int


@dataclass(frozen=True)
class Event:
    """Something to journalize: at most one of the three is set beside the openings."""

    on: date
    klass: int
    order: tuple[object, ...]
    what: Booking | Document | Termination | tuple[OpeningBalance, ...]


@dataclass
class Ledger:
    """The journal of one contract."""

    contract: Contract
    lines: list[JournalLine] = field(default_factory=list)
    positions: dict[Source, int] = field(default_factory=lambda: defaultdict(int))
    revenue_lots: dict[Source, list[Lot]] = field(default_factory=lambda: defaultdict(list))
    liability_lots: dict[Source, list[tuple[date, int]]] = field(default_factory=lambda: defaultdict(list))
    released: dict[tuple[date, date], int] = field(default_factory=lambda: defaultdict(int))
    overage_booked: dict[tuple[date, str | None], int] = field(default_factory=lambda: defaultdict(int))
    owed_back: dict[Source, int] = field(default_factory=lambda: defaultdict(int))
    let_go: dict[Source, int] = field(default_factory=lambda: defaultdict(int))
    liability_at_termination: int = 0
    entries: int = 0

    # ── entries and lines ─────────────────────────────────────────────────────────────────────

    def head(self, type_: str, *, on: date, period: date, service: date, is_adjustment: bool = False) -> Head:
        self.entries += 1
        return Head(
            entry=self.entries,
            contract=self.contract.id,
            type=type_,
            period=period,
            service_period=service,
            on=on,
            is_adjustment=is_adjustment,
        )

    def line(self, head: Head, account: str, amount: int, **keys: Any) -> None:
        """Write a line: `amount` is a debit if positive, a credit if negative."""
        source: Source | None = keys.get("source")
        if source and source[0] == "prepaid_commit":
            keys.setdefault("prepaid_commit", source[1])
        if amount:
            self.lines.append(
                JournalLine(**vars(head), account=account, debit=max(amount, 0), credit=max(-amount, 0), **keys)
            )

    def move(self, head: Head, source: Source, amount: int) -> list[tuple[date, int]]:
        """Change a position; answers what left its liability, by the months in which it was billed."""
        before = self.positions[source]
        after = self.positions[source] = before + amount
        liability = max(after, 0) - max(before, 0)
        self.line(head, "contract_liability", -liability, source=source)
        self.line(head, "unbilled_revenue", liability - amount, source=source)
        if liability > 0:
            self.liability_lots[source].append((month_of(head.on), liability))
        return self.release(source, max(0, -liability))

    def release(self, source: Source, amount: int) -> list[tuple[date, int]]:
        """Take liability out, first in first out."""
        taken: list[tuple[date, int]] = []
        lots = self.liability_lots[source]
        while amount:
            month, size = lots.pop(0)
            part = min(size, amount)
            taken.append((month, part))
            amount -= part
            if part < size:
                lots.insert(0, (month, size - part))
        return taken

    def open_lots(self, source: Source) -> list[Lot]:
        """The unbilled balance as parts of the most recent revenue bookings, oldest first."""
        unbilled = max(0, -self.positions[source])
        result: list[Lot] = []
        for lot in reversed(self.revenue_lots[source]):
            part = min(unbilled, lot.amount)
            if part:
                result.insert(0, replace(lot, amount=part))
            unbilled -= part
        if unbilled:  # brought in at cut-over: older than every booking
            result.insert(0, Lot(date.min, date.min, "opening", None, unbilled))
        return result

    # ── what is journalized ───────────────────────────────────────────────────────────────────

    def journalize(self, event: Event) -> None:
        match event.what:
            case Booking() as booking if booking.to_refund:
                self.lapse_to_refund(booking)
            case Booking() as booking if booking.is_given_back:
                self.lapse_at_once(booking)
            case Booking() as booking:
                self.book_revenue(booking)
            case Document() as document:
                self.book_document(document)
            case Termination() as termination:
                self.terminate(termination)
            case balances:
                self.open(event.on, balances)

    def open(self, as_of: date, balances: tuple[OpeningBalance, ...]) -> None:
        head = self.head("opening", on=as_of, period=month_of(as_of), service=month_of(as_of))
        positions: dict[Source, int] = defaultdict(int)
        for balance in balances:
            amount = int(in_minor(balance.amount, self.contract.currency))
            side = 1 if balance.account in DEBIT_ACCOUNTS else -1
            self.line(head, "opening_balance", -side * amount, prepaid_commit=balance.prepaid_commit_id)
            if balance.account in ("contract_liability", "unbilled_revenue"):
                positions[source_of(balance)] -= side * amount
            else:
                self.line(head, balance.account, side * amount)
        for source, amount in positions.items():
            self.move(head, source, amount)

    def book_revenue(self, booking: Booking) -> None:
        head = self.head(
            booking.type,
            on=booking.on,
            period=booking.booked,
            service=booking.service,
            is_adjustment=booking.is_adjustment,
        )
        total = sum(booking.lines.values())
        receivable = (
            self.credited_receivable(booking) if booking.is_adjustment and booking.type in ("overage", "usage") else 0
        )
        account = "breakage_revenue" if booking.type == "breakage" else "revenue"
        if receivable:
            self.line(head, "accounts_receivable", -receivable)
        released = self.move(head, booking.source, -(total + receivable))
        self.write_lines(head, account, booking)
        self.trace(booking, total, released)

    def write_lines(self, head: Head, account: str, booking: Booking) -> None:
        for product, item, commit in sorted(booking.lines, key=lambda line: [of or "" for of in reversed(line)]):
            amount = booking.lines[product, item, commit]
            self.line(head, account, -amount, source=booking.source, product=product, item=item, prepaid_commit=commit)
            if booking.type == "overage":
                self.overage_booked[booking.service, commit] += amount
            if amount > 0:
                lot = Lot(booking.on, booking.service, booking.type, commit, amount)
                self.revenue_lots[booking.source].append(lot)

    def trace(self, booking: Booking, total: int, released: list[tuple[date, int]]) -> None:
        """Note for the waterfall when what was recognized had been billed."""
        for billed, amount in released:
            self.released[billed, booking.booked] += amount
        at_once = total - sum(amount for _, amount in released)
        self.released[booking.booked, booking.booked] += at_once

    def credited_receivable(self, booking: Booking) -> int:
        """Of overage that an adjustment takes back, the part that has been invoiced."""
        credited = 0
        open_lots = self.open_lots(booking.source)
        by_commit: dict[str | None, int] = defaultdict(int)
        for (_, _, commit), amount in booking.lines.items():
            by_commit[commit] -= amount
        for commit, taken_back in by_commit.items():
            key = (booking.service, "overage", commit)
            still_open = sum(lot.amount for lot in open_lots if (lot.service, lot.type, lot.commit) == key)
            invoiced = max(0, self.overage_booked[booking.service, commit] - still_open)
            credited += max(0, min(taken_back, invoiced))
        return credited

    def lapse_to_refund(self, booking: Booking) -> None:
        """What is left of an expired commit becomes refund liability, as far as it was billed."""
        head = self.head("refund", on=booking.on, period=booking.booked, service=booking.service)
        amount = sum(booking.lines.values())
        most = max(0, self.positions[booking.source])
        amount = max(-self.owed_back[booking.source], min(amount, most))
        self.owed_back[booking.source] += amount
        self.move(head, booking.source, -amount)
        self.line(head, "refund_liability", -amount, source=booking.source)

    def lapse_at_once(self, booking: Booking) -> None:
        """What came back to a pool after a termination is breakage, as far as it was billed; what is claimed again is not."""
        head = self.head("adjustment", on=booking.on, period=booking.booked, service=booking.service)
        most = max(0, self.positions[booking.source])
        amount = max(-self.let_go[booking.source], min(sum(booking.lines.values()), most))
        self.let_go[booking.source] += amount
        released = self.move(head, booking.source, -amount)
        product = self.product_of(booking.source)
        self.line(head, "breakage_revenue", -amount, source=booking.source, product=product)
        self.trace(booking, amount, released)

    # ── documents ─────────────────────────────────────────────────────────────────────────────

    def book_document(self, document: Document) -> None:
        type_ = "adjustment" if document.kind == "memo_revenue" else document.kind
        type_ = "credit_memo" if document.kind == "memo_liability" else type_
        head = self.head(type_, on=document.on, period=document.booked, service=document.service)
        if document.kind == "payment":
            self.line(head, "cash", document.amount)
            self.line(head, "accounts_receivable", -document.amount)
        elif document.kind == "invoice":
            self.line(head, "accounts_receivable", document.amount)
            for source, amount in self.cleared_by(document):
                self.move(head, source, amount)
        elif document.kind == "memo_revenue":
            self.line(head, "revenue", document.amount, source=USAGE)
            self.line(head, "accounts_receivable", -document.amount)
            self.released[document.booked, document.booked] -= document.amount
        else:
            self.move(head, document.source or USAGE, -document.amount)
            self.line(head, "accounts_receivable", -document.amount)

    def cleared_by(self, document: Document) -> list[tuple[Source, int]]:
        """Which positions an invoice raises: its target's, or what is unbilled, oldest first."""
        if document.source:
            return [(document.source, document.amount)]
        lots = [(lot, source) for source in sorted(self.positions, key=source_order) for lot in self.open_lots(source)]
        lots.sort(key=lambda pair: (pair[0].on, source_order(pair[1])))
        cleared: dict[Source, int] = defaultdict(int)
        left = document.amount
        for lot, source in lots:
            part = min(left, lot.amount)
            cleared[source] += part
            left -= part
        cleared[USAGE] += left
        return [(source, amount) for source, amount in cleared.items() if amount]

    # ── termination ───────────────────────────────────────────────────────────────────────────

    def terminate(self, termination: Termination) -> None:
        """Every liability leaves: the refund becomes refund liability, the rest breakage."""
        sources = sorted((s for s, position in self.positions.items() if position > 0), key=source_order)
        balances = [self.positions[source] for source in sources]
        self.liability_at_termination = sum(balances)
        refund = min(termination.refund, sum(balances))
        shares = largest_remainder(refund, [Fraction(balance) for balance in balances])
        head = self.head("adjustment", on=termination.on, period=termination.booked, service=termination.booked)
        for source, balance, share in zip(sources, balances, shares, strict=True):
            refunded = share  # out of the oldest billing
            for billed, amount in self.move(head, source, -balance):
                to_refund = min(refunded, amount)
                refunded -= to_refund
                self.released[billed, termination.booked] += amount - to_refund
            self.line(head, "refund_liability", -share, source=source)
            self.line(head, "breakage_revenue", share - balance, source=source, product=self.product_of(source))

    def product_of(self, source: Source) -> str | None:
        """The product of a commit, subscription or milestone; the contract's usage is of none."""
        of = self.contract
        products: dict[Source, str | None] = {
            ("prepaid_commit", each.id): each.product_id for each in of.prepaid_commits
        }
        products |= {("subscription", each.id): each.product_id for each in of.subscriptions}
        products |= {("milestone", each.id): each.product_id for each in of.milestones}
        return products.get(source)


def source_of(balance: OpeningBalance) -> Source:
    if balance.prepaid_commit_id:
        return "prepaid_commit", balance.prepaid_commit_id
    if balance.subscription_id:
        return "subscription", balance.subscription_id
    if balance.milestone_id:
        return "milestone", balance.milestone_id
    return USAGE


def merged(bookings: list[Booking]) -> list[Booking]:
    """One entry per source, type, service month, month booked and day (an adjustment's overage by itself)."""
    groups: dict[tuple[object, ...], list[Booking]] = {}
    for b in bookings:
        key = (b.source, b.type, b.service, b.booked, b.on, b.klass, b.is_adjustment, b.to_refund, b.is_given_back)
        groups.setdefault(key, []).append(b)
    result = []
    for group in groups.values():
        lines: dict[LineKey, int] = defaultdict(int)
        for b in group:
            for line, amount in b.lines.items():
                lines[line] += amount
        kept = {line: amount for line, amount in lines.items() if amount}
        if kept:
            result.append(replace(group[0], lines=kept))
    return result


def events_of(contract: Contract, diary: Diary, bookings: list[Booking], *, horizon: date) -> list[Event]:
    """Everything to journalize, by day; within a day openings, documents, revenue, breakage, termination."""
    events: list[Event] = []
    if contract.opening is not None:
        events.append(Event(contract.opening.as_of, OPENING, (), contract.opening.balances))
    mine = [d for d in diary.documents if d.contract == contract.id and d.booked <= horizon]
    events += [Event(document.on, DOCUMENT, (document.number,), document) for document in mine]
    for b in merged(bookings):
        order = (source_order(b.source), TYPES.index(b.type), b.service)
        events.append(Event(b.on, b.klass, (order, b.is_adjustment), b))
    termination = diary.terminations.get(contract.id)
    if termination and termination.booked <= horizon:
        events.append(Event(termination.on, TERMINATION, (), termination))
    return sorted(events, key=lambda event: (event.on, event.klass, event.order))


def keep_journal(contract: Contract, diary: Diary, bookings: list[Booking], *, horizon: date) -> Ledger:
    ledger = Ledger(contract)
    for event in events_of(contract, diary, bookings, horizon=horizon):
        ledger.journalize(event)
    return ledger
