"""Runs: a period is computed as a draft, looked at, and posted by a close or discarded.

Owns the life of a run and the question whether it is still current. A draft changes nothing in the books.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

import ratable
from ratable.errors import InvariantError, NumberOverflowError
from ratable.periods import next_month
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.calculation import Results, new_results
from ratable_server.operations.leftovers import clear_drafts, end_run, fail_run
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.horizon import UNKNOWN, Horizon, horizon_of, present_horizon
from ratable_server.store.load.learned import load_learned
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.usage import usage_ahead
from ratable_server.store.models import Period, PolicyVersion, Run, Tenant
from ratable_server.store.presence import at_work, is_nobody_at_work
from ratable_server.store.retrying import retried
from ratable_server.store.save import drop_draft, save_draft
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.transport import lift_time_limit

Progress = Callable[[str, int], None]  # the table that was kept, and its rows

# Facts that change what a month comes to, by the column that says from which month on.
_FACTS_BY_MONTH = {
    "usage_record": "month_on",
    "usage_void": "month_on",
    "document": "booked_on",
    "top_up": "booked_on",
    "breakage_estimate": "booked_on",
    "adjustment": "booked_on",
    "termination": "booked_on",
    "journal_reversal": "booked_on",
    "document_void": "booked_on",
    "document_reopening": "booked_on",
}
# What was agreed: any change of it after the run makes the run old.
_AGREED = (
    "product",
    "usage_group",
    "product_bundle",
    "contract",
    "usage_item",
    "prepaid_commit",
    "subscription",
    "milestone",
    "tier_price_override",
    "allocation_change",
    "policy",
    "terms",
    "period",  # what is posted is read, too
)
_AGREED_SINCE = f"""
SELECT DISTINCT subject_kind FROM ({UNKNOWN}) AS entry WHERE subject_kind = ANY(%(kinds)s) ORDER BY 1
"""  # noqa: S608 - the code's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A run that is not posted: its id and how many rows it has of each kind."""

    run_id: int
    month_on: date
    counts: dict[str, int]


def run_period(*, actor: Actor, month_on: date, at: datetime, tell: Progress | None = None) -> Draft:
    """Compute a month as a draft.

    Refuses:
        role_must_allow_it, periods_must_close_in_order (an earlier month is open), period_must_be_open

    Raises:
        InvariantError: a law of the calculation is broken; the run stays as failed, the books as they were.
    """
    draft, _ = compute_period(actor=actor, month_on=month_on, at=at, tell=tell)
    return draft


def compute_period(
    *, actor: Actor, month_on: date, at: datetime, tell: Progress | None = None
) -> tuple[Draft, Results]:
    """`run_period`, with what was kept: for who goes on at once and need not read it again."""
    if not actor.may_act_as("preparer"):
        raise Refused("role_must_allow_it", field="role", detail="a preparer computes a period")
    clear_drafts(actor=actor, at=at)
    run = _next_run_id()
    with at_work("run", run):
        _begin(actor, run, month_on, at=at)
        try:
            return _compute(actor, run, month_on, at=at, tell=tell or _silent)
        except (InvariantError, NumberOverflowError, Refused) as error:
            _fail(actor, run, str(error), at=at)
            raise


def discard_run(*, actor: Actor, run_id: int, at: datetime) -> None:
    """Remove a draft, also one that is not finished if its process died.

    Refuses:
        run_must_be_known, run_must_be_a_draft
    """
    with books_of(actor):
        run = _known_run(actor, run_id)
        if run.status != "draft" or (run.finished_at is None and not is_nobody_at_work("run", run_id)):
            raise _no_draft(run)
        drop_draft(actor, run.id)
        end_run(run, "discarded", at)
        record_change(actor, Change("discard_run", "run", str(run.id)), at=at)


def draft_run(actor: Actor, run_id: int) -> Run:
    """A draft, locked.

    Refuses:
        run_must_be_known, run_must_be_a_draft
    """
    run = _known_run(actor, run_id)
    if run.status != "draft" or run.finished_at is None:
        raise _no_draft(run)
    return run


def _known_run(actor: Actor, run_id: int) -> Run:
    run = rows_of(actor, Run).select_for_update().filter(id=run_id).first()
    if run is None:
        raise Refused("run_must_be_known", field="run", detail=str(run_id))
    return run


def _no_draft(run: Run) -> Refused:
    state = "being computed" if run.status == "draft" else run.status
    return Refused("run_must_be_a_draft", field="run", detail=f"run {run.id} is {state}")


def outdated_by(actor: Actor, run: Run) -> list[str]:
    """The kinds of facts and terms that were learned after the run and would change it; empty: it is current."""
    with connection.cursor() as cursor:
        found = [table for table, column in _FACTS_BY_MONTH.items() if _has_newer(cursor, actor, run, table, column)]
        cursor.execute(_AGREED_SINCE, {**horizon_of(run).told(actor), "kinds": list(_AGREED)})
        return [*found, *(kind for (kind,) in cursor.fetchall())]


def _has_newer(cursor: object, actor: Actor, run: Run, table: str, column: str) -> bool:
    cursor.execute(  # type: ignore[attr-defined]
        f"SELECT EXISTS (SELECT FROM {table} WHERE tenant_id = %s AND number > %s AND {column} <= %s)",  # noqa: S608
        [actor.tenant_id, run.facts_through, run.period.month_on],
    )
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]


def _next_run_id() -> int:
    """The id of a new run: who works on it is known before anybody can see it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('run', 'id'))")
        return int(cursor.fetchone()[0])


@retried
def _begin(actor: Actor, run_id: int, month_on: date, *, at: datetime) -> None:
    with books_of(actor):
        _refuse_out_of_order(actor, month_on)
        period, _ = rows_of(actor, Period).get_or_create(tenant_id=actor.tenant_id, month_on=month_on)
        policy = rows_of(actor, PolicyVersion).latest("number")
        Run(
            id=run_id,
            tenant_id=actor.tenant_id,
            period=period,
            calculation_version=ratable.__version__,
            policy_version=policy,
            facts_through=0,
            started_at=at,
            started_by=actor.name,
            request_id=actor.request_id,
        ).save(force_insert=True)
        told = {"month": f"{month_on:%Y-%m}", "calculation_version": ratable.__version__}
        record_change(actor, Change("begin_run", "run", str(run_id), after=told), at=at)


def _refuse_out_of_order(actor: Actor, month_on: date) -> None:
    open_on = first_open_month(actor)
    if open_on is not None and month_on < open_on:
        raise Refused("period_must_be_open", field="period", detail=f"{month_on:%Y-%m} is closed")
    if open_on is not None and month_on > open_on:
        raise Refused("periods_must_close_in_order", field="period", detail=f"{open_on:%Y-%m} is open")


def _compute(actor: Actor, run_id: int, month_on: date, *, at: datetime, tell: Progress) -> tuple[Draft, Results]:
    facts_through, horizon, results = _results(actor, month_on)
    counts = _keep(actor, run_id, results, tell=tell)
    with books_of(actor):
        run = _own_run(actor, run_id)
        run.facts_through, run.finished_at = facts_through, at
        run.snapshot, run.cluster, run.audit_through = horizon
        run.counts = counts
        run.save()
        told = {"month": f"{month_on:%Y-%m}", "facts_through": facts_through, "rows": counts}
        record_change(actor, Change("compute_run", "run", str(run_id), after=told), at=at)
    return Draft(run_id=run_id, month_on=month_on, counts=counts), results


def _own_run(actor: Actor, run_id: int) -> Run:
    """The run that is being computed here; somebody may have given it up while the database was away."""
    run = rows_of(actor, Run).select_for_update().get(id=run_id)
    if run.status != "draft":
        raise Refused("run_must_be_a_draft", field="run", detail=f"run {run_id} is {run.status}: {run.failure}")
    return run


@retried
def _results(actor: Actor, month_on: date) -> tuple[int, Horizon, Results]:
    """Read everything in one snapshot and compute; nobody waits for it."""
    with books_of(actor, as_snapshot=True), _nothing_collected():
        lift_time_limit()
        horizon = present_horizon(actor)
        facts_through = rows_of(actor, Tenant).get().fact_number
        open_on, before_on = first_open_month(actor), next_month(month_on)
        with usage_ahead(actor, first_on=open_on or date.min, before_on=before_on) as ahead:
            learned = load_learned(actor)
            if open_on is None and learned.terms.contracts and month_on > learned.first_service_month():
                raise Refused("periods_must_close_in_order", field="period", detail="an earlier month is open")
            return facts_through, horizon, new_results(actor, learned, before_on=before_on, ahead=ahead)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """No search for garbage while terms become hundreds of thousands of records that all stay: it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _keep(actor: Actor, run_id: int, results: Results, *, tell: Progress) -> dict[str, int]:
    """Each table in a transaction of its own: a draft is in nobody's way, and everybody sees how far it is."""
    counts: dict[str, int] = {}
    for name, rows in results._asdict().items():
        with books_of(actor):
            lift_time_limit()
            run = _own_run(actor, run_id)
            counts[name] = save_draft(actor, run_id, name, rows)
            run.counts = counts
            run.save(update_fields=["counts"])
        tell(name, counts[name])
    return counts


def _fail(actor: Actor, run_id: int, failure: str, *, at: datetime) -> None:
    with books_of(actor):
        fail_run(actor, rows_of(actor, Run).get(id=run_id), failure, at=at)


def _silent(name: str, rows: int) -> None:
    """Tell nobody."""
