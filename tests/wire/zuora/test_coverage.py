"""What of the published documents is served: the table, the routes and the served document say the same."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve

from ratable_server.api.zuora.views.unserved import Unserved
from tests.wire.zuora.published import FACTS, served

TABLE = Path(__file__).resolve().parents[3] / "openapi" / "zuora.csv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8")))
SERVED = [row for row in ROWS if row["status"] == "served"]
OURS = {  # routes that no published document has; what they are is told in the documentation of the product
    ("/v1/usage/{import_id}/status", "GET"),
}


def published() -> set[tuple[str, str]]:
    return {(path, method.upper()) for path, operations in FACTS["paths"].items() for method in operations}


def named(path: str) -> str:
    return "/".join("1" if part.startswith("{") else part for part in path.split("/"))


def answers(path: str, method: str) -> bool:
    """Is there a route that takes the method?"""
    view = resolve(named(path)).func.view_class  # type: ignore[attr-defined]
    return view is not Unserved and hasattr(view, method.lower())


def test_every_published_operation_is_in_the_table_once():
    told = [(row["path"], row["method"]) for row in ROWS]
    assert len(told) == len(set(told))
    assert set(told) == published() | OURS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['method']} {row['path']}")
def test_table_says_what_the_routes_do(row: dict[str, str]):
    assert row["status"] in {"served", "not_yet", "never"}
    assert bool(row["reason"]) == (row["status"] != "served" or (row["path"], row["method"]) in OURS)
    assert answers(row["path"], row["method"]) == (row["status"] == "served")


def test_every_route_is_in_the_table():
    """A route that somebody adds needs its row."""
    told = {named(path).lstrip("/") for path, _ in ((row["path"], row["method"]) for row in SERVED)}
    routes = [
        pattern
        for pattern in get_resolver("ratable_server.api.zuora.routes").url_patterns
        if isinstance(pattern, URLPattern) and getattr(pattern.callback, "view_class", None) is not Unserved
    ]
    lacking = [str(each.pattern) for each in routes if not any(each.resolve(path) for path in told)]
    assert lacking == []
    assert len(routes) == len(told)


@pytest.mark.parametrize("row", SERVED, ids=lambda row: f"{row['method']} {row['path']}")
def test_served_operation_is_told_as_published(row: dict[str, str]):
    ours = served().operation(row["method"], named(row["path"]))
    assert ours is not None
    if (row["path"], row["method"]) in OURS:
        return
    theirs = FACTS["paths"][row["path"]][row["method"].lower()]
    assert ours["operationId"] == theirs["operationId"]
    headers = {"Authorization", "X-Zuora-WSDL-Version"}  # the one is the security of every operation
    headers |= set() if "requestBody" in theirs else {"Content-Encoding"}
    expected = {each["name"] for each in theirs.get("parameters", ()) if each["in"] != "path"} - headers
    assert expected <= {each["name"] for each in ours.get("parameters", ())}
    assert set(theirs.get("requestBody", {}).get("content", ())) <= set(ours.get("requestBody", {}).get("content", ()))
    assert set(theirs["responses"]) <= set(ours["responses"])


def test_the_document_is_served_beside_the_others():
    client = Client(headers={"host": "localhost"})
    told = json.loads(client.get("/docs/zuora/openapi.json").content)
    assert {"/oauth/token", "/v1/object/usage", "/v1/accounting-periods"} <= set(told["paths"])
    assert not [path for path in told["paths"] if not path.startswith(("/v1/", "/oauth/"))]
    assert client.get("/docs/zuora").status_code == 200
