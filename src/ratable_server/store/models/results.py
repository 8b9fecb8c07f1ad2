"""The results of runs, twice each: as a draft, which may go, and posted, for ever.

Posting is INSERT ... SELECT from one to the other: the columns are the same.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Func

from ratable_server.store.models.rows import Guard
from ratable_server.store.models.runs import (
    AllocationColumns,
    AppliedMoveColumns,
    BreakageColumns,
    DemandColumns,
    DrawColumns,
    RatedLineColumns,
    RejectedUsageColumns,
    RevenueTransactionColumns,
)

_REVENUE_KEY = (
    "contract_id", "source_kind", "source_id", "item_id", "product_id", "commit_id", "kind", "service_on", "booked_on",
    "adjusted_on",
)  # fmt: skip


class DraftDraw(DrawColumns):
    """Not posted."""

    class Meta(DrawColumns.Meta):
        db_table = "draft_draw"


class Draw(DrawColumns):
    """Posted."""

    guard: ClassVar[Guard] = "append_only"

    class Meta(DrawColumns.Meta):
        db_table = "draw"


class DraftDemand(DemandColumns):
    """Not posted."""

    class Meta(DemandColumns.Meta):
        db_table = "draft_demand"


class Demand(DemandColumns):
    """Posted."""

    guard: ClassVar[Guard] = "append_only"

    class Meta(DemandColumns.Meta):
        db_table = "demand"


class DraftBreakage(BreakageColumns):
    """Not posted."""

    class Meta(BreakageColumns.Meta):
        db_table = "draft_breakage"


class Breakage(BreakageColumns):
    """Posted."""

    guard: ClassVar[Guard] = "append_only"

    class Meta(BreakageColumns.Meta):
        db_table = "breakage"


class DraftRevenueTransaction(RevenueTransactionColumns):
    """Not posted."""

    class Meta(RevenueTransactionColumns.Meta):
        db_table = "draft_revenue_transaction"


class RevenueTransaction(RevenueTransactionColumns):
    """Posted. `public_id` comes of the row's key, as `ratable_server.store.public_ids` has it: the draft's is the same."""

    guard: ClassVar[Guard] = "append_only"

    public_id = models.GeneratedField(
        expression=Func(*map(F, _REVENUE_KEY), function="ratable_revenue_id"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    class Meta(RevenueTransactionColumns.Meta):
        db_table = "revenue_transaction"
        indexes: ClassVar = [models.Index(fields=["tenant", "public_id"], name="revenue_transaction_public")]


class DraftAppliedMove(AppliedMoveColumns):
    """Not posted."""

    class Meta(AppliedMoveColumns.Meta):
        db_table = "draft_applied_move"


class AppliedMove(AppliedMoveColumns):
    """Posted."""

    guard: ClassVar[Guard] = "append_only"

    class Meta(AppliedMoveColumns.Meta):
        db_table = "applied_move"


class DraftRatedLine(RatedLineColumns):
    """Not posted."""

    class Meta(RatedLineColumns.Meta):
        db_table = "draft_rated_line"


class RatedLine(RatedLineColumns):
    """Posted."""

    guard: ClassVar[Guard] = "append_only"

    class Meta(RatedLineColumns.Meta):
        db_table = "rated_line"


class DraftAllocation(AllocationColumns):
    """Not posted."""

    class Meta(AllocationColumns.Meta):
        db_table = "draft_allocation"


class Allocation(AllocationColumns):
    """Posted."""

    guard: ClassVar[Guard] = "append_only"

    class Meta(AllocationColumns.Meta):
        db_table = "allocation"


class DraftRejectedUsage(RejectedUsageColumns):
    """Not posted."""

    class Meta(RejectedUsageColumns.Meta):
        db_table = "draft_rejected_usage"


class RejectedUsage(RejectedUsageColumns):
    """Posted: each was set aside before."""

    guard: ClassVar[Guard] = "append_only"

    class Meta(RejectedUsageColumns.Meta):
        db_table = "rejected_usage"
