"""Queries: what is read of the language, what is found, where a long answer goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratable_server import clock
from ratable_server.actor import Actor
from ratable_server.api.zuora.translate.zoql import Compared, MalformedQueryError, Query, read_query
from ratable_server.api.zuora.views import queries
from ratable_server.operations.documents import Invoice, file_invoice
from tests.server.conftest import AT
from tests.server.usage.reporting import agree_on_reports
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.usage import a_record, created, read, stands

_ALL = "select Id from Usage "


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def ask(zuora: Zuora, text: str, **conf: Any) -> Any:
    return zuora.post("/v1/action/query", {"queryString": text, **({"conf": conf} if conf else {})})


def test_a_query_is_fields_an_object_and_conditions():
    query = read_query("select Id, x__c from Usage where UOM = 'it\\'s' and Quantity >= -1.5e3 and EndDateTime != null")

    assert query == Query(
        fields=("Id", "x__c"),
        object="Usage",
        conditions=(
            Compared("UOM", "=", "it's"),
            Compared("Quantity", ">=", "-1.5e3"),
            Compared("EndDateTime", "!=", None),
        ),
    )


MALFORMED = [
    "select", "select from Usage", "select Id", "select Id from", "select Id, from Usage", "select Id Id from Usage",
    "SELECT Id FROM Usage", "select * from Usage", "select Id from Usage where", "select Id from Usage where UOM",
    "select Id from Usage where UOM =", "select Id from Usage where UOM = Each", "select Id from Usage where UOM like 'a'",
    "select Id from Usage where UOM = 'a' or UOM = 'b'", "select Id from Usage where UOM = 'a' and",
    "select Id from Usage where Quantity > null", "select Id from Usage where UOM = 'a", "select Id from Usage;",
    "select Id from Usage where UOM = 'a' UOM = 'b'", "select Id from Usage where = 'a'", "x" * 10_001,
    "delete from Usage",
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[-40:])
def test_what_is_no_query_is_told_as_malformed(zuora: Zuora, text: str):
    with pytest.raises(MalformedQueryError):
        read_query(text)

    told = ask(zuora, text)
    assert (told.status, told.body["Success"]) == (400, False)
    assert [each["Code"] for each in told.body["Errors"]] == ["MALFORMED_QUERY"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select Id from Account", "INVALID_TYPE"),
        ("select Nonsense from Usage", "INVALID_FIELD"),
        ("select Id from Usage where Nonsense = 'a'", "INVALID_FIELD"),
        ("select Id from Usage where CreatedById = 'a'", "INVALID_FIELD"),
        ("select Id from Usage where Quantity = 'ten'", "INVALID_VALUE"),
        ("select Id from Usage where StartDateTime > 'soon'", "INVALID_VALUE"),
        ("select Id from Usage where UOM > 'a'", "INVALID_VALUE"),
        ("select InvoiceNumber from Usage", "INVALID_FIELD"),
        ("select Id from Usage where InvoiceNumber = null", "INVALID_VALUE"),
        ("select Id from Usage where x__c > 'a'", "INVALID_VALUE"),
        ("select Id from Usage where RbeStatus = 'pending'", "INVALID_VALUE"),
        ("", "MISSING_REQUIRED_VALUE"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(zuora: Zuora, text: str, code: str):
    told = ask(zuora, text)

    assert told.status == 400
    assert [each["Code"] for each in told.body["Errors"]] == [code]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("", [0, 1, 2]),
        ("where UOM = 'GB'", [1]),
        ("where UOM != 'GB' and Quantity < 11", [0]),
        ("where Quantity > 10", [2]),
        ("where Quantity >= 10 and Quantity <= 10.0", [0, 1]),
        ("where StartDateTime >= '2026-02-01T00:00:00+00:00'", [1]),
        ("where StartDateTime < 2026-02-01T00:00:00Z", [0, 2]),
        ("where AccountNumber = 'Acme Inc'", [0, 1, 2]),
        ("where AccountId = 'nonsense'", []),
        ("where SubscriptionNumber = 'acme'", [2]),
        ("where ChargeNumber = null", [0, 1, 2]),
        ("where Description != null", [2]),
        ("where RbeStatus = 'Pending'", [1]),
        ("where RbeStatus = 'Processed'", [0, 2]),
        ("where SourceType = 'API'", [0, 1, 2]),
        ("where InvoiceNumber = 'I-1'", [0, 2]),
        ("where InvoiceNumber != 'I-1'", [1]),
        ("where InvoiceNumber = 'I-2'", []),
        ("where region__c = 'EU'", [1]),
        ("where region__c != 'EU'", [0, 2]),
    ],
)
def test_records_are_found_by_what_they_say(zuora: Zuora, actor: Actor, where: str, found: list[int]):
    ids = [
        created(zuora),
        created(zuora, UOM="GB", StartDateTime="2026-02-01", region__c="EU"),
        created(zuora, Quantity=11, SubscriptionNumber="acme", Description="told"),
    ]

    invoice = Invoice(contract="acme", amount=Decimal(1), code="I-1")
    file_invoice(actor=actor, invoice=invoice, on=date(2026, 2, 1), at=AT)

    told = ask(zuora, _ALL + where)

    assert (told.status, told.body) == (
        200,
        {"size": len(found), "records": [{"Id": ids[place]} for place in found], "done": True},
    )


def test_fields_that_were_not_told_are_left_out(zuora: Zuora, actor: Actor):
    id = created(zuora, region__c="EU")

    told = ask(zuora, "select Id, Quantity, Description, UniqueKey, region__c, city__c from Usage")

    assert told.body["records"] == [{"Id": id, "Quantity": 10, "region__c": "EU"}]
    assert set(read(zuora, id)) >= {"Id", "Quantity", "region__c"}


def test_a_long_answer_goes_on_where_it_ended(zuora: Zuora, actor: Actor):
    ids = [created(zuora) for _ in range(5)]

    first = ask(zuora, "select Id from Usage", batchSize=2).body
    created(zuora, UOM="GB")  # behind the others
    zuora.delete(f"/v1/object/usage/{ids[0]}")
    second = zuora.post("/v1/action/queryMore", {"queryLocator": first["queryLocator"], "conf": {"batchSize": 2}}).body
    third = zuora.post("/v1/action/queryMore", {"queryLocator": second["queryLocator"]}).body

    assert (first["size"], first["done"], first["queryLocator"][32:]) == (2, False, "-2")
    assert second["queryLocator"][32:] == "-4"
    assert [each["Id"] for each in (*first["records"], *second["records"])] == ids[:4]
    assert (third["records"][0]["Id"], third["size"], third["done"]) == (ids[4], 2, True)
    assert "queryLocator" not in third


@pytest.mark.parametrize("locator", ["nonsense", "", "0" * 32 + "-2000", None, 5])
def test_an_unknown_locator_is_refused(zuora: Zuora, locator: Any):
    told = zuora.post("/v1/action/queryMore", {"queryLocator": locator})

    assert told.status == 400
    code = "INVALID_VALUE" if locator and isinstance(locator, str) else "MISSING_REQUIRED_VALUE"
    assert [each["Code"] for each in told.body["Errors"]] == [code]


def test_a_locator_is_kept_for_a_quarter_of_an_hour_and_for_one_tenant(
    zuora: Zuora, actor: Actor, new_actor: Callable[..., Actor], zuora_of: Callable[..., Zuora],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    for _ in range(2):
        created(zuora)
    locator = ask(zuora, "select Id from Usage", batchSize=1).body["queryLocator"]
    now_at = clock.now_at

    assert zuora_of(new_actor()).post("/v1/action/queryMore", {"queryLocator": locator}).status == 400
    assert zuora.post("/v1/action/queryMore", {"queryLocator": f"{locator}0"}).status == 400
    monkeypatch.setattr(queries, "now_at", lambda: now_at() + timedelta(minutes=16))
    assert zuora.post("/v1/action/queryMore", {"queryLocator": locator}).status == 400
    monkeypatch.setattr(queries, "now_at", now_at)
    assert zuora.post("/v1/action/queryMore", {"queryLocator": locator}).status == 200


@pytest.mark.parametrize("size", [0, -1, "10", True, None])
def test_a_size_that_is_none_is_refused(zuora: Zuora, size: Any):
    told = ask(zuora, "select Id from Usage", batchSize=size)

    assert (told.status, told.body["Errors"][0]["Code"]) == (400, "INVALID_VALUE")


def test_a_viewer_asks_and_sees_his_tenant_alone(
    zuora: Zuora, actor: Actor, new_actor: Callable[..., Actor], zuora_of: Callable[..., Zuora]
):
    id = created(zuora)
    viewer, stranger = zuora_of(actor, "viewer"), zuora_of(new_actor())
    before = stands(actor)

    assert ask(viewer, "select Id from Usage", batchSize=100_000).body["records"] == [{"Id": id}]
    assert ask(stranger, f"{_ALL} where Id = '{id}'").body["records"] == []
    assert stands(actor) == before
    assert zuora.post("/v1/action/create", {"type": "Usage", "objects": [a_record()]}).status == 200
