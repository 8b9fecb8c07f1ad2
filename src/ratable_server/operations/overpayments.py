"""What was paid above what is due: a credit memo of the customer, which goes when its payment goes.

It has no document: the payment took the whole from the receivable, and what is above stays there for the customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Sum

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.paper_rows import sum_up
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.papers import next_number
from ratable_server.store.scope import rows_of
from ratable_server.store.staging.settling import hold_tenant

OF = "overpayment_of"  # the further field of a credit memo that names the settlement


def credit_overpayment(
    actor: Actor, settlement: models.Settlement, invoice: models.Paper, *, amount_minor: int, at: datetime
) -> models.Paper:
    """The credit memo for what was paid above an invoice."""
    hold_tenant(actor)  # for the number
    told = {"tenant_id": actor.tenant_id, "created_at": at, "modified_at": at}
    entity = {"entity": invoice.further["entity"]} if invoice.further.get("entity") else {}
    memo = models.Paper(
        **told,
        kind="credit_memo",
        code=next_number(actor, "credit_memo"),
        contract_id=invoice.contract_id,
        on=settlement.on,
        further={"credit_memo_type": "overpayment", OF: settlement.id, **entity},
    )
    memo.save(force_insert=True)
    line = models.PaperLine(**told, paper_id=memo.id, place=0, amount_minor=amount_minor)
    line.save(force_insert=True)
    sum_up(actor, memo, at=at)
    after = {"of": invoice.code, "total_minor": memo.total_minor}
    record_change(actor, Change("issue_paper", "credit_memo", memo.code, after=after), at=at)
    return memo


def overpaid_minor(actor: Actor, settlements: Sequence[int]) -> int:
    """What the settlements of these rows have brought above their invoices, in minor units."""
    memos = rows_of(actor, models.Paper).filter(**{f"further__{OF}__in": list(settlements)}, voided_on=None)
    return int(memos.aggregate(total=Sum("total_minor"))["total"] or 0)


def refuse_overpayment(paper: models.Paper) -> None:
    """Go on, unless a paper is what was paid above an invoice.

    Refuses:
        credit_memo_must_go_with_its_cause
    """
    if OF in paper.further:
        told = f"{paper.code} is what was paid above an invoice: take the payment back"
        raise Refused("credit_memo_must_go_with_its_cause", field=paper.kind, detail=told)


def take_overpayment_back(
    actor: Actor, settlement: models.Settlement, *, voided_on: date | None = None, at: datetime
) -> None:
    """The credit memo of a payment goes with it: void on a day, or without one as if it had never been.

    Refuses:
        document_must_not_be_settled: it was used
    """
    for memo in rows_of(actor, models.Paper).filter(kind="credit_memo", **{f"further__{OF}": settlement.id}):
        if memo.settled_minor:
            raise Refused("document_must_not_be_settled", field="credit_memo", detail=memo.code)
        memo.modified_at = at
        if voided_on is None:
            memo.deleted_at = at
        else:
            memo.voided_on = voided_on
        memo.save()
        action = "delete_paper" if voided_on is None else "void_paper"
        record_change(actor, Change(action, "credit_memo", memo.code, after={"voided_on": voided_on}), at=at)
