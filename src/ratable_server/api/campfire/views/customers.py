"""`/coa/api/vendor` and `/rr/api/v1/customers`: who buys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.customers import ContractCustomerSerializer, VendorSerializer
from ratable_server.api.campfire.translate import customers as translate
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, gives, page_of, posts
from ratable_server.api.campfire.views.naming import created
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.customers import create_customer
from ratable_server.queries.contracts import ContractsAsked, contracts
from ratable_server.queries.customers import Customer as Row
from ratable_server.queries.customers import customers
from ratable_server.queries.listing import EVERYTHING, Asked

COA = "Core Accounting"


class Vendors(CampfireView):
    """Customers, as vendors of the type `customer`."""

    @gives(page_of(VendorSerializer), parameters=[*PAGES, *SYNC])
    def get(self, request: Request) -> Response:
        """Customers by pages, in the order in which they were told; `q` looks for a part of their name."""
        text = request.query_params.get("q", "")
        return listing(
            request,
            lambda asked: customers(actor=self.actor, asked=asked, text=text),
            lambda rows: [_told_vendor(self.actor, row) for row in rows],
        )

    @posts(VendorSerializer, VendorSerializer)
    def post(self, _request: Request) -> Response:
        """Add a customer; other types of vendors have no part in revenue."""
        fields = self.read(VendorSerializer)
        if (fields.get("vendor_type") or translate.TYPE) != translate.TYPE:
            raise ValidationError({"vendor_type": ["Only vendors of the type customer are kept here."]})
        code = created("customer", translate.wanted_code(fields), lambda code: _create(self.actor, fields, code))
        row = found(customers(actor=self.actor, asked=Asked(codes=[code])))
        return Response(_told_vendor(self.actor, row), status=201)


class Vendor(CampfireView):
    """One customer, as a vendor."""

    @gives(VendorSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A customer by its id."""
        return Response(_told_vendor(self.actor, found(customers(actor=self.actor, asked=Asked(ids=[id])))))


class Customers(CampfireView):
    """Customers with what their contracts come to."""

    @gives(page_of(ContractCustomerSerializer), parameters=[*PAGES, *SYNC])
    def get(self, request: Request) -> Response:
        """Customers by pages, in the order in which they were told."""
        return listing(
            request,
            lambda asked: customers(actor=self.actor, asked=asked, text=request.query_params.get("q", "")),
            lambda rows: _told(self.actor, rows),
        )


class Customer(CampfireView):
    """One customer with what its contracts come to."""

    @gives(ContractCustomerSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A customer by its id."""
        return Response(_told(self.actor, [found(customers(actor=self.actor, asked=Asked(ids=[id])))])[0])


def _create(actor: Actor, fields: dict[str, Any], code: str) -> Any:
    further = taken(fields, {}, translate.OURS)
    return create_customer(actor=actor, code=code, name=fields["name"], further=further, at=now_at())


def _told_vendor(actor: Actor, row: Row) -> dict[str, Any]:
    return VendorSerializer.answer(translate.from_vendor(row, actor.tenant_id), row.further)


def _told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    asked = ContractsAsked(customer_ids=[row.id for row in rows], limit=EVERYTHING.limit)
    signed = contracts(actor=actor, asked=asked).rows
    on = now_at().date()
    return [
        ContractCustomerSerializer.answer(
            translate.from_customer(
                row, [each for each in signed if each.customer_id == row.id], actor.tenant_id, on=on
            ),
            {**translate.ZERO_SUMS, **row.further},
        )
        for row in rows
    ]
