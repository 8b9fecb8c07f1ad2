"""Files in bodies: on disk before anybody reads them, however large, and what is told of one that was not taken."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from ratable_server.api.campfire.translate import usage_uploads as translate
from ratable_server.api.campfire.views.flags import read_flag
from ratable_server.api.parsers import (
    ExactJsonParser,
    FileParser,
    PlainFormParser,
    PlainMultiPartParser,
)
from ratable_server.operations.usage import RejectedFile, Upload, WordedUpload

MOST_BYTES = 1 << 30
_ENDINGS = (".csv", ".ndjson", ".jsonl")


class CsvParser(FileParser):
    """A body that is a file of CSV."""

    media_type = "text/csv"
    name = "upload.csv"


class NdjsonParser(CsvParser):
    """A body that is a file of JSON objects, one a line."""

    media_type = "application/x-ndjson"
    name = "upload.ndjson"


PARSERS = (PlainMultiPartParser, CsvParser, ExactJsonParser, PlainFormParser)
BODY: dict[str, Any] = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    },
    "text/csv": {"type": "string"},
}
LINES_BODY: dict[str, Any] = {**BODY, NdjsonParser.media_type: {"type": "string"}}


class RejectedRowsError(APIException):
    """A file that was not taken because of some of its rows: 400, with all that is told of it."""

    status_code = 400

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__()
        self.detail = body  # as it is: numbers stay numbers


def upload_of(request: Request) -> Upload:
    """The file of a request, where it lies.

    Raises:
        ValidationError: there is none.
    """
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise ValidationError({"file": ["No file was submitted."]})
    name = file.name or ""
    is_named = name.lower().removesuffix(".gz").endswith(_ENDINGS)
    return Upload(source=_place_of(file), name=name, format=None if is_named else "csv")


def _place_of(file: UploadedFile[bytes]) -> Path | IO[bytes]:
    """A large file lies on disk already."""
    if isinstance(file, TemporaryUploadedFile):
        file.flush()
        return Path(file.temporary_file_path())
    return BytesIO(file.read())


def is_asked(request: Request, name: str) -> bool:
    """Is it asked for, in the address or in a field?

    Raises:
        ValidationError: what is said is neither yes nor no.
    """
    said = request.query_params.get(name) or dict(request.data).get(name) or ""
    return bool(read_flag(name, said))


def taken_or_told(take: Callable[[], Any], upload: WordedUpload, amount: str = "total_revenue_dollars") -> Any:
    """What `take` gives of an upload; `amount` is the column that tells how much.

    Raises:
        RejectedRowsError: rows cannot be taken; each is told by its column.
    """
    try:
        return take()
    except RejectedFile as rejected:
        raise RejectedRowsError(translate.from_rejected(rejected.receipt, upload.places.values(), amount)) from None
