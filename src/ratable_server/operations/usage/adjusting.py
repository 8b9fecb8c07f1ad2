"""Adjustments that were reported row by row become adjustments of the books, and credit memos for what was invoiced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum

from ratable.money import minor_unit_digits, to_major
from ratable.periods import month_of, next_month
from ratable.terms import Contract
from ratable.terms_rules import EXACT_DIGITS
from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.amendments import ConsumptionAdjustment, adjust_consumption
from ratable_server.operations.balances import used_of_commit
from ratable_server.operations.booking import take_months
from ratable_server.operations.calculation import calculate
from ratable_server.operations.closed_months import first_day_open
from ratable_server.operations.documents import CreditMemo, file_credit_memo
from ratable_server.operations.matters import Matter, commit_row, matter_of_commit
from ratable_server.operations.told import Filed
from ratable_server.operations.writing import changes_by
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.papers import next_number
from ratable_server.store.load.terms import load_policy
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of
from ratable_server.store.staging.settling import hold_tenant

_NEVER = date(1, 1, 1)
_NAMED = 5  # of many rows, so many are named
_ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedMonth:
    """What adjustments of one day change of a closed month: gross = discount + net + overage.

    `memo` is the number of the credit memo that tells of the credit, `memo_id` its id.
    """

    service_on: date
    booked_on: date
    on: date
    rows: int
    gross: Decimal
    discount: Decimal
    net: Decimal
    overage: Decimal
    credited: Decimal
    memo: str | None
    memo_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedAdjustments:
    """How many reported adjustments were processed, by month; `waiting` are those of months that are open still."""

    rows: int
    waiting: int
    months: tuple[AdjustedMonth, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMonth:
    """Adjustments of a month and a day that cannot be booked: the rule, what they come to, and the rows that told them.

    `used` is what the month had left to take back, where that is what they exceed.
    """

    code: str
    service_on: date
    on: date
    amount: Decimal
    used: Decimal | None
    rows: tuple[models.ReportedAdjustment, ...]


class RefusedAdjustments(Refused):
    """Reported adjustments that are not booked, none of the pool's; `months` are all that stand in the way."""

    def __init__(self, prepaid_commit: str, months: Sequence[RefusedMonth]) -> None:
        told = (_worded(month) for month in months)
        super().__init__(months[0].code, field="adjustment", detail=f"{prepaid_commit}: {'; '.join(told)}")
        self.months = tuple(months)


def _worded(month: RefusedMonth) -> str:
    """`-30000.01 of 2026-01 on 2026-05-12, of 30000 used (adjustment:1:a1)`."""
    named = ", ".join(row.event_id for row in month.rows[:_NAMED])
    more = f" and {len(month.rows) - _NAMED:,} more" if len(month.rows) > _NAMED else ""
    used = "" if month.used is None else f", of {month.used:f} used"
    return f"{month.amount:f} of {month.service_on:%Y-%m} on {month.on}{used} ({named}{more})"


class _Effect(NamedTuple):
    """In minor units; what is credited is above zero."""

    gross: int = 0
    net: int = 0
    overage: int = 0
    credited: int = 0

    def drawn(self, kind: str, *, gross: int, net: int) -> _Effect:
        """With a row of what was drawn."""
        own = "overage" if kind == "overage" else "net"
        return self._replace(gross=self.gross + gross, **{own: getattr(self, own) + net})

    def less(self, other: _Effect) -> _Effect:
        """The difference to another one."""
        return _Effect(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


_Key = tuple[date, date]  # the month that is corrected, the day of the adjustment
_NOTHING = _Effect()
_BELOW_NOTHING = "adjustment_must_not_make_usage_negative"
_UNLIKE_MEMO = "credit_of_adjustment_must_stand"


@retried
def book_adjustments(*, actor: Actor, prepaid_commit: str, at: datetime) -> BookedAdjustments:
    """Book what was reported of closed months of a prepaid commit; again, with nothing new, it does nothing.

    Adjustments of one month and one day are one: it is computed by the rules of the calculation, books a difference in
    its own month or the first open one, and credits what was invoiced of overage that is no more. All are booked or none.

    Refuses:
        role_must_allow_it, prepaid_commit_must_be_known; as `RefusedAdjustments`, with every row that stands in the way:
        adjustment_must_not_make_usage_negative, amount_must_be_in_the_measure_of_the_pool, amount_must_fit_currency,
        credit_of_adjustment_must_stand (less would be credited than a credit memo has told)
    """
    with changes_by(actor):
        matter, rows = _reported_of(actor, prepaid_commit, on=at.date())
        open_on = first_day_open(actor)
        due = [row for row in rows if row.service_on < open_on]
        if not due:
            return BookedAdjustments(rows=0, waiting=len(rows))
        groups = _groups(due, on=at.date(), open_on=open_on)
        before_on = next_month(max(open_on, *(month_of(on) for _, on in groups)))
        books = _Books(actor=actor, contract=matter.of, commit=prepaid_commit, before_on=before_on, at=at)
        months = books.adjust(groups)
        told = {"rows": len(due), "months": sorted({f"{month.service_on:%Y-%m}" for month in months})}
        record_change(actor, Change("book_adjustments", "prepaid_commit", prepaid_commit, after=told), at=at)
        return BookedAdjustments(rows=len(due), waiting=len(rows) - len(due), months=months)


def _reported_of(actor: Actor, commit: str, *, on: date) -> tuple[Matter, list[models.ReportedAdjustment]]:
    """What is to be booked of a commit, and its contract; the months are taken first, as by everybody.

    A file may bring a row of another day meanwhile: then what is held is let go, and taken anew with that day.
    """
    reported = rows_of(actor, models.ReportedAdjustment).filter(commit__code=commit, adjustment=None)
    days = {on}
    while True:
        days |= {day for day in reported.values_list("on", flat=True) if day}
        point = transaction.savepoint()
        take_months(actor, days)
        matter = matter_of_commit(actor, commit, on=on, holds_commits=True)
        hold_tenant(actor)  # a file that changes them holds it, too, before it comes to them
        rows = list(reported.select_for_update(of=("self",)).order_by("id"))
        if {row.on for row in rows if row.on} <= days:
            transaction.savepoint_commit(point)
            return matter, rows
        transaction.savepoint_rollback(point)


def _groups(
    rows: Iterable[models.ReportedAdjustment], *, on: date, open_on: date
) -> dict[_Key, list[models.ReportedAdjustment]]:
    """Rows of one month and one day, that on which they are booked; without a day of its own a row is of `on`."""
    groups: dict[_Key, list[models.ReportedAdjustment]] = defaultdict(list)
    for row in rows:
        groups[row.service_on, max(row.on or on, open_on)].append(row)
    return groups


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """A prepaid commit in the transaction that adjusts it."""

    actor: Actor
    contract: Contract
    commit: str
    before_on: date
    at: datetime

    def adjust(self, groups: Mapping[_Key, Sequence[models.ReportedAdjustment]]) -> tuple[AdjustedMonth, ...]:
        """Book each group, and credit what that takes from what was invoiced."""
        before = self._effects()
        filed = self._filed(groups)
        after = self._effects()
        self._refuse_overtold(groups, before, after)
        changes = {key: after.get(key, _NOTHING).less(before.get(key, _NOTHING)) for key in filed}
        return tuple(self._told(key, filed[key], changes[key], rows=len(groups[key])) for key in filed)

    def _filed(self, groups: Mapping[_Key, Sequence[models.ReportedAdjustment]]) -> dict[_Key, Filed]:
        """Each group in its order; what is refused is told with all else that is."""
        filed: dict[_Key, Filed] = {}
        refused: list[RefusedMonth] = []
        for key in sorted(groups):
            amount = self._amount(key[0], groups[key])
            try:
                filed[key] = self._file(key, groups[key], amount)
            except Refused as error:
                refused.append(self._refused(key, groups[key], error, amount=amount))
        if refused:
            raise RefusedAdjustments(self.commit, refused)
        return filed

    def _refused(
        self, key: _Key, rows: Sequence[models.ReportedAdjustment], error: Refused, *, amount: Decimal
    ) -> RefusedMonth:
        used = None
        if error.code == _BELOW_NOTHING:
            through = self.before_on - timedelta(days=1)
            used = used_of_commit(self.actor, self.contract, self.commit, month_on=key[0], through=through).normalize()
        return RefusedMonth(code=error.code, service_on=key[0], on=key[1], amount=amount, used=used, rows=tuple(rows))

    def _file(self, key: _Key, rows: Sequence[models.ReportedAdjustment], amount: Decimal) -> Filed:
        service_on, on = key
        adjustment = ConsumptionAdjustment(prepaid_commit=self.commit, period=service_on, amount=amount)
        filed = adjust_consumption(actor=self.actor, adjustment=adjustment, on=on, at=self.at)
        (row_id,) = rows_of(self.actor, models.Adjustment).filter(code=filed.code).values_list("id", flat=True)
        mine = rows_of(self.actor, models.ReportedAdjustment).filter(id__in=[row.id for row in rows])
        mine.update(adjustment_id=row_id)
        return filed

    def _amount(self, service_on: date, rows: Iterable[models.ReportedAdjustment]) -> Decimal:
        """What all that was reported of a month comes to, rounded once, less what is booked of it."""
        reported = rows_of(self.actor, models.ReportedAdjustment).exclude(adjustment=None)
        done = reported.filter(commit__code=self.commit, service_on=service_on)
        booked = rows_of(self.actor, models.Adjustment).filter(id__in=done.values("adjustment_id"))
        booked_minor = int(booked.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
        unit = Decimal(1).scaleb(-minor_unit_digits(self.contract.currency))
        with localcontext(prec=EXACT_DIGITS):  # an amount has up to 30 digits, the usual context 28
            new = sum((Decimal(row.amount or 0) for row in rows), Decimal(0))
            whole = new + Decimal(done.aggregate(sum=Sum("amount"))["sum"] or 0)
            rounded = whole.quantize(unit, rounding=_ROUNDINGS[load_policy(self.actor).rounding])
            return rounded - to_major(booked_minor, self.contract.currency)

    def _refuse_overtold(
        self,
        groups: Mapping[_Key, Sequence[models.ReportedAdjustment]],
        before: Mapping[_Key, _Effect],
        after: Mapping[_Key, _Effect],
    ) -> None:
        """Go on, unless less is credited by now than credit memos have told: they stay, so a later day must take it back."""
        fallen = [key for key, effect in before.items() if after.get(key, _NOTHING).credited < effect.credited]
        told_minor = self._told_minor() if fallen else {}
        overtold = {key[0] for key in fallen if told_minor.get(key, 0) > after.get(key, _NOTHING).credited}
        if overtold:
            wrong = [key for key in sorted(groups) if key[0] in overtold] or sorted(groups)
            amounts = {key: sum((Decimal(row.amount or 0) for row in groups[key]), Decimal(0)) for key in wrong}
            refused = Refused(_UNLIKE_MEMO)
            months = [self._refused(key, groups[key], refused, amount=amounts[key]) for key in wrong]
            raise RefusedAdjustments(self.commit, months)

    def _told_minor(self) -> dict[_Key, int]:
        """What credit memos tell of adjustments of each month and day."""
        memos = rows_of(self.actor, models.Document).filter(contract__code=self.contract.id, against="adjustment")
        sums = memos.values_list("service_on", "on").annotate(minor=Sum("amount_minor")).order_by("service_on", "on")
        return {(service_on, on): int(minor) for service_on, on, minor in sums}

    def _effects(self) -> Mapping[_Key, _Effect]:
        """What adjustments of the prepaid commit come to so far."""
        found = calculate(self.actor, contracts=[self.contract.id], before_on=self.before_on)
        effects: dict[_Key, _Effect] = defaultdict(_Effect)
        for row in found.sheet.fetch(found.outcome.drawdowns.draws).to_pylist():
            if row["item_id"] == addressed_stream(self.commit) and row["adjusted_on"] != _NEVER:
                key = (month_of(row["service_on"]), row["adjusted_on"])
                effects[key] = effects[key].drawn(row["kind"], gross=row["gross_minor"], net=row["net_minor"])
        for row in found.sheet.fetch(found.outcome.journal.applied).to_pylist():
            if row["is_adjusted"] and row["account"] == "accounts_receivable":
                key = (month_of(row["service_on"]), row["on"])
                effects[key] = effects[key]._replace(credited=effects[key].credited - row["debit_minor"])
        return effects

    def _told(self, key: _Key, filed: Filed, change: _Effect, *, rows: int) -> AdjustedMonth:
        """A month with the memo that tells the customer of the credit, if there is one."""
        gross, net, overage, credited = (to_major(amount, self.contract.currency) for amount in change)
        memo = self._memo(key, credited) if credited > 0 else None
        papers = rows_of(self.actor, models.Paper).filter(kind="credit_memo", code=memo).values_list("id", flat=True)
        return AdjustedMonth(
            service_on=key[0],
            booked_on=filed.booked_on,
            on=filed.on,
            rows=rows,
            gross=gross,
            discount=gross - net - overage,
            net=net,
            overage=overage,
            credited=credited,
            memo=memo,
            memo_id=papers.first() if memo else None,
        )

    def _memo(self, key: _Key, amount: Decimal) -> str:
        number = next_number(self.actor, "credit_memo")
        memo = CreditMemo(contract=self.contract.id, amount=amount, against="adjustment", period=key[0], code=number)
        further = {"prepaid_commit": commit_row(self.actor, self.commit)}
        return file_credit_memo(actor=self.actor, memo=memo, on=key[1], further=further, at=self.at).code
