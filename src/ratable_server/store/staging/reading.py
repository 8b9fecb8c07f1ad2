"""Texts become records: the day, the numbers and the stream of every row, and the first rule that it breaks by itself.

Owns the reading in sets. A date in plain shape is read by the database; every other text that stands for one is read
by `ratable.facts.usage_rows`, each once, so that both accept the same. Rules that look at other records or at open
months are `settling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from ratable.facts.usage_rows import WHOLE_DIGITS, usage_row
from ratable.periods import FAR
from ratable.terms_tables import addressed_stream, unaddressed_stream
from ratable_server.store.fields import CODE_LENGTH
from ratable_server.store.staging.columns import Layout
from ratable_server.store.staging.problems import unreadable
from ratable_server.store.staging.tables import analyze

MALFORMED = "file_must_be_readable"  # a row that leaves open what it says; no code of a rejection
_ODD = "day_must_be_read"  # nor is this, and it never leaves this module
_AT_ONCE = 10_000
_DECIMALS = 12

# Shapes of digits that the database reads as Python does; whether the digits are a day and a time is asked apart.
_DAY = "0000-00-00"
_FRACTIONS = ("", *("." + "0" * digits for digits in range(1, 7)))
_SHAPES = [
    f"{_DAY}{mark}00:00:00{fraction}{offset}"
    for mark in "T "
    for fraction in _FRACTIONS
    for offset in ("Z", "+00:00", "-00:00")
]
_DAYS_OF_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # 29 February is none of the plain days
_DAYS_OF_YEAR = [
    f"{month:02}-{day:02}" for month, days in enumerate(_DAYS_OF_MONTHS, start=1) for day in range(1, days + 1)
]

_TEXTS = """
SELECT "row", nullif(id, '') AS event_id, nullif(item, '') AS item, nullif(prepaid_commit, '') AS prepaid_commit,
    nullif(contract, '') AS contract, used_on AS used_on_text, used_at AS used_at_text, quantity AS quantity_text,
    amount AS amount_text, nullif(currency, '') AS currency, {dimensions} AS dimensions
FROM staged_text {only} OFFSET 0
"""
_ONLY_ODD = """WHERE "row" IN (SELECT "row" FROM staged_usage WHERE code = '{odd}')"""

_STREAM = """
CASE WHEN item IS NOT NULL THEN item
    WHEN prepaid_commit IS NOT NULL THEN %(addressed)s || prepaid_commit
    WHEN contract IS NOT NULL THEN %(unaddressed)s || contract
    ELSE %(item)s END
"""

_IS_PLAIN_ON = """
(translate(used_on_text, '123456789', '000000000') = '0000-00-00'
    AND substr(used_on_text, 6, 5) = ANY(%(days)s) AND left(used_on_text, 4) BETWEEN '1900' AND '2999')
"""

_IS_PLAIN_AT = """
(translate(used_at_text, '123456789', '000000000') = ANY(%(shapes)s)
    AND substr(used_at_text, 6, 5) = ANY(%(days)s) AND left(used_at_text, 4) BETWEEN '1901' AND '2998'
    AND substr(used_at_text, 12, 2) < '24' AND substr(used_at_text, 15, 1) < '6' AND substr(used_at_text, 18, 1) < '6'
    AND (right(used_at_text, 1) = 'Z'
        OR (left(right(used_at_text, 5), 2) < '14' AND left(right(used_at_text, 2), 1) < '6')))
"""

# Rows whose day or instant is in another shape wait for it: they are judged again when it is read.
_ODD_DAYS = """
SELECT DISTINCT CASE WHEN used_on IS NOT NULL THEN 'on' ELSE 'at' END, coalesce(used_on, used_at)
FROM staged_text {only}
"""

_ITEMS = """
WITH wanted AS (SELECT DISTINCT {stream} AS stream FROM ({texts}) AS texts),
contracts AS (
    SELECT contract.id, contract.currency, contract.starts_on,
        greatest(contract.starts_on, contract.opening_as_of + 1) AS counts_from,
        least(coalesce(contract.ends_before, %(far)s), termination."on" + 1) AS ends_before,
        contract.code
    FROM contract LEFT JOIN termination
        ON termination.tenant_id = contract.tenant_id AND termination.contract_id = contract.id
    WHERE contract.tenant_id = %(tenant)s
)
INSERT INTO staged_item
SELECT wanted.stream, coalesce(usage_group.pricing_model, ''), usage_item.bundle_id IS NOT NULL, usage_item.starts_on,
    coalesce(usage_item.ends_before, %(far)s), counts_from, contracts.ends_before, contracts.currency
FROM wanted
JOIN usage_item ON usage_item.tenant_id = %(tenant)s AND usage_item.code = wanted.stream
JOIN contracts ON contracts.id = usage_item.contract_id
LEFT JOIN usage_group ON usage_group.tenant_id = %(tenant)s AND usage_group.id = usage_item.usage_group_id
UNION ALL
SELECT wanted.stream, '', false, contracts.starts_on, %(far)s, counts_from, contracts.ends_before, contracts.currency
FROM wanted
JOIN prepaid_commit ON prepaid_commit.tenant_id = %(tenant)s
    AND prepaid_commit.code = substr(wanted.stream, length(%(addressed)s) + 1)
JOIN contracts ON contracts.id = prepaid_commit.contract_id
WHERE starts_with(wanted.stream, %(addressed)s)
UNION ALL
SELECT wanted.stream, '', false, contracts.starts_on, %(far)s, counts_from, contracts.ends_before, contracts.currency
FROM wanted JOIN contracts ON contracts.code = substr(wanted.stream, length(%(unaddressed)s) + 1)
WHERE starts_with(wanted.stream, %(unaddressed)s)
"""

_READ = """
SELECT "row", event_id, item, prepaid_commit, contract, {stream} AS stream, used_on_text, used_at_text,
    {used_at} AS used_at, {used_on} AS used_on, quantity_text, amount_text,
    CASE WHEN {quantity_fits} THEN quantity_text::numeric END AS quantity,
    CASE WHEN {amount_fits} THEN amount_text::numeric END AS amount, currency, dimensions
FROM ({texts}) AS texts {odd} OFFSET 0
"""

_JOIN_ODD = """
LEFT JOIN staged_day AS odd ON odd.written = coalesce(used_on_text, used_at_text)
    AND odd.kind = CASE WHEN used_on_text IS NOT NULL THEN 'on' ELSE 'at' END
"""

_DATED = """
SELECT *, coalesce(used_on, (used_at AT TIME ZONE %(zone)s)::date) AS day FROM ({read}) AS read OFFSET 0
"""

_MALFORMED = """
CASE WHEN used_on_text IS NOT NULL AND used_at_text IS NOT NULL THEN 'used_on and used_at do not go together'
    WHEN prepaid_commit IS NOT NULL AND contract IS NOT NULL THEN 'prepaid_commit and contract do not go together'
    WHEN starts_with(event_id, '!') OR starts_with(item, '!') THEN 'begins with !, as no id may'
    WHEN day < '1900-01-01' OR day > '2999-12-31' THEN 'is used in no year from 1900 to 2999'
    WHEN length(event_id) > {code_length} THEN 'has an id of more than {code_length} characters' END
"""

_CODE = """
CASE WHEN malformed IS NOT NULL THEN '{malformed}'
    WHEN {is_odd} THEN '{odd}'
    WHEN known.stream IS NULL THEN 'usage_must_name_a_known_item'
    WHEN day IS NULL THEN 'usage_must_have_a_date'
    WHEN quantity_text IS NOT NULL AND quantity IS NULL AND NOT is_quantity_long THEN 'quantity_must_be_a_number'
    WHEN amount_text IS NOT NULL AND amount IS NULL AND NOT is_amount_long THEN 'quantity_must_be_a_number'
    WHEN is_quantity_long OR is_amount_long THEN 'quantity_must_be_in_range'
    WHEN quantity IS NULL AND amount IS NULL THEN 'quantity_must_be_a_number'
    WHEN quantity < 0 OR amount < 0 THEN 'quantity_must_not_be_negative'
    WHEN told.currency <> known.currency THEN 'currency_must_match_contract'
    WHEN day < contract_starts_on OR day >= contract_ends_before THEN 'usage_must_fall_in_contract'
    WHEN day < starts_on OR day >= ends_before THEN 'usage_must_fall_in_item'
    WHEN amount IS NULL AND is_bundle THEN 'item_must_take_amounts'
    WHEN amount IS NULL AND pricing_model = '' THEN 'item_must_have_a_price'
    ELSE '' END
"""

_VALUE = """
CASE code WHEN '' THEN ''
    WHEN '{malformed}' THEN malformed
    WHEN 'usage_must_have_a_date' THEN coalesce(used_on_text, used_at_text)
    WHEN 'quantity_must_be_a_number' THEN
        CASE WHEN quantity_text IS NOT NULL AND quantity IS NULL AND NOT is_quantity_long THEN quantity_text
        ELSE amount_text END
    WHEN 'quantity_must_be_in_range' THEN CASE WHEN is_quantity_long THEN quantity_text ELSE amount_text END
    WHEN 'quantity_must_not_be_negative' THEN coalesce(amount_text, quantity_text)
    WHEN 'currency_must_match_contract' THEN currency
    WHEN 'usage_must_fall_in_contract' THEN day::text
    WHEN 'usage_must_fall_in_item' THEN day::text
    ELSE stream END
"""

_JUDGED = """
INSERT INTO staged_usage
SELECT "row", nextval('usage_record_id_seq'), event_id, stream, used_at, day, date_trunc('month', day)::date,
    quantity, amount, currency, dimensions,
    ratable_usage_hash(event_id, stream, used_at, day, quantity, amount, currency, dimensions),
    code, coalesce({value}, ''), false, NULL, NULL
FROM (
    SELECT "row", coalesce(event_id, %(prefix)s || "row") AS event_id,
        CASE WHEN known.stream IS NULL AND item IS NULL AND prepaid_commit IS NOT NULL THEN prepaid_commit
            ELSE told.stream END AS stream,
        used_at, day, quantity, amount, coalesce(told.currency, '') AS currency, dimensions, {code} AS code,
        used_on_text, used_at_text, quantity_text, amount_text, is_quantity_long, is_amount_long, malformed
    FROM (
        SELECT *, {malformed} AS malformed,
            quantity_text IS NOT NULL AND quantity IS NULL AND quantity_text ~ '{beyond}' AS is_quantity_long,
            amount_text IS NOT NULL AND amount IS NULL AND amount_text ~ '{beyond}' AS is_amount_long
        FROM ({dated}) AS dated OFFSET 0
    ) AS told
    LEFT JOIN staged_item AS known ON known.stream = told.stream
    OFFSET 0
) AS judged
"""

_BEYOND = rf"^-?0*[1-9][0-9]{{{WHOLE_DIGITS},}}(\.[0-9]{{1,{_DECIMALS}}})?$"
_SHORT = rf"^-?[0-9]{{1,{WHOLE_DIGITS}}}(\.[0-9]{{1,{_DECIMALS}}})?$"
_LONG = rf"^-?[0-9]{{1,18}}(\.[0-9]{{1,{_DECIMALS}}})?$"  # with zeros in front


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the rows of a file are read: in whose books, and what a row without an item or an id is."""

    tenant_id: int
    zone: str
    layout: Layout
    item: str | None
    prefix: str

    def parameters(self) -> dict[str, Any]:
        """What the statements of this module name."""
        return {
            "tenant": self.tenant_id,
            "zone": self.zone,
            "item": self.item or "",
            "prefix": self.prefix,
            "addressed": addressed_stream(""),
            "unaddressed": unaddressed_stream(""),
            "far": FAR,
            "days": _DAYS_OF_YEAR,
            "shapes": _SHAPES,
            "further": list(self.layout.further),
        }


def read_texts(reading: Reading) -> list[date]:
    """Fill `staged_usage` from `staged_text`; give the months in which something may go into the books.

    Refuses:
        file_must_be_readable: a row leaves open what it says
    """
    parameters = reading.parameters()
    with connection.cursor() as cursor:
        analyze("staged_text")
        cursor.execute(_ITEMS.format(texts=_texts(reading.layout), stream=_STREAM), parameters)
        analyze("staged_item")
        cursor.execute(_judging(reading.layout), parameters)
        if _read_odd_days():
            cursor.execute(_judging(reading.layout, are_days_read=True), parameters)
            cursor.execute("DELETE FROM staged_usage WHERE code = %s", [_ODD])
        analyze("staged_usage")
        cursor.execute('SELECT "row", value FROM staged_usage WHERE code = %s ORDER BY "row" LIMIT 1', [MALFORMED])
        for row, message in cursor.fetchall():
            raise unreadable(f"row {row}: {message}")
        cursor.execute("SELECT DISTINCT month_on FROM staged_usage WHERE code = '' ORDER BY month_on")
        return [month_on for (month_on,) in cursor.fetchall()]


def _texts(layout: Layout, *, only: str = "") -> str:
    """The rows as texts."""
    dimensions = "further::jsonb"
    if layout.further:
        cells = ", ".join(f"further_{place}" for place in range(len(layout.further)))
        dimensions = f"nullif(jsonb_strip_nulls(jsonb_object(%(further)s::text[], ARRAY[{cells}])), '{{}}')"
    return _TEXTS.format(dimensions=dimensions, only=only)


def _read_odd_days() -> bool:
    """Read every text that is no plain day or instant as the calculation does; true if there was one."""
    has_any = False
    with connection.cursor() as cursor:
        cursor.execute(f"DECLARE odd_days CURSOR FOR {_ODD_DAYS.format(only=_ONLY_ODD.format(odd=_ODD))}")
        while True:
            cursor.execute(f"FETCH {_AT_ONCE} FROM odd_days")
            found = cursor.fetchall()
            if not found:
                break
            has_any = True
            with cursor.copy("COPY staged_day FROM STDIN") as copy:
                for kind, written in found:
                    copy.write_row((kind, written, *_days_of(kind, written)))
        cursor.execute("CLOSE odd_days")
    if has_any:
        analyze("staged_day")
    return has_any


def _days_of(kind: str, written: str) -> tuple[object, object]:
    row = usage_row("", "", {f"used_{kind}": written}, currency=None, dimensions={})
    return row["used_on"], row["used_at"]


def _judging(layout: Layout, *, are_days_read: bool = False) -> str:
    """The statement that judges all rows, or again those whose days were read meanwhile."""
    only = _ONLY_ODD.format(odd=_ODD) if are_days_read else ""
    read = _READ.format(
        texts=_texts(layout, only=only),
        stream=_STREAM,
        used_on="odd.used_on" if are_days_read else f"CASE WHEN {_IS_PLAIN_ON} THEN used_on_text::date END",
        used_at="odd.used_at" if are_days_read else f"CASE WHEN {_IS_PLAIN_AT} THEN used_at_text::timestamptz END",
        quantity_fits=_fits("quantity_text"),
        amount_fits=_fits("amount_text"),
        odd=_JOIN_ODD if are_days_read else "",
    )
    is_odd = "false" if are_days_read else "day IS NULL AND (used_on_text IS NOT NULL OR used_at_text IS NOT NULL)"
    return _JUDGED.format(
        dated=_DATED.format(read=read),
        malformed=_MALFORMED.format(code_length=CODE_LENGTH),
        code=_CODE.format(malformed=MALFORMED, odd=_ODD, is_odd=is_odd),
        value=_VALUE.format(malformed=MALFORMED),
        beyond=_BEYOND,
    )


def _fits(column: str) -> str:
    """A plain decimal in range; the first pattern is that of nearly all."""
    return f"({column} ~ '{_SHORT}' OR ({column} ~ '{_LONG}' AND NOT {column} ~ '{_BEYOND}'))"
