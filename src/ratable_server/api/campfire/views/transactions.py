"""`/rr/api/v1/transactions`: revenue, posted and planned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.transactions import RevenueTransactionSerializer
from ratable_server.api.campfire.translate import transactions as translate
from ratable_server.api.campfire.views.asking import found, limits_of, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, gives, page_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.queries.catalog import products
from ratable_server.queries.contracts import contracts
from ratable_server.queries.listing import Asked
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions


class Transactions(CampfireView):
    """All revenue."""

    operation_ids = {"GET": "list_revenue_transactions"}

    @gives(page_of(RevenueTransactionSerializer), parameters=[*PAGES, *SYNC])
    def get(self, request: Request) -> Response:
        """Revenue by pages, by the month that books it: what closed months posted, and what open ones come to."""
        limits = limits_of(request)
        return listing(
            request,
            lambda asked: revenue_transactions(actor=self.actor, on=now_at().date(), asked=_revenue(limits, asked)),
            lambda rows: told(self.actor, rows),
        )


class Transaction(CampfireView):
    """One amount of revenue."""

    @gives(RevenueTransactionSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """An amount of revenue by its id, which it keeps when it is posted."""
        row = found(revenue_transactions(actor=self.actor, on=now_at().date(), asked=RevenueAsked(ids=[id])))
        return Response(told(self.actor, [row])[0])


def told(actor: Actor, rows: Sequence[RevenueTransaction]) -> list[dict[str, Any]]:
    """Revenue, as the wire has it."""
    contract_ids = sorted({row.contract_id for row in rows})
    product_ids = sorted({row.product_id for row in rows if row.product_id is not None})
    signed = translate.by_id(contracts(actor=actor, asked=_all_of(contract_ids)).rows if contract_ids else ())
    sold = translate.by_id(products(actor=actor, asked=_all_of(product_ids)).rows if product_ids else ())
    on = now_at().date()
    return [
        RevenueTransactionSerializer.answer(
            translate.from_transaction(
                row, signed.get(row.contract_id), sold.get(row.product_id or 0), tenant=actor.tenant_id, on=on
            ),
            {},
        )
        for row in rows
    ]


def _all_of(ids: Sequence[int]) -> Asked:
    return Asked(ids=ids, limit=len(ids))


def _revenue(limits: Asked, asked: Asked) -> RevenueAsked:
    return RevenueAsked(
        limit=asked.limit,
        offset=asked.offset,
        modified_from=limits.modified_from,
        modified_through=limits.modified_through,
        is_deleted=limits.is_deleted,
    )
