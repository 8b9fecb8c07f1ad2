"""Ingesting a file of usage: read and judged first, then into the books in one transaction.

begin      the import has a row, so that a close waits for it
read       the file as a table of texts, in DuckDB
stage      every row read as a record and judged by itself, into temporary tables of the books' database
prepare    the months that the file needs
settle     months and tenant locked; ids compared with the books; all of it written, or nothing
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.usage.abandoned import fail_abandoned_imports
from ratable_server.operations.usage.imports import (
    UNREADABLE,
    Begun,
    at_work,
    begin,
    fail_unread,
    next_import_id,
    record_progress,
)
from ratable_server.operations.usage.receipts import Receipt
from ratable_server.operations.usage.settling import Wish, take
from ratable_server.operations.usage.uploads import Upload
from ratable_server.store.retrying import retried
from ratable_server.store.staging.columns import layout_of
from ratable_server.store.staging.csv_blocks import CsvFile
from ratable_server.store.staging.ndjson_rows import rows_of_lines
from ratable_server.store.staging.parquet_columns import ParquetFile
from ratable_server.store.staging.spooling import Spool, spooled
from ratable_server.store.staging.texts import Texts, opened_texts

Progress = Callable[[int, int], None]
"""Told as a file is read: bytes so far, and bytes in all."""

Beginning = Callable[[str], None]
"""Told once an import has its row: its code."""

_PREFIX_LENGTH = 16
_TOLD_AFTER_BYTES = 4 << 20  # how often the row of an import says how much was read


def ingest_usage(
    *,
    actor: Actor,
    upload: Upload,
    at: datetime,
    now: Callable[[], datetime] | None = None,
    progress: Progress | None = None,
    tell_begun: Beginning | None = None,
) -> Receipt:
    """Take a file of usage into the books and give its receipt; the same file again adds nothing and says so.

    A row is known by its id for ever; one without an id by the SHA-256 of its file and its place in it.
    Usage of a closed month is late: it is kept, and counts in the first open month, unless the policy rejects it.
    `tell_begun` is told the code of the import, under which anybody can ask how much of a large file was read. With `now`,
    which tells the moment, the import is recorded at the one at which its usage is known; without, at that of its beginning.

    Refuses:
        role_must_allow_it
        file_must_be_readable: the import has failed, for the reason told
        file_must_be_clean: as `RejectedFile`, with the receipt; nothing was taken, the rejections are kept

    Rejects:
        row by row, every code of `ratable.errors.REJECTIONS`, the first that applies in that order
    """
    with an_import(actor=actor, upload=upload, at=at, now=now) as (begun, spool), opened_texts() as texts:
        if tell_begun is not None:
            tell_begun(begun.code)
        _read(texts, _Told(begun, spool, texts, progress=progress), upload.item)
        return _carry_out(begun, texts, _wish(spool, upload))


@contextmanager
def an_import(
    *, actor: Actor, upload: Upload, at: datetime, now: Callable[[], datetime] | None
) -> Iterator[tuple[Begun, Spool]]:
    """An import that has begun, with its file on disk; a file that cannot be read has failed.

    Refuses:
        role_must_allow_it, file_must_be_readable
    """
    if not actor.may_act_as("preparer"):
        raise Refused("role_must_allow_it", field="role", detail="a preparer ingests usage")
    with spooled(upload.source, upload.name, upload.format) as spool:
        fail_abandoned_imports(actor=actor, at=at)
        begun = Begun(
            actor=actor,
            at=at,
            import_id=next_import_id(),
            file_name=upload.file_name(),
            sha256=spool.sha256,
            is_partial=upload.is_partial,
            content_bytes=spool.content_bytes,
            now=now,
        )
        with at_work(begun.import_id):
            begin(begun)
            try:
                yield begun, spool
            except Refused as error:
                if error.code == UNREADABLE:
                    fail_unread(begun, error.detail)
                raise


def prefix_of(spool: Spool, beside: str | None) -> str:
    """What comes before the row number in the id of a row that has none: the same for the same file and item."""
    digest = hashlib.sha256(f"{spool.sha256} {beside}".encode()).hexdigest() if beside else spool.sha256
    return f"{digest[:_PREFIX_LENGTH]}."


class _Told:
    """A spool that tells how much of it was read, and how many rows are among the texts by then."""

    def __init__(self, begun: Begun, spool: Spool, texts: Texts, *, progress: Progress | None) -> None:
        self.begun = begun
        self.spool = spool
        self.texts = texts
        self.progress = progress
        self._recorded = 0

    def blocks(self) -> Iterator[bytes]:
        """The content, block by block."""
        done = 0
        for block in self.spool.blocks():
            yield block
            done += len(block)
            self.tell(done)

    def tell(self, done: int) -> None:
        """Say how much was read: to whoever waits, and now and then to everybody."""
        if self.progress is not None:
            self.progress(done, self.spool.content_bytes)
        if done < self.spool.content_bytes and done - self._recorded >= _TOLD_AFTER_BYTES:
            self._record(done)

    def end(self) -> None:
        """Say that all rows are there, if it was said before that some are."""
        if self._recorded or self.spool.content_bytes >= _TOLD_AFTER_BYTES:
            self._record(self.spool.content_bytes)

    def _record(self, done: int) -> None:
        record_progress(self.begun, read_bytes=done, read_rows=self.texts.row_count)
        self._recorded = done


@retried
def _carry_out(begun: Begun, texts: Texts, wish: Wish) -> Receipt:
    with at_work(begun.import_id):  # once more: a lost connection has taken the first sign with it
        return take(begun, wish, texts)


def _read(texts: Texts, told: _Told, item: str | None) -> None:
    """Everything that the file holds, as texts."""
    if told.spool.format == "ndjson":
        texts.add_rows(rows_of_lines(told.blocks(), item))
    elif told.spool.format == "csv":
        file = CsvFile(told.blocks())
        texts.add_csv(layout_of(file.columns, item), file.rows())
    else:
        table = ParquetFile(told.spool.path, texts.connection)
        texts.add_parquet(layout_of(table.columns, item), table.query())
        told.tell(told.spool.content_bytes)
    told.end()


def _wish(spool: Spool, upload: Upload) -> Wish:
    return Wish(
        item=upload.item,
        prefix=prefix_of(spool, upload.item),
        on_change=upload.on_change,
        takes_late=upload.takes_late,
    )
