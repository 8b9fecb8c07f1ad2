"""Runs, and what a run gives: once as a draft that may go, once as posted for ever.

Columns of results are those of `ratable.tables`: `contract_id`, `item_id` and the like are public codes,
empty where they do not apply. Each result is an abstract model with a draft and a posted table.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from ratable_server.store.fields import ExactField, MonthField, WholeField
from ratable_server.store.models.rows import Guard, Target, TenantRow, link, one_of

RUN_STATUSES = ("draft", "posted", "discarded", "failed")


def _code() -> Any:
    return models.TextField(default="", blank=True)


def _minor() -> Any:
    return models.BigIntegerField()


class Run(Target):
    """One computation of a period; what it read is named, so that the close can tell if it is current."""

    guard: ClassVar[Guard] = "kept"

    period = link("Period")
    status = models.TextField(default="draft")
    calculation_version = models.TextField()
    policy_version = link("PolicyVersion", is_indexed=False)
    facts_through = models.BigIntegerField()
    snapshot = models.TextField(default="", blank=True)  # how far it read the audit: see `store.load.horizon`
    cluster = models.TextField(default="", blank=True)
    audit_through = models.BigIntegerField(default=0)
    input_hash = models.TextField(default="", blank=True)
    counts = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    started_by = models.TextField()
    request_id = models.TextField()
    finished_at = models.DateTimeField(null=True, blank=True)
    failure = models.TextField(default="", blank=True)

    class Meta(Target.Meta):
        db_table = "run"
        constraints: ClassVar = [*Target.Meta.constraints, one_of("run_status", "status", RUN_STATUSES)]


class Result(TenantRow):
    """A row that a run gives."""

    run = link("Run")

    class Meta(TenantRow.Meta):
        abstract = True


class DrawColumns(Result):
    """Usage as covered by a prepaid commit, or not."""

    contract_id = _code()
    item_id = _code()
    commit_id = _code()
    kind = models.TextField()
    service_on = models.DateField()
    booked_on = models.DateField()
    adjusted_on = models.DateField()
    gross_minor = _minor()
    net_minor = _minor()

    class Meta(Result.Meta):
        abstract = True


class DemandColumns(Result):
    """What drew, as `ratable.tables.POSTED_DEMANDS`."""

    contract_id = _code()
    item_id = _code()
    month_on = MonthField()
    used_on = models.DateField()
    adjusted_on = models.DateField()
    gross_minor = _minor()

    class Meta(Result.Meta):
        abstract = True


class BreakageColumns(Result):
    """What was paid for and lapsed."""

    contract_id = _code()
    commit_id = _code()
    product_id = _code()
    kind = models.TextField()
    booked_on = models.DateField()
    on = models.DateField()
    amount_minor = _minor()

    class Meta(Result.Meta):
        abstract = True


class RevenueTransactionColumns(Result):
    """One amount of revenue, as `ratable.tables.REVENUE`."""

    contract_id = _code()
    source_kind = models.TextField()
    source_id = _code()
    item_id = _code()
    product_id = _code()
    commit_id = _code()
    kind = models.TextField()
    service_on = models.DateField()
    booked_on = models.DateField()
    on = models.DateField()
    adjusted_on = models.DateField()
    amount_minor = _minor()

    class Meta(Result.Meta):
        abstract = True


class AppliedMoveColumns(Result):
    """One side of an entry that a run applied, as `ratable.tables.MOVES`."""

    entry_id = models.TextField()
    contract_id = _code()
    source_kind = models.TextField()
    source_id = _code()
    kind = models.TextField()
    account = models.TextField()
    item_id = _code()
    product_id = _code()
    commit_id = _code()
    service_on = models.DateField()
    booked_on = models.DateField()
    on = models.DateField()
    place = models.BigIntegerField()
    number = models.BigIntegerField()
    is_adjusted = models.BooleanField(db_default=False)
    debit_minor = _minor()

    class Meta(Result.Meta):
        abstract = True


class RatedLineColumns(Result):
    """A month's usage of an item in one tier, with its amount."""

    contract_id = _code()
    item_id = _code()
    product_id = _code()
    month_on = MonthField()
    tier = models.BigIntegerField()
    quantity_e12 = WholeField()
    amount_minor = _minor()

    class Meta(Result.Meta):
        abstract = True


class AllocationColumns(Result):
    """An earned amount as split over products, as `ratable.tables.ALLOCATED`."""

    contract_id = _code()
    item_id = _code()
    product_id = _code()
    commit_id = _code()
    kind = models.TextField()
    service_on = models.DateField()
    adjusted_on = models.DateField()
    amount_minor = _minor()

    class Meta(Result.Meta):
        abstract = True


class RejectedUsageColumns(Result):
    """Usage that was taken when it came and that the run cannot take; without a code: it counts again."""

    usage_id = models.TextField()
    item_id = models.TextField()
    batch = models.BigIntegerField()  # the number of its import
    row = models.BigIntegerField()
    month_on = MonthField()
    used_on = models.DateField()
    quantity = ExactField(null=True, blank=True)
    amount = ExactField(null=True, blank=True)
    code = _code()
    value = _code()

    class Meta(Result.Meta):
        abstract = True
