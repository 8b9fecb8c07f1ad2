"""Which months are closed, and the runs whose results count."""

from __future__ import annotations

from datetime import date

from ratable.periods import next_month
from ratable_server.actor import Actor
from ratable_server.store.models import PeriodClose, PeriodReopening
from ratable_server.store.prepared import first_row
from ratable_server.store.scope import rows_of

_LAST_CLOSED = """
SELECT month_on FROM period WHERE tenant_id = %(tenant)s AND status = 'closed' ORDER BY month_on DESC LIMIT 1
"""


def first_open_month(actor: Actor) -> date | None:
    """The month after the last closed one; None while nothing is closed."""
    found = first_row(_LAST_CLOSED, {"tenant": actor.tenant_id})
    return next_month(found[0]) if found else None


def current_closes(actor: Actor) -> list[PeriodClose]:
    """The closes that were not taken back, in the order of their months."""
    taken_back = rows_of(actor, PeriodReopening).values("close_id")
    closes = rows_of(actor, PeriodClose).exclude(id__in=taken_back).select_related("run", "period")
    return list(closes.order_by("period__month_on"))


def current_runs(actor: Actor) -> list[int]:
    """The ids of the runs that posted what counts."""
    return [close.run_id for close in current_closes(actor)]
