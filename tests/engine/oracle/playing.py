"""Playing a case: each entry in turn goes into the diary or is refused; then everything is computed.

Owns the acts and the rules that refuse them. It computes nothing itself; where a rule needs a
balance, the books are computed from the diary as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ratable.cases.records import (
    Act,
    Adjustment,
    Allocate,
    Case,
    Close,
    CreditMemo,
    Entry,
    Estimate,
    Invoice,
    Payment,
    PrepaidUsage,
    Reopen,
    Terminate,
    TopUp,
    Usage,
    UsageFile,
    VoidUsage,
)
from ratable.terms import Contract, PrepaidCommit
from tests.engine.oracle.agreed import Agreed
from tests.engine.oracle.allocation import refusal
from tests.engine.oracle.diary import (
    USAGE,
    Allocation,
    Correction,
    Diary,
    Document,
    Expectation,
    Grant,
    Source,
    Termination,
)
from tests.engine.oracle.ledger import keep_journal
from tests.engine.oracle.lives import MILLIONTHS, lives_of
from tests.engine.oracle.questions import OracleBooks
from tests.engine.oracle.recognition import recognize
from tests.engine.oracle.units import (
    BEGINNING,
    ZERO,
    day_before,
    fits,
    in_minor,
    month_of,
)
from tests.engine.oracle.usage import (
    Inbox,
    Record,
    day_of,
    read_file,
    record_of_prepaid_usage,
    record_of_usage,
)

MONTH_TEXT = len("2026-03")
MOST_UNITS = 10**12


class Refused(Exception):  # noqa: N818
    """An act that cannot be; its text is the code of the rule."""


def play(case: Case) -> OracleBooks:
    """Play a case from its first entry to the horizon."""
    return Player(case).play()


def compute(agreed: Agreed, diary: Diary, horizon: date) -> OracleBooks:
    recognitions = recognize(agreed, diary, horizon)
    ledgers = {
        contract.id: keep_journal(contract, diary, recognitions[contract.id].bookings, horizon=horizon)
        for contract in agreed.terms.contracts
    }
    return OracleBooks(agreed, diary, horizon, recognitions, ledgers)


class Player:
    """One case at play."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.agreed = Agreed(case.terms)
        self.diary = Diary()
        self.inbox = Inbox(self.agreed, self.diary)
        self.named: set[date] = set()

    def play(self) -> OracleBooks:
        acts: dict[type[Act], Callable[..., None]] = {
            Invoice: self.invoice,
            Payment: self.pay,
            Usage: self.take_usage,
            UsageFile: self.take_file,
            PrepaidUsage: self.take_prepaid_usage,
            VoidUsage: self.void,
            Close: self.close,
            Reopen: self.reopen,
            Adjustment: self.adjust,
            Allocate: self.allocate,
            TopUp: self.top_up,
            Estimate: self.estimate,
            CreditMemo: self.credit,
            Terminate: self.terminate,
        }
        for entry in self.case.entries:
            self.named.add(month_of(entry.on))
            try:
                acts[type(entry.act)](entry, entry.act)
            except Refused as refused:
                id = getattr(entry.act, "id", None) or str(entry.number)
                self.diary.refused.append((id, str(refused)))
        return compute(self.agreed, self.diary, self.horizon())

    def horizon(self) -> date:
        """The last month that an entry or a question names, or in which something is booked."""
        asked = [month for question in self.case.questions for month in months_named(question.keys)]
        starts = [month_of(contract.starts_on) for contract in self.agreed.terms.contracts]
        return max([*self.named, *asked, self.diary.last_booked()], default=min(starts, default=BEGINNING))

    # ── rules ─────────────────────────────────────────────────────────────────────────────────

    def contract(self, id: str) -> Contract:
        if id not in self.agreed.contracts:
            raise Refused("contract_must_be_known")
        return self.agreed.contracts[id]

    def commit(self, id: str | None) -> tuple[Contract, PrepaidCommit]:
        if id is None or id not in self.agreed.commits:
            raise Refused("prepaid_commit_must_be_known")
        return self.agreed.commits[id]

    def check_amount(self, amount: Decimal, contract: Contract, *, or_zero: bool = False) -> int:
        if amount < 0 or (amount == 0 and not or_zero):
            raise Refused("amount_must_be_positive")
        if not fits(amount, contract.currency):
            raise Refused("amount_must_fit_currency")
        return int(in_minor(amount, contract.currency))

    def check_units(self, units: Decimal) -> Fraction:
        if not 0 < units <= MOST_UNITS or (Fraction(units) * MILLIONTHS).denominator != 1:
            raise Refused("units_must_be_kept_exactly")
        return Fraction(units)

    def check_measure(self, commit: PrepaidCommit, *, is_of_units: bool = False) -> None:
        if is_of_units != (commit.units is not None):
            raise Refused("amount_must_be_in_the_measure_of_the_pool")

    def gone_on(self, contract: Contract, commit: PrepaidCommit) -> date:
        """The first day on which nothing of the commit lives."""
        return lives_of(commit, contract.prepaid_commits)[-1].over or date.max

    def check_living(self, contract: Contract) -> None:
        if contract.id in self.diary.terminations:
            raise Refused("contract_must_not_be_terminated")

    def check_serving(self, contract: Contract, entry: Entry) -> None:
        termination = self.diary.terminations.get(contract.id)
        if termination is not None and termination.last < self.diary.booking_day(entry.on):
            raise Refused("contract_must_not_be_terminated")

    # ── usage ─────────────────────────────────────────────────────────────────────────────────

    def take_usage(self, entry: Entry, act: Usage) -> None:
        self.take([record_of_usage(act, entry.number)])

    def take_prepaid_usage(self, entry: Entry, act: PrepaidUsage) -> None:
        self.take([record_of_prepaid_usage(act, entry.number)])

    def take_file(self, entry: Entry, act: UsageFile) -> None:
        self.take(read_file(act, entry.number, self.case.path.parent))

    def take(self, records: list[Record]) -> None:
        for record in records:
            day = day_of(record, self.agreed.terms.entity.timezone)
            if day is not None:
                self.named.add(month_of(day))
        self.inbox.receive(records)

    def void(self, entry: Entry, act: VoidUsage) -> None:  # noqa: ARG002
        fact = self.diary.facts.get(act.id)
        if fact is None or act.id in self.diary.voided or self.diary.is_cut_off(fact):
            raise Refused("usage_must_be_known")
        if fact.service < self.diary.first_open and self.agreed.policy.late_usage == "reject":
            self.diary.rejected.append((act.id, "period_must_be_open"))
            return
        self.diary.voided[act.id] = self.diary.booking_month(fact.day)

    # ── periods ───────────────────────────────────────────────────────────────────────────────

    def close(self, entry: Entry, act: Close) -> None:  # noqa: ARG002
        period = month_of(act.period)
        self.named.add(period)
        closed = self.diary.closed_through
        in_order = period == self.diary.first_open if closed else period <= self.agreed.first_month
        if not in_order:
            raise Refused("periods_must_close_in_order")
        self.diary.first_closed = self.diary.first_closed or period
        self.diary.closed_through = period

    def reopen(self, entry: Entry, act: Reopen) -> None:  # noqa: ARG002
        period = month_of(act.period)
        self.named.add(period)
        if self.diary.closed_through != period:
            raise Refused("only_the_last_closed_period_reopens")
        self.diary.closed_through = month_of(day_before(period))
        self.diary.book_again_from(period)
        if period == self.diary.first_closed:
            self.diary.first_closed = self.diary.closed_through = None

    # ── documents ─────────────────────────────────────────────────────────────────────────────

    def invoice(self, entry: Entry, act: Invoice) -> None:
        contract = self.contract(act.contract)
        source = self.invoiced_source(contract, act)
        amount = self.check_amount(act.amount, contract)
        self.file(entry, "invoice", contract, amount=amount, source=source)

    def invoiced_source(self, contract: Contract, act: Invoice) -> Source | None:
        if act.prepaid_commit is not None:
            if self.commit(act.prepaid_commit)[0].id != contract.id:
                raise Refused("prepaid_commit_must_be_known")
            return "prepaid_commit", act.prepaid_commit
        for kind, id, parts in (
            ("subscription", act.subscription, contract.subscriptions),
            ("milestone", act.milestone, contract.milestones),
        ):
            if id is not None:
                if id not in [part.id for part in parts]:
                    raise Refused("item_must_be_known")
                return kind, id
        return USAGE if act.is_of_usage else None

    def pay(self, entry: Entry, act: Payment) -> None:
        contract = self.contract(act.contract)
        self.file(entry, "payment", contract, amount=self.check_amount(act.amount, contract))

    def credit(self, entry: Entry, act: CreditMemo) -> None:
        if act.period is not None:
            self.named.add(month_of(act.period))
        contract = self.contract(act.contract)
        amount = self.check_amount(act.amount, contract)
        if act.against == "revenue":
            self.file(entry, "memo_revenue", contract, amount=amount, service=act.period)
            return
        owner, commit = self.commit(act.prepaid_commit)
        if owner.id != contract.id:
            raise Refused("prepaid_commit_must_be_known")
        self.check_measure(commit)
        books = self.books_through(self.diary.booking_month(entry.on))
        termination = self.diary.terminations.get(contract.id)
        is_over = termination is not None and termination.on < self.diary.booking_day(entry.on)
        if is_over or amount > books.recognitions[contract.id].left_before_expiry[commit.id]:
            raise Refused("credit_must_not_exceed_prepaid_commit")
        source: Source = ("prepaid_commit", commit.id)
        self.file(entry, "memo_liability", contract, amount=amount, source=source)

    def file(self, entry: Entry, kind: str, contract: Contract, *, amount: int, **more: Any) -> None:
        booked = self.diary.booking_month(entry.on)
        service = more.pop("service", None)
        self.diary.documents.append(
            Document(
                kind=kind,
                contract=contract.id,
                amount=amount,
                on=self.diary.booking_day(entry.on),
                booked=booked,
                service=month_of(service) if service else booked,
                number=entry.number,
                **more,
            )
        )

    # ── changes ───────────────────────────────────────────────────────────────────────────────

    def adjust(self, entry: Entry, act: Adjustment) -> None:
        period = month_of(act.period)
        self.named.add(period)
        contract, commit = self.commit(act.prepaid_commit)
        content = (commit.id, period, act.amount)
        if act.id is not None and act.id in self.diary.correction_ids:
            self.repeat(act.id, same=self.diary.correction_ids[act.id] == content)
            return
        self.check_measure(commit)
        if period >= self.diary.first_open:
            raise Refused("adjustment_must_name_a_closed_period")
        if not fits(act.amount, contract.currency):
            raise Refused("amount_must_fit_currency")
        amount = Fraction(act.amount)
        if self.usage_addressed_to(commit.id, period) + amount < 0:
            raise Refused("adjustment_must_not_make_usage_negative")
        self.diary.correction_ids[act.id or str(entry.number)] = content
        self.diary.corrections.append(
            Correction(
                commit=commit.id,
                period=period,
                amount=amount,
                on=self.diary.booking_day(entry.on),
                booked=self.diary.booking_month(entry.on),
                number=entry.number,
            )
        )

    def repeat(self, id: str, *, same: bool) -> None:
        if same:
            self.diary.duplicates += 1
        else:
            self.diary.rejected.append((id, "usage_must_not_change_under_its_id"))

    def usage_addressed_to(self, commit: str, period: date) -> Fraction:
        """What stands for a commit and month now: usage that is not void, and adjustments."""
        target: Source = ("prepaid_commit", commit)
        facts = [f for f in self.diary.facts.values() if (f.target, f.service) == (target, period)]
        used = [fact.amount or ZERO for fact in facts if fact.id not in self.diary.voided]
        adjusted = [c.amount for c in self.diary.corrections if (c.commit, c.period) == (commit, period)]
        return sum(used + adjusted, start=ZERO)

    def allocate(self, entry: Entry, act: Allocate) -> None:  # noqa: ARG002
        if act.item not in self.agreed.items:
            raise Refused("item_must_be_known")
        if self.agreed.items[act.item][1].product_bundle_id is None:
            raise Refused("allocation_must_name_a_bundle_item")
        code = refusal(act.lines)
        if code:
            raise Refused(code)
        self.diary.allocations.append(Allocation(item=act.item, lines=act.lines, booked=self.diary.first_open))

    def top_up(self, entry: Entry, act: TopUp) -> None:
        contract, commit = self.commit(act.prepaid_commit)
        self.check_serving(contract, entry)
        self.check_measure(commit, is_of_units=act.is_of_units)
        units = self.check_units(act.amount) if act.is_of_units else None
        amount = 0 if act.is_of_units else self.check_amount(act.amount, contract)
        booked = self.diary.booking_month(entry.on)
        if self.gone_on(contract, commit) <= booked:
            raise Refused("prepaid_commit_must_not_have_ended")
        self.diary.grants.append(Grant(commit=commit.id, amount=amount, booked=booked, units=units))

    def estimate(self, entry: Entry, act: Estimate) -> None:
        contract, commit = self.commit(act.prepaid_commit)
        self.check_serving(contract, entry)
        percentage = Fraction(act.expected_breakage_percentage)
        if not 0 <= percentage < 100:
            raise Refused("percentage_must_be_between_0_and_100")
        booked = self.diary.booking_month(entry.on)
        self.diary.expectations.append(Expectation(commit=commit.id, percentage=percentage, booked=booked))

    def terminate(self, entry: Entry, act: Terminate) -> None:
        self.named.add(month_of(act.on))
        contract = self.contract(act.contract)
        self.check_living(contract)
        if act.on < contract.starts_on:
            raise Refused("dates_must_ascend")
        filed = [document.on for document in self.diary.documents if document.contract == contract.id]
        on = max([act.on, *filed])  # what is left is what the documents have left
        booked = self.diary.booking_month(on)
        termination = Termination(
            contract=contract.id,
            last=act.on,
            known=self.diary.booking_month(act.on),
            on=self.diary.booking_day(on),
            booked=booked,
            refund=self.check_amount(act.refund, contract, or_zero=True),
            number=entry.number,
        )
        self.diary.terminations[contract.id] = termination
        liability = self.books_through(booked).ledgers[contract.id].liability_at_termination
        if termination.refund > liability:
            del self.diary.terminations[contract.id]
            raise Refused("refund_must_not_exceed_liability")

    def books_through(self, month: date) -> OracleBooks:
        return compute(self.agreed, self.diary, month)


def months_named(keys: tuple[tuple[str, str], ...]) -> list[date]:
    """The months that the keys of a question name."""
    values = [value for key, value in keys if key in ("period", "service_period", "at", "on", "booked")]
    return [month_of(date.fromisoformat(f"{v}-01" if len(v) == MONTH_TEXT else v)) for v in values]
