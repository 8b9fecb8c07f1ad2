"""Bodies that are none, or not what they seem: each is refused as a problem, and nothing is filed (F, H)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from ratable_server.actor import Actor
from ratable_server.operations.oauth_clients import create_oauth_client, revoke_oauth_client
from tests.server.conftest import AT
from tests.wire.counting import counted
from tests.wire.native.calling import Native
from tests.wire.native.test_native_story import TERMS

PAYMENT = {"contract": "acme", "amount": "5"}
INVISIBLE = ("a\u202eb", "a\u200bb", " acme", "acme ", "a\tb", "")


@pytest.fixture
def agreed(native: Native) -> Native:
    """A client of books with terms."""
    native.post("terms", TERMS)
    return native


def nothing_is_paid(native: Native) -> bool:
    return bool(native.get("payments")["results"] == [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1]",
        b'"text"',
        b"null",
        b'{"contract": "acme", "amount": NaN}',
        b'{"contract": "acme", "amount": Infinity}',
        b'{"contract": "acme", "amount": 1e400}',
        b'{"contract": "acme", "amount": 1} x',
        b'\xef\xbb\xbf{"contract": "acme", "amount": 1}',
        b'{"contract": "acme\x00", "amount": 1}',
        b'{"contract": "acme\\u0000", "amount": 1}',
        b'{"contract": "acme\\ud800", "amount": 1}',
        b'{"contract": "acm\xe9", "amount": 1}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"contract": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=range(16),
)
def test_h4_h13_what_is_no_json_object_is_400(agreed: Native, content: bytes):
    told = agreed.send("POST", "payments", content)
    assert (told.status, told["code"] in {"body_must_be_readable", "fields_must_be_valid"}) == (400, True)
    assert nothing_is_paid(agreed)


def test_a_name_that_is_there_twice_is_refused(agreed: Native):
    told = agreed.send("POST", "payments", '{"contract": "acme", "amount": 5, "amount": 6}')
    assert (told.status, told["code"]) == (400, "body_must_be_readable")
    assert "'amount' is there twice" in told["detail"]
    assert nothing_is_paid(agreed)


def test_h11_i7_fields_that_nobody_may_set_are_refused_by_name(agreed: Native):
    told = agreed.post("payments", {**PAYMENT, "recorded_by": "the auditor", "booked_on": "2020-01-01", "status": "x"})
    assert [(each["field"], each["rule"]) for each in told["errors"]] == [
        ("recorded_by", "field_must_be_known"),
        ("booked_on", "field_must_be_known"),
        ("status", "field_must_be_known"),
    ]
    nested = {"item": "acme-calls", "lines": [{"product": "api", "percentage": 100, "colour": "red"}]}
    assert agreed.post("allocations", nested)["errors"][0]["field"] == "lines[0].colour"
    assert nothing_is_paid(agreed)


@pytest.mark.parametrize(
    "amount", ["1_000", "\u0661\u0662", "\uff11", " 5", "+5", "1e2", "0x5", "5,00", "", True, None, [5], "9" * 31]
)
def test_f_what_is_no_plain_number_is_refused(agreed: Native, amount: Any):
    told = agreed.post("payments", {**PAYMENT, "amount": amount})
    assert (told.status, told["errors"][0]["field"]) == (400, "amount")
    assert nothing_is_paid(agreed)


@pytest.mark.parametrize("amount", ["123456789012345.67", 123456789012345])
def test_f_numbers_keep_their_digits(agreed: Native, amount: Any):
    agreed.post("payments", {**PAYMENT, "amount": amount})
    (paid,) = agreed.get("payments")["results"]
    assert paid["amount"] == f"{amount}" if isinstance(amount, str) else f"{amount}.00"


@pytest.mark.parametrize("day", ["2026-1-5", "20260105", "2026-W01-1", "2026-02-30", "2026-01-05T00:00:00Z", 20260105])
def test_e_what_is_no_day_is_refused(agreed: Native, day: Any):
    told = agreed.post("payments", {**PAYMENT, "on": day})
    assert (told.status, told["errors"][0]["field"]) == (400, "on")
    assert nothing_is_paid(agreed)


@pytest.mark.parametrize("id", INVISIBLE)
def test_h14_ids_that_look_like_others_are_refused(agreed: Native, id: str):
    told = agreed.post("payments", {**PAYMENT, "id": id})
    assert (told.status, told["errors"][0]["field"]) == (400, "id")
    assert nothing_is_paid(agreed)


@pytest.mark.parametrize(
    "media",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/json; charset=nope",
    ],
)
def test_h2_h3_bodies_of_another_type_are_415(agreed: Native, media: str):
    told = agreed.send("POST", "payments", json.dumps(PAYMENT), media=media)
    assert (told.status, told["code"]) == (415, "body_must_be_of_a_read_type")
    assert nothing_is_paid(agreed)


def test_h5_h7_bodies_beyond_their_limit_are_413(agreed: Native):
    large = json.dumps({**PAYMENT, "id": "x" * 3_000_000})
    for content, headers in ((large.encode(), {}), (gzip.compress(large.encode()), {"Content-Encoding": "gzip"})):
        told = agreed.send("POST", "payments", content, headers=headers)
        assert (told.status, told["code"]) == (413, "body_must_be_in_limits")
    assert agreed.send("POST", "payments", b"x", headers={"Content-Encoding": "br"}).status == 415
    assert agreed.send("POST", "payments", b"x", headers={"Content-Encoding": "gzip"}).status == 400
    assert nothing_is_paid(agreed)
    packed = gzip.compress(json.dumps(PAYMENT).encode())
    assert agreed.send("POST", "payments", packed, headers={"Content-Encoding": "gzip"}).status == 201


def test_lists_take_as_many_statements_however_long_they_are(agreed: Native):
    def statements(path: str) -> int:
        with counted() as asked:
            assert agreed.get(path, limit=100).status == 200
        return len(asked)

    agreed.post("payments", PAYMENT)
    agreed.send("POST", "imports", "used_on,quantity\n2026-01-01,9\n", media="text/csv", query={"item": "acme-calls"})
    paths = ("products", "product-bundles", "customers", "contracts", "prepaid-commits", "payments", "imports")
    few = {path: statements(path) for path in paths}
    (contract,), (product,) = TERMS["contracts"], TERMS["products"]
    more = {
        "case": "many",
        "products": [
            {**product, "id": f"p-{number}", "usage_groups": [{**product["usage_groups"][0], "id": f"calls-{number}"}]}
            for number in range(12)
        ],
        "contracts": [
            {
                **contract,
                "id": f"c-{number}",
                "customer": f"C {number}",
                "usage": [
                    {
                        **contract["usage"][0],
                        "id": f"i-{number}",
                        "product": f"p-{number}",
                        "usage_group": f"calls-{number}",
                    }
                ],
                "prepaid_commits": [
                    {**contract["prepaid_commits"][0], "id": f"pool-{number}", "product": f"p-{number}"}
                ],
            }
            for number in range(12)
        ],
    }
    assert agreed.post("terms", more).status == 201
    for number in range(12):
        agreed.post("payments", {"contract": f"c-{number}", "amount": 1})
        agreed.send(
            "POST", "imports", f"used_on,quantity\n2026-01-01,{number}\n", media="text/csv", query={"item": "i-1"}
        )
    assert {path: statements(path) for path in paths} == few


def test_a_fault_of_ours_is_a_problem_that_tells_nothing_but_its_request(
    agreed: Native, monkeypatch: pytest.MonkeyPatch
):
    from ratable_server.api.native.views import deciding  # noqa: PLC0415 - only here

    def failing(**_: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(deciding, "tenant_policy", failing)
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    answer = client.get("/api/v1/policy", headers={"Authorization": f"Token {agreed.token}", "X-Request-Id": "r-17"})
    told = json.loads(answer.content)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert (told["code"], told["request_id"], told["errors"]) == ("server_must_not_fail", "r-17", [])
    assert b"secret" not in answer.content


def test_programs_act_with_tokens_that_they_have_drawn(actor: Actor, native_of: Callable[..., Native]):
    issued = create_oauth_client(actor=actor, name="Billing", role="viewer", at=AT)
    said = {
        "client_id": issued.client_id,
        "client_secret": issued.client_secret,
        "grant_type": "client_credentials",
    }
    form = "application/x-www-form-urlencoded"
    client = Client(headers={"host": "localhost"})
    drawn = client.post("/oauth/token", urlencode(said), content_type=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {drawn}"}
    nobody = Native(token="", actor=actor)
    assert nobody.send("GET", "policy", b"", headers=headers).status == 200
    assert nobody.send("POST", "payments", b"{}", headers=headers)["code"] == "role_must_allow_it"
    revoke_oauth_client(actor=actor, client_id=issued.client_id, at=AT)
    assert nobody.send("GET", "policy", b"", headers=headers).status == 401
