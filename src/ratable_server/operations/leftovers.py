"""Runs and drafts that nobody will post: of a process that died, of a month that is closed by now.

Owns how a run ends without being posted. None of this changes what is posted.
"""

from __future__ import annotations

from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import Run
from ratable_server.store.presence import is_nobody_at_work
from ratable_server.store.retrying import retried
from ratable_server.store.save import drop_draft, drop_leftovers
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.transport import lift_time_limit


@retried
def clear_drafts(*, actor: Actor, at: datetime) -> None:
    """Give abandoned runs up, discard drafts of closed months, and free what drafts leave behind. Idempotent."""
    with books_of(actor):
        lift_time_limit()
        _fail_abandoned(actor, at)
        overtaken = rows_of(actor, Run).select_for_update(of=("self",), skip_locked=True)
        for run in overtaken.filter(status="draft", period__status="closed").exclude(finished_at=None).order_by("id"):
            end_run(run, "discarded", at)
            record_change(actor, Change("discard_run", "run", str(run.id)), at=at)
        drop_leftovers(actor)


@retried
def fail_abandoned_runs(*, actor: Actor, at: datetime) -> int:
    """Mark runs that are not finished and that nobody works on as failed; give how many there were. Idempotent."""
    with books_of(actor):
        return _fail_abandoned(actor, at)


def fail_run(actor: Actor, run: Run, failure: str, *, at: datetime) -> None:
    """Give a run up, with its draft; why stays readable."""
    drop_draft(actor, run.id)
    run.failure = failure
    end_run(run, "failed", at)
    record_change(actor, Change("fail_run", "run", str(run.id), after={"failure": failure}), at=at)


def end_run(run: Run, status: str, at: datetime) -> None:
    """A run that will not be posted."""
    run.status, run.finished_at = status, at
    run.save()


def _fail_abandoned(actor: Actor, at: datetime) -> int:
    unfinished = rows_of(actor, Run).filter(status="draft", finished_at=None).values_list("id", flat=True)
    abandoned = [run_id for run_id in unfinished if is_nobody_at_work("run", run_id)]
    for run in rows_of(actor, Run).select_for_update().filter(id__in=abandoned, status="draft", finished_at=None):
        fail_run(actor, run, "its process ended before it did", at=at)
    return len(abandoned)
