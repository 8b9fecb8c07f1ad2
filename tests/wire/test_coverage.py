"""What of the published document is served: the table, the routes and the served document say the same."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.urls import Resolver404, resolve

from ratable_server.api.views import View
from tests.wire.schemas import FACTS, served

TABLE = Path(__file__).resolve().parents[2] / "openapi" / "campfire.csv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8")))
SERVED = [row for row in ROWS if row["status"] == "served"]
ANSWERS_501 = ("/rr/api/v1/contracts/parse", "POST")


def published() -> set[tuple[str, str]]:
    return {(path, method.upper()) for path, operations in FACTS["paths"].items() for method in operations}


def answers(path: str, method: str) -> bool:
    """Is there a route that takes the method?"""
    named = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
    for spelling in (named, named.removesuffix("/"), f"{named}/"):
        try:
            found = resolve(spelling)
        except Resolver404:
            continue
        return hasattr(getattr(found.func, "view_class", None), method.lower())
    return False


def test_every_published_operation_is_in_the_table_once():
    told = [(row["path"], row["method"]) for row in ROWS]
    assert len(told) == len(set(told))
    assert set(told) == published()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['method']} {row['path']}")
def test_table_says_what_the_routes_do(row: dict[str, str]):
    is_served = row["status"] == "served" or (row["path"], row["method"]) == ANSWERS_501
    assert row["status"] in {"served", "not_yet", "never"}
    assert bool(row["reason"]) == (row["status"] != "served")
    assert answers(row["path"], row["method"]) == is_served


@pytest.mark.parametrize("row", SERVED, ids=lambda row: f"{row['method']} {row['path']}")
def test_served_operation_is_told_as_published(row: dict[str, str]):
    ours = served().operation(row["method"], row["path"])
    assert ours is not None
    theirs = FACTS["paths"][row["path"]][row["method"].lower()]
    assert ours["operationId"] == theirs["operationId"]
    assert {each["name"] for each in theirs.get("parameters", ())} <= {
        each["name"] for each in ours.get("parameters", ())
    }
    assert set(theirs.get("requestBody", {}).get("content", ())) <= set(ours.get("requestBody", {}).get("content", ()))
    assert set(theirs["responses"]) <= set(ours["responses"])


def test_every_view_asks_who_it_is():
    from django.urls import URLPattern, get_resolver  # noqa: PLC0415 - needs the settings

    def views(patterns: Sequence[Any]) -> set[str]:
        found: set[str] = set()
        for each in patterns:
            if isinstance(each, URLPattern):
                view = getattr(each.callback, "view_class", None)
                if view is None or not issubclass(view, View):
                    found.add(str(each.pattern))
            else:
                found |= views(each.url_patterns)
        return found

    assert views(get_resolver().url_patterns) == {
        "healthz",
        "readyz",
        "docs",
        "docs/openapi.json",
        "docs/native",
        "docs/native/openapi.json",
        "docs/zuora",
        "docs/zuora/openapi.json",
    }
