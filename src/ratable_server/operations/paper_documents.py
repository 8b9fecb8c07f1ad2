"""The documents of a paper: lines of the same source are one, tax left out; a draft has none yet.

Owns which documents a paper is. They are filed in its open month, and leave the books only as long as that is open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ratable.facts.documents import Target
from ratable.money import to_minor
from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.operations.closed_months import first_day_open, refuse_closed
from ratable_server.operations.document_voids import void_document
from ratable_server.operations.documents import CreditMemo, Invoice, credit_memo_in, invoice_in
from ratable_server.operations.matters import Matter
from ratable_server.operations.paper_rows import documents_of, lines_of
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.store import models
from ratable_server.store.scope import rows_of


class Part(NamedTuple):
    """What one document of a paper is of."""

    target: Target
    against: str
    period: date | None


def _part(kind: str, line: Line) -> Part:
    target = Target(line.prepaid_commit, line.subscription, line.milestone)
    if kind == "invoice":
        return Part(target._replace(is_usage=line.is_of_usage), "", None)
    kept = Target() if line.against == "revenue" else target
    return Part(kept, line.against, line.period and month_of(line.period))


def parts_of(paper: Paper) -> dict[Part, Decimal]:
    """What the documents of a paper are of, and what each comes to; a draft has none."""
    parts: dict[Part, Decimal] = {}
    for line in paper.lines if paper.stage != "draft" else ():
        part = _part(paper.kind, line)
        parts[part] = parts.get(part, Decimal(0)) + line.amount
    return {part: amount for part, amount in parts.items() if amount}


def file_paper(actor: Actor, matter: Matter, paper: Paper, *, code: str, at: datetime) -> dict[Part, int]:
    """File the documents of a paper in its open month; the first has the number of the paper, if it is free."""
    filed: dict[Part, int] = {}
    if parts_of(paper):
        refuse_closed(paper.on, first_day_open(actor), field="on")
    for part, amount in parts_of(paper).items():
        taken = rows_of(actor, models.Document).filter(kind=paper.kind, code=code).exists()
        fact = _fact(paper, part, amount=amount, code=None if taken else code)
        if isinstance(fact, Invoice):
            filed[part] = invoice_in(actor, matter, fact, at=at).id
        else:
            filed[part] = credit_memo_in(actor, matter, fact, at=at).id
    return filed


def _fact(paper: Paper, part: Part, *, amount: Decimal, code: str | None) -> Invoice | CreditMemo:
    target = part.target
    named: dict[str, Any] = {
        "contract": paper.contract,
        "amount": amount,
        "prepaid_commit": target.prepaid_commit_id,
        "subscription": target.subscription_id,
        "milestone": target.milestone_id,
        "code": code,
    }
    if paper.kind == "invoice":
        return Invoice(**named, is_of_usage=target.is_usage)
    return CreditMemo(**named, against=part.against, period=part.period)  # type: ignore[arg-type]


def part_of(document: models.Document) -> Part:
    def code(linked: Any) -> str | None:
        return None if linked is None else str(linked.code)

    codes = (code(document.prepaid_commit), code(document.subscription), code(document.milestone))
    return Part(Target(*codes, is_usage=document.is_of_usage), document.against, document.service_on)


def take_back(actor: Actor, row: models.Paper, *, at: datetime) -> None:
    """The documents of a paper leave their open months, where nobody has posted them."""
    documents = documents_of(actor, row)
    lines_of(actor, row).update(deleted_at=at, modified_at=at)
    open_on = first_day_open(actor)
    for document in documents:
        refuse_closed(document.booked_on, open_on, field=row.kind)
        if row.voided_on is None:
            void_document(actor=actor, kind=row.kind, code=document.code, on=document.on, reason="replaced", at=at)


def lines_in(
    matter: Matter, paper: Paper, beside: PaperBeside, *, documents: Mapping[Part, int]
) -> list[models.PaperLine]:
    currency = matter.of.currency
    return [
        models.PaperLine(
            document_id=documents.get(_part(paper.kind, line)),
            place=place,
            amount_minor=to_minor(line.amount, currency),
            tax_minor=to_minor(line.tax, currency),
            further=dict(beside.of_line(place)),
        )
        for place, line in enumerate(paper.lines)
    ]


def write_lines(actor: Actor, row: models.Paper, lines: Sequence[models.PaperLine], *, at: datetime) -> None:
    for line in lines:
        line.tenant_id, line.paper_id, line.created_at, line.modified_at = actor.tenant_id, row.id, at, at
    rows_of(actor, models.PaperLine).bulk_create(lines)
