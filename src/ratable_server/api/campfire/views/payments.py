"""`/coa/api/v1/invoice-payments`: every payment of an invoice, to be synchronized."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.invoice_payments import InvoicePaymentSyncSerializer
from ratable_server.api.campfire.translate.invoice_payments import from_sync
from ratable_server.api.campfire.views.asking import listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, gives, page_of
from ratable_server.api.campfire.views.flags import flag_of, said_flag
from ratable_server.api.campfire.views.registered import ids_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.queries.listing import Asked, Found
from ratable_server.queries.settlements import Settlement, SettlementsAsked, settlements

_FILTERS = [
    OpenApiParameter("invoice_id", OpenApiTypes.INT),
    OpenApiParameter("external_id", OpenApiTypes.STR, description="Their id in another system."),
    OpenApiParameter("voided", OpenApiTypes.BOOL, description="Those that were taken back, or those that stand."),
    OpenApiParameter("cursor", OpenApiTypes.STR, description="Pages are told by `next` in any case."),
    OpenApiParameter("skip_count", OpenApiTypes.BOOL, description="The count is told in any case."),
]


class InvoicePayments(CampfireView):
    """All payments of invoices."""

    @gives(page_of(InvoicePaymentSyncSerializer), parameters=[*PAGES, *SYNC, *_FILTERS])
    def get(self, request: Request) -> Response:
        """Payments by pages, those that were changed last at the end; also those that were taken back."""

        def asked_for(asked: Asked) -> Found[Settlement]:
            return settlements(actor=self.actor, asked=_asked(request, asked))

        return listing(
            request, asked_for, lambda rows: [InvoicePaymentSyncSerializer.answer(from_sync(row), {}) for row in rows]
        )


def _asked(request: Request, asked: Asked) -> SettlementsAsked:
    said = request.query_params
    limits: dict[str, Any] = {
        "limit": asked.limit,
        "offset": asked.offset,
        "modified_from": asked.modified_from,
        "modified_through": asked.modified_through,
    }
    flag_of(request, "skip_count")  # changes nothing, and is read all the same
    void = said_flag(request, "voided")
    wanted = SettlementsAsked(**limits, invoice_ids=ids_of(request, "invoice_id"), external_id=said.get("external_id"))
    return wanted if void is None else replace(wanted, is_void=void)
