"""Every refusal is a problem document: what it is called, where it is told, and what is wrong field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import RequestFactory

from ratable_server.api.native import problems
from ratable_server.errors import REFUSALS, WEATHER, Obstacle, Obstructed, Refused
from tests.wire.calling import Told
from tests.wire.native.calling import Native
from tests.wire.native.test_native_story import begun


@pytest.mark.parametrize("code", [code.name for code in REFUSALS])
def test_refusal_has_a_status(code: str):
    assert code in problems.STATUS_OF
    told = problems.answer_refused(RequestFactory().post("/api/v1/x"), Refused(code, field="amount"), is_named=True)
    assert told.status_code in {400, 403, 404, 409, 422}
    assert told.content_type == "application/problem+json"
    assert (told.data["code"], told.data["status"]) == (code, told.status_code)
    thing = code.removesuffix("_must_be_known")
    field = "amount" if thing in {code, "code"} else thing
    assert told.data["errors"] == [{"field": field, "rule": code, "row": None, "detail": problems.MEANINGS[code]}]


def test_no_status_is_of_nothing_and_every_rule_has_a_meaning():
    assert set(problems.STATUS_OF) == {code.name for code in REFUSALS}
    assert {code.name for code in (*REFUSALS, *WEATHER)} <= set(problems.MEANINGS)


def test_what_a_body_names_is_400_and_what_the_path_names_404():
    refused = Refused("contract_must_be_known", field="contract")
    assert problems.status_of(refused, is_named=False) == 400
    assert problems.status_of(refused, is_named=True) == 404


def test_everything_in_the_way_of_a_close_is_told():
    refused = Obstructed(
        [
            Obstacle(code="imports_must_be_finished", detail="import-3"),
            Obstacle(code="rejections_must_be_resolved", detail="2 rows", field="usage"),
        ]
    )
    told = problems.answer_refused(RequestFactory().post("/api/v1/x"), refused, is_named=True)
    assert told.status_code == 409
    assert [(each["rule"], each["field"], each["detail"]) for each in told.data["errors"]] == [
        ("imports_must_be_finished", "period", "import-3"),
        ("rejections_must_be_resolved", "usage", "2 rows"),
    ]


def test_types_of_problems_can_be_asked(native: Native):
    told = native.get(native.get("nothing/here")["type"])
    assert told.body == {"code": "path_must_be_known", "title": "there is nothing at this path", "status": 404}
    listed = native.get("problems")["results"]
    assert {each["code"] for each in listed} == set(problems.MEANINGS)
    assert native.get("problems/no_such_rule").status == 404


@pytest.mark.parametrize("header", ["", "Token", "Token bad", "Token a b", "Basic dTpw"])
def test_i1_no_sound_token_is_401(native: Native, header: str):
    told = replace(native, token="").send("GET", "problems", b"", headers={"Authorization": header})
    assert (told.status, told["code"], told.headers["WWW-Authenticate"]) == (401, "token_must_be_valid", "Token")


def test_h1_other_methods_are_405(native: Native):
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "FOO"):
        told = native.send(method, "problems", b"")
        assert (told.status, told["code"]) == (405, "method_must_be_served")
        assert "GET" in told.headers["Allow"]


def test_h11_h12_unknown_parameters_are_refused_by_name(native: Native):
    told = native.get("problems", ordering="tenant__token", quantity__regex="(a+)+$")
    assert (told.status, told["code"]) == (400, "fields_must_be_valid")
    assert [(each["field"], each["rule"]) for each in told["errors"]] == [
        ("ordering", "field_must_be_known"),
        ("quantity__regex", "field_must_be_known"),
    ]
    assert native.send("GET", "problems?limit=1&limit=2", b"").status == 400


def test_h16_an_answer_that_is_not_accepted_is_406(native: Native):
    told = native.send("GET", "problems", b"", headers={"Accept": "text/csv"})
    assert (told.status, told["code"]) == (406, "answer_must_be_accepted")


def test_unknown_paths_are_problems_for_everybody(native: Native):
    told = replace(native, token="").get("/api/v1/nothing/here")
    assert (told.status, told["code"], told["detail"]) == (404, "path_must_be_known", "Not found.")


def test_h15_too_many_requests_are_told_when_to_come_again(
    native: Native, on_day: Callable[[int, int], None], monkeypatch: pytest.MonkeyPatch
):
    from django.conf import settings  # noqa: PLC0415 - needs the settings

    on_day(1, 15)  # it is noon, and stays it
    monkeypatch.setattr(settings, "REQUESTS_PER_MINUTE", 2)
    statuses = [native.get("problems/role_must_allow_it").status for _ in range(2)]
    refused = native.get("problems/role_must_allow_it")
    assert (statuses, refused.status, refused["code"]) == ([200, 200], 429, "requests_must_be_in_limits")
    assert refused.headers["Retry-After"] == "60"


def test_bad_weather_is_a_problem_that_may_pass(native: Native, monkeypatch: pytest.MonkeyPatch):
    from django.db import OperationalError  # noqa: PLC0415 - only here

    from ratable_server.api.native.views import deciding  # noqa: PLC0415
    from ratable_server.errors import Unavailable  # noqa: PLC0415

    for error, code in ((OperationalError("gone"), "db_unavailable"), (Unavailable("storage_full"), "storage_full")):

        def failing(error: Exception = error, **_: object) -> None:
            raise error

        monkeypatch.setattr(deciding, "tenant_policy", failing)
        told = native.get("policy")
        assert (told.status, told["code"], told["title"]) == (503, code, problems.MEANINGS[code])
        assert told.headers["Retry-After"]


@pytest.mark.parametrize(
    "kind", ["products", "product-bundles", "customers", "contracts", "prepaid-commits", "explanations"]
)
@pytest.mark.parametrize("name", ["%00", "a%00b"])
def test_nothing_has_a_name_that_no_text_of_the_books_can_hold(native: Native, kind: str, name: str):
    told = native.get(f"{kind}/{name}")
    assert (told.status, told["code"]) == (404, "path_must_be_known")


def fields_of(told: Told) -> list[tuple[str, str]]:
    """Each thing that is wrong: its field and its rule."""
    assert told.status == 400, told.text
    return [(each["field"], each["rule"]) for each in told["errors"]]


def test_a_text_or_a_number_that_no_books_can_keep_is_told_by_its_field(native: Native):
    rule = "body_must_be_readable"
    for value in ("\\u0000", "a\\ud800"):
        told = native.send("POST", "payments", f'{{"contract": "{value}", "amount": "1.00"}}')
        assert (told["code"], fields_of(told)) == (rule, [("contract", rule)])
    told = native.send("POST", "terms", '{"case": "c", "products": [{"id": "api", "name": 1e400}]}')
    assert fields_of(told) == [("products[0].name", rule)]
    assert told["detail"] == "JSON parse error - products[0].name: a number has too many digits"
    assert fields_of(native.send("POST", "payments", '{"contract": 1')) == []
    assert native.get("payments")["results"] == []


def test_a_rule_of_an_act_is_told_by_the_field_that_breaks_it(native: Native):
    """As the request calls it: a termination has a `date` and a `refund`, an estimate its long name."""
    begun(native)
    before = native.get("contracts/acme").body
    commit, contract = {"prepaid_commit": "pool"}, {"contract": "acme"}
    wrong: list[tuple[str, dict[str, Any], str, str]] = [
        ("adjustments", {**commit, "period": "2026-01", "amount": "1"}, "period", "adjustment_must_name_a_closed_period"),
        ("top-ups", {**commit, "units": "5"}, "units", "amount_must_be_in_the_measure_of_the_pool"),
        ("top-ups", {**commit, "amount": "0.001"}, "amount", "amount_must_fit_currency"),
        ("breakage-estimates", {**commit, "expected_breakage_percentage": "-1"},
         "expected_breakage_percentage", "percentage_must_be_between_0_and_100"),
        ("terminations", {**contract, "date": "9999-12-31"}, "date", "date_must_be_in_range"),
        ("terminations", {**contract, "date": "2025-01-01"}, "date", "dates_must_ascend"),
        ("terminations", {**contract, "date": "2026-05-31", "refund": "-1"}, "refund", "amount_must_be_positive"),
        ("terminations", {**contract, "date": "2026-05-31", "refund": "0.001"}, "refund", "amount_must_fit_currency"),
        ("terminations", {**contract, "date": "2026-05-31", "refund": "90000"}, "refund", "refund_must_not_exceed_liability"),
        ("credit-memos", {**contract, **commit, "amount": "90000"}, "amount", "credit_must_not_exceed_prepaid_commit"),
    ]  # fmt: skip
    for path, body, field, rule in wrong:
        assert fields_of(native.post(path, body)) == [(field, rule)]
    told = native.post("terminations", {**contract, "date": "9999-12-31"})
    assert told["detail"] == "9999-12-31"
    assert native.get("contracts/acme").body == before


def test_a_value_that_no_record_of_usage_can_have_is_told_by_its_field(native: Native):
    begun(native)
    before = native.get("rejections").body
    good = {"id": "u-1", "item": "acme-calls", "used_on": "2026-02-10", "quantity": "1"}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"quantity": [1]}, "quantity"),
        ({"used_on": {"day": 1}}, "used_on"),
        ({"description": "a" * 2**21}, "description"),
        ({"used_at": "2026-02-10T00:00:00Z"}, "used_at"),
        ({"id": "a" * 501}, "id"),
        ({"id": "!u-1"}, "id"),
        ({"item": "!acme"}, "item"),
        ({"item": None, "contract": "acme", "prepaid_commit": "pool"}, "contract"),
    ]
    for change, field in wrong:
        for rows in ([{**good, **change}], [good, {**good, "id": "u-2", **change}]):
            told = native.post("usage", rows)
            assert (told["code"], fields_of(told)) == ("file_must_be_readable", [(field, "file_must_be_readable")])
            assert told["errors"][0]["row"] == len(rows)
    assert native.get("rejections").body == before
    assert native.post("usage", good).status == 201


def test_revenue_that_is_not_there_is_told_by_a_parameter(native: Native):
    begun(native)
    told = native.get("explanations", contract="acme", period="2026-07")
    assert fields_of(told) == [("contract", "revenue_must_be_known")]
