"""The close date of the books, as a date that is moved: by the close of the next month, or by reopening the last one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from ratable.periods import month_of, next_month
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.store.load.periods import current_closes
from ratable_server.store.scope import books_of


def move_close_date(*, actor: Actor, through_on: date | None, beside: Callable[[], None], at: datetime) -> None:
    """Have the books closed through a last day of a month; None: nothing is closed. The same day again is no change.

    It moves by one close at a time: each month is looked at by itself before it is posted. What `beside` does is done
    with it, or neither is.

    Refuses:
        periods_must_close_in_order, only_the_last_closed_period_reopens, and what keeps a month from being closed or
        reopened
    """
    with books_of(actor):
        months = [close.period.month_on for close in current_closes(actor)]
    closed_on = months[-1] if months else None
    month_on = None if through_on is None else month_of(through_on)
    if through_on is not None and through_on != next_month(month_of(through_on)) - timedelta(days=1):
        raise Refused("close_date_must_end_a_month", field="close_books_date", detail=f"{through_on}")
    if month_on == closed_on:
        beside()
    elif month_on is not None and (closed_on is None or month_on > closed_on):
        close_period(actor=actor, month_on=month_on, beside=beside, at=at)
    else:
        _reopen(actor, months, month_on, beside=beside, at=at)


def _reopen(
    actor: Actor, months: list[date], month_on: date | None, *, beside: Callable[[], None], at: datetime
) -> None:
    before_on = months[-2] if len(months) > 1 else None
    if month_on != before_on:
        detail = f"{months[-1]:%Y-%m} is the last closed month"
        raise Refused("only_the_last_closed_period_reopens", field="close_books_date", detail=detail)
    moved = "taken away" if month_on is None else f"moved back to {next_month(month_on) - timedelta(days=1)}"
    reason = f"The close date was {moved}"
    reopen_period(actor=actor, month_on=months[-1], reason=reason, beside=beside, at=at)
