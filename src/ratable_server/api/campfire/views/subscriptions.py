"""`/rr/api/v1/contracts/{contract_id}/subscriptions`: fixed amounts earned over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.subscriptions import ContractSubscriptionSerializer
from ratable_server.api.campfire.translate import subscriptions as translate
from ratable_server.api.campfire.translate import subscriptions_evergreen as translate_evergreen
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.allocations_agreed import said_bundle, sold_of
from ratable_server.api.campfire.views.asking import found, limits_of
from ratable_server.api.campfire.views.contracts import contract_of
from ratable_server.api.campfire.views.documented import SYNC, deletes, gives, posts, takes
from ratable_server.api.campfire.views.naming import created, names_of
from ratable_server.api.campfire.views.subscriptions_fields import said_subscription
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.subscriptions import add_subscription, delete_subscription, modify_subscription
from ratable_server.queries.catalog import products
from ratable_server.queries.contract_lines import Subscription as Row
from ratable_server.queries.contract_lines import subscriptions
from ratable_server.queries.contracts import Contract
from ratable_server.queries.fixed_splits import fixed_splits
from ratable_server.queries.listing import EVERYTHING, Asked

_MANY = ContractSubscriptionSerializer(many=True)


class Subscriptions(CampfireView):
    """The subscriptions of a contract."""

    operation_ids = {"GET": "list_contract_subscriptions", "POST": "create_contract_subscription"}

    @gives(_MANY, parameters=SYNC)
    def get(self, request: Request, contract_id: int) -> Response:
        """All of them, in the order in which they were agreed."""
        contract_of(self.actor, contract_id)
        asked = replace(limits_of(request), limit=EVERYTHING.limit)
        return Response(told(self.actor, subscriptions(actor=self.actor, contract_id=contract_id, asked=asked).rows))

    @posts(ContractSubscriptionSerializer, ContractSubscriptionSerializer)
    def post(self, _request: Request, contract_id: int) -> Response:
        """Agree on a subscription; its revenue is planned at once."""
        contract = contract_of(self.actor, contract_id)
        sent = said_subscription(self, contract, is_partial=False)
        fields = _planned({**sent, "proration_method": translate.proration_of(sent)}, contract)
        sold = sold_of(self.actor, fields)
        code = created(
            "subscription",
            None,
            lambda code: add_subscription(
                actor=self.actor,
                contract=contract.code,
                subscription=_agreed(fields, code, contract, sold=sold),
                further=sold.beside(taken(fields, {}, translate.OURS)),
                at=now_at(),
            ),
        )
        rows = subscriptions(actor=self.actor, contract_id=contract_id, asked=Asked(codes=[code])).rows
        return Response(told(self.actor, rows)[0], status=201)


class Subscription(CampfireView):
    """One subscription."""

    @gives(ContractSubscriptionSerializer)
    def get(self, _request: Request, contract_id: int, id: int) -> Response:
        """A subscription by its id."""
        return Response(told(self.actor, [subscription_of(self.actor, contract_id, id)])[0])

    @takes(ContractSubscriptionSerializer, ContractSubscriptionSerializer)
    def put(self, _request: Request, contract_id: int, id: int) -> Response:
        """Say a subscription whole again; its worth stays where nothing says another."""
        return self._change(contract_id, id, is_partial=False)

    @takes(ContractSubscriptionSerializer, ContractSubscriptionSerializer)
    def patch(self, _request: Request, contract_id: int, id: int) -> Response:
        """Change some of a subscription: open months anew, of closed ones the difference in the first open month."""
        return self._change(contract_id, id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, contract_id: int, id: int) -> Response:
        """Take back a subscription that no closed month has posted and nothing was billed for."""
        row = subscription_of(self.actor, contract_id, id)
        delete_subscription(actor=self.actor, contract=row.contract, code=row.code, at=now_at())
        return Response(status=204)

    def _change(self, contract_id: int, id: int, *, is_partial: bool) -> Response:
        self.alone("subscription", id, lambda: self._say(contract_id, id, is_partial=is_partial))
        return Response(told(self.actor, [subscription_of(self.actor, contract_id, id)])[0])

    def _say(self, contract_id: int, id: int, *, is_partial: bool) -> None:
        row, contract = subscription_of(self.actor, contract_id, id), contract_of(self.actor, contract_id)
        sent = said_subscription(self, contract, is_partial=is_partial)
        fields = {**translate.said_of(row), **said_bundle(row, sent), **sent} if is_partial else dict(sent)
        fields["proration_method"] = translate.proration_of(sent, row if is_partial else None)
        if translate_evergreen.is_evergreen(contract) and translate_evergreen.PLANS & set(sent):
            fields = _planned(fields, contract)
            sent = {**sent, "renewal_behavior": fields["renewal_behavior"]}
        sold = sold_of(self.actor, fields, was=row)
        subscription = _agreed(fields, row.code, contract, sold=sold, was=row)
        before = dict(row.further) if is_partial else {}
        if subscription.total_value != row.total_value:
            before.pop("mrr", None)
        further = sold.beside(taken(sent, before, translate.OURS))
        modify_subscription(
            actor=self.actor, contract=row.contract, subscription=subscription, further=further, at=now_at()
        )


def subscription_of(actor: Actor, contract_id: int, id: int) -> Row:
    """The subscription that a path names, of the contract that it names.

    Raises:
        NotFound: there is none.
    """
    return found(subscriptions(actor=actor, contract_id=contract_id, asked=Asked(ids=[id])))


def told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Subscriptions, as the wire has them."""
    names = names_of(actor, [row.further for row in rows])
    shares = fixed_splits(actor=actor, lines=rows)
    ids = sorted({row.product_id for row in rows if row.product_id is not None})
    sold = (
        {each.id: each for each in products(actor=actor, asked=Asked(ids=ids, limit=EVERYTHING.limit)).rows}
        if ids
        else {}
    )
    return [
        ContractSubscriptionSerializer.answer(
            translate.from_subscription(
                row, shares[row.id], names, tenant=actor.tenant_id, product=sold.get(row.product_id or 0)
            ),
            row.further,
        )
        for row in rows
    ]


def _planned(fields: dict[str, Any], contract: Contract) -> dict[str, Any]:
    """What a body says; under an evergreen contract with a line for each billing period that is planned.

    Raises:
        ValidationError: it does not fit the billing periods.
    """
    if not translate_evergreen.is_evergreen(contract):
        return fields
    try:
        return translate_evergreen.fields_of(fields, contract, on=now_at().date())
    except translate.UntellableError as wrong:
        raise ValidationError({wrong.field: [str(wrong)]}) from None


def _agreed(fields: dict[str, Any], code: str, contract: Contract, *, sold: Any, was: Row | None = None) -> Any:
    """The terms of a body.

    Raises:
        ValidationError: it does not say enough.
    """
    try:
        return translate.to_subscription(
            fields, code, product=sold.product, allocation=sold.allocation, contract=contract, was=was
        )
    except translate.UntellableError as wrong:
        raise ValidationError({wrong.field: [str(wrong)]}) from None
