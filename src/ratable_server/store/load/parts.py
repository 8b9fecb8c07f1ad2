"""Records of several tables by one statement, which a connection plans once: for what every change of a contract reads.

Owns how a value travels: a row is a JSON array, numbers in it are text, so that no digit is lost. What a row points to is
looked up one by one: of tables that were just filled the planner knows nothing, and a join would compare each with each.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import DateField, DateTimeField, DecimalField, Field, Model

from ratable_server.actor import Actor
from ratable_server.store.models.rows import Told
from ratable_server.store.prepared import all_rows
from ratable_server.store.scope import rows_of_each_in

_Reading = Callable[[Sequence[Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of record: its table, which rows, the columns of numbers that order them.

    `roads` lead from the table to what each field is, as Django writes them.
    """

    model: type[Model]
    roads: Mapping[str, str]
    where: str
    order: Sequence[str] = ("id",)
    with_deleted: bool = False

    def query(self, kind: str) -> str:
        """A query of (kind, place, row); its parameters are `tenant` and those of `where`."""
        table = self.model._meta.db_table
        row = ", ".join(_expression(self.model, road) for road in self.roads.values())
        there = "" if self.with_deleted or not issubclass(self.model, Told) else " AND deleted_at IS NULL"
        return (
            f"SELECT '{kind}', ARRAY[{', '.join(self.order)}]::bigint[], json_build_array({row})::text"  # noqa: S608 - our own
            f' FROM "{table}" WHERE tenant_id = %(tenant)s AND {self.where}{there}'
        )

    def reading(self) -> _Reading:
        """What makes the fields out of a row; empty text is what was not agreed."""
        readers = [(name, _reader(_end_of(self.model, road))) for name, road in self.roads.items()]

        def fields(row: Sequence[Any]) -> dict[str, Any]:
            return {
                name: None if value is None or value == "" else read(value)
                for (name, read), value in zip(readers, row, strict=True)
            }

        return fields


class Parts:
    """Several kinds of records, read together by one `statement`; call it in the books that are read.

    `beginning` is what stands before them in it, and is looked up once for all of them.
    """

    def __init__(self, parts: Mapping[str, Part], *, beginning: str = "") -> None:
        queries = "\nUNION ALL ".join(part.query(kind) for kind, part in parts.items())
        self.statement = f"{beginning}{queries}\nORDER BY 2"
        self._readings = {kind: part.reading() for kind, part in parts.items()}

    def read(self, wanted: Mapping[str, Any]) -> defaultdict[str, list[dict[str, Any]]]:
        """The fields of each row by its kind, in their order."""
        return self.records(all_rows(self.statement, wanted))

    def read_alone(self, actor: Actor, wanted: Mapping[str, Any]) -> defaultdict[str, list[dict[str, Any]]]:
        """The same where nothing else is asked: the books are opened, read and closed in one trip.

        Inside a transaction that is open it is a part of that.
        """
        (rows,) = rows_of_each_in(actor, (self.statement, wanted))
        return self.records(rows)

    def records(self, rows: Iterable[Sequence[Any]]) -> defaultdict[str, list[dict[str, Any]]]:
        """The same of the rows that the statement has given."""
        found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        told = [(self._readings[kind], found[kind], row) for kind, _, row in rows]
        values = json.loads(f"[{','.join(row for *_, row in told)}]")  # once for all: most are short
        for (reading, of_kind, _), row in zip(told, values, strict=True):
            of_kind.append(reading(row))
        return found

    def fields_of(self, kind: str, row: str) -> dict[str, Any]:
        """The same of one row."""
        return self._readings[kind](json.loads(row))


def _expression(model: type[Model], road: str) -> str:
    """The value at the end of a road, out of the row of a table; a road leads over foreign keys."""
    table = model._meta.db_table
    head, _, rest = road.partition("__")
    field = _field(model, head)
    column = f'"{table}"."{field.column}"'
    if not rest:
        return f"{column}::text" if isinstance(field, DecimalField) else column
    target: type[Model] = field.related_model  # type: ignore[assignment]
    return (
        f'(SELECT {_expression(target, rest)} FROM "{target._meta.db_table}"'  # noqa: S608 - our own
        f' WHERE "{target._meta.db_table}".tenant_id = "{table}".tenant_id AND "{target._meta.db_table}".id = {column})'
    )


def _end_of(model: type[Model], road: str) -> Field[Any, Any]:
    head, _, rest = road.partition("__")
    field = _field(model, head)
    return _end_of(field.related_model, rest) if rest else field  # type: ignore[arg-type]


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    found = model._meta.get_field(name)
    if not isinstance(found, Field):
        raise TypeError(f"{model.__name__}.{name} is no column")
    return found


def _reader(field: Field[Any, Any]) -> Callable[[Any], Any]:
    if isinstance(field, DecimalField):
        return Decimal
    if isinstance(field, DateTimeField):
        return datetime.fromisoformat
    return date.fromisoformat if isinstance(field, DateField) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
