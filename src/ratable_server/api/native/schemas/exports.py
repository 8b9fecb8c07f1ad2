"""Exports on the wire."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.native.schemas.fields import AskedFlag, Code, Flag, Month, NativeSchema, Text
from ratable_server.api.native.schemas.reports import Periods
from ratable_server.api.schemas import Whole
from ratable_server.exports import ACCOUNT_KINDS, DEFAULT_ACCOUNTS, FORMATS

_SINCE = "Only what a month closed again has changed since its close N; 0: all of it."


class AccountSerializer(NativeSchema):
    """An account of your own, for a role of the journal."""

    role = serializers.ChoiceField(choices=list(DEFAULT_ACCOUNTS))
    code = Code()
    name = Text(max_length=200)
    kind = serializers.ChoiceField(choices=ACCOUNT_KINDS)
    tax_rate = Text(required=False, max_length=200)


class ExportAskedSerializer(NativeSchema):
    """Which closed months are exported for which ledger; without accounts each role has its usual one."""

    period = Periods(help_text="2026-01 or 2026-01:2026-12.")
    format = serializers.ChoiceField(choices=list(FORMATS), default="csv")
    detailed = Flag(default=False, help_text="Each entry of the journal; without, sums by account.")
    since_version = Whole(min_value=0, required=False, help_text=_SINCE)
    accounts = AccountSerializer(many=True, required=False)


class ExportedFileSerializer(NativeSchema):
    """A file of a month: its name, its text, and the entries in it."""

    month = Month()
    version = serializers.IntegerField()
    name = Text()
    media_type = Text()
    entries = serializers.ListField(child=serializers.CharField())
    content = Text()


class ExportSerializer(NativeSchema):
    """The files of an export; a month in which nothing is posted has none."""

    files = ExportedFileSerializer(many=True)


class ExportFileAsked(NativeSchema):
    """How the journal of a month is wanted as a file."""

    format = serializers.ChoiceField(choices=list(FORMATS), default="csv")
    detailed = AskedFlag(default=False, help_text="Each entry of the journal; without, sums by account.")
    since_version = Whole(min_value=0, required=False, help_text=_SINCE)
    part = Whole(min_value=1, default=1, help_text="Which file, where a target takes so many lines a file only.")
