"""Every refusal has its place in the dialect; what is no dialect's is JSON as well."""

from __future__ import annotations

import pytest

from ratable_server.api.campfire.problems import PROBLEMS, answer
from ratable_server.errors import REFUSALS, Refused
from tests.wire.calling import Api


@pytest.mark.parametrize("code", [code.name for code in REFUSALS])
def test_refusal_has_a_problem(code: str):
    assert code in PROBLEMS
    told = answer(Refused(code, field="starts_on"))
    assert told.status_code in {400, 403, 404, 409, 422}
    assert told.data["code"] == code


def test_no_problem_is_of_nothing():
    assert set(PROBLEMS) == {code.name for code in REFUSALS}


def test_unknown_route_is_json(api: Api):
    told = api.get("/rr/api/v1/nothing/here")
    assert (told.status, told.body) == (404, {"detail": "Not found."})
    assert told.headers["X-Request-Id"]
    assert told.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "FOO"])
def test_unknown_method_is_json(api: Api, method: str):
    told = api.send(method, "/rr/api/v1/product", b"")
    assert told.status == 405
    assert "POST" in told.headers["Allow"]
    assert list(told.body) == ["detail"]


def test_other_host_is_refused_as_json(api: Api):
    told = api.send("GET", "product", b"", host="evil.test")
    assert (told.status, told.body) == (400, {"detail": "Bad request."})


def test_request_id_is_told_back_if_it_is_one(api: Api):
    assert api.send("GET", "product", b"", x_request_id="from-them-1").headers["X-Request-Id"] == "from-them-1"
    assert api.send("GET", "product", b"", x_request_id="a b\u00e9").headers["X-Request-Id"] != "a b\u00e9"


def test_other_spelling_of_a_route_is_the_same_route(api: Api):
    assert api.get("product/").body == api.get("product").body
    assert api.post("product/", {"product_name": "Seats"}).status == 201
