"""Usage records one at a time: what is taken, how it is told, what is refused and leaves all as it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.store.models import Customer, UsageItem
from ratable_server.store.scope import books_of, rows_of
from tests.server.cli.asking import REFUSED, Command
from tests.server.conftest import AT
from tests.server.usage.reporting import agree_on_reports, counting
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.usage import START, a_record, created, id_of, read, stands

HEX = re.compile(r"[0-9a-f]{32}")
UNKNOWN = "8ad00001000000000000000000ffffff"
KEYED = {"X-Zuora-WSDL-Version": "114"}


def _invalid(message: str, code: str = "INVALID_VALUE") -> dict[str, Any]:
    return {"Success": False, "Errors": [{"Code": code, "Message": message}]}


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def _row_id(actor: Actor, model: Any, code: str) -> int:
    with books_of(actor):
        return int(rows_of(actor, model).get(code=code).id)


def test_a_record_is_created_and_told_with_all_its_fields(zuora: Zuora, actor: Actor):
    told = zuora.post(
        "/v1/object/usage",
        a_record(
            Quantity=Decimal("9.50"),
            SubscriptionNumber="acme",
            ChargeNumber="acme-calls",
            EndDateTime="2026-01-11",
            Description="test",
            region__c="EU",
        ),
    )

    assert (told.status, set(told.body), told.body["Success"]) == (200, {"Success", "Id"}, True)
    id = told.body["Id"]
    assert HEX.fullmatch(id)
    record = read(zuora, id)
    moments = {name: record.pop(name) for name in ("CreatedDate", "UpdatedDate", "SubmissionDateTime")}
    people = {record.pop("CreatedById"), record.pop("UpdatedById")}
    assert record == {
        "AccountId": id_of("customer", _row_id(actor, Customer, "Acme Inc")),
        "AccountNumber": "Acme Inc",
        "ChargeId": id_of("item", _row_id(actor, UsageItem, "acme-calls")),
        "ChargeNumber": "acme-calls",
        "Description": "test",
        "EndDateTime": "2026-01-11T00:00:00.000+00:00",
        "Id": id,
        "Quantity": Decimal("9.5"),
        "RbeStatus": "Pending",
        "SourceType": "API",
        "StartDateTime": "2026-01-10T12:00:00.000+00:00",
        "SubscriptionId": record["SubscriptionId"],
        "SubscriptionNumber": "acme",
        "UOM": "Call",
        "region__c": "EU",
    }
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", at) for at in moments.values())
    assert all(HEX.fullmatch(each) for each in people)
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal("9.5"))]


def test_things_may_be_named_by_their_ids(zuora: Zuora, actor: Actor):
    created(
        zuora,
        AccountNumber=None,
        AccountId=id_of("customer", _row_id(actor, Customer, "Acme Inc")),
        ChargeId=id_of("item", _row_id(actor, UsageItem, "acme-calls")),
    )

    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(10))]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("2026-01-10T12:00:00.000+01:00", "2026-01-10T19:00:00.000+08:00"),
        ("2026-01-10T12:00:00+0100", "2026-01-10T19:00:00.000+08:00"),
        ("2026-01-10T04:00:00Z", "2026-01-10T12:00:00.000+08:00"),
        ("2026-01-10T12:00:00.123", "2026-01-10T12:00:00.123+08:00"),
        ("2026-01-10 12:00", "2026-01-10T12:00:00.000+08:00"),
        ("2026-01-10", "2026-01-10T00:00:00.000+08:00"),
    ],
)
def test_times_are_read_as_they_come_and_told_in_the_zone_of_the_books(
    new_actor: Callable[..., Actor], zuora_of: Callable[..., Zuora], said: str, told: str
):
    actor = new_actor()
    agree_on_reports(actor, timezone="Asia/Singapore")
    zuora = zuora_of(actor)

    id = created(zuora, StartDateTime=said)

    assert read(zuora, id)["StartDateTime"] == told
    assert zuora.get("/v1/usage/accounts/Acme Inc").body["usage"][0]["startDateTime"] == told[:19].replace("T", " ")


@pytest.mark.parametrize(
    ("quantity", "told"),
    [(0, "0"), ("9.5", "9.5"), ("1e3", "1000"), ("+.5", "0.5"), (Decimal("0.10"), "0.1"), (10**13 - 1, "9" * 13)],
    ids=str,
)
def test_quantities_come_as_numbers_or_texts_and_go_as_exact_numbers(zuora: Zuora, quantity: Any, told: str):
    id = created(zuora, Quantity=quantity)

    answer = zuora.get(f"/v1/object/usage/{id}", fields="Quantity")
    assert answer.text == f'{{"Quantity":{told}}}'
    assert zuora.get("/v1/usage/accounts/Acme Inc").body["usage"][0]["quantity"] == told


WRONG = [
    ({"AccountNumber": "123xProxy"}, "The account number 123xProxy is invalid."),
    ({"AccountId": "nonsense"}, "Invalid value for field AccountId: nonsense"),
    ({"SubscriptionNumber": "bolt"}, "The subscription number bolt is invalid."),
    ({"SubscriptionId": UNKNOWN}, f"Invalid value for field SubscriptionId: {UNKNOWN}"),
    ({"ChargeNumber": "bolt-calls"}, "The charge number bolt-calls is invalid."),
    ({"ChargeId": UNKNOWN}, f"Invalid value for field ChargeId: {UNKNOWN}"),
    ({"Quantity": "ten"}, "Invalid value for field Quantity: ten"),
    ({"Quantity": True}, "Invalid value for field Quantity: True"),
    ({"Quantity": "1,000"}, "Invalid value for field Quantity: 1,000"),
    ({"Quantity": Decimal("0.12345678901234567")}, "Invalid value for field Quantity: at most 16 characters"),
    ({"StartDateTime": "10/01/2026"}, "Invalid value for field StartDateTime: 10/01/2026"),
    ({"StartDateTime": "2026-02-30"}, "Invalid value for field StartDateTime: 2026-02-30"),
    ({"EndDateTime": 5}, "Invalid value for field EndDateTime: 5"),
    ({"Description": "x" * 201}, "Invalid value for field Description: at most 200 characters"),
    ({"AccountNumber": "x" * 51}, "Invalid value for field AccountNumber: at most 50 characters"),
    ({"SubscriptionNumber": "x" * 101}, "Invalid value for field SubscriptionNumber: at most 100 characters"),
    ({"ChargeNumber": "x" * 51}, "Invalid value for field ChargeNumber: at most 50 characters"),
    ({"AccountId": "x" * 33}, "Invalid value for field AccountId: at most 32 characters"),
    (
        {"ProductRatePlanChargeNumber": "C-1"},
        "Invalid value for field ProductRatePlanChargeNumber: charges are named by ChargeId or ChargeNumber here",
    ),
]


@pytest.mark.parametrize(("fields", "message"), WRONG, ids=[f"{fields}"[:50] for fields, _ in WRONG])
def test_a_wrong_value_is_400_and_leaves_nothing(zuora: Zuora, actor: Actor, fields: dict[str, Any], message: str):
    before = stands(actor)

    told = zuora.post("/v1/object/usage", a_record(**fields))

    assert (told.status, told.body) == (400, _invalid(message))
    assert stands(actor) == before


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"Quantity": -1}, "Quantity"),
        ({"Quantity": 12345678901234}, "Quantity"),
        ({"UOM": "call"}, "UOM"),
        ({"UOM": "GB", "ChargeNumber": "acme-calls"}, "UOM"),
        ({"StartDateTime": "2025-12-31"}, "StartDateTime"),
        ({"EndDateTime": "2026-01-09"}, "EndDateTime"),
    ],
    ids=str,
)
def test_what_the_books_refuse_names_the_field_and_the_rule(
    zuora: Zuora, actor: Actor, fields: dict[str, Any], names: str
):
    before = stands(actor)

    told = zuora.post("/v1/object/usage", a_record(**fields))

    assert told.status == 400
    (error,) = told.body["Errors"]
    assert (set(told.body), told.body["Success"], error["Code"]) == ({"Success", "Errors"}, False, "INVALID_VALUE")
    assert error["Message"].startswith(f"Invalid value for field {names}: ")
    assert stands(actor) == before


@pytest.mark.parametrize(("left", "name"), [("UOM", "UOM"), ("Quantity", "Quantity"), ("StartDateTime", "StartDateTime"), ("AccountNumber", "AccountId")])  # fmt: skip
@pytest.mark.parametrize("value", [..., None, ""], ids=["absent", "null", "empty"])
def test_what_is_missing_is_named(zuora: Zuora, actor: Actor, left: str, name: str, value: Any):
    record = a_record()
    del record[left]
    before = stands(actor)

    told = zuora.post("/v1/object/usage", record if value is ... else {**record, left: value})

    assert (told.status, told.body) == (400, _invalid(f"Missing required value: {name}", "MISSING_REQUIRED_VALUE"))
    assert stands(actor) == before


def test_all_that_is_wrong_is_told_at_once(zuora: Zuora):
    told = zuora.post("/v1/object/usage", {"AccountNumber": "Acme Inc", "Quantity": "ten", "StartDateTime": START})

    assert [each["Code"] for each in told.body["Errors"]] == ["MISSING_REQUIRED_VALUE", "INVALID_VALUE"]


def test_unknown_fields_are_ignored_or_refused_as_the_caller_wants(zuora: Zuora, actor: Actor):
    record = a_record(Nonsense=1, custom__c=2, RbeStatus="Processed")
    before = stands(actor)

    refused = zuora.post("/v1/object/usage", record, query={"rejectUnknownFields": "true"})
    assert (refused.status, refused.body) == (400, {"message": "Error - unrecognised fields"})
    assert stands(actor) == before

    taken = zuora.post("/v1/object/usage", record)
    told = read(zuora, taken.body["Id"])
    assert (told["RbeStatus"], told["custom__c"], "Nonsense" in told) == ("Pending", 2, False)
    known = a_record(custom__c=2)
    assert zuora.post("/v1/object/usage", known, query={"rejectUnknownFields": "true"}).status == 200


@pytest.mark.parametrize("body", ["[1]", '"x"', "{", '{"Quantity": NaN}'])
def test_a_body_that_is_no_object_is_400(zuora: Zuora, actor: Actor, body: str):
    before = stands(actor)

    told = zuora.send("POST", "/v1/object/usage", body)

    assert told.status == 400
    assert [each["Code"] for each in told.body["Errors"]] == ["INVALID_VALUE"]
    assert stands(actor) == before


def test_a_key_is_unique_among_records_and_needs_its_version(zuora: Zuora, actor: Actor):
    told = zuora.post("/v1/object/usage", a_record(UniqueKey="k-1"), headers=KEYED)
    before = stands(actor)

    again = zuora.post("/v1/object/usage", a_record(UniqueKey="k-1"), headers=KEYED)
    assert again.status == 400
    assert [each["Code"] for each in again.body["Errors"]] == ["DUPLICATE_VALUE"]
    assert stands(actor) == before

    path = f"/v1/object/usage/{told.body['Id']}"
    assert zuora.get(path, headers=KEYED).body["UniqueKey"] == "k-1"
    assert "UniqueKey" not in zuora.get(path).body
    assert zuora.post("/v1/object/usage", a_record(UniqueKey="k-1")).status == 200  # ignored: nobody knows the field
    assert [row.get("uniqueKey") for row in zuora.get("/v1/usage/accounts/Acme Inc").body["usage"]] == [None, "k-1"]
    zuora.delete(path)
    assert zuora.post("/v1/object/usage", a_record(UniqueKey="k-1"), headers=KEYED).status == 200


def test_a_record_is_changed_and_says_so(zuora: Zuora, actor: Actor):
    id = created(zuora, Description="old", a__c=1)

    told = zuora.put(
        f"/v1/object/usage/{id}",
        {"Quantity": "12", "StartDateTime": "2026-01-12", "Description": None, "RbeStatus": "Processed", "AccountNumber": "x"},
    )  # fmt: skip

    assert (told.status, told.body) == (200, {"Success": True, "Id": id})
    record = read(zuora, id)
    assert (record["Quantity"], record["StartDateTime"]) == (12, "2026-01-12T00:00:00.000+00:00")
    assert (record["RbeStatus"], record["AccountNumber"], "Description" in record) == ("Pending", "Acme Inc", False)
    assert counting(actor) == [("/acme-calls", "2026-01-12", Decimal(12))]


@pytest.mark.parametrize("body", [{}, None])
def test_a_change_of_nothing_is_a_success(zuora: Zuora, actor: Actor, body: Any):
    id = created(zuora)
    before = stands(actor)

    told = zuora.put(f"/v1/object/usage/{id}", body)

    assert (told.status, told.body) == (200, {"Success": True, "Id": id})
    assert stands(actor) == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Quantity": None}, "Missing required value: Quantity"),
        ({"UOM": ""}, "Missing required value: UOM"),
        ({"Quantity": "x"}, "Invalid value for field Quantity: x"),
        ({"StartDateTime": "soon"}, "Invalid value for field StartDateTime: soon"),
    ],
)
def test_a_wrong_change_changes_nothing(zuora: Zuora, actor: Actor, body: dict[str, Any], message: str):
    id = created(zuora)
    before = stands(actor)

    told = zuora.put(f"/v1/object/usage/{id}", body)

    assert (told.status, told.body["Errors"][0]["Message"]) == (400, message)
    assert stands(actor) == before


def test_a_change_with_fields_that_are_not_a_change_s_is_refused_if_the_caller_wants(zuora: Zuora, actor: Actor):
    id = created(zuora)
    before = stands(actor)

    told = zuora.put(f"/v1/object/usage/{id}", {"AccountNumber": "x"}, query={"rejectUnknownFields": "true"})

    assert (told.status, told.body) == (400, {"message": "Error - unrecognised fields"})
    assert stands(actor) == before
    allowed = {"Quantity": 1, "Description": "d", "RbeStatus": "Pending", "EndDateTime": "2026-01-11", "x__c": 1}
    assert zuora.put(f"/v1/object/usage/{id}", allowed, query={"rejectUnknownFields": "true"}).status == 200


def test_a_record_is_deleted_in_small_letters(zuora: Zuora, actor: Actor):
    id = created(zuora)

    told = zuora.delete(f"/v1/object/usage/{id}")

    assert (told.status, told.body) == (200, {"success": True, "id": id})
    assert counting(actor) == []
    gone = zuora.get(f"/v1/object/usage/{id}")
    assert (gone.status, gone.body) == (404, {"records": [], "size": 0, "done": True})


@pytest.mark.parametrize("id", [UNKNOWN, "nonsense", "8ad0000200000000000000000000000a"])
def test_an_unknown_id_is_404_to_read_and_400_to_change(zuora: Zuora, actor: Actor, id: str):
    created(zuora)
    before = stands(actor)

    read_it = zuora.get(f"/v1/object/usage/{id}")
    put, deleted = zuora.put(f"/v1/object/usage/{id}", {"Quantity": 1}), zuora.delete(f"/v1/object/usage/{id}")

    assert (read_it.status, read_it.body) == (404, {"records": [], "size": 0, "done": True})
    for told in (put, deleted):
        assert (told.status, told.body["Success"]) == (400, False)
        assert told.body["Errors"] == [{"Code": "INVALID_ID", "Message": f"no reported usage has this id: {id}"}]
    assert stands(actor) == before


def test_the_records_of_another_tenant_are_unknown(
    zuora: Zuora, actor: Actor, new_actor: Callable[..., Actor], zuora_of: Callable[..., Zuora]
):
    id = created(zuora)
    before = stands(actor)
    stranger = zuora_of(new_actor())

    assert stranger.get(f"/v1/object/usage/{id}").status == 404
    assert stranger.put(f"/v1/object/usage/{id}", {"Quantity": 1}).body["Errors"][0]["Code"] == "INVALID_ID"
    assert stranger.delete(f"/v1/object/usage/{id}").body["Errors"][0]["Code"] == "INVALID_ID"
    assert stranger.post("/v1/object/usage", a_record()).body == _invalid("The account number Acme Inc is invalid.")
    assert stranger.get("/v1/usage/accounts/Acme Inc").status == 404
    assert stands(actor) == before


def test_a_billed_record_keeps_all_but_its_custom_fields(zuora: Zuora, actor: Actor):
    id = created(zuora)
    invoice = Invoice(contract="acme", amount=Decimal(1))
    file_invoice(actor=actor, invoice=invoice, on=date(2026, 2, 1), at=AT)
    before = stands(actor)

    put, deleted = zuora.put(f"/v1/object/usage/{id}", {"Quantity": 1}), zuora.delete(f"/v1/object/usage/{id}")

    assert (put.status, put.body) == (400, _invalid("This usage record has been billed and cannot be updated."))
    assert deleted.status == 400
    assert deleted.body == _invalid("This usage record has been billed and cannot be deleted.", "CANNOT_DELETE")
    assert stands(actor) == before
    assert read(zuora, id)["RbeStatus"] == "Processed"
    assert zuora.put(f"/v1/object/usage/{id}", {"x__c": "y"}).status == 200
    assert read(zuora, id)["x__c"] == "y"


def test_records_of_a_charge_that_is_priced_dynamically_stay_as_they_are(zuora: Zuora, actor: Actor):
    told = Command(actor).json("dynamic-pricing", "acme-calls", "true")
    assert told == {"item": "acme-calls", "dynamic_pricing": True}
    id = created(zuora)
    before = stands(actor)

    answers = [zuora.put(f"/v1/object/usage/{id}", body) for body in ({"Quantity": 1}, {"x__c": 1}, {})]
    answers.append(zuora.delete(f"/v1/object/usage/{id}"))

    for told in answers:
        assert (told.status, told.body["Success"]) == (400, False)
    assert stands(actor) == before
    Command(actor).json("dynamic-pricing", "acme-calls", "false")
    assert zuora.put(f"/v1/object/usage/{id}", {"Quantity": 1}).status == 200
    assert Command(actor)("dynamic-pricing", "nonsense", "true").exit_code == REFUSED


def test_a_viewer_reads_and_does_not_write(zuora: Zuora, actor: Actor, zuora_of: Callable[..., Zuora]):
    id = created(zuora)
    viewer = zuora_of(actor, "viewer")
    before = stands(actor)

    answers = [
        viewer.post("/v1/object/usage", a_record()),
        viewer.put(f"/v1/object/usage/{id}", {}),
        viewer.delete(f"/v1/object/usage/{id}"),
    ]

    assert [(told.status, set(told.body)) for told in answers] == [(403, {"code", "message"})] * 3
    assert viewer.get(f"/v1/object/usage/{id}").status == 200
    assert stands(actor) == before


def test_the_list_of_an_account_has_other_names_and_pages(zuora: Zuora, actor: Actor):
    ids = [created(zuora, StartDateTime=f"2026-01-{day:02}", ChargeNumber="acme-calls") for day in (5, 9, 7)]
    created(zuora, AccountNumber="Bolt GmbH", x__c="of another account")
    key = id_of("customer", _row_id(actor, Customer, "Acme Inc"))

    first = zuora.get(f"/v1/usage/accounts/{key}", page=1, pageSize=2)
    second = zuora.get("/v1/usage/accounts/Acme Inc", page=2, pageSize=2)

    assert (first.status, first.body["success"]) == (200, True)
    assert [row["id"] for row in first.body["usage"]] == [ids[1], ids[2]]
    assert first.body["nextPage"] == f"http://localhost/v1/usage/accounts/{key}?page=2&pageSize=2"
    assert [row["id"] for row in second.body["usage"]] == [ids[0]]
    assert set(second.body) == {"usage", "success"}
    row = second.body["usage"][0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row.pop("submissionDateTime"))
    assert row == {
        "id": ids[0],
        "accountId": key,
        "accountNumber": "Acme Inc",
        "accountName": "Acme Inc",
        "chargeNumber": "acme-calls",
        "unitOfMeasure": "Call",
        "quantity": "10",
        "startDateTime": "2026-01-05 00:00:00",
        "status": "Pending",
        "sourceName": "API",
    }


def test_a_page_has_twenty_records_and_never_more_than_forty(zuora: Zuora, actor: Actor):
    for _ in range(41):
        created(zuora)

    assert len(zuora.get("/v1/usage/accounts/Acme Inc").body["usage"]) == 20
    assert len(zuora.get("/v1/usage/accounts/Acme Inc", pageSize=1000).body["usage"]) == 40


def test_the_list_of_an_unknown_account_is_told_in_reasons(zuora: Zuora):
    told = zuora.get("/v1/usage/accounts/X")

    assert told.status == 404
    assert (told.body["success"], told.body["reasons"]) == (
        False,
        [{"code": 50000040, "message": "Cannot find entity by key: 'X'."}],
    )
    assert set(told.body) == {"success", "processId", "reasons", "requestId"}


@pytest.mark.parametrize(
    "asked", [{"page": 0}, {"page": "x"}, {"pageSize": 0}, {"pageSize": "-1"}, {"page": 10**12}, {"page": "9" * 5_000}]
)
def test_a_page_that_cannot_be_is_400(zuora: Zuora, asked: dict[str, Any]):
    told = zuora.get("/v1/usage/accounts/Acme Inc", **asked)

    assert told.status == 400
    assert [each["code"] for each in told.body["reasons"]] == [50000020]
