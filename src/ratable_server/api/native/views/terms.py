"""`/api/v1/terms`: a document of what was agreed is added to the books, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable.cases.reading import Agreement, read_agreement
from ratable.errors import MalformedCaseError
from ratable_server.api.json_text import json_text
from ratable_server.api.native.schemas.terms import TERMS, ImportedTermsSerializer
from ratable_server.api.native.translate.terms import from_imported, to_document
from ratable_server.api.native.views.documented import posts
from ratable_server.api.native.views.view import NativeView, StrictJsonParser, answer
from ratable_server.api.parsers import BodyTooLargeError, most_bytes_of
from ratable_server.clock import now_at
from ratable_server.operations.terms import import_terms

_MOST_BYTES = 32 << 20


class YamlParser(BaseParser):
    """A document in YAML, as text: the reader of case files knows what it may be."""

    media_type = "application/yaml"

    @override
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        most = most_bytes_of(parser_context)
        body = bytes(stream.read(most + 1))
        if len(body) > most:
            raise BodyTooLargeError
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            raise ParseError("Parse error - the body is not UTF-8") from None


class Terms(NativeView):
    """Documents of terms."""

    parser_classes = (StrictJsonParser, YamlParser)
    most_bytes = _MOST_BYTES

    @posts(
        {"application/json": TERMS, YamlParser.media_type: {"type": "string"}},
        ImportedTermsSerializer,
        operation_id="import_terms",
    )
    def post(self, request: Request) -> Response:
        """Add products, bundles and contracts: a case file, in YAML or JSON, of which only what was agreed is read.

        A document that names no entity or no policy keeps those of the books. What is there already is not changed.
        """
        agreed = _read(request.data)
        created = import_terms(
            actor=self.actor,
            terms=agreed.terms,
            at=now_at(),
            keeps_policy=not agreed.names_policy,
            keeps_timezone=not agreed.names_entity,
        )
        return answer(from_imported(agreed.terms, created.warnings), status=201)


def _read(said: Any) -> Agreement:
    """The terms of a document, by the reader of case files; JSON is YAML as well, and keeps its digits.

    Raises:
        ValidationError: told by its key.
    """
    is_yaml = isinstance(said, str)
    with tempfile.TemporaryDirectory(prefix="ratable-terms-") as folder:
        file = Path(folder) / "terms.yaml"
        file.write_text(said if is_yaml else json_text(to_document(said)), encoding="utf-8")
        try:
            return read_agreement(file)
        except MalformedCaseError as error:
            told = f"line {error.line}: {error.message}" if is_yaml else error.message
            raise ValidationError({error.key or "non_field_errors": [ErrorDetail(told, code="invalid")]}) from None
