"""Records of usage as JSON objects, one a line or one a mapping: numbers stay the texts that they were written as.

Owns the strict reading of a line (UTF-8, no duplicate key, no list or object where a text belongs) and which keys are
columns. A number never becomes a float: it travels as its digits, and `1e3` is no plain decimal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from ratable_server.store.staging.columns import FACT, PREPAID, Words
from ratable_server.store.staging.json_objects import object_text, object_texts
from ratable_server.store.staging.problems import UnreadableRow, unreadable

Cells = tuple[str | None, ...]
LINE_BYTES = 1 << 20
_FACT, _ALL, _NO_PREPAID = frozenset(FACT), frozenset((*FACT, *PREPAID)), (None,) * len(PREPAID)
_CELL_LENGTH = 131_072


def rows_of_lines(blocks: Iterable[bytes], item: str | None) -> Iterator[Cells]:
    """The rows of an NDJSON file: what a record can say, then the object of the rest; empty lines are passed over."""
    return (_cells(record, item, number) for number, record in _records(blocks))


def rows_in_words(blocks: Iterable[bytes], words: Words, order: Sequence[str]) -> Iterator[Cells]:
    """The same of records that say it in other words: a cell for each word of ours in `order`, then the rest."""
    for number, record in _records(blocks):
        layout = words.layout_of(list(record), line=number)
        texts = list(record.values())
        further = {name: text for name, place in layout.further.items() if (text := texts[place]) is not None}
        _refuse_unfit_names(further, number)
        known = (texts[layout.known[word]] if word in layout.known else None for word in order)
        yield (*known, object_text(further))


def _records(blocks: Iterable[bytes]) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Each record with the number of its line."""
    is_empty = True
    for number, line in enumerate(_lines(blocks), start=1):
        is_empty = False
        if line.strip():
            yield number, _read(line, number)
    if is_empty:
        raise unreadable("is empty", line=1)


def rows_of_records(records: Sequence[Mapping[str, object]], item: str | None) -> list[Cells]:
    """The rows of records that are mappings already: texts, whole numbers and decimals, no floats."""
    if _are_plain(records):
        return _rows_of_plain(records, item)
    return [
        _cells({name: _text(value, name, number) for name, value in record.items()}, item, number)
        for number, record in enumerate(records, start=1)
    ]


def _are_plain(records: Iterable[Mapping[str, object]]) -> TypeGuard[Sequence[Mapping[str, str]]]:
    """Are all values texts that can be kept as they are? Nearly always; it is asked of all of them at once."""
    values = [value for record in records for value in record.values()]
    return _are_texts(values) and "".join(values).isprintable() and max(map(len, values), default=0) <= _CELL_LENGTH


def _are_texts(values: list[object]) -> TypeGuard[list[str]]:
    return set(map(type, values)) <= {str}


def _rows_of_plain(records: Sequence[Mapping[str, str]], item: str | None) -> list[Cells]:
    """Records with the same names in the same order become rows together."""
    alike: dict[tuple[tuple[str, ...], bool], list[int]] = {}
    for place, record in enumerate(records):
        alike.setdefault((tuple(record), bool(record.get("item"))), []).append(place)
    rows: list[Cells] = [()] * len(records)
    for (names, has_item), places in alike.items():
        columns = dict(zip(names, zip(*(records[place].values() for place in places), strict=True), strict=True))
        _refuse_unfit_names(names, places[0] + 1)
        told = FACT if has_item or item is not None else (*FACT, *PREPAID)
        for place, row in zip(places, _rows_of_columns(columns, told, len(places)), strict=True):
            rows[place] = row
    return rows


def _rows_of_columns(columns: Mapping[str, Sequence[str]], told: Sequence[str], count: int) -> Iterator[Cells]:
    nothing: Sequence[None] = (None,) * count
    known = [columns.get(name, nothing) for name in told]
    further = {name: column for name, column in columns.items() if name not in told}
    without = [nothing] * (len(_ALL) - len(told))
    return zip(*known, *without, object_texts(further) if further else nothing, strict=True)


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest, number = b"", 1
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        number += len(lines)
        yield from lines
        if len(rest) > LINE_BYTES:
            raise unreadable(f"is longer than {LINE_BYTES} bytes", line=number)
    if rest:
        yield rest


def _read(line: bytes, number: int) -> dict[str, str | None]:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        record = json.loads(text, object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=str)
    except UnicodeDecodeError as error:
        raise unreadable("is not UTF-8", line=number) from error
    except (ValueError, RecursionError) as error:
        raise unreadable(f"is not a JSON object: {error}", line=number) from error
    if not isinstance(record, dict):
        raise unreadable("is not a JSON object", line=number)
    return {name: _text(value, name, number) for name, value in record.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key stands there twice")
    return record


def _text(value: object, name: str, number: int) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float() | list() | dict() | bytes():
            why = f"line {number}: {name} is a {type(value).__name__}, where a text or a number belongs"
            raise UnreadableRow(why, row=number, column=name)
        case _:
            text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    if "\0" in text or len(text) > _CELL_LENGTH or (not text.isprintable() and _has_surrogates(text)):
        why = f"line {number}: {name} cannot be kept: a NUL, half a character, or too long"
        raise UnreadableRow(why, row=number, column=name)
    return text


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _cells(record: Mapping[str, str | None], item: str | None, number: int) -> Cells:
    known, told = (_FACT, FACT) if record.get("item") or item is not None else (_ALL, (*FACT, *PREPAID))
    further = {name: text for name, text in record.items() if name not in known and text is not None}
    _refuse_unfit_names(further, number)
    return (*map(record.get, told), *_NO_PREPAID[: len(_ALL) - len(told)], object_text(further))


def _refuse_unfit_names(further: Iterable[str], number: int) -> None:
    if any("\0" in name or _has_surrogates(name) for name in further if not name.isprintable()):
        raise unreadable("a name cannot be kept: a NUL, or half a character", line=number)
