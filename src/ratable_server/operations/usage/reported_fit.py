"""What a report may say: its texts, its quantity, its days. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ratable.scalars import YEARS
from ratable_server.errors import Refused
from ratable_server.operations.soundness import refuse_unfit_further
from ratable_server.store.models.reported_usage import MOST_CHARACTERS

_UNKEPT = re.compile(r"[\x00\ud800-\udfff]")  # what no text of the database can hold
_WHOLE_DIGITS, _DECIMALS = 13, 12


def refuse_unfit_fields(fields: Mapping[str, Any]) -> None:
    """Go on, unless a field of a report, or several together, cannot be; those that are not told are not asked.

    Refuses:
        text_must_be_short, text_must_be_plain, number_must_be_exact, further_must_be_small,
        reported_quantity_must_count, date_must_be_in_range, dates_must_ascend
    """
    for name, most in MOST_CHARACTERS.items():
        if len(fields.get(name, "")) > most:
            raise Refused("text_must_be_short", field=name, detail=f"at most {most} characters")
        if _UNKEPT.search(fields.get(name, "")):
            raise Refused("text_must_be_plain", field=name, detail=f"{fields[name]!r}")
    refuse_unfit_further(fields.get("further", {}))
    if "quantity" in fields:
        _refuse_unfit_quantity(fields["quantity"])
    for name in ("started_at", "ended_at"):
        at = fields.get(name)
        if at is not None and at.year not in YEARS:
            raise Refused("date_must_be_in_range", field=name, detail=f"{at}")
    _refuse_descending(fields.get("started_at"), fields.get("ended_at"))


def instant(at: datetime, zone: ZoneInfo) -> datetime:
    """A time in UTC; one without a zone is local.

    Refuses:
        date_must_be_in_range
    """
    local = at if at.tzinfo else at.replace(tzinfo=zone)
    try:
        return local.astimezone(UTC)
    except OverflowError as error:
        raise Refused("date_must_be_in_range", field="started_at", detail=f"{at}") from error


def _refuse_unfit_quantity(quantity: Decimal) -> None:
    if not quantity.is_finite() or quantity < 0 or quantity.adjusted() >= _WHOLE_DIGITS:
        raise Refused("reported_quantity_must_count", field="quantity", detail=f"{quantity}"[:100])
    if quantity != round(quantity, _DECIMALS):
        raise Refused("reported_quantity_must_count", field="quantity", detail=f"more than {_DECIMALS} decimals")


def _refuse_descending(started_at: datetime | None, ended_at: datetime | None) -> None:
    if started_at and ended_at and ended_at < started_at:
        raise Refused("dates_must_ascend", field="ended_at", detail=f"{ended_at} is before {started_at}")
