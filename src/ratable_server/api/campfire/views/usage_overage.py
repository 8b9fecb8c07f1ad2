"""`/rr/api/v1/overage-invoicing`: overage is billed by the cadence of its prepaid commit. An addition to the published API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable.periods import month_end
from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.usage_overage import (
    OverageInvoicingInputSerializer,
    OverageInvoicingSerializer,
)
from ratable_server.api.campfire.translate import usage_overage as translate
from ratable_server.api.campfire.translate.words import last_day
from ratable_server.api.campfire.views.documented import posts
from ratable_server.api.campfire.views.invoice_twice import TURN
from ratable_server.api.campfire.views.revenue_posting import month_said
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers
from ratable_server.queries.contracts import contracts
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.papers import PapersAsked, papers
from ratable_server.queries.periods import periods
from ratable_server.queries.prepaid_commits import prepaid_commits
from ratable_server.queries.usage_unbilled import overage_months


class OverageInvoicing(CampfireView):
    """Invoices of overage."""

    operation_ids = {"POST": "invoice_overage"}

    @posts(OverageInvoicingInputSerializer, OverageInvoicingSerializer, status=200)
    def post(self, _request: Request) -> Response:
        """Bill the overage of every cycle that has ended by a month and was not billed; again it does nothing."""
        fields = self.read(OverageInvoicingInputSerializer)
        open_on = _open_on(self.actor)
        return Response(self.alone(TURN, 0, lambda: self._bill(fields, open_on)))

    def _bill(self, fields: dict[str, Any], open_on: date | None) -> dict[str, Any]:
        through = month_end(month_said(fields["period_month"]))
        due = _due(self.actor, fields.get("contract"), through)
        days = [max(translate.after(cycle), open_on or date.min) for cycle, *_ in due]
        issued: Sequence[Any] = [None] * len(due)
        if due and not fields.get("dry_run"):
            issued = issue_papers(
                actor=self.actor,
                papers=[_paper(each, on) for each, on in zip(due, days, strict=True)],
                besides=[_beside(cycle, on) for (cycle, *_), on in zip(due, days, strict=True)],
                at=now_at(),
            )
        told = [
            translate.from_cycle(cycle, amount, on=on, issued=paper)
            for (cycle, amount, _), on, paper in zip(due, days, issued, strict=True)
        ]
        return {"created": sum(paper is not None for paper in issued), "invoices": told}


_Due = tuple[translate.Cycle, Decimal, int]
"""A cycle, what is to be billed of it, and how many invoices it has had."""


def _due(actor: Actor, contract_id: int | None, through: date) -> list[_Due]:
    """What is to be billed of each cycle: what no invoice has covered of its overage."""
    asked = EVERYTHING if contract_id is None else Asked(ids=[contract_id])
    signed = contracts(actor=actor, asked=asked).rows
    if contract_id is not None and not signed:
        raise ValidationError({"contract": [f'Invalid pk "{contract_id}" - object does not exist.']})
    codes = None if contract_id is None else [signed[0].code]
    commits = {row.id: row for row in prepaid_commits(actor=actor, contract_id=contract_id, asked=EVERYTHING).rows}
    months = overage_months(actor=actor, contracts=codes, on=through)
    ends = {row.code: last_day(row.ends_before) for row in signed}
    times = _times(actor, list(commits))
    due = []
    for cycle in translate.cycles(months, commits, ends=ends):
        amount = min(cycle.amount, cycle.unbilled)
        if amount > 0 and cycle.ends_on <= through:
            due.append((cycle, amount, times[cycle.key]))
    return due


def _times(actor: Actor, commits: Sequence[int]) -> Counter[Any]:
    """How many invoices each cycle has had, those that are void or were moved to other contracts among them."""
    asked = PapersAsked(kind="invoice", further={translate.COMMIT: commits}, limit=EVERYTHING.limit)
    rows = papers(actor=actor, asked=asked).rows if commits else ()
    return Counter((paper.further[translate.COMMIT], paper.further.get(translate.PERIOD)) for paper in rows)


def _paper(due: _Due, on: date) -> Paper:
    """An invoice under the number of its cycle, so that two who ask at once do not bill it twice."""
    cycle, amount, times = due
    number = f"OVR-{cycle.commit.id}-{cycle.starts_on:%Y-%m}"
    return Paper(
        kind="invoice",
        contract=cycle.commit.contract,
        on=on,
        due_on=on,
        code=f"{number}-{times + 1}" if times else number,
        lines=(Line(amount=amount, is_of_usage=True),),
    )


def _beside(cycle: translate.Cycle, on: date) -> PaperBeside:
    return PaperBeside(further=translate.further_of(cycle, on), lines=[translate.line_of(cycle)])


def _open_on(actor: Actor) -> date | None:
    """The first month that takes documents; None: nothing is closed."""
    found = periods(actor=actor)
    closed = [each.month_on for each in found if each.status == "closed"]
    return min((each.month_on for each in found if each.month_on > max(closed)), default=None) if closed else None
