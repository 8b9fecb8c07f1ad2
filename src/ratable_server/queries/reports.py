"""Reports over the books, at any moment of knowledge; the sums are `ratable.reports`.

Owns which months and which moment a report is of, and what is refused about the asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from ratable.periods import month_of, next_month
from ratable.reports import CATALOGUE, Column, Report, run_report, summed_columns
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.store.load.counted import Counted, counted, counted_with
from ratable_server.store.load.reported import Shown, load_reported
from ratable_server.store.load.sheets import bind_tables, forget_tables, sheet_for
from ratable_server.store.load.terms import load_policy
from ratable_server.store.models import Period, Run
from ratable_server.store.scope import books_of, rows_of

Periods = tuple[date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The rows of a report with the columns that it has; `through_on` is the last month that is in it."""

    report: Report
    columns: tuple[Column, ...]
    table: pa.Table
    through_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One asking: which report, of which months, summed over which keys, at the end of which day."""

    report: Report
    periods: Periods | None
    by: Sequence[str] | None
    day: date | None

    @property
    def last_on(self) -> date | None:
        """The last month that can matter."""
        if self.periods is not None:
            return self.periods[1]
        return None if self.day is None else month_of(self.day)


def report(
    *,
    actor: Actor,
    name: str,
    periods: Periods | None = None,
    as_of: datetime | None = None,
    by: Sequence[str] | None = None,
    day: date | None = None,
) -> Reported:
    """A report of what is posted, as the books stood at a moment (`as_of`; None: now).

    `periods` are the first and the last month to show; what they open with comes from before. `day` is for reports of
    a day (by default the last one that is closed), `by` sums over all keys but these. A month once closed is told the
    same for ever, but for the names of customers; a month that was reopened, as of a moment before.

    Refuses:
        report_must_be_known, report_must_be_asked_as_defined
    """
    asked = _asked(name, periods, by=by, day=day)
    with books_of(actor, as_snapshot=True):
        return _reported(actor, asked, counted(actor, as_of=as_of, last_on=asked.last_on))


def preview(
    *,
    actor: Actor,
    run_id: int,
    name: str,
    periods: Periods | None = None,
    by: Sequence[str] | None = None,
    day: date | None = None,
) -> Reported:
    """The same report as it will be when a draft is posted.

    Refuses:
        run_must_be_known, run_must_be_a_draft, report_must_be_known, report_must_be_asked_as_defined
    """
    asked = _asked(name, periods, by=by, day=day)
    with books_of(actor, as_snapshot=True):
        return _reported(actor, asked, counted_with(actor, draft_of(actor, run_id)))


def draft_of(actor: Actor, run_id: int) -> Run:
    """A run that is computed and not posted; call it inside `books_of`.

    Refuses:
        run_must_be_known, run_must_be_a_draft
    """
    run = rows_of(actor, Run).select_related("period").filter(id=run_id).first()
    if run is None:
        raise Refused("run_must_be_known", field="run", detail=str(run_id))
    if run.status != "draft" or run.finished_at is None:
        raise Refused("run_must_be_a_draft", field="run", detail=f"run {run_id} is {run.status}")
    return run


def _asked(name: str, periods: Periods | None, *, by: Sequence[str] | None, day: date | None) -> _Asked:
    found = CATALOGUE.get(name)
    if found is None:
        raise Refused("report_must_be_known", field="report", detail=f"{name}; there are {', '.join(CATALOGUE)}")
    if periods is not None and "period" not in found.keys:
        raise _misfit("period", f"{name} has no periods")
    if periods is not None and periods[1] < periods[0]:
        raise _misfit("period", f"{periods[0]:%Y-%m} is after {periods[1]:%Y-%m}")
    if day is not None and "day" not in found.inputs:
        raise _misfit("at", f"{name} is not of a day")
    try:
        summed_columns(found, by or ())
    except LookupError as error:
        raise _misfit("by", str(error.args[0])) from error
    return _Asked(report=found, periods=periods, by=by, day=day)


def _misfit(field: str, detail: str) -> Refused:
    return Refused("report_must_be_asked_as_defined", field=field, detail=detail)


def _reported(actor: Actor, asked: _Asked, counts: Counted) -> Reported:
    found = asked.report
    shown = Shown(counted=counts, last_on=_last_shown(actor, asked, counts), day=asked.day or _last_day(asked, counts))
    tables = load_reported(actor, found.inputs, shown)
    options: dict[str, Any] = {"rounding": load_policy(actor).rounding} if "rounding" in found.options else {}
    sheet = sheet_for(tables)
    inputs = bind_tables(sheet, tables)
    rows = run_report(sheet, found.name, inputs, periods=asked.periods, by=asked.by, **options)
    forget_tables(sheet, tables)
    columns = found.columns if asked.by is None else summed_columns(found, asked.by)
    return Reported(report=found, columns=columns, table=rows, through_on=counts.through_on)


def _last_shown(actor: Actor, asked: _Asked, counts: Counted) -> date | None:
    """The last month to show: the last one with anything in it; where months stand, every month there is."""
    if asked.report.name != "close_status":
        return counts.through_on
    known = rows_of(actor, Period).order_by("-month_on").values_list("month_on", flat=True).first()
    now = known if counts.as_of is None else None
    months = [on for on in (counts.through_on, counts.open_on, now) if on is not None]
    return min(asked.last_on or date.max, max(months)) if months else None


def _last_day(asked: _Asked, counts: Counted) -> date:
    """The last day that is closed or drafted."""
    if counts.through_on is not None:
        return next_month(counts.through_on) - timedelta(days=1)
    if "day" in asked.report.inputs:
        raise _misfit("at", "nothing is closed yet, so that the day must be named")
    return date.min
