"""`…/prepaid-commits/{commit_id}/consumption`: what each month used of a prepaid commit, in list value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.api.campfire.problems import CLOSED
from ratable_server.api.campfire.schemas.prepaid_commits import (
    MOST_EVENTS,
    ConsumptionSaidAgainSerializer,
    ContractPrepaidCommitConsumptionSerializer,
    RecordConsumptionInputSerializer,
)
from ratable_server.api.campfire.translate import prepaid_commits as translate
from ratable_server.api.campfire.translate.transactions import NOTE
from ratable_server.api.campfire.views.asking import listing
from ratable_server.api.campfire.views.contracts import contract_of
from ratable_server.api.campfire.views.documented import PAGES, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.prepaid_commits import commit_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.register import keep_entry_of_month
from ratable_server.operations.usage import RejectedFile, record_usage, void_usage
from ratable_server.queries.consumptions import MonthOfCommit, months_of_commit, recorded_usage
from ratable_server.queries.listing import Asked, Found
from ratable_server.queries.prepaid_commits import PrepaidCommit
from ratable_server.queries.register import register
from ratable_server.queries.usage import UsageAsked, used_months

_FIELD_OF = {
    "quantity_must_not_be_negative": "gross_usage_amount",
    "quantity_must_be_a_number": "gross_usage_amount",
    "quantity_must_be_in_range": "gross_usage_amount",
    "usage_must_fall_in_contract": "period_month",
    "usage_must_fall_in_item": "period_month",
}
_TWICE = "Consumption of this month is recorded already; change it by its own route."
_OF_EVENTS = "This month is the sum of its events; upload these again to change it."
_STAYS = "The month of a consumption stays."
_FIGURES = ("gross_usage_amount", "total_events")


class Consumptions(CampfireView):
    """The months of a prepaid commit."""

    operation_ids = {"GET": "list_prepaid_commit_consumption", "POST": "create_prepaid_commit_consumption"}

    @gives(page_of(ContractPrepaidCommitConsumptionSerializer), parameters=PAGES)
    def get(self, request: Request, contract_id: int, commit_id: int) -> Response:
        """Months by pages, ascending."""
        commit = commit_of(self.actor, contract_id, commit_id)
        months = months_told(self.actor, commit)
        return listing(
            request,
            lambda asked: Found(count=len(months), rows=months[asked.offset : asked.offset + asked.limit]),
            lambda rows: _told(self.actor, rows, commit),
        )

    @posts(RecordConsumptionInputSerializer, ContractPrepaidCommitConsumptionSerializer)
    def post(self, _request: Request, contract_id: int, commit_id: int) -> Response:
        """Record what a month used; a month is recorded once."""
        commit = commit_of(self.actor, contract_id, commit_id)
        fields = self.read(RecordConsumptionInputSerializer)
        month_on = _refuse_unfit_month(commit, fields["period_month"])
        taken = recorded_usage(actor=self.actor, beginning=translate.event_id(commit.id, month_on))
        if any(not each.is_void for each in taken):
            raise ValidationError({"period_month": [_TWICE]})
        if used_months(actor=self.actor, asked=UsageAsked(prepaid_commits=[commit.code], month_on=month_on)):
            raise ValidationError({"period_month": [_OF_EVENTS]})
        contract = contract_of(self.actor, contract_id)
        record = translate.to_consumption(fields, commit, month_on, contract=contract, times=len(taken))
        _record(self.actor, record, is_new=True)
        return Response(_one(self.actor, _month(self.actor, commit, month_on), commit), status=201)


class Consumption(CampfireView):
    """One month of a prepaid commit."""

    operation_ids = {"PUT": "update_prepaid_commit_consumption", "DELETE": "delete_prepaid_commit_consumption"}

    @gives(ContractPrepaidCommitConsumptionSerializer)
    def get(self, _request: Request, *, contract_id: int, commit_id: int, id: int) -> Response:
        """A month by its id: an addition to the published API."""
        commit = commit_of(self.actor, contract_id, commit_id)
        return Response(_one(self.actor, _of_id(self.actor, commit, id), commit))

    @takes(RecordConsumptionInputSerializer(partial=True), ContractPrepaidCommitConsumptionSerializer)
    def put(self, _request: Request, *, contract_id: int, commit_id: int, id: int) -> Response:
        """Say again what a month used; what is left out stays, and the month itself too.

        A month that is the sum of its events is described, and nothing else of it changes.
        """
        commit = commit_of(self.actor, contract_id, commit_id)
        month = _of_id(self.actor, commit, id)
        fields = _said_again(self, month)
        month_on = month.consumption.month_on
        if fields.get("period_month", month_on) != month_on:
            raise ValidationError({"period_month": [_STAYS]})
        if month.record is None:
            _describe(self.actor, month, fields, commit=commit)
        else:
            contract = contract_of(self.actor, contract_id)
            _record(self.actor, translate.to_revision(fields, commit, month, contract=contract), is_new=False)
        return Response(_one(self.actor, _month(self.actor, commit, month_on), commit))

    @deletes()
    def delete(self, _request: Request, *, contract_id: int, commit_id: int, id: int) -> Response:
        """Take back what was recorded for a month."""
        commit = commit_of(self.actor, contract_id, commit_id)
        month = _recorded(_of_id(self.actor, commit, id))
        event_id = month.record.event_id if month.record else ""
        void_usage(actor=self.actor, event_id=event_id, at=now_at(), takes_late=False)
        return Response(status=204)


def _record(actor: Actor, record: dict[str, Any], *, is_new: bool) -> None:
    try:
        receipt = record_usage(
            actor=actor, records=[record], at=now_at(), on_change="reject" if is_new else "revise", takes_late=False
        )
    except RejectedFile as rejected:
        raise _told_rejection(rejected.receipt.rejections[0].code, is_new=is_new) from None
    if is_new and not receipt.rows_accepted:
        raise ValidationError({"period_month": [_TWICE]})


def _said_again(view: CampfireView, month: MonthOfCommit) -> dict[str, Any]:
    """What a body says of a month that is there: the sum of its events is more than one that is told may be.

    Raises:
        ValidationError: something cannot be, or so many events are not those of the month.
    """
    fields = view.read(ConsumptionSaidAgainSerializer, is_partial=True)
    events = fields.get("total_events") or 0
    if events > MOST_EVENTS and events != month.events:
        raise ValidationError({"total_events": [f"Ensure this value is less than or equal to {MOST_EVENTS}."]})
    return fields


def _describe(actor: Actor, month: MonthOfCommit, fields: Mapping[str, Any], *, commit: PrepaidCommit) -> None:
    """Keep a description beside the sum of a month's events; the one that is there changes nothing.

    Raises:
        ValidationError: other figures are said of it, or it is closed.
    """
    own = {"gross_usage_amount": month.consumption.gross, "total_events": month.events}
    wrong = {name: [_OF_EVENTS] for name in _FIGURES if fields.get(name) not in (None, own[name])}
    if wrong:
        raise ValidationError(wrong)
    said = fields.get("description", "") or ""
    if "description" not in fields or said == _one(actor, month, commit)["description"]:
        return
    note: Any = {"kind": NOTE, "code": translate.note_of(month), "further": {"description": said}}
    try:
        keep_entry_of_month(actor=actor, on=month.consumption.month_on, at=now_at(), **note)
    except Refused as refused:
        if refused.code != "period_must_be_open":
            raise
        raise ValidationError({"error": CLOSED, "period_month": [CLOSED]}) from None


def _told_rejection(code: str, *, is_new: bool) -> ValidationError:
    """What a rejected record breaks, by the field that broke it; what is recorded may change while its month is open."""
    if code == "usage_must_not_change_under_its_id" and is_new:
        return ValidationError({"period_month": [_TWICE]})
    if code in {"period_must_be_open", "usage_must_not_change_under_its_id"}:
        return ValidationError({"error": CLOSED, "period_month": [CLOSED]})
    return ValidationError({_FIELD_OF.get(code, "non_field_errors"): [code.replace("_", " ")]})


def _refuse_unfit_month(commit: PrepaidCommit, month_on: date) -> date:
    if month_on.day != 1:
        raise ValidationError({"period_month": ["This is the first day of a month."]})
    if month_on < month_of(commit.starts_on):
        raise ValidationError({"period_month": ["The prepaid commit starts later."]})
    return month_on


def months_told(actor: Actor, commit: PrepaidCommit) -> tuple[MonthOfCommit, ...]:
    """Each month of a prepaid commit, ascending."""
    beginning = translate.event_id(commit.id, None)
    return months_of_commit(actor=actor, commit=commit, beginning=beginning, on=now_at().date())


def _month(actor: Actor, commit: PrepaidCommit, month_on: date) -> MonthOfCommit:
    return next(each for each in months_told(actor, commit) if each.consumption.month_on == month_on)


def _of_id(actor: Actor, commit: PrepaidCommit, id: int) -> MonthOfCommit:
    for each in months_told(actor, commit):
        if each.consumption.id == id:
            return each
    raise NotFound


def _recorded(month: MonthOfCommit) -> MonthOfCommit:
    """The month, if something was recorded for it as a whole."""
    if month.record is None:
        raise ValidationError({"error": "This month was used by events or usage lines; change these."})
    return month


def _one(actor: Actor, month: MonthOfCommit, commit: PrepaidCommit) -> dict[str, Any]:
    return _told(actor, [month], commit)[0]


def _told(actor: Actor, months: Sequence[MonthOfCommit], commit: PrepaidCommit) -> list[dict[str, Any]]:
    """Months, as the wire has them; those that nobody told as a whole may be described beside their events."""
    codes = [translate.note_of(month) for month in months if month.record is None]
    asked = Asked(codes=codes, limit=len(codes))
    notes = register(actor=actor, kind=NOTE, asked=asked).rows if codes else ()
    of = {note.code: note for note in notes}
    return [
        ContractPrepaidCommitConsumptionSerializer.answer(
            translate.from_consumption(month, commit, of.get(translate.note_of(month))), {}
        )
        for month in months
    ]
