"""What stands around `/coa/api/vendor`: vendors looked up at once, their sums, their contacts, a field of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.campfire.schemas.customers import VendorContactSerializer, VendorSerializer
from ratable_server.api.campfire.schemas.vendors import (
    BulkVendorSearchSerializer,
    VendorCustomField1Serializer,
    VendorSummarySerializer,
)
from ratable_server.api.campfire.translate import customers as translate
from ratable_server.api.campfire.translate import vendors as around
from ratable_server.api.campfire.translate.words import Names
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.customers import told_vendors
from ratable_server.api.campfire.views.documented import PAGES, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.registered import RegisterView, new_code
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.vendors import NewCustomer, add_contact, add_customers
from ratable_server.queries.customers import Customer, customers, customers_named
from ratable_server.queries.listing import EVERYTHING, Asked, Found, page_of_made
from ratable_server.queries.register import Entry, register


class VendorSearch(CampfireView):
    """Vendors by their ids in another system or by their names."""

    @posts(BulkVendorSearchSerializer, VendorSerializer(many=True), status=200)
    def post(self, _request: Request) -> Response:
        """Every vendor that is one of these; with `upsert` those that are missing are made, as customers."""
        fields = self.read(BulkVendorSearchSerializer)
        wanted = fields["vendors"]
        there, missing = around.matched(wanted, self._named(wanted))
        if fields.get("upsert") and missing:
            _refuse_other_types(missing)
            add_customers(actor=self.actor, named=[_new(each) for each in missing], at=now_at())
            made, _ = around.matched(missing, self._named(missing))
            there = [*there, *made]
        return Response(told_vendors(self.actor, there))

    def _named(self, wanted: Sequence[Any]) -> list[Customer]:
        external = [each["external_id"] for each in wanted if each.get("external_id")]
        names = [each["name"] for each in wanted]
        return customers_named(actor=self.actor, names=names, external_ids=external)


class VendorSummaries(CampfireView):
    """What was bought from whom."""

    operation_ids = {"GET": "list_vendor_summaries"}

    @gives(page_of(VendorSummarySerializer), parameters=PAGES)
    def get(self, request: Request) -> Response:
        """Vendors by pages; those of a revenue subledger are customers, from whom nothing is bought."""
        return listing(
            request,
            lambda asked: customers(actor=self.actor, asked=asked),
            lambda rows: [VendorSummarySerializer.answer(around.from_summary(row), {}) for row in rows],
        )


class VendorContacts(CampfireView):
    """The people to write to at a vendor."""

    @gives(page_of(VendorContactSerializer), parameters=PAGES)
    def get(self, request: Request, id: int) -> Response:
        """Contacts by pages, in the order in which they were told."""
        contacts = self._contacts(id)

        def ask(asked: Asked) -> Found[dict[str, Any]]:
            return page_of_made([] if asked.is_deleted else contacts, asked)

        return listing(request, ask, list)

    @posts(VendorContactSerializer, VendorContactSerializer)
    def post(self, _request: Request, id: int) -> Response:
        """Add somebody to write to."""
        row = found(customers(actor=self.actor, asked=Asked(ids=[id])))
        contact = self.read(VendorContactSerializer)
        place = add_contact(actor=self.actor, customer=row.code, contact=contact, at=now_at())
        return Response(self._contacts(id)[place - 1], status=201)

    def _contacts(self, id: int) -> list[dict[str, Any]]:
        row = found(customers(actor=self.actor, asked=Asked(ids=[id])))
        contacts: list[dict[str, Any]] = translate.from_vendor(row, self.actor.tenant_id)["contacts"]
        return contacts


class _OfCustomFields(RegisterView):
    kind = "vendor_custom_field"
    schema_of = VendorCustomField1Serializer

    @override
    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        return [{} for _ in entries]


class VendorCustomFields(_OfCustomFields):
    """All values of the field, in no pages."""

    operation_ids = {"GET": "list_vendor_custom_fields", "POST": "create_vendor_custom_field"}

    @gives(VendorCustomField1Serializer(many=True))
    def get(self, _request: Request) -> Response:
        """The values, in the order in which they were told."""
        return Response(self.told(register(actor=self.actor, kind=self.kind, asked=EVERYTHING).rows))

    @posts(VendorCustomField1Serializer, VendorCustomField1Serializer)
    def post(self, _request: Request) -> Response:
        """Add a value."""
        return self.created()


class VendorCustomField(_OfCustomFields):
    """One value of the field."""

    operation_ids = {
        "GET": "get_vendor_custom_field",
        "PUT": "update_vendor_custom_field",
        "PATCH": "partial_update_vendor_custom_field",
        "DELETE": "delete_vendor_custom_field",
    }

    @gives(VendorCustomField1Serializer)
    def get(self, _request: Request, id: int) -> Response:
        """A value by its id."""
        return Response(self.told([self.row(id)])[0])

    @takes(VendorCustomField1Serializer, VendorCustomField1Serializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a value again."""
        return self.changed(id, is_partial=False)

    @takes(VendorCustomField1Serializer, VendorCustomField1Serializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change a value."""
        return self.changed(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take a value away that no vendor has."""
        return self.removed(id)


def _new(wanted: Any) -> NewCustomer:
    further = {name: wanted[name] for name in ("external_id", "email") if wanted.get(name)}
    code = translate.wanted_code(wanted) or new_code("customer")
    return NewCustomer(code=code, name=wanted["name"], further=further)


def _refuse_other_types(wanted: Sequence[Any]) -> None:
    if any((each.get("vendor_type") or translate.TYPE) != translate.TYPE for each in wanted):
        raise ValidationError({"vendors": ["Only vendors of the type customer are kept here."]})
