"""What terms were before they changed: written by the database with each change, so that no road to a row can forget it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ratable_server.store.models.audit import CurrentTransaction
from ratable_server.store.models.rows import Guard, TenantRow


class EarlierTerm(TenantRow):
    """A row of terms as it was until a change: `kind` is its table, without `state` it was not there.

    `after_close` is the last close that was made before the change (0: none), so that each close from the next one on
    knew of it.
    """

    guard: ClassVar[Guard] = "append_only"

    kind = models.TextField()
    row_id = models.BigIntegerField()
    state = models.JSONField(null=True, blank=True)
    after_close = models.BigIntegerField()
    stopped_at = models.DateTimeField()
    transaction_id = models.BigIntegerField(db_default=CurrentTransaction())

    class Meta(TenantRow.Meta):
        db_table = "earlier_term"
        indexes: ClassVar = [models.Index(fields=["tenant", "after_close", "kind"], name="earlier_term_close")]
