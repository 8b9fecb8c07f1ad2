"""`/coa/api/chart-account-settings`: the accounts that are taken where a product names none."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.default_accounts import ChartAccountSettingsSerializer
from ratable_server.api.campfire.schemas.fields import Resource
from ratable_server.api.campfire.translate import accounts as translate
from ratable_server.api.campfire.views.documented import gives, takes
from ratable_server.api.campfire.views.registered import known, refuse_unknown_links
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.register import keep_entry
from ratable_server.queries.register import default_accounts

_CODE, _KIND = "default", "default_accounts"
_CONTRA = "recognize_discounts_as_contra_revenue"


class DefaultAccounts(CampfireView):
    """The one set of default accounts."""

    operation_ids = {
        "GET": "settings_retrieve_chart_account_settings",
        "PUT": "settings_update_chart_account_settings",
        "PATCH": "settings_partial_update_chart_account_settings",
    }

    @gives(ChartAccountSettingsSerializer)
    def get(self, _request: Request) -> Response:
        """The default accounts; none is named before somebody names it."""
        return Response(self._told())

    @takes(ChartAccountSettingsSerializer, ChartAccountSettingsSerializer)
    def put(self, _request: Request) -> Response:
        """Name all default accounts again."""
        return self._changed(is_partial=False)

    @takes(ChartAccountSettingsSerializer, ChartAccountSettingsSerializer)
    def patch(self, _request: Request) -> Response:
        """Name some default accounts."""
        return self._changed(is_partial=True)

    def _changed(self, *, is_partial: bool) -> Response:
        self.alone(_KIND, 0, lambda: self._say(is_partial=is_partial))
        return Response(self._told())

    def _say(self, *, is_partial: bool) -> None:
        fields = self.read(ChartAccountSettingsSerializer, is_partial=is_partial)
        refuse_unknown_links(self.actor, fields, links=dict.fromkeys(_accounts(), "account"), many={})
        if fields.get(_CONTRA):
            raise ValidationError({_CONTRA: ["Revenue is booked net of discounts here."]})
        further = {**(default_accounts(actor=self.actor) if is_partial else {}), **fields}
        keep_entry(actor=self.actor, kind=_KIND, code=_CODE, further=further, at=now_at())

    def _told(self) -> dict[str, Any]:
        further, accounts = default_accounts(actor=self.actor), _accounts()
        names = known(self.actor, (("account", further[name]) for name in accounts if further.get(name)))
        ours = translate.from_settings(further, names, accounts=accounts, tenant=self.actor.tenant_id)
        return ChartAccountSettingsSerializer.answer(ours, further)


def _accounts() -> list[str]:
    """The fields that name an account: those that have its name beside them."""
    schema: Resource = ChartAccountSettingsSerializer()
    suffix = "_name_and_number"
    return [str(name).removesuffix(suffix) for name in schema.fields if str(name).endswith(suffix)]
