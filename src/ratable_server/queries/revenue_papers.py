"""Which invoice an amount of revenue stands on: one that names it, or the one of what it is of.

Of several invoices of a subscription, that of the month; where that does not tell them apart, none is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.papers import Paper, invoices
from ratable_server.queries.revenue import RevenueTransaction
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

_Source = tuple[str, int]  # kind, id of the row


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
        for paper, on, further, *sources in lines.values_list(*columns):
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
