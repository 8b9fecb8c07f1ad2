"""Does anything stand on a thing: usage, documents, posted rows, other terms? What does cannot be taken away."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.periods import current_runs
from ratable_server.store.scope import rows_of


def usage_on(actor: Actor, *streams: str) -> QuerySet[models.UsageRecord]:
    """The usage that counts on some streams."""
    voids = rows_of(actor, models.UsageVoid).filter(record_id=OuterRef("id"))
    return rows_of(actor, models.UsageRecord).filter(~Exists(voids), stream__in=streams)


def posted_of(actor: Actor, **columns: object) -> QuerySet[models.RevenueTransaction]:
    """The revenue of closed months with these columns."""
    return rows_of(actor, models.RevenueTransaction).filter(run_id__in=current_runs(actor), **columns)


def drawn_in_closed_months(actor: Actor, commit: str) -> bool:
    """Has a closed month posted anything of a prepaid commit?"""
    of_closed = {"run_id__in": current_runs(actor), "commit_id": commit}
    posted: tuple[Any, ...] = (models.Draw, models.Breakage, models.RevenueTransaction)
    return any(rows_of(actor, model).filter(**of_closed).exists() for model in posted)


def documents_on(actor: Actor, *, column: str, row_id: int) -> bool:
    """Does a document or an opening balance name this?"""
    naming: tuple[Any, ...] = (models.Document, models.OpeningBalance)
    return any(rows_of(actor, model).filter(**{column: row_id}).exists() for model in naming)


def facts_on_commit(actor: Actor, row_id: int) -> bool:
    """Was anything filed about a prepaid commit?"""
    filed: tuple[Any, ...] = (models.TopUp, models.BreakageEstimate, models.Adjustment, models.ReportedAdjustment)
    return documents_on(actor, column="prepaid_commit_id", row_id=row_id) or any(
        rows_of(actor, model).filter(commit_id=row_id).exists() for model in filed
    )


def facts_on_contract(actor: Actor, row_id: int) -> bool:
    """Was anything filed about a contract?"""
    filed: tuple[Any, ...] = (models.Document, models.Paper, models.Termination, models.JournalReversal)
    return any(rows_of(actor, model).filter(contract_id=row_id).exists() for model in filed)


def is_used_before(actor: Actor, stream: str, open_on: date) -> bool:
    """Is usage of a closed month recorded on a stream?"""
    return usage_on(actor, stream).filter(month_on__lt=open_on).exists()


def terms_on_product(actor: Actor, row_id: int) -> bool:
    """Does a line of a contract, an own price or a bundle name a product?"""
    lines: tuple[Any, ...] = (models.UsageItem, models.PrepaidCommit, models.Subscription, models.Milestone)
    return (
        any(rows_of(actor, model).filter(product_id=row_id).exists() for model in lines)
        or rows_of(actor, models.TierPriceOverride).filter(usage_group__product_id=row_id).exists()
        or rows_of(actor, models.BundleLine).filter(product_id=row_id, bundle__deleted_at=None).exists()
        or _split_by(actor, row_id)
    )


def terms_on_group(actor: Actor, row_id: int) -> bool:
    """Does a line of a contract or an own price name a usage group?"""
    naming: tuple[Any, ...] = (models.UsageItem, models.TierPriceOverride)
    return any(rows_of(actor, model).filter(usage_group_id=row_id).exists() for model in naming)


def _split_by(actor: Actor, row_id: int) -> bool:
    """Does an allocation name a product?"""
    code = rows_of(actor, models.Product).values_list("code", flat=True).get(id=row_id)
    splits: tuple[tuple[Any, str], ...] = (
        (models.AllocationChange, "lines"), (models.Subscription, "allocation"), (models.Milestone, "allocation"),
    )  # fmt: skip
    return any(
        rows_of(actor, model).filter(**{f"{column}__contains": [{"product_id": code}]}).exists()
        for model, column in splits
    )
