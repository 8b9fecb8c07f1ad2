"""Files of usage that were taken: a worker reads each, and all of its rows become reports, or none.

Owns what a file may be once it is opened: CSV, or a zip with one CSV in it.
"""

from __future__ import annotations

import io
import logging
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.api.zuora.translate.usage_files import READABLE, fault_of_file, faults_of_outcomes, read_file
from ratable_server.clock import now_at
from ratable_server.errors import Refused, Unavailable
from ratable_server.operations.usage.report_files import (
    RowFault,
    TakenFile,
    fail_report_file,
    give_back_report_file,
    import_report_file,
    next_report_file,
    tenants_with_report_files,
)
from ratable_server.operations.usage.reports import RefusedReports

MOST_UNZIPPED = 16 * 2**20
_log = logging.getLogger("ratable_server.api.zuora")
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of the files of one round."""

    imported: int = 0
    refused: int = 0


class _UnfitZipError(Exception):
    """A zip that holds no single file that can be read."""


def import_waiting_files(*, is_over: Callable[[], bool] = lambda: False) -> Imported:
    """Import every file that waits, of all tenants, each tenant's in their order; give what became of them.

    A file whose import fails for a reason of ours stays, as do those behind it, and is tried again with the next round;
    the other tenants' files are imported. Bad weather uses up no try.
    """
    done: list[bool] = []
    for tenant_id in tenants_with_report_files():
        worker = Actor(tenant_id=tenant_id, name="imports", role="preparer", request_id="imports")
        try:
            done.extend(_import_all(worker, is_over))
        except Exception:  # noqa: BLE001 - told to the log; the next round tries it again
            _log.exception("files of usage of tenant %s wait for the next round", tenant_id)
            connection.close_if_unusable_or_obsolete()
    return Imported(imported=done.count(True), refused=done.count(False))


def _import_all(worker: Actor, is_over: Callable[[], bool]) -> Iterator[bool]:
    """Of each file of a tenant: was it taken?"""
    while not is_over():
        with next_report_file(actor=worker, at=now_at()) as file:
            if file is None:
                return
            try:
                is_taken = _import(file)
            except Unavailable:
                give_back_report_file(file=file, at=now_at())
                raise
        yield is_taken


def _import(file: TakenFile) -> bool:
    """Was it taken? Nothing of a file that is refused is."""
    try:
        read = read_file(_unzipped(file.content), file.dates)
    except _UnfitZipError as unfit:
        return _fail(file, [RowFault(0, READABLE, str(unfit))], 0)
    if read.faults:
        return _fail(file, read.faults, read.count)
    try:
        import_report_file(file=file, reports=[each.report for each in read.rows], at=now_at())
    except RefusedReports as refused:
        return _fail(file, faults_of_outcomes(read.rows, refused.outcomes), read.count)
    except Refused as refused:
        return _fail(file, [fault_of_file(refused)], read.count)
    return True


def _fail(file: TakenFile, faults: Sequence[RowFault], rows: int) -> bool:
    fail_report_file(file=file, faults=faults, rows=rows, at=now_at())
    return False


def _unzipped(content: bytes) -> bytes:
    if not content.startswith(_ZIP):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _only_file(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise _UnfitZipError("The file is a zip that cannot be read.") from error


def _only_file(archive: zipfile.ZipFile) -> bytes:
    names = archive.infolist()
    if len(names) != 1 or names[0].is_dir() or "/" in names[0].filename:
        raise _UnfitZipError("A zip holds one CSV file, and no folder.")
    with archive.open(names[0]) as inside:
        content = inside.read(MOST_UNZIPPED + 1)
    if len(content) > MOST_UNZIPPED:
        raise _UnfitZipError(f"The file in the zip has more than {MOST_UNZIPPED:,} bytes.")
    return content
