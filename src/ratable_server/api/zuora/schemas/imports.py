"""What is answered to a file of usage, and to who asks how far its import is: in the words of both parts of the API."""

from __future__ import annotations

from rest_framework import serializers

STATUSES = ("Pending", "Processing", "Completed", "Canceled", "Failed")


class TakenFileSerializer(serializers.Serializer[object]):
    """A file was taken; `checkImportStatus` is the path at which to ask."""

    success = serializers.BooleanField()
    size = serializers.IntegerField()
    checkImportStatus = serializers.CharField()  # noqa: N815 - their word


class ImportSerializer(serializers.Serializer[object]):
    """An import as an object; with `fields`, only those."""

    Id = serializers.CharField(required=False)
    ImportType = serializers.CharField(required=False)
    Name = serializers.CharField(required=False)
    Status = serializers.ChoiceField(STATUSES, required=False)
    StatusReason = serializers.CharField(required=False)
    TotalCount = serializers.IntegerField(required=False)
    ImportedCount = serializers.IntegerField(required=False)
    Md5 = serializers.CharField(required=False)
    CreatedById = serializers.CharField(required=False)
    CreatedDate = serializers.CharField(required=False)
    UpdatedById = serializers.CharField(required=False)
    UpdatedDate = serializers.CharField(required=False)


class ImportStatusSerializer(ImportSerializer):
    """How far an import is, in both families of names."""

    success = serializers.BooleanField()
    importStatus = serializers.ChoiceField(STATUSES)  # noqa: N815 - their word
    message = serializers.CharField(allow_null=True)


class CreatedImportSerializer(serializers.Serializer[object]):
    """An import was begun."""

    Success = serializers.BooleanField()
    Id = serializers.CharField()


FILE_BODY: dict[str, object] = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    },
}
IMPORT_BODY: dict[str, object] = {
    "multipart/form-data": {
        "type": "object",
        "properties": {
            "ImportType": {"type": "string", "enum": ["Usage"]},
            "Name": {"type": "string", "maxLength": 100},
            "File": {"type": "string", "format": "binary"},
        },
        "required": ["ImportType", "File"],
    },
}
