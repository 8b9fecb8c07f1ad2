"""`/rr/api/v1/contracts/{contract_id}/prepaid-commits`: pools of money paid in advance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.prepaid_commits import (
    ContractPrepaidCommitSerializer,
    PrepaidCommitSummarySerializer,
)
from ratable_server.api.campfire.translate import prepaid_commits as translate
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.contracts import contract_of, product_code
from ratable_server.api.campfire.views.documented import PAGES, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.naming import created, names_of, refuse_unknown, tags_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.prepaid_commits import (
    delete_prepaid_commit,
    grant_prepaid_commit,
    modify_prepaid_commit,
)
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.prepaid_commits import PrepaidCommit as Row
from ratable_server.queries.prepaid_commits import prepaid_balances, prepaid_commits
from ratable_server.queries.prepaid_summary import prepaid_summary, utilization_percentage


class PrepaidCommits(CampfireView):
    """The prepaid commits of a contract."""

    operation_ids = {"GET": "list_prepaid_commits", "POST": "create_prepaid_commit"}

    @gives(page_of(ContractPrepaidCommitSerializer), parameters=PAGES)
    def get(self, request: Request, contract_id: int) -> Response:
        """Prepaid commits by pages, in the order in which they were granted."""
        contract_of(self.actor, contract_id)
        return listing(
            request,
            lambda asked: prepaid_commits(actor=self.actor, contract_id=contract_id, asked=asked),
            lambda rows: told(self.actor, rows),
        )

    @posts(ContractPrepaidCommitSerializer, ContractPrepaidCommitSerializer)
    def post(self, _request: Request, contract_id: int) -> Response:
        """Grant a prepaid commit to a contract that is signed."""
        contract = contract_of(self.actor, contract_id)
        fields = fields_of(self, is_partial=False)
        kind = translate.kind_after(contract.code, _granted(self.actor, contract_id))
        code = created(kind, None, lambda code: _grant(self.actor, contract.code, fields, code=code))
        rows = prepaid_commits(actor=self.actor, asked=Asked(codes=[code])).rows
        return Response(told(self.actor, rows)[0], status=201)


class PrepaidCommit(CampfireView):
    """One prepaid commit."""

    operation_ids = {
        "GET": "get_prepaid_commit",
        "PUT": "update_prepaid_commit",
        "PATCH": "partial_update_prepaid_commit",
        "DELETE": "delete_prepaid_commit",
    }

    @gives(ContractPrepaidCommitSerializer)
    def get(self, _request: Request, contract_id: int, id: int) -> Response:
        """A prepaid commit by its id."""
        return Response(told(self.actor, [commit_of(self.actor, contract_id, id)])[0])

    @takes(ContractPrepaidCommitSerializer, ContractPrepaidCommitSerializer)
    def put(self, _request: Request, contract_id: int, id: int) -> Response:
        """Say a prepaid commit whole again."""
        return self._change(contract_id, id, is_partial=False)

    @takes(ContractPrepaidCommitSerializer, ContractPrepaidCommitSerializer)
    def patch(self, _request: Request, contract_id: int, id: int) -> Response:
        """Change some of a prepaid commit."""
        return self._change(contract_id, id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, contract_id: int, id: int) -> Response:
        """Take back a prepaid commit that nothing has drawn on and that was not invoiced."""
        row = commit_of(self.actor, contract_id, id)
        delete_prepaid_commit(actor=self.actor, contract=row.contract, code=row.code, at=now_at())
        return Response(status=204)

    def _change(self, contract_id: int, id: int, *, is_partial: bool) -> Response:
        self.alone("prepaid_commit", id, lambda: self._say(contract_id, id, is_partial=is_partial))
        return Response(told(self.actor, [commit_of(self.actor, contract_id, id)])[0])

    def _say(self, contract_id: int, id: int, *, is_partial: bool) -> None:
        row = commit_of(self.actor, contract_id, id)
        fields = fields_of(self, is_partial=is_partial)
        product = product_code(self.actor, fields)
        modify_prepaid_commit(
            actor=self.actor,
            contract=row.contract,
            commit=translate.changed(fields, row, product=product, is_partial=is_partial),
            name=fields.get("name"),
            further=taken(fields, row.further if is_partial else {}, translate.OURS),
            at=now_at(),
        )


class PrepaidCommitSummary(CampfireView):
    """All prepaid commits of a contract in one look."""

    operation_ids = {"GET": "get_prepaid_commit_summary"}

    @gives(PrepaidCommitSummarySerializer)
    def get(self, _request: Request, contract_id: int) -> Response:
        """Where the prepaid commits of a contract stand today."""
        contract = contract_of(self.actor, contract_id)
        summary = prepaid_summary(actor=self.actor, contract=contract, on=now_at().date())
        return Response(translate.from_summary(summary, contract, utilization_percentage))


def commit_of(actor: Actor, contract_id: int, id: int) -> Row:
    """The prepaid commit that a path names, of the contract that it names.

    Raises:
        NotFound: there is none.
    """
    return found(prepaid_commits(actor=actor, contract_id=contract_id, asked=Asked(ids=[id])))


def told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Prepaid commits, as the wire has them."""
    names = names_of(actor, [row.further for row in rows])
    balances = prepaid_balances(actor=actor, commits=rows, on=now_at().date())
    return [
        ContractPrepaidCommitSerializer.answer(
            translate.from_prepaid_commit(row, balances[row.code], names), row.further
        )
        for row in rows
    ]


def fields_of(view: CampfireView, *, is_partial: bool) -> dict[str, Any]:
    """The fields of a body, with tags in one form; everything that they name is there."""
    fields = view.read(ContractPrepaidCommitSerializer, is_partial=is_partial)
    if "tags" in fields:
        fields["tag_ids"] = tags_of(view.actor, fields.pop("tags"))
    refuse_unknown(view.actor, fields)
    return fields


def _granted(actor: Actor, contract_id: int) -> int:
    """The id of the prepaid commit that was granted last; 0: none was."""
    rows = prepaid_commits(actor=actor, contract_id=contract_id, asked=EVERYTHING).rows
    return max((row.id for row in rows), default=0)


def _grant(actor: Actor, contract: str, fields: dict[str, Any], *, code: str) -> Any:
    return grant_prepaid_commit(
        actor=actor,
        contract=contract,
        commit=translate.to_prepaid_commit(fields, code, product=product_code(actor, fields)),
        name=fields["name"],
        further=taken(fields, {}, translate.OURS),
        at=now_at(),
    )
