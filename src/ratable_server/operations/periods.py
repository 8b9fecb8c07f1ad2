"""Periods: closed once what was computed is what the books know, reopened for a reason.

Owns the one short transaction that posts. What can stand in its way is `operations.obstacles`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db.models import Min

from ratable.periods import month_of, months_between, next_month
from ratable_server.actor import Actor
from ratable_server.errors import Refused, Unavailable
from ratable_server.operations.calculation import Results
from ratable_server.operations.close_warnings import CloseWarning, close_warnings
from ratable_server.operations.leftovers import clear_drafts
from ratable_server.operations.obstacles import obstacles, of_month, of_run, refuse_obstructed
from ratable_server.operations.runs import compute_period, draft_run
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.periods import current_closes
from ratable_server.store.models import (
    Contract,
    Period,
    PeriodClose,
    PeriodReopening,
    Run,
)
from ratable_server.store.retrying import retried
from ratable_server.store.save import journal_hash, post_draft, posted_totals
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.transport import lift_time_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A close: its version of the month, the run it posted, the hash of its journal; `warnings` stopped nothing."""

    month_on: date
    version: int
    run_id: int
    journal_hash: str
    totals: dict[str, dict[str, int]]
    warnings: tuple[CloseWarning, ...] = ()


def close_period(
    *, actor: Actor, month_on: date, at: datetime, run_id: int | None = None, beside: Callable[[], None] | None = None
) -> Closed:
    """Post a month and lock it: a draft that somebody has looked at, or one computed now.

    What stands in the way is asked before anything is computed, then of the draft, and once more, but for the sums,
    under the lock. All of it is told, as `Obstructed`; a draft that cannot be posted stays to be looked at. A run that
    has closed the month already gives the same close again, unless the month was reopened since. What `beside` does is
    part of the transaction that posts, and comes first in it.

    Refuses:
        role_must_allow_it, periods_must_close_in_order, period_must_be_open, run_must_be_known,
        run_must_be_a_draft, run_must_be_current, close_must_be_approved_by_another,
        rejections_must_be_resolved, imports_must_be_finished, identities_must_hold

    Conserves:
        what is posted is the draft, row by row; debit = credit in every entry (held by the database too)
    """
    if not actor.may_act_as("approver"):
        raise Refused("role_must_allow_it", field="role", detail="an approver closes a period")
    if run_id is None:
        refuse_obstructed(obstacles(actor=actor, month_on=month_on, at=at))
        draft, results = compute_period(actor=actor, month_on=month_on, at=at)
        return _post_unless_obstructed(actor, month_on, draft.run_id, at=at, results=results, beside=beside)
    try:
        return _post_unless_obstructed(actor, month_on, run_id, at=at, beside=beside)
    except Refused:
        closed = _close_of_run(actor, month_on, run_id)
        if closed is None:
            raise
        return closed


def _post_unless_obstructed(
    actor: Actor,
    month_on: date,
    run_id: int,
    *,
    at: datetime,
    results: Results | None = None,
    beside: Callable[[], None] | None = None,
) -> Closed:
    refuse_obstructed(obstacles(actor=actor, month_on=month_on, at=at, run_id=run_id, results=results))
    closed = _post(actor=actor, month_on=month_on, run_id=run_id, beside=beside, at=at)
    with suppress(Unavailable):  # the month is closed whatever happens now; the next run clears what stays
        clear_drafts(actor=actor, at=at)
    return closed


@retried
def _close_of_run(actor: Actor, month_on: date, run_id: int) -> Closed | None:
    """The close that a run has made of a month; None: it has made none, or that was taken back."""
    with books_of(actor):
        reopened = rows_of(actor, PeriodReopening).values("close_id")
        closes = rows_of(actor, PeriodClose).filter(run_id=run_id, period__month_on=month_on)
        close = closes.exclude(id__in=reopened).first()
    if close is None:
        return None
    return Closed(
        month_on=month_on,
        version=close.version,
        run_id=run_id,
        journal_hash=close.journal_hash,
        totals=close.totals,
        warnings=tuple(CloseWarning(**told) for told in close.warnings),
    )


@retried
def reopen_period(
    *, actor: Actor, month_on: date, reason: str, at: datetime, beside: Callable[[], None] | None = None
) -> None:
    """Take the last close back. Its rows stay readable; they no longer count. `beside` as `close_period` has it.

    Refuses:
        role_must_allow_it, reopening_must_have_a_reason, period_must_be_closed, only_the_last_closed_period_reopens
    """
    if not actor.may_act_as("approver"):
        raise Refused("role_must_allow_it", field="role", detail="an approver reopens a period")
    if not reason.strip():
        raise Refused("reopening_must_have_a_reason", field="reason")
    with books_of(actor):
        if beside is not None:
            beside()
        period = rows_of(actor, Period).select_for_update().filter(month_on=month_on, status="closed").first()
        if period is None:
            raise Refused("period_must_be_closed", field="period", detail=f"{month_on:%Y-%m}")
        closes = current_closes(actor)
        if not closes or closes[-1].period_id != period.id:
            raise Refused("only_the_last_closed_period_reopens", field="period", detail=f"{month_on:%Y-%m}")
        PeriodReopening(
            tenant_id=actor.tenant_id,
            close=closes[-1],
            reason=reason,
            reopened_at=at,
            reopened_by=actor.name,
            request_id=actor.request_id,
        ).save(force_insert=True)
        _open_again(actor, after=closes[-2].period.month_on if len(closes) > 1 else None)
        record_change(actor, Change("reopen_period", "period", f"{month_on:%Y-%m}", after={"reason": reason}), at=at)


def _open_again(actor: Actor, *, after: date | None) -> None:
    later = rows_of(actor, Period).filter(status="closed")
    (later.filter(month_on__gt=after) if after else later).update(status="open")


@retried
def _post(*, actor: Actor, month_on: date, run_id: int, beside: Callable[[], None] | None, at: datetime) -> Closed:
    with books_of(actor):
        lift_time_limit()
        if beside is not None:
            beside()
        period = _locked(actor, month_on)
        run = draft_run(actor, run_id)
        refuse_obstructed([*of_month(actor, month_on), *of_run(actor, run, month_on)])
        post_draft(actor, run.id)
        closed = _close(actor, period, run, at)
        run.status = "posted"
        run.save()
        rows_of(actor, Period).filter(month_on__lte=month_on).update(status="closed")
        told = {
            "version": closed.version,
            "run": run.id,
            "computed_by": run.started_by,
            "journal_hash": closed.journal_hash,
        }
        record_change(actor, Change("close_period", "period", f"{month_on:%Y-%m}", after=told), at=at)
    return closed


def _locked(actor: Actor, month_on: date) -> Period:
    """The period, for this transaction alone, and with it every month before; statuses are read after the locks.

    A month gets its row here if it has none: who books into it at this moment waits, or makes this wait.
    """
    months = months_between(_first_month(actor, month_on), next_month(month_on))
    rows = [Period(tenant_id=actor.tenant_id, month_on=month) for month in months]
    rows_of(actor, Period).bulk_create(rows, ignore_conflicts=True)
    locked = list(rows_of(actor, Period).select_for_update().filter(month_on__lte=month_on).order_by("month_on"))
    return locked[-1]


def _first_month(actor: Actor, month_on: date) -> date:
    """The first month that anything is booked in, as far as this one."""
    agreed = rows_of(actor, Contract).aggregate(first=Min("starts_on"))["first"]
    booked = rows_of(actor, Period).aggregate(first=Min("month_on"))["first"]
    return min(month_of(on) for on in (agreed, booked, month_on) if on is not None)


def _close(actor: Actor, period: Period, run: Run, at: datetime) -> Closed:
    version = rows_of(actor, PeriodClose).filter(period=period).count() + 1
    closed = Closed(
        month_on=period.month_on,
        version=version,
        run_id=run.id,
        journal_hash=journal_hash(actor, run.id),
        totals=posted_totals(actor, run.id),
        warnings=close_warnings(actor=actor, month_on=period.month_on),
    )
    PeriodClose(
        tenant_id=actor.tenant_id,
        period=period,
        version=version,
        run=run,
        closed_at=at,
        closed_by=actor.name,
        request_id=actor.request_id,
        journal_hash=closed.journal_hash,
        totals=closed.totals,
        warnings=[asdict(warning) for warning in closed.warnings],
    ).save(force_insert=True)
    return closed
