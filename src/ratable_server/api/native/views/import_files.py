"""Files of usage in bodies: on disk before anybody reads them, however large they are."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from ratable_server.api.parsers import FileParser, PlainMultiPartParser
from ratable_server.operations.usage import Upload

_ENDINGS = (".csv", ".ndjson", ".jsonl", ".parquet")


class CsvFileParser(FileParser):
    """A body that is a file of CSV."""

    media_type = "text/csv"
    name = "upload.csv"


class NdjsonFileParser(CsvFileParser):
    """A body that is a file of JSON objects, one a line."""

    media_type = "application/x-ndjson"
    name = "upload.ndjson"


class ParquetFileParser(CsvFileParser):
    """A body that is a file of Parquet."""

    media_type = "application/vnd.apache.parquet"
    name = "upload.parquet"


class AnyFileParser(CsvFileParser):
    """A body that is a file whose name tells what it is."""

    media_type = "application/octet-stream"
    name = "upload"


class GzipFileParser(AnyFileParser):
    """A body that is a packed file."""

    media_type = "application/gzip"


PARSERS = (PlainMultiPartParser, CsvFileParser, NdjsonFileParser, ParquetFileParser, AnyFileParser, GzipFileParser)
_FORMATS = {parser.media_type: parser.name.removeprefix("upload.") for parser in PARSERS[1:4]}
_BYTES: dict[str, Any] = {"type": "string", "format": "binary"}
BODY: dict[str, Any] = {
    "multipart/form-data": {"type": "object", "properties": {"file": _BYTES}, "required": ["file"]},
    **{parser.media_type: _BYTES for parser in PARSERS[1:]},
}


def upload_of(request: Request, asked: Mapping[str, Any]) -> Upload:
    """The file of a request, where it lies, and how it is to be taken.

    Raises:
        ValidationError: there is none, or more than one.
    """
    file = _file_of(request)
    name = asked.get("name") or file.name or ""
    is_named = name.lower().removesuffix(".gz").endswith(_ENDINGS)
    return Upload(
        source=_place_of(file),
        name=name,
        format=asked.get("format") or (None if is_named else _format_of(file)),
        item=asked.get("item"),
        is_partial=asked["partial"],
        on_change="revise" if asked["revise"] else "reject",
    )


def _file_of(request: Request) -> UploadedFile[bytes]:
    data, files = request.data, request.FILES
    others = [name for name in data if name != "file"]
    if others:
        raise ValidationError({name: [ErrorDetail("Unknown field.", code="unknown")] for name in others})
    found = files.getlist("file") if isinstance(files, MultiValueDict) else []
    if len(found) != 1:
        raise ValidationError({"file": [ErrorDetail("One file is to be sent.", code="required")]})
    file: UploadedFile[bytes] = found[0]
    return file


def _place_of(file: UploadedFile[bytes]) -> Path | IO[bytes]:
    """A large file lies on disk already."""
    if isinstance(file, TemporaryUploadedFile):
        file.flush()
        return Path(file.temporary_file_path())
    return BytesIO(file.read())


def _format_of(file: UploadedFile[bytes]) -> str | None:
    """What the type of the body says, where the name says nothing."""
    return _FORMATS.get(file.content_type or "")
