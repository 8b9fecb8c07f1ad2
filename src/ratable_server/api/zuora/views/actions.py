"""`/v1/action/create`, `update`, `delete`: many usage records in one call, each with its own outcome, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.zuora import problems
from ratable_server.api.zuora.problems import Fault
from ratable_server.api.zuora.schemas.actions import (
    ActedDeletedSerializer,
    ActedSerializer,
    ActionCreateSerializer,
    ActionDeleteSerializer,
    ActionUpdateSerializer,
)
from ratable_server.api.zuora.translate import usage as translate
from ratable_server.api.zuora.translate.ids import row_id_of
from ratable_server.api.zuora.views.documented import takes
from ratable_server.api.zuora.views.refusing import faults_of_record, sent_id, wrong_fields
from ratable_server.api.zuora.views.usage import written
from ratable_server.api.zuora.views.view import CrudView
from ratable_server.clock import now_at
from ratable_server.operations.usage import (
    Report,
    ReportOutcome,
    Revision,
    delete_reported_usage,
    report_usage,
    revise_reported_usage,
)

Wish = TypeVar("Wish", Report, Revision)
Said = Mapping[str, Any]
MOST_OBJECTS = 50
_OBJECT = "Usage"
_RULE, _INVALID, _LIMIT = 30, 20, 70


class FaultyError(APIException):
    """A call that is refused as a whole, with what is told of it."""

    status_code = 400

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class ActionView(CrudView):
    """A call about usage records."""

    @property
    def said(self) -> Said:
        """The fields of the body."""
        if not isinstance(self.request.data, Mapping):
            raise ParseError("The body is no JSON object.")
        return self.request.data

    def many(self, name: str) -> list[Any]:
        """What the call is about: so many of one type."""
        if self.said.get("type") != _OBJECT:
            raise FaultyError(_fault("INVALID_TYPE", _INVALID, f"The type {self.said.get('type')} is not served."))
        found = self.said.get(name)
        if not isinstance(found, list):
            raise FaultyError(_fault("MISSING_REQUIRED_VALUE", _INVALID, f"Missing required value: {name}"))
        if len(found) > MOST_OBJECTS:
            raise FaultyError(_fault("MAX_RECORDS_EXCEEDED", _LIMIT, f"At most {MOST_OBJECTS} {name} in one call."))
        return found

    @override
    def body_of(self, error: Exception, response: Response) -> dict[str, Any]:
        return self.told([error.fault]) if isinstance(error, FaultyError) else super().body_of(error, response)


class Create(ActionView):
    """Adding."""

    operation_ids = {"POST": "Action_POSTcreate"}

    @takes(ActionCreateSerializer, ActedSerializer(many=True), tag="Actions", is_crud=True, is_keyed=True)
    def post(self, _request: Request) -> Response:
        """Add up to 50 usage records; each that is refused says why, and the others are added."""
        objects, version = self.many("objects"), self.wsdl_version
        for each in objects:
            self.refuse_unrecognised(_fields(each), translate.known_when_created(version))
        told = _Told(objects, lambda said: translate.to_report(said, wsdl_version=version))
        outcomes = report_usage(actor=self.actor, reports=told.wishes, at=now_at())
        return Response(told.answers(outcomes))


class Update(ActionView):
    """Changing."""

    operation_ids = {"POST": "Action_POSTupdate"}

    @takes(ActionUpdateSerializer, ActedSerializer(many=True), tag="Actions", is_crud=True, is_keyed=True)
    def post(self, _request: Request) -> Response:
        """Change up to 50 usage records; unknown fields are ignored."""
        version = self.wsdl_version
        told = _Told(self.many("objects"), lambda said: _revision(said, version))
        outcomes = revise_reported_usage(actor=self.actor, revisions=told.wishes, at=now_at())
        return Response(told.answers(outcomes))


class Delete(ActionView):
    """Deleting."""

    operation_ids = {"POST": "Action_POSTdelete"}

    @takes(ActionDeleteSerializer, ActedDeletedSerializer(many=True), tag="Actions", is_crud=True, is_keyed=True)
    def post(self, _request: Request) -> Response:
        """Take up to 50 usage records back."""
        ids = self.many("ids")
        rows = [row_id_of("reported_usage", id) or 0 if isinstance(id, str) else 0 for id in ids]
        outcomes = delete_reported_usage(actor=self.actor, ids=rows, at=now_at())
        return Response([_deleted(id, outcome) for id, outcome in zip(ids, outcomes, strict=True)])


class _Told(Generic[Wish]):
    """Objects of a call: what is wished of those that can be read, and what is wrong with the others."""

    def __init__(self, objects: Sequence[Any], read: Callable[[Said], Wish]) -> None:
        self._objects = objects
        self._faults: dict[int, list[Fault]] = {}
        self.wishes: list[Wish] = []
        for place, each in enumerate(objects):
            try:
                self.wishes.append(read(_fields(each)))
            except translate.WrongFieldsError as error:
                self._faults[place] = problems.faults_of_exception(wrong_fields(error))

    def answers(self, outcomes: Sequence[ReportOutcome]) -> list[dict[str, Any]]:
        """What became of each, in their order."""
        left = iter(outcomes)
        return [
            _failed(self._faults[place], said) if place in self._faults else _acted(next(left), said)
            for place, said in enumerate(self._objects)
        ]


def _fields(said: Any) -> Said:
    """The fields of one object; one that is none has none."""
    return said if isinstance(said, Mapping) else {}


def _revision(said: Said, wsdl_version: int) -> Revision:
    id = said.get("Id")
    if id in (None, ""):
        raise translate.WrongFieldsError({"Id": ""})
    row_id = row_id_of("reported_usage", id) if isinstance(id, str) else None
    return Revision(id=row_id or 0, fields=translate.to_changes(said, wsdl_version=wsdl_version))


def _acted(outcome: ReportOutcome, said: Any) -> dict[str, Any]:
    if outcome.refused is None:
        return written(outcome)
    return _failed(faults_of_record(outcome.refused, said, id=_fields(said).get("Id")), said)


def _failed(faults: list[Fault], said: Any) -> dict[str, Any]:
    id = _fields(said).get("Id")
    return {
        "Success": False,
        **({"Id": id} if isinstance(id, str) and id else {}),
        "Errors": problems.capitalised(faults),
    }


def _deleted(id: Any, outcome: ReportOutcome) -> dict[str, Any]:
    if outcome.refused is None:
        return {"success": True, "id": id}
    faults = faults_of_record(outcome.refused, {}, act="delete", id=id)
    return {"success": False, "id": sent_id(id), "errors": problems.lower_case(faults)}


def _fault(code: str, category: int, message: str) -> Fault:
    return Fault(code=code, category=category, message=message)
