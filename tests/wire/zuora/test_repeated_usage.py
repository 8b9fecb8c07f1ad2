"""A usage record that is sent again with its key: one record and one answer, also where it was refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ratable_server.actor import Actor
from tests.server.usage.reporting import agree_on_reports, counting
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.usage import a_record, stands

KEY = {"Idempotency-Key": "order-1"}


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def test_a_record_that_is_sent_again_counts_once(zuora: Zuora, actor: Actor):
    record = a_record(SubscriptionNumber="acme", ChargeNumber="acme-calls")
    told = [zuora.post("/v1/object/usage", record, headers=KEY) for _ in range(3)]
    assert [each.status for each in told] == [200] * 3
    assert len({each.text for each in told}) == 1
    assert ["Idempotent-Replayed" in each.headers for each in told] == [False, True, True]
    assert len({each.headers["Zuora-Request-Id"] for each in told}) == 3
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(10))]


def test_a_refusal_is_told_again_and_writes_nothing(zuora: Zuora, actor: Actor):
    record = a_record(UOM="Seat")
    first = zuora.post("/v1/object/usage", record, headers=KEY)
    before = stands(actor)
    again = zuora.post("/v1/object/usage", record, headers=KEY)
    assert (first.status, again.status, again.text) == (400, 400, first.text)
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    other = zuora.post("/v1/object/usage", a_record(), headers=KEY)
    assert (other.status, other["Errors"][0]["Code"]) == (422, "INVALID_VALUE")
    assert stands(actor) == before
    assert counting(actor) == []


def test_many_records_in_one_action_count_once(zuora: Zuora, actor: Actor):
    records = [
        a_record(ChargeNumber="acme-calls"),
        a_record(UOM="Seat"),
        a_record(ChargeNumber="acme-calls", Quantity=5),
    ]
    body = {"type": "Usage", "objects": records}
    told = [zuora.post("/v1/action/create", body, headers=KEY) for _ in range(2)]
    assert [each.status for each in told] == [200, 200]
    assert told[0].text == told[1].text
    assert [each["Success"] for each in told[0].body] == [True, False, True]
    assert sorted(quantity for _, _, quantity in counting(actor)) == [Decimal(5), Decimal(10)]


def test_a_key_means_nothing_to_a_change(zuora: Zuora, actor: Actor):
    id = zuora.post("/v1/object/usage", a_record(ChargeNumber="acme-calls"), headers=KEY)["Id"]
    told = [zuora.put(f"/v1/object/usage/{id}", {"Quantity": quantity}, headers=KEY) for quantity in (3, 4)]
    assert [(each.status, "Idempotent-Replayed" in each.headers) for each in told] == [(200, False)] * 2
    assert [quantity for _, _, quantity in counting(actor)] == [Decimal(4)]
