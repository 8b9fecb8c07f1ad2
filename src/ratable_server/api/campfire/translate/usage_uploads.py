"""Uploads of usage: what the columns of a file are called, and what became of its rows.

Rows of a prepaid commit are known by `external_id`: in the books under `event:<commit>:<external_id>`, adjustments under
`adjustment:<commit>:<external_id>`. Rows of usage lines are known as their lines are. A row without an id is known by its
file and its place in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ratable_server.api.campfire.translate import prepaid_commits
from ratable_server.api.campfire.translate.words import last_day, last_of
from ratable_server.operations.usage import NO_FLAG, Place, Words

_LONGEST, _MOST_EVENTS = 250, 2**31 - 1  # of an external_id, and of total_events, as they are published
EVENT_WORDS = Words(
    {
        "external_id": "id",
        "id": "id",
        "dt": "used_on",
        "dm": "month",
        "total_revenue_dollars": "amount",
        "total_events": "units",
        "is_adjustment": "is_adjustment",
        "original_period_month": "corrects",
        "adjustment_date": "adjusted_on",
    },
    needed=(("used_on", "month", "corrects"), ("amount", "units")),
    kept=frozenset({"total_events"}),
    longest=_LONGEST,
    most_units=_MOST_EVENTS,
)
LINE_WORDS = Words(
    {
        "external_id": "id",
        "id": "id",
        "usage": "place",
        "usage_id": "place",
        "contract_usage": "place",
        "dt": "used_on",
        "dm": "month",
        "period_month": "month",
        "quantity": "quantity",
        "amount": "amount",
        "total_revenue_dollars": "amount",
        "currency": "currency",
        "is_adjustment": "is_adjustment",
    },
    needed=(("used_on", "month"), ("quantity", "amount")),
    longest=_LONGEST,
)
_FAR = date(2999, 12, 31)
_UNDATED, _CHANGED = "usage_must_have_a_date", "usage_must_not_change_under_its_id"
_UNSOUND = "row_must_be_sound"  # a cell other than its day, of which no rule of usage tells
_FIELD_OF = {
    _UNDATED: "dt",
    "usage_must_fall_in_contract": "dt",
    "usage_must_fall_in_item": "dt",
    "period_must_be_open": "dt",
    "usage_must_name_a_known_item": "usage",
    "currency_must_match_contract": "currency",
}
_MEANS = {
    _UNDATED: "A row needs a dt, or a dm that is a month",
    "usage_must_fall_in_contract": "The contract does not cover this day",
    "usage_must_fall_in_item": "The usage line does not cover this day",
    "period_must_be_open": "Books are closed for this date; send an adjustment",
    _CHANGED: "Other content under a known external_id that cannot change any more; send an adjustment",
    "usage_must_name_a_known_item": "No usage line of this contract",
    "quantity_must_be_a_number": "A valid number is required",
    "quantity_must_be_in_range": "The number has too many digits",
    "quantity_must_not_be_negative": "Below zero; send an adjustment",
    "currency_must_match_contract": "Not the currency of the contract",
    "item_must_take_amounts": "Usage of a bundle is told by its amount",
    "item_must_have_a_price": "The usage line has no price; send an amount",
    "usage_must_carry_its_price": "The price plan takes the price from a column of the row, which has no plain number there",
}
_TWICE = "This external_id stands in the file more than once with other content"
_NO_BOOLEAN = "Must be a valid boolean."
_ALREADY = "Already loaded as {}; nothing was added. `?force=true` adds rows without external_id once more."


def to_events(commit: Any, contract: Any) -> Mapping[str, Any]:
    """How a file of events of a prepaid commit is to be taken: its place, and what its rows are known by."""
    place = Place(
        prepaid_commit=commit.code,
        ids=f"event:{commit.id}:",
        adjustment_ids=f"adjustment:{commit.id}:",
        last_on=min(last_of(contract), last_day(commit.ends_before) or _FAR),
        rate=commit.rate,
    )
    return {
        "words": EVENT_WORDS,
        "places": {"": place},
        "row_ids": f"row:{commit.id}:",
        "replaces": prepaid_commits.event_id(commit.id, None),
    }


def to_lines(items: Sequence[Any], contract: Any, usage: int | None) -> Mapping[str, Any]:
    """How a file of usage of a contract's usage lines is to be taken; rows that name none are of the line `usage`."""
    last = last_of(contract)
    places = {
        str(item.id): Place(
            item=item.code, ids=f"usage:{item.code}:", last_on=min(last, last_day(item.ends_before) or _FAR)
        )
        for item in items
    }
    return {
        "words": LINE_WORDS,
        "places": places,
        "place": "" if usage is None else str(usage),
        "row_ids": f"row:{contract.id}:",
    }


def from_receipt(told: Any, sums: str = "total_revenue_dollars") -> dict[str, Any]:
    """What became of a file: rows, and under `sums` what they sum to."""
    usage = told.usage
    received = usage.rows_received + told.adjustments_received
    again = told.adjustments_received - told.adjustments_accepted
    is_repeated = bool(usage.repeats) and not told.adjustments_accepted
    return {
        **_of_file(usage),
        "detail": _ALREADY.format(usage.repeats) if is_repeated else None,
        "created": usage.rows_accepted - told.rows_revised + told.adjustments_accepted,
        "updated": told.rows_revised,
        "skipped": usage.rows_duplicate + again,
        "errors": [],
        "rows": {
            "received": received,
            "accepted": usage.rows_accepted + told.adjustments_accepted,
            "duplicate": usage.rows_duplicate + again,
            "rejected": usage.rows_rejected,
        },
        sums: {
            "received": usage.quantity_received + told.adjusted_received,
            "accepted": usage.quantity_accepted + told.adjusted_accepted,
            "duplicate": usage.quantity_duplicate + told.adjusted_received - told.adjusted_accepted,
            "rejected": usage.quantity_rejected,
        },
        "adjustments": {"received": told.adjustments_received, "accepted": told.adjustments_accepted},
        "replaced_periods": list(told.replaced),
    }


def from_rejected(receipt: Any, places: Iterable[Place], amount: str) -> dict[str, Any]:
    """Of a file about these places that was not taken: which rows break which rule; `amount` tells how much."""
    codes = {rejection.code for rejection in receipt.rejections}
    beginnings = [each for place in places for each in (place.ids, place.adjustment_ids) if each]
    closed = {"error": "Books are closed for this date"} if "period_must_be_open" in codes else {}
    return {
        **closed,
        "code": "file_must_be_clean",
        **_of_file(receipt),
        "detail": f"{receipt.rejection_count} of {receipt.rows_received} rows cannot be taken; nothing was.",
        "created": 0,
        "updated": 0,
        "skipped": receipt.rows_duplicate,
        "errors": [_error(rejection, beginnings, amount) for rejection in receipt.rejections],
        "rows": {
            "received": receipt.rows_received,
            "accepted": 0,
            "duplicate": receipt.rows_duplicate,
            "rejected": receipt.rows_rejected,
        },
        "periods": [],
    }


def from_periods(months: Iterable[Any]) -> list[dict[str, Any]]:
    """What months of a prepaid commit come to now."""
    return [
        {
            "period_month": month.consumption.month_on,
            "usage_amount": prepaid_commits.told_of(month),
            "gross_usage_amount": month.consumption.gross,
            "cascaded_amount": month.share.cascaded,
            "covered_for_others_amount": month.share.of_others,
            "total_events": month.events,
            "consumption": month.consumption.id,
        }
        for month in months
    ]


def from_used(month: Any, usage: int) -> dict[str, Any]:
    """What a month of a usage line has now."""
    return {
        "usage": usage,
        "period_month": month.month_on,
        "quantity": month.quantity,
        "amount": month.amount,
        "records": month.records,
    }


def external_id_of(event_id: str, commit_id: int) -> str | None:
    """What the source calls a row; None for one that has no id there."""
    for kind in ("event", "adjustment"):
        beginning = f"{kind}:{commit_id}:"
        if event_id.startswith(beginning):
            return event_id.removeprefix(beginning)
    return None if event_id.startswith(f"row:{commit_id}:") else event_id


def _of_file(receipt: Any) -> dict[str, Any]:
    return {
        "import_id": receipt.import_code,
        "status": receipt.status,
        "file_name": receipt.file_name,
        "file_sha256": receipt.sha256,
        "repeats": receipt.repeats or None,
    }


def _error(rejection: Any, beginnings: Sequence[str], amount: str) -> dict[str, Any]:
    """A row that breaks a rule. A text with the name of a column before it tells what is wrong there."""
    if rejection.code == _CHANGED:
        return _told(rejection, "external_id", _of_other_content(rejection, beginnings))
    name, mark, said = rejection.value.partition(": ")
    is_named = bool(mark) and name.replace("_", "").isalpha() and name.islower()
    if is_named and rejection.code == _UNDATED and name not in {"dt", "dm"}:  # it is no matter of the day
        is_flag = said.startswith(NO_FLAG)
        return _told(rejection, name, _NO_BOOLEAN if is_flag else f"This row cannot be taken: {said}", code=_UNSOUND)
    means = _MEANS.get(rejection.code, rejection.code.replace("_", " "))
    message = f"{means}: {said if is_named else rejection.value}" if rejection.value else f"{means}."
    return _told(rejection, name if is_named else _FIELD_OF.get(rejection.code, amount), message)


def _of_other_content(rejection: Any, beginnings: Sequence[str]) -> str:
    """The id as the source calls it, and why it cannot have this content: the books have it, or other rows of the file."""
    own = next(
        (rejection.event_id.removeprefix(each) for each in beginnings if rejection.event_id.startswith(each)), ""
    )
    rows = rejection.value.removeprefix(rejection.event_id)
    return f"{_TWICE if rows else _MEANS[_CHANGED]}: {own or rejection.event_id}{rows}"


def _told(rejection: Any, field: str, message: str, *, code: str = "") -> dict[str, Any]:
    return {"row": rejection.row, "field": field, "message": message, "code": code or rejection.code}
