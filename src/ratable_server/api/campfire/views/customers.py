"""`/coa/api/vendor` and `/rr/api/v1/customers`: who buys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.customers import ContractCustomerSerializer, VendorSerializer
from ratable_server.api.campfire.translate import customers as translate
from ratable_server.api.campfire.translate.words import Names, taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.naming import created
from ratable_server.api.campfire.views.registered import known, refuse_unknown_links
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.api.schemas import Schema
from ratable_server.clock import now_at
from ratable_server.operations.customers import create_customer, delete_customer, modify_customer
from ratable_server.queries.contracts import Contract, ContractsAsked, contracts
from ratable_server.queries.customer_totals import customer_totals
from ratable_server.queries.customers import Customer as Row
from ratable_server.queries.customers import customers
from ratable_server.queries.listing import EVERYTHING, Asked, Found

_FILTERS = [
    OpenApiParameter("q", OpenApiTypes.STR, description="A part of the name."),
    OpenApiParameter("external_id", OpenApiTypes.STR, description="Their id in another system."),
    OpenApiParameter("vendor_type", OpenApiTypes.STR, description="Only `customer` finds something."),
    OpenApiParameter("include_inactive", OpenApiTypes.BOOL, description="All are told in any case."),
    OpenApiParameter("sort", OpenApiTypes.STR, description="The order is that of the ids, whatever is asked."),
]
_LINKS = {"vendor_custom_field_1": "vendor_custom_field"}
_NEW_VENDOR = OpenApiParameter("new_vendor", OpenApiTypes.INT, description="Refused: a contract keeps its customer.")


class Vendors(CampfireView):
    """Customers, as vendors of the type `customer`."""

    @gives(page_of(VendorSerializer), parameters=[*PAGES, *SYNC, *_FILTERS])
    def get(self, request: Request) -> Response:
        """Customers by pages, in the order in which they were told."""
        return listing(
            request,
            lambda asked: _found(self.actor, request, asked),
            lambda rows: told_vendors(self.actor, rows),
        )

    @posts(VendorSerializer, VendorSerializer)
    def post(self, _request: Request) -> Response:
        """Add a customer; other types of vendors have no part in revenue."""
        fields = self.read(VendorSerializer)
        _refuse_unfit(self.actor, fields)
        code = created("customer", translate.wanted_code(fields), lambda code: _create(self.actor, fields, code))
        row = found(customers(actor=self.actor, asked=Asked(codes=[code])))
        return Response(told_vendors(self.actor, [row])[0], status=201)


class _OneCustomer(CampfireView):
    """One customer, in either shape."""

    schema_of: type[Schema]

    def _row(self, id: int) -> Row:
        return found(customers(actor=self.actor, asked=Asked(ids=[id])))

    def _change(self, id: int, *, is_partial: bool) -> Row:
        self.alone("customer", id, lambda: self._say(id, is_partial=is_partial))
        return self._row(id)

    def _say(self, id: int, *, is_partial: bool) -> None:
        row = self._row(id)
        fields = self.read(self.schema_of, is_partial=is_partial)
        _refuse_unfit(self.actor, fields)
        modify_customer(
            actor=self.actor,
            customer=row.code,
            name=fields.get("name", row.name),
            further=taken(fields, row.further if is_partial else {}, translate.OURS),
            at=now_at(),
        )

    @deletes(parameters=[_NEW_VENDOR])
    def delete(self, request: Request, id: int) -> Response:
        """Take a customer without contracts off the list."""
        if request.query_params.get("new_vendor"):
            raise ValidationError({"new_vendor": ["Contracts keep the customer with whom they were signed."]})
        delete_customer(actor=self.actor, customer=self._row(id).code, at=now_at())
        return Response(status=204)


class Vendor(_OneCustomer):
    """One customer, as a vendor."""

    schema_of = VendorSerializer

    @gives(VendorSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A customer by its id."""
        return Response(told_vendors(self.actor, [self._row(id)])[0])

    @takes(VendorSerializer, VendorSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a customer whole again."""
        return Response(told_vendors(self.actor, [self._change(id, is_partial=False)])[0])

    @takes(VendorSerializer, VendorSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a customer."""
        return Response(told_vendors(self.actor, [self._change(id, is_partial=True)])[0])


class Customers(CampfireView):
    """Customers with what their contracts come to."""

    @gives(page_of(ContractCustomerSerializer), parameters=[*PAGES, *SYNC])
    def get(self, request: Request) -> Response:
        """Customers by pages, in the order in which they were told."""
        return listing(request, lambda asked: _found(self.actor, request, asked), lambda rows: _told(self.actor, rows))


class Customer(_OneCustomer):
    """One customer with what its contracts come to."""

    schema_of = ContractCustomerSerializer

    @gives(ContractCustomerSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A customer by its id."""
        return Response(_told(self.actor, [self._row(id)])[0])

    @takes(ContractCustomerSerializer, ContractCustomerSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a customer whole again."""
        return Response(_told(self.actor, [self._change(id, is_partial=False)])[0])

    @takes(ContractCustomerSerializer, ContractCustomerSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a customer."""
        return Response(_told(self.actor, [self._change(id, is_partial=True)])[0])


def _found(actor: Actor, request: Request, asked: Asked) -> Found[Row]:
    flag_of(request, "include_inactive")  # changes nothing, and is read all the same
    types = request.query_params.getlist("vendor_type")
    if types and translate.TYPE not in types:
        return Found(count=0, rows=())
    external = request.query_params.get("external_id")
    limited = replace(asked, codes=[external]) if external else asked
    return customers(actor=actor, asked=limited, text=request.query_params.get("q", ""))


def _refuse_unfit(actor: Actor, fields: dict[str, Any]) -> None:
    refuse_unknown_links(actor, fields, links=_LINKS, many={})
    if (fields.get("vendor_type") or translate.TYPE) != translate.TYPE:
        raise ValidationError({"vendor_type": ["Only vendors of the type customer are kept here."]})


def _create(actor: Actor, fields: dict[str, Any], code: str) -> Any:
    further = taken(fields, {}, translate.OURS)
    return create_customer(actor=actor, code=code, name=fields["name"], further=further, at=now_at())


def told_vendors(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Customers as vendors."""
    names = _own_fields(actor, rows)
    return [VendorSerializer.answer(_with_own(translate.from_vendor(row, actor.tenant_id), row, names), row.further)
            for row in rows]  # fmt: skip


def _own_fields(actor: Actor, rows: Sequence[Row]) -> Names:
    named = ((kind, row.further.get(name)) for row in rows for name, kind in _LINKS.items())
    return known(actor, ((kind, each) for kind, each in named if isinstance(each, int)))


def _with_own(told: dict[str, Any], row: Row, names: Names) -> dict[str, Any]:
    """What is told of a customer, and what the value of the tenant's own field says."""
    value = names.told.get(("vendor_custom_field", row.further.get("vendor_custom_field_1") or 0), {})
    return {**told, "vendor_custom_field_1_name": value.get("value")}


def _told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    asked = ContractsAsked(customer_ids=[row.id for row in rows], limit=EVERYTHING.limit)
    signed: defaultdict[int, list[Contract]] = defaultdict(list)
    for contract in contracts(actor=actor, asked=asked).rows:
        signed[contract.customer_id].append(contract)
    on = now_at().date()
    every = [contract for own in signed.values() for contract in own]
    names = _own_fields(actor, rows)
    totals = customer_totals(actor=actor, contracts=every, on=on)
    return [
        ContractCustomerSerializer.answer(
            {
                **_with_own(translate.from_customer(row, signed[row.id], actor.tenant_id, on=on), row, names),
                **translate.from_totals(totals.get(row.id)),
            },
            row.further,
        )
        for row in rows
    ]
