"""Tables for tests, written as text: small functions that fill in what a test does not care about.

A table is a header and rows, cells apart by `|`. Months are `2026-01`, `-` is empty or null, a column
`quantity_e12` is written as `quantity` in plain units. What comes out is compared in the same writing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.cases.answers import Answers
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from ratable.cases.records import Case
from ratable.money import SCALE, minor_unit_digits
from ratable.scalars import plain
from ratable.terms_tables import month_rows

Row = dict[str, Any]

FIRST = date(1, 1, 1)
LAST = date(9999, 12, 31)
OPEN_END = "10000000000000000000000000"  # upper bound of the last tier
MONTHS = ("month_on", "service_on", "booked_on", "open_on", "period", "service_period", "booked")


# ── text to tables and back ──────────────────────────────────────────────────────────────────


def cells(text: str) -> list[list[str]]:
    """The rows of a written table, header first."""
    lines = [line for line in textwrap.dedent(text).strip().splitlines() if line.strip()]
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def table(sheet: Sheet, name: str, schema: ibis.Schema, text: str, **defaults: Any) -> Stored:
    """Bind a written table; columns that it does not write have the defaults."""
    header, *body = cells(text)
    rows = [_row(schema, dict(zip(header, values, strict=True)), defaults) for values in body]
    return sheet.bind_rows(name, rows, schema)


def _row(schema: ibis.Schema, written: Mapping[str, str], defaults: Mapping[str, object]) -> Row:
    row: Row = {}
    for column, kind in schema.items():
        short = column.removesuffix("_e12")
        if column in written or short in written:
            row[column] = value_of(written[column if column in written else short], column, kind)
        else:
            row[column] = defaults[column]
    unknown = set(written) - set(row) - {column.removesuffix("_e12") for column in row}
    assert not unknown, f"no columns {unknown} in {list(schema.names)}"
    return row


def value_of(text: str, column: str, kind: ibis.expr.datatypes.DataType) -> object:
    """What a written cell stands for."""
    if kind.is_string():
        return None if text == "null" else "" if text == "-" else text
    if text == "-":
        return None
    if kind.is_date():
        return date.fromisoformat(f"{text}-01" if len(text) == len("2026-01") else text)
    if kind.is_timestamp():
        return datetime.fromisoformat(text).astimezone(UTC)
    if kind.is_boolean():
        return {"yes": True, "no": False}[text]
    number = Decimal(text.replace(",", ""))
    if column.endswith("_e12"):
        return number.scaleb(12).to_integral_exact()
    return int(number) if kind.is_integer() else number


def written(value: object, column: str) -> str:
    """A cell as a test writes it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date) and column in MONTHS and value.day == 1:
        return f"{value:%Y-%m}"
    if column.endswith("_e12"):
        return plain(Decimal(str(value)).scaleb(-12))
    return plain(value) if isinstance(value, Decimal) else str(value)


def expect(sheet: Sheet, stored: Stored, text: str) -> None:
    """Assert that a stored table has exactly the written rows, in any order, in the written columns."""
    header, *body = cells(text)
    columns = [name if name in stored.schema.names else f"{name}_e12" for name in header]
    found = [[written(row[column], column) for column in columns] for row in sheet.fetch(stored).to_pylist()]
    assert sorted(found) == sorted([cell.replace(",", "") for cell in row] for row in body)


def rows(sheet: Sheet, stored: Stored) -> list[Row]:
    return sheet.fetch(stored).to_pylist()  # type: ignore[no-any-return]


def only(sheet: Sheet, stored: Stored) -> Row:
    """The only row of a table."""
    (row,) = rows(sheet, stored)
    return row


def empty(sheet: Sheet, name: str, schema: ibis.Schema) -> Stored:
    return sheet.bind(name, schema.to_pyarrow().empty_table(), schema)


# ── what was agreed ──────────────────────────────────────────────────────────────────────────


def divisor(currency: str = "USD") -> int:
    return int(10 ** (24 - minor_unit_digits(currency)))


def months(sheet: Sheet, first: str, before: str, *, open_on: str | None = None) -> Stored:
    """The months from `first` to before `before`; from `open_on` (default: all) they are open."""
    first_on, before_on = date.fromisoformat(f"{first}-01"), date.fromisoformat(f"{before}-01")
    opened = date.fromisoformat(f"{open_on}-01") if open_on else first_on
    return sheet.bind_rows("months", month_rows(first_on, before_on, opened), tables.MONTHS)


def contracts(sheet: Sheet, text: str = "contract_id\nacme", *, currency: str = "USD", **defaults: Any) -> Stored:
    return table(
        sheet,
        "contracts",
        tables.CONTRACTS,
        text,
        **{
            "currency": currency,
            "minor_divisor": divisor(currency),
            "starts_on": date(2026, 1, 1),
            "ends_before": date(2027, 1, 1),
            "counts_from": date(2026, 1, 1),
            "terminated_on": LAST,
            "released_on": LAST,
            "minimum_amount_e12": 0,
            "minimum_quantity_e12": 0,
            **defaults,
        },
    )


def items(sheet: Sheet, text: str = "item_id\ncalls", *, currency: str = "USD", **defaults: Any) -> Stored:
    return table(
        sheet,
        "items",
        tables.ITEMS,
        text,
        **{
            "contract_id": "acme",
            "product_id": "api",
            "bundle_id": "",
            "pricing_model": "unit_based",
            "package_size_e12": 0,
            "free_units_e12": 0,
            "zero_usage_flat_fee": False,
            "draws": False,
            "stream_order": 2,
            "starts_on": date(2026, 1, 1),
            "ends_before": LAST,
            "contract_starts_on": date(2026, 1, 1),
            "contract_ends_before": date(2027, 1, 1),
            "currency": currency,
            "minor_divisor": divisor(currency),
            **defaults,
        },
    )


def tiers(sheet: Sheet, text: str) -> Stored:
    """Tiers by `item_id | upper | unit_price | flat_fee`; numbers and lower bounds follow. `-` is the open end."""
    header, *body = cells(text)
    found: list[Row] = []
    for values in body:
        given = dict(zip(header, values, strict=True))
        before = [row for row in found if row["item_id"] == given["item_id"]]
        upper = OPEN_END if given["upper"] == "-" else given["upper"]
        found.append(
            {
                "item_id": given["item_id"],
                "tier": len(before) + 1,
                "lower_e12": before[-1]["upper_e12"] if before else 0,
                "upper_e12": _e12(upper),
                "unit_price_e12": _e12(given["unit_price"]),
                "flat_fee_e12": _e12(given.get("flat_fee", "0")),
            }
        )
    return sheet.bind_rows("tiers", found, tables.TIERS)


def _e12(text: str) -> int:
    return int(Decimal(text.replace(",", "")) * SCALE)


def rating_options(sheet: Sheet, text: str, **defaults: Any) -> Stored:
    """Rating options by `item_id` and what the test is about; the rest is as in a plan without any."""
    plain_options = {
        "rating_group": "month",
        "group_dimension": "",
        "is_individual": False,
        "aggregation": "sum",
        "price_dimension": "",
        "amount_dimension": "",
        "quantity_step_e12": 0,
        "quantity_rounding": "half_up",
        "maximum_e12": 0,
    }
    return table(sheet, "rating_options", tables.RATING_OPTIONS, text, **plain_options, **defaults)


def tier_limits(sheet: Sheet, text: str = "item_id | tier | minimum | maximum") -> Stored:
    """Limits of tiers; a maximum of `-` is none."""
    return table(sheet, "tier_limits", tables.TIER_LIMITS, text)


def commits(sheet: Sheet, text: str, **defaults: Any) -> Stored:
    return table(
        sheet,
        "commits",
        tables.COMMITS,
        text,
        **{
            "contract_id": "acme",
            "product_id": "",
            "keep_e12": SCALE,
            "starts_on": date(2026, 1, 1),
            "ends_before": LAST,
            "rank": 1,
            "expires": False,
            "released_on": LAST,
            **defaults,
        },
    )


def eligible(sheet: Sheet, text: str, **defaults: Any) -> Stored:
    """Pairs by `item_id | commit_id | rank`; a pair is served in the pass of its rank."""
    header, *body = cells(text)
    found = []
    for values in body:
        given = dict(zip(header, values, strict=True))
        rank = int(given.get("rank", "1"))
        found.append(
            {
                "contract_id": "acme",
                "is_home": given.get("is_home", "no") == "yes",
                "pass_no": int(given.get("pass_no", rank)),
                "serves_from": FIRST,
                "serves_before": LAST,
                **defaults,
                "item_id": given["item_id"],
                "commit_id": given["commit_id"],
                "rank": rank,
            }
        )
    return sheet.bind_rows("eligible", found, tables.ELIGIBLE)


# ── facts ────────────────────────────────────────────────────────────────────────────────────


def usage(sheet: Sheet, text: str, **defaults: Any) -> Stored:
    """Usage records; rows are numbered, all of batch 1, learned while January 2026 is open."""
    header, *body = cells(text)
    found = []
    for place, values in enumerate(body, start=1):
        base: Row = {
            "used_at": None,
            "used_on": date(2026, 1, 15),
            "quantity": None,
            "amount": None,
            "currency": None,
            "unreadable": None,
            "unreadable_value": None,
            "dimensions": None,
            "item_id": "calls",
            "batch": 1,
            "row": place,
            "open_on": date(2026, 1, 1),
            "came_alone": False,
            **defaults,
        }
        row = _row(tables.USAGE, dict(zip(header, values, strict=True)), base)
        found.append({**row, "currency": row["currency"] or None, "unreadable": row["unreadable"] or None})
    return sheet.bind_rows("usage", found, tables.USAGE)


def counted_records(sheet: Sheet, text: str, **defaults: Any) -> Stored:
    """Accepted records by `usage_id | quantity` and what the test is about; rows are numbered, all of batch 1."""
    header, *body = cells(text)
    found = []
    for place, values in enumerate(body, start=1):
        base: Row = {
            "item_id": "calls",
            "month_on": date(2026, 1, 1),
            "used_on": date(2026, 1, 15),
            "used_at": None,
            "batch": 1,
            "row": place,
            "dimensions": None,
            "came_alone": None,
            **defaults,
        }
        found.append(_row(tables.COUNTED_RECORDS, dict(zip(header, values, strict=True)), base))
    return sheet.bind_rows("counted_records", found, tables.COUNTED_RECORDS)


def voids(sheet: Sheet, *usage_ids: str) -> Stored:
    return sheet.bind_rows("voids", [{"usage_id": usage_id} for usage_id in usage_ids], tables.VOIDS)


def metered(sheet: Sheet, text: str) -> Stored:
    """Metered months by `item_id | month_on | quantity` and, where it matters, `amount`."""
    defaults = {"used_on": FIRST, "records": 1, "quantity_e12": 0, "amount_e12": 0}
    return table(sheet, "metered", tables.METERED, text, **defaults)


# ── cases ────────────────────────────────────────────────────────────────────────────────────


def case_of(folder: Path, text: str) -> Case:
    """A case written in a test."""
    path = folder / "case.yaml"
    path.write_text("case: hand-made\n" + textwrap.dedent(text), encoding="utf-8")
    return read_case(path)


def played(sheet: Sheet, folder: Path, text: str) -> Answers:
    return play(case_of(folder, text), sheet)


def with_one_figure_changed(case: Case) -> Case:
    """The case with its first number one higher than it expects."""
    questions = list(case.questions)
    for place, question in enumerate(questions):
        figures = list(question.figures)
        for where, (name, text) in enumerate(figures):
            if name != "status":
                figures[where] = (name, plain(Decimal(text) + 1))
                questions[place] = replace(question, figures=tuple(figures))
                return replace(case, questions=tuple(questions))
    raise AssertionError(f"{case.case} expects no number")


def told(answers: Answers, name: str, text: str, at: date | None = None, **keys: object) -> None:
    """Assert that the rows of an answer table that have these keys are exactly the written ones."""
    header, *body = cells(text)
    chosen = [row for row in answers.rows(name, at) if all(row[key] == value for key, value in keys.items())]
    found = [[written(row[column], column) for column in header] for row in chosen]
    assert sorted(found) == sorted([cell.replace(",", "") for cell in row] for row in body)


def arrow(stored: Stored, found: Sequence[Row]) -> pa.Table:
    """Rows as an Arrow table of a stored table's schema."""
    return pa.Table.from_pylist(list(found), schema=stored.schema.to_pyarrow())
