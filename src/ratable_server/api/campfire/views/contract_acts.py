"""What can be done to contracts: looked up by name, copied, ended; what a minimum lacks; and what is not done here."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.contracts import (
    BulkContractSearchSerializer,
    ContractDuplicateResponseSerializer,
    ContractSerializer,
    MinimumCommitPreviewSerializer,
    TerminateContractResponseSerializer,
    TerminateContractSerializer,
)
from ratable_server.api.campfire.translate import contracts as translate
from ratable_server.api.campfire.translate.words import last_day
from ratable_server.api.campfire.views.contracts import contract_of, told
from ratable_server.api.campfire.views.documented import DETAIL, gives, posts
from ratable_server.api.campfire.views.naming import created
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.api.schemas import Day
from ratable_server.clock import now_at
from ratable_server.operations.amendments import ContractTermination
from ratable_server.operations.contracts import duplicate_contract
from ratable_server.operations.endings import end_contract
from ratable_server.queries.contracts import Contract as Row
from ratable_server.queries.contracts import ContractsAsked, contracts
from ratable_server.queries.credited_overage import keeping_credits
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.minimums import minimum_preview
from ratable_server.queries.papers import PapersAsked, papers

_MOST_YEARS = 50


class NotDoneError(APIException):
    """Something that the published API does and this one never will."""

    status_code = 501


class ContractSearch(CampfireView):
    """Contracts by their names."""

    roles = {"POST": "viewer"}

    @posts(BulkContractSearchSerializer, ContractSerializer(many=True), status=200)
    def post(self, _request: Request) -> Response:
        """Every contract that has one of these names."""
        fields = self.read(BulkContractSearchSerializer)
        names = [each["deal_name"] for each in fields["contracts"] if each.get("deal_name")]
        asked = ContractsAsked(names=names, limit=EVERYTHING.limit)
        return Response(told(self.actor, contracts(actor=self.actor, asked=asked).rows))


class ContractCopy(CampfireView):
    """A contract signed again."""

    @posts(None, ContractDuplicateResponseSerializer, status=200)
    def post(self, _request: Request, id: int) -> Response:
        """Sign the same terms again, with full prepaid commits and nothing that has happened since."""
        contract = contract_of(self.actor, id).code
        code = created(
            "contract",
            None,
            lambda code: duplicate_contract(actor=self.actor, contract=contract, code=code, at=now_at()),
        )
        (row,) = contracts(actor=self.actor, asked=Asked(codes=[code])).rows
        return Response({"id": row.id})


class ContractEnd(CampfireView):
    """A contract that ends before its time."""

    roles = {"POST": "approver"}

    @posts(TerminateContractSerializer, TerminateContractResponseSerializer, status=200)
    def post(self, _request: Request, id: int) -> Response:
        """End a contract with its last day of service; what is left of it becomes breakage unless it was credited."""
        row = contract_of(self.actor, id)
        fields = self.read(TerminateContractSerializer)
        _refuse_after_its_end(row, fields["termination_date"])
        invoices = _invoices(self.actor, row.id, fields)
        at, void_on = now_at(), fields.get("void_date") or fields["termination_date"]
        end_contract(
            actor=self.actor,
            termination=ContractTermination(contract=row.code, on=fields["termination_date"]),
            invoices=invoices,
            void_on=void_on,
            at=at,
            judging=partial(keeping_credits, actor=self.actor, on=max(void_on, at.date())),
        )
        return Response(
            {
                "contract_terminated": True,
                "contract_draft_id": None,
                "voided_invoice_ids": invoices,
                "drafted_invoice_ids": [],
            }
        )


class MinimumCommitPreview(CampfireView):
    """What a month lacks to its minimum."""

    @gives(MinimumCommitPreviewSerializer)
    def get(self, request: Request, id: int) -> Response:
        """What the true-up of a month would be as of now; `period_month` asks for another month than this one."""
        contract = contract_of(self.actor, id)
        on = now_at().date()
        said = request.query_params.get("period_month")
        month_on = month_of(_day(said) if said else on)
        if abs(month_on.year - on.year) > _MOST_YEARS:
            raise ValidationError({"period_month": [f"A month is told {_MOST_YEARS} years ahead at most."]})
        preview = minimum_preview(actor=self.actor, contract=contract, month_on=month_on)
        return Response(translate.from_minimum_preview(preview, contract, on=on))


class ContractParse(CampfireView):
    """Reading a contract from a PDF file."""

    operation_ids = {"POST": "parse_contract"}

    @posts(None, DETAIL, status=501)
    def post(self, _request: Request) -> Response:
        """Contracts are not read from files here."""
        raise NotDoneError(
            "Contracts are not read from PDF files here; send the contract as JSON to /rr/api/v1/contracts."
        )


def _refuse_after_its_end(row: Row, on: date) -> None:
    """Go on, unless the contract has ended by itself before that day.

    Raises:
        ValidationError: told by its field.
    """
    if row.ends_before is not None and on >= row.ends_before:
        raise ValidationError({"termination_date": [f"The contract ends on {last_day(row.ends_before)}."]})


def _invoices(actor: Actor, contract_id: int, fields: dict[str, Any]) -> list[int]:
    """The invoices that go with the contract.

    Raises:
        ValidationError: one is not there, is of another contract or void; or the day of their void is missing.
    """
    ids = sorted(set(fields.get("void_invoice_ids") or ()))
    if not ids:
        return []
    if fields.get("void_date") is None:
        raise ValidationError({"void_date": ["This field is required."]})
    asked = PapersAsked(kind="invoice", ids=ids, contract_ids=[contract_id], limit=len(ids))
    found = [invoice.id for invoice in papers(actor=actor, asked=asked).rows if invoice.voided_on is None]
    unknown = sorted(set(ids) - set(found))
    if unknown:
        raise ValidationError(
            {"void_invoice_ids": [f'Invalid pk "{each}" - object does not exist.' for each in unknown]}
        )
    return found


def _day(said: str) -> date:
    try:
        day: date = Day().run_validation(said)
    except ValidationError as error:
        raise ValidationError({"period_month": error.detail}) from None
    return day
