"""`/coa/api/v1/credit-memo`: what customers were credited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.credit_memos import (
    AccountingCreditMemoLineSerializer,
    AccountingCreditMemoPaymentSerializer,
    AccountingCreditMemoSerializer,
    BulkCreditMemoSearchSerializer,
    FoundCreditMemosSerializer,
    NextCreditMemoNumberSerializer,
)
from ratable_server.api.campfire.translate import credit_memos as translate
from ratable_server.api.campfire.translate.invoice_payments import from_use
from ratable_server.api.campfire.translate.invoices import entity_of
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.credit_memos_accounts import (
    accounts_of,
    deferred_accounts,
    refuse_unknown_accounts,
    with_own_accounts,
)
from ratable_server.api.campfire.views.documented import PAGES, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.invoice_lines import (
    contract_named,
    furthers_of,
    lines_again,
    lines_told,
    money_of,
    products_of,
    refuse_null,
    refuse_unknown_in_lines,
    sources_of,
    wrong_line,
)
from ratable_server.api.campfire.views.invoice_lists import DAYS, SORT, WORDS, narrowed
from ratable_server.api.campfire.views.naming import names_of, refuse_unknown
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.paper_revisions import delete_paper, revise_paper
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers
from ratable_server.queries.contracts import Contract
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.papers import Paper as Row
from ratable_server.queries.papers import PapersAsked, number_to_come, papers

_FILTERS = [
    *(OpenApiParameter(name, OpenApiTypes.INT, many=True) for name in ("client", "contract", "entity")),
    OpenApiParameter("status", OpenApiTypes.STR, enum=["open", "partially_used", "used", "voided"]),
]


NUMBERED = {"paper": "credit_memo_number"}  # what a number that is taken is told by


class CreditMemos(CampfireView):
    """All credit memos."""

    own_fields = NUMBERED

    @gives(page_of(AccountingCreditMemoSerializer), parameters=[*PAGES, *DAYS, *WORDS, SORT, *_FILTERS])
    def get(self, request: Request) -> Response:
        """Credit memos by pages, the latest first."""
        return listing(
            request,
            lambda asked: papers(actor=self.actor, asked=narrowed(self.actor, request, asked, kind="credit_memo")),
            lambda rows: told(self.actor, rows),
        )

    @posts(AccountingCreditMemoSerializer, AccountingCreditMemoSerializer)
    def post(self, _request: Request) -> Response:
        """Credit a customer; the books have it at once."""
        paper, beside = said(self.actor, _read(self, is_partial=False), row=None)
        (issued,) = issue_papers(actor=self.actor, papers=[paper], besides=[beside], at=now_at())
        return Response(told(self.actor, [credit_memo_of(self.actor, issued.id)])[0], status=201)


class CreditMemo(CampfireView):
    """One credit memo."""

    own_fields = NUMBERED

    @gives(AccountingCreditMemoSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A credit memo by its id."""
        return Response(told(self.actor, [credit_memo_of(self.actor, id)])[0])

    @takes(AccountingCreditMemoSerializer, AccountingCreditMemoSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a credit memo whole again: its lines take the place of those before."""
        return self._change(id, is_partial=False)

    @takes(AccountingCreditMemoSerializer, AccountingCreditMemoSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a credit memo."""
        return self._change(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take a credit memo of an open month away that was not used, as if it had never been."""
        credit_memo_of(self.actor, id)
        delete_paper(actor=self.actor, kind="credit_memo", id=id, at=now_at())
        return Response(status=204)

    def _change(self, id: int, *, is_partial: bool) -> Response:
        self.alone("credit_memo", id, lambda: self._say(id, is_partial=is_partial))
        return Response(told(self.actor, [credit_memo_of(self.actor, id)])[0])

    def _say(self, id: int, *, is_partial: bool) -> None:
        row = credit_memo_of(self.actor, id)
        fields = _read(self, is_partial=is_partial, row=row)
        paper, beside = said(self.actor, fields, row=row, is_partial=is_partial)
        revise_paper(actor=self.actor, id=id, paper=paper, beside=beside, at=now_at())


class CreditMemoSearch(CampfireView):
    """Credit memos by their numbers."""

    roles = {"POST": "viewer"}

    @posts(BulkCreditMemoSearchSerializer, FoundCreditMemosSerializer, status=200)
    def post(self, _request: Request) -> Response:
        """Every credit memo that has one of these numbers."""
        each = self.read(BulkCreditMemoSearchSerializer)["credit_memos"]
        numbers = [one["credit_memo_number"] for one in each]
        asked = PapersAsked(kind="credit_memo", codes=numbers, limit=EVERYTHING.limit)
        return Response({"credit_memos": told(self.actor, papers(actor=self.actor, asked=asked).rows)})


class NextCreditMemoNumber(CampfireView):
    """The number of the next credit memo."""

    @gives(NextCreditMemoNumberSerializer)
    def get(self, _request: Request) -> Response:
        """The number that a credit memo without one would get now."""
        return Response({"next_credit_memo_number": number_to_come(actor=self.actor, kind="credit_memo")})


def credit_memo_of(actor: Actor, id: int) -> Row:
    """The credit memo that a path names.

    Raises:
        NotFound: there is none.
    """
    return found(papers(actor=actor, asked=PapersAsked(kind="credit_memo", ids=[id])))


def told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Credit memos, as the wire has them."""
    rows = with_own_accounts(actor, rows)
    names, products, tenant = names_of(actor, furthers_of(rows)), products_of(actor, rows), actor.tenant_id
    accounts = accounts_of(actor, furthers_of(rows))
    answers = []
    for row in rows:
        uses = [
            AccountingCreditMemoPaymentSerializer.answer(from_use(each, tenant=tenant), each.further)
            for each in row.settlements
        ]
        lines = [
            AccountingCreditMemoLineSerializer.answer(
                translate.from_line(line, names, products=products, accounts=accounts, tenant=tenant), line.further
            )
            for line in row.lines
        ]
        ours = {**translate.from_credit_memo(row, names, accounts, tenant=tenant), "lines": lines, "payments": uses}
        answers.append(AccountingCreditMemoSerializer.answer(ours, row.further))
    return answers


def said(
    actor: Actor, fields: Mapping[str, Any], *, row: Row | None, is_partial: bool = False
) -> tuple[Paper, PaperBeside]:
    """What a credit memo says, as the books have it; of a change to a part of it, the rest as it was."""
    was: dict[str, Any] = {} if row is None else {"contract": row.contract_id, "credit_memo_date": row.on}
    head = {**was, **{name: each for name, each in fields.items() if each is not None}}
    contract = contract_named(actor, head)
    lines = fields["lines"] if "lines" in fields or row is None else lines_told(row)
    paper = Paper(
        kind="credit_memo",
        contract=contract.code,
        on=head["credit_memo_date"],
        code=head.get("credit_memo_number") or None,
        lines=_lines(actor, contract, head) if "lines" in fields or row is None else lines_again(row),
    )
    further = taken(fields, row.further if row is not None and is_partial else {}, translate.OURS)
    return paper, PaperBeside(further=further, lines=[taken(each, {}, translate.OURS_OF_A_LINE) for each in lines])


def _lines(actor: Actor, contract: Contract, fields: Mapping[str, Any]) -> tuple[Line, ...]:
    sources, deferred = sources_of(actor, contract, fields), deferred_accounts(actor)
    accounts = accounts_of(actor, fields["lines"])
    lines = []
    for place, line in enumerate(fields["lines"]):
        against = translate.against_of(accounts[line["account"]], deferred)
        if against is None:
            raise wrong_line(place, "account", "A credit takes back revenue, or what was billed in advance.")
        target = sources.of(line, place) if against == "liability" else {}
        period = line.get("period_month")
        lines.append(Line(**money_of(line, place, sources.currency), **target, against=against, period=period))  # type: ignore[arg-type]
    return tuple(lines)


def _read(view: CampfireView, *, is_partial: bool, row: Row | None = None) -> dict[str, Any]:
    """The fields of a body; everything that they name is there. What the books filed themselves may be said again."""
    fields = view.read(AccountingCreditMemoSerializer, is_partial=is_partial)
    if row is not None and _says_own_lines(view.actor, fields, row):
        fields.pop("lines")
    if row is None or entity_of(row) is not None:
        refuse_null(fields, "entity")
    refuse_unknown_accounts(view.actor, fields)
    refuse_unknown(view.actor, fields)
    refuse_unknown_in_lines(view.actor, fields.get("lines") or ())
    return fields


def _says_own_lines(actor: Actor, fields: Mapping[str, Any], row: Row) -> bool:
    """Are the lines of a body those of a credit memo that the books filed, which name no account or the one that is told?"""
    said = [(line.get("amount"), line.get("tax") or 0) for line in fields.get("lines") or ()]
    if not said or any(line.further.get("account") is not None for line in row.lines):
        return False
    (told,) = with_own_accounts(actor, [row])
    return said == [(line.amount, line.tax) for line in row.lines] and all(
        line.get("account") in {None, own.further["account"]}
        for line, own in zip(fields["lines"], told.lines, strict=True)
    )
