"""Texts become records: the day, the numbers and the stream of every row, and the first rule that it breaks by itself.

Owns the reading in sets, in DuckDB: the database of the books sees records, not texts. A day in plain shape is read
there too; every other text that stands for one is read by `ratable.facts.usage_rows`, each once, so that both accept
the same. Rules that look at other records or at open months are `settling`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from ratable.facts.usage_rows import WHOLE_DIGITS, usage_row
from ratable.terms_tables import addressed_stream, unaddressed_stream
from ratable_server.store.fields import CODE_LENGTH
from ratable_server.store.staging.json_objects import literal, object_expression
from ratable_server.store.staging.problems import unreadable
from ratable_server.store.staging.texts import CELLS, Texts

_ROWS_AT_ONCE = 20_000
_TEXTS_AT_ONCE = 10_000
_ODD_DAY = pa.schema(
    {
        "kind": pa.string(),
        "written": pa.string(),
        "used_on": pa.date32(),
        "used_at": pa.timestamp("us"),
    }
)
_DECIMALS = 12

# Shapes that DuckDB reads as Python does; whether there is such a day is asked by `try_cast`.
PLAIN_ON = "(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}"
PLAIN_AT = PLAIN_ON + "[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-]00:00)"

# 18 digits before the point, of which 13 count; with more that count it is a number, and beyond the range.
NUMBER = rf"-?0{{0,{18 - WHOLE_DIGITS}}}[0-9]{{1,{WHOLE_DIGITS}}}([.][0-9]{{1,{_DECIMALS}}})?"
BEYOND = rf"-?0*[1-9][0-9]{{{WHOLE_DIGITS},}}([.][0-9]{{1,{_DECIMALS}}})?"

# Digits stay texts: decimals of this width are slow to read and to write.
_MACROS = (
    f"""CREATE OR REPLACE MACRO plain_on(cell) AS
        CASE WHEN regexp_full_match(cell, '{PLAIN_ON}') THEN try_cast(cell AS DATE) END""",
    f"""CREATE OR REPLACE MACRO plain_at(cell) AS
        CASE WHEN regexp_full_match(cell, '{PLAIN_AT}') THEN try_cast(cell AS TIMESTAMP) END""",
    "CREATE OR REPLACE MACRO short(cell) AS CASE WHEN contains(cell, '.') THEN rtrim(rtrim(cell, '0'), '.') ELSE cell END",
    r"""CREATE OR REPLACE MACRO canonical(cell) AS CASE
        WHEN cell[1] BETWEEN '1' AND '9' THEN short(cell)
        WHEN regexp_full_match(cell, '-[0.]*') THEN '0'
        ELSE regexp_replace(short(cell), '^(-?)0+([0-9])', '\1\2') END""",
    f"CREATE OR REPLACE MACRO number_of(cell) AS CASE WHEN regexp_full_match(cell, '{NUMBER}') THEN canonical(cell) END",
    f"CREATE OR REPLACE MACRO is_beyond(cell) AS regexp_full_match(cell, '{BEYOND}')",
    r"CREATE OR REPLACE MACRO has_odd(cell) AS regexp_matches(cell, '[\\\t\n\r]')",
    r"""CREATE OR REPLACE MACRO escaped(cell) AS
        replace(replace(replace(replace(cell, '\', '\\'), chr(9), '\t'), chr(10), '\n'), chr(13), '\r')""",
    """CREATE OR REPLACE MACRO seconds_of(micros) AS CASE
        WHEN micros % 1000000 = 0 THEN CAST(micros // 1000000 AS VARCHAR)
        ELSE rtrim(CASE WHEN micros < 0 THEN '-' ELSE '' END || CAST(abs(micros) // 1000000 AS VARCHAR) || '.'
            || lpad(CAST(abs(micros) % 1000000 AS VARCHAR), 6, '0'), '0') END""",
)

_STREAM = f"""
CASE WHEN nullif(item, '') IS NOT NULL THEN item
    WHEN nullif(prepaid_commit, '') IS NOT NULL THEN {literal(addressed_stream(""))} || prepaid_commit
    WHEN nullif(contract, '') IS NOT NULL THEN {literal(unaddressed_stream(""))} || contract
    ELSE $item END
"""
_EVENT_ID = "coalesce(nullif(id, ''), $prefix || CAST(\"row\" AS VARCHAR))"

_MALFORMED = f"""
SELECT "row", CASE
    WHEN used_on IS NOT NULL AND used_at IS NOT NULL THEN 'used_on and used_at do not go together'
    WHEN nullif(prepaid_commit, '') IS NOT NULL AND nullif(contract, '') IS NOT NULL
        THEN 'prepaid_commit and contract do not go together'
    WHEN starts_with(id, '!') OR starts_with(item, '!') THEN 'begins with !, as no id may'
    WHEN length(id) > {CODE_LENGTH} THEN 'has an id of more than {CODE_LENGTH} characters' END AS message
FROM texts WHERE message IS NOT NULL ORDER BY "row" LIMIT 1
"""

# A plain day or instant is read in place, any other text once for all rows that have it.
_ODD_DAYS = """
SELECT DISTINCT CASE WHEN used_on IS NOT NULL THEN 'on' ELSE 'at' END AS kind, coalesce(used_on, used_at) AS written
FROM texts
WHERE coalesce(used_on, used_at) IS NOT NULL
    AND CASE WHEN used_on IS NOT NULL THEN plain_on(used_on) IS NULL ELSE plain_at(used_at) IS NULL END
"""
_JOIN_ODD = """
LEFT JOIN odd_day AS odd ON odd.written = coalesce(texts.used_on, texts.used_at)
    AND odd.kind = CASE WHEN texts.used_on IS NOT NULL THEN 'on' ELSE 'at' END
"""

_READ = f"""
SELECT "row", {_EVENT_ID} AS event_id, {_STREAM} AS stream, nullif(item, '') AS item,
    nullif(prepaid_commit, '') AS prepaid_commit, texts.used_on AS used_on_text, texts.used_at AS used_at_text,
    {{used_on}} AS used_on, {{used_at}} AS used_at, quantity AS quantity_text, amount AS amount_text,
    number_of(quantity) AS quantity, number_of(amount) AS amount, coalesce(currency, '') AS currency, dimensions
FROM texts {{odd}}
"""

_DATED = """
SELECT *, coalesce(used_on, CAST({local} AS DATE)) AS day, {day_text} AS day_text, {moment_text} AS moment_text
FROM ({read})
"""
_LOCAL = "timezone({zone}, timezone('UTC', used_at))"

_CODE = r"""
CASE WHEN known.code IS NULL THEN 'usage_must_name_a_known_item'
    WHEN day IS NULL OR NOT day BETWEEN DATE '1900-01-01' AND DATE '2999-12-31' THEN 'usage_must_have_a_date'
    WHEN quantity_text IS NOT NULL AND quantity IS NULL AND NOT is_beyond(quantity_text) THEN 'quantity_must_be_a_number'
    WHEN amount_text IS NOT NULL AND amount IS NULL AND NOT is_beyond(amount_text) THEN 'quantity_must_be_a_number'
    WHEN quantity_text IS NOT NULL AND quantity IS NULL THEN 'quantity_must_be_in_range'
    WHEN amount_text IS NOT NULL AND amount IS NULL THEN 'quantity_must_be_in_range'
    WHEN quantity IS NULL AND amount IS NULL THEN 'quantity_must_be_a_number'
    WHEN starts_with(quantity, '-') OR starts_with(amount, '-') THEN 'quantity_must_not_be_negative'
    WHEN told.currency <> '' AND told.currency <> known.currency THEN 'currency_must_match_contract'
    WHEN day < contract_starts_on OR day >= contract_ends_before THEN 'usage_must_fall_in_contract'
    WHEN day < starts_on OR day >= ends_before THEN 'usage_must_fall_in_item'
    WHEN amount IS NULL AND is_bundle THEN 'item_must_take_amounts'
    WHEN amount IS NULL AND pricing_model = '' THEN 'item_must_have_a_price'
    WHEN amount IS NULL AND known.carried_in <> '' AND NOT coalesce(
        regexp_full_match(json_extract_string(dimensions, '$."' || known.carried_in || '"'),
            '[0-9]{{1,13}}(\.[0-9]{{1,12}})?'), false) THEN 'usage_must_carry_its_price'
    ELSE '' END
"""

_VALUE = """
CASE code WHEN '' THEN ''
    WHEN 'usage_must_have_a_date' THEN coalesce(used_on_text, used_at_text)
    WHEN 'quantity_must_be_a_number' THEN
        CASE WHEN quantity_text IS NOT NULL AND quantity IS NULL AND NOT is_beyond(quantity_text) THEN quantity_text
            ELSE amount_text END
    WHEN 'quantity_must_be_in_range' THEN CASE WHEN is_beyond(quantity_text) THEN quantity_text ELSE amount_text END
    WHEN 'quantity_must_not_be_negative' THEN coalesce(amount_text, quantity_text)
    WHEN 'currency_must_match_contract' THEN currency
    WHEN 'usage_must_fall_in_contract' THEN CAST(day AS VARCHAR)
    WHEN 'usage_must_fall_in_item' THEN CAST(day AS VARCHAR)
    WHEN 'usage_must_carry_its_price' THEN coalesce(json_extract_string(dimensions, '$."' || carried_in || '"'), '')
    ELSE shown END
"""

# The content as `ratable_usage_hash` has it; a stream that nobody knows is shown as it was written.
_HASH = """
sha256(concat(length(event_id), ':', event_id, '|', length(shown), ':', shown, '|',
    CASE WHEN used_at IS NULL THEN day_text ELSE '@' || seconds_of(epoch_us(used_at)) END, '|',
    quantity, '|', amount, '|', currency, '|', dimensions))
"""

# A row as COPY takes it in its text format: cells between tabs, `\N` for nothing, a backslash before what has a meaning.
# Nearly no row has anything to escape, so all of its texts are looked at as one.
_NOTHING = r"'\N'"
_LINE = rf"""
concat_ws(chr(9), "row", {{event_id}}, {{shown}}, coalesce(moment_text, {_NOTHING}),
    coalesce(day_text, {_NOTHING}), coalesce(left(day_text, 8) || '01', {_NOTHING}), coalesce(quantity, {_NOTHING}),
    coalesce(amount, {_NOTHING}), {{currency}}, coalesce({{dimensions}}, {_NOTHING}), '\\x' || content_hash, code,
    {{value}})
"""
_WORDS = ("event_id", "shown", "currency", "dimensions", "value")
_PLAIN_LINE = _LINE.format(**{word: word for word in _WORDS})
_ODD_LINE = _LINE.format(**{word: f"escaped({word})" for word in _WORDS})

_JUDGED = rf"""
SELECT "row", CASE WHEN has_odd(concat({", ".join(_WORDS)})) THEN {_ODD_LINE} ELSE {_PLAIN_LINE} END || chr(10) AS line,
    content_hash, code, left(day_text, 7) AS month
FROM (
    SELECT *, {_HASH} AS content_hash, coalesce({_VALUE}, '') AS value
    FROM (
        SELECT told.*, known.carried_in, {_CODE} AS code,
            CASE WHEN known.code IS NULL AND item IS NULL AND prepaid_commit IS NOT NULL THEN prepaid_commit
                ELSE told.stream END AS shown
        FROM ({{dated}}) AS told LEFT JOIN known ON known.code = told.stream
    )
)
"""

_RAW = rf"""
SELECT concat_ws(chr(9), "row", coalesce(escaped({object_expression({name: name for name in CELLS[:-1]})}), {_NOTHING}),
    coalesce(escaped(dimensions), {_NOTHING})) || chr(10) AS line
FROM texts SEMI JOIN wanted USING ("row")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the rows of a file are read: where the day ends, and what a row without an item or an id is."""

    zone: str
    item: str | None
    prefix: str

    def told(self, *names: str) -> dict[str, str]:
        """Those of them that a statement names."""
        values = {"item": self.item or "", "prefix": self.prefix}
        return {name: values[name] for name in names}


def prepare(texts: Texts, reading: Reading) -> list[str]:
    """Read what needs Python, refuse what cannot be read at all; give the streams that the file names.

    Refuses:
        file_must_be_readable: a row leaves open what it says
    """
    connection = texts.connection
    for statement in _MACROS:
        connection.execute(statement)
    for row, message in connection.execute(_MALFORMED).fetchall():
        raise unreadable(f"row {row}: {message}")
    connection.execute(
        "CREATE OR REPLACE TABLE odd_day (kind VARCHAR, written VARCHAR, used_on DATE, used_at TIMESTAMP)"
    )
    _read_odd_days(texts)
    found = connection.execute(f"SELECT DISTINCT {_STREAM} AS stream FROM texts", reading.told("item"))
    return [str(stream) for (stream,) in found.fetchall()]


def judged(texts: Texts, reading: Reading, known: pa.Table) -> Iterator[pa.RecordBatch]:
    """Every row judged, mostly in order: its line for COPY, its hash, code and month.

    `known` has the streams that the books know.
    """
    connection = texts.connection
    connection.register("known", known)
    found = connection.execute(_JUDGED.format(dated=_dated(texts, reading.zone)), reading.told("item", "prefix"))
    yield from found.to_arrow_reader(_ROWS_AT_ONCE)
    connection.unregister("known")


def raw_texts(texts: Texts, rows: list[int]) -> Iterator[pa.RecordBatch]:
    """The lines for COPY of rows as they came: what they say of a record, and the rest, as JSON."""
    texts.connection.register("wanted", pa.table({"row": pa.array(rows, pa.int64())}))
    yield from texts.connection.execute(_RAW).to_arrow_reader(_ROWS_AT_ONCE)


def _dated(texts: Texts, zone: str) -> str:
    has_odd = bool(texts.connection.execute("SELECT count(*) FROM odd_day").fetchall()[0][0])
    on, at = "plain_on(texts.used_on)", "plain_at(texts.used_at)"
    read = _READ.format(
        used_on=f"coalesce({on}, odd.used_on)" if has_odd else on,
        used_at=f"coalesce({at}, odd.used_at)" if has_odd else at,
        odd=_JOIN_ODD if has_odd else "",
    )
    local = "used_at" if zone == "UTC" else _LOCAL.format(zone=literal(zone))
    # A plain text is written again as it is: that spares a million days and moments to be turned into texts.
    is_day_told = zone == "UTC" and not has_odd
    return _DATED.format(
        read=read,
        local=local,
        day_text="coalesce(used_on_text, left(used_at_text, 10))" if is_day_told else "CAST(day AS VARCHAR)",
        moment_text="CAST(used_at AS VARCHAR) || '+00'" if has_odd else "used_at_text",
    )


def _read_odd_days(texts: Texts) -> None:
    """Read every text that is no plain day or instant as the calculation does."""
    found = texts.connection.execute(_ODD_DAYS).to_arrow_table()
    for batch in found.to_batches(_TEXTS_AT_ONCE):
        read = [{**text, **_days_of(**text)} for text in batch.to_pylist()]
        texts.connection.register("block", pa.Table.from_pylist(read, schema=_ODD_DAY))
        texts.connection.execute("INSERT INTO odd_day SELECT * FROM block")


def _days_of(kind: str, written: str) -> dict[str, object]:
    row = usage_row("", "", {f"used_{kind}": written}, currency=None, dimensions={})
    instant = row["used_at"]
    if isinstance(instant, datetime):
        instant = instant.replace(tzinfo=None)  # it is in UTC
    return {"used_on": row["used_on"], "used_at": instant}
