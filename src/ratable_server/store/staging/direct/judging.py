"""The first rule that a record breaks by itself, in the order of `staging.reading`, and the hash of its content."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from ratable_server.store.staging.direct.reading import Record, is_beyond

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS = 1_000_000
_SECONDS_OF_A_DAY = 86_400
_CARRIED = re.compile(r"[0-9]{1,13}(\.[0-9]{1,12})?")

Broken = tuple[str, str]
"""The code of a rule, and the offending value."""


class KnownItem(NamedTuple):
    """What the books know of a stream, in the order of `known_items`."""

    code: str
    pricing_model: str
    is_bundle: bool
    starts_on: date
    ends_before: date
    contract_starts_on: date
    contract_ends_before: date
    currency: str
    carried_in: str


def hash_contents(records: Iterable[Record]) -> None:
    """Give every record the hash of its content."""
    for record in records:
        record.content_hash = _hash(record)


def judge(records: Iterable[Record], known: Mapping[str, KnownItem]) -> None:
    """Give every record its code, with the value that broke the rule."""
    for record in records:
        item = known.get(record.stream)
        if item is None:
            _show_as_written(record)
        broken = _broken(record, item)
        if broken is not None:
            record.code, record.value = broken


def _show_as_written(record: Record) -> None:
    """A prepaid commit that nobody knows is shown by its own name, and has the hash of what is shown."""
    item, commit = record.cells[1], record.cells[7]
    if commit and not item:
        record.stream = commit
        record.content_hash = _hash(record)


def _broken(record: Record, item: KnownItem | None) -> Broken | None:
    if item is None:
        return "usage_must_name_a_known_item", record.stream
    if record.day is None:
        used_on, used_at = record.cells[2:4]
        return "usage_must_have_a_date", (used_on if used_on is not None else used_at) or ""
    return _broken_number(record) or _broken_term(record, item, record.day)


def _broken_number(record: Record) -> Broken | None:
    quantity, amount = record.cells[4:6]
    unread = [quantity] if quantity is not None and record.quantity is None else []
    if amount is not None and record.amount is None:
        unread.append(amount)
    if unread:
        strange = [text for text in unread if not is_beyond(text)]
        return ("quantity_must_be_a_number", strange[0]) if strange else ("quantity_must_be_in_range", unread[0])
    if record.quantity is None and record.amount is None:
        return "quantity_must_be_a_number", ""
    if (record.quantity or "").startswith("-") or (record.amount or "").startswith("-"):
        return "quantity_must_not_be_negative", (amount if amount is not None else quantity) or ""
    return None


def _broken_term(record: Record, item: KnownItem, day: date) -> Broken | None:
    if record.currency and record.currency != item.currency:
        return "currency_must_match_contract", record.currency
    if not item.contract_starts_on <= day < item.contract_ends_before:
        return "usage_must_fall_in_contract", day.isoformat()
    if not item.starts_on <= day < item.ends_before:
        return "usage_must_fall_in_item", day.isoformat()
    if record.amount is None and item.is_bundle:
        return "item_must_take_amounts", record.stream
    if record.amount is None and not item.pricing_model:
        return "item_must_have_a_price", record.stream
    return _broken_price(record, item) if record.amount is None and item.carried_in else None


def _broken_price(record: Record, item: KnownItem) -> Broken | None:
    """Where the plan takes the price from a dimension, a plain number stands there."""
    told = json.loads(record.dimensions or "{}", parse_int=str, parse_float=str)
    carried = str(told.get(item.carried_in, ""))
    return None if _CARRIED.fullmatch(carried) else ("usage_must_carry_its_price", carried)


def _hash(record: Record) -> bytes:
    """The content as `ratable_usage_hash` has it."""
    event_id, stream, currency, dimensions = record.event_id, record.stream, record.cells[6], record.cells[9]
    when = "" if record.day is None else record.day.isoformat()
    if record.used_at is not None:
        when = f"@{_seconds_of(record.used_at)}"
    told = (
        f"{len(event_id)}:{event_id}|{len(stream)}:{stream}|{when}|"
        f"{record.quantity or ''}|{record.amount or ''}|{currency or ''}|{dimensions or ''}"
    )
    return hashlib.sha256(told.encode()).digest()


def _seconds_of(moment: datetime) -> str:
    """Seconds since 1970, with as many decimals as they have."""
    since = moment - _EPOCH
    if not since.microseconds:
        return str(since.days * _SECONDS_OF_A_DAY + since.seconds)
    sign, micros = "", since // _MICROSECOND
    if micros < 0:
        sign, micros = "-", -micros
    whole, part = divmod(micros, _MICROSECONDS)
    return f"{sign}{whole}.{part:06}".rstrip("0")
