"""What requests and answers say in their headers: ids, tracking, compression, entities, versions, limits."""

from __future__ import annotations

import gzip
import json
import re
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory

from ratable_server.actor import Actor, Role
from ratable_server.api.zuora.headers import tell_zuora_headers
from ratable_server.api.zuora.translate.ids import public_id
from ratable_server.operations.oauth_clients import create_oauth_client
from ratable_server.operations.register import keep_entry
from tests.server.conftest import AT
from tests.wire.calling import Told
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.test_oauth import draw
from tests.wire.zuora.test_repeated import Tagging, tags

NOON = datetime(2026, 1, 15, 12, 0, 40, tzinfo=UTC)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1", "/oauth/token", "/v1/object/nothing"])
@pytest.mark.parametrize("token", ["nobody", None])
def test_every_answer_has_an_id_of_ours(zuora: Zuora, path: str, token: str | None):
    asking = zuora if token is None else Zuora(token=token, actor=zuora.actor)
    told = [asking.get(path, headers={"X-Request-Id": "theirs", "Zuora-Request-Id": "theirs"}) for _ in range(2)]
    ids = [each.headers["Zuora-Request-Id"] for each in told]
    assert all(UUID.fullmatch(each) for each in ids)
    assert ids[0] != ids[1]
    assert [each.headers["X-Request-Id"] for each in told] == ids


def test_other_paths_have_no_such_headers(zuora: Zuora):
    for path in ("/healthz", "/rr/api/v1/product", "/v10", "/oauths"):
        told = zuora.get(path, headers={"Zuora-Track-Id": "t-1"})
        assert not [name for name in told.headers if name.startswith("Zuora-")]


@pytest.mark.parametrize("track_id", ["t-1", "a" * 64, "an id with spaces & signs (1/2)", "~!@#$%^*"])
def test_a_track_id_is_told_back(zuora: Zuora, track_id: str):
    told = zuora.get("/v1/nothing", headers={"Zuora-Track-Id": track_id})
    assert (told.status, told.headers["Zuora-Track-Id"]) == (404, track_id)
    assert (
        zuora.send("POST", "/oauth/token", b"", headers={"Zuora-Track-Id": track_id}).headers["Zuora-Track-Id"]
        == track_id
    )


def test_without_a_track_id_none_is_told(zuora: Zuora):
    for headers in ({}, {"Zuora-Track-Id": ""}):
        told = zuora.get("/v1/nothing", headers=headers)
        assert (told.status, "Zuora-Track-Id" in told.headers) == (404, False)


@pytest.mark.parametrize("track_id", ["a" * 65, "a:b", "a;b", 'a"b', "a'b", "a\tb", "a\x7fb", "\u00e9"])
def test_a_track_id_with_what_is_forbidden_is_400_and_not_told_back(zuora: Zuora, track_id: str):
    text = "Invalid value for field Zuora-Track-Id: At most 64 letters of US-ASCII without : ; \" and '."
    told = zuora.post("/v1/object/nothing", {}, headers={"Zuora-Track-Id": track_id})
    assert (told.status, told.body) == (400, {"Success": False, "Errors": [{"Code": "INVALID_VALUE", "Message": text}]})
    assert "Zuora-Track-Id" not in told.headers
    told = zuora.get("/v1/nothing", headers={"Zuora-Track-Id": track_id})
    assert (told.status, told["reasons"]) == (400, [{"code": 50000020, "message": text}])
    told = zuora.send("POST", "/oauth/token", b"", headers={"Zuora-Track-Id": track_id})
    assert (told.status, told.body) == (400, {"error": "invalid_request", "error_description": text})


@pytest.mark.parametrize("version", ["2025-08-12", "186.0", "341.0", "nonsense", "9" * 500])
def test_no_version_is_refused(zuora: Zuora, version: str):
    assert zuora.get("/v1/nothing", headers={"Zuora-Version": version}).status == 404


@pytest.mark.parametrize(
    ("said", "version"),
    [(None, 79), ("114", 114), ("146", 146), ("79", 79), ("x", 79), ("", 79), ("-1", 79), ("9" * 5_000, 79)],
)
def test_the_version_of_objects_is_a_number_and_79_without_one(said: str | None, version: int):
    from rest_framework.request import Request  # noqa: PLC0415 - needs the settings

    view = Tagging()
    headers = {} if said is None else {"X-Zuora-WSDL-Version": said}
    view.request = Request(RequestFactory().get("/v1/tags", headers=headers))
    assert view.wsdl_version == version


# Compressed bodies -----------------------------------------------------------------------------------


def send(zuora: Zuora, content: bytes, encoding: str) -> HttpResponse:
    headers = {"Authorization": f"Bearer {zuora.token}", "Content-Encoding": encoding}
    request = RequestFactory().post("/v1/object/tags", content, content_type="application/json", headers=headers)
    answer: Any = Tagging.as_view()(request)
    return answer.render()  # type: ignore[no-any-return]


def test_a_compressed_body_is_read(zuora: Zuora):
    assert send(zuora, gzip.compress(b'{"Name": "a"}'), "gzip").status_code == 200
    assert tags(zuora.actor) == ["a"]


@pytest.mark.parametrize(
    ("content", "encoding", "status", "code"),
    [
        (b'{"Name": "a"}', "gzip", 400, "INVALID_VALUE"),
        (gzip.compress(b'{"Name": "a"}'), "br", 415, "INVALID_TYPE"),
        (gzip.compress(b'{"Name": "a"}')[:-3], "gzip", 400, "INVALID_VALUE"),
        (b'{"Name": ', "", 400, "INVALID_VALUE"),
    ],
    ids=["label without compression", "unknown compression", "cut short", "no JSON"],
)
def test_what_cannot_be_read_is_refused_in_the_shape_of_the_path(
    zuora: Zuora, content: bytes, encoding: str, status: int, code: str
):
    told = send(zuora, content, encoding)
    assert (told.status_code, json.loads(told.content)["Errors"][0]["Code"]) == (status, code)
    assert tags(zuora.actor) == []


def test_a_bomb_is_413_at_once_and_costs_nothing(zuora: Zuora):
    bomb = gzip.compress(b"[" * 100_000_000, compresslevel=1)
    assert send(zuora, b"{", "").status_code == 400  # whatever is imported at the first request is there
    tracemalloc.start()
    began = time.thread_time()  # not by the clock: others work on this machine
    told = send(zuora, bomb, "gzip")
    seconds, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (told.status_code, json.loads(told.content)["Errors"]) == (
        413,
        [{"Code": "REQUEST_EXCEEDED_LIMIT", "Message": "Request body is too large."}],
    )
    assert seconds < 1
    assert peak < 30_000_000


# Compressed answers ----------------------------------------------------------------------------------


def told(content: bytes, media: str, accepted: str | None) -> HttpResponseBase:
    def answer(_request: HttpRequest) -> HttpResponseBase:
        return HttpResponse(content, content_type=media)

    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    return tell_zuora_headers(answer)(RequestFactory().get("/v1/x", headers=headers))


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=0.5", "br, GZIP", "gzip;q=1.0"])
@pytest.mark.parametrize(
    "media", ["application/json", "application/xml", "text/html; charset=utf-8", "text/csv", "text/plain"]
)
def test_a_large_answer_is_compressed_for_who_asks(media: str, accepted: str):
    answer = told(b"a" * 1_001, media, accepted)
    assert isinstance(answer, HttpResponse)
    assert (answer["Content-Encoding"], answer["Vary"], answer["Content-Type"]) == ("gzip", "Accept-Encoding", media)
    assert gzip.decompress(answer.content) == b"a" * 1_001


@pytest.mark.parametrize(
    ("size", "media", "accepted"),
    [
        (1_000, "application/json", "gzip"),
        (1_001, "application/json", None),
        (1_001, "application/json", "identity"),
        (1_001, "application/json", "gzip;q=0"),
        (1_001, "application/json", "gzip; q=0.000, br"),
        (1_001, "application/pdf", "gzip"),
        (1_001, "image/svg+xml", "gzip"),
    ],
)
def test_other_answers_are_left_as_they_are(size: int, media: str, accepted: str | None):
    answer = told(b"a" * size, media, accepted)
    assert isinstance(answer, HttpResponse)
    assert not answer.has_header("Content-Encoding")
    assert answer.content == b"a" * size


def test_a_refusal_may_be_long_too(zuora: Zuora):
    path = f"/v1/{'a' * 1_000}"
    answer = zuora.client.get(path, headers={"Authorization": f"Bearer {zuora.token}", "Accept-Encoding": "gzip"})
    assert (answer.status_code, answer["Content-Encoding"]) == (404, "gzip")
    assert json.loads(gzip.decompress(answer.content))["reasons"][0]["message"] == f"GET {path} is not served here."


# Entities --------------------------------------------------------------------------------------------


def entity(actor: Actor, code: str) -> str:
    return public_id("entity", keep_entry(actor=actor, kind="entity", code=code, further={"name": code}, at=AT).id)


def limited_to(actor: Actor, *codes: str, role: Role = "preparer") -> Zuora:
    issued = create_oauth_client(actor=actor, name="Billing", role=role, entities=codes, at=AT)
    return Zuora(token=draw(issued)["access_token"], actor=actor)


def with_dashes(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def test_who_is_limited_to_entities_names_no_others(actor: Actor):
    uk, us = entity(actor, "uk"), entity(actor, "us")
    zuora = limited_to(actor, "uk")
    for named in (uk, f" {uk} , {uk}", with_dashes(uk), uk.upper(), ",", ""):
        assert zuora.get("/v1/nothing", headers={"Zuora-Org-Ids": named}).status == 404
    assert zuora.get("/v1/nothing", headers={"Zuora-Entity-Ids": uk}).status == 404
    for named in (us, f"{uk},{us}", "1", "nonsense", public_id("customer", 1), "a" * 500):
        wrong = named.split(",")[-1][:50]
        refused = {"code": 50000010, "message": f"You do not have access to the entity {wrong}."}
        told = zuora.get("/v1/nothing", headers={"Zuora-Org-Ids": named})
        assert (told.status, told.body) == (403, refused)
    assert zuora.get("/v1/nothing", headers={"Zuora-Entity-Ids": us}).status == 403


def test_who_is_not_limited_names_any_entity_of_the_tenant(zuora: Zuora, new_actor: Callable[[], Actor]):
    uk, theirs = entity(zuora.actor, "uk"), entity(new_actor(), "uk")
    for asking in (zuora, limited_to(zuora.actor)):
        assert asking.get("/v1/nothing", headers={"Zuora-Org-Ids": uk}).status == 404
        assert asking.get("/v1/nothing", headers={"Zuora-Org-Ids": theirs}).status == 403


def test_two_entities_are_one_too_many(zuora: Zuora):
    uk, us = entity(zuora.actor, "uk"), entity(zuora.actor, "us")
    told = zuora.get("/v1/nothing", headers={"Zuora-Entity-Ids": f"{uk},{us}"})
    message = "Invalid value for field Zuora-Entity-Ids: One entity can be named."
    assert (told.status, told["reasons"]) == (400, [{"code": 50000020, "message": message}])


def test_a_token_says_which_entities_it_is_for(actor: Actor):
    uk, us = entity(actor, "uk"), entity(actor, "us")
    for codes, named in ((("uk",), [uk]), ((), [uk, us])):
        issued = create_oauth_client(actor=actor, name="Billing", role="viewer", entities=codes, at=AT)
        scope = draw(issued)["scope"].split()
        assert [each for each in scope if each.startswith("entity.")] == [f"entity.{each}" for each in named]


# Limits ----------------------------------------------------------------------------------------------


def test_limits_are_told_and_kept(zuora: Zuora, monkeypatch: pytest.MonkeyPatch):
    from django.conf import settings  # noqa: PLC0415 - once they are configured

    from ratable_server.api import throttling  # noqa: PLC0415 - needs the settings

    moment = [NOON]
    monkeypatch.setattr(throttling, "now_at", lambda: moment[0])
    monkeypatch.setattr(settings, "REQUESTS_PER_MINUTE", 2)
    answers = [zuora.get("/v1/nothing") for _ in range(3)]
    limits = [[each.headers[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")] for each in answers]
    assert [each.status for each in answers] == [404, 404, 429]
    assert limits == [["2", "1", "20"], ["2", "0", "20"], ["2", "0", "20"]]
    refused = answers[2]
    text = "Request was throttled. Expected available in 20 seconds."
    assert (refused.headers["Retry-After"], refused["reasons"]) == ("20", [{"code": 50000070, "message": text}])
    told = zuora.get("/v1/object/nothing")
    assert (told.status, told.body) == (
        429,
        {"Success": False, "Errors": [{"Code": "REQUEST_EXCEEDED_LIMIT", "Message": text}]},
    )
    moment[0] += timedelta(seconds=20)
    assert zuora.get("/v1/nothing").headers["RateLimit-Reset"] == "60"
    monkeypatch.setattr(settings, "REQUESTS_PER_MINUTE", 0)
    assert "RateLimit-Limit" not in zuora.get("/v1/nothing").headers


def concurrency(answer: Told) -> list[str | None]:
    return [answer.headers.get(f"Concurrency-Limit-{name}") for name in ("Type", "Limit", "Remaining")]


def test_who_has_too_many_requests_under_way_waits(
    zuora: Zuora, new_actor: Callable[[], Actor], zuora_of: Callable[..., Zuora], monkeypatch: pytest.MonkeyPatch
):
    """Each request counts until it is answered, also one that is refused; another tenant's do not."""
    from django.conf import settings  # noqa: PLC0415 - once they are configured

    from ratable_server.api.zuora import concurrency as counting  # noqa: PLC0415 - needs the settings

    assert concurrency(zuora.get("/v1/nothing")) == ["Default", "200", "199"]
    monkeypatch.setattr(settings, "CONCURRENT_REQUESTS", 2)
    assert [concurrency(zuora.get("/v1/nothing")) for _ in range(3)] == [["Default", "2", "1"]] * 3
    others = [counting.Place(), counting.Place()]
    for place in others:
        place.take(zuora.actor.tenant_id)

    told = zuora.post("/v1/object/usage", {}, headers={"Idempotency-Key": "k-1"})
    assert (told.status, told["Errors"][0]["Code"]) == (429, "REQUEST_EXCEEDED_LIMIT")
    assert (told.headers["Retry-After"], concurrency(told)) == ("1", ["Default", "2", "0"])
    assert concurrency(zuora_of(new_actor()).get("/v1/nothing")) == ["Default", "2", "1"]
    others[0].leave()
    others[0].leave()
    assert concurrency(zuora.get("/v1/nothing")) == ["Default", "2", "0"]
    others[1].leave()

    answered = zuora.post("/v1/object/usage", {}, headers={"Idempotency-Key": "k-1"})
    assert (answered.status, "Idempotent-Replayed" in answered.headers) == (400, False)
    assert concurrency(answered) == ["Default", "2", "1"]
    assert zuora.actor.tenant_id not in counting._under_way._count
    monkeypatch.setattr(settings, "CONCURRENT_REQUESTS", 0)
    assert concurrency(zuora.get("/v1/nothing")) == [None, None, None]
    assert concurrency(Zuora(token="nobody", actor=zuora.actor).get("/v1/nothing")) == [None, None, None]


def test_roles_are_kept(zuora: Zuora, zuora_of: Callable[..., Zuora]):
    viewer = zuora_of(zuora.actor, role="viewer")
    answer = send(viewer, b'{"Name": "a"}', "")
    assert (answer.status_code, json.loads(answer.content)) == (
        403,
        {"code": 50000010, "message": "You do not have permission to perform this action."},
    )
    assert tags(zuora.actor) == []
