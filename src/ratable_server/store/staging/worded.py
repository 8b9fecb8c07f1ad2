"""Files in other words: rows that name places of their own and months, told as texts; adjustments set apart.

Owns what such a row means: where it belongs, the day of a row that has only a month, the amount of one that has only
units. What a row cannot mean becomes a text that no day and no number is, so that it is rejected like any other row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

from ratable.periods import FAR
from ratable_server.store.staging.columns import Layout, Words
from ratable_server.store.staging.settling import TOLD_REPEATS
from ratable_server.store.staging.texts import Texts

WORDS = (
    "id", "place", "used_on", "month", "quantity", "amount", "units", "currency", "is_adjustment", "corrects",
    "adjusted_on",
)  # fmt: skip
_ROWS_AT_ONCE = 20_000
PROCESSED = "has been processed with other content"
NO_FLAG = "neither true nor false"
"""Begins what is said of a cell that tells neither, behind the name of its column."""

_YES, _NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MONTH = "[0-9]{4}-[0-9]{2}"
_UNITS = "[0-9]{1,12}"
_AMOUNT = "-?[0-9]{1,18}([.][0-9]{1,12})?"

# What a row says, read: `month_on` and `corrects_on` are first days, `worth` is its amount or what its units come to.
_READ = """
SELECT told.*, places.item, places.prepaid_commit, places.ids, places.adjustment_ids, places.last_on,
    coalesce(told.place, $place) AS named,
    CASE WHEN is_adjustment IS NULL OR lower(is_adjustment) IN {no} THEN false
        WHEN lower(is_adjustment) IN {yes} THEN true END AS adjusts,
    CAST(date_trunc('month', try_cast(CASE WHEN regexp_full_match(month, '{month}') THEN month || '-01'
        WHEN regexp_full_match(month, '{day}') THEN month END AS DATE)) AS DATE) AS month_on,
    CAST(date_trunc('month', try_cast(CASE WHEN regexp_full_match(corrects, '{month}') THEN corrects || '-01'
        WHEN regexp_full_match(corrects, '{day}') THEN corrects END AS DATE)) AS DATE) AS corrects_on,
    CASE WHEN regexp_full_match(used_on, '{day}') THEN try_cast(used_on AS DATE) END AS plain_on,
    CASE WHEN NOT (regexp_full_match(units, '{units}') OR (adjusts AND regexp_full_match(units, '-{units}')))
        THEN $units || ': ' || units
        WHEN abs(try_cast(units AS BIGINT)) > $most_units
        THEN $units || ': ' || units || ' is more than ' || CAST($most_units AS VARCHAR)
        WHEN amount IS NOT NULL OR quantity IS NOT NULL THEN amount
        WHEN rate IS NOT NULL THEN CAST(CAST(units AS DECIMAL(12, 0)) * rate AS VARCHAR) END AS worth
FROM told LEFT JOIN places ON places.name = coalesce(told.place, $place)
"""

# Why a row cannot be known by its id, or an adjustment cannot be one; nothing for one that can.
_FAULT = """
CASE WHEN length(id) > $longest
    THEN $id || ': ' || length(id) || ' characters, ' || CAST($longest AS VARCHAR) || ' at most'
    WHEN adjusts IS NULL OR NOT adjusts THEN NULL
    WHEN adjustment_ids IS NULL THEN $is_adjustment || ': no adjustments are taken here'
    WHEN corrects_on IS NULL OR year(corrects_on) NOT BETWEEN {years}
        THEN $corrects || ': ' || coalesce(corrects, 'missing')
    WHEN adjusted_on IS NOT NULL AND NOT coalesce(regexp_full_match(adjusted_on, '{day}')
        AND year(try_cast(adjusted_on AS DATE)) BETWEEN {years}, false) THEN $adjusted_on || ': ' || adjusted_on
    WHEN used_on IS NOT NULL AND plain_on IS NULL THEN $used_on || ': ' || used_on END
"""
_YEARS = "1900 AND 2999"
_ADJUSTS = f"coalesce(adjusts AND fault IS NULL AND regexp_full_match(worth, '{_AMOUNT}'), false)"
_DAY_OF_ROW = """
CASE WHEN fault IS NOT NULL THEN fault
    WHEN adjusts IS NULL THEN $is_adjustment || ': {no_flag}: ' || is_adjustment
    WHEN adjusts THEN CAST(corrects_on AS VARCHAR)
    WHEN month IS NOT NULL AND month_on IS NULL THEN $month || ': ' || month
    WHEN month_on <> date_trunc('month', plain_on) THEN $month || ': ' || month || ' is not the month of ' || used_on
    WHEN used_on IS NULL THEN CAST(CASE WHEN last_on >= month_on THEN least(last_on, last_day(month_on))
        ELSE last_day(month_on) END AS VARCHAR)
    WHEN length(used_on) <= 10 THEN used_on END
"""
_ADJUSTMENT_ID = 'coalesce(adjustment_ids || id, $prefix || CAST("row" AS VARCHAR))'
_CONTENT = (
    "concat_ws('|', corrects_on, coalesce(adjusted_on, ''), coalesce(used_on, ''), worth, coalesce(dimensions, ''))"
)

_TABLE = """
CREATE TABLE adjustments ("row" BIGINT, event_id VARCHAR, prepaid_commit VARCHAR, corrects_on DATE, adjusted_on DATE,
    used_on DATE, amount DECIMAL(38, 12), dimensions VARCHAR, content VARCHAR, worth VARCHAR, currency VARCHAR)
"""
_ADJUSTMENTS = """
INSERT INTO adjustments
SELECT "row", {id}, prepaid_commit, corrects_on, CAST(adjusted_on AS DATE), plain_on,
    CAST(worth AS DECIMAL(38, 12)), dimensions, md5({content}), worth, currency
FROM ({faulty}) WHERE {adjusts}
"""
_TEXTS = """
INSERT INTO texts BY NAME
SELECT "row", CASE WHEN length(id) <= $longest THEN ids || id END AS id,
    coalesce(item, CASE WHEN prepaid_commit IS NULL THEN named || ' (not of this contract)' END) AS item,
    prepaid_commit, day AS used_on, CASE WHEN day IS NULL THEN rows.used_on END AS used_at, quantity, worth AS amount,
    currency, dimensions
FROM (SELECT *, {day} AS day FROM ({faulty}) WHERE NOT {adjusts}) AS rows
"""
# A new table, since the memory of deleted rows would stay.
_EMPTY = "CREATE OR REPLACE TABLE told AS SELECT * FROM told LIMIT 0"

# Adjustments of one id that are not the same, and those of which another content is processed, go with the rest: they
# are rejected there.
_CONTRADICTING = """
CREATE TABLE contradicting AS SELECT event_id, min(why) AS why FROM (
SELECT event_id, $id || ': more than once in this file with other content, in rows '
    || array_to_string(list_sort(list("row"))[:{rows}], ', ') || CASE WHEN count(*) > {rows} THEN ' and others' ELSE '' END
    AS why
FROM adjustments GROUP BY event_id HAVING count(DISTINCT content) > 1
UNION ALL
SELECT event_id, $id || ': {processed}' FROM adjustments JOIN processed USING (event_id)
WHERE adjustments.content <> processed.content
) GROUP BY event_id
"""
_REJECTED = """
INSERT INTO texts BY NAME
SELECT "row", event_id AS id, prepaid_commit, why AS used_on, worth AS amount, currency, dimensions
FROM adjustments JOIN contradicting USING (event_id)
"""
_KEPT = "DELETE FROM adjustments WHERE event_id IN (SELECT event_id FROM contradicting)"
_REPORTED = """
SELECT "row", event_id, prepaid_commit, corrects_on, adjusted_on, used_on, amount, dimensions, content
FROM adjustments ORDER BY "row"
"""
_PLACES = pa.schema(
    {
        "name": pa.string(),
        "item": pa.string(),
        "prepaid_commit": pa.string(),
        "ids": pa.string(),
        "adjustment_ids": pa.string(),
        "last_on": pa.date32(),
        "rate": pa.decimal128(26, 12),
    }
)
_PROCESSED = pa.schema({"event_id": pa.string(), "content": pa.string()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a row can belong: an item or the prepaid usage of a commit.

    `ids` begins the ids of its rows, `adjustment_ids` those of its adjustments; without, there are none. A row with a
    month alone is of its last day, at most `last_on`; one with units alone costs `rate` for each.
    """

    ids: str
    item: str | None = None
    prepaid_commit: str | None = None
    adjustment_ids: str | None = None
    last_on: date = FAR
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What rows can mean: their places, and that of a row that names none.

    `prefix` begins the ids of adjustments without one, `processed` has the contents of those that are processed.
    """

    words: Words
    places: Mapping[str, Place]
    place: str
    prefix: str
    processed: Mapping[str, str]


class WordedRows:
    """The rows of a file, which go on block by block as `texts` and as adjustments."""

    def __init__(self, texts: Texts, telling: Telling) -> None:
        self.connection = texts.connection
        self._told = Texts(texts.connection, table="told", words=WORDS)
        limits = {"longest": telling.words.longest, "most_units": telling.words.most_units}
        names = {"place": telling.place, "prefix": telling.prefix, **_names(telling.words)}
        self._said: dict[str, str | int] = {**limits, **names}
        self.connection.execute(_TABLE)
        self.connection.register("places", pa.Table.from_pylist(list(_rows_of(telling.places)), schema=_PLACES))
        processed = [{"event_id": name, "content": content} for name, content in telling.processed.items()]
        self.connection.register("processed", pa.Table.from_pylist(processed, schema=_PROCESSED))
        read = _READ.format(yes=_YES, no=_NO, day=_DAY, month=_MONTH, units=_UNITS)
        fault = _FAULT.format(years=_YEARS, day=_DAY)
        parts = {"faulty": f"SELECT *, {fault} AS fault FROM ({read})", "adjusts": _ADJUSTS}
        self._passing = (
            _ADJUSTMENTS.format(**parts, id=_ADJUSTMENT_ID, content=_CONTENT),
            _TEXTS.format(**parts, day=_DAY_OF_ROW.format(no_flag=NO_FLAG)),
            _EMPTY,
        )

    def add_csv(self, layout: Layout, blocks: Iterable[bytes]) -> None:
        """The rows of CSV without a header, in whole lines."""
        for block in blocks:
            self._told.add_csv(layout, [block])
            self._run(*self._passing)
        self._finish()

    def add_rows(self, rows: Iterable[Sequence[str | None]]) -> None:
        """Rows one by one, in the order of `WORDS` and then the object of their further cells."""
        cells = iter(rows)
        while some := list(islice(cells, _ROWS_AT_ONCE)):
            self._told.add_rows(some)
            self._run(*self._passing)
        self._finish()

    def _finish(self) -> None:
        self._run(_CONTRADICTING.format(processed=PROCESSED, rows=TOLD_REPEATS), _REJECTED, _KEPT, "DROP TABLE told")

    def _run(self, *statements: str) -> None:
        for statement in statements:
            named = {name: value for name, value in self._said.items() if f"${name}" in statement}
            self.connection.execute(statement, named)

    def months(self) -> list[date]:
        """First days of the months that rows name in plain shape, less those of adjustments."""
        found = self.connection.execute(
            f"SELECT DISTINCT try_cast(left(coalesce(used_on, used_at), 7) || '-01' AS DATE) AS month_on FROM texts"
            f" WHERE regexp_matches(coalesce(used_on, used_at), '^{_MONTH}') AND year(month_on) BETWEEN {_YEARS} ORDER BY ALL"
        )
        return [month_on for (month_on,) in found.fetchall()]

    def adjustments(self) -> Sequence[tuple[Any, ...]]:
        """Every adjustment, as `adjustments.Reported`."""
        found: list[tuple[Any, ...]] = self.connection.execute(_REPORTED).fetchall()
        return found


def _names(words: Words) -> dict[str, str]:
    """The first name of each word, to tell what is wrong with a cell."""
    names: dict[str, str] = {}
    for name, word in words.of.items():
        names.setdefault(word, name)
    return {word: names.get(word, word) for word in WORDS if word != "place"}


def _rows_of(places: Mapping[str, Place]) -> list[dict[str, Any]]:
    return [
        {name: getattr(place, name) for name in _PLACES.names if name != "name"} | {"name": named}
        for named, place in places.items()
    ]
