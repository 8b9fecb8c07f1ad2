"""Invoices and credit memos as a customer has them: issued under a number, revised while their month is open, deleted.

Lines of the same source are one document of the books, tax left out; a draft has no documents yet. Owns which
documents a paper is. Taking back is `operations.paper_voids`, paying `operations.settlements`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from ratable.facts.documents import Target
from ratable.money import to_minor
from ratable.periods import month_of
from ratable.terms_rules import fits_currency
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.closed_months import first_day_open, refuse_closed
from ratable_server.operations.document_voids import void_document
from ratable_server.operations.documents import CreditMemo, Invoice, credit_memo_in, invoice_in
from ratable_server.operations.kept import NOTHING, Further
from ratable_server.operations.matters import Matter, matter_of
from ratable_server.operations.overpayments import refuse_overpayment
from ratable_server.operations.paper_rows import documents_of, held_paper, hold_contracts, lines_of, sum_up
from ratable_server.operations.soundness import refuse_unfit, refuse_unfit_further
from ratable_server.operations.told import told
from ratable_server.operations.writing import changes_by
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.papers import next_number
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of
from ratable_server.store.staging.settling import hold_tenant

PaperKind = Literal["invoice", "credit_memo"]
Stage = Literal["draft", "open", "sent", "uncollectible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: of a prepaid commit, a subscription or a milestone, or of the contract's usage.

    `against` and `period` are of credit memos: what is taken back, and of which service month.
    """

    amount: Decimal
    tax: Decimal = Decimal(0)
    prepaid_commit: str | None = None
    subscription: str | None = None
    milestone: str | None = None
    against: Literal["revenue", "liability", "adjustment"] = "revenue"
    period: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """An invoice or a credit memo; without a code it gets the next number of its kind."""

    kind: PaperKind
    contract: str
    on: date
    lines: tuple[Line, ...]
    due_on: date | None = None
    stage: Stage = "open"
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBeside:
    """What is kept beside a paper, and beside each of its lines."""

    further: Further
    lines: Sequence[Further] = ()

    def of_line(self, place: int) -> Further:
        """What is kept beside a line."""
        return self.lines[place] if place < len(self.lines) else NOTHING


class Issued(NamedTuple):
    """A paper that was issued, by its row and its number."""

    id: int
    code: str


class _Part(NamedTuple):
    """What one document of a paper is of."""

    target: Target
    against: str
    period: date | None


_BARE = PaperBeside(further=NOTHING)


@retried
def issue_papers(
    *, actor: Actor, papers: Sequence[Paper], besides: Sequence[PaperBeside] = (), at: datetime
) -> list[Issued]:
    """Issue invoices or credit memos, all of them or none; what is not a draft is filed in the books.

    Refuses:
        contract_must_be_known, period_must_be_open, amount_must_be_positive, amount_must_fit_currency,
        prepaid_commit_must_be_known, item_must_be_known, credit_must_not_exceed_prepaid_commit, code_must_be_unused
    """
    with changes_by(actor):
        matters = {place: _matter(actor, papers[place]) for place in _in_order_of_contracts(papers)}
        return [
            _issue(actor, matters[place], paper, beside=besides[place] if besides else _BARE, at=at)
            for place, paper in enumerate(papers)
        ]


@retried
def revise_paper(*, actor: Actor, id: int, paper: Paper, beside: PaperBeside, at: datetime) -> None:
    """Say a paper whole again. What the books have of it stays as long as it says the same; it changes in open months.

    Refuses:
        document_must_be_known, document_must_stand, settlement_must_not_exceed_document, and those of `issue_papers`
    """
    with changes_by(actor):
        hold_contracts(actor, [(paper.kind, id)], paper.contract)
        matter = _matter(actor, paper)
        row = held(actor, paper.kind, id)
        refuse_overpayment(row)
        if row.voided_on is not None:
            raise Refused("document_must_stand", field=paper.kind, detail=row.code)
        is_moved = row.contract_id != matter.row_id
        if is_moved and row.settled_minor:
            raise Refused("document_must_not_be_settled", field=paper.kind, detail=row.code)
        before = _told(row)
        row.code, row.contract_id = paper.code or row.code, matter.row_id
        _keep_head(row, paper, beside)
        documents = _revised(actor, matter, paper, row=row, at=at)
        _write(actor, row, _lines(matter, paper, beside, documents=documents), at=at)
        sum_up_covered(actor, row, at=at)
        record_change(actor, Change("revise_paper", paper.kind, row.code, before=before, after=_told(row)), at=at)


@retried
def delete_paper(*, actor: Actor, kind: PaperKind, id: int, at: datetime) -> None:
    """Take a paper out of an open month as if it had never been; its number can be used again.

    Refuses:
        document_must_be_known, period_must_be_open, document_must_not_be_settled
    """
    with changes_by(actor):
        hold_contracts(actor, [(kind, id)])
        row = held(actor, kind, id)
        refuse_overpayment(row)
        if row.settled_minor:
            raise Refused("document_must_not_be_settled", field=kind, detail=row.code)
        _take_back(actor, row, at=at)
        row.deleted_at = row.modified_at = at
        row.save()
        record_change(actor, Change("delete_paper", kind, row.code, before=_told(row)), at=at)


def held(actor: Actor, kind: str, id: int) -> models.Paper:
    """A paper with its contract, which nobody else acts on meanwhile.

    Refuses:
        document_must_be_known
    """
    row = held_paper(actor, kind, id)
    if row is None:
        raise Refused("document_must_be_known", field=kind, detail=str(id))
    return row


def sum_up_covered(actor: Actor, row: models.Paper, *, at: datetime) -> None:
    """Say again what a paper comes to; it cannot come to less than what is settled.

    Refuses:
        settlement_must_not_exceed_document
    """
    settled_minor = row.settled_minor
    lines = lines_of(actor, row)
    total_minor = sum(line.amount_minor + line.tax_minor for line in lines)
    if total_minor < settled_minor:
        raise Refused("settlement_must_not_exceed_document", field="lines", detail=row.code)
    sum_up(actor, row, at=at)


def _in_order_of_contracts(papers: Sequence[Paper]) -> list[int]:
    return sorted(range(len(papers)), key=lambda place: papers[place].contract)


def _matter(actor: Actor, paper: Paper) -> Matter:
    """The contract of a paper, which nobody else acts on meanwhile."""
    refuse_unfit(paper)
    takes = any(line.against == "liability" and line.prepaid_commit for line in paper.lines)
    matter = matter_of(actor, paper.contract, on=paper.on, holds_commits=takes)
    _refuse_amounts(matter, paper)
    return matter


def _refuse_amounts(matter: Matter, paper: Paper) -> None:
    currency = matter.of.currency
    if any(not fits_currency(each, currency) for line in paper.lines for each in (line.amount, line.tax)):
        raise Refused("amount_must_fit_currency", field="lines")
    if sum((line.amount + line.tax for line in paper.lines), Decimal(0)) < 0:
        raise Refused("amount_must_be_positive", field="lines")


def _issue(actor: Actor, matter: Matter, paper: Paper, *, beside: PaperBeside, at: datetime) -> Issued:
    hold_tenant(actor)  # for the number
    row = models.Paper(
        tenant_id=actor.tenant_id,
        kind=paper.kind,
        code=paper.code or next_number(actor, paper.kind),
        contract_id=matter.row_id,
        created_at=at,
        modified_at=at,
    )
    _keep_head(row, paper, beside)
    row.save(force_insert=True)
    documents = _filed(actor, matter, paper, code=row.code, at=at)
    _write(actor, row, _lines(matter, paper, beside, documents=documents), at=at)
    sum_up(actor, row, at=at)
    after = {**_told(row), "lines": [told(line) for line in paper.lines]}
    record_change(actor, Change("issue_paper", paper.kind, row.code, after=after), at=at)
    return Issued(id=row.id, code=row.code)


def _keep_head(row: models.Paper, paper: Paper, beside: PaperBeside) -> None:
    for further in (beside.further, *beside.lines):
        refuse_unfit_further(further)
    row.on, row.due_on, row.stage, row.further = paper.on, paper.due_on, paper.stage, dict(beside.further)


def _told(row: models.Paper) -> dict[str, Any]:
    return {"on": row.on, "stage": row.stage, "total_minor": row.total_minor, "further": dict(row.further)}


# Documents of a paper ----------------------------------------------------------------------------


def _part(kind: str, line: Line) -> _Part:
    target = Target(line.prepaid_commit, line.subscription, line.milestone)
    if kind == "invoice":
        return _Part(target, "", None)
    kept = Target() if line.against == "revenue" else target
    return _Part(kept, line.against, line.period and month_of(line.period))


def _parts(paper: Paper) -> dict[_Part, Decimal]:
    """What the documents of a paper are of, and what each comes to; a draft has none."""
    parts: dict[_Part, Decimal] = {}
    for line in paper.lines if paper.stage != "draft" else ():
        part = _part(paper.kind, line)
        parts[part] = parts.get(part, Decimal(0)) + line.amount
    return {part: amount for part, amount in parts.items() if amount}


def _filed(actor: Actor, matter: Matter, paper: Paper, *, code: str, at: datetime) -> dict[_Part, int]:
    """File the documents of a paper in its open month; the first has the number of the paper, if it is free."""
    filed: dict[_Part, int] = {}
    if _parts(paper):
        refuse_closed(paper.on, first_day_open(actor), field="on")
    for part, amount in _parts(paper).items():
        taken = rows_of(actor, models.Document).filter(kind=paper.kind, code=code).exists()
        fact = _fact(paper, part, amount=amount, code=None if taken else code)
        if isinstance(fact, Invoice):
            filed[part] = invoice_in(actor, matter, fact, at=at).id
        else:
            filed[part] = credit_memo_in(actor, matter, fact, at=at).id
    return filed


def _fact(paper: Paper, part: _Part, *, amount: Decimal, code: str | None) -> Invoice | CreditMemo:
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
        return Invoice(**named)
    return CreditMemo(**named, against=part.against, period=part.period)  # type: ignore[arg-type]


def _revised(actor: Actor, matter: Matter, paper: Paper, *, row: models.Paper, at: datetime) -> dict[_Part, int]:
    """The documents of a paper after a change: those that it has, as long as they say the same, or new ones."""
    documents = documents_of(actor, row)
    has = {_part_of(document): (document.amount_minor, document.on) for document in documents}
    currency = matter.of.currency
    wants = {part: (to_minor(amount, currency), paper.on) for part, amount in _parts(paper).items()}
    is_of_contract = all(document.contract_id == matter.row_id for document in documents)
    if has == wants and is_of_contract:
        lines_of(actor, row).update(deleted_at=at, modified_at=at)
        return {_part_of(document): document.id for document in documents}
    _take_back(actor, row, at=at)
    return _filed(actor, matter, paper, code=row.code, at=at)


def _part_of(document: models.Document) -> _Part:
    def code(linked: Any) -> str | None:
        return None if linked is None else str(linked.code)

    target = Target(code(document.prepaid_commit), code(document.subscription), code(document.milestone))
    return _Part(target, document.against, document.service_on)


def _take_back(actor: Actor, row: models.Paper, *, at: datetime) -> None:
    """The documents of a paper leave their open months, where nobody has posted them."""
    documents = documents_of(actor, row)
    lines_of(actor, row).update(deleted_at=at, modified_at=at)
    open_on = first_day_open(actor)
    for document in documents:
        refuse_closed(document.booked_on, open_on, field=row.kind)
        if row.voided_on is None:
            void_document(actor=actor, kind=row.kind, code=document.code, on=document.on, reason="replaced", at=at)


def _lines(
    matter: Matter, paper: Paper, beside: PaperBeside, *, documents: Mapping[_Part, int]
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


def _write(actor: Actor, row: models.Paper, lines: Sequence[models.PaperLine], *, at: datetime) -> None:
    for line in lines:
        line.tenant_id, line.paper_id, line.created_at, line.modified_at = actor.tenant_id, row.id, at, at
    rows_of(actor, models.PaperLine).bulk_create(lines)
