"""What a run posts, or has posted: revenue by kind, and what stands on accounts by it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum

from ratable.facts.documents import TERMINATION
from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueOfRun:
    """Revenue of one kind and currency."""

    kind: str
    currency: str
    amount: Decimal
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A run by what it posts; `status` is `draft` until it has done so."""

    run_id: int
    status: str
    revenue: tuple[RevenueOfRun, ...]
    entries: int


def posting(*, actor: Actor, run_id: int) -> Posting:
    """What a run posts, or has posted; what lapses and is owed back is no revenue.

    Refuses:
        run_must_be_known
    """
    with books_of(actor):
        run = rows_of(actor, models.Run).filter(id=run_id).first()
        if run is None:
            raise Refused("run_must_be_known", field="run", detail=str(run_id))
        is_posted = run.status == "posted"
        revenue: Any = models.RevenueTransaction if is_posted else models.DraftRevenueTransaction
        moves: Any = models.AppliedMove if is_posted else models.DraftAppliedMove
        entry: Any = models.JournalEntry if is_posted else models.DraftJournalEntry
        return Posting(
            run_id=run_id,
            status=run.status,
            revenue=(
                *_revenue(actor, _earned(actor, revenue, run_id), Sum("amount_minor")),
                *_revenue(actor, _let_go(actor, moves, run_id), -Sum("debit_minor")),
            ),
            entries=rows_of(actor, entry).filter(run_id=run_id).count(),
        )


def _earned(actor: Actor, model: Any, run_id: int) -> QuerySet[Any]:
    return rows_of(actor, model).filter(run_id=run_id).exclude(kind="refund")


def _let_go(actor: Actor, model: Any, run_id: int) -> QuerySet[Any]:
    """What terminations let go of liabilities and owe nobody."""
    return rows_of(actor, model).filter(run_id=run_id, place=TERMINATION, account="breakage_revenue")


def _revenue(actor: Actor, rows: QuerySet[Any], sum_of: Any) -> tuple[RevenueOfRun, ...]:
    contracts = rows_of(actor, models.Contract, with_deleted=True).filter(code=OuterRef("contract_id"))
    rows = rows.annotate(currency=Subquery(contracts.values("currency")[:1]))
    sums = rows.order_by("kind", "currency").values("kind", "currency")
    return tuple(
        RevenueOfRun(
            kind=row["kind"],
            currency=row["currency"],
            amount=to_major(int(row["minor"]), row["currency"]),
            rows=row["count"],
        )
        for row in sums.annotate(minor=sum_of, count=Count("id"))
    )
