"""JSON to the digit, both ways."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.api.json_text import MalformedJsonError, json_text, read_json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.10"), "0.10"),
        (Decimal("1E-9"), "0.000000001"),
        (Decimal("0E-9"), "0.000000000"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("1E+3"), "1000"),
        (Decimal("123456789012345678901234.5"), "123456789012345678901234.5"),
        ([Decimal(1), {"a": Decimal("-2.5")}], '[1,{"a":-2.5}]'),
        (date(2026, 1, 31), '"2026-01-31"'),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), '"2026-01-31T09:00:00+00:00"'),
        ({"é": None, "b": True, "c": ""}, '{"é":null,"b":true,"c":""}'),
        ({}, "{}"),
    ],
)
def test_values_are_written_plainly(value: Any, text: str):
    assert json_text(value) == text


@pytest.mark.parametrize("text", ["\\u00001.5", '"\\u00002"', "1.5", "\\", '"'])
def test_a_text_that_looks_like_a_number_stays_a_text(text: str):
    assert read_json(json_text({"a": text})) == {"a": text}


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), 1j, {1, 2}])
def test_what_is_no_json_is_not_written(value: Any):
    with pytest.raises((TypeError, ValueError)):
        json_text(value)


def test_what_is_read_is_exact():
    assert read_json('{"a": 0.10, "b": 12, "c": 1e2}') == {"a": Decimal("0.10"), "b": 12, "c": Decimal(100)}
    with pytest.raises(MalformedJsonError, match="too many digits"):
        read_json("1" * 100)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": [{"b": "x"}, {"b": "\\u0000"}]}', "a[1].b: a text has a character that is none"),
        ('{"a": {"b": "\\ud800", "c": "\\ud800"}}', "a.b: a text has a character that is none"),
        ('{"a": {"b\\u0000": 1}}', "a: a text has a character that is none"),
        ('{"\\u0000": 1}', "a text has a character that is none"),
        ('{"a": 1, "b": [2, 1e400]}', "b[1]: a number has too many digits"),
        ('{"a": 1, "b": ' + "9" * 41 + "}", "b: a number has too many digits"),
        ('{"a": {"b": NaN}}', "a.b: NaN is not a number"),
        ('{"' + "a" * 300 + '": NaN}', "a" * 200 + ": NaN is not a number"),
        ("[" * 40 + "1e400" + "]" * 40, "a number has too many digits"),
        ("1e400 x", "a number has too many digits"),
    ],
)
def test_what_cannot_be_kept_is_told_by_its_place(text: str, told: str):
    with pytest.raises(MalformedJsonError) as refused:
        read_json(text)
    assert str(refused.value) == told
    assert told.startswith(refused.value.field)


def test_a_long_name_above_a_long_list_is_told_without_being_written_for_each():
    body = f'{{"{"n" * 4_000}": [{"0, " * 40_000}NaN]}}'
    tracemalloc.start()
    with pytest.raises(MalformedJsonError) as refused:
        read_json(body)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.field == "n" * 200
    assert most < 60 * len(body)  # the values are 35 times as much; with a path for each it was 1,300 times
