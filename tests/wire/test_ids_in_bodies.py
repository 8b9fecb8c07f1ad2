"""Ids in bodies: whatever somebody writes where an id belongs is refused by its field, and nothing is written."""

from __future__ import annotations

import pytest

from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_journal_entries import JOURNAL
from tests.wire.test_usage import agreed

INVALID = "A valid integer is required."
MISSING = 'Invalid pk "{}" - object does not exist.'
NINES = "9" * 30
UNFIT: list[tuple[str, str]] = [
    (NINES, MISSING.format(NINES)),
    (f'"{NINES}"', MISSING.format(NINES)),
    (f'"{2**63}"', MISSING.format(2**63)),
    (str(2**63 - 1), MISSING.format(2**63 - 1)),
    ('"' + "9" * 5_000 + '"', INVALID),
    ("-1", MISSING.format(-1)),
    ('"-1"', MISSING.format(-1)),
    ("0", MISSING.format(0)),
    ('"abc"', INVALID),
    ('"\u0661"', INVALID),
    ("true", INVALID),
    ("1.5", INVALID),
    ("[1]", INVALID),
    ('{"id": 1}', INVALID),
]
UNREADABLE = ["9" * 5_000, '"\\ud800"', '"\\u0000"']
LINKS = ("product_bundle", "product_bundle_id", "product", "usage_group", "department")
LONG = '"' + "9" * 5_000 + '"'
TAGS: list[tuple[str, str]] = [
    (f"[{LONG}]", INVALID),
    (LONG, INVALID),
    (f'[{{"id": {LONG}}}]', INVALID),
    (f'["{NINES}"]', MISSING.format(NINES)),
    (f"[{NINES}]", MISSING.format(NINES)),
    (f'{{"id": {NINES}}}', MISSING.format(NINES)),
    ("[-1]", MISSING.format(-1)),
    ('"abc"', "No such tag: abc"),
    ('["\u0661"]', "No such tag: \u0661"),
    ("[true]", "A list of tags is needed."),
    ("[1.5]", "Value must be valid JSON."),
    ("[[1]]", "A list of tags is needed."),
]
_MORE = {
    "milestones": '"milestone_name": "Go-live", "milestone_date": "2026-01-20", "amount": 5, ',
    "subscriptions": '"start_date": "2026-01-01", "end_date": "2026-12-31", "mrr": 100, ',
    "prepaid-commits": '"name": "Pool", "total_value": 5, "start_date": "2026-01-01", "expiration_date": "2026-12-31", ',
    "contracts": '"client": 1, "deal_name": "Deal", ',
}


def _writes_of_usage(api: Api) -> tuple[str, Told, list[tuple[str, str]]]:
    """The path of a contract's usage, its one line, and every way in which it is written."""
    path, told = agreed(api)
    return path, told, [("POST", path), ("PUT", f"{path}/{told['id']}"), ("PATCH", f"{path}/{told['id']}")]


@pytest.mark.parametrize("field", LINKS)
def test_an_id_of_usage_that_cannot_be_is_told_by_its_field(api: Api, field: str):
    path, line, writes = _writes_of_usage(api)
    named = {"product_bundle_id": "product_bundle"}.get(field, field)
    beside = "" if field == "usage_group" else '"usage_group": null, '
    for written, word in UNFIT:
        body = f'{{{beside}"{field}": {written}}}'
        for method, where in writes:
            told = api.send(method, where, body)
            assert (told.status, told.body) in [(400, {each: [word]}) for each in (field, named)], (method, written)
        assert api.send("POST", "contracts/999999/usage", body).status == 404
    assert api.get(path)["results"] == [line.body]


@pytest.mark.parametrize("field", ["product_bundle", "tags"])
def test_what_is_no_json_is_told_after_the_contract(api: Api, field: str):
    path, line, writes = _writes_of_usage(api)
    for written in UNREADABLE:
        body = f'{{"{field}": {written}}}'
        for method, where in writes:
            told = api.send(method, where, body)
            assert (told.status, list(told.body)) == (400, ["detail"]), (method, written)
        assert api.send("POST", "contracts/999999/usage", body).status == 404
    assert api.get(path)["results"] == [line.body]


@pytest.mark.parametrize("kind", ["subscriptions", "milestones"])
def test_a_bundle_that_cannot_be_is_told_by_what_is_of_one(api: Api, kind: str):
    path = f"contracts/{signed(api)['id']}/{kind}"
    for written, word in UNFIT:
        told = api.send("POST", path, f'{{{_MORE[kind]}"product_bundle": {written}}}')
        assert (told.status, told.body) == (400, {"product_bundle": [word]}), written
    kept = api.get(path).body
    assert (kept["results"] if isinstance(kept, dict) else kept) == []
    assert api.get("transactions")["count"] == 0


def test_a_tag_of_usage_that_cannot_be_is_told(api: Api):
    path, line, writes = _writes_of_usage(api)
    for written, word in TAGS:
        for method, where in writes:
            told = api.send(method, where, f'{{"tags": {written}}}')
            assert (told.status, told.body) == (400, {"tags": [word]}), (method, written)
        assert api.send("POST", "contracts/999999/usage", f'{{"tags": {written}}}').status == 404
    assert api.get(path)["results"] == [line.body]


@pytest.mark.parametrize("kind", ["contracts", "subscriptions", "prepaid-commits"])
def test_a_tag_that_cannot_be_is_told_by_what_has_tags(api: Api, kind: str):
    contract = f"contracts/{signed(api)['id']}"
    path = kind if kind == "contracts" else f"{contract}/{kind}"
    before = api.get(path).body
    for written, word in TAGS:
        told = api.send("POST", path, f'{{{_MORE[kind]}"tags": {written}}}')
        assert (told.status, told.body) == (400, {"tags": [word]}), written
    assert api.get(path).body == before


def test_a_tag_of_a_line_of_the_journal_that_cannot_be_is_told(api: Api):
    before = api.get(JOURNAL).body
    for written, word in ((LONG, INVALID), (f'"{NINES}"', MISSING.format(NINES)), ("-1", MISSING.format(-1))):
        tagged = f'{{"account": 1, "debit_amount": 5, "tags": [{{"id": {written}}}]}}'
        lines = f'[{tagged}, {{"account": 2, "credit_amount": 5}}]'
        told = api.send("POST", JOURNAL, f'{{"type": "journal_entry", "date": "2026-01-31", "transactions": {lines}}}')
        assert (told.status, told.body) == (400, {"tags": [word]}), written
    assert api.get(JOURNAL).body == before


def test_an_empty_text_names_no_bundle(api: Api):
    path, line, _ = _writes_of_usage(api)
    for nothing in ("", None):
        told = api.patch(f"{path}/{line['id']}", {"product_bundle": nothing})
        assert (told.status, told["usage_group"], told["product_bundle"]) == (200, line["usage_group"], None)
