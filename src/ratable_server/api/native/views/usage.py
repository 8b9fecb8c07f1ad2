"""Usage by the call, `POST /api/v1/usage`, and the receipts that prove it later, `/api/v1/receipts/{id}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.idempotency import HEADER
from ratable_server.api.native import problems
from ratable_server.api.native.schemas.usage import (
    BODIES,
    ProvenReceiptSerializer,
    TakenSerializer,
    UsageAsked,
)
from ratable_server.api.native.schemas.usage_bodies import PARSERS
from ratable_server.api.native.translate import usage as translate
from ratable_server.api.native.translate.words import told
from ratable_server.api.native.views.documented import gives, posts
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.usage import (
    Manner,
    Outcome,
    Receipt,
    RejectedFile,
    RejectedRecord,
    Taken,
    record_together,
    take_records,
)
from ratable_server.queries.receipts import proven_receipt

Record = translate.Record


class Usage(NativeView):
    """Records and events of usage."""

    parser_classes = PARSERS
    most_bytes: ClassVar[int] = 16_777_216  # 10,000 records of 1.6 kB
    records: Sequence[Record] = ()

    @posts(
        BODIES,
        {201: TakenSerializer, 200: TakenSerializer, 207: TakenSerializer},
        asks=UsageAsked,
        operation_id="record_usage",
    )
    def post(self, _request: Request) -> Response:
        """Take records of usage into the books, all of them or none; up to 10,000 in a call.

        201: at least one is new; 200: all of them were known as they are; 207, where it is asked for: some are rejected.
        """
        self.records = _records(self.request.data)
        taken = self._taken()
        return Response(_told(taken, self.records), status=translate.status_of(taken.outcomes))

    def _taken(self) -> Taken:
        """What became of the records; one alone, without a key, is taken with others that come at this moment."""
        is_partial = self.asked["partial"]
        if dict(self.request.data)["is_single"] and not is_partial and HEADER not in self.request.headers:
            return record_together(actor=self.actor, record=self.records[0], at=now_at())
        manner = Manner(is_partial=is_partial)
        return take_records(actor=self.actor, records=self.records, manner=manner, at=now_at())

    @override
    def answer_refused(self, refused: Refused) -> Response:
        """Of records that were not taken each one that breaks a rule is told, or the first one that is none, by its field."""
        if not isinstance(refused, RejectedFile | RejectedRecord):
            return self._answer_unreadable(refused) or super().answer_refused(refused)
        rejected = [outcome for outcome in refused.outcomes if outcome.status == "rejected"]
        faults = [self._fault(outcome) for outcome in rejected]
        status = translate.status_of_refused([outcome.code for outcome in rejected])
        told = problems.problem(self.request, refused.code, status, detail=refused.detail, faults=faults)
        return Response(told, status=status, content_type=problems.MEDIA_TYPE)

    def _answer_unreadable(self, refused: Refused) -> Response | None:
        """None: it is not about one field of a record."""
        column, row = getattr(refused, "column", None), getattr(refused, "row", None)
        if column is None:
            return None
        fault = problems.Fault(rule=refused.code, field=column, row=row, detail=refused.detail)
        told = problems.problem(self.request, refused.code, problems.UNFIT, detail=refused.detail, faults=[fault])
        return Response(told, status=problems.UNFIT, content_type=problems.MEDIA_TYPE)

    def _fault(self, outcome: Outcome) -> problems.Fault:
        field = translate.field_of(outcome.code, outcome.value, self.records[outcome.row - 1])
        return problems.Fault(rule=outcome.code, field=field, row=outcome.row, detail=outcome.value)


class UsageReceipt(NativeView):
    """The receipt of a call or a file."""

    @gives(ProvenReceiptSerializer, operation_id="get_receipt")
    def get(self, _request: Request, id: str) -> Response:
        """A receipt, and whether its records are in the books as it says."""
        proven = proven_receipt(actor=self.actor, code=id)
        found = {"is_proven": proven.is_proven, "found_sha256": proven.found_sha256}
        return answer({**_told_receipt(proven.receipt), **found})


def _records(body: Any) -> list[Record]:
    """The records of a body.

    Raises:
        ValidationError: some are none; every fault is told, with its place.
    """
    is_events = "events" in body
    rows = body.get("events" if is_events else "records")  # none, if there is no body
    if not rows:
        raise ValidationError({"records": [ErrorDetail("At least one.", code="required")]})
    if not is_events and translate.are_plain_records(rows):
        return list(rows)
    find = translate.faults_of_event if is_events else translate.faults_of_record
    found = [find(row) for row in rows]
    if any(found):
        raise ValidationError([_detail(faults) for faults in found])
    return [translate.record_of_event(row) for row in rows] if is_events else rows


def _detail(faults: translate.Faults) -> dict[str, list[ErrorDetail]]:
    return {name or "non_field_errors": [ErrorDetail(why, code=code)] for name, (code, why) in faults.items()}


def _told(taken: Taken, records: Sequence[Record]) -> dict[str, Any]:
    results = [translate.told_outcome(outcome, record) for outcome, record in zip(taken.outcomes, records, strict=True)]
    return {"receipt": told(_told_receipt(taken.receipt)), "results": results}


def _told_receipt(receipt: Receipt) -> dict[str, Any]:
    left_out = {"import_code", "rejections", "rejection_count", "repeats"}
    names = [name for name in Receipt.__dataclass_fields__ if name not in left_out]
    return {"id": receipt.import_code, **{name: getattr(receipt, name) for name in names}}
