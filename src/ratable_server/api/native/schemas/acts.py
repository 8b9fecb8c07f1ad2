"""What happens to contracts, on the wire: in the words of a case file and of the command line."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

from rest_framework import serializers

from ratable.terms import Policy
from ratable_server.api.native.schemas.fields import MOST_WORDS, Code, Flag, Moment, Month, NativeSchema, Number, Text
from ratable_server.api.native.schemas.paging import PageAsked
from ratable_server.api.native.schemas.terms import BundleLineSerializer
from ratable_server.api.schemas import Day

_ON = "Its day; today, UTC, by default."
_ID = "Its number; filed under the same number again it is refused."


class FiledSerializer(NativeSchema):
    """How a fact is filed: its day, and the month that books it."""

    id = Code()
    number = serializers.IntegerField(
        help_text="Of the fact: facts are numbered in the order in which they are learned."
    )
    on = Day()
    month = Month()


class InvoiceSerializer(NativeSchema):
    """An invoice: of the one thing that it names, or else of what is unbilled, the oldest first."""

    contract = Code()
    amount = Number(help_text="Without tax.")
    prepaid_commit = Code(required=False)
    subscription = Code(required=False)
    milestone = Code(required=False)
    of_usage = Flag(required=False, help_text="It is of usage alone, with its overage and true-ups.")
    on = Day(required=False, help_text=_ON)
    id = Code(required=False, help_text=_ID)


class PaymentSerializer(NativeSchema):
    """Cash for what was invoiced."""

    contract = Code()
    amount = Number()
    on = Day(required=False, help_text=_ON)
    id = Code(required=False, help_text=_ID)


class CreditMemoSerializer(NativeSchema):
    """What takes revenue back, or what is left of the prepaid commit that it names."""

    contract = Code()
    amount = Number()
    period = Month(required=False, help_text="The month whose revenue it takes back.")
    prepaid_commit = Code(required=False)
    on = Day(required=False, help_text=_ON)
    id = Code(required=False, help_text=_ID)


class AdjustmentSerializer(NativeSchema):
    """What corrects a closed month of a prepaid commit; below zero it gives back."""

    prepaid_commit = Code()
    period = Month(help_text="The closed month that is corrected.")
    amount = Number(help_text="List value.")
    on = Day(required=False, help_text=_ON)
    id = Code(required=False, help_text=_ID)


class TopUpSerializer(NativeSchema):
    """More value for a prepaid commit: an amount, or units of a pool of units. It counts for the month that books it."""

    prepaid_commit = Code()
    amount = Number(required=False)
    units = Number(required=False)
    on = Day(required=False, help_text=_ON)


class EstimateSerializer(NativeSchema):
    """Which part of a prepaid commit is expected to lapse, from the month that books it on."""

    prepaid_commit = Code()
    expected_breakage_percentage = Number()
    on = Day(required=False, help_text=_ON)


class AllocationSerializer(NativeSchema):
    """Other shares for a usage item of a bundle, for all its months; what differs is booked in an open one."""

    item = Code()
    lines = BundleLineSerializer(many=True, allow_empty=False)
    on = Day(required=False, help_text=_ON)


class TerminationSerializer(NativeSchema):
    """A contract that ends before its time: its last day of service, and what is paid back of what was prepaid."""

    contract = Code()
    date = Day(help_text="The last day of service.")
    refund = Number(required=False)


class ReversalSerializer(NativeSchema):
    """A posted journal entry that is taken back by another one."""

    entry = Code()
    reason = Text(max_length=MOST_WORDS)
    on = Day(required=False, help_text=_ON)


class VoidSerializer(NativeSchema):
    """A record of usage that is taken back; its id stays taken."""

    id = Code()


class VoidedSerializer(NativeSchema):
    """What was taken back."""

    id = Code()
    is_void = serializers.BooleanField()


class DocumentSerializer(NativeSchema):
    """An invoice, a payment or a credit memo as it is filed; `voided_on` is null while it stands."""

    id = Code()
    kind = serializers.ChoiceField(choices=["invoice", "payment", "credit_memo"])
    contract = Code()
    currency = Text()
    amount = Number()
    on = Day()
    month = Month()
    number = serializers.IntegerField()
    of_usage = serializers.BooleanField(help_text="An invoice of usage alone, with its overage and true-ups.")
    voided_on = Day(allow_null=True)
    created_at = Moment()


class DocumentsAsked(PageAsked):
    """Which documents to list."""

    contract = Code(required=False, help_text="Those of one contract.")


class PolicySerializer(NativeSchema):
    """The accounting policy that everything is computed under."""


class TwoPersonCloseSerializer(NativeSchema):
    """Does a close need somebody else than who computed it?"""

    is_wanted = Flag()


def _choice(name: str) -> serializers.Field:  # type: ignore[type-arg]
    kind = get_type_hints(Policy)[name]
    if kind is bool:
        return Flag(required=False)
    return serializers.ChoiceField(choices=get_args(kind), required=False)


for _field in fields(Policy):
    PolicySerializer._declared_fields[_field.name] = _choice(_field.name)  # noqa: SLF001 - one field for each choice
