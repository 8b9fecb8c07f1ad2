"""`/v1/action/query`, `queryMore`: usage records by what they say, up to 2,000 at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.json_text import json_text, read_json
from ratable_server.api.zuora.problems import Fault
from ratable_server.api.zuora.schemas.actions import QueriedSerializer, QueryMoreSerializer, QuerySerializer
from ratable_server.api.zuora.translate.usage import chosen, from_record
from ratable_server.api.zuora.translate.usage_query import (
    UnfitValueError,
    UnknownFieldError,
    condition_of,
    refuse_unknown_fields,
)
from ratable_server.api.zuora.translate.zoql import MalformedQueryError, Query, read_query
from ratable_server.api.zuora.views.actions import ActionView, FaultyError
from ratable_server.api.zuora.views.documented import takes
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.idempotency import Answer, Declined, KeyedRequest, answer_once
from ratable_server.queries.reported_usage import Condition, ReportedAsked, ReportedPage, books_zone, reported_usage

MOST_RECORDS = 2_000
_NEWEST_WSDL = 10**6  # a query says itself which fields it wants
_INVALID = 20
_KEPT_FOR = timedelta(minutes=15)
_SPACE, _ROUTE = "zuora-query", "action/query"


class QueryView(ActionView):
    """Asking is no change: who may read may ask, and no key of the caller is taken."""

    roles = {"POST": "viewer"}
    keyed = ()

    def answer(self, text: str, *, after: int, told_before: int) -> Response:
        """The records that a query finds behind a row, and where it goes on."""
        query = _read(text)
        zone = books_zone(actor=self.actor)
        conditions = [*_conditions(query, zone), Condition(name="id", comparison=">", value=after)]
        asked = ReportedAsked(limit=self._batch_size(), conditions=conditions)
        page = reported_usage(actor=self.actor, asked=asked)
        records = [chosen(_record(page, place), ",".join(query.fields)) for place in range(len(page.rows))]
        told: dict[str, Any] = {"size": len(records), "records": records, "done": not page.has_more}
        if page.has_more:
            count = told_before + len(records)
            told["queryLocator"] = f"{self._keep(text, after=page.rows[-1].id, told_before=count)}-{count}"
        return Response(told)

    def kept(self, locator: str) -> dict[str, Any]:
        """Where a query goes on, as long as it is kept."""
        key = locator.partition("-")[0]
        try:
            answer = answer_once(actor=self.actor, request=_request(key), answer=_nothing, at=now_at())
        except (Declined, Refused):
            raise _unfit("INVALID_VALUE", f"Invalid value for field queryLocator: {locator[:100]}") from None
        kept = read_json(answer.body)
        if f"{key}-{kept['told']}" != locator:
            raise _unfit("INVALID_VALUE", f"Invalid value for field queryLocator: {locator[:100]}")
        return dict(kept)

    def _keep(self, text: str, *, after: int, told_before: int) -> str:
        """Remember where a query goes on; the key under which it is."""
        key = secrets.token_hex(16)
        body = json_text({"query": text, "after": after, "told": told_before})
        answer_once(actor=self.actor, request=_request(key), answer=lambda: Answer(status=200, body=body), at=now_at())
        return key

    def _batch_size(self) -> int:
        conf = self.said.get("conf") or {}
        size = conf.get("batchSize", MOST_RECORDS) if isinstance(conf, dict) else None
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise _unfit("INVALID_VALUE", f"Invalid value for field batchSize: {size}")
        return min(size, MOST_RECORDS)


class Ask(QueryView):
    """A query."""

    operation_ids = {"POST": "Action_POSTquery"}

    @takes(QuerySerializer, QueriedSerializer, tag="Actions", is_crud=True, is_keyed=True)
    def post(self, _request: Request) -> Response:
        """Find usage records by a query; fields that were not told are left out."""
        text = self.said.get("queryString")
        if not isinstance(text, str) or not text:
            raise _unfit("MISSING_REQUIRED_VALUE", "Missing required value: queryString")
        return self.answer(text, after=0, told_before=0)


class AskMore(QueryView):
    """The rest of an answer."""

    operation_ids = {"POST": "Action_POSTqueryMore"}

    @takes(QueryMoreSerializer, QueriedSerializer, tag="Actions", is_crud=True, is_keyed=True)
    def post(self, _request: Request) -> Response:
        """Go on where the answer to a query ended, within 15 minutes."""
        locator = self.said.get("queryLocator")
        if not isinstance(locator, str) or not locator:
            raise _unfit("MISSING_REQUIRED_VALUE", "Missing required value: queryLocator")
        kept = self.kept(locator)
        return self.answer(kept["query"], after=kept["after"], told_before=kept["told"])


def _read(text: str) -> Query:
    try:
        query = read_query(text)
    except MalformedQueryError as error:
        raise _unfit("MALFORMED_QUERY", f"The query {error}.") from error
    if query.object != "Usage":
        raise _unfit("INVALID_TYPE", f"The object {query.object} is not served.")
    try:
        refuse_unknown_fields(query.fields)
    except UnknownFieldError as error:
        raise _unfit("INVALID_FIELD", f"Usage has no field {error}.") from error
    return query


def _conditions(query: Query, zone: ZoneInfo) -> Sequence[Condition]:
    try:
        return [condition_of(each, zone) for each in query.conditions]
    except UnknownFieldError as error:
        raise _unfit("INVALID_FIELD", f"Usage has no field {error} to ask for.") from error
    except UnfitValueError as error:
        raise _unfit("INVALID_VALUE", str(error)) from error


def _record(page: ReportedPage, place: int) -> dict[str, Any]:
    return from_record(page.rows[place], page.zone, wsdl_version=_NEWEST_WSDL)


def _request(key: str) -> KeyedRequest:
    return KeyedRequest(key=key or "none", route=_ROUTE, body_sha256="", space=_SPACE, kept_for=_KEPT_FOR)


def _nothing() -> Answer:
    raise Declined(Answer(status=400, body=""))


def _unfit(code: str, message: str) -> FaultyError:
    return FaultyError(Fault(code=code, category=_INVALID, message=message))
