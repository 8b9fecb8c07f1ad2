"""Departments over the wire: told, looked up by name, replaced by one another, kept while something names them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed

DEPARTMENTS = "/coa/api/department"


def department(api: Api, name: str, **fields: Any) -> Told:
    told = api.post(DEPARTMENTS, {"name": name, "code": name[:3].upper(), **fields})
    assert told.status == 201, told.text
    return told


def test_a_department_comes_back_as_it_was_told_with_its_parent_and_tags(api: Api):
    group = api.post("/coa/api/tag-group", {"name": "Cost centre"})["id"]
    tag = api.post("/coa/api/tag", {"name": "North", "group": group})["id"]
    above = department(api, "Sales")
    told = department(api, "Field sales", parent=above["id"], tag_ids=[tag], display_name="Field")
    assert (told["name"], told["code"], told["display_name"], told["active"]) == ("Field sales", "FIE", "Field", True)
    assert (told["parent"], told["parent_name"]) == (above["id"], "Sales")
    assert (told["tag_ids"], told["tag_group_ids"]) == ([tag], [group])
    assert [(each["id"], each["name"]) for each in told["tags"]] == [(tag, "North")]
    assert told["customer"] == api.actor.tenant_id

    own = f"{DEPARTMENTS}/{told['id']}"
    assert api.get(own).body == told.body
    changed = api.patch(own, {"name": "Partner sales"})
    assert (changed["name"], changed["code"], changed["parent"], changed["tag_ids"]) == (
        "Partner sales",
        "FIE",
        above["id"],
        [tag],
    )
    whole = api.put(own, {"name": "Partners", "code": "PAR"})
    assert (whole["name"], whole["code"], whole["parent"], whole["tag_ids"]) == ("Partners", "PAR", None, [])
    assert [row["name"] for row in api.get(DEPARTMENTS)["results"]] == ["Sales", "Partners"]


def test_a_list_is_narrowed_by_text_and_by_what_is_used(api: Api):
    for name, fields in (("Sales", {}), ("Support", {"active": False}), ("Sourcing", {})):
        department(api, name, **fields)
    names = [row["name"] for row in api.get(DEPARTMENTS)["results"]]
    assert names == ["Sales", "Sourcing"]
    assert api.get(DEPARTMENTS, include_inactive="true")["count"] == 3
    assert [row["name"] for row in api.get(DEPARTMENTS, q="ourc")["results"]] == ["Sourcing"]
    page = api.get(DEPARTMENTS, limit=1, offset=1)
    assert (page["count"], [row["name"] for row in page["results"]], page["next"]) == (2, ["Sourcing"], None)


def test_departments_are_found_by_their_exact_names_and_made_where_that_is_asked(api: Api):
    sales = department(api, "Sales")
    search = f"{DEPARTMENTS}/bulk-search"
    wanted = {"departments": [{"name": "Sales"}, {"name": "Legal", "parent_id": sales["id"]}, {"name": "Legal"}]}
    assert [row["name"] for row in api.post(search, wanted).body] == ["Sales"]
    both = api.post(search, {**wanted, "upsert": True})
    assert both.status == 200, both.text
    assert [(row["name"], row["parent"]) for row in both.body] == [("Sales", None), ("Legal", sales["id"])]
    assert api.post(search, {**wanted, "upsert": True}).body == both.body
    assert api.post(search, {"departments": []}).status == 400


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": None}, "name"), ({"code": None}, "code"), ({"parent": 999_999}, "parent"), ({"code": "SAL"}, "code"),
     ({"tag_ids": [999_999]}, "tag_ids"), ({"tag_group_ids": [999_999]}, "tag_group_ids"), ({"name": "x" * 251}, "name")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_not_kept(api: Api, fields: dict[str, Any], field: str):
    department(api, "Sales")
    told = api.post(DEPARTMENTS, {"name": "Support", "code": "SUP", **fields})
    assert (told.status, next(iter(told.body))) == (400, field)
    assert api.get(DEPARTMENTS)["count"] == 1


def test_nothing_stands_above_itself(api: Api):
    above = department(api, "Sales")
    below = department(api, "Field sales", parent=above["id"])
    for parent in (above["id"], below["id"]):
        assert list(api.patch(f"{DEPARTMENTS}/{above['id']}", {"parent": parent}).body) == ["parent"]
    assert api.get(f"{DEPARTMENTS}/{above['id']}").body == above.body


def test_a_department_goes_once_nothing_names_it_or_another_is_named_instead(api: Api):
    sales, support = department(api, "Sales"), department(api, "Support")
    below = department(api, "Field sales", parent=sales["id"])
    contract = signed(api, department=sales["id"])
    own = f"{DEPARTMENTS}/{sales['id']}"

    kept = api.delete(own)
    assert (kept.status, kept["code"]) == (409, "nothing_must_name_it")
    assert api.get(f"contracts/{contract['id']}")["department_name"] == "Sales"
    assert api.delete(f"{own}?new_department=999999").status == 404
    for circle in (sales, below):
        assert list(api.delete(f"{own}?new_department={circle['id']}").body) == ["new_department"]

    assert api.delete(f"{own}?new_department={support['id']}").status == 204
    moved = api.get(f"contracts/{contract['id']}")
    assert (moved["department"], moved["department_name"]) == (support["id"], "Support")
    assert api.get(f"{DEPARTMENTS}/{below['id']}")["parent_name"] == "Support"
    assert api.get(own).status == 404
    assert [row["id"] for row in api.get(DEPARTMENTS, include_deleted="true")["results"]] == [sales["id"]]
    assert api.delete(f"{DEPARTMENTS}/{below['id']}").status == 204


def test_the_same_key_makes_one_department(api: Api):
    first = api.post(DEPARTMENTS, {"name": "Sales", "code": "S"}, key="once")
    again = api.post(DEPARTMENTS, {"name": "Sales", "code": "S"}, key="once")
    assert (first.status, again.status, again["id"]) == (201, 201, first["id"])
    form = api.form("POST", DEPARTMENTS, {"name": "Support", "code": "SUP", "tag_ids": "[]"})
    assert (form.status, form["active"], form["tag_ids"]) == (201, True, [])
