"""Tags and their groups over the wire: told, narrowed, merged; they stand on what has them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed

TAGS, GROUPS = "/coa/api/tag", "/coa/api/tag-group"


def tag(api: Api, name: str, **fields: Any) -> Told:
    told = api.post(TAGS, {"name": name, **fields})
    assert told.status == 201, told.text
    return told


def test_tags_and_groups_come_back_as_they_were_told(api: Api):
    group = api.post(GROUPS, {"name": "Cost Centre (EU)"})
    assert (group.status, group["name"], group["slug"]) == (201, "Cost Centre (EU)", "cost-centre-eu")
    above = tag(api, "North", group=group["id"])
    told = tag(api, "Norway", group=group["id"], parent=above["id"])
    assert (told["name"], told["is_active"], told["is_deleted"], told["deleted_at"]) == ("Norway", True, False, None)
    assert (told["group"], told["group_name"], told["parent_name"]) == (group["id"], "Cost Centre (EU)", "North")
    own = f"{TAGS}/{told['id']}"
    assert api.get(own).body == told.body
    moved = api.patch(own, {"group": None})
    assert (moved["group"], moved["group_name"], moved["parent_name"]) == (None, None, "North")
    whole = api.put(own, {"name": "Oslo"})
    assert (whole["name"], whole["parent"]) == ("Oslo", None)

    renamed = api.patch(f"{GROUPS}/{group['id']}", {"name": "Region"})
    assert (renamed["slug"], api.get(f"{TAGS}/{above['id']}")["group_name"]) == ("region", "Region")
    assert api.put(f"{GROUPS}/{group['id']}", {"name": "Area"})["name"] == "Area"
    assert [row["name"] for row in api.get(GROUPS)["results"]] == ["Area"]


def test_a_list_is_narrowed(api: Api):
    region = api.post(GROUPS, {"name": "Region"})["id"]
    team = api.post(GROUPS, {"name": "Team"})["id"]
    north = tag(api, "North", group=region)["id"]
    tag(api, "Norway", group=region, parent=north)
    blue = tag(api, "Blue", group=team)["id"]
    tag(api, "Loose")
    tag(api, "Old", is_active=False)

    def names(**asked: Any) -> list[str]:
        return [row["name"] for row in api.get(TAGS, **asked)["results"]]

    assert names() == ["North", "Norway", "Blue", "Loose"]
    assert names(group=region) == ["North", "Norway"]
    assert names(group=[region, team]) == ["North", "Norway", "Blue"]
    assert names(parent=north) == ["Norway"]
    assert names(no_group="true") == ["Loose"]
    assert names(exclude_tags=f"{north},{blue}") == ["Norway", "Loose"]
    assert names(q="nor", group=region, include_inactive="true") == ["North", "Norway"]
    assert names(include_inactive="true")[-1] == "Old"
    assert api.get(TAGS, group="north").status == 400


def test_tags_are_found_by_their_exact_names(api: Api):
    north = tag(api, "North")
    search = f"{TAGS}/bulk-search"
    assert [row["id"] for row in api.post(search, {"tags": [{"name": "North"}, {"name": "West"}]}).body] == [
        north["id"]
    ]
    made = api.post(search, {"tags": [{"name": "North"}, {"name": "West"}], "upsert": True})
    assert (made.status, [row["name"] for row in made.body]) == (200, ["North", "West"])
    assert api.get(TAGS)["count"] == 2


def test_what_cannot_be_is_refused_and_not_kept(api: Api):
    group = api.post(GROUPS, {"name": "Region"})["id"]
    tag(api, "North", group=group)
    wrong: list[tuple[str, dict[str, Any], str]] = [
        (TAGS, {"name": "North", "group": group}, "name"),
        (TAGS, {"name": "South", "group": 999_999}, "group"),
        (TAGS, {"name": "South", "parent": 999_999}, "parent"),
        (TAGS, {"group": group}, "name"),
        (GROUPS, {"name": "Region"}, "name"),
        (GROUPS, {}, "name"),
    ]
    for path, body, field in wrong:
        told = api.post(path, body)
        assert (told.status, next(iter(told.body))) == (400, field), body
    assert tag(api, "North")["group"] is None
    assert (api.get(TAGS)["count"], api.get(GROUPS)["count"]) == (2, 1)


@pytest.mark.parametrize("place", ["contract", "department"])
def test_a_tag_goes_once_nothing_has_it_or_is_merged_with_another(api: Api, place: str):
    old, new = tag(api, "Old"), tag(api, "New")
    if place == "contract":
        path = f"contracts/{signed(api, tag_ids=[old['id'], new['id']])['id']}"
    else:
        made = api.post("/coa/api/department", {"name": "D", "code": "D", "tag_ids": [old["id"], new["id"]]})
        path = f"/coa/api/department/{made['id']}"
    kept = api.delete(f"{TAGS}/{old['id']}")
    assert (kept.status, kept["code"]) == (409, "nothing_must_name_it")
    assert api.get(path)["tag_ids"] == [old["id"], new["id"]]
    assert api.delete(f"{TAGS}/{old['id']}?new_tag={new['id']}").status == 204
    assert api.get(path)["tag_ids"] == [new["id"]]
    stub = api.get(TAGS, include_deleted="true")["results"]
    assert [(row["id"], row["is_deleted"]) for row in stub] == [(old["id"], True)]


def test_a_group_goes_once_it_has_no_tags(api: Api):
    group = api.post(GROUPS, {"name": "Region"})["id"]
    told = tag(api, "North", group=group)
    assert api.delete(f"{GROUPS}/{group}").status == 409
    assert api.delete(f"{TAGS}/{told['id']}").status == 204
    assert api.delete(f"{GROUPS}/{group}").status == 204
    assert (api.get(f"{GROUPS}/{group}").status, api.get(GROUPS)["count"]) == (404, 0)
