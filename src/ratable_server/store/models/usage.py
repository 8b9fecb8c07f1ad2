"""Usage: receipts of imports, records by month, ids that are unique for ever, voids, rejections.

Two tables are made in SQL: `usage_record` is partitioned by month, which Django cannot say, and has no
key over ids, which a partitioned table could not keep; `usage_key` keeps them.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q, UniqueConstraint
from typing_extensions import override

from ratable_server.store.fields import CodeField, CurrencyField, ExactField, MonthField
from ratable_server.store.models.rows import Fact, Guard, Target, TenantRow, link, one_of

IMPORT_STATUSES = ("pending", "completed", "failed")


class UsageImport(Target):
    """The receipt of a file or a request: what came, what was taken; its hash is chained to the one before."""

    guard: ClassVar[Guard] = "kept"

    code = CodeField()
    number = models.BigIntegerField(null=True, blank=True)  # of the fact; known when it completes
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()
    request_id = models.TextField()
    status = models.TextField(default="pending")
    file_name = models.TextField(default="", blank=True)
    sha256 = models.TextField(default="", blank=True)
    is_partial = models.BooleanField(default=False)
    is_turn = models.BooleanField(default=False, db_default=False)  # each row came as a request of its own
    content_bytes = models.BigIntegerField(default=0, db_default=0)  # of a file, unpacked
    read_bytes = models.BigIntegerField(default=0, db_default=0)  # told now and then while it is read
    read_rows = models.BigIntegerField(default=0, db_default=0)  # with that
    rows_received = models.BigIntegerField(default=0)
    rows_accepted = models.BigIntegerField(default=0)
    rows_duplicate = models.BigIntegerField(default=0)
    rows_rejected = models.BigIntegerField(default=0)
    quantity_received = ExactField(default=0)
    quantity_accepted = ExactField(default=0)
    quantity_duplicate = ExactField(default=0)
    quantity_rejected = ExactField(default=0)
    accepted_sha256 = models.TextField(default="", blank=True)
    previous_sha256 = models.TextField(default="", blank=True)

    class Meta(Target.Meta):
        db_table = "usage_import"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "code"], name="usage_import_code"),
            one_of("usage_import_status", "status", IMPORT_STATUSES),
            models.CheckConstraint(
                condition=Q(rows_received=F("rows_accepted") + F("rows_duplicate") + F("rows_rejected"))
                | Q(status="pending"),
                name="usage_import_rows_add_up",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "number"], condition=Q(number__isnull=False), name="usage_import_number"
            )  # the last one is asked for by each that follows it
        ]


class UsageRecord(TenantRow):
    """One record of usage, as it was learned; partitioned by the month it was used in."""

    guard: ClassVar[Guard] = "append_only"

    event_id = CodeField()
    stream = CodeField()  # a usage item, or prepaid usage as in `ratable.terms_tables`
    used_at = models.DateTimeField(null=True, blank=True)
    used_on = models.DateField()
    month_on = MonthField()
    quantity = ExactField(null=True, blank=True)
    amount = ExactField(null=True, blank=True)
    currency = CurrencyField(default="", blank=True)
    dimensions = models.JSONField(null=True, blank=True)
    usage_import = link("UsageImport", is_indexed=False)
    row = models.BigIntegerField()
    number = models.BigIntegerField()
    open_on = MonthField()

    class Meta(TenantRow.Meta):
        db_table = "usage_record"
        managed = False


class UsageKey(models.Model):
    """An id of usage, taken for ever, with the record that is current under it."""

    guard: ClassVar[Guard] = "kept"

    pk = models.CompositePrimaryKey("tenant_id", "event_id")
    tenant = link("Tenant", is_indexed=False)
    event_id = CodeField()
    content_hash = models.BinaryField()
    record_id = models.BigIntegerField()
    month_on = MonthField()

    class Meta:
        db_table = "usage_key"
        managed = False
        default_permissions = ()

    @override
    def __str__(self) -> str:
        return self.event_id


class UsageVoid(Fact):
    """Takes a record of usage back; by a revision another record of the same id takes its place.

    The database says on which stream the record is.
    """

    event_id = CodeField()
    stream = models.TextField(default="", blank=True)
    month_on = MonthField()
    record_id = models.BigIntegerField()
    is_revision = models.BooleanField(default=False)

    class Meta(Fact.Meta):
        db_table = "usage_void"
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            UniqueConstraint(fields=["tenant", "record_id"], name="usage_void_of_record"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "month_on"], name="usage_void_month"),
            models.Index(fields=["tenant", "stream", "id"], name="usage_void_stream"),
        ]


class UsageRejection(TenantRow):
    """A row that could not go on, by the rule it broke; `raw` is the row as it came."""

    guard: ClassVar[Guard] = "kept"

    usage_import = link("UsageImport")
    row = models.BigIntegerField()
    event_id = models.TextField(default="", blank=True)
    stream = models.TextField(default="", blank=True)
    code = CodeField()
    value = models.TextField(default="", blank=True)
    raw = models.JSONField(null=True, blank=True)
    is_blocking = models.BooleanField(default=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.TextField(default="", blank=True)

    class Meta(TenantRow.Meta):
        db_table = "usage_rejection"
        indexes: ClassVar = [
            models.Index(
                fields=["tenant"], condition=Q(is_blocking=True, resolved_at=None), name="usage_rejection_blocking"
            )
        ]


class UsageSetAside(TenantRow):
    """Usage that a run cannot take, set aside for a reason: it keeps no month from closing while it breaks that rule."""

    guard: ClassVar[Guard] = "append_only"

    usage_id = CodeField()
    batch = models.BigIntegerField()
    row = models.BigIntegerField()
    code = CodeField()
    reason = models.TextField()
    resolved_at = models.DateTimeField()
    resolved_by = models.TextField()
    request_id = models.TextField()

    class Meta(TenantRow.Meta):
        db_table = "usage_set_aside"
        constraints: ClassVar = [
            UniqueConstraint(fields=["tenant", "usage_id", "batch", "row", "code"], name="usage_set_aside_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="resolution_must_have_a_reason"),
        ]
