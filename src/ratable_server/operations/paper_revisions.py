"""Invoices and credit memos said again, or taken away, while their month is open."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime

from ratable.money import to_minor
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.booking import take_months
from ratable_server.operations.matters import Matter
from ratable_server.operations.overpayments import refuse_overpayment
from ratable_server.operations.paper_documents import (
    Part,
    file_paper,
    lines_in,
    part_of,
    parts_of,
    take_back,
    write_lines,
)
from ratable_server.operations.paper_rows import documents_of, hold_contracts, lines_of, sum_up
from ratable_server.operations.paper_told import Judging, Paper, PaperBeside, PaperKind
from ratable_server.operations.papers import head_told, held, keep_head, matter_of_paper
from ratable_server.operations.register_links import things_in
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.writing import changes_by
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.retrying import retried


@retried
def revise_paper(
    *, actor: Actor, id: int, paper: Paper, beside: PaperBeside, at: datetime, judging: Judging = nullcontext
) -> None:
    """Say a paper whole again. What the books have of it stays as long as it says the same; it changes in open months.

    Refuses:
        document_must_be_known, document_must_stand, settlement_must_not_exceed_document, and those of `issue_papers` and
        `judging`
    """
    refuse_unfit(paper)
    with changes_by(actor, names=things_in(beside.further, *beside.lines)):
        take_months(actor, [paper.on])
        hold_contracts(actor, [(paper.kind, id)], paper.contract)
        matter = matter_of_paper(actor, paper)
        row = held(actor, paper.kind, id)
        refuse_overpayment(row)
        if row.voided_on is not None:
            raise Refused("document_must_stand", field=paper.kind, detail=row.code)
        is_moved = row.contract_id != matter.row_id
        if is_moved and row.settled_minor:
            raise Refused("document_must_not_be_settled", field=paper.kind, detail=row.code)
        before = head_told(row)
        with judging(row.contract.code):
            row.code, row.contract_id = paper.code or row.code, matter.row_id
            keep_head(row, paper, beside)
            documents = _revised(actor, matter, paper, row=row, at=at)
            write_lines(actor, row, lines_in(matter, paper, beside, documents=documents), at=at)
            _sum_up_covered(actor, row, at=at)
        record_change(actor, Change("revise_paper", paper.kind, row.code, before=before, after=head_told(row)), at=at)


@retried
def delete_paper(*, actor: Actor, kind: PaperKind, id: int, at: datetime, judging: Judging = nullcontext) -> None:
    """Take a paper out of an open month as if it had never been; its number can be used again.

    Refuses:
        document_must_be_known, period_must_be_open, document_must_not_be_settled, and those of `judging`
    """
    with changes_by(actor):
        hold_contracts(actor, [(kind, id)])
        row = held(actor, kind, id)
        refuse_overpayment(row)
        if row.settled_minor:
            raise Refused("document_must_not_be_settled", field=kind, detail=row.code)
        with judging(row.contract.code):
            take_back(actor, row, at=at)
            row.deleted_at = row.modified_at = at
            row.save()
        record_change(actor, Change("delete_paper", kind, row.code, before=head_told(row)), at=at)


def _sum_up_covered(actor: Actor, row: models.Paper, *, at: datetime) -> None:
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


def _revised(actor: Actor, matter: Matter, paper: Paper, *, row: models.Paper, at: datetime) -> dict[Part, int]:
    """The documents of a paper after a change: those that it has, as long as they say the same, or new ones."""
    documents = documents_of(actor, row)
    has = {part_of(document): (document.amount_minor, document.on) for document in documents}
    currency = matter.of.currency
    wants = {part: (to_minor(amount, currency), paper.on) for part, amount in parts_of(paper).items()}
    is_of_contract = all(document.contract_id == matter.row_id for document in documents)
    if has == wants and is_of_contract:
        lines_of(actor, row).update(deleted_at=at, modified_at=at)
        return {part_of(document): document.id for document in documents}
    take_back(actor, row, at=at)
    return file_paper(actor, matter, paper, code=row.code, at=at)
