"""Many records are looked at together; what is found is what a look at each of them finds."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ratable_server.api.native.translate.usage import are_plain_records, faults_of_record
from ratable_server.errors import Refused
from ratable_server.store.staging.ndjson_rows import Cells, rows_of_records

NAMES = (
    "id",
    "item",
    "prepaid_commit",
    "contract",
    "used_on",
    "quantity",
    "region",
    "zone",
    "é",
    "a b",
    "\ud800",
    "x\0",
)
TEXTS = ("", "c1", " c1", "c1 ", "a b", "é", "\u200b", "\n", '"', "\\", "\ud800", "2026-01-05")
Records = list[dict[str, object]]

records = st.lists(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS)), min_size=1, max_size=5)


def rows_or_refusal(told: Records) -> list[Cells] | str:
    try:
        return rows_of_records(told, None)
    except Refused as refused:
        return refused.detail


def rows_one_by_one(told: Records) -> list[Cells] | str:
    """A number that is no text at the end keeps all of them from being looked at together."""
    found = rows_or_refusal([*told, {"id": 7}])
    return found if isinstance(found, str) else found[:-1]


@given(records)
@example([{"item": "c1", "region": "eu", "zone": "a"}, {"zone": "a", "region": "eu", "item": "c1"}, {"item": ""}])
def test_rows_made_together_are_those_made_one_by_one(told: Records) -> None:
    assert rows_or_refusal(told) == rows_one_by_one(told)


def test_records_of_several_kinds_keep_their_places() -> None:
    used = {"used_on": "2026-01-05", "quantity": "1"}
    told: Records = [
        {"id": "1", "item": "calls", **used, "region": "eu", "az": "b"},
        {"id": "2", "contract": "acme", **used},
        {"id": "3", "item": "calls", **used, "az": "b", "region": "eu"},
        {"id": "4", "item": "calls", **used, "contract": "of-old"},
    ]
    day = ("2026-01-05", None, "1", None, None)
    assert rows_of_records(told, None) == [
        ("1", "calls", *day, None, None, '{"az": "b", "region": "eu"}'),
        ("2", None, *day, None, "acme", None),
        ("3", "calls", *day, None, None, '{"az": "b", "region": "eu"}'),
        ("4", "calls", *day, None, None, '{"contract": "of-old"}'),
    ]


@pytest.mark.parametrize("name", ["x\0", "\ud800"], ids=["null", "half a character"])
def test_the_first_record_with_a_name_that_cannot_be_kept_is_told(name: str) -> None:
    told: Records = [{"id": "1"}, {"id": "2", name: "a"}, {"id": "3"}, {"id": "4", name: "a"}]
    with pytest.raises(Refused, match="line 2: a name cannot be kept"):
        rows_of_records(told, None)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), st.sampled_from((*TEXTS, None, 7, "0"))), min_size=1))
def test_records_that_are_plain_at_one_look_have_no_fault(told: Records) -> None:
    if are_plain_records(told):
        assert not any(map(faults_of_record, told))


@pytest.mark.parametrize("odd", [" c1", "c1\n", "\u200bc1", 7, None, ["c1"]], ids=json.dumps)
def test_an_odd_name_is_looked_at_by_itself(odd: object) -> None:
    assert are_plain_records([{"item": "c1"}, {"item": "c2", "region": "a b"}])
    assert are_plain_records([{"item": "c1"}, {"item": odd}]) is (odd is None)
    assert not are_plain_records([{"item": "c1"}, "c2"])
