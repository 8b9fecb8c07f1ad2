"""The same POST again (C1-C7): one effect, one answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import psycopg
import pytest
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.store.scope import books_of
from tests.wire.calling import Api, told_of

API = {"product_name": "API", "product_id": "api"}


def test_c1_the_same_request_gets_the_same_answer(api: Api):
    told = [api.post("product", API, key="k-1") for _ in range(5)]
    assert [each.status for each in told] == [201] * 5
    assert len({each.text for each in told}) == 1
    assert ["Idempotent-Replayed" in each.headers for each in told] == [False, True, True, True, True]
    assert api.get("product")["count"] == 1


def test_c2_the_key_with_another_body_is_422(api: Api):
    api.post("product", API, key="k-1")
    told = api.post("product", {**API, "product_name": "Other"}, key="k-1")
    assert (told.status, told["code"]) == (422, "idempotency_key_must_keep_its_request")
    assert api.get("product")["count"] == 1


def test_c3_a_request_in_flight_is_409(api: Api, second_connection: psycopg.Connection):
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('idempotency_key campfire:k-1', %s))"
    with second_connection.transaction():
        second_connection.execute(lock, [api.actor.tenant_id])
        told = api.post("product", API, key="k-1")
        assert (told.status, told["code"]) == (409, "idempotency_key_must_not_be_in_use")
        assert told.headers["Retry-After"] == "1"
        assert api.get("product")["count"] == 0
    assert api.post("product", API, key="k-1").status == 201


def test_c4_two_tenants_may_have_the_same_key(api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]):
    other = api_of(new_actor())
    assert api.post("product", API, key="k-1").status == 201
    told = other.post("product", API, key="k-1")
    assert (told.status, "Idempotent-Replayed" in told.headers) == (201, False)
    assert other.get("product")["count"] == 1


def test_c5_the_key_on_another_route_is_422(api: Api):
    api.post("product", API, key="k-1")
    assert api.post("/coa/api/vendor", API, key="k-1").status == 422
    assert api.get("/coa/api/vendor")["count"] == 0


@pytest.mark.parametrize(("key", "status"), [("a" * 255, 201), ("a" * 256, 400), ("", 400), ("\u00e9", 400)])
def test_c6_keys_are_plain(api: Api, key: str, status: int):
    assert api.post("product", API, key=key).status == status
    assert api.get("product")["count"] == (1 if status == 201 else 0)


def test_c7_what_was_refused_does_not_use_up_the_key(api: Api):
    assert api.post("product", {**API, "price": "x"}, key="k-1").status == 400
    assert api.post("product", API, key="k-1").status == 201


def test_a_form_is_the_same_request_whatever_its_boundary(api: Api):
    assert api.form("POST", "product", API).status == 201
    first = api.send(
        "POST", "product", _parts("one"), content_type="multipart/form-data; boundary=one", Idempotency_Key="k"
    )
    again = api.send(
        "POST", "product", _parts("two"), content_type="multipart/form-data; boundary=two", Idempotency_Key="k"
    )
    assert first.text == again.text
    assert api.get("product")["count"] == 2


class _Lengthy(CampfireView):
    """Work in several transactions, which counts how often it is done."""

    is_one_transaction = False
    times: ClassVar[int] = 0

    def post(self, _request: Request) -> Response:
        type(self).times += 1
        with books_of(self.actor, as_snapshot=True):  # refused inside another transaction
            return Response({"times": self.times}, status=201)


def test_work_of_several_transactions_is_remembered_once_it_is_done(api: Api):
    def post(body: str, key: str) -> Any:
        headers = {"Authorization": f"Token {api.token}", "Idempotency-Key": key}
        request = RequestFactory().post("/lengthy", body, content_type="application/json", headers=headers)
        answer = _Lengthy.as_view()(request)
        return told_of(answer.render() if hasattr(answer, "render") else answer)

    told = [post('{"a": 1}', "k-1") for _ in range(3)]
    assert [(each.status, each.body) for each in told] == [(201, {"times": 1})] * 3
    assert ["Idempotent-Replayed" in each.headers for each in told] == [False, True, True]
    assert post('{"a": 2}', "k-1").status == 422
    assert _Lengthy.times == 1


def _parts(boundary: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="product_name"\r\n\r\nSeats\r\n--{boundary}--\r\n'.encode()
