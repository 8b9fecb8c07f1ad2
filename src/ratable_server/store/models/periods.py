"""Months of the books: open or closed; every close and every reopening for ever. An open month with a draft is in review."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint

from ratable_server.store.fields import MonthField
from ratable_server.store.models.rows import Guard, Target, link, one_of

PERIOD_STATUSES = ("open", "closed")


class Period(Target):
    """A month; its row is what writers and the close lock."""

    guard: ClassVar[Guard] = "kept"

    month_on = MonthField()
    status = models.TextField(default="open")

    class Meta(Target.Meta):
        db_table = "period"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "month_on"], name="period_month"),
            one_of("period_status", "status", PERIOD_STATUSES),
        ]


class PeriodClose(Target):
    """One close of a period; `version` counts them."""

    guard: ClassVar[Guard] = "append_only"

    period = link("Period")
    version = models.IntegerField()
    run = link("Run")
    closed_at = models.DateTimeField()
    closed_by = models.TextField()
    request_id = models.TextField()
    journal_hash = models.TextField()
    totals = models.JSONField()
    warnings = models.JSONField(default=list, db_default=[], blank=True)  # code and detail of each, as they were told

    class Meta(Target.Meta):
        db_table = "period_close"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "period", "version"], name="period_close_version"),
        ]


class PeriodReopening(Target):
    """Takes a close back; its rows stay readable, and no longer count."""

    guard: ClassVar[Guard] = "append_only"

    close = link("PeriodClose")
    reason = models.TextField()
    reopened_at = models.DateTimeField()
    reopened_by = models.TextField()
    request_id = models.TextField()

    class Meta(Target.Meta):
        db_table = "period_reopening"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "close"], name="period_reopening_of_close"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="reopening_must_have_a_reason"),
        ]
