"""Which months are closed, and the runs whose results count."""

from __future__ import annotations

from datetime import date

from ratable.periods import next_month
from ratable_server.actor import Actor
from ratable_server.store.models import Period, PeriodClose, PeriodReopening
from ratable_server.store.scope import rows_of


def first_open_month(actor: Actor) -> date | None:
    """The month after the last closed one; None while nothing is closed."""
    last_on = rows_of(actor, Period).filter(status="closed").order_by("-month_on").values_list("month_on", flat=True)
    closed_on = last_on.first()
    return next_month(closed_on) if closed_on else None


def current_closes(actor: Actor) -> list[PeriodClose]:
    """The closes that were not taken back, in the order of their months."""
    taken_back = rows_of(actor, PeriodReopening).values("close_id")
    closes = rows_of(actor, PeriodClose).exclude(id__in=taken_back).select_related("run", "period")
    return list(closes.order_by("period__month_on"))


def current_runs(actor: Actor) -> list[int]:
    """The ids of the runs that posted what counts."""
    return [close.run_id for close in current_closes(actor)]
