"""Conditions of a query over usage records in our words, and records as a query tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ratable_server.api.zuora.translate.ids import row_id_of
from ratable_server.api.zuora.translate.times import read_time
from ratable_server.api.zuora.translate.usage import CUSTOM, ORIGINS, STATUSES
from ratable_server.api.zuora.translate.zoql import Compared
from ratable_server.queries.reported_usage import Condition

_NO_ROW = 0
_ORDERED = {"quantity", "started_at", "ended_at", "created_at", "modified_at"}
_TOLD_ONLY = {"CreatedById", "UpdatedById"}
_ASKED_ONLY = {"InvoiceNumber"}


class UnknownFieldError(ValueError):
    """A field that records have not, or that nothing can be asked of."""


class UnfitValueError(ValueError):
    """A value that a field cannot have."""


class _Field(NamedTuple):
    """Our name of a field, and how its values are read; None: the text is no such value."""

    name: str
    read: Callable[[str, ZoneInfo], Any]


def condition_of(compared: Compared, zone: ZoneInfo) -> Condition:
    """A condition in our words.

    Raises:
        UnknownFieldError, UnfitValueError
    """
    if compared.field.endswith(CUSTOM):
        return _of_custom(compared)
    field = _FIELDS.get(compared.field)
    if field is None:
        raise UnknownFieldError(compared.field)
    if compared.comparison not in ("=", "!=") and field.name not in _ORDERED:
        raise UnfitValueError(f"{compared.field} is equal or not, and nothing else")
    if compared.value is None and field.name == "invoice":
        raise UnfitValueError(f"{compared.field} is equal to a number or not, and nothing else")
    value = None if compared.value is None else field.read(compared.value, zone)
    if value is None and compared.value is not None:
        raise UnfitValueError(f"Invalid value for field {compared.field}: {compared.value}")
    return Condition(name=field.name, comparison=compared.comparison, value=value)


def refuse_unknown_fields(names: tuple[str, ...]) -> None:
    """Go on, unless a record has no such field to be told.

    Raises:
        UnknownFieldError
    """
    for name in names:
        is_told = (name in _FIELDS and name not in _ASKED_ONLY) or name in _TOLD_ONLY
        if not is_told and not name.endswith(CUSTOM):
            raise UnknownFieldError(name)


def _of_custom(compared: Compared) -> Condition:
    """A custom field is what it was told as: a text, or a number or a boolean that is written the same."""
    if compared.comparison not in ("=", "!=") or compared.value is None:
        raise UnfitValueError(f"{compared.field} is equal to a text or not, and nothing else")
    return Condition(name="further", comparison=compared.comparison, value={compared.field: compared.value})


def _row(kind: Any) -> Callable[[str, ZoneInfo], int]:
    return lambda text, _: row_id_of(kind, text) or _NO_ROW


def _text(text: str, _: ZoneInfo) -> str:
    return text


def _number(text: str, _: ZoneInfo) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS else None


_MOST_DIGITS = 38


def _time(text: str, zone: ZoneInfo) -> datetime | None:
    at = read_time(text)
    if at is None:
        return None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None


def _one_of(words: Mapping[str, str]) -> Callable[[str, ZoneInfo], str | None]:
    ours = {their: our for our, their in words.items()}
    return lambda text, _: ours.get(text)


_FIELDS: Mapping[str, _Field] = {
    "Id": _Field("id", _row("reported_usage")),
    "AccountId": _Field("customer_id", _row("customer")),
    "AccountNumber": _Field("customer", _text),
    "SubscriptionId": _Field("contract_id", _row("contract")),
    "SubscriptionNumber": _Field("contract", _text),
    "ChargeId": _Field("item_id", _row("item")),
    "ChargeNumber": _Field("item", _text),
    "InvoiceNumber": _Field("invoice", _text),
    "ImportId": _Field("usage_import_id", _row("import")),
    "UOM": _Field("unit_of_measure", _text),
    "Quantity": _Field("quantity", _number),
    "StartDateTime": _Field("started_at", _time),
    "EndDateTime": _Field("ended_at", _time),
    "Description": _Field("description", _text),
    "UniqueKey": _Field("unique_key", _text),
    "RbeStatus": _Field("status", _one_of(STATUSES)),
    "SourceType": _Field("origin", _one_of(ORIGINS)),
    "SourceName": _Field("file_name", _text),
    "SubmissionDateTime": _Field("modified_at", _time),
    "CreatedDate": _Field("created_at", _time),
    "UpdatedDate": _Field("modified_at", _time),
}
