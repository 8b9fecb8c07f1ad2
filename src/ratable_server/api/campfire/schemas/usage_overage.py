"""Billing overage by the cadence of prepaid commits: an addition to the published API."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import flag, link
from ratable_server.api.schemas import Amount, Day, Id, Schema, Whole


class OverageInvoicingInputSerializer(Schema):
    """Cycles that end by the end of this month are billed, of one contract or of all."""

    period_month = Day()
    contract = link()
    dry_run = flag()


class OverageInvoiceSerializer(Schema):
    """The overage of a prepaid commit in a cycle, with the invoice that bills it."""

    contract = Id()
    prepaid_commit = Id()
    period_start = Day()
    period_end = Day()
    invoice_date = Day()
    amount = Amount()
    invoice = Id(allow_null=True)
    invoice_number = serializers.CharField(allow_null=True)


class OverageInvoicingSerializer(Schema):
    """What was billed, or with `dry_run` what would be."""

    created = Whole()
    invoices = OverageInvoiceSerializer(many=True)
