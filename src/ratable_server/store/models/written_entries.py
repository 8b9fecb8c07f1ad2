"""Journal entries written by hand, and postings of revenue: facts of the ledger that no calculation reads.

Each change is another revision under the same code, the last one counts. The database holds lines to their balance, and
takes none in a closed month.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint

from ratable_server.store.fields import (
    CodeField,
    CurrencyField,
    ExactDecoder,
    ExactEncoder,
    FurtherField,
    MonthField,
)
from ratable_server.store.models.rows import Fact


class WrittenEntry(Fact):
    """A revision of an entry; without lines it is removed, or posts computed entries (`posts`, their codes).

    `lines` are objects with `account` (of the register, or null), `role` (where there is none), `debit_minor`,
    `credit_minor` and `further`.
    """

    code = CodeField()
    revision = models.IntegerField()
    kind = models.TextField()
    currency = CurrencyField()
    on = models.DateField()
    booked_on = MonthField()
    is_removed = models.BooleanField(default=False)
    lines = models.JSONField(default=list, encoder=ExactEncoder, decoder=ExactDecoder)
    posts = models.JSONField(default=list)
    further = FurtherField()

    class Meta(Fact.Meta):
        db_table = "written_entry"
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            UniqueConstraint(fields=["tenant", "code", "revision"], name="written_entry_revision"),
            models.CheckConstraint(
                condition=Q(is_removed=True, lines=[]) | (Q(is_removed=False) & (Q(lines=[]) ^ Q(posts=[]))),
                name="written_entry_has_lines_or_posts",
            ),
        ]
