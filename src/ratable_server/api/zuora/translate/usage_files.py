"""Files of usage: their columns as reports, row by row; every row that cannot be read is told at once.

Rows are counted as a spreadsheet does: the header is row 1. Days are written as the sender's locale has them, and in no
other way.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ratable_server.errors import Refused
from ratable_server.operations.usage.report_files import Dates, RowFault
from ratable_server.operations.usage.reports import Report, ReportOutcome

DATES_OF: Mapping[str, Dates] = {"en_US": "mdy", "en_GB": "dmy", "en_AU": "dmy"}

_NEEDED = ("ACCOUNT_ID", "UOM", "QTY", "STARTDATE", "ENDDATE", "SUBSCRIPTION_ID", "CHARGE_ID")
_FILLED = ("ACCOUNT_ID", "UOM", "QTY", "STARTDATE")
_UNSERVED = "PRODUCT_RATE_PLAN_CHARGE_ID"
_STANDARD = (*_NEEDED, "DESCRIPTION", "UNIQUE_KEY", _UNSERVED)
_CUSTOM = re.compile(r"\w+__c", re.ASCII)
_QUANTITY = re.compile(r"-?[0-9]{1,40}(\.[0-9]{0,40})?|-?\.[0-9]{1,40}", re.ASCII)
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_FORMATS: Mapping[Dates, str] = {"mdy": "MM/DD/YYYY", "dmy": "DD/MM/YYYY"}
_MOST_DESCRIBED, _MOST_KEY, _MOST_CUSTOM, _WHOLE_DIGITS = 200, 255, 255, 13
_BASIC_PLANE = 0xFFFF
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # the database holds no text with the first of them
_COLUMN_OF = {
    "customer": "ACCOUNT_ID",
    "contract": "SUBSCRIPTION_ID",
    "item": "CHARGE_ID",
    "unit_of_measure": "UOM",
    "quantity": "QTY",
    "started_at": "STARTDATE",
    "ended_at": "ENDDATE",
    "description": "DESCRIPTION",
    "unique_key": "UNIQUE_KEY",
}
READABLE, CLEAN = "file_must_be_readable", "file_must_be_clean"


class ReadRow(NamedTuple):
    """A row of a file and what it reports."""

    row: int
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """The rows of a file that are not blank: how many, what they report, and what is wrong with those that cannot be read."""

    count: int = 0
    rows: Sequence[ReadRow] = ()
    faults: Sequence[RowFault] = ()


def read_file(content: bytes, dates: Dates) -> ReadFile:
    """What a CSV file reports."""
    try:
        return _read(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True), dates)
    except UnicodeDecodeError:
        return _unreadable("The file is not UTF-8.")
    except csv.Error as error:
        return _unreadable(f"The file is no CSV: {error}.")


def faults_of_outcomes(rows: Sequence[ReadRow], outcomes: Sequence[ReportOutcome]) -> list[RowFault]:
    """What the books refuse, row by row."""
    return [
        RowFault(read.row, outcome.refused.code, _text(read.row, _sentence(outcome.refused)))
        for read, outcome in zip(rows, outcomes, strict=True)
        if outcome.refused is not None
    ]


def fault_of_file(refused: Refused) -> RowFault:
    """What is refused of a file as a whole."""
    return RowFault(0, refused.code, _sentence(refused))


def _unreadable(text: str) -> ReadFile:
    return ReadFile(faults=[RowFault(0, READABLE, text)])


def _read(rows: Iterator[list[str]], dates: Dates) -> ReadFile:
    header = [name.strip() for name in next(rows, [])]
    names = [name.upper() if name.upper() in _STANDARD else name for name in header]
    wrong = _faults_of_header(names)
    if wrong:
        return ReadFile(faults=[RowFault(1, CLEAN, text) for text in wrong])
    reading = _Reading(dates, names)
    for number, cells in enumerate(rows, start=2):
        if any(cell.strip() for cell in cells):
            reading.take(number, cells)
    return reading.done()


def _faults_of_header(names: Sequence[str]) -> list[str]:
    missing = [f"The column {name} is missing." for name in _NEEDED if name not in names]
    twice = [f"The column {name} is there twice." for name in sorted({each for each in names if names.count(each) > 1})]
    unknown = [
        f"The column {name[:50]!r} is not known."
        for name in names
        if name not in _STANDARD and not _CUSTOM.fullmatch(name)
    ]
    return [*missing, *twice, *unknown]


@dataclass(slots=True)
class _Reading:
    dates: Dates
    names: Sequence[str]
    count: int = 0
    rows: list[ReadRow] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)

    def take(self, number: int, cells: Sequence[str]) -> None:
        """Read a row, or tell everything that is wrong with it."""
        self.count += 1
        if len(cells) > len(self.names):
            self._fault(number, [f"there are {len(cells)} cells and {len(self.names)} columns"])
            return
        said = dict.fromkeys(self.names, "") | {
            name: cell.strip() for name, cell in zip(self.names, cells, strict=False)
        }
        wrong = [*_faults_of_row(said, self.dates)]
        self._fault(number, wrong)
        self._note_key(number, said.get("UNIQUE_KEY", ""))
        if not wrong:
            self.rows.append(ReadRow(number, _report(said, self.dates)))

    def done(self) -> ReadFile:
        """All of it."""
        if not self.count:
            return _unreadable("The file has no rows.")
        return ReadFile(count=self.count, rows=self.rows, faults=self.faults)

    def _fault(self, number: int, wrong: Sequence[str]) -> None:
        self.faults += [RowFault(number, CLEAN, _text(number, each)) for each in wrong]

    def _note_key(self, number: int, key: str) -> None:
        first = self.keys.setdefault(key, number) if key else number
        if first != number:
            text = f"File Import Failed: The unique-keys are the same at rows: {first} {number}."
            self.faults.append(RowFault(number, "unique_key_must_be_told_once", text))


def _faults_of_row(said: Mapping[str, str], dates: Dates) -> Iterator[str]:
    for name in _FILLED:
        if not said[name]:
            yield f"{name} is missing"
    if said["QTY"]:
        yield from _faults_of_quantity(said["QTY"])
    days = {name: day_of(said[name], dates) for name in ("STARTDATE", "ENDDATE") if said[name]}
    for name, day in days.items():
        if day is None:
            yield f"{name} {said[name][:50]!r} is no date as {_FORMATS[dates]}"
    start, end = days.get("STARTDATE"), days.get("ENDDATE")
    if start and end and start > end:
        yield "STARTDATE is after ENDDATE"
    yield from _faults_of_texts(said)


def _faults_of_quantity(text: str) -> Iterator[str]:
    if not _QUANTITY.fullmatch(text):
        yield f"QTY {text[:50]!r} is no number"
        return
    quantity = Decimal(text)
    if quantity < 0:
        yield "QTY cannot be less than 0"
    if quantity.adjusted() >= _WHOLE_DIGITS:
        yield f"QTY exceeds {_WHOLE_DIGITS} digits before the decimal place"


def _faults_of_texts(said: Mapping[str, str]) -> Iterator[str]:
    described = said.get("DESCRIPTION", "")
    if len(described) > _MOST_DESCRIBED:
        yield f"DESCRIPTION has more than {_MOST_DESCRIBED} characters"
    if len(said.get("UNIQUE_KEY", "")) > _MOST_KEY:
        yield f"UNIQUE_KEY has more than {_MOST_KEY} characters"
    if said.get(_UNSERVED):
        yield f"{_UNSERVED} is not served: name the charge by CHARGE_ID"
    for name, text in said.items():
        if any(ord(letter) > _BASIC_PLANE for letter in text):
            yield f"{name} has a character that is not taken, as emoji are"
        if _CONTROL.search(text):
            yield f"{name} has a control character"
        if name.endswith("__c") and len(text) > _MOST_CUSTOM:
            yield f"{name} has more than {_MOST_CUSTOM} characters"


def day_of(text: str, dates: Dates) -> datetime | None:
    """A local time as a locale writes it; a day alone is its midnight. None: it is none."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    first, second, year, hour, minute, seconds = (int(each or 0) for each in found.groups())
    month, day = (first, second) if dates == "mdy" else (second, first)
    try:
        return datetime(year, month, day, hour, minute, seconds)  # noqa: DTZ001 - local, as the sender's books have it
    except ValueError:
        return None


def _report(said: Mapping[str, str], dates: Dates) -> Report:
    started_at = day_of(said["STARTDATE"], dates)
    if started_at is None:
        raise ValueError(said["STARTDATE"])
    return Report(
        customer=said["ACCOUNT_ID"],
        contract=said["SUBSCRIPTION_ID"] or None,
        item=said["CHARGE_ID"] or None,
        unit_of_measure=said["UOM"],
        quantity=Decimal(said["QTY"]),
        started_at=started_at,
        ended_at=day_of(said["ENDDATE"], dates),
        description=said.get("DESCRIPTION", ""),
        unique_key=said.get("UNIQUE_KEY", ""),
        further={name: text for name, text in said.items() if name.endswith("__c") and text},
    )


def _text(row: int, sentence: str) -> str:
    return f"Row {row}: {sentence}."


def _sentence(refused: Refused) -> str:
    column = _COLUMN_OF.get(refused.field, "")
    text = f"{refused.rule.meaning}: {refused.detail}" if refused.detail else refused.rule.meaning
    return f"{column}: {text}" if column else text
