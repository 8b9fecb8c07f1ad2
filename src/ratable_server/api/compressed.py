"""A request whose body is compressed by gzip: read as it comes, and no further than its route reads bodies.

Owns which ways of compression there are. What comes out is counted while it comes out, so that a small body that would
become an endless one costs neither time nor memory.
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, Any

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request
from typing_extensions import override

from ratable_server.api.parsers import BodyTooLargeError

_PLAIN, _GZIP = {"", "identity"}, {"gzip", "x-gzip"}


class Unzipped(io.RawIOBase):
    """The content of a compressed stream, as far as `most` bytes of it.

    Raises:
        ParseError: it is not what gzip makes, or ends before its end.
        BodyTooLargeError: there is more of it.
    """

    def __init__(self, stream: IO[bytes], *, most: int) -> None:
        super().__init__()
        self._content, self._left = gzip.GzipFile(fileobj=stream, mode="rb"), most

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        try:
            data = self._content.read(len(view))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ParseError(f"Parse error - the body is said to be compressed by gzip, and is not: {error}") from None
        self._left -= len(data)
        if self._left < 0:
            raise BodyTooLargeError
        view[: len(data)] = data
        return len(data)


def unzip(request: Request, *, most: int) -> None:
    """Let the parsers of a request read the content of its body, if it is compressed.

    Raises:
        UnsupportedMediaType: it is compressed in a way that is not known here.
    """
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    stream = request.stream if encoding not in _PLAIN else None
    if stream is None:
        return
    if encoding not in _GZIP:
        raise UnsupportedMediaType(encoding, detail=f'Unsupported content encoding "{encoding[:50]}" in request.')
    content = io.BufferedReader(Unzipped(stream, most=most))
    setattr(request, "_stream", content)  # noqa: B010 - what Django REST framework's parsers are given
