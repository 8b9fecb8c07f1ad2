"""`/integrations/api/v1/webhook`: who is told what changes, and what they were told."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from django.utils.crypto import salted_hmac
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.campfire.schemas.webhooks import (
    WebhookEventSerializer,
    WebhookSerializer,
    WebhookTopicSerializer,
    names_of_topics,
)
from ratable_server.api.campfire.translate import webhooks as translate
from ratable_server.api.campfire.translate.words import Names
from ratable_server.api.campfire.views.documented import deletes, gives, posts, takes
from ratable_server.api.campfire.views.registered import RegisterView
from ratable_server.api.outgoing import UnreachableError, refuse_unfit_url
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.register import Entry, register
from ratable_server.queries.webhooks import TOPICS, webhook_events


class _OfWebhooks(RegisterView):
    kind = "webhook"
    schema_of = WebhookSerializer
    roles = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), "admin")

    @override
    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        return [
            translate.from_webhook(entry.further, TOPICS, token=token_of(entry.further["uuid"])) for entry in entries
        ]

    @override
    def judged(self, fields: dict[str, Any], row: Entry | None) -> dict[str, Any]:
        if "url" in fields:
            try:
                refuse_unfit_url(fields["url"])
            except UnreachableError as error:
                raise ValidationError({"url": [str(error)]}) from error
        if "topics" in fields or row is None:
            fields["topics"] = _topics(fields.get("topics"))
        kept = {"uuid": _new_uuid()} if row is None else {"uuid": row.further["uuid"]}
        return {**kept, **fields}


class Webhooks(_OfWebhooks):
    """All webhooks, in no pages."""

    @gives(WebhookSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """Webhooks, in the order in which they were told."""
        return Response(self.told(register(actor=self.actor, kind=self.kind, asked=EVERYTHING).rows))

    @posts(WebhookSerializer, WebhookSerializer)
    def post(self, _request: Request) -> Response:
        """Have an address told what changes: these topics, or with none of them everything."""
        return self.created()


class Webhook(_OfWebhooks):
    """One webhook."""

    @gives(WebhookSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A webhook by its id."""
        return Response(self.told([self.row(id)])[0])

    @takes(WebhookSerializer, WebhookSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a webhook whole again; its token stays."""
        return self.changed(id, is_partial=False)  # topics that it does not name are all

    @takes(WebhookSerializer, WebhookSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a webhook."""
        return self.changed(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Tell an address nothing more; what it was not told yet has failed."""
        return self.removed(id)


class WebhookEvents(_OfWebhooks):
    """What a webhook was told."""

    @gives(WebhookEventSerializer(many=True))
    def get(self, _request: Request, id: int) -> Response:
        """The last thousand events, the newest first, each with what came of every try."""
        row = self.row(id)
        events = webhook_events(actor=self.actor, webhook=row.id)
        return Response([translate.from_event(event, webhook=row.id, url=row.further["url"]) for event in events])


class WebhookTopics(RegisterView):
    """Of what webhooks can be told; an addition to the published API."""

    @gives(WebhookTopicSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """All topics."""
        return Response(translate.numbered(TOPICS))


def token_of(uuid: str) -> str:
    """The token of a webhook: it signs what is sent, and comes of the server's own secret key."""
    digest = salted_hmac("ratable.webhook", uuid, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def _new_uuid() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _topics(said: Any) -> list[str]:
    """Names of topics, however they were told.

    Raises:
        ValidationError: there is no such topic.
    """
    by_id = {topic["id"]: topic["name"] for topic in translate.numbered(TOPICS)}
    names = [by_id.get(each, str(each)) if isinstance(each, int) else each for each in names_of_topics(said)]
    wrong = [name for name in names if name not in TOPICS]
    if wrong:
        raise ValidationError({"topics": [f"No such topic: {name}"[:200] for name in wrong]})
    return list(dict.fromkeys(names))
