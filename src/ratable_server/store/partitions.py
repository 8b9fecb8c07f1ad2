"""Partitions of usage by month, made on demand before an import."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import date

import psycopg
from django.db import ProgrammingError, connection
from django.db.backends.utils import CursorWrapper


def prepare_months(months: Iterable[date]) -> int:
    """Make the partitions of these months (first days) where they are missing; give how many were.

    Each is a transaction of its own, in a transaction of the caller too: as a part of it, it would make other imports
    wait.
    """
    wanted = sorted(set(months))
    if not wanted:
        return 0
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            return sum(_make(cursor, month_on) for month_on in wanted)
    if not (missing := _missing(wanted)):
        return 0
    with closing(connection.copy()) as beside, beside.cursor() as cursor:
        return sum(_make(cursor, month_on) for month_on in missing)


def _missing(months: list[date]) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT month FROM unnest(%s::date[]) AS month"
            " WHERE to_regclass('usage_record_' || to_char(month, 'YYYY_MM')) IS NULL",
            [months],
        )
        return [month_on for (month_on,) in cursor.fetchall()]


def _make(cursor: CursorWrapper, month_on: date) -> bool:
    """Somebody else may make the same month at this moment: who waits for him still believes that it is missing."""
    try:
        cursor.execute("SELECT ratable_prepare_month(%s)", [month_on])
    except ProgrammingError as error:
        if isinstance(error.__cause__, psycopg.errors.DuplicateTable):
            return False
        raise
    return bool(cursor.fetchone()[0])
