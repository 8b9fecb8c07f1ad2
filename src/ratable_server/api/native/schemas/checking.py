"""Rejected rows and checks of the books, on the wire."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.native.schemas.fields import MOST_WORDS, Code, Flag, Moment, NativeSchema, Text


class RejectedRowSerializer(NativeSchema):
    """A row that was not taken: the rule, what stands there instead, and the row as it came.

    With `run` it was taken when it came, and that run rejects it. A blocking one keeps a month from closing until it is
    resolved.
    """

    import_id = Code()
    row = serializers.IntegerField()
    code = Text()
    value = Text()
    event_id = Text()
    item = Text()
    raw = serializers.DictField(child=serializers.CharField())
    is_blocking = Flag()
    resolved_at = Moment(allow_null=True)
    resolved_by = Text()
    run = serializers.IntegerField(allow_null=True)


class RejectionsSerializer(NativeSchema):
    """Rejected rows, as many as are asked for; `count` is how many there are."""

    count = serializers.IntegerField()
    results = RejectedRowSerializer(many=True)


class RejectionsAsked(NativeSchema):
    """Which rejected rows to list."""

    limit = serializers.IntegerField(min_value=1, max_value=10_000, default=1_000)
    offset = serializers.IntegerField(min_value=0, max_value=10**9, default=0)


class ResolutionSerializer(NativeSchema):
    """Why a rejected row is set aside."""

    reason = Text(max_length=MOST_WORDS, help_text="The audit keeps it.")


class CheckSerializer(NativeSchema):
    """One check: does it hold, over how many rows, and which row is the first that does not fit."""

    check = Text()
    is_sound = Flag()
    rows = serializers.IntegerField()
    detail = Text()
    first_bad_row = Text()


class VerificationSerializer(NativeSchema):
    """All checks of the books, at one moment."""

    is_sound = Flag()
    checks = CheckSerializer(many=True)
