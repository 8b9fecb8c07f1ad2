"""What is told where a usage record is refused: faults of one record, by itself or among many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from ratable_server.api.json_text import json_text
from ratable_server.api.zuora import problems
from ratable_server.api.zuora.problems import Fault
from ratable_server.api.zuora.translate.usage import WrongFieldsError, refused_place
from ratable_server.errors import Refused

_BILLED = {
    "delete": Fault(code="CANNOT_DELETE", category=30, message="This usage record has been billed and cannot be deleted."),
    "change": Fault(code="INVALID_VALUE", category=30, message="This usage record has been billed and cannot be updated."),
}  # fmt: skip


def wrong_fields(error: WrongFieldsError) -> ValidationError:
    """The same as Django REST framework says it, so that it is told like everything else that is wrong."""
    told: dict[str, list[Any]] = {
        name: [ErrorDetail(message, code="invalid" if message else "required")] for name, message in error.wrong.items()
    }
    return ValidationError(told)


def faults_of_record(
    refused: Refused, said: Mapping[str, Any], *, act: str = "change", id: object = None
) -> list[Fault]:
    """What a refusal of one record says; `act` is what was to be done with it, `change` or `delete`, `id` as it was sent."""
    if refused.code == "reported_usage_must_not_be_billed":
        return [_BILLED[act]]
    if refused.code == "reported_usage_must_be_known":
        refused = Refused(refused.code, field=refused.field, detail=sent_id(id))
    (fault, *more) = problems.faults_of(refused)
    place = refused_place(refused, said)
    return [fault if place is None else replace(fault, code="INVALID_VALUE", message=place[1]), *more]


def sent_id(id: object) -> str:
    """What was sent where an id is wanted: a text as it is, anything else as JSON has it."""
    return id if isinstance(id, str) else json_text(id)
