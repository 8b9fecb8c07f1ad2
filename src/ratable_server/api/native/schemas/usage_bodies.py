"""How bodies of usage are read: plain JSON, NDJSON, CloudEvents (one, many, or one told by headers).

Owns what is JSON here: UTF-8, each name of an object once, no NaN. Numbers stay the texts that they were written as, so
that nothing is lost and nothing is spent on them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, NoReturn
from urllib.parse import unquote

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from typing_extensions import override

from ratable_server.api.parsers import read_text

MOST_RECORDS = 10_000
_HEADER = "HTTP_CE_"

Body = dict[str, Any]
"""`records` or `events`, in their order, and whether the body is one that stands alone: `is_single`."""


class TooManyRecordsError(APIException):
    """More than one call takes."""

    status_code = 413
    default_detail = f"A call has {MOST_RECORDS} records at most."
    default_code = "request_too_large"


class UsageJsonParser(BaseParser):
    """A record, a list of records, or the data of the event that the headers `ce-…` tell."""

    media_type = "application/json"

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Body:
        value = _read(read_text(stream, media_type, parser_context))
        attributes = _attributes(parser_context)
        if attributes:
            return _body("events", {**attributes, "data": value})
        return _body("records", value)


class UsageLinesParser(BaseParser):
    """A record in each line."""

    media_type = "application/x-ndjson"

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Body:
        text = read_text(stream, media_type, parser_context)
        return _body("records", list(_lines(text)))


class JsonLinesParser(UsageLinesParser):
    """The same by another name."""

    media_type = "application/jsonl"


class EventParser(BaseParser):
    """One event."""

    media_type = "application/cloudevents+json"

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Body:
        return _body("events", _read(read_text(stream, media_type, parser_context)))


class EventsParser(EventParser):
    """A list of events."""

    media_type = "application/cloudevents-batch+json"


PARSERS: tuple[type[BaseParser], ...] = (UsageJsonParser, UsageLinesParser, JsonLinesParser, EventParser, EventsParser)


def _body(shape: str, value: Any) -> Body:
    rows = value if isinstance(value, list) else [value]
    if len(rows) > MOST_RECORDS:
        raise TooManyRecordsError
    return {shape: rows, "is_single": not isinstance(value, list)}


def _attributes(context: Mapping[str, Any] | None) -> dict[str, str]:
    """What the headers say of an event; nothing where there is none."""
    request = (context or {}).get("request")
    meta: Mapping[str, Any] = {} if request is None else request.META
    found = {name.removeprefix(_HEADER).lower(): value for name, value in meta.items() if name.startswith(_HEADER)}
    return {name: unquote(value) for name, value in found.items()}


def _lines(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield _read(line)
            except ParseError as error:
                raise ParseError(f"line {number}: {error.detail}") from None


def _read(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=_no_number)
    except RecursionError:
        raise ParseError("JSON parse error - nested too deep") from None
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {doubled[:100]!r} stands in an object twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")
