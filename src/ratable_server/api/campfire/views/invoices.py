"""`/coa/api/v1/invoice/`: what customers were billed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.invoice_payments import AccountingInvoicePaymentSerializer
from ratable_server.api.campfire.schemas.invoices import (
    DUE_EARLY,
    AccountingInvoiceLineSerializer,
    AccountingInvoiceListSerializer,
    AccountingInvoiceSerializer,
    BulkCreateInvoicesSerializer,
    BulkInvoiceSearchSerializer,
    FoundInvoicesSerializer,
    NewInvoiceSerializer,
    is_due_early,
)
from ratable_server.api.campfire.translate import invoices as translate
from ratable_server.api.campfire.translate.invoice_payments import from_payment
from ratable_server.api.campfire.translate.usage_overage import cycle_told
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.documented import PAGES, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.invoice_again import lines_said_again
from ratable_server.api.campfire.views.invoice_amounts import refuse_other_amounts
from ratable_server.api.campfire.views.invoice_lines import (
    contract_named,
    furthers_of,
    lines_of,
    lines_told,
    products_of,
    refuse_null,
    refuse_unknown_in_lines,
    sources_of,
)
from ratable_server.api.campfire.views.invoice_lists import DAYS, SORT, WORDS, narrowed
from ratable_server.api.campfire.views.invoice_twice import TURN, refuse_billed, refuse_billed_before
from ratable_server.api.campfire.views.naming import names_of, refuse_unknown
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.paper_revisions import delete_paper, revise_paper
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers
from ratable_server.queries.contracts import Contract
from ratable_server.queries.credited_overage import keeping_credits
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.papers import Paper as Row
from ratable_server.queries.papers import PapersAsked, papers

_FILTERS = [
    *(OpenApiParameter(name, OpenApiTypes.INT, many=True) for name in ("client", "entity", "contract")),
    *(OpenApiParameter(name, OpenApiTypes.STR) for name in ("currency", "invoice_number", "ref_number", "status")),
    OpenApiParameter("sentStatus", OpenApiTypes.STR, enum=["not_sent", "sent"]),
    *(OpenApiParameter(name, OpenApiTypes.DATE) for name in ("paid_date_from", "paid_date_to")),
    OpenApiParameter("line_tag_id", OpenApiTypes.INT, many=True, description="A line has one of these tags."),
    OpenApiParameter("line_tag_group_id", OpenApiTypes.INT, description="A line has a tag of this group."),
    OpenApiParameter("parent_client", OpenApiTypes.INT, description="The same as `client`: none stands above another."),
    OpenApiParameter("download", OpenApiTypes.BOOL, description="Refused: no files are sent from here."),
]

NUMBERED = {"paper": "invoice_number"}  # what a number that is taken is told by


class Billing(CampfireView):
    """A route that bills customers."""

    own_fields = NUMBERED

    def billed(self, every: Sequence[Mapping[str, Any]]) -> list[int]:
        """The ids of new invoices, all of them or none; those that name revenue are written one after the other."""
        if any(fields.get(translate.NAMED_REVENUE) for fields in every):
            return self.alone(TURN, 0, lambda: _billed(self.actor, every))
        return _billed(self.actor, every)


class Invoices(Billing):
    """All invoices."""

    operation_ids = {"GET": "coa_api_v1_invoice_list"}

    @gives(page_of(AccountingInvoiceListSerializer), parameters=[*PAGES, *DAYS, *WORDS, SORT, *_FILTERS])
    def get(self, request: Request) -> Response:
        """Invoices by pages, the latest first."""
        return listing(
            request,
            lambda asked: papers(actor=self.actor, asked=narrowed(self.actor, request, asked, kind="invoice")),
            lambda rows: told(self.actor, rows, is_list=True),
        )

    @posts(AccountingInvoiceSerializer, AccountingInvoiceSerializer)
    def post(self, _request: Request) -> Response:
        """Bill a customer; the books have it at once, unless it is a draft."""
        fields = _checked(self.actor, self.read(NewInvoiceSerializer))
        (issued,) = self.billed([fields])
        return Response(told(self.actor, [invoice_of(self.actor, issued)])[0], status=201)


class Invoice(CampfireView):
    """One invoice."""

    own_fields = NUMBERED

    @gives(AccountingInvoiceSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """An invoice by its id."""
        return Response(told(self.actor, [invoice_of(self.actor, id)])[0])

    @takes(AccountingInvoiceSerializer, AccountingInvoiceSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say an invoice whole again: its lines take the place of those before."""
        return self._change(id, is_partial=False)

    @takes(AccountingInvoiceSerializer, AccountingInvoiceSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of an invoice."""
        return self._change(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take an invoice of an open month away, as if it had never been; with payments it is not."""
        invoice_of(self.actor, id)
        at = now_at()
        judging = partial(keeping_credits, actor=self.actor, on=at.date())
        delete_paper(actor=self.actor, kind="invoice", id=id, at=at, judging=judging)
        return Response(status=204)

    def _change(self, id: int, *, is_partial: bool) -> Response:
        self.alone(TURN, 0, lambda: self._say(id, is_partial=is_partial))
        return Response(told(self.actor, [invoice_of(self.actor, id)])[0])

    def _say(self, id: int, *, is_partial: bool) -> None:
        row = invoice_of(self.actor, id)
        fields = _checked(self.actor, self.read(AccountingInvoiceSerializer, is_partial=is_partial), row=row)
        paper, beside = said(self.actor, fields, row=row, is_partial=is_partial)
        if row.stage == "draft" or translate.NAMED_REVENUE in fields:
            refuse_billed(self.actor, [(paper, beside)], beside=id)
        at = now_at()
        judging = partial(keeping_credits, actor=self.actor, on=at.date())
        revise_paper(actor=self.actor, id=id, paper=paper, beside=beside, at=at, judging=judging)


class InvoicesAtOnce(Billing):
    """Several invoices."""

    operation_ids = {"POST": "bulk_create_invoices"}

    @posts(BulkCreateInvoicesSerializer, AccountingInvoiceSerializer(many=True))
    def post(self, _request: Request) -> Response:
        """Bill customers, all of it or nothing."""
        read = [_checked(self.actor, each) for each in _each(self)]
        issued = self.billed(read)
        asked = PapersAsked(kind="invoice", ids=issued, limit=len(issued))
        return Response(told(self.actor, papers(actor=self.actor, asked=asked).rows), status=201)


class InvoiceSearch(CampfireView):
    """Invoices by their numbers."""

    roles = {"POST": "viewer"}

    @posts(BulkInvoiceSearchSerializer, FoundInvoicesSerializer, status=200)
    def post(self, _request: Request) -> Response:
        """Every invoice that has one of these numbers."""
        numbers = [each["invoice_number"] for each in self.read(BulkInvoiceSearchSerializer)["invoices"]]
        asked = PapersAsked(kind="invoice", codes=numbers, limit=EVERYTHING.limit)
        return Response({"invoices": told(self.actor, papers(actor=self.actor, asked=asked).rows, is_list=True)})


def invoice_of(actor: Actor, id: int) -> Row:
    """The invoice that a path names.

    Raises:
        NotFound: there is none.
    """
    return found(papers(actor=actor, asked=PapersAsked(kind="invoice", ids=[id])))


def told(actor: Actor, rows: Sequence[Row], *, is_list: bool = False) -> list[dict[str, Any]]:
    """Invoices, as the wire has them; in a list without what is heavy."""
    names, products, on = names_of(actor, furthers_of(rows)), products_of(actor, rows), now_at().date()
    schema = AccountingInvoiceListSerializer if is_list else AccountingInvoiceSerializer
    tenant = actor.tenant_id
    answers = []
    for row in rows:
        ours = translate.from_invoice(row, names, tenant=tenant, on=on)
        ours["lines"] = [
            AccountingInvoiceLineSerializer.answer(
                translate.from_line(line, row, names, products=products, tenant=tenant), line.further
            )
            for line in row.lines
        ]
        if not is_list:
            ours |= _payments(row, tenant=tenant)
        answers.append(schema.answer(ours, row.further))
    return answers


def said(
    actor: Actor, fields: Mapping[str, Any], *, row: Row | None, is_partial: bool = False
) -> tuple[Paper, PaperBeside]:
    """What an invoice says, as the books have it; of a change to a part of it, the rest as it was."""
    head = {**_head_of(row, is_partial=is_partial), **{name: each for name, each in fields.items() if each is not None}}
    _refuse_due_early(head, row)
    contract = contract_named(actor, head)
    refuse_other_amounts(fields.get("lines") or (), row, currency=contract.currency)
    further = taken(fields, _kept(row, contract, is_partial=is_partial), translate.OURS)
    lines = fields["lines"] if "lines" in fields or row is None else lines_told(row)
    stage = _stage(head, row)
    if row is not None and row.stage == "draft" and stage != "draft":
        head[translate.NAMED_REVENUE] = further.get(translate.NAMED_REVENUE)
    paper = Paper(
        kind="invoice",
        contract=contract.code,
        on=head["invoice_date"],
        due_on=head["due_date"],
        stage=stage,
        code=head.get("invoice_number") or None,
        lines=_lines(actor, contract, {**head, "lines": lines}, row=row, stay="lines" not in fields),
    )
    if paper.stage == "sent" and not further.get("sent_date"):
        further["sent_date"] = now_at().date()
    return paper, PaperBeside(further=further, lines=[taken(each, {}, translate.OURS_OF_A_LINE) for each in lines])


def _billed(actor: Actor, every: Sequence[Mapping[str, Any]]) -> list[int]:
    pairs = [said(actor, fields, row=None) for fields in every]
    refuse_billed(actor, pairs)
    issued = issue_papers(
        actor=actor,
        papers=[paper for paper, _ in pairs],
        besides=[beside for _, beside in pairs],
        at=now_at(),
        judge=lambda place: refuse_billed_before(actor, pairs, place),
    )
    return [each.id for each in issued]


def _kept(row: Row | None, contract: Contract, *, is_partial: bool) -> dict[str, Any]:
    """What an invoice keeps beside it that a change does not say; of another contract it names no revenue of this one."""
    if row is None:
        return {}
    was = row.further if is_partial else cycle_told(row.further)
    is_moved = contract.id != row.contract_id
    return {name: each for name, each in was.items() if not (is_moved and name == translate.NAMED_REVENUE)}


def _head_of(row: Row | None, *, is_partial: bool) -> dict[str, Any]:
    """What a change leaves as it is: of a part of an invoice its days and stage, of all of it whom it bills."""
    if row is None:
        return {}
    whose = {"contract": row.contract_id}
    if not is_partial:
        return whose
    return {**whose, "invoice_date": row.on, "due_date": row.due_on or row.on, "payment_status": row.stage}


def _refuse_due_early(head: Mapping[str, Any], row: Row | None) -> None:
    """Go on, unless an invoice gets other days of which it is due before it is billed; the days that it has may stay."""
    days = (head["invoice_date"], head["due_date"])
    if is_due_early(head) and (row is None or days != (row.on, row.due_on or row.on)):
        raise ValidationError({"due_date": [DUE_EARLY]})


def _stage(head: Mapping[str, Any], row: Row | None) -> Any:
    """Where an invoice stands by what was told; what it has come to by payments or a void is taken as it is."""
    said_status = head.get("payment_status") or "open"
    if said_status in translate.STAGES:
        return said_status
    if row is not None and said_status == translate.status_of(row):
        return row.stage
    raise ValidationError({"payment_status": ["Payments and voids have routes of their own."]})


def _lines(
    actor: Actor, contract: Contract, fields: Mapping[str, Any], *, row: Row | None, stay: bool
) -> tuple[Line, ...]:
    """What the lines are of: as the books have it, where they stay as they are."""
    if row is None or row.stage == "draft":
        return lines_of(fields, sources_of(actor, contract, fields))
    return lines_said_again(actor, contract, fields, row=row, stay=stay)


def _payments(row: Row, *, tenant: int) -> dict[str, Any]:
    payments = [from_payment(each, tenant=tenant) for each in row.settlements]
    entries = [each["payment_journal_entry"] for each in payments if each["payment_journal_entry"] is not None]
    return {
        "payments": [
            AccountingInvoicePaymentSerializer.answer(told_of, each.further)
            for told_of, each in zip(payments, row.settlements, strict=True)
        ],
        "payment_journal_entries": entries,
    }


def _each(view: CampfireView) -> list[dict[str, Any]]:
    """The fields of each invoice of a body; every wrong one is told in its place."""
    readings = [NewInvoiceSerializer(data=each) for each in view.read(BulkCreateInvoicesSerializer)["invoices"]]
    wrong = [reading for reading in readings if not reading.is_valid()]
    if wrong:
        raise ValidationError({"invoices": [reading.errors for reading in readings]})
    return [dict(reading.validated_data) for reading in readings]


def _checked(actor: Actor, fields: dict[str, Any], *, row: Row | None = None) -> dict[str, Any]:
    """Everything that the fields name is there; an invoice that has no entity may say so again."""
    if row is None or translate.entity_of(row) is not None:
        refuse_null(fields, "entity")
    if fields.get("discount"):
        raise ValidationError(
            {"discount": ["Tell a discount with the lines: each has its own, or one is below nothing."]}
        )
    refuse_unknown(actor, fields)
    refuse_unknown_in_lines(actor, fields.get("lines") or ())
    return fields
