"""Which invoice an amount of revenue stands on: one that names it, or the one of what it is of.

Of several invoices of a subscription, that of the month; where that does not tell them apart, none is told. Overage that
an adjustment has taken back stands on the credit memo that tells the customer of it; what a pool gets back is no credit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.papers import Paper, credit_memos, invoices
from ratable_server.queries.revenue import RevenueTransaction
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

_Source = tuple[str, int]  # kind, id of the row
_Adjusted = tuple[int | None, date, date]  # a prepaid commit, the month that is corrected, the one that books it


def invoices_of(*, actor: Actor, rows: Sequence[RevenueTransaction]) -> dict[int, Paper]:
    """The invoices of amounts by the ids of these; what has none, or several, is left out."""
    if not rows:
        return {}
    named, by_source = _standing(actor, sorted({row.contract_id for row in rows}))
    ids = {row.id: named.get(row.id) or _one_of(by_source, row) for row in rows}
    wanted = sorted({paper for paper in ids.values() if paper is not None})
    if not wanted:
        return {}
    told = {each.id: each for each in invoices(actor=actor, asked=Asked(ids=wanted, limit=EVERYTHING.limit)).rows}
    return {row_id: told[paper] for row_id, paper in ids.items() if paper in told}


def credit_memos_of(*, actor: Actor, rows: Sequence[RevenueTransaction]) -> dict[int, Paper]:
    """The credit memos that tell of adjustments, by the ids of the overage that these have taken back."""
    taken = (row for row in rows if row.kind == "overage" and row.amount_minor < 0)
    adjusted = [row for row in taken if row.adjusted_on is not None]
    if not adjusted:
        return {}
    memos = _memos(actor, {row.service_on for row in adjusted})
    ids = {row.id: _one_memo(memos, row) for row in adjusted}
    wanted = sorted({paper for paper in ids.values() if paper is not None})
    if not wanted:
        return {}
    told = {each.id: each for each in credit_memos(actor=actor, asked=Asked(ids=wanted, limit=EVERYTHING.limit)).rows}
    return {row_id: told[paper] for row_id, paper in ids.items() if paper in told}


def _memos(actor: Actor, months: Collection[date]) -> dict[_Adjusted, dict[date, int]]:
    """Credit memos of adjustments of some months, by their day."""
    found: dict[_Adjusted, dict[date, int]] = defaultdict(dict)
    columns = ("document__further__prepaid_commit", "document__service_on", "document__booked_on", "document__on")
    with books_of(actor):
        lines = rows_of(actor, models.PaperLine).filter(
            document__kind="credit_memo", document__against="adjustment", document__service_on__in=months
        )
        for *key, on, paper in lines.order_by("paper_id").values_list(*columns, "paper_id"):
            found[tuple(key)][on] = paper
    return found


def _one_memo(memos: dict[_Adjusted, dict[date, int]], row: RevenueTransaction) -> int | None:
    """That of the day of the adjustment; of a day that was closed by then, the only one of its months."""
    of_months = memos.get((row.prepaid_commit_id, row.service_on, month_of(row.booked_on)), {})
    is_of_closed = row.adjusted_on is not None and month_of(row.adjusted_on) < month_of(row.booked_on)
    only = next(iter(of_months.values())) if is_of_closed and len(of_months) == 1 else None
    return of_months.get(row.adjusted_on, only) if row.adjusted_on else None


def _standing(actor: Actor, contracts: Sequence[int]) -> tuple[dict[int, int], dict[_Source, dict[int, date]]]:
    """Invoices that stand: by the revenue that they name, and by the source of their lines."""
    named: dict[int, int] = {}
    by_source: dict[_Source, dict[int, date]] = defaultdict(dict)
    columns = ("paper_id", "paper__on", "paper__further", "document__prepaid_commit_id", "document__subscription_id",
               "document__milestone_id")  # fmt: skip
    with books_of(actor):
        lines = rows_of(actor, models.PaperLine).filter(
            paper__kind="invoice",
            paper__contract_id__in=contracts,
            paper__voided_on=None,
            paper__deleted_at=None,
            document__isnull=False,
        )
        for paper, on, further, *sources in lines.order_by("paper_id").values_list(*columns):
            named.update(dict.fromkeys(further.get("revenue_transactions") or (), paper))
            for kind, source in zip(("prepaid_commit", "subscription", "milestone"), sources, strict=True):
                if source is not None:
                    by_source[kind, source][paper] = on
    return named, by_source


def _one_of(by_source: dict[_Source, dict[int, date]], row: RevenueTransaction) -> int | None:
    papers = next((by_source[source] for source in _sources(row) if source in by_source), {})
    of_month = [paper for paper, on in papers.items() if month_of(on) == row.service_on]
    return next((found[0] for found in (list(papers), of_month) if len(found) == 1), None)


def _sources(row: RevenueTransaction) -> Iterable[_Source]:
    """What the amount was billed with; overage is billed apart from its commit."""
    ids: dict[str, Any] = {
        "prepaid_commit": None if row.kind == "overage" else row.prepaid_commit_id,
        "subscription": row.subscription_id,
        "milestone": row.milestone_id,
    }
    return [(kind, id) for kind, id in ids.items() if id is not None]
