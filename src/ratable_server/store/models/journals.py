"""Journal entries and their lines, as a draft and posted.

An entry says how many lines it has and what they sum to on each side; at commit the database holds it to
that, and nothing can be added to it later. Codes are text, as in `ratable.tables.JOURNAL`.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint

from ratable_server.store.fields import CodeField, CurrencyField, MonthField
from ratable_server.store.models.rows import Fact, Guard, Target, TenantRow, link


class EntryColumns(Target):
    """One entry: of one contract and currency, so that its lines balance per currency."""

    run = link("Run")
    entry_code = CodeField()
    contract_id = models.TextField()
    currency = CurrencyField()
    source_kind = models.TextField()
    source_id = models.TextField(default="", blank=True)
    kind = models.TextField()
    service_on = models.DateField()
    booked_on = MonthField()
    on = models.DateField()
    place = models.BigIntegerField()
    number = models.BigIntegerField()
    is_adjusted = models.BooleanField(db_default=False)
    line_count = models.IntegerField()
    total_minor = models.BigIntegerField()

    class Meta(Target.Meta):
        abstract = True
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "run", "entry_code"], name="%(class)s_code_of_run"),
            models.CheckConstraint(condition=Q(line_count__gte=2), name="%(class)s_has_two_sides"),
        ]


class LineColumns(TenantRow):
    """One line: a debit or a credit."""

    run = link("Run")
    account = models.TextField()
    item_id = models.TextField(default="", blank=True)
    product_id = models.TextField(default="", blank=True)
    commit_id = models.TextField(default="", blank=True)
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)

    class Meta(TenantRow.Meta):
        abstract = True


class DraftJournalEntry(EntryColumns):
    """Not posted."""

    class Meta(EntryColumns.Meta):
        db_table = "draft_journal_entry"


class JournalEntry(EntryColumns):
    """Posted."""

    guard: ClassVar[Guard] = "append_only"

    class Meta(EntryColumns.Meta):
        db_table = "journal_entry"


class DraftJournalLine(LineColumns):
    """Not posted."""

    entry = link("DraftJournalEntry")

    class Meta(LineColumns.Meta):
        db_table = "draft_journal_line"


class JournalLine(LineColumns):
    """Posted."""

    guard: ClassVar[Guard] = "append_only"

    entry = link("JournalEntry")

    class Meta(LineColumns.Meta):
        db_table = "journal_line"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(debit_minor__gte=0, credit_minor__gte=0) & (Q(debit_minor=0) | Q(credit_minor=0)),
                name="journal_line_has_one_side",
            )
        ]


class JournalReversal(Fact):
    """Takes a posted entry back, in an open month; `entry` is the row that was posted when it was asked for.

    What is reversed is what counts under `entry_code`: a month that is reopened and closed again posts it anew.
    """

    contract = link("Contract")
    entry = link("JournalEntry")
    entry_code = CodeField()
    reason = models.TextField()
    on = models.DateField()
    booked_on = MonthField()

    class Meta(Fact.Meta):
        db_table = "journal_reversal"
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            UniqueConstraint(fields=["tenant", "entry_code"], name="journal_reversal_of_entry"),
            models.CheckConstraint(condition=~Q(reason=""), name="reversal_must_have_a_reason"),
        ]
