"""Revenue that invoices name: what they have billed in full is not billed again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ValidationError

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.invoices import NAMED_REVENUE
from ratable_server.clock import now_at
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.papers import Paper, PaperLine, PapersAsked, papers
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions

_Source = tuple[int | None, int | None, int | None]  # ids of a prepaid commit, a subscription, a milestone


def refuse_billed(actor: Actor, contract_id: int, fields: Mapping[str, Any], *, beside: int | None) -> None:
    """Go on, unless invoices that stand have billed all of the revenue that a body names; `beside` is the invoice it is of.

    Revenue that has grown since it was billed can be named again.

    Raises:
        ValidationError: they have.
    """
    ids = set(fields.get(NAMED_REVENUE) or ())
    if not ids:
        return
    asked = PapersAsked(kind="invoice", contract_ids=[contract_id], limit=EVERYTHING.limit)
    naming = [row for row in papers(actor=actor, asked=asked).rows if row.id != beside and _names_any(row, ids)]
    if not naming:
        return
    every = ids.union(*(_named(row) for row in naming))
    asked_revenue = RevenueAsked(ids=sorted(every), limit=EVERYTHING.limit)
    revenue = revenue_transactions(actor=actor, on=now_at().date(), asked=asked_revenue).rows
    if _billed(naming, revenue) >= sum((row.amount for row in revenue), Decimal(0)):
        codes = ", ".join(row.code for row in naming)
        raise ValidationError({NAMED_REVENUE: [f"{codes} billed it: void it, or bill what has come to it since."]})


def refuse_named_twice(every: Sequence[Mapping[str, Any]]) -> None:
    """Go on, unless two of several new invoices name the same revenue.

    Raises:
        ValidationError: told by the later one.
    """
    seen: set[int] = set()
    for place, fields in enumerate(every):
        ids = set(fields.get(NAMED_REVENUE) or ())
        if not seen.isdisjoint(ids):
            wrong = {NAMED_REVENUE: ["Another of these invoices names it."]}
            raise ValidationError({"invoices": [*({} for _ in range(place)), wrong]})
        seen |= ids


def _named(row: Paper) -> Collection[int]:
    return row.further.get(NAMED_REVENUE) or ()


def _names_any(row: Paper, ids: set[int]) -> bool:
    return row.voided_on is None and row.stage != "draft" and not ids.isdisjoint(_named(row))


def _billed(naming: Sequence[Paper], revenue: Sequence[RevenueTransaction]) -> Decimal:
    """What lines of the same sources come to: of the same prepaid commit, subscription or milestone, or of usage."""
    sources = {_source_of(row) for row in revenue}
    lines = [line for paper in naming for line in paper.lines if _source_of_line(line) in sources]
    return sum((line.amount for line in lines), Decimal(0))


def _source_of(row: RevenueTransaction) -> _Source:
    commit = row.prepaid_commit_id if row.kind in {"drawdown", "breakage"} else None
    return commit, row.subscription_id, row.milestone_id


def _source_of_line(line: PaperLine) -> _Source:
    return line.prepaid_commit_id, line.subscription_id, line.milestone_id
