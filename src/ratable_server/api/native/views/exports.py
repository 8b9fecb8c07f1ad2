"""`/api/v1/exports`: the journal of closed months for other ledgers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.native.schemas.exports import ExportAskedSerializer, ExportFileAsked, ExportSerializer
from ratable_server.api.native.translate.exports import from_exported, to_chart, to_wanted
from ratable_server.api.native.translate.reports import to_periods
from ratable_server.api.native.views.documented import gives_file, posts
from ratable_server.api.native.views.files import FILES, file_answer
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.exports import Chart
from ratable_server.queries.exports import exported_journal


class Exports(NativeView):
    """Files with all that can be said of them."""

    roles = {"POST": "viewer"}
    is_one_transaction = False

    @posts(ExportAskedSerializer, ExportSerializer, status=200, operation_id="export_journal")
    def post(self, _request: Request) -> Response:
        """The journal of closed months in the words of another ledger; a second import of the same ids posts nothing twice."""
        wanted = self.read(ExportAskedSerializer)
        periods = to_periods(wanted["period"])
        if periods is None or periods[1] < periods[0]:
            raise ValidationError({"period": [ErrorDetail("The last month is before the first.", code="invalid")]})
        chart = to_chart(_each_once(wanted.get("accounts", ())))
        found = exported_journal(actor=self.actor, periods=periods, wanted=to_wanted(wanted, chart))
        return answer({"files": from_exported(found)})


class ExportFile(NativeView):
    """One file."""

    content_negotiation_class = FILES

    @gives_file("text/csv", "text/plain", asks=ExportFileAsked, operation_id="get_exported_journal")
    def get(self, _request: Request, month_on: date) -> HttpResponse:
        """The journal of a closed month as a file; as a target takes so many lines only, there may be more than one."""
        wanted = to_wanted(self.asked, Chart())
        (month,) = exported_journal(actor=self.actor, periods=(month_on, month_on), wanted=wanted)
        files = month.files[self.asked["part"] - 1 : self.asked["part"]]
        if not files:
            raise NotFound
        return file_answer(files[0].content, files[0].name, files[0].media_type)


def _each_once(accounts: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    roles = Counter(account["role"] for account in accounts)
    wrong = [role for role, count in roles.items() if count > 1]
    if wrong:
        raise ValidationError({"accounts": [ErrorDetail(f"{wrong[0]} has two accounts.", code="invalid")]})
    return accounts
