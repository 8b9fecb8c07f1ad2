"""`/rr/api/v1/modify-subscription-schedule`: what another schedule comes to, before it is agreed."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable.terms_rules import fits_currency
from ratable_server.api.campfire.schemas.subscriptions import (
    ContractSubscriptionLineSerializer,
    GenerageSubscriptionScheduleSerializer,
)
from ratable_server.api.campfire.translate import subscription_schedule as translate
from ratable_server.api.campfire.views.documented import posts
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.queries.contract_lines import Subscription, subscriptions
from ratable_server.queries.listing import Asked
from ratable_server.queries.subscription_schedules import ChangedSchedule, changed_schedule


class SubscriptionSchedule(CampfireView):
    """A schedule as it would be."""

    operation_ids = {"POST": "modify_subscription_schedule"}

    @posts(GenerageSubscriptionScheduleSerializer, ContractSubscriptionLineSerializer(many=True), status=200)
    def post(self, _request: Request) -> Response:
        """Compare another schedule with the one that a subscription has; nothing is agreed by it."""
        fields = self.read(GenerageSubscriptionScheduleSerializer)
        wrong = translate.refuses(fields)
        if wrong:
            raise ValidationError(wrong)
        row = self._modified(fields)
        currency = translate.USUAL_CURRENCY if row is None else row.currency
        if not fits_currency(fields["total_value"], currency):
            raise ValidationError({"total_value": [f"It has more digits than {currency} has."]})
        new = translate.to_new(fields, row)
        change = ChangedSchedule(
            currency=currency,
            was=None if row is None else translate.to_was(row),
            new=new,
            from_on=fields["catchup_date"] if fields.get("apply_prospectively") else None,
        )
        months = changed_schedule(actor=self.actor, change=change)
        return Response(translate.from_months(months, new, row, mrr=fields.get("mrr"), currency=currency))

    def _modified(self, fields: dict[str, Any]) -> Subscription | None:
        """The subscription that the body names.

        Raises:
            ValidationError: there is none.
        """
        wanted = fields.get("modified_subscription")
        if wanted is None:
            return None
        row = subscriptions(actor=self.actor, asked=Asked(ids=[wanted])).first
        if row is None:
            raise ValidationError({"modified_subscription": [f'Invalid pk "{wanted}" - object does not exist.']})
        return row
