"""Too many requests of one program in a minute are told to wait; others are not kept waiting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ratable_server.actor import Actor
from tests.wire.calling import Api

NOON = datetime(2026, 1, 15, 12, 0, 40, tzinfo=UTC)


def test_what_is_too_much_is_told_when_to_come_again(
    api: Api, api_of: Callable[..., Api], new_actor: Callable[[], Actor], monkeypatch: pytest.MonkeyPatch
):
    from django.conf import settings  # noqa: PLC0415 - once they are configured

    from ratable_server.api import throttling  # noqa: PLC0415 - needs the settings

    moment = [NOON]
    monkeypatch.setattr(throttling, "now_at", lambda: moment[0])
    monkeypatch.setattr(settings, "REQUESTS_PER_MINUTE", 3)
    assert [api.post("product", {"product_name": name}).status for name in "ABCD"] == [201, 201, 201, 429]
    refused = api.get("product")
    assert (refused.status, refused["detail"]) == (429, "Request was throttled. Expected available in 20 seconds.")
    assert refused.headers["Retry-After"] == "20"
    clerk, theirs = api_of(api.actor, role="preparer"), api_of(new_actor())
    assert (clerk.get("product").status, theirs.get("product").status) == (200, 200)

    moment[0] += timedelta(seconds=20)
    assert [row["product_name"] for row in api.get("product")["results"]] == ["A", "B", "C"]
    monkeypatch.setattr(settings, "REQUESTS_PER_MINUTE", 0)
    assert [api.get("product").status for _ in range(5)] == [200] * 5
