"""The problem document (RFC 9457)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ratable_server.api.native.schemas.fields import Text


class FaultSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    field = Text(allow_null=True, help_text="The path of the field or the name of the parameter.")
    rule = Text(help_text="The rule that it breaks.")
    row = serializers.IntegerField(allow_null=True, help_text="The row of a file, or the record of a list, from 1.")
    detail = Text(allow_null=True)


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request is refused."""

    type = serializers.CharField(help_text="Where the rule is told: a path of this server.")
    title = Text(help_text="What the rule is.")
    status = serializers.IntegerField()
    detail = Text(help_text="What breaks it here.")
    instance = Text(help_text="The path that was asked.")
    request_id = Text(help_text="As in the header X-Request-Id, the log and the audit.")
    code = Text(help_text="The name of the rule.")
    errors = FaultSerializer(many=True, help_text="Each thing that is wrong, where there is more to tell.")  # type: ignore[assignment]
    import_id = Text(allow_null=True, help_text="The import that a refused file has: it lists all of its rows.")
