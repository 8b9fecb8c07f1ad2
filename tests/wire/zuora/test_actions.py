"""Many usage records in one call: outcomes in their order, the good ones taken, whole calls that are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.documents import Invoice, file_invoice
from tests.server.conftest import AT
from tests.server.usage.reporting import agree_on_reports, counting
from tests.wire.counting import counted
from tests.wire.zuora.calling import Zuora
from tests.wire.zuora.usage import a_record, created, read, stands

UNKNOWN = "8ad00001000000000000000000ffffff"


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def _act(zuora: Zuora, action: str, many: list[Any], **asked: str) -> Any:
    name = "ids" if action == "delete" else "objects"
    return zuora.post(f"/v1/action/{action}", {"type": "Usage", name: many}, query=asked)


def test_the_good_records_of_a_call_are_created_in_their_order(zuora: Zuora, actor: Actor):
    told = _act(
        zuora,
        "create",
        [
            a_record(Quantity=1),
            a_record(AccountNumber="X"),
            a_record(UOM=None),
            "nonsense",
            a_record(Quantity="2.5"),
        ],
    )

    assert told.status == 200
    first, unknown, missing, nothing, last = told.body
    assert unknown == {
        "Success": False,
        "Errors": [{"Code": "INVALID_VALUE", "Message": "The account number X is invalid."}],
    }
    assert missing["Errors"] == [{"Code": "MISSING_REQUIRED_VALUE", "Message": "Missing required value: UOM"}]
    assert [each["Code"] for each in nothing["Errors"]] == ["MISSING_REQUIRED_VALUE"] * 4
    assert [read(zuora, each["Id"])["Quantity"] for each in (first, last)] == [1, Decimal("2.5")]
    assert [set(each) for each in (first, last)] == [{"Success", "Id"}] * 2


def test_records_are_changed_each_by_itself(zuora: Zuora, actor: Actor):
    ids = [created(zuora) for _ in range(2)]

    told = _act(
        zuora,
        "update",
        [
            {"Id": ids[0], "Quantity": 1, "Unknown": 1},
            {"Id": UNKNOWN, "Quantity": 1},
            {"Quantity": 1},
            {"Id": ids[1], "Quantity": "x"},
            {"Id": ids[0], "Quantity": 7},
        ],
        rejectUnknownFields="true",
    )

    assert told.status == 200
    changed, unknown, nameless, wrong, again = told.body
    assert changed == again == {"Success": True, "Id": ids[0]}
    assert (unknown["Success"], unknown["Id"], unknown["Errors"][0]["Code"]) == (False, UNKNOWN, "INVALID_ID")
    assert nameless == {
        "Success": False,
        "Errors": [{"Code": "MISSING_REQUIRED_VALUE", "Message": "Missing required value: Id"}],
    }
    assert wrong["Errors"] == [{"Code": "INVALID_VALUE", "Message": "Invalid value for field Quantity: x"}]
    assert [read(zuora, id)["Quantity"] for id in ids] == [7, 10]


def test_records_are_deleted_each_by_itself_in_small_letters(zuora: Zuora, actor: Actor):
    billed = created(zuora)
    file_invoice(actor=actor, invoice=Invoice(contract="acme", amount=Decimal(1)), on=date(2026, 2, 1), at=AT)
    id = created(zuora)

    told = _act(zuora, "delete", [id, UNKNOWN, billed, id, 5])

    assert told.status == 200
    deleted, unknown, refused, again, nonsense = told.body
    assert deleted == {"success": True, "id": id}
    for each in (unknown, again, nonsense):
        assert (each["success"], each["errors"][0]["code"]) == (False, "INVALID_ID")
    assert refused == {
        "success": False,
        "id": billed,
        "errors": [{"code": "CANNOT_DELETE", "message": "This usage record has been billed and cannot be deleted."}],
    }
    assert len(counting(actor)) == 1


def test_an_id_that_nobody_has_is_told_as_it_was_sent(zuora: Zuora, actor: Actor):
    id = created(zuora)
    sent = [UNKNOWN, "zzz", None, 5, True, 1.5]

    deleted = _act(zuora, "delete", sent).body
    (changed,) = _act(zuora, "update", [{"Id": "zzz", "Quantity": 1}]).body

    texts = [UNKNOWN, "zzz", "null", "5", "true", "1.5"]
    assert [each["id"] for each in deleted] == texts
    assert [each["errors"][0]["message"] for each in deleted] == [
        f"no reported usage has this id: {text}" for text in texts
    ]
    assert (changed["Id"], changed["Errors"][0]["Message"]) == ("zzz", "no reported usage has this id: zzz")
    assert read(zuora, id)["Quantity"] == 10


@pytest.mark.parametrize("action", ["create", "update", "delete"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "Account", "objects": [], "ids": []}, "INVALID_TYPE"),
        ({"objects": [], "ids": []}, "INVALID_TYPE"),
        ({"type": "Usage"}, "MISSING_REQUIRED_VALUE"),
        ({"type": "Usage", "objects": {}, "ids": {}}, "MISSING_REQUIRED_VALUE"),
        ({"type": "Usage", "objects": [a_record()] * 51, "ids": [UNKNOWN] * 51}, "MAX_RECORDS_EXCEEDED"),
        ([], "INVALID_VALUE"),
    ],
    ids=["other type", "no type", "nothing", "no list", "too many", "no object"],
)
def test_a_call_that_is_none_is_refused_as_a_whole(zuora: Zuora, actor: Actor, action: str, body: Any, code: str):
    before = stands(actor)

    told = zuora.post(f"/v1/action/{action}", body)

    assert (told.status, told.body["Success"]) == (400, False)
    assert [each["Code"] for each in told.body["Errors"]] == [code]
    assert stands(actor) == before


def test_an_unknown_field_refuses_the_whole_call_if_the_caller_wants(zuora: Zuora, actor: Actor):
    before = stands(actor)

    told = _act(zuora, "create", [a_record(), a_record(Nonsense=1)], rejectUnknownFields="true")

    assert (told.status, told.body) == (400, {"message": "Error - unrecognised fields"})
    assert stands(actor) == before


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_nothing_is_done_with_nothing(zuora: Zuora, action: str):
    assert (_act(zuora, action, []).status, _act(zuora, action, []).body) == (200, [])


def test_fifty_records_take_as_many_statements_as_two(zuora: Zuora, actor: Actor):
    def statements(count: int) -> int:
        with counted() as captured:
            assert len(_act(zuora, "create", [a_record()] * count).body) == count
        return len(captured)

    statements(2)  # the month has its row from here on

    assert statements(50) == statements(2)


def test_another_tenant_s_records_are_unknown(
    zuora: Zuora, actor: Actor, new_actor: Callable[..., Actor], zuora_of: Callable[..., Zuora]
):
    id = created(zuora)
    before = stands(actor)
    stranger = zuora_of(new_actor())

    assert _act(stranger, "update", [{"Id": id, "Quantity": 1}]).body[0]["Errors"][0]["Code"] == "INVALID_ID"
    assert _act(stranger, "delete", [id]).body[0]["errors"][0]["code"] == "INVALID_ID"
    assert stands(actor) == before


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_a_viewer_does_nothing(zuora: Zuora, actor: Actor, zuora_of: Callable[..., Zuora], action: str):
    viewer = zuora_of(actor, "viewer")
    before = stands(actor)

    told = _act(viewer, action, [])

    assert (told.status, set(told.body)) == (403, {"code", "message"})
    assert stands(actor) == before
