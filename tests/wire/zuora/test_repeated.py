"""The same POST again within a day (C1-C7 as this API has them): one effect and one answer, also where it was a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.test import RequestFactory
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.schemas import Schema
from ratable_server.api.zuora.views.view import CrudView
from ratable_server.errors import Refused, Unavailable
from ratable_server.operations.register import keep_entry
from ratable_server.queries.register import register
from tests.server.conftest import AT
from tests.wire.calling import Told, told_of
from tests.wire.native.calling import Native
from tests.wire.zuora.calling import Zuora

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


class NamedSerializer(Schema):
    """A tag."""

    Name = serializers.CharField()


class Tagging(CrudView):
    """Keeps a tag, and then may think otherwise."""

    def post(self, _request: Request) -> Response:
        name = self.read(NamedSerializer)["Name"]
        keep_entry(actor=self.actor, kind="tag", code=name, further={}, at=AT)
        if name == "refused":
            raise Refused("number_must_be_exact", field="quantity")
        if name == "weather":
            raise Unavailable("busy")
        return Response({"Success": True, "Id": name})

    def put(self, _request: Request) -> Response:
        return Response({"Success": True, "Id": "put"})


class LengthyTagging(Tagging):
    """The same in several transactions."""

    is_one_transaction = False


def send(
    zuora: Zuora,
    name: str | None,
    key: str,
    *,
    view: type[CrudView] = Tagging,
    method: str = "post",
    path: str = "/v1/tags",
) -> Told:
    headers = {"Authorization": f"Bearer {zuora.token}", "Idempotency-Key": key}
    body = {} if name is None else {"Name": name}
    request = getattr(RequestFactory(), method)(path, body, content_type="application/json", headers=headers)
    answer = view.as_view()(request)
    return told_of(answer.render() if hasattr(answer, "render") else answer)


def tags(actor: Actor) -> list[str]:
    return [entry.code for entry in register(actor=actor, kind="tag").rows]


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """A clock that stands: its one element is what it shows."""
    from ratable_server.api import idempotency  # noqa: PLC0415 - needs the settings

    moment = [NOON]
    monkeypatch.setattr(idempotency, "now_at", lambda: moment[0])
    return moment


@pytest.mark.parametrize("view", [Tagging, LengthyTagging])
def test_c1_the_same_request_gets_the_same_answer_and_counts_once(zuora: Zuora, view: type[CrudView]):
    told = [send(zuora, "a", "k-1", view=view) for _ in range(3)]
    assert [(each.status, each.body) for each in told] == [(200, {"Success": True, "Id": "a"})] * 3
    assert ["Idempotent-Replayed" in each.headers for each in told] == [False, True, True]
    assert tags(zuora.actor) == ["a"]


def test_a_refusal_is_remembered_and_its_work_undone(zuora: Zuora):
    text = "a number has at most 18 digits before and 12 behind the point, a percentage 10"
    refused = {
        "Success": False,
        "Errors": [{"Code": "INVALID_VALUE", "Message": f"Invalid value for field Quantity: {text}"}],
    }
    told = [send(zuora, "refused", "k-1") for _ in range(2)]
    assert [(each.status, each.body) for each in told] == [(400, refused)] * 2
    assert told[1].headers["Idempotent-Replayed"] == "true"
    assert tags(zuora.actor) == []
    assert send(zuora, "a", "k-1").status == 422


@pytest.mark.parametrize("view", [Tagging, LengthyTagging])
def test_what_a_schema_refuses_is_remembered(zuora: Zuora, view: type[CrudView]):
    missing = {"Code": "MISSING_REQUIRED_VALUE", "Message": "Missing required value: Name"}
    told = [send(zuora, None, "k-1", view=view) for _ in range(2)]
    assert [(each.status, each.body) for each in told] == [(400, {"Success": False, "Errors": [missing]})] * 2
    assert told[1].headers["Idempotent-Replayed"] == "true"


def test_bad_weather_uses_up_no_key(zuora: Zuora):
    told = [send(zuora, "weather", "k-1") for _ in range(2)]
    assert [each.status for each in told] == [503, 503]
    assert ["Idempotent-Replayed" in each.headers for each in told] == [False, False]
    assert tags(zuora.actor) == []
    assert send(zuora, "a", "k-1").status == 200


def test_c2_another_request_with_the_key_is_422(zuora: Zuora):
    send(zuora, "a", "k-1")
    for told in (
        send(zuora, "b", "k-1"),
        send(zuora, "a", "k-1", path="/v1/other"),
        send(zuora, "a", "k-1", path="/v1/tags?x=1"),
    ):
        assert (told.status, told.body) == (
            422,
            {
                "Success": False,
                "Errors": [{"Code": "INVALID_VALUE", "Message": "the key was used with another request: k-1"}],
            },
        )
    assert tags(zuora.actor) == ["a"]


def test_c3_a_request_in_flight_is_409(zuora: Zuora, second_connection: psycopg.Connection):
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('idempotency_key zuora:k-1', %s))"
    with second_connection.transaction():
        second_connection.execute(lock, [zuora.actor.tenant_id])
        told = send(zuora, "a", "k-1")
        assert (told.status, told["Errors"][0]["Code"], told.headers["Retry-After"]) == (409, "LOCK_COMPETITION", "1")
        assert tags(zuora.actor) == []
    assert send(zuora, "a", "k-1").status == 200


def test_c4_two_tenants_may_have_the_same_key(
    zuora: Zuora, new_actor: Callable[[], Actor], zuora_of: Callable[..., Zuora]
):
    other = zuora_of(new_actor())
    assert [send(each, "a", "k-1").status for each in (zuora, other)] == [200, 200]
    assert (tags(zuora.actor), tags(other.actor)) == (["a"], ["a"])


@pytest.mark.parametrize(("key", "status"), [("a" * 255, 200), ("a" * 256, 400), ("", 400), ("\u00e9", 400)])
def test_c6_keys_are_plain(zuora: Zuora, key: str, status: int):
    assert send(zuora, "a", key).status == status
    assert tags(zuora.actor) == (["a"] if status == 200 else [])


def test_a_key_is_as_good_as_new_after_a_day(zuora: Zuora, at_noon: list[datetime]):
    send(zuora, "a", "k-1")
    at_noon[0] = NOON + timedelta(hours=23, minutes=59)
    assert send(zuora, "b", "k-1").status == 422
    at_noon[0] = NOON + timedelta(hours=24)
    told = send(zuora, "b", "k-1")
    assert (told["Id"], "Idempotent-Replayed" in told.headers) == ("b", False)
    assert send(zuora, "b", "k-1").headers["Idempotent-Replayed"] == "true"
    assert tags(zuora.actor) == ["a", "b"]


def test_keys_of_another_api_are_others(zuora: Zuora, api_of: Callable[..., Any]):
    """Whatever a caller thinks of: keys that begin as those of this API are kept, too."""
    names = ("", "zuora", "zuora:", "campfire:", "native:", "zuora-query:", "zuora-query ")
    keys = [f"{name}k-1" for name in names]
    native = Native(token=zuora.token, actor=zuora.actor)
    for number, key in enumerate(keys):
        told = api_of(zuora.actor).post("product", {"product_name": f"API {number}"}, key=key)
        assert (told.status, "Idempotent-Replayed" in told.headers) == (201, False)
        terms = {"case": f"case-{number}", "products": [{"id": f"api-{number}", "name": "API"}]}
        told = native.post("terms", terms, key=key)
        assert (told.status, "Idempotent-Replayed" in told.headers) == (201, False)
        told = send(zuora, f"tag-{number}", key)
        assert (told.status, "Idempotent-Replayed" in told.headers) == (200, False)
    assert tags(zuora.actor) == [f"tag-{number}" for number in range(len(keys))]
    assert api_of(zuora.actor).get("product")["count"] == 2 * len(keys)
    assert send(zuora, "tag-0", "k-1").headers["Idempotent-Replayed"] == "true"


def test_a_key_means_nothing_to_other_methods(zuora: Zuora):
    told = [send(zuora, "a", "k-1", method="put"), send(zuora, "b", "k-1", method="put")]
    assert [(each.status, "Idempotent-Replayed" in each.headers) for each in told] == [(200, False), (200, False)]


def test_who_is_nobody_uses_up_no_key(zuora: Zuora):
    assert send(Zuora(token="nobody", actor=zuora.actor), "a", "k-1").status == 401
    assert send(zuora, "b", "k-1").status == 200
