"""The documented fields of webhooks, their topics and events."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import Resource, anything, told_link, told_moment, told_text
from ratable_server.api.schemas import Id, Schema


class WebhookTopicSerializer(Schema):
    """What a webhook is told of."""

    id = Id(read_only=True)
    name = serializers.CharField()


@extend_schema_field(WebhookTopicSerializer(many=True))
class Topics(serializers.JSONField):
    """Topics in each form that they come in: objects with a name or an id, or plain names."""


class WebhookSerializer(Resource):
    """An address that is told what changes."""

    id = told_link()
    uuid = serializers.UUIDField(read_only=True)
    url = serializers.URLField(max_length=1024)
    token = told_text()
    topics = Topics(required=False, allow_null=True, help_text="None: everything.")
    active = serializers.BooleanField()
    created_at = told_moment()
    last_modified_at = told_moment()
    customer = told_link()


class WebhookEventSerializer(Resource):
    """One change that a webhook was told, or is to be told."""

    id = told_link()
    object = anything()
    status = serializers.CharField()
    created_at = told_moment()
    url = serializers.URLField(max_length=1024)
    topic = serializers.CharField()
    http = anything()
    webhook = told_link()


def names_of_topics(said: Any) -> list[Any]:
    """What each of them is called, or its id."""
    each = said if isinstance(said, list) else [] if said in (None, "") else [said]
    return [one.get("name", one.get("id")) if isinstance(one, dict) else one for one in each]
