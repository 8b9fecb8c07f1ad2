"""Rules that a request can break."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.native.schemas.fields import NativeSchema, Text


class ProblemTypeSerializer(NativeSchema):
    """A rule: its name, what it means, and the status of an answer that refuses by it."""

    code = Text()
    title = Text()
    status = serializers.IntegerField()
