"""The rows of papers, and what they come to: kept in step with their documents, lines and settlements.

Owns the sums of a paper and the day on which it is void. Everybody who writes here holds the contract of the paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, QuerySet, Sum

from ratable_server.actor import Actor
from ratable_server.store import locks, models
from ratable_server.store.load.documents import standing_voids
from ratable_server.store.models.papers import PAPER_KINDS
from ratable_server.store.scope import rows_of


def add_paper_of(document: models.Document, *, at: datetime) -> models.Paper:
    """The paper of a document that was filed by itself: one line, under the code of the document."""
    told = {"tenant_id": document.tenant_id, "created_at": at, "modified_at": at}
    paper = models.Paper(
        **told,
        kind=document.kind,
        code=document.code,
        contract_id=document.contract_id,
        on=document.on,
        total_minor=document.amount_minor,
        further=document.further,
    )
    paper.save(force_insert=True)
    models.PaperLine(
        **told, paper_id=paper.id, document_id=document.id, place=0, amount_minor=document.amount_minor
    ).save(force_insert=True)
    return paper


def lines_of(actor: Actor, paper: models.Paper) -> QuerySet[models.PaperLine]:
    """The lines of a paper as it is now."""
    return rows_of(actor, models.PaperLine).filter(paper_id=paper.id).order_by("place")


def documents_of(actor: Actor, paper: models.Paper) -> list[models.Document]:
    """The documents that the lines of a paper are, in the order of the books."""
    ids = lines_of(actor, paper).values("document_id")
    rows = rows_of(actor, models.Document).select_related("prepaid_commit", "subscription", "milestone")
    return list(rows.filter(id__in=ids).order_by("number"))


def settlements_of(actor: Actor, paper: models.Paper) -> QuerySet[models.Settlement]:
    """What settles an invoice, or what a credit memo was used for, as far as it stands."""
    of = {"invoice_id": paper.id} if paper.kind == "invoice" else {"credit_memo_id": paper.id}
    return rows_of(actor, models.Settlement).filter(**of, voided_on=None)


def sum_up(actor: Actor, paper: models.Paper, *, at: datetime) -> None:
    """Say again what a paper comes to and how much of it is settled, and save it."""
    sums = lines_of(actor, paper).order_by().aggregate(amount=Sum("amount_minor"), tax=Sum("tax_minor"))
    settled = settlements_of(actor, paper).aggregate(amount=Sum("amount_minor"), on=Max("on"))
    paper.total_minor = int(sums["amount"] or 0) + int(sums["tax"] or 0)
    paper.settled_minor = int(settled["amount"] or 0)
    paper.settled_on = settled["on"] if 0 < paper.settled_minor == paper.total_minor else None
    paper.modified_at = at
    paper.save()


def follow(actor: Actor, document: models.Document, *, at: datetime) -> None:
    """Let papers follow a document that was taken back, or stands again."""
    voided_on = standing_voids(actor).filter(document_id=document.id).values_list("on", flat=True).first()
    if document.kind in PAPER_KINDS:
        _follow_paper(actor, document, at=at)
        return
    settlements = rows_of(actor, models.Settlement).filter(document_id=document.id)
    for settlement in settlements.select_related("invoice", "credit_memo"):
        settlement.voided_on, settlement.modified_at = voided_on, at
        settlement.save()
        for paper in filter(None, (settlement.invoice, settlement.credit_memo)):
            sum_up(actor, paper, at=at)


def _follow_paper(actor: Actor, document: models.Document, *, at: datetime) -> None:
    """A paper is void once all its documents are, on the last of their days."""
    lines = rows_of(actor, models.PaperLine).filter(document_id=document.id)
    for paper in rows_of(actor, models.Paper).filter(id__in=lines.values("paper_id")):
        paper.voided_on, paper.modified_at = _voided_on(actor, paper), at
        paper.save()


def _voided_on(actor: Actor, paper: models.Paper) -> date | None:
    ids = lines_of(actor, paper).filter(document_id__isnull=False).values_list("document_id", flat=True)
    documents = set(ids)
    days = dict(standing_voids(actor).filter(document_id__in=documents).values_list("document_id", "on"))
    return max(days.values()) if days and documents <= set(days) else None


def hold_contracts(actor: Actor, papers: Sequence[tuple[str, int]], *codes: str) -> None:
    """Keep the contracts of papers, and these, for this transaction: before any paper, and after the months.

    A paper may have moved to another contract while this waited. What is held then is let go and taken anew: a contract
    that is added to those held would be out of order.
    """
    wanted = {*codes, *_contracts_of(actor, papers)}
    while True:
        point = transaction.savepoint()
        locks.hold_contracts(actor, wanted)
        moved = _contracts_of(actor, papers)
        if moved <= wanted:
            transaction.savepoint_commit(point)
            return
        transaction.savepoint_rollback(point)
        wanted = {*codes, *moved}


def _contracts_of(actor: Actor, papers: Iterable[tuple[str, int]]) -> set[str]:
    found: set[str] = set()
    for kind, paper_id in papers:
        rows = rows_of(actor, models.Paper).filter(kind=kind, id=paper_id)
        found.update(rows.values_list("contract__code", flat=True))
    return found


def held_paper(actor: Actor, kind: str, paper_id: int) -> models.Paper | None:
    """A paper that nobody else changes meanwhile."""
    rows = rows_of(actor, models.Paper).select_for_update(no_key=True, of=("self",)).select_related("contract")
    return rows.filter(kind=kind, id=paper_id).first()
