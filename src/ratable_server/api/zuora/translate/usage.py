"""Usage records as this API has them, in and out: names, limits of letters, numbers, ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from ratable_server.api.zuora.translate.ids import public_id, row_id_of, user_id
from ratable_server.api.zuora.translate.times import listed_time, read_time, written_time
from ratable_server.errors import Refused
from ratable_server.operations.usage import Report
from ratable_server.queries.reported_usage import ReportedUsage

Said = Mapping[str, Any]
CUSTOM = "__c"
STATUSES = {"importing": "Importing", "pending": "Pending", "processed": "Processed"}
ORIGINS = {"api": "API", "import": "Import"}

_IN_KEYS = 114  # of the object model: from then on records have keys of their own
_QUANTITY = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?", re.ASCII)
_MOST_LETTERS = {
    "AccountId": 32, "AccountNumber": 50, "SubscriptionId": 32, "SubscriptionNumber": 100, "ChargeId": 32,
    "ChargeNumber": 50, "Quantity": 16, "Description": 200, "UniqueKey": 255,
}  # fmt: skip
_NEEDED = ("UOM", "Quantity", "StartDateTime")
_PLACES = {"customer": ("AccountId", "AccountNumber"), "contract": ("SubscriptionId", "SubscriptionNumber"),
    "item": ("ChargeId", "ChargeNumber")}  # fmt: skip
_CHANGED = ("UOM", "Quantity", "StartDateTime", "EndDateTime", "Description")
_OURS = {
    "UOM": "unit_of_measure", "Quantity": "quantity", "StartDateTime": "started_at", "EndDateTime": "ended_at",
    "Description": "description", "UniqueKey": "unique_key",
}  # fmt: skip
_EMPTIED: dict[str, Any] = {"EndDateTime": None, "Description": "", "UniqueKey": ""}


class WrongFieldsError(ValueError):
    """Fields that are not as they must be, each with what is wrong; an empty text: it is missing."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__(", ".join(wrong))
        self.wrong = dict(wrong)


def known_when_created(wsdl_version: int) -> set[str]:
    """The fields that a new record may have."""
    places = {name for pair in _PLACES.values() for name in pair}
    return {*places, *_NEEDED, "EndDateTime", "Description", *_keyed(wsdl_version)}


def known_when_changed(wsdl_version: int) -> set[str]:
    """The fields that a record may be told anew; its status is taken and ignored."""
    return {*_CHANGED, "RbeStatus", *_keyed(wsdl_version)}


def to_report(said: Said, *, wsdl_version: int) -> Report:
    """A new record.

    Raises:
        WrongFieldsError: each field that is missing or wrong.
    """
    wrong = dict.fromkeys((name for name in _NEEDED if said.get(name) in (None, "")), "")
    if not any(said.get(name) for name in _PLACES["customer"]):
        wrong["AccountId"] = ""
    if said.get("ProductRatePlanChargeNumber") is not None:
        wrong["ProductRatePlanChargeNumber"] = "charges are named by ChargeId or ChargeNumber here"
    told = {name: said[name] for name in (*_CHANGED, *_keyed(wsdl_version)) if said.get(name) not in (None, "")}
    fields = _read(told, wrong)
    fields |= {ours: _named(said, pair, wrong) for ours, pair in _PLACES.items()}
    if wrong:
        raise WrongFieldsError(wrong)
    return Report(**fields, further=_customs(said, is_new=True))


def to_changes(said: Said, *, wsdl_version: int) -> dict[str, Any]:
    """What a record is told anew, as the fields of a revision.

    Raises:
        WrongFieldsError: each field that is wrong.
    """
    names = [name for name in (*_CHANGED, *_keyed(wsdl_version)) if name in said]
    emptied = {name for name in names if said[name] in (None, "")}
    wrong = dict.fromkeys((name for name in emptied if name not in _EMPTIED), "")
    fields = _read({name: said[name] for name in names if name not in emptied}, wrong)
    if wrong:
        raise WrongFieldsError(wrong)
    fields |= {_OURS[name]: _EMPTIED[name] for name in names if name in emptied}
    further = _customs(said, is_new=False)
    return {**fields, "further": further} if further else fields


def refused_place(refused: Refused, said: Said) -> tuple[str, str] | None:
    """Which field has named what is not there, and what is said of it; None: something else is refused."""
    if refused.code != "code_must_be_known" or refused.field not in _PLACES:
        return None
    by_id, by_number = _PLACES[refused.field]
    if said.get(by_id):
        return by_id, f"Invalid value for field {by_id}: {said[by_id]}"
    thing = by_number.removesuffix("Number").lower()
    return by_number, f"The {thing} number {said.get(by_number)} is invalid."


def from_record(row: ReportedUsage, zone: ZoneInfo, *, wsdl_version: int) -> dict[str, Any]:
    """A record as it is read by itself; what was not told is left out."""
    told = {
        "AccountId": public_id("customer", row.customer_id),
        "AccountNumber": row.customer,
        "ChargeId": row.item_id and public_id("item", row.item_id),
        "ChargeNumber": row.item,
        "CreatedById": user_id(row.created_by),
        "CreatedDate": written_time(row.created_at, zone),
        "Description": row.description or None,
        "EndDateTime": row.ended_at and written_time(row.ended_at, zone),
        "Id": public_id("reported_usage", row.id),
        "ImportId": row.import_id and public_id("import", row.import_id),
        "Quantity": shortest(row.quantity),
        "RbeStatus": STATUSES[row.status],
        "SourceName": row.file_name or None,
        "SourceType": ORIGINS[row.origin],
        "StartDateTime": written_time(row.started_at, zone),
        "SubmissionDateTime": written_time(row.modified_at, zone),
        "SubscriptionId": row.contract_id and public_id("contract", row.contract_id),
        "SubscriptionNumber": row.contract,
        "UOM": row.unit_of_measure,
        "UniqueKey": (row.unique_key or None) if wsdl_version >= _IN_KEYS else None,
        "UpdatedById": user_id(row.modified_by),
        "UpdatedDate": written_time(row.modified_at, zone),
        **row.further,
    }
    return {name: value for name, value in told.items() if value is not None}


def from_records_listed(rows: Iterable[ReportedUsage], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Records as an account's list has them: other names, and in each all the custom fields of the page."""
    page = list(rows)
    customs = sorted({name for row in page for name in row.further})
    return [{**_listed(row, zone), **{name: row.further.get(name) for name in customs}} for row in page]


def chosen(record: dict[str, Any], fields: str | None) -> dict[str, Any]:
    """The fields of a record that the caller wants, with commas; all of them, if he does not say."""
    if not fields:
        return record
    wanted = {name.strip() for name in fields.split(",")}
    return {name: value for name, value in record.items() if name in wanted}


def shortest(quantity: Decimal) -> Decimal:
    """A quantity without zeros at its end."""
    text = format(quantity, "f")
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else quantity


def _listed(row: ReportedUsage, zone: ZoneInfo) -> dict[str, Any]:
    """What was not told is left out: the published types know no null."""
    told = {
        "id": public_id("reported_usage", row.id),
        "accountId": public_id("customer", row.customer_id),
        "accountNumber": row.customer,
        "accountName": row.customer_name,
        "subscriptionNumber": row.contract,
        "chargeNumber": row.item,
        "unitOfMeasure": row.unit_of_measure,
        "quantity": format(shortest(row.quantity), "f"),
        "submissionDateTime": listed_time(row.modified_at, zone),
        "startDateTime": listed_time(row.started_at, zone),
        "status": STATUSES[row.status],
        "sourceName": ORIGINS[row.origin],
        "fileName": row.file_name or None,
        "uniqueKey": row.unique_key or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _keyed(wsdl_version: int) -> Collection[str]:
    return ("UniqueKey",) if wsdl_version >= _IN_KEYS else ()


def _read(told: Said, wrong: dict[str, str]) -> dict[str, Any]:
    """The fields under our names; what is wrong with one is added to `wrong`."""
    read: dict[str, Any] = {}
    for name, value in told.items():
        reader: Callable[[Any], Any] = _READERS.get(name, _text)
        most = _MOST_LETTERS.get(name)
        found = reader(value)
        if found is None or (most and _letters(value) > most):
            wrong.setdefault(name, f"at most {most} characters" if found is not None else _shown(value))
        else:
            read[_OURS.get(name, name)] = found
    return read


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: Any) -> Any:
    return read_time(value) if isinstance(value, str) else None


def _quantity(value: Any) -> Decimal | None:
    """A number, or its text; it may be written with an exponent."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str) and not _QUANTITY.fullmatch(value):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _letters(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(format(Decimal(value), "f"))


def _shown(value: Any) -> str:
    return str(value)[:200]


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "Quantity": _quantity, "StartDateTime": _time, "EndDateTime": _time,
}  # fmt: skip


def _named(said: Said, pair: tuple[str, str], wrong: dict[str, str]) -> int | str | None:
    """What a record names by its id, or else by its number."""
    by_id, by_number = pair
    for name in (by_id, by_number):
        value = said.get(name)
        if value in (None, ""):
            continue
        if not isinstance(value, str):
            wrong.setdefault(name, _shown(value))
        elif len(value) > _MOST_LETTERS[name]:
            wrong.setdefault(name, f"at most {_MOST_LETTERS[name]} characters")
        elif name == by_id:
            return row_id_of(_KINDS[by_id], value) or 0  # no row has this number
        else:
            return value
    return None


_KINDS: dict[str, Any] = {"AccountId": "customer", "SubscriptionId": "contract", "ChargeId": "item"}


def _customs(said: Said, *, is_new: bool) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name.endswith(CUSTOM) and (value is not None or not is_new)}
