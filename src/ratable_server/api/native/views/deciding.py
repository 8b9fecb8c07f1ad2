"""`/api/v1/policy`: decisions that every figure depends on, and how many people it takes to close."""

from __future__ import annotations

from dataclasses import asdict, replace

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.native.schemas.acts import PolicySerializer, TwoPersonCloseSerializer
from ratable_server.api.native.views.documented import gives, takes
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.clock import now_at
from ratable_server.operations.policies import set_policy, set_two_person_close
from ratable_server.queries.policies import tenant_policy


class Policy(NativeView):
    """The accounting policy."""

    roles = {"PATCH": "admin"}

    @gives(PolicySerializer, operation_id="get_policy")
    def get(self, _request: Request) -> Response:
        """The policy in force."""
        return answer(asdict(tenant_policy(actor=self.actor)))

    @takes(PolicySerializer, PolicySerializer, operation_id="set_policy")
    def patch(self, _request: Request) -> Response:
        """Change what is named of the policy; once a month is closed, it stays."""
        changed = replace(tenant_policy(actor=self.actor), **self.read(PolicySerializer))
        set_policy(actor=self.actor, policy=changed, at=now_at())
        return answer(asdict(changed))


class TwoPersonClose(NativeView):
    """How many people it takes."""

    roles = {"PUT": "admin"}

    @takes(TwoPersonCloseSerializer, TwoPersonCloseSerializer, operation_id="set_two_person_close")
    def put(self, _request: Request) -> Response:
        """Let a month be closed only by somebody else than who computed its draft, or by anybody."""
        is_wanted = self.read(TwoPersonCloseSerializer)["is_wanted"]
        set_two_person_close(actor=self.actor, is_wanted=is_wanted, at=now_at())
        return answer({"is_wanted": is_wanted})
