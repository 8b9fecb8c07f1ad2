"""Where each month stands: its status and last close, and the runs that were made for it.

Owns the order: months ascending, runs of a month from the first to the last.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from ratable_server.actor import Actor
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.terms import load_entity
from ratable_server.store.models import Period, PeriodClose, PeriodReopening, Run
from ratable_server.store.scope import books_of, rows_of

RunStatus = Literal["computing", "draft", "posted", "discarded", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """A run: who computed it when, how far it is or how many rows it has, why it failed."""

    run_id: int
    month_on: date
    status: RunStatus
    started_at: datetime
    started_by: str
    finished_at: datetime | None
    calculation_version: str
    counts: dict[str, int]
    failure: str

    @property
    def rows(self) -> int:
        """Rows of all kinds that are kept so far."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodState:
    """A month: `version` counts its closes; `closed_at` and `closed_by` are of the last, also where it was taken back.

    It is `open`, `in_review` while there is a draft to look at, or `closed`.
    """

    month_on: date
    status: str
    version: int
    closed_at: datetime | None
    closed_by: str
    reopened_for: str
    runs: tuple[RunState, ...]


def periods(*, actor: Actor) -> list[PeriodState]:
    """Every month that anything was booked or computed in, and the one that is to be closed next."""
    with books_of(actor, as_snapshot=True):
        statuses: dict[date, str] = dict(rows_of(actor, Period).values_list("month_on", "status"))
        open_on = first_open_month(actor)
        if open_on is not None:
            statuses.setdefault(open_on, "open")
        closes = {close.period.month_on: close for close in _closes(actor)}
        reasons = dict(rows_of(actor, PeriodReopening).values_list("close_id", "reason"))
        runs = _runs(actor)
    return [
        _state(month_on, status, closes.get(month_on), reasons=reasons, runs=tuple(runs[month_on]))
        for month_on, status in sorted(statuses.items())
    ]


def is_closed_on(*, actor: Actor, on: date) -> bool:
    """Has a close settled the month of a day?"""
    with books_of(actor):
        return on < (first_open_month(actor) or date.min)


def zone_of_books(*, actor: Actor) -> ZoneInfo:
    """The time zone that decides the day of a usage, and in which moments are told to people."""
    with books_of(actor):
        return ZoneInfo(load_entity(actor).timezone)


def run_of_request(*, actor: Actor, request_id: str) -> RunState | None:
    """The run that a request has started; None: it has not begun yet."""
    with books_of(actor):
        found = rows_of(actor, Run).filter(request_id=request_id).select_related("period").order_by("id").last()
        return None if found is None else _run(found)


def _state(
    month_on: date, status: str, close: PeriodClose | None, *, reasons: dict[int, str], runs: tuple[RunState, ...]
) -> PeriodState:
    return PeriodState(
        month_on=month_on,
        status="in_review" if status == "open" and any(run.status == "draft" for run in runs) else status,
        version=close.version if close else 0,
        closed_at=close.closed_at if close else None,
        closed_by=close.closed_by if close else "",
        reopened_for=reasons.get(close.id, "") if close else "",
        runs=runs,
    )


def _closes(actor: Actor) -> list[PeriodClose]:
    """All closes, the last one of a month last."""
    return list(rows_of(actor, PeriodClose).select_related("period").order_by("version"))


def _runs(actor: Actor) -> defaultdict[date, list[RunState]]:
    found: defaultdict[date, list[RunState]] = defaultdict(list)
    for row in rows_of(actor, Run).select_related("period").order_by("id"):
        found[row.period.month_on].append(_run(row))
    return found


def _run(row: Run) -> RunState:
    is_computing = row.status == "draft" and row.finished_at is None
    return RunState(
        run_id=row.id,
        month_on=row.period.month_on,
        status="computing" if is_computing else cast("RunStatus", row.status),
        started_at=row.started_at,
        started_by=row.started_by,
        finished_at=row.finished_at,
        calculation_version=row.calculation_version,
        counts={name: rows for name, rows in row.counts.items() if isinstance(rows, int)},
        failure=row.failure,
    )
