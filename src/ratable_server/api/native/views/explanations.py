"""`/api/v1/explanations`: where a figure comes from, and where a record of usage went."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable.reports.explanation import Trace
from ratable_server.api.native.schemas.explanations import ExplanationAsked, ExplanationSerializer, RevenueAsked
from ratable_server.api.native.views.documented import gives
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.errors import Refused
from ratable_server.queries.explanations import Moment, explain_entry, explain_revenue, explain_usage

# Words of reports and case files, and the columns of revenue that they mean.
_KEYS = {
    "product": "product_id",
    "item": "item_id",
    "prepaid_commit": "commit_id",
    "source": "source_id",
    "type": "kind",
    "period": "booked_on",
    "service_period": "service_on",
}


class Explanation(NativeView):
    """Of a journal entry or a record of usage."""

    @gives(ExplanationSerializer, asks=ExplanationAsked, operation_id="explain")
    def get(self, _request: Request, id: str) -> Response:
        """A journal entry down to its usage, or a record of usage up to its journal lines: whichever is called so."""
        moment, records = _moment(self.asked), self.asked["records"]
        try:
            steps = explain_entry(actor=self.actor, entry_id=id, moment=moment, records_shown=records)
        except Refused as refused:
            if refused.code != "entry_must_be_known":
                raise
            return answer(self._of_usage(id, moment))
        return answer({"id": id, "of": "entry", "steps": steps, "trace": None})

    def _of_usage(self, id: str, moment: Moment) -> dict[str, Any]:
        try:
            found = explain_usage(actor=self.actor, usage_id=id, moment=moment)
        except Refused as refused:
            if refused.code == "usage_must_be_known":
                raise NotFound from None
            raise
        if isinstance(found, Trace):
            return {"id": id, "of": "usage", "steps": [], "trace": found}
        return {"id": id, "of": "usage", "steps": [found], "trace": None}


class RevenueExplanation(NativeView):
    """Of revenue by its keys."""

    names = MappingProxyType({"revenue_must_be_known": "contract"})

    @gives(ExplanationSerializer, asks=RevenueAsked, operation_id="explain_revenue")
    def get(self, _request: Request) -> Response:
        """The revenue of a contract that has these keys, down to its usage."""
        keys = {column: self.asked[word] for word, column in _KEYS.items() if word in self.asked}
        step = explain_revenue(
            actor=self.actor,
            contract=self.asked["contract"],
            keys=keys,
            moment=_moment(self.asked),
            records_shown=self.asked["records"],
        )
        return answer({"id": None, "of": "revenue", "steps": [step], "trace": None})


def _moment(asked: Any) -> Moment:
    if "run" in asked and "as_of" in asked:
        raise ValidationError({"run": [ErrorDetail("A draft is explained as it stands.", code="invalid")]})
    return Moment(as_of=asked.get("as_of"), run_id=asked.get("run"))
