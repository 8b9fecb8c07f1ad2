"""A record as it came becomes its day, its numbers and the stream that it names.

Owns the reading one by one: plain days and numbers by the shapes of `staging.reading`, every other text by
`ratable.facts.usage_rows`, so that all three accept the same. The zone's rules are those of DuckDB, as in the
calculation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import local
from typing import Any

import duckdb
import pyarrow as pa

from ratable.facts.usage_rows import usage_row
from ratable.scalars import YEARS, plain
from ratable.terms_tables import addressed_stream, unaddressed_stream
from ratable_server.store.fields import CODE_LENGTH
from ratable_server.store.staging.ndjson_rows import Cells
from ratable_server.store.staging.problems import UnreadableRow
from ratable_server.store.staging.reading import BEYOND, NUMBER, PLAIN_AT, PLAIN_ON, Reading

_ON, _AT = re.compile(PLAIN_ON), re.compile(PLAIN_AT)
_IS_NUMBER, _IS_BEYOND = re.compile(NUMBER), re.compile(BEYOND)
_ADDRESSED, _UNADDRESSED = addressed_stream(""), unaddressed_stream("")

_DAYS = "SELECT CAST(timezone($zone, timezone('UTC', moment)) AS DATE) FROM moments"
_kept = local()

_When = tuple[date | None, datetime | None, str | None]


@dataclass(slots=True)
class Record:
    """A record on its way: what was read of it, and from `code` on what it was judged to be.

    `quantity` and `amount` are digits as they are kept, `written_at` is `used_at` as the database reads it; `stream` is
    shown as `staging.reading` shows it.
    """

    row: int
    cells: Cells
    event_id: str
    stream: str
    day: date | None
    used_at: datetime | None
    written_at: str | None
    quantity: str | None
    amount: str | None
    code: str = ""
    value: str = ""
    content_hash: bytes = b""
    is_duplicate: bool = False
    revises: int | None = None
    revises_month_on: date | None = None

    @property
    def is_accepted(self) -> bool:
        """Is it to be written?"""
        return not self.code and not self.is_duplicate

    @property
    def month_on(self) -> date:
        """The month that it was used in."""
        assert self.day is not None  # noqa: S101 - only records with a day are asked
        return self.day.replace(day=1)

    @property
    def currency(self) -> str:
        """As it was told; empty without one."""
        return self.cells[6] or ""

    @property
    def dimensions(self) -> str | None:
        """The further columns as one object."""
        return self.cells[9]

    @property
    def total(self) -> Decimal:
        """What it adds to the control total."""
        return Decimal(self.amount or self.quantity or 0)


def read_records(rows: Sequence[Cells], reading: Reading) -> list[Record]:
    """Every row read by itself.

    Refuses:
        file_must_be_readable: a row leaves open what it says
    """
    days: dict[tuple[str | None, str | None], _When] = {}
    records = [_read(cells, row, reading, days=days) for row, cells in enumerate(rows, start=1)]
    _tell_days(records, reading.zone)
    return records


def is_beyond(text: str | None) -> bool:
    """Whether a text is a number with more digits than any can have."""
    return text is not None and _IS_BEYOND.fullmatch(text) is not None


def _read(
    cells: Cells,
    row: int,
    reading: Reading,
    *,
    days: dict[tuple[str | None, str | None], _When],
) -> Record:
    event_id, item, used_on, used_at, quantity, amount, _, commit, contract, _ = cells
    refuse_malformed(cells, row)
    told = (used_on, used_at)
    if told not in days:
        days[told] = _when(used_on, used_at)
    day, moment, written_at = days[told]
    return Record(
        row=row,
        cells=cells,
        event_id=event_id or f"{reading.prefix}{row}",
        stream=item or _prepaid(commit, contract) or reading.item or "",
        day=day,
        used_at=moment,
        written_at=written_at,
        quantity=None if quantity is None else _number(quantity),
        amount=None if amount is None else _number(amount),
    )


def refuse_malformed(cells: Cells, row: int) -> None:
    """Go on, unless a row leaves open what it says.

    Refuses:
        file_must_be_readable
    """
    event_id, item, used_on, used_at, _, _, _, commit, contract, _ = cells
    message = column = ""
    if used_on is not None and used_at is not None:
        message, column = "used_on and used_at do not go together", "used_at"
    elif commit and contract:
        message, column = "prepaid_commit and contract do not go together", "contract"
    elif (event_id and event_id[0] == "!") or (item and item[0] == "!"):
        message, column = "begins with !, as no id may", "id" if event_id and event_id[0] == "!" else "item"
    elif event_id and len(event_id) > CODE_LENGTH:
        message, column = f"has an id of more than {CODE_LENGTH} characters", "id"
    if message:
        raise UnreadableRow(f"row {row}: {message}", row=row, column=column)


def _prepaid(commit: str | None, contract: str | None) -> str | None:
    if commit:
        return _ADDRESSED + commit
    return _UNADDRESSED + contract if contract else None


def _when(on: str | None, at: str | None) -> _When:
    """The day, or the moment in UTC and how the database is told it; nothing where the text is neither."""
    try:
        if on is not None and _ON.fullmatch(on):
            return date.fromisoformat(on), None, None
        if on is None and at is not None and _AT.fullmatch(at):
            return None, datetime.fromisoformat(at).astimezone(UTC), at  # of a shape that everybody reads alike
    except ValueError:
        return None, None, None  # the shape of a day that there is not
    row = usage_row("", "", {"used_on": on, "used_at": at}, currency=None, dimensions={})
    moment = _only(row["used_at"], datetime)
    return _only(row["used_on"], date), moment, None if moment is None else str(moment)


def _only(value: object, kind: type[Any]) -> Any:
    return value if isinstance(value, kind) else None


def _number(text: str) -> str | None:
    """Digits without what adds nothing to them; nothing for a text that is no number in range."""
    if not _IS_NUMBER.fullmatch(text):
        return None
    if "1" <= text[0] <= "9":
        return text.rstrip("0").rstrip(".") if "." in text else text
    return plain(Decimal(text))


def _tell_days(records: Iterable[Record], zone: str) -> None:
    """The local days of moments; a day outside the years that count is none."""
    timed = [record for record in records if record.used_at is not None]
    moments = [record.used_at for record in timed if record.used_at is not None]
    days = [moment.date() for moment in moments] if zone == "UTC" else _local_days(moments, zone)
    for record, day in zip(timed, days, strict=True):
        record.day = day if day is not None and day.year in YEARS else None


def _local_days(moments: Sequence[datetime], zone: str) -> Sequence[date | None]:
    if not moments:
        return []
    connection = _connection()
    connection.register("moments", pa.table({"moment": pa.array([each.replace(tzinfo=None) for each in moments])}))
    found = connection.execute(_DAYS, {"zone": zone}).fetchall()
    connection.unregister("moments")
    return [day for (day,) in found]


def _connection() -> duckdb.DuckDBPyConnection:
    """One of this thread, kept: opening one takes longer than what it is asked here."""
    if not hasattr(_kept, "connection"):
        _kept.connection = duckdb.connect(config={"threads": 1})
        _kept.connection.execute("SET TimeZone = 'UTC'")
    found: duckdb.DuckDBPyConnection = _kept.connection
    return found


def told_cells(names: Sequence[str], cells: Cells) -> Mapping[str, str]:
    """What the columns of a record held, by their names."""
    return {name: cell for name, cell in zip(names, cells, strict=False) if cell is not None}
