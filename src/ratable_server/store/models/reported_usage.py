"""Usage as a billing system reports it: for a customer, on every item that it means. What counts of it are usage records."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint

from ratable_server.store.fields import ExactField, FurtherField, MonthField
from ratable_server.store.models.rows import Guard, Target, link, one_of

ORIGINS = ("api", "import")
MOST_CHARACTERS = {"unit_of_measure": 100, "description": 200, "unique_key": 255}


class ReportedUsage(Target):
    """One report as it is now; what it was is in the audit. Without a contract or an item it means all of the customer's.

    `counted` has the items that it counts on, by their codes, each with the id of its usage record. An id that was taken
    back is never used again: those of the next `generation` are other ones. `number` is that of the last fact that changed
    what counts.
    """

    guard: ClassVar[Guard] = "kept"

    number = models.BigIntegerField()
    customer = link("Customer", is_indexed=False)
    contract = link("Contract", optional=True, is_indexed=False)
    item = link("UsageItem", optional=True, is_indexed=False)
    unit_of_measure = models.TextField()
    quantity = ExactField()
    started_at = models.DateTimeField()
    month_on = MonthField()
    ended_at = models.DateTimeField(null=True, blank=True)
    description = models.TextField(default="", blank=True)
    unique_key = models.TextField(default="", blank=True)
    further = FurtherField()
    origin = models.TextField(default="api")
    usage_import = link("UsageImport", optional=True, is_indexed=False)
    file_name = models.TextField(default="", blank=True)
    counted = models.JSONField(default=dict)
    counts_on = models.IntegerField(default=0)
    generation = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.TextField()
    modified_at = models.DateTimeField()
    modified_by = models.TextField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta(Target.Meta):
        db_table = "reported_usage"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(
                fields=["tenant", "unique_key"],
                condition=~Q(unique_key="") & Q(deleted_at=None),
                name="reported_usage_unique_key",
            ),
            one_of("reported_usage_origin", "origin", ORIGINS),
            models.CheckConstraint(condition=~Q(unit_of_measure=""), name="reported_usage_has_a_unit"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "customer", "-started_at", "-id"], name="reported_usage_of_customer"),
            models.Index(fields=["tenant", "month_on"], condition=Q(counts_on__gt=1), name="reported_usage_on_several"),
        ]
