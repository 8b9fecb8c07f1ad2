"""Ingesting a file in somebody else's words: its usage like any file's, its adjustments kept until they are processed.

All of it is taken in one transaction, or nothing: usage, adjustments, and what the file replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.operations.usage.importing import an_import, prefix_of
from ratable_server.operations.usage.imports import Begun, at_work
from ratable_server.operations.usage.receipts import Receipt, RejectedFile
from ratable_server.operations.usage.settling import Wish, take
from ratable_server.operations.usage.uploads import WordedUpload
from ratable_server.operations.usage.voiding import void_usage
from ratable_server.store.models import ReportedAdjustment, UsageImport, UsageKey, UsageRecord, UsageVoid
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.staging.adjustments import Reported, keep_adjustments
from ratable_server.store.staging.columns import Words
from ratable_server.store.staging.csv_blocks import CsvFile
from ratable_server.store.staging.ndjson_rows import rows_in_words
from ratable_server.store.staging.spooling import Spool
from ratable_server.store.staging.texts import Texts, opened_texts
from ratable_server.store.staging.worded import WORDS, Telling, WordedRows


@dataclass(frozen=True, slots=True, kw_only=True)
class WordedReceipt:
    """What became of a file: its usage, how much of that was a revision, its months; its adjustments.

    `replaced` are the months in which usage that was told as a whole gave way.
    """

    usage: Receipt
    rows_revised: int
    months: tuple[date, ...]
    replaced: tuple[date, ...]
    adjustments_received: int
    adjustments_accepted: int
    adjusted_received: Decimal
    adjusted_accepted: Decimal


def ingest_worded(
    *, actor: Actor, upload: WordedUpload, at: datetime, now: Callable[[], datetime] | None = None
) -> WordedReceipt:
    """Take a file in somebody else's words into the books; the same file again adds nothing and says so.

    `now` as `ingest_usage` has it.

    Refuses:
        role_must_allow_it
        file_must_be_readable: the import has failed, for the reason told
        file_must_be_clean: as `RejectedFile`, with the receipt of its usage; nothing was taken, the rejections are kept

    Rejects:
        row by row, every code of `ratable.errors.REJECTIONS`, the first that applies in that order
    """
    with an_import(actor=actor, upload=upload.file, at=at, now=now) as (begun, spool), opened_texts() as texts:
        prefix = f"{upload.row_ids}{f'{begun.import_id}.' if upload.is_forced else prefix_of(spool, None)}"
        telling = Telling(
            words=upload.words,
            places=upload.places,
            place=upload.place,
            prefix=prefix,
            processed=_processed(actor, upload),
        )
        rows = WordedRows(texts, telling)
        _read(rows, spool, upload.words)
        reported = [Reported(*row) for row in rows.adjustments()]
        wish = Wish(item=None, prefix=prefix, on_change="revise", takes_late=False)
        taking = _Taking(begun=begun, upload=upload, wish=wish, months=tuple(rows.months()))
        return taking.take(texts, reported)


def _read(rows: WordedRows, spool: Spool, words: Words) -> None:
    if spool.format == "ndjson":
        rows.add_rows(rows_in_words(spool.blocks(), words, WORDS))
    else:
        file = CsvFile(spool.blocks())
        rows.add_csv(words.layout_of(file.columns), file.rows())


def _processed(actor: Actor, upload: WordedUpload) -> dict[str, str]:
    """Adjustments that are processed, with their contents: these stay."""
    commits = [place.prepaid_commit for place in upload.places.values() if place.adjustment_ids is not None]
    if not commits:
        return {}
    with books_of(actor):
        rows = rows_of(actor, ReportedAdjustment).filter(commit__code__in=commits).exclude(adjustment=None)
        return dict(rows.values_list("event_id", "content_hash"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taking:
    """The end of an import in other words."""

    begun: Begun
    upload: WordedUpload
    wish: Wish
    months: tuple[date, ...]

    def take(self, texts: Texts, reported: Sequence[Reported]) -> WordedReceipt:
        """Take all of it, or nothing.

        Refuses:
            file_must_be_clean
        """
        with at_work(self.begun.import_id):  # once more: a lost connection has taken the first sign with it
            told = self._take(texts, reported)
        if isinstance(told, RejectedFile):
            raise told
        return told

    @retried
    def _take(self, texts: Texts, reported: Sequence[Reported]) -> WordedReceipt | RejectedFile:
        with books_of(self.begun.actor):
            try:
                usage = take(self.begun, self.wish, texts)
            except RejectedFile as rejected:
                return rejected  # what was rejected is kept
            is_replacing = self.upload.replaces and usage.rows_accepted
            replaced = self._replace(at=usage.recorded_at) if is_replacing else ()
            taken = keep_adjustments(self.begun.actor, self.begun.import_id, reported)
            return WordedReceipt(
                usage=usage,
                rows_revised=self._revised() if usage.rows_accepted else 0,
                months=self.months,
                replaced=replaced,
                adjustments_received=len(reported),
                adjustments_accepted=len(taken),
                adjusted_received=sum((each.amount for each in reported), Decimal(0)),
                adjusted_accepted=sum(taken, Decimal(0)),
            )

    def _replace(self, *, at: datetime) -> tuple[date, ...]:
        """Take back what was told for a month as a whole, where rows were taken now."""
        actor = self.begun.actor
        keys = rows_of(actor, UsageKey).filter(event_id__startswith=self.upload.replaces, month_on__in=self.months)
        taken_back = rows_of(actor, UsageVoid).filter(month_on__in=self.months).values("record_id")
        replaced = []
        for key in keys.exclude(record_id__in=taken_back).order_by("month_on", "event_id"):
            mine = rows_of(actor, UsageRecord).filter(month_on=key.month_on, usage_import_id=self.begun.import_id)
            if mine.exists():
                void_usage(actor=actor, event_id=key.event_id, at=at, takes_late=False)
                replaced.append(key.month_on)
        return tuple(replaced)

    def _revised(self) -> int:
        """How many of the rows that were taken are revisions."""
        numbers = rows_of(self.begun.actor, UsageImport).filter(id=self.begun.import_id).values("number")
        return rows_of(self.begun.actor, UsageVoid).filter(number__in=numbers, is_revision=True).count()
