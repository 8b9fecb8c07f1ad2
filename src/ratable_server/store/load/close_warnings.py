"""What may surprise in a month and stops nothing: worded here, so that a draft, a close and a report say the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ratable_server.actor import Actor
from ratable_server.store.load.reported_usage import reports_on_several_items
from ratable_server.store.public_ids import reported_usage_code

_NAMED = 5  # of many, so many are named


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseWarning:
    """One thing to know of a close: what it is, and the figures."""

    code: str
    detail: str


def load_close_warnings(actor: Actor, month_on: date) -> tuple[CloseWarning, ...]:
    """Those of a month, with what is late in it; empty: nothing."""
    several = reports_on_several_items(actor, month_on, shown=_NAMED)
    if not several.reports:
        return ()
    named = ", ".join(map(reported_usage_code, several.first))
    more = f" and {several.reports - _NAMED:,} more" if several.reports > _NAMED else ""
    reports = "1 report of usage counts" if several.reports == 1 else f"{several.reports:,} reports of usage count"
    detail = f"{reports} on {several.items:,} items: {named}{more}"
    return (CloseWarning(code="reported_usage_counts_on_several_items", detail=detail),)
