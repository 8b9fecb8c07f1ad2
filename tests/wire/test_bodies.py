"""How bodies are read (F and H): numbers to the digit, forms as JSON, nothing beyond its limit, and never a page."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import encode_multipart

from tests.wire.calling import Api

FORM = "application/x-www-form-urlencoded"
CALLS = [{"name": "calls", "pricing_model": "unit_based", "tiers": [{"name": "all", "price": "0.10"}]}]


def count(api: Api) -> int:
    return int(api.get("product")["count"])


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("123456789.123456789", Decimal("123456789.123456789")),
        ("0.1", Decimal("0.1")),
        ("99999999999999.9", Decimal("99999999999999.9")),
        ('"1234567890123.123456"', Decimal("1234567890123.123456")),
        ("1e2", Decimal(100)),
        ("0", Decimal(0)),
        ('"-0"', Decimal(0)),
        ("0.000", Decimal(0)),
    ],
)
def test_f4_to_f6_f9_numbers_keep_their_digits(api: Api, written: str, number: Decimal):
    told = api.send("POST", "product", f'{{"product_name": "API", "price": {written}}}')
    assert told.status == 201, told.text
    assert told["price"] == number
    assert "E" not in told.text.split('"price":')[1].split(",")[0]
    assert not told.text.split('"price":')[1].startswith("-0")


@pytest.mark.parametrize(
    "written",
    [
        "NaN", "Infinity", "-Infinity", '"NaN"', '"sNaN"', '"-Infinity"',  # F1
        "1e400", '"1e400"', '"1e-400"', '"1E+1000000000"', "1e-400",  # F2
        '"123456789012345678901234567890123"', "1" * 5_000,  # F3
        '"1_000"', '"\u0661\u0662"', '"\uff11"', '"0x10"', '"1,000"', '" 12 "', '"+5"',  # F7
        "true", "[1]", "{}", '"0.1234567891234"',  # F10
    ],
)  # fmt: skip
def test_f1_f2_f3_f7_f10_what_is_no_number_is_refused(api: Api, written: str):
    told = api.send("POST", "product", f'{{"product_name": "API", "price": {written}}}'.encode())
    assert told.status == 400, told.text
    assert "set_int_max_str_digits" not in told.text
    assert count(api) == 0


@pytest.mark.parametrize("written", [str(2**70), '"1_0"', "1e3", '"7.0"', "true", "1.5"])
def test_f19_what_is_no_whole_number_is_refused(api: Api, written: str):
    told = api.send("POST", "product", f'{{"product_name": "API", "avalara_item_id": {written}}}')
    assert (told.status, list(told.body)) == (400, ["avalara_item_id"])
    assert count(api) == 0


def test_ids_may_come_as_texts(api: Api):
    assert api.post("product", {"avalara_item_id": "54"})["avalara_item_id"] == 54


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b'"text"', b"null", b'{"a":1} trailing',
        b"\xff\xfe", b'{"product_name":"\xc3"}', b'\xef\xbb\xbf{"product_name":"API"}',  # H13
        b'{"product_name":"\\u0000"}', b'{"product_name":"\\ud800"}', b'{"avalara_item_data":{"\\ud800":1}}',  # H13
    ],
)  # fmt: skip
def test_h13_what_is_no_object_is_refused(api: Api, content: bytes):
    if content == b"":
        return  # nothing said of a product is a product without a name
    told = api.send("POST", "product", content)
    assert told.status == 400, told.text
    assert count(api) == 0


@pytest.mark.parametrize(
    "content", ["[" * 100_000 + "]" * 100_000, '{"avalara_item_data":' + "[" * 40 + "]" * 40 + "}"]
)
def test_h4_deep_json_is_refused(api: Api, content: str):
    told = api.send("POST", "product", content)
    assert told.status == 400
    assert "nested deeper" in told.text
    assert count(api) == 0


@pytest.mark.parametrize("media", ["application/json", FORM, "multipart/form-data; boundary=b"])
def test_h5_a_large_body_is_413(api: Api, media: str):
    told = api.send("POST", "product", b"a" * 3_000_000, content_type=media)
    assert (told.status, told.body) == (413, {"detail": "Request body is too large."})
    assert count(api) == 0


@pytest.mark.parametrize(
    "media", ["text/plain", "application/xml", "application/json; charset=utf-16", "application/json; charset=nope"]
)
def test_h2_h3_other_media_types_are_415(api: Api, media: str):
    told = api.send("POST", "product", b'{"product_name": "API"}', content_type=media)
    assert (told.status, list(told.body)) == (415, ["detail"])
    assert count(api) == 0


def test_h16_other_answers_are_406_in_json(api: Api):
    told = api.send("GET", "product", b"", accept="text/csv")
    assert (told.status, list(told.body)) == (406, ["detail"])


def test_h10_too_many_fields_are_refused(api: Api):
    told = api.send("POST", "product", "&".join(f"f{n}=1" for n in range(2_000)), content_type=FORM)
    assert (told.status, list(told.body)) == (400, ["detail"])
    assert count(api) == 0


def test_a_form_is_read_as_json_would_be(api: Api):
    fields = {"product_name": "API", "price": "0.10", "usage_groups": json.dumps(CALLS), "is_taxable": "true",
              "currency": "", "department": ""}  # fmt: skip
    told = [api.form("POST", "product", fields), api.post("product", {**fields, "usage_groups": CALLS, "currency": None,
                                                                     "department": None, "is_taxable": True})]  # fmt: skip
    assert [each.status for each in told] == [201, 201], told[0].text
    volatile = {"id", "product_uuid", "product_id", "created_at", "last_modified_at", "usage_groups"}
    kept: list[dict[str, Any]] = [{k: v for k, v in each.body.items() if k not in volatile} for each in told]
    assert kept[0] == kept[1]
    assert told[0]["usage_groups"][0]["tiers"][0]["price"] == Decimal("0.10")


def test_a_boolean_that_a_form_omits_stays_as_it_was(api: Api):
    told = api.post("product", {"product_name": "API", "recognize_revenue": True})
    assert told["recognize_revenue"] is True
    told = api.form("POST", "product", {"product_name": "Seats"})
    assert told["recognize_revenue"] is True  # unset: as documented for a new product
    assert (
        api.form("POST", "product", {"product_name": "Setup", "recognize_revenue": "false"})["recognize_revenue"]
        is False
    )


def test_urlencoded_fields_are_read(api: Api):
    told = api.send("POST", "product", "product_name=API&price=0.10&tag_ids=[]", content_type=FORM)
    assert (told.status, told["price"]) == (201, Decimal("0.10"))


def test_nested_text_that_is_no_json_is_told_by_its_field(api: Api):
    told = api.form("POST", "product", {"product_name": "API", "usage_groups": "[{"})
    assert (told.status, told.body) == (400, {"usage_groups": ["Value must be valid JSON."]})
    assert count(api) == 0


def test_g19_a_body_that_is_cut_off_is_refused(api: Api):
    whole = encode_multipart("b", {"product_name": "API", "product_id": "api"})
    told = api.send("POST", "product", whole[:-20], content_type="multipart/form-data; boundary=b")
    assert (told.status, list(told.body)) == (400, ["detail"])
    assert count(api) == 0


def test_h11_unknown_fields_are_ignored(api: Api):
    told = api.post("product", {"product_name": "API", "zzz": 1, "id": 7, "is_deleted": True})
    assert told.status == 201
    assert "zzz" not in told.body
    assert told["is_deleted"] is False


@pytest.mark.parametrize(
    "asked", [{"limit": 1_000_000}, {"limit": -1}, {"limit": "x"}, {"offset": -5}, {"offset": 10**30}]
)
def test_h12_pages_are_never_larger_than_a_thousand(api: Api, asked: dict[str, Any]):
    told = api.get("product", **asked)
    assert told.status == 200


def test_pages_link_to_each_other(api: Api):
    for number in range(5):
        api.post("product", {"product_name": f"Product {number}"})
    first = api.get("product", limit=2)
    assert (first["count"], first["previous"]) == (5, None)
    assert first["next"] == "http://localhost/rr/api/v1/product?limit=2&offset=2"
    second = api.get(first["next"].removeprefix("http://localhost"))
    assert [each["product_name"] for each in second["results"]] == ["Product 2", "Product 3"]
    last = api.get("product", limit=2, offset=4)
    assert (last["next"], len(last["results"])) == (None, 1)


def test_changes_are_found_since_a_moment(api: Api):
    told = api.post("product", {"product_name": "API"})
    at = told["last_modified_at"]
    assert api.get("product", last_modified_at__gte=at)["count"] == 1
    assert api.get("product", last_modified_at__gte="2999-01-01T00:00:00Z")["count"] == 0
    assert api.get("product", last_modified_at__lte=at)["count"] == 1
    refused = api.get("product", last_modified_at__gte="yesterday")
    assert (refused.status, list(refused.body)) == (400, ["last_modified_at__gte"])
