"""What comes after signing: `/api/v1/adjustments`, `…/top-ups`, `…/breakage-estimates`, `…/allocations`, `…/terminations`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.native.schemas.acts import (
    AdjustmentSerializer,
    AllocationSerializer,
    EstimateSerializer,
    FiledSerializer,
    ReversalSerializer,
    TerminationSerializer,
    TopUpSerializer,
    VoidedSerializer,
    VoidSerializer,
)
from ratable_server.api.native.translate import acts as translate
from ratable_server.api.native.views.documented import posts
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.clock import now_at
from ratable_server.operations.allocations import change_allocation
from ratable_server.operations.amendments import adjust_consumption, terminate_contract
from ratable_server.operations.journals import reverse_entry
from ratable_server.operations.prepaid_commits import estimate_breakage, top_up_prepaid_commit
from ratable_server.operations.told import Filed
from ratable_server.operations.usage import void_usage


class Adjustments(NativeView):
    """Corrections of closed months."""

    names = MappingProxyType(
        {
            "adjustment_must_name_a_closed_period": "period",
            "adjustment_must_not_make_usage_negative": "amount",
            "contract_must_not_be_terminated": "prepaid_commit",
        }
    )

    @posts(AdjustmentSerializer, FiledSerializer, operation_id="adjust_consumption")
    def post(self, _request: Request) -> Response:
        """Correct what a closed month has drawn of a prepaid commit; booked in an open month."""
        fields, at = self.read(AdjustmentSerializer), now_at()
        adjustment = translate.to_adjustment(fields)
        on = fields.get("on", at.date())
        return _filed(adjust_consumption(actor=self.actor, adjustment=adjustment, on=on, at=at))


class TopUps(NativeView):
    """More value for prepaid commits."""

    @property
    @override
    def names(self) -> Mapping[str, str]:  # type: ignore[override]
        """An amount is money or units, as it was told."""
        said = "units" if isinstance(self.request.data, Mapping) and "units" in self.request.data else "amount"
        of_amount = ("amount_must_be_in_the_measure_of_the_pool", "amount_must_be_positive", "amount_must_fit_currency")
        of_commit = ("prepaid_commit_must_not_have_ended", "contract_must_not_be_terminated")
        rules = dict.fromkeys(("amount", "units_must_be_kept_exactly", *of_amount), said)
        return {**rules, **dict.fromkeys(of_commit, "prepaid_commit")}

    @posts(TopUpSerializer, FiledSerializer, operation_id="top_up_prepaid_commit")
    def post(self, _request: Request) -> Response:
        """Give a prepaid commit more value: it counts for the whole month that books it."""
        fields, at = self.read(TopUpSerializer), now_at()
        name = _one_of(fields, "amount", "units")
        filed = top_up_prepaid_commit(
            actor=self.actor,
            commit=fields["prepaid_commit"],
            amount=fields[name],
            is_of_units=name == "units",
            on=fields.get("on", at.date()),
            at=at,
        )
        return _filed(filed)


class BreakageEstimates(NativeView):
    """What is expected to lapse."""

    names = MappingProxyType(
        {
            "percentage": "expected_breakage_percentage",
            "percentage_must_be_between_0_and_100": "expected_breakage_percentage",
            "contract_must_not_be_terminated": "prepaid_commit",
        }
    )

    @posts(EstimateSerializer, FiledSerializer, operation_id="estimate_breakage")
    def post(self, _request: Request) -> Response:
        """Expect another part of a prepaid commit to lapse, from the month that books it on."""
        fields, at = self.read(EstimateSerializer), now_at()
        filed = estimate_breakage(
            actor=self.actor,
            commit=fields["prepaid_commit"],
            percentage=fields["expected_breakage_percentage"],
            on=fields.get("on", at.date()),
            at=at,
        )
        return _filed(filed)


class Allocations(NativeView):
    """Shares of bundles."""

    names = MappingProxyType(
        dict.fromkeys(("allocation_must_sum_to_total", "product_id", "percentage", "standalone_price"), "lines")
    )

    @posts(AllocationSerializer, FiledSerializer, operation_id="change_allocation")
    def post(self, _request: Request) -> Response:
        """Split a usage item of a bundle by other shares, for all its months; what differs is booked in an open one."""
        fields, at = self.read(AllocationSerializer), now_at()
        lines, on = translate.to_lines(fields["lines"]), fields.get("on", at.date())
        return _filed(change_allocation(actor=self.actor, item=fields["item"], lines=lines, on=on, at=at))


class Terminations(NativeView):
    """Contracts that end before their time."""

    roles = {"POST": "approver"}
    names = MappingProxyType(
        {
            "on": "date",
            "dates_must_ascend": "date",
            "contract_must_not_be_terminated": "contract",
            "amount_must_be_positive": "refund",
            "amount_must_fit_currency": "refund",
            "refund_must_not_exceed_liability": "refund",
        }
    )

    @posts(TerminationSerializer, FiledSerializer, operation_id="terminate_contract")
    def post(self, _request: Request) -> Response:
        """End a contract with its last day of service; usage after that day is rejected by the next draft."""
        termination = translate.to_termination(self.read(TerminationSerializer))
        return _filed(terminate_contract(actor=self.actor, termination=termination, at=now_at()))


class Reversals(NativeView):
    """Posted entries that are taken back."""

    @posts(ReversalSerializer, FiledSerializer, operation_id="reverse_entry")
    def post(self, _request: Request) -> Response:
        """Take a posted entry back by another one; the close of the open month posts it."""
        fields, at = self.read(ReversalSerializer), now_at()
        entry, on = fields["entry"], fields.get("on", at.date())
        return _filed(reverse_entry(actor=self.actor, entry=entry, reason=fields["reason"], on=on, at=at))


class UsageVoids(NativeView):
    """Usage that is taken back."""

    @posts(VoidSerializer, VoidedSerializer, operation_id="void_usage")
    def post(self, _request: Request) -> Response:
        """Take a record of usage back; it no longer counts, and its id stays taken."""
        id = self.read(VoidSerializer)["id"]
        void_usage(actor=self.actor, event_id=id, at=now_at())
        return answer({"id": id, "is_void": True}, status=201)


def _one_of(fields: Mapping[str, Any], *names: str) -> str:
    """The one of these fields that is there.

    Raises:
        ValidationError: none is, or more than one.
    """
    given = [name for name in names if name in fields]
    if len(given) != 1:
        raise ValidationError({names[0]: [ErrorDetail(f"Either {' or '.join(names)} is given.", code="required")]})
    return given[0]


def _filed(filed: Filed) -> Response:
    return answer(translate.from_filed(filed), status=201)
