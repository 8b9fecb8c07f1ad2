"""The journal of closed months as files for other ledgers.

Owns which lines leave the books: those that the close of a month has posted, or what a later close of it has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from ratable.periods import months_between, next_month
from ratable.reports import run_report
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.exports import (
    Books,
    Chart,
    ExportFile,
    ExportRefusedError,
    JournalLine,
    difference,
    export_journal,
    lines_of_report,
)
from ratable_server.store.load.counted import Counted, known_to
from ratable_server.store.load.periods import current_closes
from ratable_server.store.load.reported import Shown, load_reported
from ratable_server.store.load.sheets import bind_tables, forget_tables, sheet_for
from ratable_server.store.models import Customer, PeriodClose, Tenant
from ratable_server.store.scope import books_of, rows_of

_INPUTS = ("journal", "customers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How the journal is wanted: the target, its accounts, each entry or sums, all or the difference to a close.

    Of a month that was closed again `since_version` wants the difference; with 0, before any close, that is all of it.
    """

    format: str
    chart: Chart = field(default_factory=Chart)
    is_detailed: bool = False
    since_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A month's journal, as its last close has posted it; a month without lines has no file."""

    month_on: date
    version: int
    files: tuple[ExportFile, ...]


def exported_journal(*, actor: Actor, periods: tuple[date, date], wanted: Wanted) -> list[Exported]:
    """The journal of some closed months, each in files of its own; one snapshot, so writers change nothing in it.

    The same closes give the same bytes, but for the names of customers, which are those of today. With `since_version` a
    month has only what differs from that close of it. A month that was closed again has other ids than before, so that
    its whole journal would be posted twice: that must be asked for.

    Refuses:
        period_must_be_closed, close_must_be_known, export_after_reopening_must_be_chosen, account_must_be_mapped, account_names_must_differ,
        amount_must_fit_the_target, export_format_must_be_known, external_id_must_be_unique
    """
    with books_of(actor, as_snapshot=True):
        tenant = rows_of(actor, Tenant).get().code
        closes = current_closes(actor)
        months = months_between(periods[0], next_month(periods[1]))
        found = [(month_on, _close_of(month_on, closes)) for month_on in months]
        if wanted.since_version is None:
            _refuse_closed_again(found)
        lines = [_lines(actor, month_on, close, since=wanted.since_version) for month_on, close in found]
    return [
        Exported(month_on=month_on, version=close.version, files=_files(told, wanted, tenant, version=close.version))
        for (month_on, close), told in zip(found, lines, strict=True)
    ]


def _close_of(month_on: date, closes: Iterable[PeriodClose]) -> PeriodClose:
    """The close that has posted what is booked in a month: its own, or the first one, which closed those before, too."""
    for close in closes:
        if close.period.month_on >= month_on:
            return close
    raise Refused("period_must_be_closed", field="period", detail=f"{month_on:%Y-%m} is not closed")


def _refuse_closed_again(found: Iterable[tuple[date, PeriodClose]]) -> None:
    for month_on, close in found:
        if close.version > 1:
            detail = (
                f"{month_on:%Y-%m} was closed {close.version} times, and what was exported of it before has other ids:"
                f" export the difference (--since-version {close.version - 1}), or take that back in the target and"
                " export the whole (--since-version 0)"
            )
            raise Refused("export_after_reopening_must_be_chosen", field="since_version", detail=detail)


def _lines(actor: Actor, month_on: date, close: PeriodClose, *, since: int | None) -> list[JournalLine]:
    after = _posted(actor, month_on, close)
    if not since:
        return after
    before = rows_of(actor, PeriodClose).filter(period_id=close.period_id, version=since).first()
    if before is None or before.id == close.id:
        detail = f"{month_on:%Y-%m} has no close {since} before its close {close.version}"
        raise Refused("close_must_be_known", field="since_version", detail=detail)
    return difference(after, _posted(actor, month_on, before))


def _posted(actor: Actor, month_on: date, close: PeriodClose) -> list[JournalLine]:
    """What a close has posted in a month, in the order of booking."""
    counted = Counted(runs=(close.run_id,), months=(month_on,), draft=None, as_of=None, known=known_to(close))
    tables = load_reported(actor, _INPUTS, Shown(counted=counted, last_on=month_on, day=month_on))
    sheet = sheet_for(tables)
    rows = run_report(sheet, "journal", bind_tables(sheet, tables), periods=(month_on, month_on)).to_pylist()
    forget_tables(sheet, tables)
    names = dict(rows_of(actor, Customer, with_deleted=True).values_list("code", "name"))
    return lines_of_report(rows, names)


def _files(lines: list[JournalLine], wanted: Wanted, tenant: str, *, version: int) -> tuple[ExportFile, ...]:
    books = Books(tenant=tenant, version=version, chart=wanted.chart)
    try:
        return tuple(export_journal(lines, books, format=wanted.format, detailed=wanted.is_detailed))
    except ExportRefusedError as error:
        raise Refused(error.rule, field="export", detail=error.detail) from error
