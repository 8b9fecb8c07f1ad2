"""What changed after signing: facts, each from a month on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint

from ratable_server.store.fields import CodeField, ExactField, MonthField
from ratable_server.store.models.rows import Fact, Guard, TenantRow, link


class Termination(Fact):
    """The contract ends with `on`, its last day of service; the books let go of it on `released_on`."""

    contract = link("Contract")
    on = models.DateField()
    refund_minor = models.BigIntegerField()
    booked_on = MonthField()
    released_on = models.DateField()

    class Meta(Fact.Meta):
        db_table = "termination"
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            UniqueConstraint(fields=["tenant", "contract"], name="termination_of_contract"),
        ]


class AllocationChange(Fact):
    """Other shares for a bundle item; `lines` as in `ratable.terms.BundleLine`, decimals as text."""

    item = link("UsageItem")
    lines = models.JSONField()

    class Meta(Fact.Meta):
        db_table = "allocation_change"


class TopUp(Fact):
    """More value for a prepaid commit; below zero what a credit memo takes from it. Of a pool of units also the units."""

    commit = link("PrepaidCommit")
    amount_minor = models.BigIntegerField()
    units = ExactField(null=True, blank=True)
    booked_on = MonthField()

    class Meta(Fact.Meta):
        db_table = "top_up"


class BreakageEstimate(Fact):
    """How much of a prepaid commit will not be used, from a month on."""

    commit = link("PrepaidCommit")
    percentage = ExactField()
    booked_on = MonthField()

    class Meta(Fact.Meta):
        db_table = "breakage_estimate"


class Adjustment(Fact):
    """Corrects a closed month of a prepaid commit, in list value."""

    code = CodeField()
    commit = link("PrepaidCommit")
    service_on = MonthField()
    used_on = models.DateField()
    on = models.DateField()
    booked_on = MonthField()
    amount_minor = models.BigIntegerField()

    class Meta(Fact.Meta):
        db_table = "adjustment"
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            UniqueConstraint(fields=["tenant", "code"], name="adjustment_code"),
        ]


class ReportedAdjustment(TenantRow):
    """An adjustment as a row of a file told it; with others of its month it becomes an `Adjustment` when it is processed.

    Without a day it is of the day on which it is processed. Its id is one of a record of usage.
    """

    guard: ClassVar[Guard] = "kept"

    event_id = CodeField()
    commit = link("PrepaidCommit")
    service_on = MonthField()
    on = models.DateField(null=True, blank=True)
    used_on = models.DateField(null=True, blank=True)
    amount = ExactField()
    dimensions = models.JSONField(null=True, blank=True)
    content_hash = models.TextField()
    usage_import = link("UsageImport", is_indexed=False)
    row = models.BigIntegerField()
    adjustment = link("Adjustment", optional=True)

    class Meta(TenantRow.Meta):
        db_table = "reported_adjustment"
        constraints: ClassVar = [UniqueConstraint(fields=["tenant", "event_id"], name="reported_adjustment_id")]
