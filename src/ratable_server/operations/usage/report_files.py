"""Files of reported usage: taken at once, imported later by a worker, whole or not at all.

Owns the states of a file, and who works on it: a session lock that goes with its connection, so that a file whose worker
died is taken up by the next one. All that an import writes, it writes in one transaction with the file's new state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from django.db import connection, transaction

from ratable_server.actor import Actor
from ratable_server.operations.usage.imports import next_import_id, record_failure
from ratable_server.operations.usage.reported import report_usage
from ratable_server.operations.usage.reported_changes import keep_receipt
from ratable_server.operations.usage.reports import Report, ReportedFile, ReportOutcome
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import ReportFile, UsageImport, UsageRejection
from ratable_server.store.models.report_files import UNDER_WAY
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of

Dates = Literal["mdy", "dmy"]
"""How a file writes days: month first, or day first."""

MOST_TRIES = 3
_MOST_LETTERS = 2_000
_MOST_REJECTIONS = 1_000
_LOCK_SECONDS = 120
_LOCK = "(hashtext('report_file'), (%s %% 2147483647)::integer)"
_ABANDONED = f"The process that imported the file ended before it did, {MOST_TRIES} times."


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file as it was sent; `name` is what its sender calls the import."""

    file_name: str
    content: bytes
    dates: Dates
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFile:
    """A file that one worker has for itself; `actor` is who sent it."""

    actor: Actor
    import_id: int
    file_name: str
    content: bytes
    dates: Dates

    @property
    def code(self) -> str:
        """The public id of its import."""
        return code_of(self.import_id)


class RowFault(NamedTuple):
    """What is wrong with a row of a file, for its sender."""

    row: int
    rule: str
    text: str


def code_of(import_id: int) -> str:
    """The public id of an import."""
    return f"import-{import_id}"


@retried
def take_report_file(*, actor: Actor, file: SentFile, at: datetime) -> int:
    """Take a file to be imported; give the id of its import. Until it is done no month is closed.

    Refuses:
        role_must_allow_it
    """
    with changes_by(actor):
        row = ReportFile(
            tenant_id=actor.tenant_id,
            import_id=next_import_id(),
            file_name=file.file_name,
            name=file.name,
            content=file.content,
            size=len(file.content),
            md5=hashlib.md5(file.content, usedforsecurity=False).hexdigest(),
            dates=file.dates,
            recorded_at=at,
            recorded_by=actor.name,
            request_id=actor.request_id,
            changed_at=at,
        )
        row.save(force_insert=True)
        after = {"file_name": row.file_name, "size": row.size, "md5": row.md5}
        record_change(actor, Change("take_report_file", "report_file", code_of(row.import_id), after=after), at=at)
        return row.import_id


def tenants_with_report_files() -> list[int]:
    """Whose files wait to be imported; asked before any tenant is entered."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM ratable_filing_tenants() ORDER BY 1")
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


@contextmanager
def next_report_file(*, actor: Actor, at: datetime) -> Iterator[TakenFile | None]:
    """The oldest file, for this worker alone; None: there is none, or somebody works on it, since files keep their order.

    One that nobody can finish has failed.
    """
    for row_id in _waiting(actor):
        if not _lock(row_id):
            break
        try:
            taken = _take(actor, row_id, at=at)
            if taken is not None:
                yield taken
                return
        finally:
            _unlock(row_id)
    yield None


@retried
def import_report_file(*, file: TakenFile, reports: Sequence[Report], at: datetime) -> None:
    """Take all reports of a file into the books, and say that it is done; a file that somebody else has done stays.

    Refuses:
        as `RefusedReports`, with what each breaks; nothing was written
    """
    with books_of(file.actor):
        _take_time()
        row = _mine(file)
        if row is None:
            return
        source = ReportedFile(import_id=file.import_id, name=file.file_name, sha256=_sha256(file))
        outcomes = (
            report_usage(actor=file.actor, reports=reports, file=source, is_partial=False, at=at) if reports else ()
        )
        keep_receipt(file.actor, source, at=at)
        _end(row, status="completed", total=len(reports), imported=len(outcomes), at=at)
        after = {"file_name": file.file_name, "rows": len(outcomes), **_became(outcomes)}
        record_change(file.actor, Change("import_report_file", "report_file", file.code, after=after), at=at)


@retried
def fail_report_file(*, file: TakenFile, faults: Sequence[RowFault], rows: int, at: datetime) -> None:
    """Say that nothing of a file was taken, and why: row by row, or of the whole file as its row 0."""
    with books_of(file.actor):
        row = _mine(file)
        if row is None:
            return
        message = " ".join(fault.text for fault in faults[:_MOST_REJECTIONS])
        _failed_receipt(file, row, rows=rows).save(force_insert=True)
        _keep_rejections(file, faults[:_MOST_REJECTIONS])
        _end(row, status="failed", message=_shortened(message), total=rows, at=at)
        record_failure(file.actor, file.code, {"file_name": file.file_name, "detail": row.message}, at=at)


@retried
def give_back_report_file(*, file: TakenFile, at: datetime) -> None:
    """Leave a file to the next round as if nobody had begun it: that it was not done is no fault of its own."""
    with books_of(file.actor):
        row = _mine(file)
        if row is not None:
            row.status, row.changed_at, row.tries = "pending", at, row.tries - 1
            row.save(update_fields=["status", "changed_at", "tries"])


def _waiting(actor: Actor) -> list[int]:
    with books_of(actor):
        under_way = rows_of(actor, ReportFile).filter(status__in=UNDER_WAY)
        return list(under_way.order_by("id").values_list("id", flat=True))


@retried
def _take(actor: Actor, row_id: int, *, at: datetime) -> TakenFile | None:
    """Note that somebody begins, unless it is done by now, or enough have begun."""
    with books_of(actor):
        row = rows_of(actor, ReportFile).select_for_update().filter(id=row_id, status__in=UNDER_WAY).first()
        if row is None:
            return None
        row.status, row.changed_at, row.tries = "processing", at, row.tries + 1
        row.save(update_fields=["status", "changed_at", "tries"])
        taken = _taken(row)
    if row.tries <= MOST_TRIES:
        return taken
    fail_report_file(file=taken, faults=[RowFault(0, "file_must_be_readable", _ABANDONED)], rows=0, at=at)
    return None


def _taken(row: ReportFile) -> TakenFile:
    actor = Actor(tenant_id=row.tenant_id, name=row.recorded_by, role="preparer", request_id=row.request_id)
    dates: Dates = "dmy" if row.dates == "dmy" else "mdy"
    return TakenFile(
        actor=actor,
        import_id=row.import_id,
        file_name=row.file_name,
        content=bytes(row.content),
        dates=dates,
    )


def _mine(file: TakenFile) -> ReportFile | None:
    """The row of a file that is not done yet; whoever else works on it waits."""
    rows = rows_of(file.actor, ReportFile).select_for_update()
    return rows.filter(import_id=file.import_id, status="processing").first()


def _end(row: ReportFile, *, status: str, total: int, at: datetime, imported: int = 0, message: str = "") -> None:
    row.status, row.message, row.changed_at = status, message, at
    row.rows_total, row.rows_imported = total, imported
    row.content = b""
    row.save()


def _failed_receipt(file: TakenFile, row: ReportFile, *, rows: int) -> UsageImport:
    return UsageImport(
        id=file.import_id,
        tenant_id=file.actor.tenant_id,
        code=file.code,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        request_id=row.request_id,
        status="failed",
        file_name=file.file_name,
        sha256=_sha256(file),
        rows_received=rows,
        rows_rejected=rows,
    )


def _sha256(file: TakenFile) -> str:
    return hashlib.sha256(file.content).hexdigest()


def _keep_rejections(file: TakenFile, faults: Sequence[RowFault]) -> None:
    """They keep no month from closing: nothing was taken, and the file is sent again."""
    rows_of(file.actor, UsageRejection).bulk_create(
        UsageRejection(
            tenant_id=file.actor.tenant_id,
            usage_import_id=file.import_id,
            row=fault.row,
            code=fault.rule,
            value=fault.text[:_MOST_LETTERS],
            is_blocking=False,
        )
        for fault in faults
    )


def _became(outcomes: Sequence[ReportOutcome]) -> dict[str, int]:
    found = [each.became for each in outcomes if each.became]
    return {each: found.count(each) for each in sorted(set(found))}


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"


def _take_time() -> None:
    """A file may take longer than a statement of the books otherwise may."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")


def _lock(row_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock{_LOCK}", [row_id])
        return bool(cursor.fetchone()[0])


def _unlock(row_id: int) -> None:
    """Where the connection was lost, the lock went with it."""
    if connection.connection is not None and not connection.connection.closed:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_unlock{_LOCK}", [row_id])
