"""How bodies are read: JSON, forms and multipart, each as a plain dictionary, none beyond its limit.

Owns the size of a body and its encoding. A form gives texts; fields that are lists or objects are read from JSON text
by the schema, which knows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any, ClassVar

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser
from typing_extensions import override

from ratable_server.api.json_text import MalformedJsonError, read_json

_BLOCK = 1 << 20
_CLOSING_LENGTH = 4_096  # a boundary has at most 70 letters; what follows it is of no interest


class BodyTooLargeError(APIException):
    """More than this route reads."""

    status_code = 413
    default_detail = "Request body is too large."
    default_code = "request_too_large"


class UnfitBodyError(ParseError):
    """A body that cannot be read; `field` is the place in it that cannot, where that is known."""

    def __init__(self, detail: str, *, field: str) -> None:
        super().__init__(detail)
        self.field = field


class FormData(dict[str, Any]):
    """What a form said: texts, lists of texts, files. A field that it lacks is unset, a boolean too."""

    @override
    def copy(self) -> FormData:
        return FormData(self)


class ExactJsonParser(BaseParser):
    """JSON in UTF-8; numbers are decimals or whole numbers."""

    media_type = "application/json"
    refuses_doubled = False  # names that an object has twice

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        _refuse_other_encodings(media_type)
        try:
            return read_json(_text(_whole(stream, parser_context)), refuses_doubled=self.refuses_doubled)
        except MalformedJsonError as error:
            raise UnfitBodyError(f"JSON parse error - {error}", field=error.field) from None


class PlainFormParser(BaseParser):
    """A form in the body."""

    media_type = "application/x-www-form-urlencoded"

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        _refuse_other_encodings(media_type)
        text = _text(_whole(stream, parser_context))
        try:
            return _form(QueryDict(text, encoding="utf-8"))
        except TooManyFieldsSent:
            raise ParseError("Form parse error - too many fields") from None


class PlainMultiPartParser(MultiPartParser):
    """A form in parts, with files; the body must be whole."""

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        watched = _Watched(stream, most_bytes_of(parser_context))
        try:
            parsed = super().parse(watched, media_type, parser_context)  # type: ignore[arg-type]
        except TooManyFieldsSent:
            raise ParseError("Multipart form parse error - too many fields") from None
        if not watched.has_closed():
            raise ParseError("Multipart form parse error - the body ends before its last part")
        assert isinstance(parsed, DataAndFiles)  # noqa: S101 - what DRF's parser gives
        return DataAndFiles(_form(parsed.data), parsed.files)


class FileParser(BaseParser):
    """A body that is a file, kept on disk: it goes on as the field `file`, under the name of its parser."""

    name: ClassVar[str]

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        left = most_bytes_of(parser_context)
        file = TemporaryUploadedFile(self.name, self.media_type, 0, None)
        while block := stream.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise BodyTooLargeError
            file.write(block)
        file.size = file.tell()
        file.seek(0)
        return DataAndFiles(FormData(), MultiValueDict({"file": [file]}))


class _Watched:
    """A stream that counts what was read of it, and keeps its end."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._left, self._end = stream, most, b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes, as of any stream."""
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise BodyTooLargeError
        self._end = (self._end + data)[-_CLOSING_LENGTH:]
        return data

    def has_closed(self) -> bool:
        """Did the last boundary come? It ends with two dashes."""
        return self._end.rstrip(b"\r\n").endswith(b"--")


def most_bytes_of(context: Mapping[str, Any] | None) -> int:
    """How much the view reads; a view that takes files says so."""
    view = (context or {}).get("view")
    return int(getattr(view, "most_bytes", settings.DATA_UPLOAD_MAX_MEMORY_SIZE))


def read_text(stream: IO[Any], media_type: str | None, context: Mapping[str, Any] | None) -> str:
    """A whole body as text, in UTF-8.

    Raises:
        UnsupportedMediaType, BodyTooLargeError, ParseError: it is in another encoding, too large, or no UTF-8.
    """
    _refuse_other_encodings(media_type)
    return _text(_whole(stream, context))


def _whole(stream: IO[Any], context: Mapping[str, Any] | None) -> bytes:
    most = most_bytes_of(context)
    body = bytes(stream.read(most + 1))
    if len(body) > most:
        raise BodyTooLargeError
    return body


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise ParseError("Parse error - the body is not UTF-8") from None


def _refuse_other_encodings(media_type: str | None) -> None:
    for parameter in (media_type or "").split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip('"').lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise UnsupportedMediaType(media_type or "")


def _form(fields: Iterable[tuple[str, list[Any]]] | QueryDict) -> FormData:
    lists = fields.lists() if isinstance(fields, QueryDict) else fields
    return FormData({name: values[0] if len(values) == 1 else list(values) for name, values in lists})
