"""`/users/api/get_user_info`: who asks, and whose books these are. Not in the published document; an extension."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.user_info import UserInfoSerializer
from ratable_server.api.campfire.translate.user_info import from_user
from ratable_server.api.campfire.views.documented import gives
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.register import default_accounts, register


class UserInfo(CampfireView):
    """Who asks."""

    operation_ids = {"GET": "get_user_info"}

    @gives(UserInfoSerializer)
    def get(self, _request: Request) -> Response:
        """The owner of the token, the tenant, and its first entity."""
        entities = register(actor=self.actor, kind="entity", asked=EVERYTHING).rows
        return Response(from_user(self.actor, entities, default_accounts(actor=self.actor)))
