"""Statements that a connection plans once: for what is asked again and again, and takes longer to plan than to run.

A statement over usage has a part for each month; planning them takes milliseconds, running them less than one. Inside a
transaction that is open, as everything that reads rows of a tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection

_AFTER = 2  # times that a statement is asked without being prepared by the driver; it is prepared at once here


def first_row(statement: str, wanted: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row of a statement with these parameters, which the database reads as values; None: there is none."""
    rows = all_rows(statement, wanted)
    return rows[0] if rows else None


def all_rows(statement: str, wanted: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement with these parameters; none, where it gives nothing back."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if raw.prepare_threshold is None:  # Django's cursors never prepare; this one has to be allowed to
        raw.prepare_threshold = _AFTER
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(statement.encode(), wanted, prepare=True)
        return [] if cursor.description is None else cursor.fetchall()
