"""Partitions of usage by month, made on demand before an import."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import connection

from ratable.errors import InvariantError


def prepare_months(months: Iterable[date]) -> int:
    """Make the partitions of these months (first days) where they are missing; give how many were.

    Each is a transaction of its own: inside an import it would make other imports wait.

    Raises:
        InvariantError: a transaction is open.
    """
    if connection.in_atomic_block:
        raise InvariantError("partitions are prepared before the transaction that needs them")
    with connection.cursor() as cursor:
        made = 0
        for month_on in sorted(set(months)):
            cursor.execute("SELECT ratable_prepare_month(%s)", [month_on])
            made += bool(cursor.fetchone()[0])
    return made
