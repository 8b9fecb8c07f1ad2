"""Usage by the call: records, lines, CloudEvents, what becomes of each, and the receipt that proves it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.store.models import UsageImport, UsageRecord, UsageRejection
from ratable_server.store.scope import books_of, rows_of
from tests.server.operations.agreements import agree, close_months, held, kept
from tests.server.soundness import assert_sound
from tests.wire.calling import Told
from tests.wire.native.calling import Native

RECORD = {"id": "u1", "item": "acme-calls", "used_on": "2026-02-03", "quantity": "1.50"}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/meters/eu",
    "type": "call.made",
    "time": "2026-02-03T10:00:00+02:00",
    "data": {"item": "acme-calls", "quantity": 2.5, "region": "eu"},
}


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor)


def records(actor: Actor) -> list[tuple[Any, ...]]:
    """Id, stream, day and quantity of every record in the books."""
    with books_of(actor):
        columns = ("event_id", "stream", "used_on", "quantity")
        found = rows_of(actor, UsageRecord).order_by("number", "row").values_list(*columns)
        return [(event_id, stream, str(used_on), str(quantity)) for event_id, stream, used_on, quantity in found]


def results(told: Told) -> list[tuple[str, str, int]]:
    return [(each["id"], each["result"], each["status"]) for each in told["results"]]


def faults(told: Told) -> list[tuple[int | None, str | None, str]]:
    return [(each["row"], each["field"], each["rule"]) for each in told["errors"]]


def refused(native: Native, status: int, *, body: Any = None, **said: Any) -> Told:
    """What is refused leaves no usage, and nothing that keeps a month from closing."""
    before = records(native.actor)
    told = native.send("POST", "usage", json.dumps(body) if body is not None else said.pop("content"), **said)
    assert told.status == status, told.text
    assert records(native.actor) == before
    with books_of(native.actor):
        assert not rows_of(native.actor, UsageRejection).filter(is_blocking=True).exists()
    return told


# ── what is taken ────────────────────────────────────────────────────────────────────────────


def test_records_are_taken_and_their_receipt_proves_it(native: Native):
    told = native.post("usage", [RECORD, {**RECORD, "id": "u2", "quantity": 3}])

    assert told.status == 201
    assert told["results"] == [
        {
            "row": row,
            "id": f"u{row}",
            "result": "accepted",
            "status": 201,
            "duplicate": False,
            "late": False,
            "service_period": "2026-02",
            "posted_period": "2026-02",
        }
        for row in (1, 2)
    ]
    receipt = told["receipt"]
    assert (receipt["status"], receipt["rows_accepted"], receipt["quantity_accepted"]) == ("completed", 2, "4.5")
    assert records(native.actor) == [("u1", "acme-calls", "2026-02-03", "1.5"), ("u2", "acme-calls", "2026-02-03", "3")]
    proof = native.get(f"receipts/{receipt['id']}")
    assert (proof.status, proof["is_proven"], proof["found_sha256"]) == (200, True, receipt["accepted_sha256"])
    assert {name: proof[name] for name in receipt} == receipt
    assert_sound(native.actor)


def test_receipts_are_one_chain(native: Native):
    first, second = (native.post("usage", {**RECORD, "id": name})["receipt"] for name in ("a", "b"))

    assert (first["previous_sha256"], second["previous_sha256"]) == ("0" * 64, first["accepted_sha256"])


def test_one_record_lines_and_gzip_are_the_same(native: Native):
    lines = "\n".join(json.dumps({**RECORD, "id": name}) for name in ("l1", "l2")) + "\n\n"
    packed = gzip.compress(json.dumps([{**RECORD, "id": "g1"}]).encode())

    assert native.post("usage", RECORD).status == 201
    assert native.send("POST", "usage", lines, media="application/x-ndjson").status == 201
    assert native.send("POST", "usage", packed, headers={"Content-Encoding": "gzip"}).status == 201

    assert [event_id for event_id, *_ in records(native.actor)] == ["u1", "l1", "l2", "g1"]


def test_events_of_two_sources_are_never_one(native: Native):
    pairs = [("a/b", "9"), ("a", "b/9"), ("a", "b%2F9"), ("a", "b%252F9")]
    batch = [{**EVENT, "source": source, "id": event_id} for source, event_id in pairs]

    told = native.send("POST", "usage", json.dumps(batch), media="application/cloudevents-batch+json")

    assert told.status == 201
    assert [each["result"] for each in told["results"]] == ["accepted"] * 4
    assert [event_id for event_id, *_ in records(native.actor)] == ["a/b/9", "a/b%2F9", "a/b%252F9", "a/b%25252F9"]


def test_events_are_known_by_source_and_id_and_dated_by_their_time(native: Native):
    many = [
        {**EVENT, "id": "2"},
        {**EVENT, "id": "3", "time": None, "data": {**EVENT["data"], "used_on": "2026-02-04"}},
    ]
    headers = {"ce-specversion": "1.0", "ce-id": "4%20x", "ce-source": "/meters/eu", "ce-type": "t"}

    one = native.send("POST", "usage", json.dumps(EVENT), media="application/cloudevents+json")
    batch = native.send("POST", "usage", json.dumps(many), media="application/cloudevents-batch+json")
    data = {**EVENT["data"], "used_at": "2026-02-05T23:59:59Z"}
    binary = native.send("POST", "usage", json.dumps(data), headers=headers)

    assert [told.status for told in (one, batch, binary)] == [201, 201, 201]
    assert [(event_id, used_on, quantity) for event_id, _, used_on, quantity in records(native.actor)] == [
        ("/meters/eu/1", "2026-02-03", "2.5"),
        ("/meters/eu/2", "2026-02-03", "2.5"),
        ("/meters/eu/3", "2026-02-04", "2.5"),
        ("/meters/eu/4 x", "2026-02-05", "2.5"),
    ]
    with books_of(native.actor):
        assert set(rows_of(native.actor, UsageRecord).values_list("dimensions__region", flat=True)) == {"eu"}


def test_numbers_keep_every_digit(native: Native):
    body = '{"id": "n", "item": "acme-calls", "used_on": "2026-02-03", "quantity": 1234567890123.123456789012}'

    assert native.send("POST", "usage", body).status == 201
    assert records(native.actor) == [("n", "acme-calls", "2026-02-03", "1234567890123.123456789012")]


# ── the same again ───────────────────────────────────────────────────────────────────────────


def test_a_duplicate_is_a_success_with_a_flag(native: Native):
    native.post("usage", RECORD)

    told = native.post("usage", [RECORD])
    mixed = native.post("usage", [RECORD, {**RECORD, "id": "u2"}])

    assert (told.status, results(told), told["results"][0]["duplicate"]) == (200, [("u1", "duplicate", 200)], True)
    assert (mixed.status, results(mixed)) == (201, [("u1", "duplicate", 200), ("u2", "accepted", 201)])
    assert len(records(native.actor)) == 2


def test_c9_other_content_under_a_known_id_is_a_conflict(native: Native):
    native.post("usage", RECORD)

    told = refused(native, 409, body=[{**RECORD, "id": "u2"}, {**RECORD, "quantity": "2"}])

    assert faults(told) == [(2, "id", "usage_must_not_change_under_its_id")]


def test_e9_usage_of_a_closed_month_is_late_and_counts_in_the_first_open_one(native: Native):
    close_months(native.actor, date(2026, 2, 1))

    told = native.post("usage", RECORD)

    assert told.status == 201
    (result,) = told["results"]
    assert (result["late"], result["service_period"], result["posted_period"]) == (True, "2026-02", "2026-03")


# ── some are bad ─────────────────────────────────────────────────────────────────────────────

BAD = [
    ({"quantity": "-1"}, "quantity", "quantity_must_not_be_negative"),
    ({"quantity": "x"}, "quantity", "quantity_must_be_a_number"),
    ({"quantity": "1", "amount": "12345678901234"}, "amount", "quantity_must_be_in_range"),
    ({"item": "nowhere"}, "item", "usage_must_name_a_known_item"),
    ({"used_on": "2026-02-30"}, "used_on", "usage_must_have_a_date"),
    ({"used_on": "2025-02-03"}, "used_on", "usage_must_fall_in_contract"),
    ({"currency": "EUR"}, "currency", "currency_must_match_contract"),
    ({"item": "acme-suite"}, "quantity", "item_must_take_amounts"),
]


@pytest.mark.parametrize(("said", "field", "rule"), BAD)
def test_c10_one_bad_record_keeps_the_call_out_and_is_told(native: Native, said: dict[str, str], field: str, rule: str):
    told = refused(native, 400, body=[{**RECORD, "id": "good"}, {**RECORD, **said}])

    assert faults(told) == [(2, field, rule)]


def test_c10_with_partial_the_good_ones_are_taken(native: Native):
    rows = [{**RECORD, "id": "good"}, *({**RECORD, **said, "id": f"bad{at}"} for at, (said, *_) in enumerate(BAD))]

    told = native.post("usage", rows, partial="true")

    assert told.status == 207
    assert [(each["row"], each["field"], each["rule"]) for each in told["results"] if each["result"] == "rejected"] == [
        (row, field, rule) for row, (_, field, rule) in enumerate(BAD, start=2)
    ]
    assert records(native.actor) == [("good", "acme-calls", "2026-02-03", "1.5")]
    assert_sound(native.actor)


# ── what cannot be read ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ('{"id": "u1", "id": "u2"}', 400),
        ('[{"quantity": NaN}]', 400),
        ("[" * 100_000 + "]" * 100_000, 400),
        ("{", 400),
        (b"\xff", 400),
        ("[]", 400),
        ("[1]", 400),
        ('{"item": ["a"]}', 400),
        ('{"item": "a\\u0000"}', 400),
        ('{"item": "\\ud800"}', 400),
        ('{"id": " u1"}', 400),
        ('{"id": "u\\u202e1"}', 400),
        ('{"used_on": "2026-02-03", "used_at": "2026-02-03T00:00:00Z"}', 400),
        ("[" + ",".join(["{}"] * 10_001) + "]", 413),
    ],
)
def test_h_what_is_no_usage_is_refused_whole(native: Native, content: str | bytes, status: int):
    before = kept(native.actor)
    refused(native, status, content=content)
    assert kept(native.actor) == before


def test_g8_a_call_without_a_body_is_refused(native: Native):
    for media in ("application/json", "application/x-ndjson"):
        told = native.send("POST", "usage", b"", media=media)
        assert (told.status, told["errors"][0]["field"]) == (400, "records")


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/csv"])
def test_h2_other_types_are_refused(native: Native, media: str):
    refused(native, 415, content="a=1", media=media)


def test_h7_compression_that_is_none_or_not_known(native: Native):
    refused(native, 415, content=b"x", headers={"Content-Encoding": "br"})
    refused(native, 400, content=b"x", headers={"Content-Encoding": "gzip"})
    bomb = gzip.compress(b" " * 17_000_000)
    refused(native, 413, content=bomb, headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    ("event", "field", "rule"),
    [
        ({"specversion": "0.3"}, "specversion", "field_must_be_valid"),
        ({"source": ""}, "source", "field_must_be_given"),
        ({"type": None}, "type", "field_must_be_given"),
        ({"data": "x"}, "data", "field_must_be_given"),
        ({"data": {"id": "x"}}, "data.id", "field_must_be_known"),
        ({"data": {"used_at": "2026-02-03T00:00:00Z"}}, "data.used_at", "field_must_be_known"),
        ({"data": {"item": " a"}}, "data.item", "field_must_be_valid"),
    ],
)
def test_an_event_that_is_none_is_refused_with_its_place(native: Native, event: dict[str, Any], field: str, rule: str):
    content = json.dumps([EVENT, {**EVENT, "id": "2", **event}])

    told = refused(native, 400, content=content, media="application/cloudevents-batch+json")

    assert ([(each["field"], each["rule"]) for each in told["errors"]]) == [(f"[1].{field}", rule)]


# ── keys, roles, tenants ─────────────────────────────────────────────────────────────────────


def test_c1_c2_the_same_key_has_one_effect_and_keeps_its_request(native: Native):
    row = {name: value for name, value in RECORD.items() if name != "id"}
    first, *again = (native.post("usage", row, key="k-1") for _ in range(5))

    assert [told.status for told in (first, *again)] == [201] * 5
    assert {told.text for told in again} == {first.text}
    assert {told.headers["Idempotent-Replayed"] for told in again} == {"true"}
    assert native.post("usage", {**row, "quantity": "2"}, key="k-1").status == 422
    assert len(records(native.actor)) == 1


def test_c2_headers_of_an_event_are_part_of_the_request(native: Native):
    said = {"ce-specversion": "1.0", "ce-source": "/m", "ce-type": "t", "Idempotency-Key": "k-e"}
    data = json.dumps({"item": "acme-calls", "used_on": "2026-02-03", "quantity": "1"})

    assert native.send("POST", "usage", data, headers={**said, "ce-id": "1"}).status == 201
    assert native.send("POST", "usage", data, headers={**said, "ce-id": "2"}).status == 422
    assert len(records(native.actor)) == 1


def test_c4_the_same_key_of_two_tenants_is_two_requests(
    native: Native, native_of: Callable[..., Native], new_actor: Callable[..., Actor]
):
    other = native_of(new_actor())
    agree(other.actor)

    told = [each.post("usage", RECORD, key="k-1") for each in (native, other)]

    assert [each.status for each in told] == [201, 201]
    assert told[0]["receipt"]["id"] != told[1]["receipt"]["id"]
    assert records(native.actor) == records(other.actor) != []


def test_c7_a_refused_request_leaves_its_key_unused(native: Native):
    assert native.post("usage", {**RECORD, "quantity": "x"}, key="k-7").status == 400
    assert native.post("usage", RECORD, key="k-7").status == 201
    assert len(records(native.actor)) == 1


def test_a_viewer_sends_nothing_and_another_tenant_sees_no_receipt(
    native: Native, native_of: Callable[..., Native], new_actor: Callable[..., Actor]
):
    viewer = native_of(native.actor, role="viewer")
    before = held(native.actor)
    assert viewer.post("usage", RECORD).status == 403
    assert held(native.actor) == before
    receipt = native.post("usage", RECORD)["receipt"]["id"]

    assert viewer.get(f"receipts/{receipt}").status == 200
    assert native_of(new_actor()).get(f"receipts/{receipt}").status == 404
    assert native.get("receipts/import-0").status == 404


def test_a_receipt_is_not_proven_by_other_records(native: Native, superuser: Any):
    receipt = native.post("usage", RECORD)["receipt"]["id"]
    with books_of(native.actor):
        import_id = rows_of(native.actor, UsageImport).get(code=receipt).id

    superuser.execute("SET session_replication_role = replica")  # as somebody who gets past every guard
    superuser.execute("UPDATE usage_record SET quantity = 9 WHERE usage_import_id = %s", [import_id])

    assert native.get(f"receipts/{receipt}")["is_proven"] is False
