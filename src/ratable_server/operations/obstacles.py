"""What stands in the way of a close: of the month, of the run that it would post, of the run's sums.

Owns the gate. The sums are asked of the draft before the month is locked; the rest is asked again under the lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Min, Q

import ratable
from ratable.periods import day_after, month_of
from ratable.reports import as_counted, counted_in, run_report
from ratable_server.actor import Actor
from ratable_server.errors import Obstacle, Obstructed, Refused
from ratable_server.operations.calculation import Results
from ratable_server.operations.runs import outdated_by
from ratable_server.operations.usage import fail_abandoned_imports
from ratable_server.store.load.drafted import load_drafted
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.rejected_usage import RejectedSum, open_sums
from ratable_server.store.load.sheets import bind_tables, forget_tables, sheet_for
from ratable_server.store.models import Contract, ReportFile, Run, Tenant, UsageImport, UsageRejection
from ratable_server.store.models.report_files import UNDER_WAY
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.transport import lift_time_limit

_NAMED = 5  # of many, so many are named
_REMEDIES = "change the terms or take the usage back, and make a new draft; or set each record aside for a reason"
_SIDES = {
    "received": ("received", "accepted, voided, duplicate and rejected"),
    "rated": ("rated", "drawn, overage and pay-as-you-go"),
    "recognized": ("recognized", "in the journal"),
    "balanced": ("debit", "credit"),
}


@retried
def obstacles(
    *, actor: Actor, month_on: date, at: datetime, run_id: int | None = None, results: Results | None = None
) -> list[Obstacle]:
    """Everything that keeps a month from being closed now, in the order in which it is mended; empty: nothing does.

    With a draft (`run_id`) also what is wrong with that; its sums are read, unless it was computed just now (`results`).
    Imports whose process died are marked as failed first.

    Refuses:
        run_must_be_known, run_must_be_a_draft
    """
    fail_abandoned_imports(actor=actor, at=at)
    with books_of(actor, as_snapshot=True):  # the draft may be posted meanwhile; whoever looks at it holds nobody up
        lift_time_limit()
        found = of_month(actor, month_on)
        if run_id is None:
            return found
        run = _draft(actor, run_id)
        return [*found, *of_run(actor, run, month_on), *_of_sums(actor, run, results)]


def refuse_obstructed(found: list[Obstacle]) -> None:
    """Go on, unless something stands in the way; all of it is told.

    Refuses:
        with the code of the first obstacle
    """
    if found:
        raise Obstructed(found)


def of_month(actor: Actor, month_on: date) -> list[Obstacle]:
    """What keeps the month from being closed whatever was computed; call it inside `books_of`."""
    return [*_order(actor, month_on), *_imports(actor), *_rejections(actor)]


def of_run(actor: Actor, run: Run, month_on: date) -> list[Obstacle]:
    """What keeps a draft from being posted for the month by this actor; call it inside `books_of`."""
    if run.period.month_on != month_on:
        detail = f"run {run.id} is of {run.period.month_on:%Y-%m}"
        return [Obstacle(code="run_must_be_known", detail=detail, field="run")]
    return [*_outdated(actor, run), *_rejected(actor, run), *_unapproved(actor, run)]


def _draft(actor: Actor, run_id: int) -> Run:
    run = rows_of(actor, Run).select_related("period").filter(id=run_id).first()
    if run is None:
        raise Refused("run_must_be_known", field="run", detail=str(run_id))
    if run.status != "draft" or run.finished_at is None:
        raise Refused("run_must_be_a_draft", field="run", detail=f"run {run_id} is {run.status}")
    return run


def _order(actor: Actor, month_on: date) -> Iterator[Obstacle]:
    open_on = first_open_month(actor)
    first_on = open_on or _first_month(actor)
    if open_on is not None and month_on < open_on:
        yield Obstacle(code="period_must_be_open", detail=f"{month_on:%Y-%m} is closed")
    elif first_on is not None and month_on > first_on:
        yield Obstacle(code="periods_must_close_in_order", detail=f"{first_on:%Y-%m} is open")


def _first_month(actor: Actor) -> date | None:
    """The first month that is computed, while nothing is closed: a contract that was brought in starts after its cut-over."""
    contracts = rows_of(actor, Contract)
    starts_on = contracts.filter(opening_as_of=None).aggregate(on=Min("starts_on"))["on"]
    as_of = contracts.aggregate(on=Min("opening_as_of"))["on"]
    days = [*([starts_on] if starts_on else []), *([day_after(as_of)] if as_of else [])]
    return month_of(min(days)) if days else None


def _imports(actor: Actor) -> Iterator[Obstacle]:
    pending = list(rows_of(actor, UsageImport).filter(status="pending").order_by("id").values_list("code", flat=True))
    files = rows_of(actor, ReportFile).filter(status__in=UNDER_WAY).order_by("import_id")
    pending += [f"import-{import_id}" for import_id in files.values_list("import_id", flat=True)]
    if pending:
        yield Obstacle(code="imports_must_be_finished", detail=f"unfinished: {_named(pending)}")


def _rejections(actor: Actor) -> Iterator[Obstacle]:
    blocking = rows_of(actor, UsageRejection).filter(Q(is_blocking=True) & Q(resolved_at=None))
    count = blocking.count()
    if count:
        codes = sorted(set(blocking.values_list("code", flat=True)))
        rows = "1 rejected row of usage is" if count == 1 else f"{count:,} rejected rows of usage are"
        yield Obstacle(code="rejections_must_be_resolved", detail=f"{rows} open: {_named(codes)}")


def _outdated(actor: Actor, run: Run) -> Iterator[Obstacle]:
    newer = outdated_by(actor, run)
    if newer:
        yield Obstacle(code="run_must_be_current", detail=f"learned since: {', '.join(newer)}", field="run")
    elif "rejected" not in run.counts:
        yield Obstacle(code="run_must_be_current", detail="computed before rejected usage was kept", field="run")
    elif run.calculation_version != ratable.__version__:
        detail = f"computed by version {run.calculation_version}, this is {ratable.__version__}"
        yield Obstacle(code="run_must_be_current", detail=detail, field="run")


def _rejected(actor: Actor, run: Run) -> Iterator[Obstacle]:
    """Usage that was taken when it came and that the draft leaves out."""
    found = open_sums(actor, run.id)
    count = sum(one.records for one in found)
    if count:
        records = "1 record of usage that was" if count == 1 else f"{count:,} records of usage that were"
        detail = f"run {run.id} rejects {records} taken: {_named([_rejected_sum(one) for one in found], sep='; ')}"
        yield Obstacle(code="rejections_must_be_resolved", detail=f"{detail}; {_REMEDIES}", field="run")


def _rejected_sum(one: RejectedSum) -> str:
    """`usage_must_fall_in_contract: 500 of acme-calls in 2026-01`."""
    quantity = [] if one.quantity is None else [_plain(one.quantity)]
    amount = [] if one.amount is None else [f"amounts of {_plain(one.amount)}"]
    return f"{one.code}: {' and '.join([*quantity, *amount])} of {one.item_id} in {one.month_on:%Y-%m}"


def _unapproved(actor: Actor, run: Run) -> Iterator[Obstacle]:
    if rows_of(actor, Tenant).get().two_person_close and run.started_by == actor.name:
        detail = f"{actor.name} computed run {run.id}"
        yield Obstacle(code="close_must_be_approved_by_another", detail=detail, field="actor")


def _of_sums(actor: Actor, run: Run, results: Results | None) -> list[Obstacle]:
    """The identities of completeness that the draft does not hold, each with both sides."""
    tables = load_drafted(actor, run, None if results is None else results._asdict())
    sheet = sheet_for(tables)
    rows = run_report(sheet, "completeness", bind_tables(sheet, tables)).to_pylist()
    forget_tables(sheet, tables)
    broken = [row for row in rows if row["difference"] != 0]
    return [Obstacle(code="identities_must_hold", detail=_sides(row)) for row in broken]


def _sides(row: dict[str, Any]) -> str:
    """`rated 2026-03 USD: 945.00 rated, 900.00 drawn, overage and pay-as-you-go`."""
    left, right = _SIDES[row["identity"]]
    where = row["import_id"] or f"{row['period']:%Y-%m} {row['currency']}"
    told = [f"{as_counted(row[side], row['unit'], row['currency']):,f}" for side in ("left_value", "right_value")]
    of = f" ({counted_in(row['unit'])})" if row["import_id"] else ""
    return f"{row['identity']}{of} {where}: {told[0]} {left}, {told[1]} {right}"


def _plain(number: Decimal) -> str:
    """`12,000.5`: no zeros at the end."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _named(names: list[str], *, sep: str = ", ") -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return sep.join(names[:_NAMED]) + more
