"""The locks that a test's statements take, in their order: new months, contracts, the tenant, reported adjustments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

_NEW_MONTH = re.compile(r"\s*INSERT INTO .?period\b")
_CONTRACT = re.compile(r"FROM .?contract\b.* FOR NO KEY UPDATE", re.DOTALL)
_TENANT = re.compile(r"UPDATE tenant SET fact_number|FROM tenant WHERE .* FOR NO KEY UPDATE", re.DOTALL)
_ADJUSTMENTS = re.compile(r"FROM .?reported_adjustment\b.* FOR UPDATE", re.DOTALL)
_LET_GO = re.compile(r"ROLLBACK TO SAVEPOINT")


@contextmanager
def locks_told() -> Iterator[list[str]]:
    """What is taken from here on; of months only those that get their row, for which everybody else waits."""
    told: list[str] = []

    def look(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        result = execute(sql, parameters, many, context)
        if _NEW_MONTH.match(sql) and context["cursor"].rowcount:
            told.append("month")
        if _LET_GO.match(sql):
            told.append("let go")
        locks = [("contract", _CONTRACT), ("tenant", _TENANT), ("adjustments", _ADJUSTMENTS)]
        told.extend(name for name, lock in locks if lock.search(sql))
        return result

    with connection.execute_wrapper(look):
        yield told


def are_in_order(told: list[str]) -> bool:
    """No month gets its row while a contract or the tenant is held."""
    last = len(told) - 1 - told[::-1].index("month")
    since = last - told[:last][::-1].index("let go") if "let go" in told[:last] else 0
    return set(told[since:last]) <= {"month"}
