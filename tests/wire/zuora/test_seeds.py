"""The request of the document that this dialect was asked for: changing a usage record, as it tells it."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest

from ratable_server.actor import Actor
from tests.server.cli.asking import Command
from tests.server.usage.reporting import agree_on_reports, counting
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.usage import created, read, stands

SHOWN = {
    "EndDateTime": "2024-06-30T02:00:00.000+01:00",
    "Quantity": Decimal("8.5"),
    "RbeStatus": "Processed",
    "StartDateTime": "2026-03-01T02:00:00.000+01:00",
    "UOM": "GB",
}


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def test_the_fields_that_are_shown_change_the_record(zuora: Zuora, actor: Actor):
    id = created(zuora)
    body = {**SHOWN, "EndDateTime": "2026-06-30T02:00:00.000+01:00"}
    headers = {"Accept-Encoding": "gzip", "Zuora-Track-Id": "a track 1", "Zuora-Version": "2026-02-20"}

    told = zuora.put(f"/v1/object/usage/{id}", body, headers=headers)

    assert (told.status, told.body) == (200, {"Success": True, "Id": id})
    assert told.headers["Zuora-Track-Id"] == "a track 1"
    record = read(zuora, id)
    assert (record["StartDateTime"], record["EndDateTime"]) == (
        "2026-03-01T01:00:00.000+00:00",
        "2026-06-30T01:00:00.000+00:00",
    )
    assert (record["Quantity"], record["UOM"], record["RbeStatus"]) == (Decimal("8.5"), "GB", "Pending")
    assert counting(actor) == [(".2/acme-data", "2026-03-01", Decimal("8.5"))]


def test_a_compressed_body_is_the_same_body(zuora: Zuora, actor: Actor):
    id = created(zuora)
    content = gzip.compress(json.dumps({"Quantity": 8.5}).encode())

    told = zuora.client.put(
        f"/v1/object/usage/{id}",
        content,
        content_type="application/json",
        headers={"Authorization": f"Bearer {zuora.token}", "Content-Encoding": "gzip"},
    )

    assert told.status_code == 200
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal("8.5"))]


def test_a_record_of_a_dynamically_priced_charge_fails_and_is_not_updated(zuora: Zuora, actor: Actor):
    id = created(zuora)
    Command(actor).json("dynamic-pricing", "acme-calls", "true")
    before = stands(actor)

    told = zuora.put(f"/v1/object/usage/{id}", SHOWN)

    assert (told.status, told.body["Success"]) == (400, False)
    assert [each["Code"] for each in told.body["Errors"]] == ["INVALID_VALUE"]
    assert stands(actor) == before


def test_who_is_not_known_is_told_in_one_sentence(zuora: Zuora, actor: Actor):
    id = created(zuora)
    before = stands(actor)
    stranger = Zuora(token="0" * 32, actor=actor)

    told = stranger.put(f"/v1/object/usage/{id}", SHOWN)

    assert (told.status, told.body) == (401, {"message": "Authentication error"})
    assert stands(actor) == before
