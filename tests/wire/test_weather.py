"""When the database is away, or we are at fault: JSON, a reason to come again, and nothing of the inside."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from ratable_server.api.campfire.views import products
from ratable_server.queries import health
from tests.wire.calling import Api, told_of


def test_a_database_that_is_away_is_503(api: Api, monkeypatch: pytest.MonkeyPatch):
    def away(**_asked: Any) -> None:
        raise OperationalError("connection to server at secret.host failed")

    monkeypatch.setattr(products, "products", away)
    told = api.get("product")
    assert (told.status, told["code"], told.headers["Retry-After"]) == (503, "db_unavailable", "2")
    assert "secret" not in told.text


def test_a_fault_of_ours_is_told_by_its_request_id_only_and_the_log_has_the_way_to_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(**_asked: Any) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(products, "products", broken)
    client = Client(headers={"host": "localhost", "authorization": f"Token {api.token}"}, raise_request_exception=False)
    told = told_of(client.get("/rr/api/v1/product", headers={"X-Request-Id": "r-9"}))
    assert (told.status, told.body) == (500, {"detail": "A server error occurred.", "request_id": "r-9"})
    (logged,) = [record for record in caplog.records if record.name == "ratable_server.api"]
    assert logged.getMessage() == "request r-9 ended with a fault"
    assert logged.exc_info is not None
    assert str(logged.exc_info[1]) == "the inside"


def test_ready_means_that_the_database_answers(api: Api, monkeypatch: pytest.MonkeyPatch):
    assert api.get("/readyz").body == {"status": "ready"}
    away = health.Finding(check="database_answers", is_fine=False, detail="no answer")
    monkeypatch.setattr(health, "_answers", lambda: away)
    told = api.get("/readyz")
    assert (told.status, told["code"]) == (503, "database_answers")
    assert api.get("/healthz").body == {"status": "ok"}
