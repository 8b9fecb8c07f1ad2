"""Imports of usage on the wire."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.native.schemas.fields import AskedFlag, Code, Flag, Moment, NativeSchema, Number, Text

FORMATS = ("csv", "ndjson", "parquet")
IMPORT_STATUSES = ["pending", "completed", "failed"]


class RejectionSerializer(NativeSchema):
    """A row that was not taken, by the first rule that it breaks; rows count from 1, below the header."""

    row = serializers.IntegerField()
    event_id = Text()
    stream = Text()
    code = Text()
    value = Text()


class ImportReceiptSerializer(NativeSchema):
    """What became of a file. Of rows and quantity alike: received = accepted + duplicate + rejected.

    `repeats` is an earlier import of the same bytes, where this one added nothing. `accepted_sha256` is chained to that
    of the import before, `previous_sha256`.
    """

    rows_received = serializers.IntegerField()
    rows_accepted = serializers.IntegerField()
    rows_duplicate = serializers.IntegerField()
    rows_rejected = serializers.IntegerField()
    quantity_received = Number()
    quantity_accepted = Number()
    quantity_duplicate = Number()
    quantity_rejected = Number()
    accepted_sha256 = Text()
    previous_sha256 = Text()
    rejection_count = serializers.IntegerField()
    rejections = RejectionSerializer(many=True, help_text="The first hundred.")
    repeats = Text()


class ImportSerializer(NativeSchema):
    """A file on its way into the books, or how it ended; while it is pending there is no receipt."""

    id = Code()
    status = serializers.ChoiceField(choices=IMPORT_STATUSES)
    stage = serializers.ChoiceField(choices=["reading", "writing", "done"])
    file_name = Text()
    sha256 = Text()
    is_partial = Flag()
    content_bytes = serializers.IntegerField(help_text="Of the file, unpacked.")
    read_bytes = serializers.IntegerField(help_text="As far as it was read; told every few megabytes.")
    read_rows = serializers.IntegerField(
        help_text="Rows read by then; nobody has judged them yet, and nothing is in the books."
    )
    recorded_at = Moment()
    recorded_by = Text()
    receipt = ImportReceiptSerializer(allow_null=True)


class ImportLineSerializer(NativeSchema):
    """An import in a list; its open rejections keep a month from closing."""

    id = Code()
    status = serializers.ChoiceField(choices=IMPORT_STATUSES)
    file_name = Text()
    rows_received = serializers.IntegerField()
    rows_accepted = serializers.IntegerField()
    rows_duplicate = serializers.IntegerField()
    rows_rejected = serializers.IntegerField()
    quantity_accepted = Number()
    open_rejections = serializers.IntegerField()
    recorded_at = Moment()
    recorded_by = Text()


class ImportAsked(NativeSchema):
    """How a file is to be taken."""

    name = Text(required=False, max_length=10_000, help_text="What the file is called: its ending tells its format.")
    format = serializers.ChoiceField(choices=FORMATS, required=False, help_text="Where neither name nor type tells it.")
    item = Code(required=False, help_text="The usage item of rows that name none.")
    partial = AskedFlag(default=False, help_text="Keep the good rows of a file with bad ones.")  # type: ignore[assignment]
    revise = AskedFlag(default=False, help_text="Other content under a known id replaces it, while its month is open.")
