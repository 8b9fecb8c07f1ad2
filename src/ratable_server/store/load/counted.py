"""Which closes count at a moment of knowledge: the runs that posted them, their months, and a draft on top.

Owns the rule by which the report of a closed month stays as it is: what was posted later, learned later or taken back
later does not reach it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ratable.periods import next_month
from ratable.terms_tables import Row, month_rows
from ratable_server.actor import Actor
from ratable_server.store.load.knowledge import Knowledge
from ratable_server.store.models import PeriodClose, PeriodReopening, Run
from ratable_server.store.scope import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Posted runs in the order of their months, a draft after them, and when what they say was known.

    `as_of` limits facts that no close settles, such as rejections (None: now); `known` limits what was agreed: it is what
    the last of these closes knew.
    """

    runs: tuple[int, ...]
    months: tuple[date, ...]
    draft: int | None
    as_of: datetime | None
    known: Knowledge

    @property
    def through_on(self) -> date | None:
        """The last month that anything is posted or drafted in."""
        return self.months[-1] if self.months else None

    @property
    def open_on(self) -> date | None:
        """The first month that is not closed; None while nothing is."""
        closed = self.months[: len(self.runs)]
        return next_month(closed[-1]) if closed else None

    def month_rows(self, last_on: date | None = None) -> list[Row]:
        """The months from the first one that counts to the last one to show, as rows of `tables.MONTHS`."""
        through_on = last_on or self.through_on
        if through_on is None:
            return []
        first_on = self.months[0] if self.months else through_on
        return month_rows(first_on, next_month(through_on), self.open_on or first_on)


def counted_closes(actor: Actor, *, as_of: datetime | None = None) -> list[PeriodClose]:
    """The closes that had been made and not taken back at a moment (None: now), in the order of their months."""
    closes, taken_back = rows_of(actor, PeriodClose), rows_of(actor, PeriodReopening)
    if as_of is not None:
        closes, taken_back = closes.filter(closed_at__lte=as_of), taken_back.filter(reopened_at__lte=as_of)
    found = closes.exclude(id__in=taken_back.values("close_id")).select_related("period", "run")
    return list(found.order_by("period__month_on"))


def known_to(close: PeriodClose) -> Knowledge:
    """What a close knew."""
    return Knowledge(close_id=close.id, facts_through=close.run.facts_through)


def counted(actor: Actor, *, as_of: datetime | None = None, last_on: date | None = None) -> Counted:
    """What counts at a moment, of the months up to `last_on`."""
    closes = [
        close for close in counted_closes(actor, as_of=as_of) if last_on is None or close.period.month_on <= last_on
    ]
    return Counted(
        runs=tuple(close.run_id for close in closes),
        months=tuple(close.period.month_on for close in closes),
        draft=None,
        as_of=as_of,
        known=known_to(closes[-1]) if closes else Knowledge(at=as_of),
    )


def counted_with(actor: Actor, draft: Run) -> Counted:
    """What would count if a draft were posted now."""
    month_on = draft.period.month_on
    closes = [close for close in counted_closes(actor) if close.period.month_on < month_on]
    return Counted(
        runs=tuple(close.run_id for close in closes),
        months=(*(close.period.month_on for close in closes), month_on),
        draft=draft.id,
        as_of=None,
        known=Knowledge(snapshot=draft.snapshot, facts_through=draft.facts_through),
    )
