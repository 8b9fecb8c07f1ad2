"""Consumption of a prepaid commit, month by month: what was told of each, what it came to, the revenue it made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.adjustments import ProcessedAdjustments, processed_adjustments
from ratable_server.queries.cascades import NO_SHARE, Share, shares
from ratable_server.queries.consumption_moments import Moments, UsedSince, adjusted_since, moments_of, used_since
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.prepaid_commits import Balance, Consumption, PrepaidCommit, prepaid_balances
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions
from ratable_server.store import models
from ratable_server.store.public_ids import consumption_id
from ratable_server.store.scope import books_of, rows_of

EVENTS = "total_events"  # what usage comes with that tells how many
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedUsage:
    """The record that is current under an id of usage; `is_void`: it was taken back, and its id stays taken."""

    event_id: str
    month_on: date
    amount: Decimal | None
    quantity: Decimal | None
    dimensions: Mapping[str, Any]
    recorded_at: datetime
    is_void: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfCommit:
    """A month: `record` is what was told under an id, None where only other usage drew; ids of its revenue.

    `events` is how many events its usage tells of; `adjusted` are the adjustments that it books, by the month corrected.
    `share` is what of it is other usage, and what other commits cover; `moments` when it was recorded and changed.
    """

    consumption: Consumption
    record: RecordedUsage | None
    events: int
    adjusted: Mapping[date, ProcessedAdjustments]
    share: Share
    moments: Moments
    revenue_id: int | None
    overage_revenue_id: int | None


def recorded_usage(*, actor: Actor, beginning: str) -> tuple[RecordedUsage, ...]:
    """Usage under ids that begin so, in their order."""
    with books_of(actor):
        keys = list(rows_of(actor, models.UsageKey).filter(event_id__startswith=beginning).order_by("event_id"))
        found = rows_of(actor, models.UsageRecord).filter(
            month_on__in={key.month_on for key in keys}, id__in=[key.record_id for key in keys]
        )
        records = {row.id: row for row in found.select_related("usage_import")}
        void = set(rows_of(actor, models.UsageVoid).filter(record_id__in=records).values_list("record_id", flat=True))
    return tuple(
        RecordedUsage(
            event_id=key.event_id,
            month_on=key.month_on,
            amount=records[key.record_id].amount,
            quantity=records[key.record_id].quantity,
            dimensions=records[key.record_id].dimensions or {},
            recorded_at=records[key.record_id].usage_import.recorded_at,
            is_void=key.record_id in void,
        )
        for key in keys
    )


def months_of_commit(*, actor: Actor, commit: PrepaidCommit, beginning: str, on: date) -> tuple[MonthOfCommit, ...]:
    """Every month in which the commit was drawn or something was told of it, ascending.

    What was told of a month as a whole is what was told under an id that begins so.
    """
    told = {each.month_on: each for each in recorded_usage(actor=actor, beginning=beginning) if not each.is_void}
    balance = prepaid_balances(actor=actor, commits=[commit], on=on)[commit.code]
    asked = RevenueAsked(contracts=[commit.contract], prepaid_commits=[commit.code], limit=EVERYTHING.limit)
    revenue = revenue_transactions(actor=actor, on=on, asked=asked).rows
    of = shares(actor=actor, commit=commit, on=on)
    usage = _Usage.of(actor, commit, of)
    adjusted = processed_adjustments(actor=actor, commit_id=commit.id, counted=EVENTS)
    return tuple(
        MonthOfCommit(
            consumption=each,
            record=told.get(each.month_on),
            events=usage.events(each.month_on),
            adjusted={of: told for (booked_on, of), told in adjusted.items() if booked_on == each.month_on},
            share=of.get(each.month_on, NO_SHARE),
            moments=usage.moments(each.month_on, of.get(each.month_on, NO_SHARE)),
            revenue_id=_revenue(revenue, each.month_on, "drawdown"),
            overage_revenue_id=_revenue(revenue, each.month_on, "overage"),
        )
        for each in _months(balance, {*told, *usage.months()})
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usage:
    """The usage that draws on a commit, with its moments."""

    commit: PrepaidCommit
    used: Sequence[UsedSince]
    adjusted: Mapping[date, Moments]

    @classmethod
    def of(cls, actor: Actor, commit: PrepaidCommit, of: Mapping[date, Share]) -> _Usage:
        streams = {stream for share in of.values() for stream in share.streams}
        used = used_since(actor=actor, own=addressed_stream(commit.code), others=streams, counted=EVENTS)
        return cls(commit=commit, used=used, adjusted=adjusted_since(actor=actor, commit_id=commit.id))

    def months(self) -> Iterable[date]:
        """Months for which usage was told."""
        own = addressed_stream(self.commit.code)
        return [each.booked_on for each in self.used if each.stands and each.stream == own]

    def events(self, month_on: date) -> int:
        """How many events the usage of a month tells of."""
        return sum(each.events for each in self.used if each.month_on == month_on)

    def moments(self, month_on: date, share: Share) -> Moments:
        """When a month was recorded first, and when it changed last: with its usage, or with the terms."""
        streams = {*share.streams, addressed_stream(self.commit.code)}
        there = [each for each in self.used if each.booked_on == month_on and each.stream in streams]
        default = Moments(self.commit.created_at, self.commit.modified_at)
        return moments_of(there, self.adjusted.get(month_on), default=default)


def _months(balance: Balance, told: Iterable[date]) -> Iterable[Consumption]:
    """Those of the balance, and months of which it has nothing of what was told: that was nothing, or others cover it."""
    drawn = {each.month_on: each for each in balance.consumptions}
    left = balance.granted
    for month_on in sorted({*drawn, *told}):
        month = drawn.get(month_on) or _unused(balance.prepaid_commit, month_on, left)
        left = month.balance_after
        yield month


def _unused(commit: str, month_on: date, left: Decimal) -> Consumption:
    return Consumption(
        id=consumption_id(commit, month_on),
        prepaid_commit=commit,
        month_on=month_on,
        gross=_NOTHING,
        discount=_NOTHING,
        net=_NOTHING,
        overage=_NOTHING,
        balance_before=left,
        balance_after=left,
        corrections=(),
        is_posted=False,
    )


def _revenue(revenue: Iterable[RevenueTransaction], month_on: date, kind: str) -> int | None:
    """The revenue of a month as it was first booked, not what was learned later."""
    own = [each for each in revenue if each.kind == kind and each.service_on == month_on and each.adjusted_on is None]
    return min(own, key=lambda each: each.booked_on).id if own else None
