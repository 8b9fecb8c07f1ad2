"""One new row by a statement that the connection plans once: what Django builds anew for each row it saves."""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, JSONField, Model
from django.db.models.expressions import DatabaseDefault

from ratable_server.store.prepared import Asked, first_row

_AS_THEY_ARE = {NoneType, bool, int, str}


def insert(row: Model) -> None:
    """Write a row that is not there yet, in the open books of its tenant; it gets its id."""
    found = first_row(*inserting(row))
    row.pk = found[0] if found else None


def inserting(row: Model) -> Asked:
    """The statement that writes a new row and gives its id, with its parameters. What the row does not say is the default."""
    database = connections[DEFAULT_DB_ALIAS]
    said = {
        name: value if is_plain and type(value) in _AS_THEY_ARE else field.get_db_prep_save(value, database)
        for name, field, is_plain in _fields(type(row))
        if not isinstance(value := getattr(row, name), DatabaseDefault) and not (value is None and field.primary_key)
    }
    return _statement(type(row), tuple(said)), said


@cache
def _fields(model: type[Model]) -> list[tuple[str, Field[Any, Any], bool]]:
    """The attribute of each field, the field, and whether it takes texts and numbers as they are."""
    return [(field.attname, field, not isinstance(field, JSONField)) for field in model._meta.concrete_fields]


@cache
def _statement(model: type[Model], names: tuple[str, ...]) -> str:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    columns = ", ".join(f'"{fields[name].column}"' for name in names)
    values = ", ".join(f"%({name})s" for name in names)
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({values}) RETURNING id'  # noqa: S608 - our own
