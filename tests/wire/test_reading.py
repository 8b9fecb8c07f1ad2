"""A schema is made once for everybody: what it reads and what it refuses is what one of its own for each body would."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

import ratable_server.api
from ratable_server.api.campfire.schemas.contracts import ContractSerializer
from ratable_server.api.campfire.schemas.usage import ContractUsageSerializer
from ratable_server.api.parsers import FormData
from ratable_server.api.schemas import Schema, read_fields

_VALUES = ("", "x", "2026-03-01", "12.50", None, True, -1, Decimal("1.5"), ["a", {"id": 1}], "[")


def schemas() -> list[type[Schema]]:
    """Every schema of every dialect."""
    for module in pkgutil.walk_packages(ratable_server.api.__path__, "ratable_server.api."):
        importlib.import_module(module.name)
    waiting, seen = [Schema], set[type[Schema]]()
    while waiting:
        for schema in waiting.pop().__subclasses__():
            if schema not in seen and schema.__module__.startswith("ratable_server."):
                waiting.append(schema)
                seen.add(schema)
    return sorted(seen, key=lambda schema: f"{schema.__module__}.{schema.__qualname__}")


def bodies(schema: type[Schema]) -> Iterator[Any]:
    """Bodies that are no objects, then one with each value in turn in every field, the last ones as a form."""
    yield from (None, [], "x", 1, {}, FormData())
    names = [*schema().fields, "unheard_of"]
    for turn in range(len(_VALUES)):
        body = {name: _VALUES[(turn + place) % len(_VALUES)] for place, name in enumerate(names)}
        yield body
        yield FormData({name: value for name, value in body.items() if isinstance(value, str)})


def answered(read: Callable[..., Any], schema: type[Schema], body: Any, *, is_partial: bool = False) -> str:
    """What is read, or what is refused, with the types of values."""
    try:
        return repr(read(schema, body, is_partial=is_partial))
    except ValidationError as refused:
        codes = json.dumps(refused.get_codes(), default=str)
        return f"{type(refused.detail).__name__} {json.dumps(refused.detail, default=str)} {codes}"


def read_alone(schema: type[Schema], body: Any, *, is_partial: bool) -> Any:
    reading = schema(data=body, partial=is_partial)
    reading.is_valid(raise_exception=True)
    return dict(reading.validated_data)


@pytest.mark.parametrize("schema", schemas(), ids=lambda schema: schema.__name__)
def test_a_schema_that_others_have_asked_answers_as_one_of_its_own(schema: type[Schema]):
    told = list(bodies(schema))
    for is_partial in (False, True):
        shared = [answered(read_fields, schema, body, is_partial=is_partial) for body in told]
        alone = [answered(read_alone, schema, body, is_partial=is_partial) for body in told]
        assert shared == alone


def test_what_is_read_belongs_to_who_asked():
    first = read_fields(ContractUsageSerializer, {"tags": [1], "usage_lines": [{"quantity": 1}]})
    first["tags"].append(2)
    first["usage_lines"][0]["quantity"] = 2
    again = read_fields(ContractUsageSerializer, {"tags": [1], "usage_lines": [{"quantity": 1}]})
    assert again == {"tags": [1], "usage_lines": [{"quantity": Decimal(1)}]}


def test_several_threads_may_ask_at_once():
    told = list(islice(bodies(ContractSerializer), 40))
    alone = [answered(read_alone, ContractSerializer, body) for body in told]

    def read(place: int) -> str:
        return answered(read_fields, ContractSerializer, told[place % len(told)])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(400)))
    assert found == [alone[place % len(told)] for place in range(400)]
