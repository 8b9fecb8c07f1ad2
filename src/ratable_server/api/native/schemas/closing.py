"""Periods and runs on the wire."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.native.schemas.fields import MOST_WORDS, Flag, Moment, Month, NativeSchema, Text
from ratable_server.api.native.schemas.reports import TableSerializer
from ratable_server.api.schemas import Whole

_MOST_RUNS = 2**63 - 1
RUN_STATUSES = ["computing", "draft", "posted", "discarded", "failed"]
PERIOD_STATUSES = ["open", "in_review", "closed"]


class RunAskedSerializer(NativeSchema):
    """The month to compute."""

    month = Month()


class RunsAsked(NativeSchema):
    """Which runs to list."""

    month = Month(required=False, help_text="Those of one month.")


class ObstacleSerializer(NativeSchema):
    """One thing that stands in the way of a close."""

    code = Text(help_text="The rule.")
    field = Text()
    detail = Text()


class CloseWarningSerializer(NativeSchema):
    """What somebody may want to look at before a month is closed; it stops nothing."""

    code = Text()
    detail = Text()


class RunSerializer(NativeSchema):
    """A run: who computed it when, how far it is or how many rows it has, why it failed."""

    run = serializers.IntegerField()
    month = Month()
    status = serializers.ChoiceField(choices=RUN_STATUSES)
    started_at = Moment()
    started_by = Text()
    finished_at = Moment(allow_null=True)
    calculation_version = Text()
    rows = serializers.DictField(child=serializers.IntegerField(), help_text="Rows kept, by table.")
    failure = Text()


class DraftSerializer(RunSerializer):
    """A run; of a draft what stands in the way of its close, and debit and credit of each account as if it were posted."""

    obstacles = ObstacleSerializer(many=True, allow_null=True)
    warnings = CloseWarningSerializer(many=True, allow_null=True)
    accounts = TableSerializer(allow_null=True)


class PeriodSerializer(NativeSchema):
    """A month: `version` counts its closes; when and by whom are of the last, also where that was taken back."""

    month = Month()
    status = serializers.ChoiceField(choices=PERIOD_STATUSES)
    version = serializers.IntegerField()
    closed_at = Moment(allow_null=True)
    closed_by = Text()
    reopened_for = Text()
    runs = RunSerializer(many=True)


class PeriodInDetailSerializer(PeriodSerializer):
    """A month, with what keeps it from being closed whatever is computed."""

    obstacles = ObstacleSerializer(many=True)


class CloseSerializer(NativeSchema):
    """How a month is closed: by a draft that was looked at, or by one that is computed now; or only computed."""

    run = Whole(min_value=1, max_value=_MOST_RUNS, required=False, help_text="Post this draft.")
    dry_run = Flag(default=False, help_text="Compute and show, post nothing.")


class ClosedSerializer(NativeSchema):
    """What a close has come to; of a dry run the draft, and null for what only a close has."""

    month = Month()
    is_closed = Flag()
    version = serializers.IntegerField(allow_null=True)
    run = serializers.IntegerField()
    journal_hash = Text(allow_null=True)
    warnings = CloseWarningSerializer(many=True)
    draft = DraftSerializer(allow_null=True)


class ReopeningSerializer(NativeSchema):
    """Why a closed month is opened again."""

    reason = Text(max_length=MOST_WORDS, help_text="It stays readable for ever.")
