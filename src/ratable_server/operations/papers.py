"""Invoices and credit memos as a customer has them: issued under a number, all of them or none.

Owns what every paper must be. Changing one is `operations.paper_revisions`, taking one back `operations.paper_voids`, paying
one `operations.settlements`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ratable.terms_rules import fits_currency
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.booking import take_months
from ratable_server.operations.kept import NOTHING
from ratable_server.operations.matters import Matter, matter_of
from ratable_server.operations.paper_documents import file_paper, lines_in, write_lines
from ratable_server.operations.paper_rows import held_paper, sum_up
from ratable_server.operations.paper_told import Paper, PaperBeside
from ratable_server.operations.register_links import things_in
from ratable_server.operations.soundness import refuse_unfit, refuse_unfit_further
from ratable_server.operations.told import told
from ratable_server.operations.writing import changes_by
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.papers import next_number
from ratable_server.store.locks import hold_contracts
from ratable_server.store.retrying import retried
from ratable_server.store.staging.settling import hold_tenant


class Issued(NamedTuple):
    """A paper that was issued, by its row and its number."""

    id: int
    code: str


_BARE = PaperBeside(further=NOTHING)


@retried
def issue_papers(
    *,
    actor: Actor,
    papers: Sequence[Paper],
    besides: Sequence[PaperBeside] = (),
    at: datetime,
    judge: Callable[[int], None] | None = None,
) -> list[Issued]:
    """Issue invoices or credit memos, all of them or none; what is not a draft is filed in the books.

    `judge` is called with the place of each before it is issued, and sees those before it; what it raises undoes them all.

    Refuses:
        contract_must_be_known, period_must_be_open, amount_must_be_positive, amount_must_fit_currency,
        prepaid_commit_must_be_known, item_must_be_known, credit_must_not_exceed_prepaid_commit, code_must_be_unused
    """
    with changes_by(actor, names=things_in(*(further for each in besides for further in (each.further, *each.lines)))):
        for paper in papers:
            refuse_unfit(paper)
        take_months(actor, (paper.on for paper in papers))
        hold_contracts(actor, (paper.contract for paper in papers))
        matters = [matter_of_paper(actor, paper) for paper in papers]
        issued = []
        for place, (matter, paper) in enumerate(zip(matters, papers, strict=True)):
            if judge is not None:
                judge(place)
            issued.append(_issue(actor, matter, paper, beside=besides[place] if besides else _BARE, at=at))
        return issued


def held(actor: Actor, kind: str, id: int) -> models.Paper:
    """A paper with its contract, which nobody else acts on meanwhile.

    Refuses:
        document_must_be_known
    """
    row = held_paper(actor, kind, id)
    if row is None:
        raise Refused("document_must_be_known", field=kind, detail=str(id))
    return row


def matter_of_paper(actor: Actor, paper: Paper) -> Matter:
    """The contract of a paper that is sound; nobody else acts on it meanwhile."""
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


def keep_head(row: models.Paper, paper: Paper, beside: PaperBeside) -> None:
    for further in (beside.further, *beside.lines):
        refuse_unfit_further(further)
    row.on, row.due_on, row.stage, row.further = paper.on, paper.due_on, paper.stage, dict(beside.further)


def head_told(row: models.Paper) -> dict[str, Any]:
    return {"on": row.on, "stage": row.stage, "total_minor": row.total_minor, "further": dict(row.further)}


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
    keep_head(row, paper, beside)
    row.save(force_insert=True)
    documents = file_paper(actor, matter, paper, code=row.code, at=at)
    write_lines(actor, row, lines_in(matter, paper, beside, documents=documents), at=at)
    sum_up(actor, row, at=at)
    after = {**head_told(row), "lines": [told(line) for line in paper.lines]}
    record_change(actor, Change("issue_paper", paper.kind, row.code, after=after), at=at)
    return Issued(id=row.id, code=row.code)
