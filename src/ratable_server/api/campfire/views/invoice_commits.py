"""`/rr/api/v1/contracts/{contract_id}/prepaid-commits/{commit_id}/invoice`: an extension, where the API has no way to bill one."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.invoices import AccountingInvoiceSerializer, PrepaidCommitInvoiceSerializer
from ratable_server.api.campfire.views.contracts import contract_of
from ratable_server.api.campfire.views.documented import posts
from ratable_server.api.campfire.views.invoices import invoice_of, told
from ratable_server.api.campfire.views.naming import refuse_unknown
from ratable_server.api.campfire.views.prepaid_commits import commit_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers


class PrepaidCommitInvoice(CampfireView):
    """The invoice of a prepaid commit."""

    operation_ids = {"POST": "invoice_prepaid_commit"}

    @posts(PrepaidCommitInvoiceSerializer, AccountingInvoiceSerializer)
    def post(self, _request: Request, contract_id: int, commit_id: int) -> Response:
        """Bill a prepaid commit as a whole, once. It stays so until that invoice is void."""
        commit_of(self.actor, contract_id, commit_id)
        issued = self.alone("prepaid_commit", commit_id, lambda: self._bill(contract_id, commit_id))
        return Response(told(self.actor, [invoice_of(self.actor, issued)])[0], status=201)

    def _bill(self, contract_id: int, commit_id: int) -> int:
        commit = commit_of(self.actor, contract_id, commit_id)
        contract = contract_of(self.actor, contract_id)
        fields = self.read(PrepaidCommitInvoiceSerializer)
        refuse_unknown(self.actor, fields)
        if commit.invoices:
            raise ValidationError({"error": f"Invoice {commit.invoices[-1]} has billed it."})
        on = fields["invoice_date"]
        paper = Paper(
            kind="invoice",
            contract=contract.code,
            on=on,
            due_on=fields.get("due_date") or on,
            code=fields.get("invoice_number") or None,
            lines=(Line(amount=commit.total_value + commit.added, prepaid_commit=commit.code),),
        )
        entity = fields.get("entity") or commit.further.get("entity") or contract.further.get("entity")
        line = {"description": commit.name or commit.code, "product": commit.product_id}
        beside = PaperBeside(further={"entity": entity} if entity else {}, lines=[line])
        (issued,) = issue_papers(actor=self.actor, papers=[paper], besides=[beside], at=now_at())
        return issued.id
