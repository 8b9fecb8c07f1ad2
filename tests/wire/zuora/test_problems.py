"""Every refusal has its place in this API, in both shapes; what is not served is refused in its shape."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ratable_server.api.zuora.problems import PROBLEMS, body_of, faults_of, status_of
from ratable_server.errors import REFUSALS, Obstacle, Obstructed, Refused, Unavailable
from tests.wire.zuora.calling import Zuora

REALMS = "Basic realm=Zuora API, ZSession realm=Zuora API, Bearer realm=Zuora API"
REQUEST = "12345678-1234-4234-8234-123456789abc"


@pytest.mark.parametrize("code", [code.name for code in REFUSALS])
def test_refusal_has_a_problem(code: str):
    assert code in PROBLEMS
    refused = Refused(code, field="quantity")
    assert status_of(refused) in {400, 403, 409, 422}
    (fault,) = faults_of(refused)
    assert fault.code
    assert refused.rule.meaning in fault.message


def test_no_problem_is_of_nothing():
    assert set(PROBLEMS) == {code.name for code in REFUSALS}


def test_a_refusal_in_both_shapes():
    faults = faults_of(Refused("number_must_be_exact", field="quantity", detail="1e99"))
    text = "Invalid value for field Quantity: a number has at most 18 digits before and 12 behind the point, a percentage 10: 1e99"
    assert body_of(faults, shape="errors", resource=500_000, request_id=REQUEST) == {
        "Success": False,
        "Errors": [{"Code": "INVALID_VALUE", "Message": text}],
    }
    assert body_of(faults, shape="reasons", resource=500_000, request_id=REQUEST) == {
        "success": False,
        "processId": "1234567812344234",
        "reasons": [{"code": 50000020, "message": text}],
        "requestId": REQUEST,
    }


def test_everything_that_stands_in_the_way_is_told():
    obstacles = [
        Obstacle(code="imports_must_be_finished", detail="import 7"),
        Obstacle(code="rejections_must_be_resolved", detail="3 records"),
    ]
    assert [fault.message for fault in faults_of(Obstructed(obstacles))] == [
        "an import of usage is not finished: import 7",
        "a blocking rejection is open: 3 records",
    ]


@pytest.mark.parametrize(
    "path", ["/v1/usage/accounts/%00", "/v1/object/usage/a%00b", "/v1/object/import/%00", "/v1/usage/%00/status"]
)
def test_nothing_has_a_name_that_no_text_of_the_books_can_hold(zuora: Zuora, path: str):
    told = zuora.get(path)
    nothing = {"records": [], "size": 0, "done": True}
    assert (told.status, told.body == nothing, "reasons" in told.body) == (404, "object" in path, "object" not in path)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/orders/O-1", "/v1/usage//"])
def test_what_is_not_served_is_404(zuora: Zuora, method: str, path: str):
    told = zuora.send(method, path, b"")
    assert told.status == 404
    request_id = told.headers["Zuora-Request-Id"]
    assert told.body == {
        "success": False,
        "processId": request_id.replace("-", "")[:16].upper(),
        "reasons": [{"code": 50000040, "message": f"{method} {path} is not served here."}],
        "requestId": request_id,
    }


@pytest.mark.parametrize("path", ["/v1/object/invoice", "/v1/object/invoice/1/", "/v1/action/subscribe"])
def test_what_is_not_served_of_objects_is_404_in_their_shape(zuora: Zuora, path: str):
    told = zuora.post(path, {})
    assert (told.status, told.body) == (
        404,
        {
            "Success": False,
            "Errors": [{"Code": "INVALID_ID", "Message": f"POST {path} is not served here."}],
        },
    )


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/object/nothing"])
@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer nobody", "Bearer a b", "Basic dTpw", "Bearer " + "a" * 10_000]
)
def test_who_is_nobody_is_told_that_first(zuora: Zuora, path: str, header: str):
    told = zuora.get(path, headers={"Authorization": header})
    assert (told.status, told.body) == (401, {"message": "Authentication error"})
    assert told.headers["WWW-Authenticate"] == REALMS


def test_another_host_is_refused_in_the_shape_of_the_path(zuora: Zuora):
    told = zuora.get("/v1/object/usage/1", headers={"host": "evil.test"})
    assert (told.status, told.body) == (
        400,
        {"Success": False, "Errors": [{"Code": "INVALID_VALUE", "Message": "Bad request."}]},
    )
    assert len(told.headers["Zuora-Request-Id"]) == 36


def test_neither_slash_at_the_end_nor_role_changes_what_is_there(zuora: Zuora, zuora_of: Callable[..., Zuora]):
    viewer = zuora_of(zuora.actor, role="viewer")
    assert viewer.get("/v1/nothing/").status == zuora.get("/v1/nothing").status == 404


def test_a_fault_of_ours_is_told_in_the_shape_of_the_path_and_by_its_id(zuora: Zuora, monkeypatch: pytest.MonkeyPatch):
    from ratable_server.api.zuora.views import accounting_periods, tokens, usage  # noqa: PLC0415 - needs the settings

    def fail(**_said: object) -> None:
        raise RuntimeError("secret of ours")

    monkeypatch.setattr(accounting_periods, "periods", fail)
    monkeypatch.setattr(usage, "row_id_of", lambda *_said: fail())
    monkeypatch.setattr(tokens, "grant", lambda *_said, **_further: fail())
    zuora.client.raise_request_exception = False
    for method, path in (("GET", "/v1/accounting-periods"), ("POST", "/oauth/token")):
        media = "application/json" if method == "GET" else "application/x-www-form-urlencoded"
        told = zuora.send(method, path, b"", media=media)
        assert (told.status, told["reasons"], told["requestId"]) == (
            500,
            [{"code": 50000060, "message": "A server error occurred."}],
            told.headers["Zuora-Request-Id"],
        )
    told = zuora.get("/v1/object/usage/1")
    expected = {"Success": False, "Errors": [{"Code": "UNKNOWN_ERROR", "Message": "A server error occurred."}]}
    assert (told.status, told.body) == (500, expected)


def test_bad_weather_is_503_in_the_shape_of_the_path(zuora: Zuora, monkeypatch: pytest.MonkeyPatch):
    from ratable_server.api.zuora.views import accounting_periods  # noqa: PLC0415 - needs the settings

    def fail(**_said: object) -> None:
        raise Unavailable("busy")

    monkeypatch.setattr(accounting_periods, "periods", fail)
    told = zuora.get("/v1/accounting-periods")
    expected = [{"code": 50000061, "message": "a lock, a statement or a conflict took too long"}]
    assert (told.status, told["reasons"], told.headers["Retry-After"]) == (503, expected, "2")
