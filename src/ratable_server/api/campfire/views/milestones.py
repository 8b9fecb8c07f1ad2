"""`/rr/api/v1/contracts/{contract_id}/milestones`: fixed amounts earned on one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.milestones import ContractMilestoneSerializer
from ratable_server.api.campfire.translate import milestones as translate
from ratable_server.api.campfire.translate.subscriptions_evergreen import is_evergreen
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.allocations_agreed import said_bundle, sold_of
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.contracts import contract_of, refuse_other_contract
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.naming import created, names_of, refuse_unknown
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.milestones import add_milestone, delete_milestone, modify_milestone
from ratable_server.queries.contract_lines import Milestone as Row
from ratable_server.queries.contract_lines import milestones
from ratable_server.queries.fixed_splits import fixed_splits
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.revenue import RevenueAsked, revenue_transactions

_PARTS = {"amount", "quantity", "rate"}


class Milestones(CampfireView):
    """The milestones of a contract."""

    operation_ids = {"GET": "list_contract_milestones", "POST": "create_contract_milestone"}

    @gives(page_of(ContractMilestoneSerializer), parameters=[*PAGES, *SYNC])
    def get(self, request: Request, contract_id: int) -> Response:
        """Milestones by pages, in the order in which they were agreed."""
        contract_of(self.actor, contract_id)
        return listing(
            request,
            lambda asked: milestones(actor=self.actor, contract_id=contract_id, asked=asked),
            lambda rows: told(self.actor, rows),
        )

    @posts(ContractMilestoneSerializer, ContractMilestoneSerializer)
    def post(self, _request: Request, contract_id: int) -> Response:
        """Agree on a milestone; its revenue is planned at once."""
        contract = contract_of(self.actor, contract_id)
        if is_evergreen(contract):
            raise ValidationError({"error": "An evergreen contract has no milestones."})
        fields = _fields(self, contract_id, is_partial=False)
        _refuse_other_amount(fields, {})
        sold = sold_of(self.actor, fields)
        milestone_of = translate.to_milestone
        code = created(
            "milestone",
            None,
            lambda code: add_milestone(
                actor=self.actor,
                contract=contract.code,
                milestone=milestone_of(fields, code, product=sold.product, allocation=sold.allocation),
                further=sold.beside(taken(fields, {}, translate.OURS)),
                at=now_at(),
            ),
        )
        rows = milestones(actor=self.actor, contract_id=contract_id, asked=Asked(codes=[code])).rows
        return Response(told(self.actor, rows)[0], status=201)


class Milestone(CampfireView):
    """One milestone."""

    @gives(ContractMilestoneSerializer)
    def get(self, _request: Request, contract_id: int, id: int) -> Response:
        """A milestone by its id."""
        return Response(told(self.actor, [self._row(contract_id, id)])[0])

    @takes(ContractMilestoneSerializer, ContractMilestoneSerializer)
    def put(self, _request: Request, contract_id: int, id: int) -> Response:
        """Say a milestone whole again."""
        return self._change(contract_id, id, is_partial=False)

    @takes(ContractMilestoneSerializer, ContractMilestoneSerializer)
    def patch(self, _request: Request, contract_id: int, id: int) -> Response:
        """Change some of a milestone; its revenue moves with it while no closed month has it."""
        return self._change(contract_id, id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, contract_id: int, id: int) -> Response:
        """Take back a milestone that no closed month has posted and nothing was billed for."""
        row = self._row(contract_id, id)
        delete_milestone(actor=self.actor, contract=row.contract, code=row.code, at=now_at())
        return Response(status=204)

    def _row(self, contract_id: int, id: int) -> Row:
        return found(milestones(actor=self.actor, contract_id=contract_id, asked=Asked(ids=[id])))

    def _change(self, contract_id: int, id: int, *, is_partial: bool) -> Response:
        self.alone("milestone", id, lambda: self._say(contract_id, id, is_partial=is_partial))
        return Response(told(self.actor, [self._row(contract_id, id)])[0])

    def _say(self, contract_id: int, id: int, *, is_partial: bool) -> None:
        row = self._row(contract_id, id)
        sent = _fields(self, contract_id, is_partial=is_partial)
        _refuse_other_amount(sent, {**row.further, "amount": row.amount} if is_partial else {})
        fields = {**translate.said_of(row), **said_bundle(row, sent), **sent} if is_partial else sent
        sold = sold_of(self.actor, fields, was=row)
        modify_milestone(
            actor=self.actor,
            contract=row.contract,
            milestone=translate.to_milestone(fields, row.code, product=sold.product, allocation=sold.allocation),
            further=sold.beside(taken(sent, row.further if is_partial else {}, translate.OURS)),
            at=now_at(),
        )


def told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Milestones, as the wire has them."""
    names = names_of(actor, [row.further for row in rows])
    contracts = sorted({row.contract for row in rows})
    asked = RevenueAsked(contracts=contracts, kinds=["milestone"], limit=EVERYTHING.limit)
    found_revenue = revenue_transactions(actor=actor, on=now_at().date(), asked=asked).rows if rows else ()
    revenue = {row.milestone_id: row.id for row in reversed(found_revenue) if row.milestone_id is not None}
    shares = fixed_splits(actor=actor, lines=rows)
    return [
        ContractMilestoneSerializer.answer(
            translate.from_milestone(row, revenue, shares[row.id], names=names, tenant=actor.tenant_id), row.further
        )
        for row in rows
    ]


def _fields(view: CampfireView, contract_id: int, *, is_partial: bool) -> dict[str, Any]:
    """The fields of a body; everything that they name is there."""
    fields = view.read(ContractMilestoneSerializer, is_partial=is_partial)
    refuse_other_contract(fields, contract_id)
    refuse_unknown(view.actor, fields)
    return fields


def _refuse_other_amount(sent: Mapping[str, Any], was: Mapping[str, Any]) -> None:
    """Go on, unless what is sent makes the amount another one than the quantity at the rate; `was` is what it leaves.

    Raises:
        ValidationError: it does.
    """
    if sent.keys() & _PARTS and not translate.is_product_of_its_parts({**was, **sent}):
        raise ValidationError({"amount": ["It is not the quantity times the rate."]})
